package decide

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
)

// TestFingerprints pins what version v1 means: where one of these changes, every
// forge and dashboard shows what was there as new. See FingerprintVersion.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	if FingerprintVersion != "v1" {
		t.Fatalf("version %s: write v1 beside it, and keep this table", FingerprintVersion)
	}
	finding := func(rule, environment, target, subject, message string, path ...any) Finding {
		return Finding{Rule: rule, Scope: facts.Scope{Environment: environment, Target: target}, Subject: SubjectRef{ID: subject}, Message: message, Path: source.Path(path)}
	}
	list := []Finding{
		finding("kubernetes/privileged-container", "prod", "eu", "helm:charts/web@web#apps/Deployment/shop/web/web", "m", "securityContext", "privileged"),
		finding("kubernetes/privileged-container", "prod", "us", "helm:charts/web@web#apps/Deployment/shop/web/web", "m", "securityContext", "privileged"),
		finding("kubernetes/privileged-container", "", "", "helm:charts/web@web#apps/Deployment/shop/web/web", "m", "securityContext", "privileged"),
		finding("iac/public-exposure", "prod", "", "terraform:stacks/net:aws_security_group.web", "m", "ingress", 0, "cidr_blocks", 1),
		finding("iac/public-exposure", "prod", "", "terraform:stacks/net:aws_security_group.web", "n", "ingress", 0, "cidr_blocks", 1),
		finding("iac/public-exposure", "prod", "", "terraform:stacks/net:aws_security_group.web", "m", "ingress", 1, "cidr_blocks", 1),
		finding("repository/action-pinned", "", "", "file:.github/workflows/build.yaml", "m", "jobs", "build", "steps", 3, "uses"),
		finding("secrets/plaintext-secret", "prod", "", "secret:named-value:config/app.yaml#db.password:1", "m"),
		finding("a/b", "", "", "manifests:.#/ConfigMap/shop/é", "m", "data", "a.b", "<&>"),
	}
	want := []string{
		"83d1fe81fe377f9bce1a5466b26d68d7",
		"8ec21ef942a17f43b789352e16f4e6a8",
		"0a19ca1b9cae6dc4d1f80e35df370454",
		"f0f14a0f9d7573dd2244b25e2e6c3a33",
		"bbd3595e4538a4d35ee4acce6938e1c8",
		"e7cb7fb7755096640a13ff58c9e83c14",
		"a0981174c7b61af03451f4f3e60d592e",
		"76699cfeb4307f926283594ce7a1acf3",
		"d4f0a3793027df736c82655216d485a4",
	}
	fingerprints(list)
	for i, f := range list {
		if i >= len(want) || f.Fingerprint != want[i] {
			t.Errorf("%d: %s %s %s has %s", i, f.Rule, f.Subject.ID, f.Path, f.Fingerprint)
		}
	}
}
