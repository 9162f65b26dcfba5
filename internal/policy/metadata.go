package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gate/internal/config"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The names that metadata may use.
var (
	Severities = []string{"critical", "high", "medium", "low"}
	Effects    = []string{"deny", "require-approval", "warn", "off"}
	Classes    = []string{"prod", "non-prod"}
	Inputs     = []string{"pull-request", "plan", "protection", "attestations", "registry", "contract", "base"}
	paramTypes = []string{"string", "number", "boolean", "array", "object"}
	waivables  = []string{"yes", "approval", "never"}
	languages  = []string{"yaml", "hcl", "json", "text"}
)

// What a parameter may be bound to.
const (
	ConfiguredDrift   = "drift"
	CollectsEmergency = "emergency-labels"
)

// custom is the shape of the annotation's "custom" block.
type custom struct {
	Severity      string            `json:"severity"`
	Effects       map[string]string `json:"effects"`
	UnknownEffect map[string]string `json:"unknownEffect"`
	Over          struct {
		Subject string   `json:"subject"`
		Kinds   []string `json:"kinds"`
		Types   []string `json:"types"`
	} `json:"over"`
	Scope  string   `json:"scope"`
	Drift  bool     `json:"drift"`
	Needs  []string `json:"needs"`
	Params map[string]struct {
		Type        string `json:"type"`
		Default     any    `json:"default"`
		Description string `json:"description"`
		Configured  string `json:"configured"`
		Collects    string `json:"collects"`
	} `json:"params"`
	Remediation string `json:"remediation"`
	Language    string `json:"language"`
	Before      string `json:"before"`
	After       string `json:"after"`
	References  []struct {
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"references"`
	Requires string `json:"requires"`
	Waivable string `json:"waivable"`
	Since    string `json:"since"`
}

var (
	idPart    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	versionID = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// checkPackage refuses a module of the catalog whose package is not that of its
// folder.
func checkPackage(id string, module *ast.Module) error {
	category, name, ok := strings.Cut(id, "/")
	if !ok || !idPart.MatchString(category) || !idPart.MatchString(name) {
		return fmt.Errorf("rule id %q is not category/name in lower case", id)
	}
	want := ast.MustParseRef(packageOf(id))
	if got := module.Package.Path; !got.Equal(want) {
		return fmt.Errorf("rule %s: package is %s, want gate.rules[%q][%q]", id, strings.TrimPrefix(got.String(), "data."), category, name)
	}
	return nil
}

// packageOf is the reference to the package of a rule of the catalog.
func packageOf(id string) string {
	category, name, _ := strings.Cut(id, "/")
	return fmt.Sprintf("data.gate.rules[%q][%q]", category, name)
}

// decodeRule reads the package annotation of a module strictly: every unknown
// key, missing text and wrong word is an error.
func decodeRule(id string, module *ast.Module) (Rule, error) {
	category, name, _ := strings.Cut(id, "/")
	var note *ast.Annotations
	for _, a := range module.Annotations {
		if a.Scope == "package" {
			note = a
		}
	}
	if note == nil {
		return Rule{}, fmt.Errorf("rule %s: no METADATA annotation above the package", id)
	}
	var c custom
	raw, err := json.Marshal(note.Custom)
	if err != nil {
		return Rule{}, fmt.Errorf("rule %s: %w", id, err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Rule{}, fmt.Errorf("%s: rule %s: metadata: %s", note.Location, id, ofMetadata(err))
	}
	r := Rule{
		ID: id, Category: category, Name: name,
		Title: note.Title, Description: strings.TrimSpace(note.Description),
		Severity: c.Severity, Effects: c.Effects, UnknownEffect: c.UnknownEffect,
		Over:  Over{Subject: c.Over.Subject, Kinds: c.Over.Kinds, Types: c.Over.Types},
		Scope: c.Scope, Drift: c.Drift, Needs: c.Needs, Params: map[string]Param{},
		Remediation: c.Remediation, Language: c.Language, Before: c.Before, After: c.After,
		Requires: c.Requires, Waivable: c.Waivable, Since: c.Since,
	}
	for k, p := range c.Params {
		r.Params[k] = Param{Type: p.Type, Default: p.Default, Description: p.Description, Configured: p.Configured, Collects: p.Collects}
	}
	for _, ref := range c.References {
		r.References = append(r.References, Reference{Title: ref.Title, URL: ref.URL})
	}
	if r.UnknownEffect == nil {
		r.UnknownEffect = map[string]string{"prod": "warn", "non-prod": "warn"}
	}
	if err := r.check(); err != nil {
		return Rule{}, fmt.Errorf("rule %s: metadata: %w", id, err)
	}
	return r, nil
}

// ofMetadata says what is wrong with an annotation in its words.
func ofMetadata(err error) string {
	if mistyped := new(json.UnmarshalTypeError); errors.As(err, &mistyped) {
		return fmt.Sprintf("%s is %s; expected %s", mistyped.Field, mistyped.Value, jsonName(mistyped.Type.Kind()))
	}
	name, ok := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !ok {
		return err.Error()
	}
	return fmt.Sprintf("unknown key %s%s", name, config.DidYouMean(strings.Trim(name, `"`), customKeys()))
}

// jsonName is how a type is called where it is written.
func jsonName(k reflect.Kind) string {
	switch k {
	case reflect.Map, reflect.Struct:
		return "a mapping"
	case reflect.Slice:
		return "a list"
	}
	return k.String()
}

// customKeys are those of the block and of what it holds.
func customKeys() []string {
	var out []string
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				out = append(out, t.Field(i).Tag.Get("json"))
				add(t.Field(i).Type)
			}
		case reflect.Map, reflect.Slice:
			add(t.Elem())
		}
	}
	add(reflect.TypeFor[custom]())
	slices.Sort(out)
	return slices.Compact(out)
}

func (r Rule) check() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	oneOf := func(what, got string, want []string) {
		need(slices.Contains(want, got), "%s is %q, want one of %s", what, got, strings.Join(want, ", "))
	}
	need(r.Title != "", "title is missing")
	need(r.Description != "", "description is missing")
	need(r.Remediation != "", "remediation is missing")
	need(r.Before != "" && r.After != "", "before and after examples are missing")
	need(len(r.References) > 0, "references are missing")
	need(versionID.MatchString(r.Since), "since is %q, want a version such as 0.1.0", r.Since)
	oneOf("severity", r.Severity, Severities)
	oneOf("scope", r.Scope, []string{"subject", "tree"})
	oneOf("waivable", r.Waivable, waivables)
	oneOf("language", r.Language, languages)
	need(len(r.Effects) == len(Classes) && len(r.UnknownEffect) == len(Classes), "effects need exactly prod and non-prod")
	for _, class := range Classes {
		oneOf("effects."+class, r.Effects[class], Effects)
		oneOf("unknownEffect."+class, r.UnknownEffect[class], Effects)
		need(r.Effects[class] != "require-approval" || r.Requires != "", "require-approval needs the role under requires")
	}
	for _, n := range r.Needs {
		oneOf("needs", n, Inputs)
	}
	need(knownSubject(r.Over.Subject), "over.subject is %q, want a key of the facts document", r.Over.Subject)
	for name, p := range r.Params {
		oneOf("params."+name+".type", p.Type, paramTypes)
		need(p.Description != "", "params.%s.description is missing", name)
		need(p.Configured == "" || p.Type == "array", "params.%s.configured needs the type array", name)
		oneOf("params."+name+".configured", p.Configured, []string{"", ConfiguredDrift})
		oneOf("params."+name+".collects", p.Collects, []string{"", CollectsEmergency})
		need(p.Default == nil || typeName(p.Default) == p.Type, "params.%s.default is no %s", name, p.Type)
	}
	return errors.Join(errs...)
}

// typeName names the JSON type of v as parameters do.
func typeName(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64, json.Number, int, int64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}
