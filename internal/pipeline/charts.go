package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/render"
	"gate/internal/source"
)

// NetworkHelm is the purpose "charts that are deployed from elsewhere".
const NetworkHelm = "helm"

// openStore opens the charts that are not in the tree, if that was asked for.
func openStore(o Options) *fetch.Store {
	network := slices.Contains(o.Network, NetworkHelm)
	if !network && o.Cache == "" {
		return nil
	}
	return fetch.New(fetch.Options{Cache: o.Cache, Network: network, PlainLoopback: o.PlainLoopback})
}

// charts are the charts that the lock file of a tree names; nil if none are to
// be fetched, and if none can be had: a cache serves nobody who locks nothing.
func (s *opened) charts(tree source.Tree) render.Charts {
	if s.store == nil {
		return nil
	}
	if _, locks := tree.Lookup(fetch.LockFile); !locks && !slices.Contains(s.Network, NetworkHelm) {
		return nil
	}
	lock := sync.OnceValues(func() (*fetch.Lock, error) { return fetch.ReadLock(tree) })
	return func(ctx context.Context, c fetch.Chart) ([]byte, error) {
		l, err := lock()
		if err != nil {
			return nil, err
		}
		return s.store.Archive(ctx, l, c)
	}
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
	if !slices.Contains(o.Network, NetworkHelm) {
		return nil, usage(errors.New("charts are looked up in their repositories: want --allow-network=helm"))
	}
	v := &Vendored{}
	err := prefix(ctx, o, wanted{}, toDiscovered, func(ctx context.Context, c *chain) error { return v.resolve(ctx, c, update) })
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Vendored) resolve(ctx context.Context, c *chain, update bool) error {
	s := c.opened
	var old *fetch.Lock
	var err error
	if !update {
		if old, err = fetch.ReadLock(s.tree); err != nil {
			return usage(fmt.Errorf("%w; --update writes it anew", err))
		}
	}
	found := s.store.Resolver(old)
	opts := s.rendering(KindUnit, s.tree, nil)
	opts.Charts = found.Archive
	deployed := s.renderSide(ctx, s.tree, c.inventory, opts, s.wantedUnit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	said := Record{Ledger: append(deployed.Ledger, render.Facts(deployed.Outcomes, nil).Ledger...)}
	for _, e := range said.Redacted(c.redactor()).Ledger {
		if e.State == facts.Failed {
			v.Failed = append(v.Failed, e)
		}
	}
	lock := found.Lock()
	if len(v.Failed) > 0 && old != nil {
		lock.Keep(old) // what failed may need them
	}
	v.Charts = lock.Entries
	v.Lock, err = lock.Encode()
	return err
}
