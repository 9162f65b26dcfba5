package policy

import (
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// linked is a tree with symbolic links: path -> text of the link.
type linked struct {
	sourcetest.Tree
	links map[string]string
}

func (l linked) Entries() []source.Entry {
	out := l.Tree.Entries()
	for p := range l.links {
		out = append(out, source.Entry{Path: p, Symlink: true})
	}
	slices.SortFunc(out, func(a, b source.Entry) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	return out
}

func (l linked) Lookup(p string) (source.Entry, bool) {
	if _, ok := l.links[p]; ok {
		return source.Entry{Path: p, Symlink: true}, true
	}
	return l.Tree.Lookup(p)
}

func (l linked) Link(p string) (string, error) {
	text, ok := l.links[p]
	if !ok {
		return "", fs.ErrInvalid
	}
	return text, nil
}

func TestWhichFilesAreRead(t *testing.T) {
	t.Parallel()
	tree := linked{
		Tree: sourcetest.Tree{
			"a.yaml": "a: 1\n", "app/b.yaml": "b: 1\n", "app/c.txt": "words\n", "app/Dockerfile": "FROM x\n", "app/odd.json": "{\n",
			"app/templates/t.yaml": "{{ x }}: [\n", "shared/d.yaml": "d: 1\n", "shared/deep/e.yaml": "e: 1\n", "old/f.yaml": "f: 1\n",
		},
		links: map[string]string{
			"app/file.yaml": "../shared/d.yaml", "app/dir": "../shared", "app/own.yaml": "b.yaml", "app/out.yaml": "../../outside.yaml",
			"app/words": "../../outside", "app/round.yaml": "round2.yaml", "app/round2.yaml": "round.yaml", "app/gone.yaml": "none.yaml",
		},
	}
	for _, c := range []struct {
		name   string
		entry  config.Policy
		read   []string
		failed []string
	}{
		{"by a name", config.Policy{Match: []string{"a.yaml"}}, []string{"a.yaml"}, nil},
		{"by an ending", config.Policy{Match: []string{"**/*.txt"}}, nil, []string{"app/c.txt"}},
		{"by an ending, with a parser", config.Policy{Match: []string{"**/*.txt"}, Parser: "yaml"}, []string{"app/c.txt"}, nil},
		{"by a directory", config.Policy{Match: []string{"shared/**"}}, []string{"shared/d.yaml", "shared/deep/e.yaml"}, nil},
		{"through links", config.Policy{Match: []string{"app/**"}},
			[]string{"app/Dockerfile", "app/b.yaml", "shared/d.yaml", "shared/deep/e.yaml"},
			[]string{"app/gone.yaml", "app/odd.json", "app/out.yaml", "app/round.yaml", "app/round2.yaml", "app/templates/t.yaml", "app/words"}},
		{"a directory of which nothing is read", config.Policy{Match: []string{"app/c*", "app/c.t**"}}, nil, []string{"app/c.txt"}},
		{"excluded", config.Policy{Match: []string{"old/**"}}, nil, nil},
		{"everything", config.Policy{},
			[]string{"a.yaml", "app/Dockerfile", "app/b.yaml", "shared/d.yaml", "shared/deep/e.yaml"},
			[]string{"app/gone.yaml", "app/odd.json", "app/out.yaml", "app/round.yaml", "app/round2.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Organisation{
				Entry: c.entry, Tree: tree, Places: source.Index{}, Hide: func(v any) any { return v },
				Excluded: func(file string) bool { return file == "old/f.yaml" },
			}
			places := source.Index{}
			docs, unread := o.documents(places)
			var read, failed []string
			for _, d := range docs {
				read = append(read, d.File)
				if places[d.ID] == nil {
					t.Errorf("%s has no place", d.ID)
				}
			}
			for _, e := range unread {
				if e.State != facts.Failed {
					t.Errorf("%+v is not failed", e)
				}
				failed = append(failed, e.Place.File)
			}
			slices.Sort(read)
			slices.Sort(failed)
			if diff := cmp.Diff(c.read, read) + cmp.Diff(c.failed, failed); diff != "" {
				t.Errorf("read and failed (-want +got):\n%s", diff)
			}
		})
	}
}

// What a worker died of is not read again, and the rest is.
func TestUnreadFile(t *testing.T) {
	t.Parallel()
	var reading []string
	o := Organisation{
		Tree: sourcetest.Tree{"a.jsonnet": "{}", "b.jsonnet": "{}", "c.yaml": "c: 1"}, Places: source.Index{}, Hide: func(v any) any { return v },
		Unread: map[string]error{"a.jsonnet": fmt.Errorf("the worker died")},
		Reading: func(file string) func() {
			reading = append(reading, file)
			return func() { reading = append(reading, "done") }
		},
	}
	docs, unread := o.documents(source.Index{})
	if len(docs) != 2 || len(unread) != 1 || unread[0].Place.File != "a.jsonnet" || unread[0].Reason != "the worker died" {
		t.Errorf("documents %v, unread %v", docs, unread)
	}
	if diff := cmp.Diff([]string{"b.jsonnet", "done"}, reading); diff != "" {
		t.Errorf("programs that were read (-want +got):\n%s", diff)
	}
}

// Both styles see the same data.
func TestDataOfBothStyles(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"p/a.rego": "package main\n", "conf/a.yaml": "a: 1\n", "conf/eu/b.yaml": "b: 2\n", "one.json": `{"eu": {"c": 3}}`}
	o := Organisation{Entry: config.Policy{Path: "p", Data: []string{"conf/", "one.json"}}, Rules: tree, Tree: tree}
	set, err := o.set()
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.documents()
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(got); text != "map[a:1 eu:map[b:2 c:3]]" {
		t.Errorf("data = %s", text)
	}
	for _, missing := range []string{"none", "conf/none.yaml", "p/a.rego", "p"} {
		o.Entry.Data = []string{missing}
		if _, err := o.set(); err == nil {
			t.Errorf("%s: no error, and no data", missing)
		}
	}
}
