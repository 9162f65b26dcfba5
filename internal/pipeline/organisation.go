package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// organisation is one entry of the organisation's own policies.
type organisation struct {
	*opened
	*gathered
	facts  *facts.Facts
	places source.Index
	entry  config.Policy
	named  source.Index // files that it judges and that nobody else knows
}

// judge evaluates the entry.
func (o *organisation) judge(ctx context.Context) (*policy.Outcome, []policy.Rule) {
	p := o.entry
	if err := o.killers(KindPolicy, "evaluated")[p.Entry()]; err != nil {
		return o.fail(err)
	}
	defer o.guard(KindPolicy, p.Entry(), organisationTime, fmt.Sprintf("policies took more than their time of %s", organisationTime))()
	modules, err := o.below(p.Path, ".rego")
	if err != nil {
		return o.fail(err)
	}
	if len(modules) == 0 {
		return o.fail(fmt.Errorf("no .rego file below %s at %s", p.Path, o.opened.policy.Label))
	}
	set := policy.Set{Entry: p.Entry(), Rego: p.Rego, Namespaces: p.Namespaces, Combine: p.Combine, Modules: modules, Data: map[string][]byte{}}
	for _, d := range p.Data {
		files, err := o.below(d, ".yaml", ".yml", ".json")
		if err != nil {
			return o.fail(err)
		}
		for name, data := range files {
			set.Data[name] = data
		}
	}
	if p.Style == "catalog" {
		return o.catalogStyle(ctx, set)
	}
	docs, err := o.documents()
	if err != nil {
		return o.fail(err)
	}
	return set.Judge(ctx, docs, organisationTime)
}

// fail is the outcome of an entry that cannot be evaluated.
func (o *organisation) fail(err error) (*policy.Outcome, []policy.Rule) {
	return &policy.Outcome{Ledger: []facts.Entry{{
		Kind: "policy", ID: o.entry.Entry(), State: facts.Failed, Reason: err.Error(), Place: source.Position{File: o.entry.Path},
	}}}, nil
}

// below reads the files of the policy's tree at or below a path.
func (o *organisation) below(dir string, endings ...string) (map[string][]byte, error) {
	out := map[string][]byte{}
	dir = strings.TrimSuffix(strings.TrimPrefix(dir, "./"), "/")
	for _, e := range o.opened.policy.tree.Entries() {
		if e.Path != dir && !strings.HasPrefix(e.Path, dir+"/") {
			continue
		}
		if !slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(e.Path, end) }) || strings.HasSuffix(e.Path, "_test.rego") {
			continue
		}
		data, err := o.opened.policy.tree.ReadFile(e.Path)
		if err != nil {
			return nil, fmt.Errorf("read policy %s: %w", e.Path, err)
		}
		out[e.Path] = data
	}
	return out, nil
}

// documents are what an entry's policies judge: files that gate parsed,
// rendered objects without secret values, or plans as resources.
func (o *organisation) documents() ([]policy.Document, error) {
	p := o.entry
	var docs []policy.Document
	matches := func(file string) bool {
		return len(p.Match) == 0 || slices.ContainsFunc(p.Match, func(g string) bool { return config.Match(g, file) })
	}
	switch p.Documents {
	case "rendered":
		for _, x := range o.facts.Objects {
			if file := o.places[x.ID].Locate(nil).File; matches(file) {
				docs = append(docs, policy.Document{ID: x.ID, File: file, Value: x.Manifest})
			}
		}
	case "plan":
		for _, s := range o.facts.Terraform.Stacks {
			if !s.Plan || !matches(s.Path) {
				continue
			}
			docs = append(docs, policy.Document{ID: s.ID, File: s.Path + "/plan.json", Value: o.planDocument(s)})
		}
	default: // files
		for _, e := range o.tree.Entries() {
			if !structured(e.Path) || !matches(e.Path) || e.Symlink {
				continue
			}
			data, err := o.tree.ReadFile(e.Path)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", e.Path, err)
			}
			parsed, err := source.ParseYAML(e.Path, data)
			if err != nil {
				if len(p.Match) == 0 && strings.Contains(e.Path, "/templates/") {
					continue // a template is no YAML before it is rendered
				}
				return nil, err
			}
			for _, d := range parsed {
				docs = append(docs, policy.Document{ID: "file:" + e.Path, File: e.Path, Value: hideSecrets(doc.Rewrite(d.Value, o.redact))})
			}
			if _, ok := o.places["file:"+e.Path]; !ok {
				o.named["file:"+e.Path] = source.Fixed(source.Position{File: e.Path, Line: 1, Approximate: true})
			}
		}
	}
	return docs, nil
}

// hideSecrets takes the data out of every Secret in a document, in place.
func hideSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			hideSecrets(e)
		}
		if v["kind"] == "Secret" {
			for _, field := range []string{"data", "stringData"} {
				m := doc.Map(v, field)
				for k := range m {
					m[k] = facts.Redacted("secret")
				}
			}
		}
	case []any:
		for _, e := range v {
			hideSecrets(e)
		}
	}
	return v
}

func structured(path string) bool {
	for _, end := range []string{".yaml", ".yml", ".json"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

func nearest(word string, known []string) string {
	if near := config.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// catalogStyle evaluates an entry whose rules are written like the built-in
// ones, over the facts.
func (o *organisation) catalogStyle(ctx context.Context, set policy.Set) (*policy.Outcome, []policy.Rule) {
	c, err := set.Catalog()
	if err != nil {
		return o.fail(err)
	}
	f := *o.facts
	f.Params = config.Params(o.opened.policy.Config, specs(ids(c.Rules()), c.Rules()))
	out, err := c.Evaluate(ctx, &f, policy.Options{Provided: o.provided, Timeout: organisationTime, Workers: o.Workers})
	if err != nil {
		return o.fail(err)
	}
	return out, c.Rules()
}

func ids(rules []policy.Rule) []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = r.ID
	}
	return out
}

// planDocument is what a policy over plans sees: the shape of a plan JSON's
// resource_changes, without sensitive values.
func (o *organisation) planDocument(s facts.Stack) map[string]any {
	changes := []any{}
	for _, x := range o.facts.Resources {
		if x.Stack != s.Path || x.Origin != "plan" {
			continue
		}
		changes = append(changes, map[string]any{
			"address": x.Address, "module_address": x.Module, "mode": x.Mode, "type": x.Type, "name": x.Name,
			"provider_name": x.Provider, "action_reason": x.ActionReason,
			"change": map[string]any{
				"actions": x.Actions, "before": x.Before, "after": x.After,
				"after_unknown": x.Unknown, "replace_paths": x.ReplacePaths,
			},
		})
	}
	return map[string]any{
		"format_version": s.FormatVersion, "terraform_version": s.TerraformVersion,
		"complete": s.Complete, "errored": s.Errored, "resource_changes": changes,
	}
}
