package terraform

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/rules"
)

// Some providers offer the resources of a cloud under the names of its own interface:
// Azure/azapi holds the body of a request, hashicorp/awscc the properties of
// CloudFormation. Tables say what their types and attributes are called in the
// provider that the tables of rules know (rules/data/azapi.yaml, awscc.yaml; what a
// row may say stands at their heads).

// translation is what a table says about one type.
type translation struct {
	typ        string
	attributes map[string]translated
	parts      []partOfType
	instead    []alternative
}

// translated is where an attribute stands, and how it is read. Without a place it is a
// name that means something else.
type translated struct {
	at       []string
	values   map[string]any
	not      bool
	preset   any // that it has where it is not set
	unless   []exception
	each     string
	blocks   map[string]translated
	pairs    bool
	document bool
}

// exception is a place that, once it is set (to one of the values, if there are any),
// makes something else hold.
type exception struct {
	at     []string
	values []string
}

// partOfType is what the type holds, where the other provider has a resource of its
// own for it.
type partOfType struct {
	translation
	at []string // the place without which there is no such part
	of string   // the attribute that leads to what it is a part of
}

// alternative is what a type is where one of the exceptions holds.
type alternative struct {
	translation
	when []exception
}

// readTranslations reads a table, by type in lower case. A row that cannot be read is
// left out; a test reads them all.
func readTranslations(name string) map[string]*translation {
	out := map[string]*translation{}
	file := "data/" + name + ".yaml"
	data, err := fs.ReadFile(rules.FS, file)
	if err != nil {
		return out
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil || len(docs) != 1 {
		return out
	}
	for typ, row := range doc.Map(docs[0].Value, name) {
		out[strings.ToLower(typ)] = new(readTranslation(row))
	}
	return out
}

func readTranslation(row any) translation {
	out := translation{typ: doc.Text(row, "type"), attributes: translatedAttributes(doc.Map(row, "attributes"))}
	for _, p := range doc.List(row, "parts") {
		out.parts = append(out.parts, partOfType{translation: readTranslation(p), at: strings.Split(doc.Text(p, "at"), "."), of: doc.Text(p, "of")})
	}
	for _, x := range doc.List(row, "instead") {
		out.instead = append(out.instead, alternative{readTranslation(x), exceptions(doc.Map(x, "when"))})
	}
	return out
}

func translatedAttributes(rows map[string]any) map[string]translated {
	out := map[string]translated{}
	for name, row := range rows {
		if row == nil {
			out[name] = translated{}
			continue
		}
		if at, ok := row.(string); ok {
			out[name] = translated{at: strings.Split(at, ".")}
			continue
		}
		a := translated{at: strings.Split(doc.Text(row, "at"), "."), values: doc.Map(row, "values"), preset: doc.At(row, "default"), each: doc.Text(row, "each")}
		a.not, _ = doc.At(row, "not").(bool)
		a.pairs, _ = doc.At(row, "pairs").(bool)
		a.document, _ = doc.At(row, "document").(bool)
		a.unless = exceptions(doc.Map(row, "unless"))
		if blocks := doc.Map(row, "blocks"); blocks != nil {
			a.blocks = translatedAttributes(blocks)
		}
		out[name] = a
	}
	return out
}

func exceptions(rows map[string]any) []exception {
	var out []exception
	for at, values := range rows {
		out = append(out, exception{strings.Split(at, "."), doc.Texts(values)})
	}
	return out
}

// translationOf is what the tables say about the type that the configuration names;
// nil if there is nothing.
func (l *loader) translationOf(r *facts.Resource) *translation {
	if r.Mode != "managed" {
		return nil
	}
	declared := declaredType(r)
	table, typ := "", declared
	switch {
	case azapiResource(declared):
		table, typ = "azapi", azapiType(r)
	case strings.HasPrefix(declared, "awscc_"):
		table = "awscc"
	default:
		return nil
	}
	if l.translations == nil {
		l.translations = map[string]map[string]*translation{}
	}
	if l.translations[table] == nil {
		l.translations[table] = readTranslations(table)
	}
	t := l.translations[table][strings.ToLower(typ)]
	if t == nil {
		return nil
	}
	now := viewAfter(r)
	if r.After == nil {
		now = viewBefore(r)
	}
	for i := range t.instead {
		if slices.ContainsFunc(t.instead[i].when, now.holds) {
			return &t.instead[i].translation
		}
	}
	return t
}

// declaredType is the type of a resource as the configuration names it.
func declaredType(r *facts.Resource) string {
	if r.DeclaredType != "" {
		return r.DeclaredType
	}
	return r.Type
}

// translate gives resources of such providers the type and the attributes that they
// have in the other one, beside their own.
func (l *loader) translate(resources []facts.Resource) {
	for i := range resources {
		if t := l.translationOf(&resources[i]); t != nil {
			t.translate(&resources[i])
		}
	}
}

func (t *translation) translate(r *facts.Resource) {
	r.DeclaredType, r.Type, r.Partial = declaredType(r), t.typ, true
	if r.Before != nil {
		own := t.unnamed(r.Before)
		maps.Copy(own, viewBefore(r).read(t.attributes))
		r.Before = own
	}
	if r.After == nil {
		return
	}
	after, own, unknown := viewAfter(r), t.unnamed(r.After), t.unnamed(givenMarks(r))
	maps.Copy(own, after.read(t.attributes))
	r.Documents = after.documents(t.attributes, own, r.Documents, true)
	written := r.Expressions
	r.After, r.Unknown, r.Expressions, r.Why = own, unknown, cloned(written), maps.Clone(r.Why)
	after.hide(r, written, t.attributes)
}

// parts are the parts of resources that are resources of their own where they are
// translated to. They stand at the address of the whole.
func (l *loader) parts(resources []facts.Resource) []facts.Resource {
	var out []facts.Resource
	for i := range resources {
		r := &resources[i]
		if r.DeclaredType == "" || r.After == nil {
			continue
		}
		t := l.translationOf(r)
		if t == nil {
			continue
		}
		for _, p := range t.parts {
			if part := p.part(r); part != nil {
				out = append(out, *part)
			}
		}
	}
	return out
}

// part is the part of a resource, nil if it has none.
func (p *partOfType) part(whole *facts.Resource) *facts.Resource {
	after := viewAfter(whole)
	if !after.sets(p.at) {
		return nil
	}
	r := *whole
	r.Type, r.Provisioners, r.Companions = p.typ, nil, nil
	if r.Before != nil {
		r.Before = viewBefore(whole).read(p.attributes)
	}
	r.After = after.read(p.attributes)
	r.Documents = after.documents(p.attributes, r.After, whole.Documents, false)
	r.Expressions, r.Unknown, r.Why = map[string]any{}, map[string]any{}, maps.Clone(whole.Why)
	if p.of != "" {
		r.Expressions[p.of] = map[string]any{"references": []any{whole.DeclaredType + "." + whole.Name}}
	}
	after.hide(&r, whole.Expressions, p.attributes)
	return &r
}

// unnamed are values without those that have another meaning in a translation, and
// without what is not set: beside a translation nothing else is known to be unset.
func (t *translation) unnamed(values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	for name, v := range values {
		if _, named := t.attributes[name]; !named && v != nil {
			out[name] = v
		}
	}
	return out
}

// givenMarks are the marks of what is not known because of what it is made from. A plan
// marks as well what nobody gives and the provider computes.
func givenMarks(r *facts.Resource) map[string]any {
	if r.Origin != "plan" {
		return r.Unknown
	}
	out := map[string]any{}
	for name, mark := range r.Unknown {
		if len(doc.List(r.Expressions, name, "references")) > 0 {
			out[name] = mark
		}
	}
	return out
}

func cloned(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return maps.Clone(m)
}
