package render

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

const patchBase = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {a: "1"}
spec:
  template:
    spec:
      initContainers:
        - name: one
          image: one:1
      containers:
        - name: app
          image: app:1
          args:
            - --first
            - --second
          ports:
            - containerPort: 80
            - containerPort: 81
        - name: side
          image: side:1
`

// TestPatchMapping checks the places of what patches of every kind leave
// behind: what an operation put there is its own line, what it only moved is
// still the base's.
func TestPatchMapping(t *testing.T) {
	pod := func(p ...any) source.Path { return append(source.Path{"spec", "template", "spec"}, p...) }
	type want map[string]string
	for name, tc := range map[string]struct {
		patch string // from line 1 of k/p.yaml
		paths []source.Path
		want  want
	}{
		"add before": {
			"- op: add\n  path: /spec/template/spec/initContainers/0\n  value:\n    name: zero\n    image: zero:1\n",
			[]source.Path{pod("initContainers"), pod("initContainers", 0), pod("initContainers", 0, "image"), pod("initContainers", 0, "securityContext"), pod("initContainers", 1), pod("initContainers", 1, "image")},
			want{
				"spec.template.spec.initContainers":                    "b/d.yaml:9",
				"spec.template.spec.initContainers[0]":                 "k/p.yaml:3",
				"spec.template.spec.initContainers[0].image":           "k/p.yaml:5",
				"spec.template.spec.initContainers[0].securityContext": "k/p.yaml:3~",
				"spec.template.spec.initContainers[1]":                 "b/d.yaml:10",
				"spec.template.spec.initContainers[1].image":           "b/d.yaml:11",
			},
		},
		"add at the end": {
			"- op: add\n  path: /spec/template/spec/initContainers/-\n  value:\n    name: two\n    image: two:1\n",
			[]source.Path{pod("initContainers", 1), pod("initContainers", 1, "image"), pod("initContainers", 1, "resources", "limits")},
			want{
				"spec.template.spec.initContainers[1]":                  "k/p.yaml:3",
				"spec.template.spec.initContainers[1].image":            "k/p.yaml:5",
				"spec.template.spec.initContainers[1].resources.limits": "k/p.yaml:3~",
			},
		},
		"two before": {
			"- op: add\n  path: /spec/template/spec/initContainers/0\n  value:\n    name: zero\n    image: same:1\n" +
				"- op: add\n  path: /spec/template/spec/initContainers/0\n  value:\n    name: minus\n    image: same:1\n",
			[]source.Path{pod("initContainers", 0, "image"), pod("initContainers", 1, "image"), pod("initContainers", 0, "tty"), pod("initContainers", 1, "tty"), pod("initContainers", 2, "image")},
			want{
				"spec.template.spec.initContainers[0].image": "k/p.yaml:10",
				"spec.template.spec.initContainers[1].image": "k/p.yaml:5",
				"spec.template.spec.initContainers[0].tty":   "k/p.yaml:8~",
				"spec.template.spec.initContainers[1].tty":   "k/p.yaml:3~",
				"spec.template.spec.initContainers[2].image": "b/d.yaml:11",
			},
		},
		"a list that was not there": {
			"- op: add\n  path: /spec/template/spec/volumes\n  value:\n    - name: v\n      hostPath: {path: /}\n",
			[]source.Path{pod("volumes"), pod("volumes", 0), pod("volumes", 0, "hostPath"), pod("volumes", 0, "hostPath", "type")},
			want{
				"spec.template.spec.volumes":                  "k/p.yaml:3",
				"spec.template.spec.volumes[0]":               "k/p.yaml:4",
				"spec.template.spec.volumes[0].hostPath":      "k/p.yaml:5",
				"spec.template.spec.volumes[0].hostPath.type": "k/p.yaml:5~",
			},
		},
		"arguments shift": {
			"- op: add\n  path: /spec/template/spec/containers/0/args/0\n  value: --zero\n",
			[]source.Path{pod("containers", 0, "args", 0), pod("containers", 0, "args", 1), pod("containers", 0, "args", 2)},
			want{
				"spec.template.spec.containers[0].args[0]": "k/p.yaml:3",
				"spec.template.spec.containers[0].args[1]": "b/d.yaml:16",
				"spec.template.spec.containers[0].args[2]": "b/d.yaml:17",
			},
		},
		"an argument again": {
			"- op: add\n  path: /spec/template/spec/containers/0/args/-\n  value: --first\n",
			[]source.Path{pod("containers", 0, "args", 0), pod("containers", 0, "args", 2)},
			want{
				"spec.template.spec.containers[0].args[0]": "b/d.yaml:16",
				"spec.template.spec.containers[0].args[2]": "k/p.yaml:3",
			},
		},
		"removed before": {
			"- op: test\n  path: /spec/template/spec/containers/0/name\n  value: app\n- op: remove\n  path: /spec/template/spec/containers/0\n",
			[]source.Path{pod("containers", 0), pod("containers", 0, "image"), pod("containers", 0, "resources")},
			want{
				"spec.template.spec.containers[0]":           "b/d.yaml:21",
				"spec.template.spec.containers[0].image":     "b/d.yaml:22",
				"spec.template.spec.containers[0].resources": "b/d.yaml:21~",
			},
		},
		"removed, then set at the new index": {
			"- op: remove\n  path: /spec/template/spec/containers/0\n- op: add\n  path: /spec/template/spec/containers/0/tty\n  value: true\n",
			[]source.Path{pod("containers", 0, "tty"), pod("containers", 0, "image")},
			want{
				"spec.template.spec.containers[0].tty":   "k/p.yaml:5",
				"spec.template.spec.containers[0].image": "b/d.yaml:22",
			},
		},
		"set, then another inserted before": {
			"- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: app:2\n- op: add\n  path: /spec/template/spec/containers/0\n  value: {name: first, image: first:1}\n",
			[]source.Path{pod("containers", 0, "image"), pod("containers", 1, "image"), pod("containers", 2, "image")},
			want{
				"spec.template.spec.containers[0].image": "k/p.yaml:6",
				"spec.template.spec.containers[1].image": "k/p.yaml:3",
				"spec.template.spec.containers[2].image": "b/d.yaml:22",
			},
		},
		"removed field": {
			"- op: remove\n  path: /spec/template/spec/containers/0/image\n",
			[]source.Path{pod("containers", 0, "image"), pod("containers", 0)},
			want{
				"spec.template.spec.containers[0].image": "k/p.yaml:2",
				"spec.template.spec.containers[0]":       "b/d.yaml:13",
			},
		},
		"replaced list": {
			"- op: replace\n  path: /spec/template/spec/containers/0/ports\n  value:\n    - containerPort: 81\n      hostPort: 81\n",
			[]source.Path{pod("containers", 0, "ports", 0, "containerPort"), pod("containers", 0, "ports", 0, "hostPort"), pod("containers", 0, "ports")},
			want{
				"spec.template.spec.containers[0].ports":                  "k/p.yaml:3",
				"spec.template.spec.containers[0].ports[0].containerPort": "k/p.yaml:4",
				"spec.template.spec.containers[0].ports[0].hostPort":      "k/p.yaml:5",
			},
		},
		"moved": {
			"- op: move\n  from: /spec/template/spec/containers/1\n  path: /spec/template/spec/initContainers/-\n",
			[]source.Path{pod("initContainers", 1), pod("initContainers", 1, "image"), pod("containers", 0, "image")},
			want{
				"spec.template.spec.initContainers[1]":       "b/d.yaml:21",
				"spec.template.spec.initContainers[1].image": "b/d.yaml:22",
				"spec.template.spec.containers[0].image":     "b/d.yaml:14",
			},
		},
		"copied": {
			"- op: copy\n  from: /spec/template/spec/containers/0\n  path: /spec/template/spec/initContainers/0\n- op: replace\n  path: /spec/template/spec/initContainers/0/name\n  value: copy\n",
			[]source.Path{pod("initContainers", 0, "image"), pod("initContainers", 0, "name"), pod("initContainers", 1, "image")},
			want{
				"spec.template.spec.initContainers[0].image": "b/d.yaml:14",
				"spec.template.spec.initContainers[0].name":  "k/p.yaml:6",
				"spec.template.spec.initContainers[1].image": "b/d.yaml:11",
			},
		},
		"escaped names": {
			"- op: add\n  path: /metadata/labels/a~1b~0c\n  value: x\n",
			[]source.Path{{"metadata", "labels", "a/b~c"}},
			want{`metadata.labels["a/b~c"]`: "k/p.yaml:3"},
		},
		"strategic, added": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      initContainers:\n        - name: new\n          image: new:1\n",
			[]source.Path{pod("initContainers", 0), pod("initContainers", 0, "image"), pod("initContainers", 0, "tty"), pod("initContainers", 1, "image")},
			want{
				"spec.template.spec.initContainers[0]":       "k/p.yaml:8",
				"spec.template.spec.initContainers[0].image": "k/p.yaml:9",
				"spec.template.spec.initContainers[0].tty":   "k/p.yaml:8~",
				"spec.template.spec.initContainers[1].image": "b/d.yaml:11",
			},
		},
		"strategic, replaced list": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - $patch: replace\n        - name: app\n          image: app:1\n          tty: true\n",
			[]source.Path{pod("containers", 0, "image"), pod("containers", 0, "tty"), pod("containers", 0, "resources")},
			want{
				"spec.template.spec.containers[0].image":     "b/d.yaml:14",
				"spec.template.spec.containers[0].tty":       "k/p.yaml:11",
				"spec.template.spec.containers[0].resources": "b/d.yaml:13~",
			},
		},
		"strategic, deleted element": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - $patch: delete\n          name: app\n        - name: side\n          tty: true\n",
			[]source.Path{pod("containers", 0, "image"), pod("containers", 0, "tty")},
			want{
				"spec.template.spec.containers[0].image": "b/d.yaml:22",
				"spec.template.spec.containers[0].tty":   "k/p.yaml:11",
			},
		},
		"strategic, order": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      $setElementOrder/containers: [{name: side}, {name: app}]\n      containers:\n        - name: app\n          tty: true\n",
			[]source.Path{pod("containers", 0, "image"), pod("containers", 1, "image")},
			want{"spec.template.spec.containers[0].image": "b/d.yaml:14", "spec.template.spec.containers[1].image": "b/d.yaml:22"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tree(t, map[string]string{
				"b/kustomization.yaml": "resources: [d.yaml]\n", "b/d.yaml": patchBase, "k/p.yaml": tc.patch,
				"k/kustomization.yaml": "resources: [../b]\npatches:\n  - path: p.yaml\n    target: {kind: Deployment}\n",
			})
			r, err := Render(t.Context(), w, Unit{ID: "k", Kind: KindKustomize, Path: "k"}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := want{}
			for _, p := range tc.paths {
				loc := r.Objects[0].Locator.Locate(p)
				got[p.String()] = fmt.Sprintf("%s:%d", loc.File, loc.Line)
				if loc.Approximate {
					got[p.String()] += "~"
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// FuzzPatchMapping undoes patches that need not fit the object.
func FuzzPatchMapping(f *testing.F) {
	f.Add("- {op: add, path: /a/0, value: {b: c}}\n- {op: move, from: /a/0, path: /a/-}\n- {op: remove, path: /a/5}\n", "a: [{b: c}, [1]]\n", 1)
	f.Add("- {op: copy, from: '', path: /a/b}\n- {op: replace, path: '', value: {}}\n", "a: {b: {}}\n", 0)
	f.Add("- {op: add, path: /a/-}\n- {op: add, path: //~1~0/-1, value: 1}\n", "a: []\n", 2)
	f.Fuzz(func(t *testing.T, patchText, objectText string, index int) {
		parse := func(text string) any {
			docs, err := source.ParseYAML("f", []byte(text))
			if err != nil || len(docs) == 0 {
				return nil
			}
			return docs[0].Value
		}
		ops, manifest := doc.List(parse(patchText)), doc.Map(parse(objectText))
		at := func(p source.Path) source.Position { return source.Position{File: "f", Line: 1} }
		o := &builtObject{file: "f", manifest: manifest, base: &baseObject{manifest: doc.Map(parse(patchText)), locator: source.Fixed(source.Position{File: "b"})},
			changes: []change{{kind: "PatchTransformer", file: "k", value: map[string]any{}, locate: at, patch: []patch{{value: ops, locate: at}}}}}
		fields(manifest, nil, func(p source.Path) { o.Locate(p) })
		o.Locate(source.Path{"a", index})
		o.Locate(source.Path{"a", index, "b"})
		o.Locate(source.Path{"missing", "x", index})
	})
}

// fields calls visit for every value below v.
func fields(v any, at source.Path, visit func(source.Path)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p := append(at[:len(at):len(at)], k)
			visit(p)
			fields(v[k], p, visit)
		}
	case []any:
		for i, e := range v {
			p := append(at[:len(at):len(at)], i)
			visit(p)
			fields(e, p, visit)
		}
	}
}
