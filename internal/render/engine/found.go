package engine

import (
	"encoding/base64"
	"maps"
	"text/template/parse"

	"gate/internal/facts"
)

// maxWords bounds the names that a stand-in for an object has values under.
const maxWords = 4096

// lookup finds nothing, or where a branch hangs on that, something.
func (r *renderer) lookup(version, kind, namespace, name string) (map[string]any, error) {
	if r.watcher != nil {
		r.watcher.current().looked = true
	}
	if r.watcher == nil || !r.watcher.finds || r.watcher.watch.Unknown&UnknownLookup == 0 {
		return map[string]any{}, nil
	}
	o := maps.Clone(r.found())
	meta := maps.Clone(o["metadata"].(map[string]any))
	meta["namespace"], o["metadata"], o["apiVersion"], o["kind"] = namespace, meta, version, kind
	if name == "" {
		return map[string]any{"apiVersion": version, "kind": kind + "List", "items": []any{o}}, nil
	}
	meta["name"] = name
	return o, nil
}

// someHost is an address as a name may resolve to: https://www.rfc-editor.org/rfc/rfc5737
const someHost = "192.0.2.1"

// host resolves nothing, as Helm does without --enable-dns, or where a branch
// hangs on that, to some address:
// https://helm.sh/docs/chart_template_guide/function_list/#gethostbyname
func (r *renderer) host(string) string {
	if r.watcher == nil {
		return ""
	}
	r.watcher.current().looked = true
	if !r.watcher.finds || r.watcher.watch.Unknown&UnknownHost == 0 {
		return ""
	}
	return someHost
}

// found is an object as a cluster may hold it: with a value under every name that
// the chart mentions.
func (r *renderer) found() map[string]any {
	if r.object != nil {
		return r.object
	}
	names := map[string]bool{}
	visit := func(s string) {
		if len(names) < maxWords && s != "" && len(s) < 64 {
			names[s] = true
		}
	}
	for _, t := range r.root.Templates() {
		if t.Tree != nil && !parse.IsEmptyTree(t.Root) {
			literalOf(t.Root, visit)
		}
	}
	valueTexts(r.values, visit)
	encoded := base64.StdEncoding.EncodeToString([]byte(facts.StandIn))
	under := func(text string) map[string]any {
		out := make(map[string]any, len(names))
		for name := range names {
			out[name] = text
		}
		return out
	}
	r.object = under(facts.StandIn)
	for _, part := range []string{"spec", "status"} {
		r.object[part] = under(facts.StandIn)
	}
	r.object["data"] = under(encoded)
	meta := map[string]any{"name": facts.StandIn, "namespace": facts.StandIn, "uid": facts.StandIn, "resourceVersion": "1", "labels": under(facts.StandIn), "annotations": under(facts.StandIn)}
	r.object["metadata"] = meta
	r.seeds.record(facts.StandIn)
	r.seeds.record(encoded)
	return r.object
}

// valueTexts visits the texts of values: they may name keys of objects.
func valueTexts(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(stripMarks(v))
	case map[string]any:
		for k, e := range v {
			visit(k)
			valueTexts(e, visit)
		}
	case []any:
		for _, e := range v {
			valueTexts(e, visit)
		}
	}
}
