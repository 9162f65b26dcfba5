package pipeline

import (
	"maps"
	"regexp"
	"slices"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/internal/terraform"
)

// withSecrets adds the secrets that files, objects and resources hold, and the
// references to secret managers. Detected values leave the facts here.
func (g *gathered) withSecrets(secret *scanned, c *changed, rendered *render.Collected, stacks *terraform.Collected, places source.Index, said *Record) {
	f := &g.facts
	files := map[string][]string{} // object -> files that it is made from
	sources := map[string][]string{}
	for _, u := range rendered.Units {
		sources[u.ID] = u.Sources
	}
	scopes := map[string]facts.Scope{}
	var carried []*secrets.Found
	for _, o := range f.Objects {
		files[o.ID], scopes[o.ID] = sources[o.Unit], o.Scope
		carried = append(carried, secret.scanner.FromObject(o.ID, rendered.Raw[o.ID], places[o.ID], rendered.Placeholders[o.Unit]...))
	}
	f.Resources = make([]facts.Resource, len(stacks.Resources))
	for i, x := range stacks.Resources {
		scopes[x.ID] = x.Scope
		carried = append(carried, secret.scanner.FromResource(x, places[x.ID]))
		f.Resources[i] = secret.scanner.RedactResource(x)
	}
	found := secrets.Combine(secret.files, carried, func(id string) []string { return files[id] })
	said.Ledger = append(said.Ledger, found.Ledger...)
	maps.Copy(said.Locators, found.Locators)
	for file, set := range stacks.SecretLines {
		for n := range set {
			g.secrets.add(file, n)
		}
	}
	for i, x := range found.Secrets {
		scope, carried := scopes[x.Object]
		if !carried {
			scope = c.scopes.file(x.Path)
		}
		found.Secrets[i].Scope = scope
		at := found.Locators[x.ID].Locate(nil)
		g.secrets.add(at.File, at.Line)
		for _, rel := range at.Related {
			g.secrets.add(rel.File, rel.Line)
		}
	}
	for i, a := range found.Assessments {
		found.Assessments[i].Scope = c.scopes.file(found.Locators[a.ID].Locate(nil).File)
	}
	f.Secrets, f.Assessments = found.Secrets, found.Assessments
	g.redact = found.Redactor().Redact
	g.hideRepeated(found.Repeated())
	g.redactDefinitions(secret.scanner)
	g.references(rendered.Raw, places, said)
}

// hideRepeated takes detected values out of where else they stand.
func (g *gathered) hideRepeated(values *secrets.Repeated) {
	f := &g.facts
	f.GeneratedObjects = slices.Clone(f.GeneratedObjects)
	for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects, f.GeneratedObjects} {
		for i, o := range list {
			list[i].Manifest = values.Hide(o.Manifest)
		}
	}
	for i, c := range f.Containers {
		f.Containers[i].Container = values.Hide(c.Container)
	}
}

// references are those of objects to secret managers and their stores.
func (g *gathered) references(raw map[string]map[string]any, places source.Index, said *Record) {
	f := &g.facts
	for _, o := range f.Objects {
		for _, ref := range secrets.References(o.ID, raw[o.ID]) {
			ref.Scope = o.Scope
			if ref.Namespace == "" {
				ref.Namespace = o.Namespace
			}
			said.Locators[ref.ID] = source.At(places[o.ID], source.Path(ref.Path))
			f.SecretReferences = append(f.SecretReferences, ref)
		}
		if x, ok := secrets.Store(o.ID, raw[o.ID]); ok {
			x.Environment, x.Target = o.Environment, o.Target
			if x.Namespace == "" {
				x.Namespace = o.Namespace
			}
			f.Index.SecretStores = append(f.Index.SecretStores, x)
		}
	}
}

// redactDefinitions takes detected values out of what is no object and no
// resource: CI definitions and the outputs of stacks.
func (g *gathered) redactDefinitions(scanner *secrets.Scanner) {
	for i, w := range g.facts.Workflows {
		clean := scanner.RedactSettings(w.Document)
		w.Entries = slices.Clone(w.Entries)
		for j, e := range w.Entries {
			if was, ok := doc.At(w.Document, e.Path...).(string); ok && was == e.Value {
				if is, ok := doc.At(clean, e.Path...).(string); ok {
					w.Entries[j].Value = is
				}
			}
		}
		w.Document = clean
		g.facts.Workflows[i] = w
	}
	for i, st := range g.facts.Terraform.Stacks {
		modules := slices.Clone(st.Modules)
		for j, m := range modules {
			modules[j].Source, modules[j].Unread = g.redact(m.Source), g.redact(m.Unread)
		}
		g.facts.Terraform.Stacks[i].Modules = modules
		if st.Outputs != nil {
			g.facts.Terraform.Stacks[i].Outputs = scanner.RedactSettings(st.Outputs)
		}
	}
}

// redactor takes the secrets that are known so far out of a text.
func (c *chain) redactor() func(string) string {
	switch {
	case c.scanned == nil && c.changed != nil: // files were read, and it is not known what must not be said of them
		return func(text string) string {
			if text == "" {
				return ""
			}
			return "(not shown: the run ended before it had looked for secrets)"
		}
	case c.scanned == nil:
		return func(text string) string { return text }
	}
	redact := c.scanned.redact
	if c.gathered != nil {
		redact = c.gathered.redact
	}
	return func(text string) string { return c.scanned.policy(redact(text)) }
}

// redactFindings takes known secrets out of what the decision says by itself: of
// waivers and of what waives, which quote the policy's files and comments.
func redactFindings(res *decide.Result, redact func(string) string) {
	waiver := func(w *decide.WaiverUse) {
		w.Owner, w.Reason, w.Ticket = redact(w.Owner), redact(w.Reason), redact(w.Ticket)
	}
	for i := range res.Findings {
		f := &res.Findings[i]
		f.Message = redact(f.Message)
		if f.Waived != nil {
			w := *f.Waived
			waiver(&w)
			f.Waived = &w
		}
	}
	for i := range res.Waivers {
		waiver(&res.Waivers[i])
	}
	for i, n := range res.Notes {
		res.Notes[i] = redact(n)
	}
}

var secretKind = regexp.MustCompile(`["']?kind["']?[ \t]*:[ \t]*["']?Secret\b`)

// opaque are the files with a Secret that cannot be parsed: it has no known
// values, so any line may hold one.
func opaque(ledger []facts.Entry, tree source.Tree) map[string]bool {
	out := map[string]bool{}
	for _, e := range ledger {
		if e.State != facts.Failed || e.Kind != "file" || e.Place.File == "" || out[e.Place.File] {
			continue
		}
		if data, err := tree.ReadFile(e.Place.File); err == nil && secretKind.Match(data) {
			out[e.Place.File] = true
		}
	}
	return out
}

// HoldsSecret says whether a secret stands in a line of a file: one that was
// detected there, or the value of one that was detected elsewhere.
func (o *Outcome) HoldsSecret(path string, line int) bool {
	g := o.chain.gathered
	if g == nil || g.secrets[path][line] || o.chain.opaque[path] || o.holdsKey(path, line) {
		return true
	}
	at := source.Position{File: path, Line: line}
	holds, asked := o.lines[at]
	if !asked { // a plan in the tree is one line of megabytes with thousands of findings
		text := o.readLine(path, line)
		holds = o.chain.redactor()(text) != text
		o.lines[at] = holds
	}
	return holds
}

// holdsKey says whether a line belongs to a private key, also to one without an end.
func (o *Outcome) holdsKey(path string, line int) bool {
	lines, known := o.keys[path]
	if !known {
		if data, err := o.ReadFile(path); err == nil {
			lines = secrets.KeyLines(string(data))
		}
		o.keys[path] = lines
	}
	return lines[line]
}
