package policysource

import (
	"testing"

	"gate/internal/config"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

// A comment gate:waive counts only if it stands at a policy-ref that is trusted, in
// the same file.
func TestText(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"a.yaml": "kind: Pod\n"}
	trusted, untrusted := &Source{Tree: tree, Trusted: true}, &Source{Tree: tree}
	for _, tt := range []struct {
		name   string
		source *Source
		file   string
		want   bool
	}{
		{"as it stands there", trusted, "a.yaml", true},
		{"in a tree that nobody trusts", untrusted, "a.yaml", false},
		{"a file that is new", trusted, "c.yaml", false},
	} {
		if text, got := tt.source.Text(tt.file); got != tt.want || got && string(text) != tree[tt.file] {
			t.Errorf("%s: %q %v, want %v", tt.name, text, got, tt.want)
		}
	}
}

// What the configuration names is seen by its own name, by that of what a link
// leads to, and by that of a link above it.
func TestGoverning(t *testing.T) {
	t.Parallel()
	tree := linked{sourcetest.Tree{".gate.yaml": "", "ops": "", "data/a.yaml": "", "checks/x/a.rego": ""}, map[string]string{
		".gate.yaml": "elsewhere/gate.yaml", "ops/waived.yaml": "real/waived.yaml", "data/a.yaml": "far/a.yaml",
	}}
	p := &Source{Tree: tree, Files: config.Files{
		Config: &config.Config{Waivers: "ops/waived.yaml", Trust: "./trusted.yaml", Policies: []config.Policy{{Path: "checks/", Data: []string{"data"}}}},
		Trust:  &config.Trust{Images: []config.ImageTrust{{Keys: []config.Key{{File: "keys/a.pub"}, {PEM: "x"}}}}},
	}}
	g := p.Governing()
	for file, want := range map[string]string{
		".gate.yaml": "gate configuration", "elsewhere/gate.yaml": "gate configuration", "ops/waived.yaml": "waiver file", "ops": "waiver file", "real/waived.yaml": "waiver file",
		"trusted.yaml": "trust file", "checks/new.txt": "policy", "data/b.json": "policy data", "far/a.yaml": "policy data", "keys/a.pub": "trusted key",
		"ops/other.yaml": "waiver file", "keys/b.pub": "", "checks.txt": "", "": "", "a/checks/b": "",
	} {
		if got := g.What(file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
}

// Policies at the root of the repository do not make every file one.
func TestGoverningAtTheRoot(t *testing.T) {
	t.Parallel()
	p := &Source{Tree: sourcetest.Tree{}, Files: config.Files{
		Config: &config.Config{Policies: []config.Policy{{Path: ".", Paths: []string{"more"}}}}, Trust: &config.Trust{},
	}}
	g := p.Governing()
	for file, want := range map[string]string{"a.rego": "policy", "x/y/b.rego": "policy", "x/c.yaml": "", "more/d.yaml": "policy", ".gate.yaml": "gate configuration"} {
		if got := g.What(file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
}

// linked is a tree of which some paths lead elsewhere; every entry without
// content is a link.
type linked struct {
	sourcetest.Tree
	leads map[string]string
}

func (l linked) Lookup(p string) (source.Entry, bool) {
	e, ok := l.Tree.Lookup(p)
	e.Symlink = ok && len(l.Tree[p]) == 0
	return e, ok
}

func (l linked) Entries() []source.Entry {
	list := l.Tree.Entries()
	for i := range list {
		list[i].Symlink = len(l.Tree[list[i].Path]) == 0
	}
	return list
}

func (l linked) Real(p string) (string, error) {
	if to, ok := l.leads[p]; ok {
		return to, nil
	}
	return p, nil
}
