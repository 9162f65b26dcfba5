package discover

import (
	"testing"

	"gate/internal/source/sourcetest"
)

// No content of any kind of file ends discovery, and every file has exactly
// one ledger entry.
func FuzzCollect(f *testing.F) {
	names := []string{"a.yaml", "a.json", "kustomization.yaml", "Chart.yaml", ".github/workflows/a.yml", ".gitlab-ci.yml", "action.yml", "catalog-info.yaml", "main.tf", "main.tf.json"}
	for i, s := range []string{
		configMap, `{"apiVersion": "v1", "x": "\ud83d\ude00\ud800"}`, "resources: [1, {a: b}, ../x]\npatches: [1, {path: [x]}]\nconfigMapGenerator: [{files: [a=b, 1]}]\nopenapi: 3\n",
		"name: 1\ndependencies: [x, {name: [y]}]\n", "on: push\n", "include: [1, {local: 2}, {local: \"**\"}]\n", "runs: []\n", "spec: [1]\n",
		"module \"x\" { source = 1 + }", `{"module": [{"x": {"source": ["./y"]}}]}`,
	} {
		f.Add(i, []byte(s))
	}
	f.Fuzz(func(t *testing.T, n int, data []byte) {
		name := names[((n%len(names))+len(names))%len(names)]
		inv, err := Collect(t.Context(), sourcetest.Tree{name: string(data)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(inv.Ledger) != 1 || len(inv.Files) != 1 || inv.Ledger[0].ID != name {
			t.Fatalf("%+v", inv.Ledger)
		}
	})
}
