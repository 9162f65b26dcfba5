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
		"an object":                             {"{apiVersion: v1, kind: Pod}", []string{"/Pod "}, ""},
		"without a kind":                        {"{apiVersion: v1}", nil, ""},
		"a text":                                {"x", nil, ""},
		"a list":                                {"{apiVersion: v1, kind: List, items: [{apiVersion: apps/v1, kind: Deployment}, {apiVersion: v1, kind: ConfigMapList, items: [{apiVersion: v1, kind: ConfigMap}]}]}", []string{"apps/Deployment items[0]", "/ConfigMap items[1].items[0]"}, ""},
		"an empty list":                         {"{apiVersion: v1, kind: List, items: []}", []string{}, ""},
		"items of a kind of its own":            {"{apiVersion: x/v1, kind: AllowList, items: [a], spec: {}}", []string{"x/AllowList "}, ""},
		"items of another kind":                 {"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, items: [{apiVersion: v1, kind: Pod}]}", []string{"/ConfigMap ", "/Pod items[0]"}, ""},
		"items of a kind with a spec":           {"{apiVersion: x/v1, kind: AllowList, spec: {}, items: [{apiVersion: v1, kind: Pod}]}", []string{"x/AllowList ", "/Pod items[0]"}, ""},
		"items of items":                        {"{apiVersion: v1, kind: A, items: [{apiVersion: v1, kind: B, items: [{apiVersion: v1, kind: Pod}]}]}", []string{"/A ", "/B items[0]", "/Pod items[0].items[0]"}, ""},
		"a list without a version":              {"{kind: List, items: [{apiVersion: v1, kind: Pod}]}", []string{"/Pod items[0]"}, ""},
		"a kind without a version":              {"{kind: A, items: [{kind: B, items: [{apiVersion: v1, kind: Pod}]}]}", []string{"/Pod items[0].items[0]"}, ""},
		"a kind without a version or an object": {"{kind: A, items: [{kind: B}]}", nil, ""},
		"a collection that says the type":       {"{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}}, {apiVersion: v1, kind: ConfigMap}]}", []string{"/Pod items[0]", "/ConfigMap items[1]"}, ""},
		"items of a Pod":                        {"{apiVersion: v1, kind: Pod, items: [{metadata: {name: a}}]}", []string{"/Pod ", "/Pod items[0]"}, ""},
		"a collection with a spec":              {"{apiVersion: v1, kind: PodList, spec: {}, items: [{metadata: {name: a}}]}", []string{"/PodList ", "/Pod items[0]"}, ""},
		"items that are a mapping":              {"{apiVersion: v1, kind: Pod, items: {a: b}}", []string{"/Pod "}, ""},
		"no items":                              {"{apiVersion: v1, kind: Pod, items: []}", []string{"/Pod "}, ""},
		"nothing as items":                      {"{apiVersion: v1, kind: Pod, items:}", []string{"/Pod "}, ""},
		"items that are entries":                {"{apiVersion: x/v1, kind: Menu, items: [{name: a, kind: soup}]}", []string{"x/Menu "}, ""},
		"an entry among objects":                {"{apiVersion: x/v1, kind: Menu, items: [{name: a}, {apiVersion: v1, kind: Pod}]}", nil, "item 0 of the list has no apiVersion or kind"},
		"an item that is no object":             {"{apiVersion: v1, kind: List, items: [{kind: Pod}]}", nil, "item 0 of the list has no apiVersion or kind"},
		"lists in lists without an end":         {deep, nil, "nested more than 8 levels"},
		"a kind whose name is List itself":      {"{apiVersion: v1, kind: List}", []string{"/List "}, ""},
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
