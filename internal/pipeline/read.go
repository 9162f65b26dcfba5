package pipeline

import (
	"context"
	"path"
	"slices"

	"gate/internal/config"
	"gate/internal/deploy"
	"gate/internal/facts"
	"gate/internal/join"
	"gate/internal/render"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/internal/supplychain"
	"gate/internal/terraform"
)

// read turns the inputs into subjects with positions. What cannot be read is
// failed in the ledger; the error is that of the context or of the machine.
func (r *run) read(ctx context.Context) error {
	if err := r.readRepository(ctx); err != nil { // first: owners are part of every scope
		return cause(ctx, err)
	}
	scanner, err := secrets.NewScanner()
	if err != nil {
		return err
	}
	r.step("render")
	rendered := r.render(ctx, scanner)
	r.step("read Terraform")
	if err := r.readTerraform(ctx, scanner); err != nil {
		return cause(ctx, err)
	}
	r.facts.Index = join.Terraform(r.facts.Index, r.facts.Objects, r.facts.Resources)
	r.step("look for secrets")
	if err := r.findSecrets(ctx, scanner, rendered); err != nil {
		return cause(ctx, err)
	}
	if err := r.readCrossplane(); err != nil {
		return err
	}
	r.step("assess objects")
	r.assess(ctx, rendered)
	r.readAttestations()
	return cause(ctx, ctx.Err())
}

// render renders every unit and collects objects and containers.
func (r *run) render(ctx context.Context, scanner *secrets.Scanner) *render.Collected {
	cfg, now := r.policy.Config, r.o.Now
	excluded := map[string]bool{}
	keep := func(u render.Unit) bool {
		x, ok := cfg.ExcludedUnit(u.ID, u.Path, now)
		if ok = ok && !x.Expired(now); ok && !excluded[u.ID] {
			excluded[u.ID] = true
			r.ledger = append(r.ledger, exclusion(facts.Entry{Kind: "unit", ID: u.ID, Place: u.Place}, x))
		}
		return !ok
	}
	opts := r.renderOptions(KindUnit)
	opts.Charts = r.charts(r.tree)
	outs, ledger := deploy.Tree(ctx, r.tree, r.inv, cfg, opts, keep)
	r.ledger = append(r.ledger, ledger...)
	units := make([]render.Unit, len(outs))
	for i, o := range outs {
		units[i] = o.Unit
	}
	got := render.Facts(outs, scanner.Redact, cfg.Workloads...)
	r.noteSeeded(outs)
	r.noteRendered(got.Ledger)
	r.ledger = append(r.ledger, got.Ledger...)
	hints := map[string]config.Hint{}
	for _, u := range units {
		hints[u.ID] = r.unitHint(u, r.inv)
		r.places[u.ID] = u.Place
	}
	for i, u := range got.Units {
		got.Units[i].Scope = r.scope(u.ID, hints[u.ID])
		r.locators[u.ID] = source.Fixed(r.places[u.ID])
	}
	scopes := map[string]facts.Scope{}
	for i, o := range got.Objects {
		h := objectHint(hints[o.Unit], o, "")
		got.Objects[i].Scope = toScope(r.resolver.Scope(h))
		scopes[o.ID] = got.Objects[i].Scope
	}
	for i, c := range got.Containers {
		got.Containers[i].Scope = scopes[c.Object]
	}
	joined := join.Objects(join.Document{
		Units: got.Units, Objects: got.Objects, Containers: got.Containers, DefaultNamespace: defaultNamespaces(units),
	})
	for id, l := range got.Locators {
		r.locators[id] = l
	}
	r.facts.Units, r.facts.Objects, r.facts.Containers = joined.Units, joined.Objects, joined.Containers
	r.facts.Images, r.facts.Index = joined.Images, joined.Index
	for _, img := range r.facts.Images {
		r.locators[img.ID] = source.At(r.locators[img.UsedBy[0]], source.Path{"image"})
	}
	r.compareWithBase(ctx, scanner, outs, got)
	return got
}

// defaultNamespaces are the units whose release namespace nobody gave: charts
// that are rendered with their defaults.
func defaultNamespaces(units []render.Unit) map[string]bool {
	out := map[string]bool{}
	for _, u := range units {
		out[u.ID] = u.Kind == render.KindHelm && u.Namespace == ""
	}
	return out
}

// readTerraform reads plans, and the configuration of stacks without one.
func (r *run) readTerraform(ctx context.Context, scanner *secrets.Scanner) error {
	in := terraform.Inputs{
		Stacks: slices.Clone(r.inv.TerraformRoots), StackFaults: r.dead(KindStack, "read"), PlanFaults: r.dead(KindPlan, "read"),
		StartedStack: r.started(KindStack), StartedPlan: r.started(KindPlan), StuckStack: r.stuck(KindStack, terraform.TooSlow()),
	}
	in.RefreshOnly = r.o.Drift
	in.Excluded = func(dir string) bool {
		x, ok := r.policy.Config.Excluded(path.Join(dir, "terragrunt.hcl"), r.o.Now)
		return ok && !x.Expired(r.o.Now)
	}
	in.VarFiles = map[string][]string{}
	for _, s := range r.policy.Config.Stacks {
		for _, f := range s.VarFiles {
			in.VarFiles[path.Clean(s.Path)] = append(in.VarFiles[path.Clean(s.Path)], path.Clean(f))
		}
		if p := path.Clean(s.Path); !slices.Contains(in.Stacks, p) && r.hasFiles(p) {
			in.Stacks = append(in.Stacks, p)
		}
	}
	for i, p := range r.files.plans {
		r.files.plans[i].data = nil // its digest is kept: plans of 100 MB exist
		file := terraform.PlanFile{Stack: p.Stack, Name: p.name, Data: p.data}
		if p.binary != nil {
			file.Binary = &terraform.BinaryFile{Name: p.binary.name, Data: p.binary.data}
			p.binary.data = nil
		}
		in.Plans = append(in.Plans, file)
	}
	got, err := terraform.Collect(ctx, r.tree, in)
	if err != nil {
		return err
	}
	r.ledger = append(r.ledger, got.Ledger...)
	for id, l := range got.Locators {
		r.locators[id] = l
	}
	r.planOf = got.Plans
	r.hideLines(got.SecretLines)
	r.compareStacks(got.Resources)
	for i, s := range got.Stacks {
		got.Stacks[i].Scope = r.scope(s.ID, stackHint(s.Path))
		for j, d := range s.Drift {
			got.Stacks[i].Drift[j] = scanner.RedactResource(d)
		}
	}
	for i, x := range got.Resources {
		h := stackHint(x.Stack)
		h.Tags, h.Name = tags(x), x.Name
		x.Scope = toScope(r.resolver.Scope(h))
		got.Resources[i] = x
	}
	r.facts.Resources, r.facts.Terraform.Stacks = got.Resources, got.Stacks
	return nil
}

// hideLines keeps lines that hold secrets out of what is quoted.
func (r *run) hideLines(lines map[string]map[int]bool) {
	for file, set := range lines {
		if r.secret[file] == nil {
			r.secret[file] = map[int]bool{}
		}
		for n := range set {
			r.secret[file][n] = true
		}
	}
}

func (r *run) hasFiles(dir string) bool {
	return slices.ContainsFunc(r.tree.Entries(), func(e source.Entry) bool { return path.Dir(e.Path) == dir })
}

func stackHint(dir string) config.Hint {
	return config.Hint{Stack: dir, Paths: []string{path.Join(dir, "main.tf")}}
}

// tags are the tags or labels of a resource, planned or before its deletion.
func tags(x facts.Resource) map[string]string {
	out := map[string]string{}
	for _, state := range []map[string]any{x.Before, x.After} {
		for _, key := range []string{"labels", "tags", "tags_all"} {
			m, _ := state[key].(map[string]any)
			for k, v := range m {
				if s, ok := v.(string); ok {
					out[k] = s
				}
			}
		}
	}
	return out
}

// findSecrets scans files, objects and resources, and collects the references
// to secret managers. Detected values leave the facts here.
func (r *run) findSecrets(ctx context.Context, scanner *secrets.Scanner, rendered *render.Collected) error {
	cfg, now := r.policy.Config, r.o.Now
	files, err := scanner.Files(ctx, r.tree, func(p string) bool {
		x, ok := cfg.Excluded(p, now)
		return ok && !x.Expired(now)
	})
	if err != nil {
		return err
	}
	var carried []*secrets.Found
	unitSources := map[string][]string{}
	for _, u := range rendered.Units {
		unitSources[u.ID] = u.Sources
	}
	sources := map[string][]string{}
	for _, o := range r.facts.Objects {
		sources[o.ID] = unitSources[o.Unit]
		carried = append(carried, scanner.FromObject(o.ID, rendered.Raw[o.ID], r.locators[o.ID], rendered.Placeholders[o.Unit]...))
	}
	for i, x := range r.facts.Resources {
		carried = append(carried, scanner.FromResource(x, r.locators[x.ID]))
		r.facts.Resources[i] = scanner.RedactResource(x)
	}
	found := secrets.Combine(files, carried, func(id string) []string { return sources[id] })
	r.ledger = append(r.ledger, found.Ledger...)
	for id, l := range found.Locators {
		r.locators[id] = l
	}
	scopes := map[string]facts.Scope{}
	for _, o := range r.facts.Objects {
		scopes[o.ID] = o.Scope
	}
	for _, x := range r.facts.Resources {
		scopes[x.ID] = x.Scope
	}
	for i, s := range found.Secrets {
		scope, carried := scopes[s.Object]
		if !carried {
			scope = toScope(r.resolver.Scope(config.Hint{Paths: []string{s.Path}}))
		}
		found.Secrets[i].Scope = scope
		at := r.locators[s.ID].Locate(nil)
		for _, p := range append([]source.Position{at.Position}, positions(at.Related)...) {
			if r.secret[p.File] == nil {
				r.secret[p.File] = map[int]bool{}
			}
			r.secret[p.File][p.Line] = true
		}
	}
	for i, a := range found.Assessments {
		found.Assessments[i].Scope = toScope(r.resolver.Scope(config.Hint{Paths: []string{r.locators[a.ID].Locate(nil).File}}))
	}
	r.facts.Secrets = found.Secrets
	r.facts.Assessments = append(r.facts.Assessments, found.Assessments...)
	r.redact = found.Redactor().Redact
	r.redactFacts(scanner)
	for _, o := range r.facts.Objects {
		for _, ref := range secrets.References(o.ID, rendered.Raw[o.ID]) {
			ref.Scope = o.Scope
			if ref.Namespace == "" {
				ref.Namespace = o.Namespace
			}
			r.locators[ref.ID] = source.At(r.locators[o.ID], source.Path(ref.Path))
			r.facts.SecretReferences = append(r.facts.SecretReferences, ref)
		}
		if s, ok := secrets.Store(o.ID, rendered.Raw[o.ID]); ok {
			s.Environment, s.Target = o.Environment, o.Target
			if s.Namespace == "" {
				s.Namespace = o.Namespace
			}
			r.facts.Index.SecretStores = append(r.facts.Index.SecretStores, s)
		}
	}
	return nil
}

func positions(related []source.Related) []source.Position {
	var out []source.Position
	for _, r := range related {
		out = append(out, r.Position)
	}
	return out
}

// readAttestations says what signatures are known for each image.
func (r *run) readAttestations() {
	var store *supplychain.Store
	if r.o.Attestations != "" {
		var ledger []facts.Entry
		var err error
		if store, ledger, err = supplychain.Read(r.o.Attestations); err != nil {
			r.failed("input", "attestations", err)
		} else {
			r.provided["attestations"] = true
		}
		r.ledger = append(r.ledger, ledger...)
	}
	images, ledger := store.Attach(r.facts.Images, r.policy.Trust, r.policy.tree.ReadFile)
	r.facts.Images = images
	r.ledger = append(r.ledger, ledger...)
}

// withoutSecrets is a parsed file as an organisation's policy may see it.
func (r *run) withoutSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = r.withoutSecrets(x)
		}
		if out["kind"] == "Secret" {
			for _, field := range []string{"data", "stringData"} {
				if m, ok := out[field].(map[string]any); ok {
					for k := range m {
						m[k] = facts.Redacted("secret")
					}
				}
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = r.withoutSecrets(x)
		}
		return out
	case string:
		return r.redact(v)
	}
	return v
}

// HoldsSecret says whether a detected secret stands in a line of a file.
func (o *Outcome) HoldsSecret(path string, line int) bool {
	return o.run.secret[path][line] || o.run.opaque[path]
}
