package terraform

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/rules"
)

// moduleTables are the tables of well-known modules, each read when it is asked for.
// They stand under the address of the module, in files for ranges of versions:
//
//	table { versions = ">= 5.0.0, < 8.0.0" }
//
// ("submodules = true" says that a table is that of the directories in the module as
// well, whose name is var.submodule) with variables of the module, their defaults where they are the same in all of the
// range, and the resources that are made from them.
type moduleTables struct {
	files fs.FS
	read  map[string][]*moduleTable
}

// moduleTable is the table of a module for a range of versions.
type moduleTable struct {
	name   string // the module, as the registry names it
	module *module
	within version.Constraints
	bounds []string // versions that the range names
	loose  bool     // the version is none of the range: defaults are not known
	// submodule is the directory in the module that the table stands for as well.
	submodule  string
	submodules bool
}

// tablesDir is where the tables stand in the catalog.
const tablesDir = "data/modules"

func newModuleTables() *moduleTables {
	return &moduleTables{files: rules.FS, read: map[string][]*moduleTable{}}
}

// of is the table for a source and a version constraint as they are written; nil
// where there is none.
func (t *moduleTables) of(src, constraint string) *moduleTable {
	name, named := registryOf(src)
	if name == "" {
		return nil
	}
	if named != "" {
		constraint = named
	}
	all, submodule := t.all(name), ""
	if root, dir, ok := strings.Cut(name, "/modules/"); ok && len(all) == 0 {
		submodule = dir
		all = slices.DeleteFunc(slices.Clone(t.all(root)), func(m *moduleTable) bool { return !m.submodules })
	}
	m := choose(all, constraint)
	if m == nil || submodule == "" {
		return m
	}
	own := *m
	own.submodule = submodule
	return &own
}

// choose is the table of the versions that a constraint wants, else the newest
// without its defaults; nil if there is none.
func choose(all []*moduleTable, constraint string) *moduleTable {
	if len(all) == 0 {
		return nil
	}
	wanted, err := version.NewConstraint(constraint)
	if constraint == "" { // the newest
		return all[0]
	}
	if err == nil { // else a branch
		for _, m := range all {
			if m.admits(wanted, constraint) {
				return m
			}
		}
	}
	loose := *all[0]
	loose.loose = true
	return &loose
}

// admits says whether a version of the range is one of those that are wanted: if
// there is one, then one of those that either names.
func (t *moduleTable) admits(wanted version.Constraints, text string) bool {
	for _, c := range append(namedVersions(text), t.bounds...) {
		v, err := version.NewVersion(c)
		if err == nil && t.within.Check(v) && wanted.Check(v) {
			return true
		}
	}
	return false
}

// namedVersions are the versions that a constraint names.
func namedVersions(constraint string) []string {
	var out []string
	for part := range strings.SplitSeq(constraint, ",") {
		out = append(out, strings.TrimLeft(part, "~>=<! "))
	}
	return out
}

// all are the tables of a module, those of the newest versions first.
func (t *moduleTables) all(name string) []*moduleTable {
	if out, ok := t.read[name]; ok {
		return out
	}
	var out []*moduleTable
	names, _ := fs.Glob(t.files, path.Join(tablesDir, escapeGlob(name), "*.tf"))
	for _, file := range names {
		if m := readTable(t.files, file); m != nil {
			m.name = name
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *moduleTable) int {
		return strings.Compare(path.Base(b.module.files[0]), path.Base(a.module.files[0]))
	})
	t.read[name] = out
	return out
}

// escapeGlob is a path that a pattern takes as it is.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// readTable reads one table; nil if it is none.
func readTable(files fs.FS, file string) *moduleTable {
	data, err := fs.ReadFile(files, file)
	if err != nil {
		return nil
	}
	f, diags := hclsyntax.ParseConfig(data, file, hcl.InitialPos)
	if diags.HasErrors() {
		return nil
	}
	content, _, _ := f.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "table"}}})
	if len(content.Blocks) != 1 {
		return nil
	}
	attrs := attributes(content.Blocks[0].Body)
	versions := literal(attrs["versions"])
	within, err := version.NewConstraint(versions)
	if err != nil {
		return nil
	}
	m := newModule(path.Dir(file), []string{file})
	m.add(f.Body, false)
	m.order = slices.Sorted(maps.Keys(m.resources))
	return &moduleTable{module: m, within: within, bounds: namedVersions(versions), submodules: truth(attrs["submodules"])}
}

// nativeBody is the body of a block in HCL syntax, nil of one in JSON.
func nativeBody(b *hcl.Block) *hclsyntax.Body {
	native, _ := b.Body.(*hclsyntax.Body)
	return native
}
