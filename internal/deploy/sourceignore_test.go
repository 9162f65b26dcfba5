package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/source/sourcetest"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/google/go-cmp/cmp"
)

// archived are the files that the source controller packs from a directory: it
// walks it and asks for each file, never for a directory
// (github.com/fluxcd/pkg/artifact, storage, Archive and SourceIgnoreFilter; in
// earlier releases github.com/fluxcd/source-controller, internal/controller).
func archived(dir, ignore string) ([]string, error) {
	domain := strings.Split(dir, string(filepath.Separator))
	patterns, err := sourceignore.LoadIgnorePatterns(dir, domain)
	if err != nil {
		return nil, err
	}
	patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(ignore), domain)...)
	matcher := sourceignore.NewDefaultMatcher(patterns, domain)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(domain), patterns...))
	}
	var out []string
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || matcher.Match(strings.Split(name, string(filepath.Separator)), false) {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		out = append(out, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(out)
	return out, err
}

// FuzzSourceIgnore compares what is left of a tree with what the library makes of
// the same files on disk: which files hold rules, for which directory they count,
// in which order, and where those of everybody give way.
func FuzzSourceIgnore(f *testing.F) {
	f.Add("", "", "", "d")
	f.Add("/*\n!/app", "*.yaml", "!b.yaml", "(d)")
	f.Add("# none\n\r\n *.yaml", "!k.yaml", "", ".github")
	f.Add("**/c.yaml\n", "/*.yaml", "app/**\n!app/deep/", "app")
	f.Add("*.yaml\\ \n!*.yaml ", "!!a", "deep/\r\n", "app/deep")
	f.Add("\xef\xbb\xbf*.yaml", "[", "a[", "app/.d")
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, rules, nested, ignore, dir string) {
		dir = strings.Trim(filepath.ToSlash(filepath.Clean("/"+dir)), "/")
		if len(rules)+len(nested)+len(ignore) > 200 || len(dir) > 20 || dir == "" || strings.ContainsRune(dir, 0) || slices.Contains(strings.Split(dir, "/"), ".git") {
			return
		}
		tree, inv := sourcetest.Tree{sourceignore.IgnoreFile: rules, dir + "/" + sourceignore.IgnoreFile: nested}, &discover.Inventory{}
		for _, name := range []string{".github/k.yaml", ".sops.yaml", ".gitmodules", "a.yaml", "app/b.yaml", "app/deep/c.yaml", "application/d.yaml", "p.png", dir + "/k.yaml", dir + "/e/a.yaml"} {
			tree[name] = ""
		}
		on := filepath.Join(root, "tree")
		if err := os.RemoveAll(on); err != nil {
			t.Fatal(err)
		}
		for name, text := range tree {
			file := filepath.Join(on, filepath.FromSlash(name))
			if os.MkdirAll(filepath.Dir(file), 0o777) != nil || os.WriteFile(file, []byte(text), 0o666) != nil {
				return // names that cannot be files together
			}
			inv.Files = append(inv.Files, discover.File{Path: name, Kind: discover.KindManifest})
		}
		want, err := archived(on, ignore)
		if err != nil {
			t.Fatal(err)
		}
		made := newLayout(tree, inv).packed(packing{ignore: ignore})
		var got []string
		for _, e := range made.tree.Entries() {
			got = append(got, e.Path)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-Flux +here\n%s", diff)
		}
	})
}
