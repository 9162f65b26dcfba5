package transition

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/transition/transitiontest"
)

// realObjects are manifests by file and place: those of the repository, and
// more of them and those of $CORPUS where it is set.
func realObjects(t *testing.T) map[string]map[string]any {
	t.Helper()
	roots, most := []string{"../../fixtures/platform", "../../rules/kubernetes"}, 2 // of a kind
	if dir := os.Getenv("CORPUS"); dir != "" {
		roots, most = append(roots, dir), 12
	}
	out := map[string]map[string]any{}
	kinds := map[string]int{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(p) != ".yaml" || len(out) >= 40*most {
				return err
			}
			data, err := os.ReadFile(p)
			if err != nil || len(data) > 64<<10 {
				return err
			}
			docs, err := source.ParseManifests(p, data)
			if err != nil {
				return nil // templates, and what is broken on purpose
			}
			for i, x := range docs {
				m := doc.Map(x.Value)
				kind := doc.Text(m, "kind")
				if kind == "" || doc.Text(m, "metadata", "name") == "" || kinds[kind] >= most {
					continue
				}
				kinds[kind]++
				out[fmt.Sprintf("%s#%d", p, i)] = m
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// changed are the single changes of a manifest: a value, a member or an element
// that is another, gone, new or at another place.
func changed(base map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	edit := func(name string, at source.Path, f func(v any) any) {
		m := doc.Map(doc.Clone(base))
		if len(at) == 0 {
			m = doc.Map(f(m))
		} else {
			transitiontest.Put(m, at, f(doc.At(m, at...)))
		}
		out[name+" "+at.String()] = m
	}
	var walk func(v any, at source.Path)
	walk = func(v any, at source.Path) {
		at = slices.Clip(at)
		switch v := v.(type) {
		case map[string]any:
			edit("new member in", at, func(v any) any { doc.Map(v)["anotherMember"] = "x"; return v })
			for _, k := range slices.Sorted(maps.Keys(v)) {
				edit("no "+k+" in", at, func(v any) any { delete(doc.Map(v), k); return v })
				walk(v[k], append(at, k))
			}
		case []any:
			for i, e := range v {
				edit(fmt.Sprint("no element ", i, " in"), at, func(v any) any { return slices.Delete(v.([]any), i, i+1) })
				for j := i + 1; j < len(v); j++ {
					edit(fmt.Sprint("swapped ", i, " and ", j, " in"), at, func(v any) any {
						l := v.([]any)
						l[i], l[j] = l[j], l[i]
						return l
					})
				}
				walk(e, append(at, i))
			}
			for i := range len(v) + 1 {
				for _, name := range []string{"aaa-new", "zzz-new"} {
					edit(fmt.Sprint(name, " at ", i, " in"), at, func(v any) any {
						l := v.([]any)
						var e any = name
						if len(l) > 0 {
							if m, ok := doc.Clone(l[0]).(map[string]any); ok {
								for _, k := range listKeys {
									if m[k] != nil {
										m[k] = name
									}
								}
								m["new"] = name
								e = m
							}
						}
						return slices.Insert(l, i, e)
					})
				}
			}
		default:
			edit("another", at, transitiontest.Another)
			edit("list instead of", at, func(v any) any { return []any{v} })
		}
	}
	walk(base, nil)
	return out
}

// Each single change of a manifest has a digest of its own, of what is updated as of
// what is created; how it is written has none.
func TestSingleChangesOfObjects(t *testing.T) {
	t.Parallel()
	of := func(base, head map[string]any) string {
		o := facts.Object{Subject: facts.Subject{ID: "o"}, Manifest: head, Change: &facts.ResourceChange{Action: "created"}}
		if base != nil {
			d := diff(Same(base), Same(head), true)
			if len(d) == 0 {
				return "unchanged"
			}
			o.Change = &facts.ResourceChange{Action: "updated", Before: base, Paths: Paths(d)}
		}
		return digestOf(t, &facts.Facts{Objects: []facts.Object{o}}, Options{})
	}
	tried, collisions := 0, 0
	for name, base := range realObjects(t) {
		updated, created := map[string]string{}, map[string]string{of(nil, base): "what stands there"}
		same := map[string]bool{}
		list := changed(base)
		for _, what := range slices.Sorted(maps.Keys(list)) {
			head := list[what]
			text, err := canonical(withoutNulls(head))
			if err != nil {
				t.Fatal(err)
			}
			if same[text] || Equal(base, head) {
				continue // two ways to the same
			}
			same[text] = true
			tried++
			for _, x := range []struct {
				digest string
				seen   map[string]string
			}{{of(base, head), updated}, {of(nil, head), created}} {
				if other := x.seen[x.digest]; other != "" || x.digest == "unchanged" {
					collisions++
					t.Errorf("%s: %s: the digest of %q", name, what, other)
				}
				x.seen[x.digest] = what
			}
		}
		if collisions > 20 {
			t.Fatal("too many")
		}
	}
	t.Logf("%d single changes, %d collisions", tried, collisions)
	if tried < 2000 {
		t.Errorf("only %d single changes", tried)
	}
}

// A new element at another place of a list is another change; at the end, where it
// would be expected, its place is not told.
func TestPlaces(t *testing.T) {
	t.Parallel()
	list := func(names ...string) map[string]any {
		var out []any
		for _, n := range names {
			out = append(out, map[string]any{"name": n})
		}
		return map[string]any{"env": out}
	}
	paths := func(before, after map[string]any) string {
		return strings.Join(Paths(diff(Same(before), Same(after), true)), " ")
	}
	for _, c := range []struct {
		before, after map[string]any
		want          string
	}{
		{list("b", "c"), list("b", "c", "a"), "env[name=a]"},
		{list("b", "c"), list("a", "b", "c"), "env env[name=a]"},
		{list("b", "c"), list("b", "a", "c"), "env env[name=a]"},
		{list("b", "c"), list("b", "c", "a", "d"), "env[name=a] env[name=d]"},
		{list("b", "c"), list("b", "c", "d", "a"), "env env[name=a] env[name=d]"},
		{list("b", "c"), list("c", "b"), "env"},
		{list("b", "c"), list("c"), "env[name=b]"},
	} {
		if got := paths(c.before, c.after); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.before, c.after, got, c.want)
		}
	}
	if got := Paths(Diff(Same(list("b")), Same(list("a", "b")))); len(got) != 1 {
		t.Errorf("what is shown names the place too: %q", got)
	}
}
