package rules_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"gate/rules"
)

// The shapes of the tables, as their heads describe them. What a shape does not have
// is an error: a misspelt key would switch off a condition, and a comma in a plain
// scalar of a flow mapping makes a key of what follows.

// condition is one of when and unless.
type condition struct {
	At         []string `yaml:"at"`
	Near       string   `yaml:"near"`
	Companion  string   `yaml:"companion"`
	Path       []string `yaml:"path"`
	In         []string `yaml:"in"`
	NotIn      []string `yaml:"not_in"`
	Present    bool     `yaml:"present"`
	Absent     bool     `yaml:"absent"`
	Restricted bool     `yaml:"restricted"`
	Like       string   `yaml:"like"`
	Refers     string   `yaml:"refers"`
	Sure       bool     `yaml:"sure"`
}

// row is one attribute of a resource type in the tables iac_*.
type row struct {
	Path      []string            `yaml:"path"`
	In        []string            `yaml:"in"`
	NotIn     []string            `yaml:"not_in"`
	CIDR      bool                `yaml:"cidr"`
	To        string              `yaml:"to"`
	Ends      []string            `yaml:"ends"`
	Present   bool                `yaml:"present"`
	Empty     bool                `yaml:"empty"`
	Lacks     string              `yaml:"lacks"`
	HasAll    []string            `yaml:"has_all"`
	Matches   string              `yaml:"matches"`
	Without   map[string][]string `yaml:"without"`
	Above     int                 `yaml:"above"`
	Policy    bool                `yaml:"policy"`
	JSONTrue  string              `yaml:"json_true"`
	JSONFalse string              `yaml:"json_false"`
	Bindings  bool                `yaml:"bindings"`
	Absent    string              `yaml:"absent"`
	Customer  bool                `yaml:"customer"`
	When      []condition         `yaml:"when"`
	Unless    []condition         `yaml:"unless"`
	Companion []string            `yaml:"companion"`
	Inline    string              `yaml:"inline"`
	Ports     string              `yaml:"ports"`
	Thing     string              `yaml:"thing"`
	Say       string              `yaml:"say"`
	Side      string              `yaml:"side"`
	Log       string              `yaml:"log"`
	Level     string              `yaml:"level"`
	Source    string              `yaml:"source"`
}

type policyRow struct {
	Path   []string    `yaml:"path"`
	Kind   string      `yaml:"kind"`
	Unless []condition `yaml:"unless"`
}

// change is a value of an attribute by which a protection is told.
type change struct {
	Path  []string `yaml:"path"`
	Is    string   `yaml:"is"`
	Above *float64 `yaml:"above"`
	Least *float64 `yaml:"least"`
}

// place is where an attribute stands in a resource of azapi or awscc: a path, or more
// about it.
type place struct {
	At      string            `yaml:"at"`
	Values  map[string]any    `yaml:"values"`
	Not     bool              `yaml:"not"`
	Default any               `yaml:"default"`
	Each    string            `yaml:"each"`
	Blocks  map[string]*place `yaml:"blocks"`

	Unless   map[string][]string `yaml:"unless"`
	Pairs    bool                `yaml:"pairs"`
	Document bool                `yaml:"document"`
}

// reading is how a type is read, and of what other type it is then.
type reading struct {
	Type       string            `yaml:"type"`
	Attributes map[string]*place `yaml:"attributes"`
}

func (p *place) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&p.At)
	}
	type plain place // without this method
	return decode(n, (*plain)(p))
}

// shapes gives for each table, by its key, an empty value of its shape.
func shapes() map[string]any {
	type rows = map[string][]row
	return map[string]any{
		"risk": new(any), // internal/classify reads it strictly
		"attribute_classes": &[]struct {
			Class, Change                    string
			Names, But, Types, Except        []string
			Bad, Gains                       []string
			Lost, Falls, Emptied, Principals bool
			Unless                           []condition
		}{},
		"awscc": &map[string]struct {
			reading `yaml:",inline"`
			Parts   []struct {
				reading `yaml:",inline"`
				At, Of  string
			}
			Instead []struct {
				reading `yaml:",inline"`
				When    map[string][]string
			}
		}{},
		"azapi": &map[string]reading{},
		"cloud_credentials": &struct {
			Variables map[string]string
			Actions   map[string]map[string]string
			Federated []string
		}{},
		"critical_objects": &struct {
			Kinds map[string]struct {
				Class            string
				Immutable, Sizes [][]string
				Scale            []string
			}
			Keeping []struct {
				Annotation string
				Words      []string
			}
			Retaining []struct{ Path, Values []string }
		}{},
		"crossplane": &struct {
			Families map[string]string
			Groups   map[string]map[string][]string
			Kinds    map[string]string
			Classic  map[string]struct {
				Type   string
				Rename map[string]string
			}
			Maps       []string
			Companions map[string]struct{ Attribute, Of string }
		}{},
		"iac_critical": &map[string]struct {
			Class            string
			Protect, Amplify []change
		}{},
		"iac_encryption":   &rows{},
		"iac_exposure":     &rows{},
		"iac_logging":      &rows{},
		"iac_transit":      &rows{},
		"iac_iam_values":   &rows{},
		"iac_iam_policies": &map[string][]policyRow{},
		"iac_iam_actions":  &[]string{},
		"iac_iam_limits":   &[]string{},
		"iac_iam_types":    &map[string][]string{},
		"iac_taggable":     &map[string]string{},
		"kubernetes_escalation": &[]struct {
			Groups, Resources, Verbs []string
			Names, Cluster           bool
			Gives                    string
		}{},
		"log_exposure": &struct {
			Lines            []struct{ Name, Match, Unless, Instead string }
			Trace, Artifacts string
			Verbose          []string
		}{},
		"one_owner_identities": &map[string]struct {
			Attributes, Optional []string
			Scope, What          string
		}{},
		"policy_paths": &map[string][]string{},
		"recovery": &struct {
			Classes, Types, Creates, Objects map[string]string
			Updates                          map[string]map[string]string
		}{},
		"secrets_state": &struct {
			Managed map[string]struct {
				Attributes []string
				Instead    string
				When       map[string]string
			}
			Data map[string]struct{ Instead string }
		}{},
	}
}

// decode reads a node and refuses keys that the shape lacks; Node.Decode would not.
func decode(n *yaml.Node, into any) error {
	text, err := yaml.Marshal(withoutAliases(n))
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	return d.Decode(into)
}

// withoutAliases is a node with what its aliases stand for, so that parts of it can
// be read alone.
func withoutAliases(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return withoutAliases(n.Alias)
	}
	out := *n
	out.Anchor, out.Content = "", nil
	for _, c := range n.Content {
		out.Content = append(out.Content, withoutAliases(c))
	}
	return &out
}

// tables calls f with every table of fsys, by file and key.
func tables(t *testing.T, fsys fs.FS, f func(t *testing.T, key string, n *yaml.Node)) {
	files, err := fs.Glob(fsys, "data/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables", err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			t.Fatal(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(text, &doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		top := doc.Content[0]
		for i := 0; i+1 < len(top.Content); i += 2 {
			key, value := top.Content[i].Value, top.Content[i+1]
			t.Run(key, func(t *testing.T) { f(t, key, value) })
		}
	}
}

func TestTablesAreStrict(t *testing.T) {
	t.Parallel()
	tables(t, rules.FS, func(t *testing.T, key string, n *yaml.Node) {
		shape := shapes()[key]
		if shape == nil {
			t.Fatal("the table has no shape in this test")
		}
		if err := decode(n, shape); err != nil {
			t.Error(err)
		}
		if key == "awscc" { // a name without a place is one that means something else
			return
		}
		for _, fault := range nulls(n) {
			t.Error(fault)
		}
	})
}

// nulls finds values that are missing.
func nulls(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return []string{fmt.Sprintf("line %d: a value is missing", n.Line)}
	}
	var out []string
	for _, c := range n.Content {
		out = append(out, nulls(c)...)
	}
	return out
}

// A comma in a plain scalar of a flow mapping, and a misspelt key.
func TestStrictTablesFindFaults(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"comma":     "aws_x: [{path: [a], in: [b], say: what the old, static rules give}]",
		"misspelt":  "aws_x: [{path: [a], in: [b], unles: [{at: [c], present: true}]}]",
		"condition": "aws_x: [{path: [a], in: [b], when: [{at: [c], presnt: true}]}]",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if err := decode(doc.Content[0], shapes()["iac_exposure"]); err == nil {
			t.Errorf("%s: no fault found", name)
		}
	}
}

// Each row says what it tests, in the words in which values are compared, and where
// the vendor says so.
func TestRowsOfResources(t *testing.T) {
	t.Parallel()
	tables(t, rules.FS, func(t *testing.T, key string, n *yaml.Node) {
		rows, ok := shapes()[key].(*map[string][]row)
		if !ok {
			return
		}
		if err := decode(n, rows); err != nil {
			t.Fatal(err)
		}
		for typ, list := range *rows {
			for _, r := range list {
				for _, fault := range r.faults(key != "iac_iam_values") {
					t.Errorf("%s %s: %s", typ, strings.Join(r.Path, "."), fault)
				}
			}
		}
	})
}

func (r row) faults(sourced bool) []string {
	var out []string
	if len(r.Path) == 0 {
		out = append(out, "no path")
	}
	if u, err := url.Parse(r.Source); sourced && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path == "") {
		out = append(out, fmt.Sprintf("source %q is no address of a page", r.Source))
	}
	if !slices.Contains([]string{"", "fail"}, r.Absent) {
		out = append(out, fmt.Sprintf("absent is %q", r.Absent))
	}
	if !r.tests() {
		out = append(out, "nothing is tested")
	}
	values := slices.Concat(r.In, r.NotIn, r.Ends, r.HasAll, []string{r.Lacks})
	patterns := []string{r.Matches}
	for _, c := range slices.Concat(r.When, r.Unless) {
		values = slices.Concat(values, c.In, c.NotIn)
		patterns = append(patterns, c.Like, c.Refers)
		if fault := c.fault(); fault != "" {
			out = append(out, fault)
		}
	}
	for _, v := range values {
		if v != strings.ToLower(v) {
			out = append(out, fmt.Sprintf("%q is compared in lower case", v))
		}
	}
	for _, p := range patterns {
		if _, err := regexp.Compile(p); err != nil {
			out = append(out, err.Error())
		}
	}
	return out
}

func (r row) tests() bool {
	return r.In != nil || r.NotIn != nil || r.CIDR || r.To != "" || r.Ends != nil || r.Present || r.Empty ||
		r.Lacks != "" || r.HasAll != nil || r.Matches != "" || r.Without != nil || r.Above != 0 || r.Policy ||
		r.JSONTrue != "" || r.JSONFalse != "" || r.Bindings || r.Absent != "" || r.Companion != nil
}

// fault says what is wrong with a condition that looks at no place, or at two, or for
// nothing.
func (c condition) fault() string {
	places := 0
	for _, set := range []bool{c.At != nil, c.Near != "", c.Companion != ""} {
		if set {
			places++
		}
	}
	switch {
	case places != 1:
		return fmt.Sprintf("condition %+v looks at %d places, expected one of at, near and companion", c, places)
	case c.In == nil && c.NotIn == nil && !c.Present && !c.Absent && !c.Restricted && c.Like == "":
		return fmt.Sprintf("condition %+v tests nothing", c)
	}
	return ""
}
