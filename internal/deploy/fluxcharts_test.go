package deploy

import "testing"

// helm takes no --repo that is a registry.
func TestPullHint(t *testing.T) {
	t.Parallel()
	tests := []struct{ chart, repo, version, want string }{
		{"web", "", "", "helm pull web --untar"},
		{"web", "https://charts.example.com", "1.2.3", "helm pull web --repo https://charts.example.com --version '1.2.3' --untar"},
		{"web", "oci://registry.example.com/charts/", "1.2.3", "helm pull oci://registry.example.com/charts/web --version '1.2.3' --untar"},
		{"web", "registry.example.com/charts", "", "helm pull oci://registry.example.com/charts/web --untar"},
		{"oci://registry.example.com/charts/web", "", "", "helm pull oci://registry.example.com/charts/web --untar"},
	}
	for _, tt := range tests {
		want := "vendor it: " + tt.want + " --untardir vendor, and name vendor/web under units in .gate.yaml"
		if got := pullHint(tt.chart, tt.repo, tt.version); got != want {
			t.Errorf("%s of %s:\n got %s\nwant %s", tt.chart, tt.repo, got, want)
		}
	}
}
