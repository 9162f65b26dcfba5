package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The statuses of a changed file.
const (
	Added    = "added"
	Modified = "modified"
	Deleted  = "deleted"
	Renamed  = "renamed"
)

// FileStatus is one changed file. A changed type (a file that became a link)
// or mode is a modification.
type FileStatus struct {
	Path     string
	Previous string // path before a rename, else empty
	Status   string
	// Same says that a rename left the content as it was.
	Same bool
}

// Diff returns the files that differ between two states, sorted by path.
// from is a commit or Nothing; to is a commit, Index for what is staged, or "" for the
// work tree with untracked files that are not ignored. What was moved and is
// still alike (half of it) is a rename; what was moved into the directory from
// outside of it is added.
func (r *Repo) Diff(ctx context.Context, from, to string) ([]FileStatus, error) {
	if from == Nothing {
		var err error
		if from, err = r.emptyObject(ctx, "tree"); err != nil {
			return nil, err
		}
	}
	if err := checkRef(from); err != nil {
		return nil, err
	}
	args := []string{"diff", "--raw", "-z", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames=50%", "-l2000",
		"--ignore-submodules=dirty", "--no-abbrev", "--relative"}
	switch to {
	case "":
		args = append(args, "--end-of-options", from)
	case Index:
		args = append(args, "--cached", "--end-of-options", from)
	default:
		if err := checkRef(to); err != nil {
			return nil, err
		}
		args = append(args, "--end-of-options", from, to)
	}
	out, err := r.run(ctx, nil, append(args, "--", ".")...)
	if err != nil {
		var status *exitError
		if errors.As(err, &status) && (strings.Contains(status.stderr, "bad object") || strings.Contains(status.stderr, "bad revision")) {
			return nil, &MissingRef{Ref: from, Fetch: fetchCommand(r.remoteName(ctx), from)}
		}
		return nil, fmt.Errorf("compare with %s: %w", from, err)
	}
	files, err := parseRaw(split(out))
	if err != nil {
		return nil, fmt.Errorf("compare with %s: %w", from, err)
	}
	if to == "" {
		untracked, err := r.untracked(ctx)
		if err != nil {
			return nil, err
		}
		files = append(files, untracked...)
	}
	slices.SortFunc(files, func(a, b FileStatus) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b FileStatus) bool { return a.Path == b.Path }), nil
}

// parseRaw reads git diff --raw -z: ":mode mode id id X<score>" NUL path NUL,
// with a second path for renames and copies.
func parseRaw(fields []string) ([]FileStatus, error) {
	var out []FileStatus
	for len(fields) > 0 {
		meta := strings.Fields(fields[0])
		if len(meta) != 5 || !strings.HasPrefix(meta[0], ":") || len(fields) < 2 {
			return nil, fmt.Errorf("git answered %q", fields[0])
		}
		f := FileStatus{Path: fields[1]}
		fields = fields[2:]
		switch meta[4][0] {
		case 'A':
			f.Status = Added
		case 'D':
			f.Status = Deleted
		case 'M', 'T', 'U':
			f.Status = Modified
		case 'R', 'C':
			if len(fields) == 0 {
				return nil, fmt.Errorf("git answered a rename of %q to nothing", f.Path)
			}
			f.Status = Added // what a copy is like is still there
			if meta[4][0] == 'R' {
				f.Previous, f.Status, f.Same = f.Path, Renamed, meta[4][1:] == "100"
			}
			f.Path, fields = fields[0], fields[1:]
		default:
			return nil, fmt.Errorf("git answered status %q for %q", meta[4], f.Path)
		}
		out = append(out, f)
	}
	return out, nil
}

func (r *Repo) untracked(ctx context.Context) ([]FileStatus, error) {
	l, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []FileStatus
	for _, e := range l.Entries {
		if !e.Tracked {
			out = append(out, FileStatus{Path: e.Path, Status: Added})
		}
	}
	return out, nil
}
