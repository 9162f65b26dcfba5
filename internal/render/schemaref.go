package render

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
)

// schemaReader reads the schemas of one chart. References to what is not in the
// chart are taken out, so that the rest of a schema still counts: nothing is
// fetched, and no file of the host is read.
type schemaReader struct {
	files   map[string][]byte // of the chart, by name
	outside map[string]bool   // references that were taken out
	// loose leaves out what a schema says of values that do not fit a part of it.
	loose bool
}

func newSchemaReader(c *chart.Chart, loose bool) *schemaReader {
	r := &schemaReader{files: map[string][]byte{}, outside: map[string]bool{}, loose: loose}
	for _, list := range [][]*chart.File{c.Raw, c.Files} {
		for _, f := range list {
			r.files[f.Name] = f.Data
		}
	}
	return r
}

// Load gives the compiler a schema of the chart. What is outside was taken out
// before it could be asked for.
func (r *schemaReader) Load(address string) (any, error) {
	data, ok := r.files[chartFileOf(address)]
	if !ok {
		return nil, fmt.Errorf("%q is not read: it is outside of the chart", address)
	}
	return r.read(address, data)
}

// chartFileOf is the name of the file of the chart that an address means, or "".
func chartFileOf(address string) string {
	name, ok := strings.CutPrefix(address, "chart:///")
	if !ok {
		return ""
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return path.Clean(name)
}

// read parses a schema and takes the references out that leave the chart.
func (r *schemaReader) read(address string, data []byte) (any, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	own := map[string]bool{address: true}
	identities(document, false, base, own)
	legacy := false
	if root, ok := document.(map[string]any); ok {
		draft, _ := root["$schema"].(string)
		if draft != "" && !publishedDraft(draft) {
			delete(root, "$schema")
			r.outside[draft] = true
		}
		legacy = strings.Contains(draft, "/draft-0")
	}
	r.prune(document, false, base, own, legacy)
	if r.loose {
		loosen(document, false)
	}
	return document, nil
}

// publishedDraft says whether the compiler knows the dialect by itself.
func publishedDraft(address string) bool {
	return strings.HasPrefix(address, "http://json-schema.org/") || strings.HasPrefix(address, "https://json-schema.org/")
}

// identities are the addresses that parts of a schema give themselves
// (https://json-schema.org/draft/2020-12/json-schema-core#section-8.2.1).
func identities(node any, named bool, base *url.URL, into map[string]bool) {
	eachSchema(node, named, func(m map[string]any) {
		if at := identity(m, base); at != nil {
			into[withoutFragment(at)] = true
			base = at
		}
	}, func(child any, named bool) { identities(child, named, base, into) })
}

func identity(m map[string]any, base *url.URL) *url.URL {
	for _, key := range []string{"$id", "id"} { // id of draft 4
		if text, ok := m[key].(string); ok && !strings.HasPrefix(text, "#") {
			if at, err := base.Parse(text); err == nil {
				return at
			}
		}
	}
	return nil
}

// prune takes the references out of a schema that leave the chart. Before draft
// 2019-09 what stands beside a reference does not count
// (https://json-schema.org/draft-07/json-schema-core#rfc.section.8.3), and must
// not begin to.
func (r *schemaReader) prune(node any, named bool, base *url.URL, own map[string]bool, legacy bool) {
	eachSchema(node, named, func(m map[string]any) {
		if at := identity(m, base); at != nil {
			base = at
		}
		for _, key := range []string{"$ref", "$dynamicRef", "$recursiveRef"} {
			ref, ok := m[key].(string)
			if !ok || r.follows(ref, base, own) {
				continue
			}
			r.outside[ref] = true
			delete(m, key)
			for k := range m {
				if legacy && k != "definitions" && k != "$defs" && k != "$schema" && k != "$id" {
					delete(m, k)
				}
			}
		}
	}, func(child any, named bool) { r.prune(child, named, base, own, legacy) })
}

// loosen takes out the keywords that ask whether a value does not fit something,
// or fits nothing else: without what stands outside nobody can tell.
func loosen(node any, named bool) {
	eachSchema(node, named, func(m map[string]any) {
		for _, key := range []string{"not", "oneOf", "if", "then", "else", "contains", "unevaluatedProperties", "unevaluatedItems"} {
			delete(m, key)
		}
	}, loosen)
}

// follows says whether a reference leads into the chart.
func (r *schemaReader) follows(ref string, base *url.URL, own map[string]bool) bool {
	at, err := base.Parse(ref)
	if err != nil {
		return true // the compiler says what is wrong with it
	}
	address := withoutFragment(at)
	_, there := r.files[chartFileOf(address)]
	return own[address] || there || publishedDraft(address)
}

func withoutFragment(at *url.URL) string {
	plain := *at
	plain.Fragment, plain.RawFragment = "", ""
	return plain.String()
}

// eachSchema visits a schema, and then what may be schemas below it: not the
// values that a schema only compares with or shows. The keys of what is named are
// names, and not words of the schema.
func eachSchema(node any, named bool, visit func(map[string]any), below func(child any, named bool)) {
	switch n := node.(type) {
	case map[string]any:
		if !named {
			visit(n)
		}
		for key, child := range n {
			switch {
			case named:
				below(child, false)
			case key == "enum", key == "const", key == "default", key == "examples":
			default:
				below(child, slices.Contains(namedSchemas[:], key))
			}
		}
	case []any:
		for _, child := range n {
			below(child, false)
		}
	}
}

// namedSchemas are the keywords that hold schemas by name.
var namedSchemas = [...]string{"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"}
