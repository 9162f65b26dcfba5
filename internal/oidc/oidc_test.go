package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// issued is a token and the set of the keys of who signed it.
func issued(t testing.TB, more map[string]any) (token string, set []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{
		"iss": GitHub, "aud": "gate", "exp": noon.Add(time.Hour).Unix(), "nbf": noon.Add(-time.Hour).Unix(), "repository": "acme/Platform",
		"environment": "prod", "ref": "refs/heads/main", "job_workflow_ref": "acme/platform/.github/workflows/apply.yml@refs/heads/main",
	}
	for k, v := range more {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	if token, err = jwt.Signed(s).Claims(all).Serialize(); err != nil {
		t.Fatal(err)
	}
	set, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return token, set
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const lab = "https://gitlab.example.com"
	for name, tt := range map[string]struct {
		claims   map[string]any
		issuer   string
		audience string
		want     *Job
	}{
		"of GitHub": {issuer: GitHub, audience: "gate", want: &Job{
			Issuer: GitHub, Repository: "github.com/acme/platform", Environment: "prod", Ref: "refs/heads/main", Workflow: "acme/platform/.github/workflows/apply.yml@refs/heads/main",
		}},
		"of GitLab": {issuer: lab, audience: "gate", claims: map[string]any{
			"iss": lab, "repository": nil, "job_workflow_ref": nil, "project_path": "acme/platform", "ref": "main", "ref_type": "branch", "ci_config_ref_uri": "gitlab.example.com/acme/platform//.gitlab-ci.yml@refs/heads/main",
		}, want: &Job{
			Issuer: lab, Repository: "gitlab.example.com/acme/platform", Environment: "prod", Ref: "refs/heads/main", Workflow: "gitlab.example.com/acme/platform//.gitlab-ci.yml@refs/heads/main",
		}},
		"for somebody else":        {issuer: GitHub, audience: "sigstore"},
		"of another issuer":        {issuer: lab, audience: "gate"},
		"that has ended":           {issuer: GitHub, audience: "gate", claims: map[string]any{"exp": noon.Add(-time.Hour).Unix()}},
		"of tomorrow":              {issuer: GitHub, audience: "gate", claims: map[string]any{"nbf": noon.Add(time.Hour).Unix()}},
		"without an end":           {issuer: GitHub, audience: "gate", claims: map[string]any{"exp": nil}},
		"without an audience":      {issuer: GitHub, audience: "gate", claims: map[string]any{"aud": nil}},
		"of no repository":         {issuer: GitHub, audience: "gate", claims: map[string]any{"repository": nil}},
		"of GitLab's, from GitHub": {issuer: GitHub, audience: "gate", claims: map[string]any{"repository": nil, "project_path": "acme/platform"}},
	} {
		token, set := issued(t, tt.claims)
		got, err := Verify(token, set, tt.issuer, tt.audience, noon)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.want != nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("a token %s: %v\n%s", name, err, diff)
		}
	}
}

func TestVerifyHostile(t *testing.T) {
	t.Parallel()
	token, set := issued(t, nil)
	_, others := issued(t, nil)
	part := strings.Split(token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, text := range map[string]string{
		"empty": "", "words": "no token", "unsigned": none + "." + part[1] + ".", "another content": part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"x"}`)) + "." + part[2],
		"without its signature": part[0] + "." + part[1] + ".", "very large": strings.Repeat("a", maxToken+1),
	} {
		if j, err := Verify(text, set, GitHub, "gate", noon); !errors.Is(err, ErrInvalid) {
			t.Errorf("a token that is %s: %v %v", name, j, err)
		}
	}
	if _, err := Verify(token, others, GitHub, "gate", noon); !errors.Is(err, ErrInvalid) {
		t.Errorf("by keys of somebody else: %v", err)
	}
	for _, text := range []string{"", "{}", `{"keys": []}`, "[]"} {
		if _, err := Verify(token, []byte(text), GitHub, "gate", noon); err == nil || errors.Is(err, ErrInvalid) {
			t.Errorf("keys %q: %v", text, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	token, set := issued(f, nil)
	f.Add(token)
	f.Add("a.b.c")
	want, err := Verify(token, set, GitHub, "gate", noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if j, err := Verify(text, set, GitHub, "gate", noon); err == nil && *j != *want {
			t.Errorf("%q is %v", text, j)
		}
	})
}
