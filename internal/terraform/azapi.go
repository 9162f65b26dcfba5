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

// azapiFile is the table that says what resources of Azure/azapi, which hold the
// body of a request, are called in hashicorp/azurerm.
const azapiFile = "data/azapi.yaml"

// azapiKind is what the table says about one type of Azure.
type azapiKind struct {
	typ        string
	attributes map[string]azapiAttribute
}

// azapiAttribute is where an attribute of azurerm stands, and how it is read.
type azapiAttribute struct {
	at     []string
	values map[string]any
	not    bool
	preset any // that it has where it is not set
	each   string
	blocks map[string]azapiAttribute
}

// readAzapi reads the table, by type of Azure in lower case. A row that cannot be read
// is left out; a test reads them all.
func readAzapi() map[string]*azapiKind {
	out := map[string]*azapiKind{}
	data, err := fs.ReadFile(rules.FS, azapiFile)
	if err != nil {
		return out
	}
	docs, err := source.ParseYAML(azapiFile, data)
	if err != nil || len(docs) != 1 {
		return out
	}
	for typ, row := range doc.Map(docs[0].Value, "azapi") {
		out[strings.ToLower(typ)] = &azapiKind{typ: doc.Text(row, "type"), attributes: azapiAttributes(doc.Map(row, "attributes"))}
	}
	return out
}

func azapiAttributes(rows map[string]any) map[string]azapiAttribute {
	out := map[string]azapiAttribute{}
	for name, row := range rows {
		if at, ok := row.(string); ok {
			out[name] = azapiAttribute{at: strings.Split(at, ".")}
			continue
		}
		a := azapiAttribute{at: strings.Split(doc.Text(row, "at"), "."), values: doc.Map(row, "values"), preset: doc.At(row, "default"), each: doc.Text(row, "each")}
		a.not, _ = doc.At(row, "not").(bool)
		if blocks := doc.Map(row, "blocks"); blocks != nil {
			a.blocks = azapiAttributes(blocks)
		}
		out[name] = a
	}
	return out
}

// azapiResource says whether a type is one that holds the body of a request.
func azapiResource(typ string) bool { return typ == "azapi_resource" || typ == "azapi_update_resource" }

// translateAzapi gives resources of azapi the type and the attributes that they have
// in azurerm, beside their own.
func (l *loader) translateAzapi(resources []facts.Resource) {
	for i := range resources {
		if r := &resources[i]; azapiResource(r.Type) {
			if k := l.azapiKind(r); k != nil {
				k.translate(r)
			}
		}
	}
}

func (l *loader) azapiKind(r *facts.Resource) *azapiKind {
	values := r.After
	if values == nil {
		values = r.Before
	}
	typ, _, _ := strings.Cut(doc.Text(values, "type"), "@")
	if l.azapi == nil {
		l.azapi = readAzapi()
	}
	return l.azapi[strings.ToLower(typ)]
}

func (k *azapiKind) translate(r *facts.Resource) {
	r.DeclaredType, r.Type, r.Partial = r.Type, k.typ, true
	// An update says nothing of what it leaves as it is.
	presets := r.DeclaredType == "azapi_resource"
	if r.Before != nil {
		r.Before = maps.Clone(r.Before)
		maps.Copy(r.Before, k.read(bodyOf(r.Before, nil), presets))
	}
	if r.After == nil {
		return
	}
	r.After, r.Unknown, r.Expressions = maps.Clone(r.After), cloned(r.Unknown), cloned(r.Expressions)
	maps.Copy(r.After, k.read(bodyOf(r.After, r.Documents), presets))
	for name, a := range k.attributes {
		whole, part := hiddenAt(r, a.at)
		switch {
		case whole:
			delete(r.After, name)
		case !part: // what is known of a block is judged beside what is not
			continue
		}
		r.Unknown[name] = true
		if e := r.Expressions["body"]; e != nil {
			r.Expressions[name] = e
		} else {
			r.Expressions[name] = map[string]any{"references": []any{"body"}}
		}
		if why := r.Why["body"]; why != "" {
			r.Why[name] = why
		}
	}
}

func cloned(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return maps.Clone(m)
}

// bodyOf is the body of a request: an object, or text in JSON, which may be known in
// part only.
func bodyOf(values map[string]any, documents []facts.ResourceDocument) any {
	if body, ok := values["body"].(map[string]any); ok {
		return body
	}
	for _, d := range documents {
		if len(d.Path) == 1 && d.Path[0] == "body" {
			return d.Value
		}
	}
	if text, ok := values["body"].(string); ok {
		if body, ok := parseDocument(text); ok {
			return body
		}
	}
	return nil
}

// hiddenAt says whether the value at a place of the body, or a part of it, cannot be
// told.
func hiddenAt(r *facts.Resource, at []string) (whole, part bool) {
	marks, v := r.Unknown["body"], bodyOf(r.After, r.Documents)
	if marks == true && v == nil {
		return true, true
	}
	if marks == true { // the text is known in part
		marks = nil
	}
	for _, name := range at {
		if marks, v = folded(marks, name), folded(v, name); marks == true {
			return true, true
		}
	}
	if text, ok := v.(string); ok && strings.Contains(text, unknownText) {
		return true, true
	}
	return false, doc.Any(marks, func(m any) bool { return m == true }) || doc.Any(v, func(e any) bool {
		text, ok := e.(string)
		return ok && strings.Contains(text, unknownText)
	})
}

// folded is a member by its name without case: Azure does not tell cases apart.
func folded(v any, name string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	if e, ok := m[name]; ok {
		return e
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.EqualFold(key, name) {
			return m[key]
		}
	}
	return nil
}

// read are the attributes that a body sets.
func (k *azapiKind) read(body any, presets bool) map[string]any {
	if body == nil {
		return nil
	}
	return readAzapiBody(k.attributes, body, presets)
}

func readAzapiBody(attributes map[string]azapiAttribute, body any, presets bool) map[string]any {
	out := map[string]any{}
	for name, a := range attributes {
		v := body
		for _, step := range a.at {
			v = folded(v, step)
		}
		switch v := a.value(v); {
		case v != nil:
			out[name] = v
		case presets && a.preset != nil:
			out[name] = a.preset
		}
	}
	return out
}

// value is a value of the body as azurerm has it; nil if it is not set.
func (a azapiAttribute) value(v any) any {
	switch {
	case v == nil:
		return nil
	case a.blocks != nil:
		out := []any{}
		for _, e := range listOrOne(v) {
			out = append(out, readAzapiBody(a.blocks, e, true))
		}
		return out
	case a.each != "":
		out := []any{}
		for _, e := range listOrOne(v) {
			if e := folded(e, a.each); e != nil {
				out = append(out, e)
			}
		}
		return out
	}
	if b, ok := v.(bool); ok && a.not {
		return !b
	}
	if text, ok := v.(string); ok && a.values != nil {
		if mapped, ok := a.values[strings.ToLower(text)]; ok {
			return mapped
		}
	}
	return v
}

// azapiLocator leads from attributes of azurerm into the body.
func (l *loader) azapiLocator(r *facts.Resource, own source.Locator) source.Locator {
	k := l.azapiKind(r)
	if k == nil {
		return own
	}
	return source.LocatorFunc(func(p source.Path) source.Location {
		if at, ok := inAzapiBody(k.attributes, p); ok {
			return own.Locate(append(source.Path{"body"}, at...))
		}
		return own.Locate(p)
	})
}

func inAzapiBody(attributes map[string]azapiAttribute, p source.Path) (source.Path, bool) {
	if len(p) == 0 {
		return nil, false
	}
	name, _ := p[0].(string)
	a, ok := attributes[name]
	if !ok {
		return nil, false
	}
	var out source.Path
	for _, step := range a.at {
		out = append(out, step)
	}
	rest := p[1:]
	if len(rest) == 0 {
		return out, true
	}
	if i, isIndex := rest[0].(int); isIndex {
		out, rest = append(out, i), rest[1:]
	}
	switch {
	case a.blocks != nil:
		if inner, ok := inAzapiBody(a.blocks, rest); ok {
			return append(out, inner...), true
		}
	case a.each != "":
		return append(out, a.each), true
	}
	return append(out, rest...), true
}
