package render

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestParseImage(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	ref := func(registry, repository, tag, digest string) facts.ImageReference {
		return facts.ImageReference{Registry: registry, Repository: repository, Tag: tag, Digest: digest, Valid: true}
	}
	for in, want := range map[string]facts.ImageReference{
		"nginx":                              ref("docker.io", "library/nginx", "", ""),
		"nginx:1.27":                         ref("docker.io", "library/nginx", "1.27", ""),
		"acme/web":                           ref("docker.io", "acme/web", "", ""),
		"docker.io/nginx":                    ref("docker.io", "library/nginx", "", ""),
		"index.docker.io/acme/web:1":         ref("docker.io", "acme/web", "1", ""),
		"localhost/web":                      ref("localhost", "web", "", ""),
		"localhost:5000/web":                 ref("localhost:5000", "web", "", ""),
		"registry.example.com:5000/a/b:1.0":  ref("registry.example.com:5000", "a/b", "1.0", ""),
		"registry.example.com/a/b@" + digest: ref("registry.example.com", "a/b", "", digest),
		"ghcr.io/a/b:1@" + digest:            ref("ghcr.io", "a/b", "1", digest),
		"[2001:db8::1]:5000/web:1":           ref("[2001:db8::1]:5000", "web", "1", ""),
		"gcr.io/k8s--x/a__b.c":               ref("gcr.io", "k8s--x/a__b.c", "", ""),
	} {
		want.Ref = in
		if diff := cmp.Diff(want, ParseImage(in)); diff != "" {
			t.Errorf("%s: -want +got\n%s", in, diff)
		}
	}
	for _, in := range []string{
		"", "Nginx", "nginx:", "nginx@", "nginx@sha256:abc", "nginx:a b", " nginx", "a//b", "/a", "a/", "nginx@md5:0123",
		"$(IMAGE)", "{{ .Values.image }}", "registry.example.com/Upper", "a:tag:tag", "http://example.com/a", "a@" + digest + "x",
	} {
		if got := ParseImage(in); got.Valid {
			t.Errorf("%q is valid: %+v", in, got)
		}
	}
}

func FuzzParseImage(f *testing.F) {
	f.Add("registry.example.com:5000/a/b:1.0@sha256:abc")
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseImage(s)
		if r.Ref != s {
			t.Errorf("reference changed: %q", r.Ref)
		}
		if r.Valid && (r.Registry == "" || r.Repository == "") {
			t.Errorf("valid without a name: %+v", r)
		}
	})
}

func TestFacts(t *testing.T) {
	w := tree(t, map[string]string{
		"raw/a.yaml": `apiVersion: batch/v1
kind: CronJob
metadata:
  name: job
  labels: {app: job}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          hostNetwork: true
          initContainers:
            - name: init
              image: busybox
          containers:
            - name: main
              image: example.com/main:1
              securityContext:
                privileged: true
            - image: busybox
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: other}
data: {password: aHVudGVy}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: t}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: t}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, scope: Cluster, names: {kind: Thing}}
`,
		"raw/b.yaml": "apiVersion: v1\nkind: [\n",
	})
	u := Unit{ID: "manifests:raw", Kind: KindManifests, Path: "raw", Namespace: "shop", Files: []string{"raw/a.yaml", "raw/b.yaml"}}
	redact := func(m map[string]any) map[string]any {
		if m["kind"] == "Secret" {
			m["data"] = facts.Redacted("secret")
		}
		return m
	}
	c := Facts(All(t.Context(), w, []Unit{u}, Options{}), redact)

	var objects []string
	for _, o := range c.Objects {
		objects = append(objects, o.ID)
	}
	wantObjects := []string{
		"manifests:raw#/Secret/other/s",
		"manifests:raw#apiextensions.k8s.io/CustomResourceDefinition//things.example.com",
		"manifests:raw#batch/CronJob/shop/job",
		"manifests:raw#example.com/Thing//t",
		"manifests:raw#example.com/Thing//t~2",
	}
	if diff := cmp.Diff(wantObjects, objects); diff != "" {
		t.Errorf("objects -want +got\n%s", diff)
	}
	if diff := cmp.Diff(facts.Redacted("secret"), c.Objects[0].Manifest["data"]); diff != "" {
		t.Errorf("secret -want +got\n%s", diff)
	}

	const job = "manifests:raw#batch/CronJob/shop/job"
	var containers []string
	for _, x := range c.Containers {
		containers = append(containers, x.ID+" "+x.Type+" "+x.Image.Repository)
		if diff := cmp.Diff(map[string]any{"hostNetwork": true}, x.Pod); diff != "" {
			t.Errorf("pod -want +got\n%s", diff)
		}
	}
	wantContainers := []string{
		job + "/containers[1] container library/busybox", job + "/init init library/busybox", job + "/main container main",
	}
	if diff := cmp.Diff(wantContainers, containers); diff != "" {
		t.Errorf("containers -want +got\n%s", diff)
	}

	for _, tc := range []struct {
		id   string
		path source.Path
		want string
	}{
		{job + "/main", source.Path{"securityContext", "privileged"}, "raw/a.yaml:19:17"},
		{job + "/main", source.Path{"$pod", "hostNetwork"}, "raw/a.yaml:11:11"},
		{job + "/main", source.Path{"$object", "metadata", "labels", "app"}, "raw/a.yaml:5:12"},
		{job + "/main", nil, "raw/a.yaml:16:15"},
		{job, source.Path{"spec"}, "raw/a.yaml:6:1"},
	} {
		if got := c.Locators[tc.id].Locate(tc.path).String(); got != tc.want {
			t.Errorf("%s %s: %s, expected %s", tc.id, tc.path, got, tc.want)
		}
	}

	unit := c.Ledger[0]
	if unit.Kind != "unit" || unit.State != facts.Failed || unit.Place.File != "raw/b.yaml" || unit.Count != 5 {
		t.Errorf("ledger %+v", unit)
	}
}

// TestPodTemplates checks that a pod is found in every kind of the table.
func TestPodTemplates(t *testing.T) {
	pod := map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "a"}}}}
	place := func(at source.Path, v any) any {
		for i := len(at) - 1; i >= 0; i-- {
			if _, ok := at[i].(int); ok {
				v = []any{v}
			} else {
				v = map[string]any{at[i].(string): v}
			}
		}
		return v
	}
	check := func(key string, at source.Path) {
		o := place(at, pod).(map[string]any)
		g, kind := split(key)
		o["kind"], o["apiVersion"] = kind, g
		got := podTemplates(o, nil)
		if len(got) != 1 {
			t.Errorf("%s: %d pod templates at %s", key, len(got), at)
		}
	}
	for key, paths := range podPaths() {
		for _, at := range paths {
			check(key, at)
		}
	}
	for key, lists := range listedPods() {
		for _, l := range lists {
			check(key, append(append(append(source.Path{}, l[0]...), 0), l[1]...))
		}
	}
}

func split(key string) (apiVersion, kind string) {
	for i := range key {
		if key[i] == '/' {
			if i == 0 {
				return "v1", key[1:]
			}
			return key[:i] + "/v1", key[i+1:]
		}
	}
	return "", key
}
