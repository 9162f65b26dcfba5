package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/secrets"
	"gate/internal/source"
)

// hideRepeated takes detected values that are rare out of where else they stand.
func (g *gathered) hideRepeated() {
	f := &g.facts
	f.GeneratedObjects = slices.Clone(f.GeneratedObjects)
	for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects, f.GeneratedObjects} {
		for i := range list {
			g.hideInObject(&list[i])
		}
	}
	for i := range f.Containers {
		c := &f.Containers[i]
		c.Container, c.Pod, c.Workload.Labels = g.repeated.Hide(c.Container), g.repeated.Hide(c.Pod), g.repeated.Labels(c.Workload.Labels)
	}
	for i := range f.Index.Namespaces {
		n := &f.Index.Namespaces[i]
		n.Labels = g.repeated.Labels(n.Labels)
	}
	for i := range f.Index.NetworkPolicies {
		p := &f.Index.NetworkPolicies[i]
		p.Spec = g.repeated.Hide(p.Spec)
	}
	for i := range f.Resources {
		g.hideInResource(&f.Resources[i])
	}
}

func (g *gathered) hideInObject(o *facts.Object) {
	o.Manifest = g.repeated.Hide(o.Manifest)
	o.Pods = slices.Clone(o.Pods)
	for i, p := range o.Pods {
		o.Pods[i].Labels = g.repeated.Labels(p.Labels)
	}
	if o.Change == nil {
		return
	}
	c := *o.Change
	if before, ok := c.Before.(map[string]any); ok {
		c.Before = g.repeated.Hide(before)
	}
	c.Paths = g.paths(c.Paths)
	o.Change = &c
}

func (g *gathered) hideInResource(r *facts.Resource) {
	r.After, r.Before, r.Expressions = g.repeated.Hide(r.After), g.repeated.Hide(r.Before), g.repeated.Hide(r.Expressions)
	r.Documents = slices.Clone(r.Documents)
	for i, d := range r.Documents {
		r.Documents[i].Path, r.Documents[i].Value = g.repeated.Path(d.Path), g.repeated.Value(d.Value)
	}
	for _, list := range []*[][]any{&r.Sensitive, &r.ReplacePaths} {
		*list = slices.Clone(*list)
		for i, p := range *list {
			(*list)[i] = g.repeated.Path(p)
		}
	}
	if r.Change != nil {
		c := *r.Change
		c.Before, c.Paths = g.repeated.Value(c.Before), g.paths(c.Paths)
		r.Change = &c
	}
}

// paths are paths in text without the keys that are secrets.
func (g *gathered) paths(list []string) []string {
	out := slices.Clone(list)
	for i, p := range out {
		out[i] = g.repeated.Words(p)
	}
	return out
}

// hideInAssessment takes secrets out of what a judge says: it has seen the object as it
// is. Its id leads to the path, by which it is known.
func (g *gathered) hideInAssessment(a *facts.Assessment, known source.Index) {
	a.Message = secrets.Keeping(g.redact, a.Message, append(namesIn(a.Of), a.Name, a.Namespace)...)
	path := g.repeated.Path(a.Path)
	if path.String() == source.Path(a.Path).String() {
		return
	}
	a.ID = strings.Replace(a.ID, source.Path(a.Path).String(), path.String(), 1)
	for id, n := a.ID, 2; known[a.ID] != nil; n++ {
		a.ID = fmt.Sprintf("%s~%d", id, n)
	}
	a.Path = path
}

// hidden returns what takes the secrets out of a document of a file that is judged as it
// stands: by their places, and where it repeats rare ones.
func (g *gathered) hidden(scanner *secrets.Scanner) func(any) any {
	var hide func(any) any
	hide = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			if doc.Text(v, "apiVersion") != "" && doc.Text(v, "kind") != "" {
				return g.repeated.Hide(scanner.Redact(v))
			}
			return g.repeated.Hide(scanner.RedactSettings(v))
		case []any:
			out := make([]any, len(v))
			for i, e := range v {
				out[i] = hide(e)
			}
			return out
		case string:
			return g.repeated.Words(v)
		}
		return v
	}
	return hide
}

// hideInChange takes detected values out of what people write about a change. A branch
// is a name: what is no more than a word stays in it.
func (g *gathered) hideInChange() {
	c := &g.facts.Change
	c.Message, c.Branch = g.redact(c.Message), g.repeated.Words(c.Branch)
	if c.Trailers != nil {
		c.Trailers = maps.Clone(c.Trailers)
		for k, v := range c.Trailers {
			c.Trailers[k] = g.redact(v)
		}
	}
	if c.PullRequest != nil {
		pr := *c.PullRequest
		pr.Title, pr.Body, pr.Head = g.redact(pr.Title), g.redact(pr.Body), g.repeated.Words(pr.Head)
		c.PullRequest = &pr
	}
}

// said is what rules or judges say of subjects, without secrets: their values have left
// the facts that rules see, so that only what stands nowhere by chance is looked for.
// What is named stays named.
func (g *gathered) said(f *facts.Facts) func(subject, message string) string {
	var images map[string]string // by container, asked for seldom
	return func(subject, message string) string {
		if g.repeated.Words(message) == message {
			return message
		}
		if images == nil {
			images = map[string]string{}
			for _, c := range f.Containers {
				images[c.ID] = c.Image.Ref
			}
		}
		return secrets.Keeping(g.repeated.Words, message, append(namesIn(subject), images[subject])...)
	}
}

// namesIn are the names that an id of a subject consists of, and all of them together.
func namesIn(id string) []string {
	return append(strings.FieldsFunc(id, func(r rune) bool { return strings.ContainsRune("#:/", r) }), id, id[strings.IndexByte(id, ':')+1:])
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
		w.Expressions = slices.Clone(w.Expressions)
		for j, e := range w.Expressions {
			carries := slices.Clone(e.Carries)
			for k := range carries {
				carries[k] = g.redact(carries[k])
			}
			w.Expressions[j].Text, w.Expressions[j].Carries = g.redact(e.Text), carries
		}
		w.Commands = slices.Clone(w.Commands)
		for j, c := range w.Commands {
			words, passed := slices.Clone(c.Words), slices.Clone(c.Passed)
			for k := range words {
				words[k] = g.redact(words[k])
			}
			for k := range passed {
				passed[k].Command, passed[k].How = g.redact(passed[k].Command), g.redact(passed[k].How)
			}
			w.Commands[j].Words, w.Commands[j].Passed = words, passed
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

// words takes the rare ones of the secrets that are known so far out of what rules say;
// of the policy's files, which are few, all.
func (c *chain) words() func(string) string {
	if c.scanned == nil || c.gathered == nil {
		return c.redactor()
	}
	return func(text string) string { return c.scanned.policy(c.gathered.repeated.Words(text)) }
}

// redactFindings takes known secrets out of what the decision says by itself: of
// waivers and of what waives, which quote the policy's files and comments. The words of
// rules are looked through again for what the policy's files hold.
func redactFindings(res *decide.Result, redact, words func(string) string) {
	waiver := func(w *decide.WaiverUse) {
		w.Owner, w.Reason, w.Ticket = redact(w.Owner), redact(w.Reason), redact(w.Ticket)
	}
	for i := range res.Findings {
		f := &res.Findings[i]
		f.Message = secrets.Keeping(words, f.Message, append(namesIn(f.Subject.ID), f.Subject.Name, f.Location.File, f.Rule)...)
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
