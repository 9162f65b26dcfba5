package render

import (
	"errors"
	"testing"
)

func TestGeneratedName(t *testing.T) {
	t.Parallel()
	object := func(apiVersion, kind, name string) map[string]any {
		return map[string]any{
			"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name}, "data": map[string]any{"k": "v"},
		}
	}
	read := func(file string) ([]byte, error) {
		if file == "t/a.yaml" {
			return []byte("name: written-0f2c6d11"), nil
		}
		return nil, errors.New("no such file")
	}
	for _, c := range []struct {
		name, kind string // of the unit
		manifest   map[string]any
		file, want string
	}{
		{"a generator of kustomize", KindKustomize, object("v1", "ConfigMap", "web-mgtm594d64"), "k/kustomization.yaml", "web-**********"},
		{"what is in a file, with the hash of something else", KindKustomize, object("v1", "ConfigMap", "web-mgtm594d64"), "k/a.yaml", ""},
		{"its own hash", KindManifests, object("v1", "ConfigMap", "web-bdg947hgcc"), "k/a.yaml", "web-**********"},
		{"the hash of something else", KindManifests, object("v1", "ConfigMap", "web-mgtm594d64"), "k/a.yaml", ""},
		{"letters that are in no hash", KindKustomize, object("v1", "ConfigMap", "web-aaaaaaaaaa"), "k/kustomization.yaml", ""},
		{"nothing but a hash", KindKustomize, object("v1", "ConfigMap", "bdg947hgcc"), "k/kustomization.yaml", ""},
		{"a workload", KindKustomize, object("apps/v1", "Deployment", "web-mgtm594d64"), "k/kustomization.yaml", ""},
		{"a kind of the same name in another group", KindKustomize, object("x.example/v1", "Secret", "web-mgtm594d64"), "k/kustomization.yaml", ""},
		{"a checksum of a chart", KindHelm, object("batch/v1", "Job", "run-0f2c6d12"), "t/a.yaml", "run-********"},
		{"one that its template holds", KindHelm, object("v1", "Secret", "written-0f2c6d11"), "t/a.yaml", ""},
		{"whose template cannot be read", KindHelm, object("v1", "Secret", "run-0f2c6d12"), "t/b.yaml", ""},
		{"a number", KindHelm, object("v1", "Secret", "run-20261101"), "t/a.yaml", ""},
		{"a word", KindHelm, object("v1", "Secret", "house-facade"), "t/a.yaml", ""},
		{"a volume claim", KindHelm, object("v1", "PersistentVolumeClaim", "run-0f2c6d12"), "t/a.yaml", ""},
		{"outside of a chart", KindManifests, object("v1", "Secret", "run-0f2c6d12"), "t/a.yaml", ""},
	} {
		if got := GeneratedName(Unit{Kind: c.kind}, c.manifest, c.file, read); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
