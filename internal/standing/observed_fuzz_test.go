package standing

import "testing"

// What controllers report is read without a panic, and says nothing where it names none.
func FuzzReadObserved(f *testing.F) {
	f.Add([]byte("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {source: {repoURL: https://github.com/acme/platform}}\nstatus:\n  sync: {status: Synced, revision: 0123456789012345678901234567890123456789}\n  health: {status: Healthy}\n"))
	f.Add([]byte("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: web}\nstatus: {lastAppliedRevision: main@sha1:0123456789012345678901234567890123456789, conditions: [{type: Ready, status: \"True\"}]}\n"))
	f.Add([]byte(`{"kind": "List", "items": [{"kind": "GitRepository"}, null, 1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ReadObserved("observed.json", data, "github.com/acme/platform")
		if (got == nil) != (err != nil) {
			t.Errorf("%v and %v", got, err)
		}
	})
}
