package standing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/policy"
	"gate/internal/policysource"
	"gate/internal/source"
	"gate/rules"
)

// Again judges the facts of a decision by the policy that it was made by and by the one
// that stands now, and says what the latter holds against the change beside the former.
// Facts hold neither the documents that an organisation's policies of conftest's style
// judge nor the base of the change, and what the configuration says of places, units and
// services is in them already: where one of those has changed, only check can tell.
func Again(ctx context.Context, repo *git.Repo, now *policysource.Source, d *attest.Decision, data []byte, at time.Time) *attest.Reevaluation {
	worse, err := again(ctx, repo, now, d, data, at)
	if err != nil {
		return &attest.Reevaluation{Unread: err.Error()}
	}
	return &attest.Reevaluation{Worse: worse}
}

func again(ctx context.Context, repo *git.Repo, now *policysource.Source, d *attest.Decision, data []byte, at time.Time) ([]string, error) {
	said := d.Predicate.Decision
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != said.Digests.Facts {
		return nil, fmt.Errorf("the facts that were handed in are not those of the decision, which have sha256 %s", said.Digests.Facts)
	}
	f, err := facts.Decode(data)
	if err != nil {
		return nil, err
	}
	was, err := before(ctx, repo, d)
	if err != nil {
		return nil, err
	}
	if err := comparable(was, now, d, at); err != nil {
		return nil, err
	}
	made, err := time.Parse(time.RFC3339, d.Predicate.EvaluatedAt)
	if err != nil {
		return nil, err
	}
	one, err := judge(ctx, f, was, said, made)
	if err != nil {
		return nil, err
	}
	two, err := judge(ctx, f, now, said, at)
	if err != nil {
		return nil, err
	}
	return two.beside(one, d.Predicate.Target), nil
}

// before is the policy that a decision was made by.
func before(ctx context.Context, repo *git.Repo, d *attest.Decision) (*policysource.Source, error) {
	label := d.Predicate.Decision.PolicySource
	commit := label[strings.LastIndexByte(label, '@')+1:]
	tree, err := repo.Tree(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("the commit of its policy, %s, is not in this clone: %w", commit, err)
	}
	p := &policysource.Source{Label: label, Trusted: true, Tree: tree}
	if p.Files, err = config.ReadFiles(tree, "", nil); err != nil {
		return nil, err
	}
	catalog, err := built()
	if err != nil {
		return nil, err
	}
	digests, err := DigestsOf(p, catalog.PolicyDigest, catalog.DataDigest)
	if err != nil {
		return nil, err
	}
	if was := d.Predicate.Decision.Digests; was.Policy != digests.Policy || was.Data != digests.Data || was.Judging != digests.Judging {
		return nil, fmt.Errorf("it was judged by the rules of another version of gate (%s): its facts are read by that one only", d.Predicate.Tool.Version)
	}
	return p, nil
}

// comparable refuses what the facts cannot tell.
func comparable(was, now *policysource.Source, d *attest.Decision, at time.Time) error {
	rest := func(c *config.Config) (string, error) { // what facts are made by
		x := *c
		x.Rules, x.Optional, x.Policies, x.People, x.Roles, x.Approvals, x.Freezes = nil, nil, nil, nil, nil, nil, nil
		x.Decision, x.InlineWaivers, x.UnownedPaths, x.Cache, x.Drift = config.DecisionConfig{}, config.InlineWaivers{}, "", config.Cache{}, nil
		data, err := json.Marshal(x)
		return string(data), err
	}
	one, err := rest(was.Config)
	if err != nil {
		return err
	}
	two, err := rest(now.Config)
	if err != nil {
		return err
	}
	if one != two {
		return fmt.Errorf("%s says something else of environments, units, services, the baseline or what is left out: only gate check can tell what comes of it", config.File)
	}
	made, err := time.Parse(time.RFC3339, d.Predicate.EvaluatedAt)
	if err != nil {
		return err
	}
	for _, turn := range now.Config.Turns(made, at) {
		if !strings.HasPrefix(turn, "rules.") {
			return fmt.Errorf("%s has passed: only gate check can tell what comes of it", turn)
		}
	}
	if fmt.Sprint(was.Trust.Images) != fmt.Sprint(now.Trust.Images) {
		return fmt.Errorf("%s trusts other signers of images: only gate check can tell what comes of it", now.Trust.File)
	}
	old, current := digestsOfDocuments(was), digestsOfDocuments(now)
	if !maps.Equal(old, current) {
		return fmt.Errorf("policies that judge documents have changed, and facts do not hold those: only gate check can tell what comes of it")
	}
	return nil
}

// digestsOfDocuments are the digests of the entries whose policies judge documents, with
// what the configuration says of them.
func digestsOfDocuments(p *policysource.Source) map[string]string {
	out := map[string]string{}
	for _, entry := range p.Config.Policies {
		if entry.Style == "catalog" {
			continue
		}
		o := policy.Organisation{Entry: entry, Label: p.Label, Rules: p.Tree}
		d, err := o.Digest()
		if err != nil {
			d = err.Error()
		}
		said, err := json.Marshal(entry)
		if err != nil {
			d = err.Error()
		}
		out[entry.Entry()] = d + string(said)
	}
	return out
}

// judgement is what a policy says of facts.
type judgement struct{ *decide.Result }

// judge evaluates the catalog, and the organisation's rules in its style, over facts.
func judge(ctx context.Context, original *facts.Facts, p *policysource.Source, said attest.Verdict, at time.Time) (*judgement, error) {
	f := *original
	ids, err := policy.IDs(rules.FS)
	if err != nil {
		return nil, err
	}
	c, err := policy.Load(rules.FS, func(h policy.Head) bool {
		_, configured := p.Config.Rules[h.ID]
		return configured || policy.MayApply(&f, h)
	})
	if err != nil {
		return nil, err
	}
	specs := decide.Specs(c.Rules())
	for _, id := range ids {
		if !slices.ContainsFunc(specs, func(s config.RuleSpec) bool { return s.ID == id }) {
			specs = append(specs, config.RuleSpec{ID: id})
		}
	}
	f.Params, f.Now = config.Params(p.Config, specs), at.UTC().Format(time.RFC3339)
	f.Change.UnownedRole = p.Config.HeldUnownedRole()
	f.Environments = slices.Clone(f.Environments)
	for i, e := range f.Environments {
		f.Environments[i].Freezes = []facts.Freeze{}
		for _, z := range p.Config.Freezes {
			if z.Environment == e.Name {
				f.Environments[i].Freezes = append(f.Environments[i].Freezes, facts.Freeze{From: z.From.UTC().Format(time.RFC3339), To: z.To.UTC().Format(time.RFC3339), Reason: z.Reason})
			}
		}
	}
	provided := map[string]bool{} // all but what the decision says was missing
	for _, r := range c.Rules() {
		for _, need := range r.Needs {
			provided[need] = !slices.ContainsFunc(said.NotJudged, func(n attest.NotJudged) bool { return slices.Contains(strings.Split(n.Reason, ", "), "no "+need) })
		}
	}
	out, err := c.Evaluate(ctx, &f, policy.Options{Provided: provided})
	if err != nil {
		return nil, err
	}
	in := decide.Input{
		Config: p.Config, Rules: c.Rules(), RuleIDs: ids, Results: out.Results, Ledger: out.Ledger, Environments: f.Environments, Change: f.Change,
		Now: at, Provided: provided, Subjects: decide.Subjects(&f, source.Index{}, nil, func(string) facts.Scope { return facts.Scope{} }), Judged: 1,
	}
	for _, entry := range p.Config.Policies {
		if entry.Style != "catalog" {
			continue
		}
		o := policy.Organisation{Entry: entry, Label: p.Label, Rules: p.Tree, Facts: &f, Places: source.Index{}, Options: policy.Options{Provided: provided},
			Params: func(rules []policy.Rule) map[string]map[string]map[string]any {
				return config.Params(p.Config, decide.Specs(rules))
			}}
		own, made, _ := o.Judge(ctx)
		in.Results, in.Ledger, in.Rules = append(in.Results, own.Results...), append(in.Ledger, own.Ledger...), append(in.Rules, made...)
	}
	for _, e := range in.Ledger {
		if e.State == facts.Failed {
			return nil, fmt.Errorf("%s %s: %s", e.Kind, e.ID, e.Reason)
		}
	}
	in.Results, _ = decide.WithoutVariables(&f, decide.WithoutStandIns(&f, in.Results))
	res, err := decide.Decide(in)
	if err != nil {
		return nil, err
	}
	return &judgement{res}, nil
}

// most is how many things are told of which a policy says more.
const most = 20

// beside is what one judgement holds against a target that another does not: findings
// that lead to more, and rules that lack what they need.
func (j *judgement) beside(other *judgement, t attest.Target) []string {
	known := map[string]decide.Effect{}
	for _, f := range other.of(t) {
		known[key(f)] = f.Effect
	}
	var out []string
	for _, f := range j.of(t) {
		if before, was := known[key(f)]; f.Effect.Rank() >= decide.RequireApproval.Rank() && (!was || before.Rank() < f.Effect.Rank()) {
			out = append(out, fmt.Sprintf("%s: %s [%s]", f.Effect, f.Message, f.Rule))
		}
	}
	for _, n := range j.NotJudged {
		was := slices.ContainsFunc(other.NotJudged, func(o decide.NotJudged) bool { return o.Rule == n.Rule && o.Environment == n.Environment && o.Required })
		if n.Required && n.Environment == t.Environment && !was {
			out = append(out, fmt.Sprintf("not judged: %s [%s]", n.Reason, n.Rule))
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return out
}

// of are the findings that count at a target.
func (j *judgement) of(t attest.Target) []decide.Finding {
	var out []decide.Finding
	for i, e := range j.Environments {
		if e.Environment != t.Environment || e.Target != t.Name {
			continue
		}
		for _, f := range j.Findings {
			if slices.Contains(f.Entries, i) {
				out = append(out, f)
			}
		}
	}
	return out
}

func key(f decide.Finding) string {
	return strings.Join([]string{f.Rule, f.Subject.ID, f.Path.String(), f.Message}, "\x00")
}
