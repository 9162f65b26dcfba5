package transition

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gate/internal/facts"
)

// planned is what a plan of one stack does, as far as more than the values of its
// resources decides about it.
type planned struct {
	providers map[string]bool // namespace/type of those that act
	open      bool            // something is made of expressions, whose values the plan does not show
	secret    bool            // something of that may be made of sensitive variables
}

// unread says why the effect of a stack's plan is not known whole, "" if it is.
func unread(s *facts.Stack) string {
	switch {
	case !s.Plan:
		return ""
	case len(s.Problems) > 0:
		return s.Problems[0]
	case s.Errored, !s.Complete:
		return "the plan is not whole"
	case s.PlanLink == facts.PlanDiffers:
		return "the plan is not the JSON of the binary plan"
	}
	return ""
}

// effective are the actions of a resource by which anything is changed.
func effective(r *facts.Resource) []string {
	var out []string
	for _, x := range r.Actions {
		switch x {
		case "no-op", "read", "open", "renew", "close": // nothing that exists is changed
		default:
			out = append(out, x)
		}
	}
	return out
}

// uses enters by which provider something is done.
func (b *builder) uses(r *facts.Resource) {
	if b.planned[r.Stack] == nil {
		b.planned[r.Stack] = &planned{providers: map[string]bool{}}
	}
	b.here = b.planned[r.Stack]
	b.here.providers[r.Provider] = true
	b.set("$provider", strings.Trim(r.ProviderHost+"/"+r.Provider, "/")+" "+r.ProviderConfig)
}

// hangs says that an expression decides about the resource, which may hold a
// sensitive variable or not.
func (b *builder) hangs(secret bool) {
	if b.here != nil {
		b.here.open = true
		b.here.secret = b.here.secret || secret
	}
}

// whole enters all that a resource is made of.
func (b *builder) whole(r *facts.Resource) {
	b.set("", r.After)
	b.computed(r, nil, r.Unknown)
	if len(r.After) == 0 && len(r.Unknown) == 0 && len(r.Expressions) > 0 {
		b.set("$expressions", r.Expressions)
		b.hangs(true)
	}
}

// programs enters the provisioners that may run.
func (b *builder) programs(r *facts.Resource, creates, removes bool) {
	if !creates && !removes || len(r.Provisioners) == 0 {
		return
	}
	var list []any
	for _, p := range r.Provisioners { // of a plan it is not told when one runs
		list = append(list, map[string]any{"type": p.Type, "when": p.When, "expressions": p.Expressions})
		if refers(p.Expressions) {
			b.hangs(true) // what it is given carries no marks
		}
	}
	b.set("$provisioners", list)
}

// reads tells which data sources apply reads, of stacks of which it does
// something: what they find is what resources are made of.
func (b *builder) reads(f *facts.Facts, covers func(facts.Scope) bool) {
	for i := range f.Resources {
		r := &f.Resources[i]
		if r.Mode != "data" || r.Origin != "plan" || !covers(r.Scope) || b.planned[r.Stack] == nil || !slices.Contains(r.Actions, "read") {
			continue
		}
		b.begin(r.ID)
		b.uses(r)
		b.whole(r)
		b.finish(Action{Kind: "resource", Subject: r.ID, Action: "read"})
	}
}

// stacks tells of each plan how the providers are configured that act, and what
// was given to it, where its values do not show what is made of that.
func (b *builder) stacks(f *facts.Facts) {
	for i := range f.Terraform.Stacks {
		s := &f.Terraform.Stacks[i]
		use := b.planned[s.Path]
		if !s.Plan || use == nil {
			continue
		}
		b.begin(s.ID)
		for j := range s.Providers {
			p := &s.Providers[j]
			if !use.providers[namespaceType(p.Source)] && p.Source != "" {
				continue
			}
			b.provider(p)
			use.open = use.open || refers(p.Expressions)
		}
		if use.open {
			for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
				if v := s.Variables[name]; !redacted(v) || use.secret {
					b.set(attribute([]any{"variables", name}), v)
				}
			}
		}
		if len(b.changes) > 0 {
			b.finish(Action{Kind: "configuration", Subject: s.ID, Action: "planned"})
		}
	}
}

// provider enters one configuration. By which credentials it acts is no part of it:
// they stand in the environment as often as here, and change with time.
func (b *builder) provider(p *facts.Provider) {
	path := attribute([]any{"providers", cmp.Or(p.Key, p.Name)})
	b.set(path, map[string]any{"source": p.Source, "alias": p.Alias, "module": p.Module, "expressions": withoutSecrets(p.Expressions)})
}

// withoutSecrets leaves the redacted values of constants out.
func withoutSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if redacted(e) {
				e = "redacted"
			}
			out[k] = withoutSecrets(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = withoutSecrets(e)
		}
		return out
	}
	return v
}

// refers says whether anything of a block is no constant.
func refers(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["references"].([]any); ok {
			return true
		}
		for _, e := range v {
			if refers(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, refers)
	}
	return false
}

// namespaceType is a source address of a provider without its registry.
func namespaceType(source string) string {
	parts := strings.Split(source, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}
