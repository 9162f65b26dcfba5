package pipeline

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gate/internal/fetch"
	"gate/internal/source/sourcetest"
)

// packed is the archive of a chart that is named web.
func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	tree := sourcetest.Parse(text)
	tree["Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if err := w.WriteHeader(&tar.Header{Name: "web/" + name, Mode: 0o644, Size: int64(len(tree[name])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(tree[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestIdleFetched checks which charts that are not in the tree a change leaves out.
func TestIdleFetched(t *testing.T) {
	t.Parallel()
	const repository = "https://charts.example.com"
	application := func(values string) string {
		return files("argocd/web.yaml", fmt.Sprintf(`apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: default
  sources:
    - {repoURL: %q, chart: web, targetRevision: 1.0.0, helm: {valueFiles: ["$tree/values/web.yaml"]%s}}
    - {repoURL: "https://git.example.com/acme/shop.git", ref: tree}
  destination: {server: "https://kubernetes.default.svc", namespace: web}`, repository, values), "values/web.yaml", "v: 1")
	}
	object := func(kind string) string {
		return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: web}\ndata: {v: '{{ .Values.v }}'}"
	}
	plain := files("templates/c.yaml", object("ConfigMap"))
	other := files("b/c.yaml", configMap("b", "2"))
	for _, c := range []struct {
		name, chart, head string // head stands beside what both have
		unlocked, idle    bool
	}{
		{name: "a neighbour", chart: plain, head: other, idle: true},
		{name: "its values", chart: plain, head: files("values/web.yaml", "v: 2")},
		{name: "its values in the object", chart: plain, head: application(", parameters: [{name: v, value: '2'}]")},
		{name: "what is locked", chart: plain, head: files(fetch.LockFile, "apiVersion: gate/v1\ncharts: []")},
		{name: "nothing is locked", chart: plain, head: other, unlocked: true},
		{name: "a policy of admission", chart: files("templates/p.yaml", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: []}"), head: other},
		{name: "a chart that deploys others", chart: files("templates/a.yaml", app("more", "path: more")), head: other},
		{name: "one in a chart in the chart", chart: files("charts/web.tgz", string(packed(t, files("templates/a.yaml", app("more", "path: more"))))), head: other},
		{name: "what shares a namespace", chart: plain, head: files("b/d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d, namespace: web}")},
		{name: "what names a namespace itself", chart: files("templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}"), head: other},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			archive := packed(t, c.chart)
			sum := sha256.Sum256(archive)
			cache := t.TempDir()
			if err := os.Mkdir(filepath.Join(cache, "charts"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(cache, "charts", hex.EncodeToString(sum[:])+".tgz"), archive, 0o600); err != nil {
				t.Fatal(err)
			}
			base := application("")
			if !c.unlocked {
				base += files(fetch.LockFile, fmt.Sprintf("apiVersion: gate/v1\ncharts:\n  - {repository: %q, name: web, version: 1.0.0, url: %q, sha256: %x}", repository, repository+"/web-1.0.0.tgz", sum))
			}
			got := factsBy(t, base, base+c.head, Options{ChangedOnly: true, Cache: cache})
			idle := false
			for _, o := range got.deployed.head.Outcomes {
				if o.Unit.Fetch != nil {
					idle = passed(o)
					if o.Err != nil && !c.unlocked && c.name != "what is locked" {
						t.Errorf("%s: %v", o.Unit.ID, o.Err)
					}
				}
			}
			if idle != c.idle {
				t.Errorf("idle: %t", idle)
			}
		})
	}
}
