package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/source"
)

// RuleSpec is what the configuration needs to know about a rule of the
// catalog. (The rule's own type stands above this package.) A spec without
// Effects is a rule of which only the id is known: nothing but its id is
// checked.
type RuleSpec struct {
	ID       string
	Severity string
	// Effects is class -> default effect; UnknownEffect the same for results
	// that are known only after apply.
	Effects       map[string]string
	UnknownEffect map[string]string
	Params        map[string]ParamSpec
	Waivable      string // yes, approval, never
	Requires      string // role
}

// ParamSpec is one parameter of a rule. Type is string, number, boolean, array
// or object.
type ParamSpec struct {
	Type    string
	Default any
	// Configured names a list of the configuration, drift, whose entries stand
	// behind those of the parameter.
	Configured string
}

// ruleEffects checks what can be told about rules without the catalog.
func (k checks) ruleEffects() {
	for _, id := range slices.Sorted(maps.Keys(k.config.Rules)) {
		r, p := k.config.Rules[id], source.Path{"rules", id}
		for _, key := range slices.Sorted(maps.Keys(r.Effect)) {
			q := at(p, "effect", key)
			if key == "*" {
				q = at(p, "effect")
			} else if known := append(slices.Clone(classes), k.config.environmentNames()...); !slices.Contains(known, key) {
				k.faultf(q, "%q is neither a class nor an environment%s", clip(key), suggest(key, known))
			}
			k.word(q, r.Effect[key], effects)
		}
		for _, env := range slices.Sorted(maps.Keys(r.Environments)) {
			q := at(p, "environments", env)
			k.knownEnvironment(q, env)
			if e := r.Environments[env].Effect; e != "" {
				k.word(at(q, "effect"), e, effects)
			}
		}
	}
}

// Check compares the configuration with the catalog: rule ids, parameters and
// their types, and effects of rules that must not be loosened. Like Parse it
// joins all faults, with their lines.
func (c *Config) Check(rules []RuleSpec) error {
	if c == nil {
		return nil
	}
	k := catalogChecks{config: c, rules: map[string]RuleSpec{}}
	for _, r := range rules {
		k.rules[r.ID] = r
	}
	k.entries()
	for _, id := range slices.Sorted(maps.Keys(c.Baseline.Rules)) {
		if _, known := k.rules[id]; !known && !k.ofPolicy(id) {
			k.unknown(source.Path{"baseline", "rules", id}, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Rules)) {
		rule, known := k.rules[id]
		switch {
		case known:
			k.rule(rule, c.Rules[id])
		case !k.ofPolicy(id):
			k.unknown(source.Path{"rules", id}, id)
		}
	}
	return k.joined()
}

// CheckOwn compares the configuration with the rules of the organisation's own policies,
// of the entries that are loaded: ids that none has, parameters and effects.
func (c *Config) CheckOwn(rules []RuleSpec, loaded []string) error {
	if c == nil {
		return nil
	}
	k := catalogChecks{config: c, rules: map[string]RuleSpec{}}
	for _, r := range rules {
		k.rules[r.ID] = r
	}
	lacks := func(id string) bool {
		_, known := k.rules[id]
		entry, _, _ := strings.Cut(id, "/")
		return !known && k.ofPolicy(id) && slices.Contains(loaded, entry)
	}
	for _, id := range slices.Sorted(maps.Keys(c.Baseline.Rules)) {
		if lacks(id) {
			k.unknown(source.Path{"baseline", "rules", id}, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Rules)) {
		if rule, known := k.rules[id]; known {
			k.rule(rule, c.Rules[id])
		} else if lacks(id) {
			k.unknown(source.Path{"rules", id}, id)
		}
	}
	return k.joined()
}

type catalogChecks struct {
	config *Config
	rules  map[string]RuleSpec
	faults []*source.Error
}

func (k *catalogChecks) faultf(p source.Path, format string, args ...any) {
	pos := source.Position{File: k.config.File}
	if k.config.Places != nil {
		pos = k.config.Places.Locate(p).Position
		pos.Approximate, pos.EndLine, pos.EndColumn = false, 0, 0
	}
	k.faults = append(k.faults, &source.Error{Position: pos, Msg: fmt.Sprintf(format, args...)})
}

// joined are all faults, by their lines.
func (k *catalogChecks) joined() error {
	slices.SortStableFunc(k.faults, func(a, b *source.Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, 0, len(k.faults))
	for _, f := range k.faults {
		errs = append(errs, f)
	}
	return errors.Join(errs...)
}

func (k *catalogChecks) unknown(p source.Path, id string) {
	hint := cmp.Or(DidYouMean(id, slices.Sorted(maps.Keys(k.rules))), "; gate rules list names all")
	k.faultf(p, "unknown rule %q%s", clip(id), hint)
}

// entries refuses policy entries whose rule ids could be taken for rules of
// the catalog.
func (k *catalogChecks) entries() {
	for i, p := range k.config.Policies {
		for _, id := range slices.Sorted(maps.Keys(k.rules)) {
			// Ids of the catalog have two parts, those of organisations three.
			if category, name, _ := strings.Cut(id, "/"); category == p.Entry() && !strings.Contains(name, "/") {
				k.faultf(source.Path{"policies", i}, "policy entry is named %q like a category of the catalog; set another name", p.Entry())
				break
			}
		}
	}
}

// ofPolicy says whether an id may belong to an organisation's policy:
// <entry>/<namespace>/<rule>.
func (k *catalogChecks) ofPolicy(id string) bool {
	parts := strings.SplitN(id, "/", 3)
	return len(parts) == 3 && parts[1] != "" && parts[2] != "" &&
		slices.ContainsFunc(k.config.Policies, func(p Policy) bool { return p.Entry() == parts[0] })
}

func (k *catalogChecks) rule(r RuleSpec, rc RuleConfig) {
	if r.Effects == nil {
		return
	}
	p := source.Path{"rules", r.ID}
	k.params(at(p, "params"), r, rc.Params)
	for _, env := range slices.Sorted(maps.Keys(rc.Environments)) {
		k.params(at(p, "environments", env, "params"), r, rc.Environments[env].Params)
	}
	if r.Waivable == "never" {
		k.never(p, r, rc)
	}
}

// never refuses effects of a rule that cannot be waived which are weaker than
// its own.
func (k *catalogChecks) never(p source.Path, r RuleSpec, rc RuleConfig) {
	for _, key := range slices.Sorted(maps.Keys(rc.Effect)) {
		q := at(p, "effect", key)
		for _, class := range classes {
			applies := key == "*" || key == class || (!slices.Contains(classes, key) && string(k.config.ClassOf(key)) == class)
			if key == "*" {
				q = at(p, "effect")
			}
			if applies && effectRank(rc.Effect[key]) < effectRank(r.Effects[class]) {
				k.faultf(q, "rule %s cannot be waived and stays at %s for class %s; it cannot be %s", r.ID, r.Effects[class], class, rc.Effect[key])
			}
		}
	}
	for _, env := range slices.Sorted(maps.Keys(rc.Environments)) {
		class := string(k.config.ClassOf(env))
		if e := rc.Environments[env].Effect; e != "" && effectRank(e) < effectRank(r.Effects[class]) {
			k.faultf(at(p, "environments", env, "effect"), "rule %s cannot be waived and stays at %s for class %s; it cannot be %s", r.ID, r.Effects[class], class, e)
		}
	}
	if rc.EnforceFrom != nil {
		k.faultf(at(p, "enforceFrom"), "rule %s cannot be waived; it is enforced from the first day", r.ID)
	}
}

func (k *catalogChecks) params(p source.Path, r RuleSpec, params map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(params)) {
		spec, known := r.Params[key]
		if !known {
			if len(r.Params) == 0 {
				k.faultf(at(p, key), "rule %s has no parameters; %q is unknown", r.ID, clip(key))
				continue
			}
			k.faultf(at(p, key), "rule %s has no parameter %q%s", r.ID, clip(key), suggest(key, slices.Sorted(maps.Keys(r.Params))))
			continue
		}
		if got := typeOf(params[key]); got != spec.Type {
			k.faultf(at(p, key), "parameter %q of %s is %s; expected %s", key, r.ID, shape(params[key]), article(spec.Type))
		}
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case int, int64, float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

func article(word string) string {
	if strings.ContainsAny(word[:min(1, len(word))], "aeiou") {
		return "an " + word
	}
	return "a " + word
}

// EffectOf is what a failed result of a rule leads to in an environment: the
// entry of the rule for the environment, else its effect for the environment,
// its class, or all; else the rule's default for the class. Before enforceFrom,
// deny and require-approval are warn. A rule that cannot be waived never goes
// below its default. environment is empty for subjects without one. A word
// that is no effect is deny.
func (c *Config) EffectOf(r RuleSpec, environment string, class Class, now time.Time) string {
	own := r.Effects[string(class)]
	effect := own
	rc, configured := RuleConfig{}, false
	if c != nil {
		rc, configured = c.Rules[r.ID]
	}
	if configured {
		effect = configuredEffect(rc, environment, class, own)
		if rc.EnforceFrom != nil && now.Before(*rc.EnforceFrom) && effectRank(effect) > effectRank("warn") {
			effect = "warn"
		}
	}
	if r.Waivable == "never" && effectRank(effect) < effectRank(own) {
		effect = own
	}
	if !slices.Contains(effects, effect) {
		return "deny"
	}
	return effect
}

// ExistingEffect is what a finding of a rule may lead to at most that the base
// of the change has as well.
func (c *Config) ExistingEffect(rule string, now time.Time) string {
	if c == nil {
		return "warn"
	}
	b := c.Baseline
	if b.Until != nil && !now.Before(*b.Until) {
		return "deny"
	}
	return cmp.Or(b.Rules[rule], b.Existing, "warn")
}

func configuredEffect(rc RuleConfig, environment string, class Class, own string) string {
	if e := rc.Environments[environment].Effect; e != "" && environment != "" {
		return e
	}
	keys := []string{string(class), "*"}
	if environment != "" {
		keys = []string{environment, string(class), "*"}
	}
	for _, key := range keys {
		if e, set := rc.Effect[key]; set {
			return e
		}
	}
	return own
}

// HasEffect says whether the configuration itself sets the effect of a rule
// there, so that it also replaces levels that results name.
func (c *Config) HasEffect(rule, environment string, class Class) bool {
	if c == nil {
		return false
	}
	rc, configured := c.Rules[rule]
	return configured && configuredEffect(rc, environment, class, "") != ""
}

// Params merges the parameters of every rule for every environment:
// environment name -> rule id -> parameter -> value. The key "" is for
// subjects without an environment. Rule defaults come first, then the rule's
// params, then its params in the environment; a parameter is replaced as a
// whole, lists and objects are not merged.
func Params(c *Config, rules []RuleSpec) map[string]map[string]map[string]any {
	environments := []string{""}
	if c != nil {
		environments = append(environments, c.environmentNames()...)
	}
	out := make(map[string]map[string]map[string]any, len(environments))
	for _, env := range environments {
		byRule := make(map[string]map[string]any, len(rules))
		for _, r := range rules {
			merged := make(map[string]any, len(r.Params))
			for key, p := range r.Params {
				merged[key] = p.Default
			}
			if c != nil {
				rc := c.Rules[r.ID]
				for key, v := range rc.Params {
					merged[key] = v
				}
				if env != "" {
					for key, v := range rc.Environments[env].Params {
						merged[key] = v
					}
				}
			}
			for key, p := range r.Params {
				if list := c.listed(p.Configured); len(list) > 0 {
					own, _ := merged[key].([]any)
					merged[key] = append(slices.Clone(own), list...)
				}
			}
			byRule[r.ID] = merged
		}
		out[env] = byRule
	}
	return out
}

// listed is a list of the configuration as a parameter has it, for the names
// that a ParamSpec may bind to.
func (c *Config) listed(name string) []any {
	if c == nil || name != "drift" {
		return nil
	}
	var out []any
	for _, d := range c.Drift {
		class := map[string]any{"class": d.Class, "match": d.Match, "owner": d.Owner, "reason": d.Reason}
		if d.ReviewBy != nil {
			class["reviewBy"] = d.ReviewBy.Format(time.DateOnly)
		}
		out = append(out, class)
	}
	return out
}
