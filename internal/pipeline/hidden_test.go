package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/source/sourcetest"
)

// A password that is a common word, or a name, is hidden where it stands and nowhere
// else: what a report is about has its name, and nothing tells the word.
func TestNamesStay(t *testing.T) {
	t.Parallel()
	for _, word := range []string{
		"postgres", "admin", "default", "latest", "Deployment", "cluster-admin", "prometheus-operator", "my-shop-db-primary", "kubernetes-secret-data",
		"postgres15", "redis-7", "v1.25.3", "postgres:15-alpine", "docker.io/library/postgres", "manifests", "metadata.name", "kubernetes/image-digest",
		"7d9f8b6c5d-x2x4k9", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "4f2a9c1b7d3e5f60718293a4b5c6d7e8f9012345",
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			name := strings.ToLower(strings.NewReplacer("/", "-", ":", "-", ".", "-").Replace(word))
			image := "registry.example.com/" + name + ":" + strings.NewReplacer("/", "-", ":", "-").Replace(word)
			dir := t.TempDir()
			files := sourcetest.Parse("-- @@/kustomization.yaml --\nresources: [d.yaml]\nsecretGenerator: [{name: s, literals: [DB_PASSWORD=" + word + "]}]\n-- @@/d.yaml --\n" +
				"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: @@, labels: {app: @@}}\nspec:\n  selector: {matchLabels: {app: @@}}\n  template:\n    metadata: {labels: {app: @@}}\n" +
				"    spec:\n      hostNetwork: true\n      containers:\n        - name: @@\n          image: " + image + "\n          env: [{name: DB_PASSWORD, value: " + word + "}]\n" +
				"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: @@}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: ServiceAccount, name: @@, namespace: @@}]\n" +
				"-- @@.yaml --\nbroken: [\n  @@: : :\n")
			for file, text := range files {
				file = filepath.Join(dir, filepath.FromSlash(strings.ReplaceAll(file, "@@", name)))
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "@@", name)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := Check(context.Background(), Options{Dir: dir, Local: true})
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			rules := map[string]bool{}
			for _, f := range out.Result.Findings {
				rules[f.Rule] = true
				if strings.Contains(f.Message, "[redacted") {
					t.Errorf("%s: %s", f.Rule, f.Message)
				}
			}
			for _, want := range []string{"kubernetes/image-digest", "secrets/plaintext-secret", "kubernetes/cluster-admin-binding"} {
				if !rules[want] && (want != "secrets/plaintext-secret" || !strings.Contains(word, "/")) { // a path is where a secret is kept
					t.Errorf("no finding of %s", want)
				}
			}
			for _, e := range out.Result.Coverage.Entries {
				if strings.Contains(e.Reason+e.Hint, "[redacted") {
					t.Errorf("%s: %s; hint: %s", e.ID, e.Reason, e.Hint)
				}
			}
		})
	}
}
