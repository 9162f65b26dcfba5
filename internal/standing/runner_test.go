package standing

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/oidc"
	"gate/internal/policysource"
	"gate/internal/source/sourcetest"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// TestRunnerOf: where the target branch says which jobs may apply, a job shows by a token
// that it is one of them.
func TestRunnerOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}})
	if err != nil {
		t.Fatal(err)
	}
	token := func(claims map[string]any) string {
		all := map[string]any{"iss": oidc.GitHub, "aud": "gate", "exp": now.Add(time.Hour).Unix(), "repository": "acme/platform", "environment": "prod",
			"ref": "refs/heads/main", "job_workflow_ref": "acme/platform/.github/workflows/apply.yml@refs/heads/main"}
		for k, v := range claims {
			all[k] = v
		}
		out, err := jwt.Signed(signer).Claims(all).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	entry := config.RunnerTrust{
		Name: "apply", Environments: []string{"prod"}, Issuer: oidc.GitHub, Audience: "gate", Keys: "github.jwks", Deployments: []string{"prod"},
		Workflows: []string{"acme/platform/.github/workflows/apply.yml@refs/heads/main"}, Refs: []string{"refs/heads/main"},
	}
	for name, tt := range map[string]struct {
		entries []config.RunnerTrust
		token   string
		of      string // environment of the decision
		// what the job is refused by, or is not known by; neither: it may
		refused, unread string
		none            bool // nobody asks
	}{
		"nobody asks":                     {none: true},
		"nobody asks there":               {entries: []config.RunnerTrust{entry}, of: "dev", none: true},
		"a token that nobody asks for":    {token: token(nil), unread: "no entry for environment"},
		"the job":                         {entries: []config.RunnerTrust{entry}, token: token(nil)},
		"no token":                        {entries: []config.RunnerTrust{entry}, unread: "there is no token"},
		"of another environment":          {entries: []config.RunnerTrust{entry}, token: token(map[string]any{"environment": "plan"}), refused: "is of environment \"plan\""},
		"of another workflow":             {entries: []config.RunnerTrust{entry}, token: token(map[string]any{"job_workflow_ref": "acme/platform/.github/workflows/x.yml@refs/heads/main"}), refused: "is defined by"},
		"of a pull request":               {entries: []config.RunnerTrust{entry}, token: token(map[string]any{"ref": "refs/pull/7/merge"}), refused: "runs on \"refs/pull/7/merge\""},
		"a token for somebody else":       {entries: []config.RunnerTrust{entry}, token: token(map[string]any{"aud": "sts.amazonaws.com"}), refused: "has no token for apply"},
		"a token that has ended":          {entries: []config.RunnerTrust{entry}, token: token(map[string]any{"exp": now.Add(-time.Hour).Unix()}), refused: "has no token for apply"},
		"words":                           {entries: []config.RunnerTrust{entry}, token: "words", refused: "has no token for apply"},
		"keys that are not there":         {entries: []config.RunnerTrust{{Name: "x", Issuer: oidc.GitHub, Audience: "gate", Keys: "none"}}, token: token(nil), unread: "not exist"},
		"the second of two entries":       {entries: []config.RunnerTrust{{Name: "x", Issuer: "https://gitlab.example.com", Audience: "gate", Keys: "github.jwks"}, entry}, token: token(nil)},
		"of another repository, not here": {entries: []config.RunnerTrust{{Name: "x", Repositories: []string{"github.com/acme/other"}, Issuer: oidc.GitHub, Audience: "gate", Keys: "github.jwks"}}, none: true},
	} {
		d := &attest.Decision{}
		d.Predicate.Identity.Repository, d.Predicate.Target.Environment = "github.com/acme/platform", "prod"
		if tt.of != "" {
			d.Predicate.Target.Environment = tt.of
		}
		p := &policysource.Source{Tree: sourcetest.Tree{"github.jwks": string(set)}, Files: config.Files{Trust: &config.Trust{Runners: tt.entries}}}
		r := RunnerOf(p, d, tt.token, now)
		switch {
		case tt.none:
			if r != nil {
				t.Errorf("%s: %+v", name, r)
			}
		case r == nil:
			t.Errorf("%s: nothing", name)
		case tt.unread != "":
			if r.Unread == nil || !strings.Contains(r.Unread.Error(), tt.unread) {
				t.Errorf("%s: %+v, want %q", name, r, tt.unread)
			}
		case tt.refused != "":
			if r.Unread != nil || !strings.Contains(r.Refused, tt.refused) {
				t.Errorf("%s: %+v, want %q", name, r, tt.refused)
			}
		case r.Unread != nil || r.Refused != "" || r.Repository != "github.com/acme/platform":
			t.Errorf("%s: %+v", name, r)
		}
	}
}
