package join

import (
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// unit is some manifests of one unit in one place.
type unit struct {
	id, environment, target string
	text                    string // YAML documents
}

// prod are manifests of the unit kustomize:a in production.
func prod(text string) unit { return unit{"kustomize:a", "prod", "", text} }

// documentOf is the document of these units before any join. The id of an object
// is its unit and, behind a #, kind and name, that of a container its object
// and, behind a slash, its own name.
func documentOf(t *testing.T, units ...unit) *document {
	t.Helper()
	var d Document
	for _, u := range units {
		scope := facts.Scope{Environment: u.environment, Target: u.target}
		kind, path, _ := strings.Cut(u.id, ":")
		path, release, _ := strings.Cut(path, "@")
		d.Units = append(d.Units, facts.Unit{Subject: facts.Subject{ID: u.id, Scope: scope}, Kind: kind, Path: path, Release: release})
		parsed, err := source.ParseManifests("test.yaml", []byte(u.text))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parsed {
			m, ok := p.Value.(map[string]any)
			if !ok {
				t.Fatalf("want an object: %v", p.Value)
			}
			o := facts.Object{Unit: u.id, APIVersion: doc.Text(m, "apiVersion"), Kind: doc.Text(m, "kind"), Manifest: m,
				Namespace: doc.Text(m, "metadata", "namespace"), Name: doc.Text(m, "metadata", "name"),
				Hook: doc.Text(m, "metadata", "annotations", "helm.sh/hook")}
			if group, _, ok := strings.Cut(o.APIVersion, "/"); ok {
				o.Group = group
			}
			o.Subject = facts.Subject{ID: u.id + "#" + o.Kind + "/" + o.Name, Scope: scope}
			d.addPods(&o)
			d.Objects = append(d.Objects, o)
		}
	}
	return newDocument(d)
}

// addPods reads the pod template of a workload: its pods and their containers.
func (d *Document) addPods(o *facts.Object) {
	path := []any{"spec", "template", "spec"}
	spec := doc.Map(o.Manifest, path...)
	if spec == nil || o.Group != "apps" {
		return
	}
	o.Pods = []facts.Pod{{Path: path, Labels: doc.TextMap(o.Manifest, "spec", "template", "metadata", "labels")}}
	for _, list := range []struct{ key, kind string }{{"containers", "container"}, {"initContainers", "init"}} {
		for _, c := range doc.List(spec, list.key) {
			d.Containers = append(d.Containers, facts.Container{
				Subject: facts.Subject{ID: o.ID + "/" + doc.Text(c, "name"), Scope: o.Scope},
				Object:  o.ID, Unit: o.Unit, Type: list.kind, Name: doc.Text(c, "name"),
				Workload:  facts.Workload{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name},
				Image:     facts.ImageReference{Ref: doc.Text(c, "image")},
				Container: c.(map[string]any), Pod: spec,
			})
		}
	}
}

// object is the object of that id, container the container.
func (d *document) object(t *testing.T, id string) facts.Object {
	t.Helper()
	i := slices.IndexFunc(d.Objects, func(o facts.Object) bool { return o.ID == id })
	if i < 0 {
		t.Fatalf("no object %s", id)
	}
	return d.Objects[i]
}

// deployment is a Deployment of one container in namespace shop, with its name
// as label app.
func deployment(name string) string {
	return strings.ReplaceAll(`
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: shop}
spec:
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers: [{name: main, image: example.com/NAME:1}]
`, "NAME", name)
}
