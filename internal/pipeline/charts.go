package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"gate/internal/deploy"
	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/render"
	"gate/internal/source"
)

// NetworkHelm is the purpose "charts that are deployed from elsewhere".
const NetworkHelm = "helm"

// openStore opens the charts that are not in the tree, if that was asked for.
func (r *run) openStore() {
	network := slices.Contains(r.o.Network, NetworkHelm)
	if network || r.o.Cache != "" {
		r.store = fetch.New(fetch.Options{Cache: r.o.Cache, Network: network, PlainLoopback: r.o.PlainLoopback})
	}
}

// charts are the charts that the lock file of a tree names; nil if none are to
// be fetched.
func (r *run) charts(tree source.Tree) render.Charts {
	if r.store == nil {
		return nil
	}
	lock := sync.OnceValues(func() (*fetch.Lock, error) { return readLock(tree) })
	return func(ctx context.Context, c fetch.Chart) ([]byte, error) {
		l, err := lock()
		if err != nil {
			return nil, err
		}
		return r.store.Archive(ctx, l, c)
	}
}

// readLock reads the lock file of a tree, which need not exist.
func readLock(tree source.Tree) (*fetch.Lock, error) {
	data, err := tree.ReadFile(fetch.LockFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &fetch.Lock{}, nil
	case err != nil:
		return nil, &source.Error{Position: source.Position{File: fetch.LockFile}, Msg: "cannot be read: " + err.Error()}
	}
	return fetch.ParseLock(fetch.LockFile, data)
}

// Vendored is what Vendor found.
type Vendored struct {
	Lock   []byte // the lock file
	Charts []fetch.Entry
	Failed []facts.Entry // units that could not be rendered
}

// Vendor renders what stands below Options.Dir and locks the charts that it
// asks for and the tree lacks. With update the lock file that exists is looked
// up anew.
func Vendor(ctx context.Context, o Options, update bool) (*Vendored, error) {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	if !slices.Contains(o.Network, NetworkHelm) {
		return nil, usage(errors.New("charts are looked up in their repositories: want --allow-network=helm"))
	}
	r, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.discover(ctx); err != nil {
		return nil, cause(ctx, err)
	}
	var old *fetch.Lock
	if !update {
		if old, err = readLock(r.tree); err != nil {
			return nil, usage(fmt.Errorf("%w; --update writes it anew", err))
		}
	}
	found := r.store.Resolver(old)
	opts := r.renderOptions(KindUnit)
	opts.Charts = found.Archive
	outs, ledger := deploy.Tree(ctx, r.tree, r.inv, r.policy.Config, opts, func(u render.Unit) bool {
		x, ok := r.policy.Config.ExcludedUnit(u.ID, u.Path, r.o.Now)
		return !ok || x.Expired(r.o.Now)
	})
	if ctx.Err() != nil {
		return nil, cause(ctx, ctx.Err())
	}
	v := &Vendored{}
	for _, e := range append(ledger, render.Facts(outs, nil).Ledger...) {
		if e.State == facts.Failed {
			v.Failed = append(v.Failed, e)
		}
	}
	lock := found.Lock()
	if len(v.Failed) > 0 && old != nil {
		lock.Keep(old) // what failed may need them
	}
	if v.Lock, err = lock.Encode(); err != nil {
		return nil, err
	}
	v.Charts = lock.Entries
	return v, nil
}
