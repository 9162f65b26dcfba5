package policysource

import (
	"cmp"
	"path"
	"strings"

	"gate/internal/config"
)

// Governing are the files by which a run judges and that the configuration
// names: whoever changes one of them changes what is allowed.
type Governing struct {
	what map[string]string // files and directories, "." for all
}

// Governing returns those of the policy, as they are named and, behind symbolic
// links, as they are.
func (p *Source) Governing() Governing {
	g := Governing{map[string]string{}}
	c := p.Config
	g.add(p, config.File, "gate configuration")
	g.add(p, cmp.Or(c.Waivers, config.DefaultWaivers), "waiver file")
	g.add(p, cmp.Or(c.Trust, config.DefaultTrust), "trust file")
	for _, entry := range c.Policies {
		g.add(p, entry.Conftest, "conftest configuration")
		for _, from := range append([]string{entry.Path}, entry.Paths...) {
			g.add(p, from, "policy")
		}
		for _, data := range entry.Data {
			g.add(p, data, "policy data")
		}
	}
	var keys []config.Key
	for _, x := range p.Trust.Images {
		keys = append(keys, x.Keys...)
	}
	for _, x := range p.Trust.Decisions {
		keys = append(keys, x.Keys...)
	}
	for _, x := range p.Trust.Runners {
		g.add(p, x.Keys, "trusted key")
	}
	for _, key := range keys {
		g.add(p, key.File, "trusted key")
	}
	return g
}

// add takes in what a name leads to. A directory may hold links of its own.
func (g Governing) add(p *Source, name, what string) {
	if name == "" {
		return
	}
	name = path.Clean(name)
	g.name(name, what)
	links, ok := p.Tree.(interface{ Real(string) (string, error) })
	if !ok {
		return
	}
	follow := func(name string) {
		if real, err := links.Real(name); err == nil && real != name {
			g.name(real, what)
		}
	}
	follow(name)
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if e, ok := p.Tree.Lookup(dir); ok && e.Symlink { // who moves it names another file
			g.name(dir, what)
		}
	}
	for _, e := range p.Tree.Entries() {
		if e.Symlink && (name == "." || strings.HasPrefix(e.Path, name+"/")) {
			follow(e.Path)
		}
	}
}

func (g Governing) name(path, what string) {
	if _, known := g.what[path]; !known {
		g.what[path] = what
	}
}

// What says what a file is to the configuration, "" for one that it does not
// name.
func (g Governing) What(file string) string {
	for at := file; file != ""; at = path.Dir(at) {
		what, ok := g.what[at]
		if ok && at == "." && what == "policy" && !strings.HasSuffix(file, ".rego") {
			ok = false // policies at the root are no reason to ask for every file
		}
		if ok {
			return what
		}
		if at == "." || at == "/" {
			break
		}
	}
	return ""
}
