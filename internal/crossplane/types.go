package crossplane

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// classicEnd ends the API groups of provider-aws, which is not made from a
// Terraform provider.
const classicEnd = ".aws.crossplane.io"

// Table says how kinds of managed resources are called in Terraform.
type Table struct {
	families   map[string]string              // end of an API group -> prefix of the types
	groups     map[string]map[string][]string // prefix -> short group -> words in its place
	kinds      map[string]string              // "<prefix> <group>/<kind>" -> type
	classic    map[string]classicKind         // "<API group>/<kind>"
	maps       map[string]bool                // attributes whose keys are the user's
	companions map[string]companion           // by type
	known      map[string]string              // types of the iac tables, by their letters alone
}

type classicKind struct {
	typ    string
	rename map[string]string
}

type companion struct{ attribute, of string }

// Load reads data/crossplane.yaml and the types of data/iac_*.yaml from the
// catalog.
func Load(catalog fs.FS) (*Table, error) {
	tables, err := table(catalog, "data/crossplane.yaml")
	if err != nil {
		return nil, err
	}
	root := doc.Map(tables, "crossplane")
	t := &Table{
		families: doc.TextMap(root, "families"), kinds: doc.TextMap(root, "kinds"), groups: map[string]map[string][]string{},
		classic: map[string]classicKind{}, maps: map[string]bool{}, companions: map[string]companion{}, known: map[string]string{},
	}
	if len(t.families) == 0 {
		return nil, fmt.Errorf("read data/crossplane.yaml: no families")
	}
	for prefix, groups := range doc.Map(root, "groups") {
		t.groups[prefix] = map[string][]string{}
		for group, words := range doc.Map(groups) {
			t.groups[prefix][group] = doc.Texts(words)
		}
	}
	for kind, v := range doc.Map(root, "classic") {
		t.classic[kind] = classicKind{typ: doc.Text(v, "type"), rename: doc.TextMap(v, "rename")}
	}
	for typ, v := range doc.Map(root, "companions") {
		t.companions[typ] = companion{attribute: doc.Text(v, "attribute"), of: doc.Text(v, "of")}
	}
	for _, name := range doc.Texts(root, "maps") {
		t.maps[name] = true
	}
	files, err := fs.Glob(catalog, "data/iac_*.yaml")
	if err != nil {
		return nil, fmt.Errorf("find tables: %w", err)
	}
	for _, file := range files {
		rows, err := table(catalog, file)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			for typ := range doc.Map(row) {
				t.known[letters(typ)] = typ
			}
		}
	}
	for typ := range t.companions {
		t.known[letters(typ)] = typ
	}
	return t, nil
}

func table(catalog fs.FS, file string) (map[string]any, error) {
	data, err := fs.ReadFile(catalog, file)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	out := map[string]any{}
	for _, d := range docs {
		maps.Copy(out, doc.Map(d.Value))
	}
	return out, nil
}

// kind is what the table knows about a kind of managed resource.
type kind struct {
	prefix string // aws, azurerm, google
	typ    string // Terraform type; empty if there is none
	rename map[string]string
}

// kind returns what is known about a kind of managed resource. ok is false if
// the API group belongs to no provider that the table knows; the type is empty
// for a kind of a provider that is not made from Terraform's and has no
// counterpart in the table.
func (t *Table) kind(group, name string) (kind, bool) {
	if strings.HasSuffix(group, classicEnd) {
		c := t.classic[group+"/"+name]
		return kind{prefix: "aws", typ: c.typ, rename: c.rename}, true
	}
	for end, prefix := range t.families {
		short, ok := strings.CutSuffix(group, "."+end)
		if group == end {
			short, ok = "", true
		}
		if ok && !strings.Contains(short, ".") {
			return kind{prefix: prefix, typ: t.upjet(prefix, short, name)}, true
		}
	}
	return kind{}, false
}

// upjet inverts the rule by which upjet names groups and kinds.
func (t *Table) upjet(prefix, group, name string) string {
	if typ := t.kinds[prefix+" "+group+"/"+name]; typ != "" {
		return typ
	}
	words, listed := t.groups[prefix][group]
	if !listed {
		words = []string{group}
	}
	for _, w := range words {
		if typ := t.known[letters(prefix+w+name)]; typ != "" && strings.HasPrefix(typ, prefix+"_") {
			return typ
		}
	}
	parts := slices.DeleteFunc([]string{prefix, words[0], Snake(name)}, func(s string) bool { return s == "" })
	return strings.Join(parts, "_")
}

// letters is a name without what tells its words apart.
func letters(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
