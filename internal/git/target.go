package git

import (
	"context"
	"slices"
	"strings"
)

// A RemoteAddress is a remote of the clone.
type RemoteAddress struct {
	Name     string
	Identity string // see Identity; empty if the address has none
}

// Remotes are the remotes of the clone, that which Remote speaks of first.
func (r *Repo) Remotes(ctx context.Context) []RemoteAddress {
	if !r.remotes {
		return nil
	}
	out, err := r.ask(ctx, "", "config", "--null", "--get-regexp", `^remote\..*\.url$`)
	if err != nil {
		return nil
	}
	var list []RemoteAddress
	for entry := range strings.SplitSeq(string(out), "\x00") {
		key, url, _ := strings.Cut(entry, "\n")
		name := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".url")
		if plainRef().MatchString(name) && !slices.ContainsFunc(list, func(a RemoteAddress) bool { return a.Name == name }) {
			list = append(list, RemoteAddress{name, Identity(strings.TrimSpace(url))})
		}
	}
	first := r.remoteName(ctx)
	slices.SortStableFunc(list, func(a, b RemoteAddress) int {
		switch {
		case a.Name == first && b.Name != first:
			return -1
		case b.Name == first && a.Name != first:
			return 1
		}
		return 0
	})
	return list
}

// Tip is a reference and the commit that it stands on.
type Tip struct {
	Ref, Commit string
	// Points is the reference that a symbolic one stands for.
	Points string
}

// Tips are those of some references by their full names which the clone has, in
// any order; git is asked once.
func (r *Repo) Tips(ctx context.Context, refs ...string) (map[string]Tip, error) {
	out, err := r.ask(ctx, "", append([]string{"for-each-ref", "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(symref)"}, refs...)...)
	if err != nil {
		return nil, err
	}
	tips := map[string]Tip{}
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(parts) != 4 || !slices.Contains(refs, parts[0]) || !objectID().MatchString(parts[1]) {
			continue
		}
		t := Tip{Ref: parts[0], Commit: parts[1], Points: parts[3]}
		if parts[2] != "" { // of an annotated tag
			t.Commit = parts[2]
		}
		tips[t.Ref] = t
	}
	return tips, nil
}

// FetchCommand is the command that fetches the tip of a branch.
func FetchCommand(remote, branch string) string { return fetchCommand(remote, branch) }

// PlainName says whether a name can stand in a shell command as it is.
func PlainName(name string) bool { return plainRef().MatchString(name) }
