package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"gate/internal/assess"
	"gate/internal/compare"
	"gate/internal/crossplane"
	"gate/internal/facts"
	"gate/internal/join"
	"gate/internal/render"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/rules"
)

// gathered are all facts that come from inputs, joined and without secrets.
type gathered struct {
	facts    facts.Facts
	provided map[string]bool     // inputs, as rules name them under needs
	redact   func(string) string // takes the values out of what readers say
	repeated *secrets.Repeated   // and the rare ones out of what rules say and structures repeat
	hide     func(any) any       // takes secrets out of a document
	secrets  lines               // that hold a secret
	quoted   func(string) string // takes the values out of what is quoted of files
	// plan is one as it is written; whole: with secrets.
	plan func(stack string, whole bool) (any, error)

	// For policies that may see secrets: the objects with them, by id, and what takes
	// texts out of messages, and all that redact takes out.
	raw    map[string]map[string]any
	reveal func(texts []string) func(string) string
}

// withoutFacts is what is needed beside the document, which has the facts too.
func (g *gathered) withoutFacts() *gathered {
	return &gathered{provided: g.provided, redact: g.redact, repeated: g.repeated, hide: g.hide, secrets: g.secrets, quoted: g.quoted, plan: g.plan, raw: g.raw, reveal: g.reveal}
}

// lines are lines of files, from 1.
type lines map[string]map[int]bool

func (l lines) add(file string, line int) {
	if l[file] == nil {
		l[file] = map[int]bool{}
	}
	l[file][line] = true
}

// unreadPlans are plans that were handed in and of which it is not known what they
// do, nor where.
func unreadPlans(ledger []facts.Entry) []facts.UnknownChange {
	var out []facts.UnknownChange
	for _, e := range ledger {
		if e.State == facts.Failed && strings.HasPrefix(e.ID, "plan:") {
			out = append(out, facts.UnknownChange{Subject: facts.Subject{ID: e.ID}, Side: "head", Reason: e.Reason})
		}
	}
	return out
}

// gather puts what was read beside each other: what the change does to objects,
// what subjects say about one another, secrets and references to them, managed
// resources, and what the judges of Kubernetes say.
func gather(ctx context.Context, s *opened, secret *scanned, c *changed, x *rendered, r *read, places source.Index) (*gathered, Record, error) {
	said := newRecord()
	g := &gathered{provided: map[string]bool{}, secrets: lines{}}
	f := &g.facts
	f.Change, f.Repository, f.Workflows = c.Change, r.repository, slices.Clone(r.workflows)
	f.Terraform.Stacks = slices.Clone(r.terraform.Stacks)
	objects := slices.Clone(x.head.Collected.Objects)
	if x.comparison != nil {
		for i := range objects {
			objects[i].Change = x.comparison.Changes[i]
		}
		f.DeletedObjects, f.Change.Unknown = slices.Clone(x.comparison.Deleted), slices.Clone(x.comparison.Unknown)
		f.GeneratedObjects = slices.Clone(x.comparison.Applications)
	} else if c.trees != nil { // the base cannot be read at all
		f.Change.Unknown = []facts.UnknownChange{{Subject: facts.Subject{ID: "change"}, Side: "base", Reason: "the base cannot be read"}}
	}
	if d := r.declared; d != nil {
		f.Terraform.DeletedResources, f.Terraform.Changes = slices.Clone(d.Deleted), slices.Clone(d.Changes)
		f.Change.Unknown = append(slices.Clone(f.Change.Unknown), d.Unknown...)
	}
	f.Change.Unknown = append(slices.Clone(f.Change.Unknown), unreadPlans(r.terraform.Ledger)...)
	slices.SortStableFunc(f.Change.Unknown, func(a, b facts.UnknownChange) int { return cmp.Compare(a.ID, b.ID) })
	clusters := join.NewClusters(s.policy.Config, x.head.Collected.Units, deployments(x.head))
	joined := join.WithVariants(join.Document{
		Units: x.head.Collected.Units, Objects: objects, Containers: x.head.Collected.Containers, Clusters: clusters,
		DefaultNamespace: defaultNamespaces(x.head.Outcomes),
	})
	f.Units, f.Objects, f.Containers, f.Images, f.Index = joined.Units, joined.Objects, joined.Containers, joined.Images, joined.Index
	f.Index = join.Terraform(f.Index, clusters, f.Units, f.Objects, r.terraform.Resources)
	for _, img := range f.Images {
		said.Locators[img.ID] = source.At(places[img.UsedBy[0]], source.Path{"image"})
	}

	s.step("look for secrets in what was read")
	g.withSecrets(secret, c, x.head.Collected, r.terraform, places, &said)
	g.plan = func(stack string, whole bool) (any, error) {
		p, err := r.planDocument(secret.scanner, stack, whole)
		if whole {
			return p, err
		}
		return g.repeated.Hide(p), err
	}
	for i, u := range f.Change.Unknown {
		f.Change.Unknown[i].Reason = g.redact(u.Reason)
	}
	f.Contract = g.contract(s, c, r)
	managed, err := g.managed(places, &said)
	if err != nil {
		return g, said, err
	}
	s.step("assess objects")
	assessments, ledger := assess.All(ctx, f, x.head.Collected.Raw, x.head.Collected.Repeats, s.assessing(x.head))
	for _, e := range ledger {
		if l := places[e.ID]; l != nil {
			e.Place = l.Locate(nil).Position
		}
		said.Ledger = append(said.Ledger, e)
	}
	said.Ledger = append(said.Ledger, assess.Encrypted(f.Objects, x.head.Collected.Raw, places)...)
	for _, a := range assessments { // behind the search for secrets: no message repeats one
		at := source.At(places[a.Of], source.Path(a.Path))
		g.hideInAssessment(&a, said.Locators)
		said.Locators[a.ID] = at
		f.Assessments = append(f.Assessments, a)
	}
	images, ledger := r.attestations.Attach(f.Images, s.policy.Trust, s.policy.Tree.ReadFile)
	f.Images = images
	said.Ledger = append(said.Ledger, ledger...)

	maps.Copy(g.provided, s.inputs.provided)
	g.provided["base"] = c.Change.Known
	g.provided["attestations"] = r.attestations != nil
	// Of managed resources there is nothing to plan: both sides of the change
	// say what it does.
	g.provided["plan"] = len(r.plans.files) > 0 || managed && len(f.Terraform.Stacks) == 0 && c.Change.Known
	return g, said, ctx.Err()
}

// contract is the contract that was handed in, without secrets, beside the digests of
// the plans that it may name. It is about production wherever there is one.
func (g *gathered) contract(s *opened, change *changed, r *read) *facts.Contract {
	if s.inputs.contract == nil {
		return nil
	}
	c := *s.inputs.contract
	c.Judged = change.identities
	c.Scope = strictest(s.policy.Config.Environments)
	c.Document, _ = g.hide(c.Document).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(r.plans.digests)) {
		c.Plans = append(c.Plans, facts.InputDigest{Name: name, SHA256: r.plans.digests[name]})
	}
	return &c
}

// defaultNamespaces are the units whose release namespace nobody gave: charts
// that are rendered with their defaults.
func defaultNamespaces(outs []render.Outcome) map[string]bool {
	out := map[string]bool{}
	for _, o := range outs {
		out[o.Unit.ID] = o.Unit.Kind == render.KindHelm && o.Unit.Namespace == ""
	}
	return out
}

// deployments say of the units of a side how objects deploy them.
func deployments(side compare.Side) map[string]join.Deployment {
	out := map[string]join.Deployment{}
	for _, o := range slices.Concat(side.Outcomes, side.Made) {
		u := o.Unit
		if u.Controller == "" && u.Deployer.Unit == "" {
			continue
		}
		out[u.ID] = join.Deployment{By: u.Deployer.Unit, Cluster: u.Cluster, Server: u.Server}
	}
	return out
}

// managed adds the managed resources of Crossplane among the objects to the
// resources. It runs after the search for secrets: what the objects hold is
// redacted by then.
func (g *gathered) managed(places source.Index, said *Record) (any bool, err error) {
	f := &g.facts
	has := func(o facts.Object) bool {
		return strings.HasSuffix(o.Group, ".upbound.io") || strings.HasSuffix(o.Group, ".crossplane.io")
	}
	if !slices.ContainsFunc(f.Objects, has) && !slices.ContainsFunc(f.DeletedObjects, has) {
		return false, nil
	}
	table, err := crossplane.Load(rules.FS)
	if err != nil {
		return false, err
	}
	for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects} {
		for i := range list {
			if has(list[i]) {
				list[i].Managed = table.Managed(&list[i])
			}
		}
	}
	got := table.Read(f.Objects, places)
	maps.Copy(said.Locators, got.Locators)
	said.Ledger = append(said.Ledger, got.Ledger...)
	f.Resources = append(f.Resources, got.Resources...)
	slices.SortStableFunc(f.Resources, func(a, b facts.Resource) int { return cmp.Compare(a.ID, b.ID) })
	return len(got.Resources) > 0, nil
}
