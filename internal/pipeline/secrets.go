package pipeline

import (
	"maps"
	"regexp"

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
	g.secrets.ofSecrets(rendered.Raw, places)
	for i, a := range found.Assessments {
		found.Assessments[i].Scope = c.scopes.file(found.Locators[a.ID].Locate(nil).File)
	}
	f.Secrets, f.Assessments = found.Secrets, found.Assessments
	g.redact, g.repeated, g.quoted = found.Redactor().Redact, found.Repeated(), found.Quoted().Redact
	g.hide, g.raw = g.hidden(secret.scanner), rendered.Raw
	g.reveal = func(texts []string) func(string) string {
		own := secrets.NewRedactor(texts)
		return func(text string) string { return own.Redact(g.redact(text)) }
	}
	g.hideRepeated()
	g.hideInChange()
	g.redactDefinitions(secret.scanner)
	g.references(rendered.Raw, places, said)
}

// ofSecrets are the lines of what a Secret holds, detected as a credential or not.
func (l lines) ofSecrets(objects map[string]map[string]any, places source.Index) {
	for id, object := range objects {
		if object["kind"] != "Secret" || places[id] == nil {
			continue
		}
		for _, field := range []string{"data", "stringData"} {
			for key := range doc.Map(object, field) {
				at := places[id].Locate(source.Path{field, key})
				for n := at.Line; n <= max(at.Line, at.EndLine); n++ {
					l.add(at.File, n)
				}
			}
		}
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
		holds = g.quoted(text) != text || o.chain.redactor()(text) != text
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
