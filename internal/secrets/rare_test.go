package secrets

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestRare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value      string
		rare, told bool
	}{
		{"Vq7plumHarbor91xTide", true, true},
		{"p4ssw0rd!-and-more", true, true},
		{"https://hooks.example.com/T0/B0/Xy7Zp0Qw3Er5Ty", true, true},
		{"correct!horse$battery", true, true},
		{"hunter22", false, true},
		{"3fa85f64-5717-4562-b3fc-2c963f66afa6", false, true},
		{"correct-horse-battery", false, true},
		{"correct horse battery staple", false, true},
		{"hunter2", false, false},
		{"postgres", false, false},
		{"postgres:15-alpine", false, false},
		{"docker.io/library/postgres", false, false},
		{"cluster-admin", false, false},
		{"prometheus-operator", false, false},
		{"https://kubernetes.default.svc", false, false},
		{"config/prod/values.yaml", false, false},
		{"/etc/ssl/certs/ca-2024.crt", false, false},
		{"allowPrivilegeEscalation", false, false},
		{"1.25.3", false, false},
		{"", false, false},
	} {
		if got := rare(tt.value); got != tt.rare {
			t.Errorf("rare(%q) = %v", tt.value, got)
		}
		if got := told(tt.value); got != tt.told {
			t.Errorf("told(%q) = %v", tt.value, got)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`key "Vq7plumHarbor91xTide" is set twice`:                            `key "[redacted]" is set twice`,
		"/stringData/Vq7plumHarbor91xTide failed":                            "/stringData/[redacted] failed",
		"dashboards/AbC1dEf2GhI3jKl4.json: bad":                              "dashboards/AbC1dEf2GhI3jKl4.json: bad",
		"sha256:4f2a9c1b7d3e5f60718293a4b5c6d7e8f90123454f2a9c1b7d3e5f60 no": "sha256:4f2a9c1b7d3e5f60718293a4b5c6d7e8f90123454f2a9c1b7d3e5f60 no",
		"ServiceAccountTokenVolumeV1Beta2 is not known":                      "ServiceAccountTokenVolumeV1Beta2 is not known",
		"unknown field spec.containerPort8080":                               "unknown field spec.containerPort8080",
	} {
		if got := WithoutTokens(text); got != want {
			t.Errorf("WithoutTokens(%q) = %q, want %q", text, got, want)
		}
	}
	for key, want := range map[string]bool{
		"Vq7plumHarbor91xTide": true, "a-Vq7plumHarbor91xTide": true, "ghp_16C7e42F292c6912E7710c838347Ae178b4a": true,
		"tls.crt": false, "ssh-privatekey": false, "AWS_ACCESS_KEY_ID_2": false, "OAuth-V2_Key_1": false, "config2.yaml": false,
		"server-1.keystore.jks": false, "3fa85f64-5717-4562-b3fc-2c963f66afa6": false, "redis-sentinel-password-2024": false,
	} {
		if got := secretKey(key); got != want {
			t.Errorf("secretKey(%q) = %v", key, got)
		}
	}
}

func TestKeeping(t *testing.T) {
	t.Parallel()
	redact := NewRedactor([]string{"hunter22", "web"}).Redact
	for _, tt := range []struct {
		text, want string
		names      []string
	}{
		{"hunter22 of hunter22-db", "[redacted] of hunter22-db", []string{"hunter22-db"}},
		{"hunter22 of hunter22", "hunter22 of hunter22", []string{"hunter22"}},
		{"xhunter22", "x[redacted]", []string{"hunter22x", "hunter22"}},
		{"hunter22 at a", "[redacted] at a", []string{"a", "", "hunter22 at a"}},
		{"nothing", "nothing", nil},
	} {
		if got := Keeping(redact, tt.text, tt.names...); got != tt.want {
			t.Errorf("Keeping(%q, %q) = %q, want %q", tt.text, tt.names, got, tt.want)
		}
	}
}

func TestHideRepeated(t *testing.T) {
	t.Parallel()
	const value = "Vq7plumHarbor91xTide"
	r := (&Found{records: []record{{value: value}, {value: "postgres"}}, keys: []string{"Ab3dEf6hIj9k"}}).Repeated()
	m := parse(t, `
metadata: {name: `+value+`, labels: {app: `+value+`, db: postgres}, annotations: {`+value+`: x, a/`+value+`: y}}
spec:
  selector: {matchLabels: {app: `+value+`}}
  image: `+value+`
  args: [--a=`+value+`, --b=postgres]
  env: [{name: A, value: `+value+`, valueFrom: {secretKeyRef: {name: s, key: Ab3dEf6hIj9k}}}]
`).(map[string]any)
	before := parse(t, "a: 1")
	want := parse(t, `
metadata: {name: `+value+`, labels: {app: "[redacted]", db: postgres}, annotations: {"[redacted]": x, "[redacted 2]": y}}
spec:
  selector: {matchLabels: {app: "[redacted]"}}
  image: `+value+`
  args: [{$redacted: secret}, --b=postgres]
  env: [{name: A, value: {$redacted: secret}, valueFrom: {secretKeyRef: {name: s, key: "[redacted]"}}}]
`)
	if diff := cmp.Diff(want, any(r.Hide(m))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"a": "[redacted]"}, r.Labels(map[string]string{"a": value})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(source.Path{"data", "[redacted]", 1}, r.Path(source.Path{"data", value, 1})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(any(facts.Redacted("secret")), r.Value("x "+value)); diff != "" {
		t.Error(diff)
	}
	none := (&Found{records: []record{{value: "postgres"}}}).Repeated()
	if diff := cmp.Diff(before, any(none.Hide(map[string]any{"a": int64(1)}))); diff != "" {
		t.Error(diff)
	}
}
