package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Organisation is what an entry of the organisation's own policies judges.
type Organisation struct {
	Entry  config.Policy
	Label  string      // of Rules
	Rules  source.Tree // that the policies and their data stand in
	Tree   source.Tree // that is judged
	Facts  *facts.Facts
	Places source.Index           // of the subjects
	Hide   func(document any) any // takes secrets out of a document
	// Params are the parameters of the rules of a catalog.
	Params   func([]Rule) map[string]map[string]map[string]any
	Provided map[string]bool
	// Time is what the entry may take of the processors, beside what each document
	// adds (see OrganisationTime).
	Time    time.Duration
	Workers int
}

// Judge evaluates the entry. places are those of files that it judges and that
// nobody else knows.
func (o *Organisation) Judge(ctx context.Context) (out *Outcome, rules []Rule, places source.Index) {
	places = source.Index{}
	out, rules = o.judge(ctx, places)
	return out, rules, places
}

func (o *Organisation) judge(ctx context.Context, places source.Index) (*Outcome, []Rule) {
	set, err := o.set()
	if err != nil {
		return o.fail(err)
	}
	if o.Entry.Style == "catalog" {
		return o.catalogStyle(ctx, set)
	}
	docs, err := o.documents(places)
	if err != nil {
		return o.fail(err)
	}
	return set.Judge(ctx, docs, o.Time)
}

// Load compiles the entry as Judge would and returns its rules, sorted by id.
// Of the fields it reads Entry, Label and Rules only.
func (o *Organisation) Load() ([]Rule, error) {
	set, err := o.set()
	if err != nil {
		return nil, err
	}
	if o.Entry.Style != "catalog" {
		return set.rules()
	}
	c, err := set.Catalog()
	if err != nil {
		return nil, err
	}
	return c.Rules(), nil
}

// set reads the modules of the entry and their data.
func (o *Organisation) set() (Set, error) {
	p := o.Entry
	modules, err := o.below(p.Path, ".rego")
	if err != nil {
		return Set{}, err
	}
	if len(modules) == 0 {
		return Set{}, fmt.Errorf("no .rego file below %s at %s", p.Path, o.Label)
	}
	set := Set{Entry: p.Entry(), Rego: p.Rego, Namespaces: p.Namespaces, Combine: p.Combine, Modules: modules, Data: map[string][]byte{}}
	for _, d := range p.Data {
		files, err := o.below(d, ".yaml", ".yml", ".json")
		if err != nil {
			return Set{}, err
		}
		for name, data := range files {
			set.Data[name] = data
		}
	}
	return set, nil
}

// fail is the outcome of an entry that cannot be evaluated.
func (o *Organisation) fail(err error) (*Outcome, []Rule) {
	return &Outcome{Ledger: []facts.Entry{o.Failed(err)}}, nil
}

// Failed is the ledger's entry of one that cannot be evaluated.
func (o *Organisation) Failed(err error) facts.Entry {
	return facts.Entry{Kind: "policy", ID: o.Entry.Entry(), State: facts.Failed, Reason: err.Error(), Place: source.Position{File: o.Entry.Path}}
}

// below reads the files of the policy's tree at or below a path.
func (o *Organisation) below(dir string, endings ...string) (map[string][]byte, error) {
	out := map[string][]byte{}
	dir = strings.TrimSuffix(strings.TrimPrefix(dir, "./"), "/")
	for _, e := range o.Rules.Entries() {
		if e.Path != dir && !strings.HasPrefix(e.Path, dir+"/") {
			continue
		}
		if !slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(e.Path, end) }) || strings.HasSuffix(e.Path, "_test.rego") {
			continue
		}
		data, err := o.Rules.ReadFile(e.Path)
		if err != nil {
			return nil, fmt.Errorf("read policy %s: %w", e.Path, err)
		}
		out[e.Path] = data
	}
	return out, nil
}

// documents are what an entry's policies judge: files that gate parsed,
// rendered objects without secret values, or plans as resources.
func (o *Organisation) documents(places source.Index) ([]Document, error) {
	p := o.Entry
	var docs []Document
	matches := func(file string) bool {
		return len(p.Match) == 0 || slices.ContainsFunc(p.Match, func(g string) bool { return config.Match(g, file) })
	}
	switch p.Documents {
	case "rendered":
		for _, x := range o.Facts.Objects {
			if file := o.Places[x.ID].Locate(nil).File; matches(file) {
				docs = append(docs, Document{ID: x.ID, File: file, Value: x.Manifest})
			}
		}
	case "plan":
		for _, s := range o.Facts.Terraform.Stacks {
			if !s.Plan || !matches(s.Path) {
				continue
			}
			docs = append(docs, Document{ID: s.ID, File: s.Path + "/plan.json", Value: o.planDocument(s)})
		}
	default: // files
		for _, e := range o.Tree.Entries() {
			if !structured(e.Path) || !matches(e.Path) || e.Symlink {
				continue
			}
			data, err := o.Tree.ReadFile(e.Path)
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
				docs = append(docs, Document{ID: "file:" + e.Path, File: e.Path, Value: hideSecrets(o.Hide(d.Value))})
			}
			if _, ok := o.Places["file:"+e.Path]; !ok {
				places["file:"+e.Path] = source.Fixed(source.Position{File: e.Path, Line: 1, Approximate: true})
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

// catalogStyle evaluates an entry whose rules are written like the built-in
// ones, over the facts.
func (o *Organisation) catalogStyle(ctx context.Context, set Set) (*Outcome, []Rule) {
	c, err := set.Catalog()
	if err != nil {
		return o.fail(err)
	}
	f := *o.Facts
	f.Params = o.Params(c.Rules())
	out, err := c.Evaluate(ctx, &f, Options{Provided: o.Provided, Steps: int64(o.Time.Seconds() * stepsOfSecond), Workers: o.Workers})
	if err != nil {
		return o.fail(err)
	}
	return out, c.Rules()
}

// planDocument is what a policy over plans sees: the shape of a plan JSON's
// resource_changes, without sensitive values.
func (o *Organisation) planDocument(s facts.Stack) map[string]any {
	changes := []any{}
	for _, x := range o.Facts.Resources {
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
