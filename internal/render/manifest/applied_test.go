package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// applied are the objects that kubectl makes of a document: it decodes with the
// unstructured scheme and flattens lists (k8s.io/cli-runtime, pkg/resource,
// FlattenListVisitor). Objects without a version or a name are left out; no server
// takes them.
func applied(document []byte) ([]string, error) {
	first, _, err := unstructured.UnstructuredJSONScheme.Decode(document, nil, nil)
	if err != nil {
		return nil, err
	}
	var out []string
	for open := []runtime.Object{first}; len(open) > 0; open = open[1:] {
		if !meta.IsListType(open[0]) {
			o := open[0].(*unstructured.Unstructured)
			text, err := json.Marshal(o.Object)
			if err != nil {
				return nil, err
			}
			if o.GetKind() != "" && o.GetAPIVersion() != "" && o.GetName()+o.GetGenerateName() != "" {
				out = append(out, string(text))
			}
			continue
		}
		items, err := meta.ExtractList(open[0])
		if err != nil {
			return nil, err
		}
		open = append(open, items...)
	}
	return out, nil
}

// missing are objects that are applied and not found. More may be found: what a
// list says itself, where its kind is none of a collection (other clients than
// kubectl send it as it is), and what stands in a document that kubectl refuses.
// An error is told, so that nothing passes.
func missing(document []byte) ([]string, error) {
	want, err := applied(document)
	if err != nil {
		return nil, nil
	}
	v, err := source.DecodeJSON(document)
	if err != nil {
		return nil, nil
	}
	found, err := Objects(v, nil)
	if err != nil {
		return nil, nil
	}
	got := map[string]bool{}
	for _, o := range found {
		text, err := json.Marshal(o.Manifest)
		if err != nil {
			return nil, err
		}
		if at := doc.Map(v, o.At...); !maps.EqualFunc(o.Manifest, at, func(a, b any) bool { return cmp.Equal(a, b) }) &&
			(doc.Text(at, "kind") != "" || doc.Text(at, "apiVersion") != "") {
			return nil, fmt.Errorf("another value stands at %s", o.At)
		}
		got[string(text)] = true
	}
	return slices.DeleteFunc(want, func(s string) bool { return got[s] }), nil
}

var appliedSeeds = []string{
	`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}`,
	`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}},{"apiVersion":"v1","kind":"X","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]}]}`,
	`{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"}},{"kind":"Pod","metadata":{"name":"p"}},{"apiVersion":"v1"}]}`,
	`{"apiVersion":"v1","kind":"PodList","spec":{},"items":[{"metadata":{"name":"a"}}]}`,
	`{"apiVersion":"x/v1","kind":"Menu","items":[{"name":"a"}]}`,
	`{"apiVersion":"v1","kind":"Pod","items":[{"metadata":{"name":"a"}}]}`,
	`{"apiVersion":"x/v1","kind":"Menu","items":[{"name":"a"},{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]}`,
	`{"kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]}`,
	`{"kind":"A","items":[{"kind":"B","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]}]}`,
	`{"apiVersion":"v1","kind":"Pod","items":null}`,
	`{"apiVersion":"v1","kind":"Pod","items":[]}`,
	`{"apiVersion":"v1","kind":"Pod","items":{}}`,
	`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"Items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]}`,
	`{"apiVersion":"v1","kind":"List","items":["a",null,[]]}`,
	`{"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]}`,
	`{"apiVersion":1,"kind":"List","items":[{"apiVersion":"v1","kind":"Pod","items":[[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]]}]}`,
}

// FuzzObjects compares what is found in a document with what kubectl applies.
func FuzzObjects(f *testing.F) {
	for _, s := range appliedSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		left, err := missing(document)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 0 {
			t.Errorf("applied and not found: %s", left)
		}
	})
}
