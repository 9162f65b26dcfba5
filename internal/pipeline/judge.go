package pipeline

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
	"gate/rules"
)

// Times that policies may take.
const (
	ruleTime         = 20 * time.Second
	organisationTime = 60 * time.Second
)

// catalog loads the rules that have something to judge, and checks the
// configuration against all of them.
func (r *run) catalog() (*policy.Catalog, error) {
	var fsys fs.FS = rules.FS
	if r.o.Catalog != nil {
		fsys = r.o.Catalog
	}
	ids, err := policy.IDs(fsys)
	if err != nil {
		return nil, err
	}
	r.ids = ids
	if r.o.Rules != nil {
		for _, id := range r.o.Rules {
			if !slices.Contains(ids, id) {
				return nil, usage(fmt.Errorf("no rule %q%s", id, nearest(id, ids)))
			}
		}
	}
	cfg := r.policy.Config
	c, err := policy.Load(fsys, func(id string, over policy.Over) bool {
		if r.o.Rules != nil {
			return slices.Contains(r.o.Rules, id)
		}
		_, configured := cfg.Rules[id]
		category, _, _ := strings.Cut(id, "/")
		return configured || r.present(category) && r.mayJudge(over)
	})
	if err != nil {
		return nil, err
	}
	if err := cfg.Check(specs(ids, c.Rules())); err != nil {
		return nil, usage(err)
	}
	r.rules = c.Rules()
	for _, id := range ids {
		if r.o.Rules == nil && !slices.ContainsFunc(r.rules, func(x policy.Rule) bool { return x.ID == id }) {
			r.ledger = append(r.ledger, facts.Entry{Kind: "rule", ID: id, State: facts.NotApplicable, Reason: "nothing that it judges is in the tree"})
		}
	}
	r.digests.policy, r.digests.data = c.PolicyDigest, c.DataDigest
	return c, nil
}

// present says whether there are subjects for rules of a category. Unknown
// categories are loaded: each rule finds out by itself.
func (r *run) present(category string) bool {
	switch category {
	case "kubernetes", "gitops":
		return len(r.facts.Objects)+len(r.facts.DeletedObjects) > 0
	case "iac":
		return len(r.facts.Resources) > 0 || len(r.facts.Terraform.Stacks) > 0
	case "supply-chain":
		return len(r.facts.Objects) > 0 || len(r.facts.Resources) > 0
	}
	return true
}

// mayJudge says whether there is, or may still be found, something that a rule
// judges. Only what was read completely by now can be told.
func (r *run) mayJudge(over policy.Over) bool {
	switch over.Subject {
	case "objects", "containers", "resources", "stacks", "workflows", "secrets", "secretReferences", "assessments":
		n, known := policy.Count(&r.facts, over)
		return n > 0 || !known
	}
	return true
}

// judge evaluates the catalog and the organisation's policies.
func (r *run) judge(ctx context.Context, c *policy.Catalog, f *facts.Facts) ([]policy.Result, error) {
	r.step("judge")
	out, err := c.Evaluate(ctx, f, policy.Options{
		Provided: r.provided, Timeout: ruleTime, Workers: r.workers(),
		Started: r.started(KindRule), Skip: r.dead(KindRule, "evaluated"),
	})
	if err != nil {
		return nil, cause(ctx, err)
	}
	r.ledger = append(r.ledger, out.Ledger...)
	results := out.Results
	if r.o.Rules == nil {
		for _, p := range r.policy.Config.Policies {
			own, rules := r.organisation(ctx, p)
			results = append(results, own.Results...)
			r.ledger = append(r.ledger, own.Ledger...)
			r.rules = append(r.rules, rules...)
		}
	}
	results = r.withoutRepeats(f, results)
	for i := range results {
		results[i].Message = r.redact(results[i].Message)
	}
	return results, nil
}

// cause is the reason why the context ended, where that is what happened.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the run did not end: %w", context.Cause(ctx))
	}
	return err
}

// organisation runs one entry of the organisation's own policies.
func (r *run) organisation(ctx context.Context, p config.Policy) (*policy.Outcome, []policy.Rule) {
	fail := func(err error) (*policy.Outcome, []policy.Rule) {
		return &policy.Outcome{Ledger: []facts.Entry{{
			Kind: "policy", ID: p.Entry(), State: facts.Failed, Reason: err.Error(), Place: source.Position{File: p.Path},
		}}}, nil
	}
	if err := r.dead(KindPolicy, "evaluated")[p.Entry()]; err != nil {
		return fail(err)
	}
	defer r.guard(KindPolicy, p.Entry(), organisationTime, fmt.Sprintf("policies took more than their time of %s", organisationTime))()
	modules, err := r.below(p.Path, ".rego")
	if err != nil {
		return fail(err)
	}
	if len(modules) == 0 {
		return fail(fmt.Errorf("no .rego file below %s at %s", p.Path, r.policy.Label))
	}
	set := policy.Set{Entry: p.Entry(), Rego: p.Rego, Namespaces: p.Namespaces, Combine: p.Combine, Modules: modules, Data: map[string][]byte{}}
	for _, d := range p.Data {
		files, err := r.below(d, ".yaml", ".yml", ".json")
		if err != nil {
			return fail(err)
		}
		for name, data := range files {
			set.Data[name] = data
		}
	}
	if p.Style == "catalog" {
		return r.catalogStyle(ctx, p, set)
	}
	docs, err := r.documents(p)
	if err != nil {
		return fail(err)
	}
	return set.Judge(ctx, docs, organisationTime)
}

// below reads the files of the policy's tree at or below a path.
func (r *run) below(dir string, endings ...string) (map[string][]byte, error) {
	out := map[string][]byte{}
	dir = strings.TrimSuffix(strings.TrimPrefix(dir, "./"), "/")
	for _, e := range r.policy.tree.Entries() {
		if e.Path != dir && !strings.HasPrefix(e.Path, dir+"/") {
			continue
		}
		if !slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(e.Path, end) }) || strings.HasSuffix(e.Path, "_test.rego") {
			continue
		}
		data, err := r.policy.tree.ReadFile(e.Path)
		if err != nil {
			return nil, fmt.Errorf("read policy %s: %w", e.Path, err)
		}
		out[e.Path] = data
	}
	return out, nil
}

// documents are what an entry's policies judge: files that gate parsed,
// rendered objects without secret values, or plans as resources.
func (r *run) documents(p config.Policy) ([]policy.Document, error) {
	var docs []policy.Document
	matches := func(file string) bool {
		return len(p.Match) == 0 || slices.ContainsFunc(p.Match, func(g string) bool { return config.Match(g, file) })
	}
	switch p.Documents {
	case "rendered":
		for _, o := range r.facts.Objects {
			if file := r.locators[o.ID].Locate(nil).File; matches(file) {
				docs = append(docs, policy.Document{ID: o.ID, File: file, Value: o.Manifest})
			}
		}
	case "plan":
		for _, s := range r.facts.Terraform.Stacks {
			if !s.Plan || !matches(s.Path) {
				continue
			}
			docs = append(docs, policy.Document{ID: s.ID, File: s.Path + "/plan.json", Value: r.planDocument(s)})
		}
	default: // files
		for _, e := range r.tree.Entries() {
			if !structured(e.Path) || !matches(e.Path) || e.Symlink {
				continue
			}
			data, err := r.tree.ReadFile(e.Path)
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
				docs = append(docs, policy.Document{ID: "file:" + e.Path, File: e.Path, Value: r.withoutSecrets(d.Value)})
			}
			if _, ok := r.locators["file:"+e.Path]; !ok {
				r.locators["file:"+e.Path] = source.Fixed(source.Position{File: e.Path, Line: 1, Approximate: true})
			}
		}
	}
	return docs, nil
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

// locate leads from a subject and path to the place of the mend.
func (r *run) locate(subject string, path source.Path) source.Location {
	if l, ok := r.locators[subject]; ok && l != nil {
		return l.Locate(path)
	}
	return source.Location{Position: source.Position{File: configFile, Approximate: true}}
}
