package manifest

import (
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestObjects(t *testing.T) {
	deep := "{apiVersion: v1, kind: Pod}"
	for range 10 {
		deep = "{apiVersion: v1, kind: List, items: [" + deep + "]}"
	}
	for name, c := range map[string]struct {
		text string
		want []string // kinds with their paths
		err  string
	}{
		"an object":                        {"{apiVersion: v1, kind: Pod}", []string{"/Pod "}, ""},
		"without a kind":                   {"{apiVersion: v1}", nil, ""},
		"a text":                           {"x", nil, ""},
		"a list":                           {"{apiVersion: v1, kind: List, items: [{apiVersion: apps/v1, kind: Deployment}, {apiVersion: v1, kind: ConfigMapList, items: [{apiVersion: v1, kind: ConfigMap}]}]}", []string{"apps/Deployment items[0]", "/ConfigMap items[1].items[0]"}, ""},
		"an empty list":                    {"{apiVersion: v1, kind: List, items: []}", []string{}, ""},
		"items of a kind of its own":       {"{apiVersion: x/v1, kind: AllowList, items: [a], spec: {}}", []string{"x/AllowList "}, ""},
		"an item that is no object":        {"{apiVersion: v1, kind: List, items: [{kind: Pod}]}", nil, "item 0 of the list has no apiVersion or kind"},
		"lists in lists without an end":    {deep, nil, "nested more than 8 levels"},
		"a kind whose name is List itself": {"{apiVersion: v1, kind: List}", []string{"/List "}, ""},
	} {
		docs, err := source.ParseYAML("a.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := Objects(docs[0].Value, nil)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, expected %q", name, err, c.err)
		}
		var got []string
		if objects != nil {
			got = []string{}
		}
		for _, o := range objects {
			got = append(got, GroupKind(o.Manifest)+" "+o.At.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s -want +got\n%s", name, diff)
		}
	}
}
