package render

import (
	"errors"
	"testing"

	"gate/internal/source"
)

// helm builds what a lock names from repositories that were added alone, and refuses a
// lock of other dependencies.
func TestDependencyHint(t *testing.T) {
	t.Parallel()
	const (
		asked = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: redis, version: 1.x.x, repository: 'https://charts.example.com/stable/'}\n- {name: db, version: 2.0.0, repository: 'oci://ghcr.io/acme'}\n"
		lock  = "dependencies:\n- {name: redis, repository: 'https://charts.example.com/stable/', version: 1.2.3}\n- {name: db, repository: 'oci://ghcr.io/acme', version: 2.0.0}\n"
	)
	for _, c := range []struct{ name, lock, want string }{
		{"no lock", "", "helm dependency build c"},
		{"a lock of these", lock + "digest: sha256:487f656377a9084d57a1f1a3b7dea0653ecb6a01cb2b5434d310928c0e3c02dc\ngenerated: '2026-01-01T00:00:00Z'\n", "helm repo add charts-example-com-stable https://charts.example.com/stable/ && helm dependency build c"},
		{"a lock of others", lock + "digest: sha256:00\ngenerated: '2026-01-01T00:00:00Z'\n", "helm dependency update c"},
	} {
		files := map[string]string{"c/Chart.yaml": asked}
		if c.lock != "" {
			files["c/Chart.lock"] = c.lock
		}
		_, err := one(t, files, Options{})
		var at *source.Error
		if !errors.As(err, &at) || at.Hint != c.want {
			t.Errorf("%s: %+v, want %s", c.name, err, c.want)
		}
	}
}
