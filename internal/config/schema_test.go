package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"gate/internal/doc"
	"gate/internal/source"
)

func readSchema(t *testing.T, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile("../../schemas/" + name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemasMatchTypes compares every object of the schemas with the struct
// that reads it: the same keys, the same required ones, none unknown allowed.
func TestSchemasMatchTypes(t *testing.T) {
	t.Parallel()
	for name, typ := range map[string]reflect.Type{
		"config": reflect.TypeFor[Config](), "waivers": reflect.TypeFor[Waivers](), "trust": reflect.TypeFor[Trust](),
	} {
		s := readSchema(t, name)
		compareSchema(t, name, s, s, typ)
	}
}

func compareSchema(t *testing.T, at string, root, s map[string]any, typ reflect.Type) {
	t.Helper()
	s = resolveRef(t, root, s)
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == timeType:
	case typ.Kind() == reflect.Slice:
		items, ok := s["items"].(map[string]any)
		if !ok {
			t.Errorf("%s: no items", at)
			return
		}
		compareSchema(t, at+"[]", root, items, typ.Elem())
	case typ.Kind() == reflect.Map:
		values, ok := s["additionalProperties"].(map[string]any)
		if !ok {
			if alternatives, _ := s["oneOf"].([]any); len(alternatives) == 2 { // a scalar or a mapping
				values, ok = alternatives[1].(map[string]any)["additionalProperties"].(map[string]any)
			}
		}
		if !ok && s["properties"] == nil { // fixed keys are a map as well
			t.Errorf("%s: neither additionalProperties nor properties", at)
		}
		if ok && typ.Elem().Kind() != reflect.Interface {
			compareSchema(t, at+"{}", root, values, typ.Elem())
		}
	case typ.Kind() == reflect.Struct:
		if alternatives, _ := s["oneOf"].([]any); s["properties"] == nil && len(alternatives) == 2 {
			s = alternatives[1].(map[string]any)
		}
		var keys, required []string
		props, _ := s["properties"].(map[string]any)
		for _, f := range Fields(typ) {
			keys = append(keys, f.Key)
			if f.Required {
				required = append(required, f.Key)
			}
			if p, ok := props[f.Key].(map[string]any); ok {
				compareSchema(t, at+"."+f.Key, root, p, typ.Field(f.index).Type)
			}
		}
		slices.Sort(keys)
		if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(props))); diff != "" {
			t.Errorf("%s: keys of the type and of the schema differ (-type +schema):\n%s", at, diff)
		}
		if diff := cmp.Diff(required, doc.Texts(s, "required")); diff != "" {
			t.Errorf("%s: required keys differ (-type +schema):\n%s", at, diff)
		}
		if s["additionalProperties"] != false {
			t.Errorf("%s: the schema allows unknown keys", at)
		}
	}
}

func resolveRef(t *testing.T, root, s map[string]any) map[string]any {
	t.Helper()
	ref, ok := s["$ref"].(string)
	if !ok {
		return s
	}
	def, ok := root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	if !ok {
		t.Fatalf("%s leads nowhere", ref)
	}
	return def
}

// TestSchemaWords compares the enumerations of the schema with the words that
// the checks know.
func TestSchemaWords(t *testing.T) {
	t.Parallel()
	s := readSchema(t, "config")
	for path, want := range map[string][]string{
		"$defs.environment.properties.class.enum":                      classes,
		"$defs.effect.enum":                                            effects,
		"$defs.drift.properties.class.enum":                            driftClasses,
		"$defs.policy.properties.style.enum":                           styles,
		"$defs.policy.properties.rego.enum":                            regoVersions,
		"$defs.policy.properties.documents.enum":                       documents,
		"$defs.role.properties.source.items.enum":                      sources,
		"properties.optional.items.enum":                               inputs,
		"properties.approvals.propertyNames.enum":                      classes,
		"properties.approvals.additionalProperties.propertyNames.enum": riskClasses,
	} {
		var v any = s
		for _, key := range strings.Split(path, ".") {
			v = v.(map[string]any)[key]
		}
		if diff := cmp.Diff(want, doc.Texts(v)); diff != "" {
			t.Errorf("%s (-code +schema):\n%s", path, diff)
		}
	}
}

// TestSchemaAgreesWithParser judges the same samples with both. Only faults
// that a schema cannot express (references between entries) may differ.
func TestSchemaAgreesWithParser(t *testing.T) {
	t.Parallel()
	fullText, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const head = "apiVersion: gate/v1\n"
	const waiver = "{id: w, rule: a/b, scope: {environment: prod, path: a/b}, owner: o, reason: r, created: 2026-01-01, expires: 2026-01-02"
	sum := strings.Repeat("ab", 32)
	tests := []struct {
		schema, text string
		ok           bool
	}{
		{"config", string(fullText), true},
		{"config", head, true},
		{"config", "environments: []\n", false},
		{"config", head + "enviroments: []\n", false},
		{"config", head + "optional: [plan]\n", true},
		{"config", head + "optional: [plans]\n", false},
		{"config", head + "optional: [plan, plan]\n", false},
		{"config", head + "environments: [{name: a}]\n", false},
		{"config", head + "environments: [{name: a, class: prod, regulated: yes please}]\n", false},
		{"config", head + "rules: {a/b: {effect: deny}}\n", true},
		{"config", head + "rules: {a/b: {effect: dney}}\n", false},
		{"config", head + "rules: {a/b: {effect: {prod: dney}}}\n", false},
		{"config", head + "rules: {a/b: {effect: [deny]}}\n", false},
		{"config", head + "approvals: {prod: {low: 1, high: {count: 2}}}\n", true},
		{"config", head + "approvals: {prod: {low: -1}}\n", false},
		{"config", head + "approvals: {prod: {low: many}}\n", false},
		{"config", head + "approvals: {production: {low: 1}}\n", false},
		{"config", head + "exclude: [{paths: [a], reason: r, owner: o, expires: 2026-01-01}]\n", true},
		{"config", head + "exclude: [{paths: [a], unit: b, reason: r, owner: o, expires: 2026-01-01}]\n", false},
		{"config", head + "exclude: [{paths: [a], reason: r, owner: o, expires: never}]\n", false},
		{"config", head + "units: [{release: a}]\n", false},
		{"config", head + "policies: [{path: a, namespaces: [gate.x]}]\n", false},
		{"config", head + "people: {a: {keys: [x]}}\n", false},
		{"config", head + "decision: {maxValidity: 12h}\n", true},
		{"config", head + "decision: {maxValidity: 1h30m}\n", true},
		{"config", head + "decision: {maxValidity: \"\"}\n", false},
		{"config", head + "decision: {maxValidity: -1h}\n", false},
		{"config", head + "decision: {maxValidity: 7d}\n", false},
		{"config", head + "decision: {maxValidty: 12h}\n", false},
		{"waivers", head + "waivers: []\n", true},
		{"waivers", head, false},
		{"waivers", head + "maxDays: {low: 10}\nwaivers: []\n", true},
		{"waivers", head + "maxDays: {low: 1000}\nwaivers: []\n", false},
		{"waivers", head + "maxDays: {lowest: 10}\nwaivers: []\n", false},
		{"waivers", head + "waivers: [" + waiver + "}]\n", true},
		{"waivers", head + "waivers: [" + waiver + ", extra: 1}]\n", false},
		{"waivers", head + "waivers: [{id: w}]\n", false},
		{"trust", head, true},
		{"trust", head + "images: [{name: a, match: [\"ghcr.io/acme/**\"], keys: [{file: keys/a.pub}]}]\n", true},
		{"trust", head + "images: [{name: a, match: [], keys: [{file: keys/a.pub}]}]\n", false},
		{"trust", head + "images: [{name: a, match: [x]}]\n", false},
		{"trust", head + "images: [{name: a, match: [x], keys: [{}]}]\n", false},
		{"trust", head + "decisions: [{name: a, identities: [{issuer: \"https://i\", subject: \"*\"}]}]\n", false},
		{"trust", head + "decisions: [{name: a, identities: [{issuer: \"https://i\", subject: \"https://github.com/acme/*\"}]}]\n", true},
		{"trust", head + "revoked: [{key: \"SHA256:WZFXU09Ebc9LSXYF9Wjgwy5xs/nxGjq9+BqYQZCI4lQ\", reason: lost}]\n", true},
		{"trust", head + "revoked: [{decision: " + sum + ", reason: r}, {approval: " + sum + ", reason: r}]\n", true},
		{"trust", head + "revoked: [{decision: " + sum + "}]\n", false},
		{"trust", head + "revoked: [{decision: " + sum + ", reason: \" \"}]\n", false},
		{"trust", head + "revoked: [{decision: " + sum + ", approval: " + sum + ", reason: r}]\n", false},
		{"trust", head + "revoked: [{decision: " + sum + ", key: \"\", reason: r}]\n", false},
		{"trust", head + "revoked: [{decision: " + sum[1:] + ", reason: r}]\n", false},
		{"trust", head + "revoked: [{key: " + sum + ", reason: r}]\n", false},
		{"trust", head + "revoked: [{reason: r}]\n", false},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			var perr error
			switch tt.schema {
			case "config":
				_, perr = Parse("f", []byte(tt.text))
			case "waivers":
				var w *Waivers
				if w, perr = ParseWaivers("f", []byte(tt.text)); perr == nil {
					for _, e := range w.Waivers {
						if len(e.Faults) > 0 {
							perr = fmt.Errorf("%v", e.Faults)
						}
					}
				}
			case "trust":
				_, perr = ParseTrust("f", []byte(tt.text))
			}
			if (perr == nil) != tt.ok {
				t.Errorf("parser says %v, want ok = %v\n%s", perr, tt.ok, tt.text)
			}
			docs, err := source.ParseYAML("f", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if serr := compile(t, tt.schema).Validate(plainJSON(t, docs[0].Value)); (serr == nil) != tt.ok {
				t.Errorf("schema says %v, want ok = %v\n%s", serr, tt.ok, tt.text)
			}
		})
	}
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	url := "urn:gate:schema:" + name + ":v1"
	if err := c.AddResource(url, any(readSchema(t, name))); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
