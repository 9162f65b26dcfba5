package classify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"
)

// Table is data/risk.yaml of the catalog, with what other tables say of types.
type Table struct {
	rows  []row
	holds map[string]string // resource type, or group/Kind -> what is lost with it
	// paths are the files that judge or steer changes, by what they are.
	paths map[string][]string
}

// row is a row of the table; its head explains the fields.
type row struct {
	ID         string         `yaml:"id"`
	Why        string         `yaml:"why"`
	Over       string         `yaml:"over"`
	Match      globs          `yaml:"match"`
	Except     globs          `yaml:"except"`
	Holds      []string       `yaml:"holds"`
	Policy     []string       `yaml:"policy"`
	Actions    []string       `yaml:"actions"`
	Paths      []string       `yaml:"paths"`
	Attribute  string         `yaml:"attribute"`
	Worth      string         `yaml:"worth"`
	Class      string         `yaml:"class"`
	Regulated  bool           `yaml:"regulated"`
	Above      map[string]int `yaml:"above"`
	ChangeType string         `yaml:"changeType"`
	Risk       string         `yaml:"risk"`
}

// globs are a list of globs, in which lists that stand elsewhere may be repeated.
type globs []string

// UnmarshalYAML takes a list and the lists in it.
func (g *globs) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.SequenceNode {
		var text string
		if err := n.Decode(&text); err != nil {
			return err
		}
		*g = append(*g, text)
		return nil
	}
	for _, e := range n.Content {
		if err := g.UnmarshalYAML(e); err != nil {
			return err
		}
	}
	return nil
}

// What a row is about.
const (
	overObject        = "object"
	overResource      = "resource"
	overConfiguration = "configuration"
	overFile          = "file"
)

// The names of what moves, for those who make Moved.
const (
	OverObject        = overObject
	OverResource      = overResource
	OverConfiguration = overConfiguration
)

// Load reads the table from the catalog. A row that says nothing, or that
// nothing can match, is an error.
func Load(catalog fs.FS) (*Table, error) {
	t := &Table{holds: map[string]string{}, paths: map[string][]string{}}
	var err error
	read := func(name string) any {
		if err != nil {
			return nil
		}
		var v any
		v, err = readTable(catalog, name)
		return v
	}
	types, kinds, paths := doc.Map(read("iac_critical")), doc.Map(read("critical_objects"), "kinds"), doc.Map(read("policy_paths"))
	classes := doc.List(read("attribute_classes"))
	if err != nil {
		return nil, err
	}
	for _, m := range []map[string]any{types, kinds} {
		for name, v := range m {
			t.holds[name] = doc.Text(v, "class")
		}
	}
	for name := range paths {
		t.paths[name] = doc.Texts(paths, name)
	}
	text, err := fs.ReadFile(catalog, "data/risk.yaml")
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if t.rows, err = parse(text); err != nil {
		return nil, fmt.Errorf("read table data/risk.yaml: %w", err)
	}
	words := vocabulary{types: classesOf(types), kinds: classesOf(kinds), paths: slices.Collect(maps.Keys(paths)), attributes: map[string]bool{}}
	for _, c := range classes {
		words.attributes[doc.Text(c, "class")] = true
	}
	ids := map[string]bool{}
	for i := range t.rows {
		r := &t.rows[i]
		if ids[r.ID] {
			return nil, fmt.Errorf("read table data/risk.yaml: row %q stands twice", r.ID)
		}
		ids[r.ID] = true
		if err := t.check(r, words); err != nil {
			return nil, fmt.Errorf("read table data/risk.yaml: row %q: %w", r.ID, err)
		}
	}
	return t, nil
}

// parse reads the rows strictly: unknown and repeated fields are errors.
func parse(text []byte) ([]row, error) {
	var out struct {
		Risk []row `yaml:"risk"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&out); err != nil {
		return nil, err
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one document")
	}
	if len(out.Risk) == 0 {
		return nil, errors.New("there are no rows")
	}
	return out.Risk, nil
}

func readTable(catalog fs.FS, name string) (any, error) {
	file := "data/" + name + ".yaml"
	text, err := fs.ReadFile(catalog, file)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	docs, err := source.ParseYAML(file, text)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if len(docs) != 1 || doc.At(docs[0].Value, name) == nil {
		return nil, fmt.Errorf("read table %s: no %s", file, name)
	}
	return doc.At(docs[0].Value, name), nil
}

func classesOf(table map[string]any) map[string]bool {
	out := map[string]bool{}
	for _, v := range table {
		out[doc.Text(v, "class")] = true
	}
	return out
}

// vocabulary is what words of the table mean in others.
type vocabulary struct {
	types, kinds map[string]bool // classes of what is lost
	paths        []string        // kinds of files
	attributes   map[string]bool // classes of attributes
}

// rowID is a row's name: it has no slash, which those of rules have.
var rowID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// may are the fields that a row may use, by what it is about.
var may = map[string][]string{
	overObject:        {"match", "except", "holds", "actions", "paths", "worth", "class", "regulated", "above"},
	overResource:      {"match", "except", "holds", "actions", "paths", "attribute", "worth", "class", "regulated", "above"},
	overConfiguration: {"match", "actions", "paths", "class", "regulated", "above"},
	overFile:          {"match", "except", "policy", "actions"},
}

// namedFiles are what a configuration may say that a file is: see facts.File.Policy.
var namedFiles = []string{"gate configuration", "waiver file", "trust file", "trusted key", "policy", "policy data"}

// parts are the kinds of reach that a row can bound.
var parts = []string{"environments", "accounts", "regions", "clusters", "namespaces", "services", "owners", "resources"}

func (t *Table) check(r *row, words vocabulary) error {
	if !rowID.MatchString(r.ID) {
		return errors.New("the id is not words of small letters and digits with hyphens between them")
	}
	if strings.TrimSpace(r.Why) == "" {
		return errors.New("it does not say why")
	}
	fields, ok := may[r.Over]
	if !ok {
		return fmt.Errorf("over %q, expected object, resource, configuration or file", r.Over)
	}
	for _, name := range r.used() {
		if !slices.Contains(fields, name) {
			return fmt.Errorf("%s never matches over %s", name, r.Over)
		}
	}
	for _, w := range []struct {
		name    string
		values  []string
		allowed []string
	}{
		{"actions", r.Actions, actions},
		{"changeType", nonEmpty(r.ChangeType), ChangeTypes},
		{"risk", []string{r.Risk}, RiskClasses},
		{"class", nonEmpty(r.Class), []string{"prod", "non-prod"}},
		{"worth", nonEmpty(r.Worth), []string{"medium", "high"}},
		{"policy", r.Policy, append(slices.Clone(words.paths), namedFiles...)},
		{"above", slices.Sorted(maps.Keys(r.Above)), parts},
	} {
		for i, v := range w.values {
			if !slices.Contains(w.allowed, v) || slices.Contains(w.values[:i], v) {
				return fmt.Errorf("%s: %q stands twice or is not one of %q", w.name, v, w.allowed)
			}
		}
	}
	for name, n := range r.Above {
		if n < 1 {
			return fmt.Errorf("above: more than %d %s is no bound", n, name)
		}
	}
	if r.Risk == "low" && (r.ChangeType == "" || r.ChangeType == ChangeTypes[0]) {
		return errors.New("it raises nothing")
	}
	if r.Over == overFile && len(r.Match) == 0 && len(r.Policy) == 0 {
		return errors.New("it names no file")
	}
	if r.Attribute != "" && !words.attributes[r.Attribute] {
		return fmt.Errorf("attribute %q is no class of attribute_classes.yaml", r.Attribute)
	}
	for _, list := range []globs{r.Match, r.Except, r.Paths} {
		for _, g := range list {
			if g == "" || !doublestar.ValidatePattern(g) {
				return fmt.Errorf("%q is no glob", g)
			}
		}
	}
	return t.possible(r, words)
}

// possible says why nothing would match a row whose words are right.
func (t *Table) possible(r *row, words vocabulary) error {
	known := words.types
	if r.Over == overObject {
		known = words.kinds
	}
	for _, h := range r.Holds {
		if !known[h] {
			return fmt.Errorf("holds: nothing of %s has the class %q", r.Over, h)
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(t.holds)), func(name string) bool { return t.holds[name] == h && r.typeFits(name) }) {
			return fmt.Errorf("holds: no type of the class %q is left", h)
		}
	}
	for _, g := range slices.Concat(r.Match, r.Except) {
		if slash := strings.Contains(g, "/"); r.Over == overObject && !slash || slash && (r.Over == overResource || r.Over == overConfiguration) {
			return fmt.Errorf("%q never matches over %s: objects are named group/Kind, everything else but files without a slash", g, r.Over)
		}
	}
	for _, g := range r.Match {
		if slices.Contains(r.Except, g) {
			return fmt.Errorf("%q is both meant and left out", g)
		}
	}
	updates := len(r.Actions) == 0 || slices.ContainsFunc(r.Actions, func(a string) bool { return a == Update || a == Replace || a == Move })
	if !updates && (len(r.Paths) > 0 || r.Attribute != "" || r.Worth != "") {
		return errors.New("paths, attribute and worth match updates, and it asks for none")
	}
	return nil
}

func (r *row) used() []string {
	var out []string
	for name, used := range map[string]bool{
		"match": len(r.Match) > 0, "except": len(r.Except) > 0, "holds": len(r.Holds) > 0, "policy": len(r.Policy) > 0,
		"actions": len(r.Actions) > 0, "paths": len(r.Paths) > 0, "attribute": r.Attribute != "", "worth": r.Worth != "",
		"class": r.Class != "", "regulated": r.Regulated, "above": len(r.Above) > 0,
	} {
		if used {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// typeFits says whether a type, group/Kind or file is one that a row is about.
func (r *row) typeFits(name string) bool {
	return (len(r.Match) == 0 || matchesAny(r.Match, name)) && !matchesAny(r.Except, name)
}

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		if !strings.ContainsAny(g, "*?[{") {
			return g == name
		}
		ok, err := doublestar.Match(g, name)
		return err == nil && ok
	})
}

// pathFits says whether a changed path is, or lies below, one of the patterns,
// whose words are divided by dots; indices of lists do not count.
func pathFits(patterns []string, changed string) bool {
	changed = strings.ReplaceAll(indices.ReplaceAllString(changed, ""), ".", "/")
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = strings.ReplaceAll(p, ".", "/")
		ok, _ := doublestar.Match(p, changed)
		below, _ := doublestar.Match(path.Join(p, "**"), changed)
		return ok || below
	})
}

var indices = regexp.MustCompile(`\[[0-9]+\]`)
