// Package oidc reads the identity tokens that CI systems give their jobs (OpenID Connect
// Core 1.0, section 2), against keys that are at hand: it fetches nothing.
package oidc

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxToken bounds a token; those of forges have two thousand bytes.
const maxToken = 64 << 10

// algorithms are those that forges sign with; none of them takes a public key for a secret.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}

// leeway is how far clocks may be apart.
const leeway = time.Minute

// Job is who a job is, by its token.
type Job struct {
	Issuer      string
	Repository  string // host/owner/name, in lower case
	Environment string // of the forge; empty: the job names none
	Ref         string // such as refs/heads/main
	Workflow    string // that defines the job, with its ref
}

// claims are those of GitHub
// (https://docs.github.com/en/actions/reference/security/oidc) and GitLab
// (https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload).
type claims struct {
	jwt.Claims
	Environment string `json:"environment"`
	Ref         string `json:"ref"`

	Repository     string `json:"repository"`
	JobWorkflowRef string `json:"job_workflow_ref"`

	ProjectPath    string `json:"project_path"`
	RefType        string `json:"ref_type"`
	CIConfigRefURI string `json:"ci_config_ref_uri"`
}

// GitHub is the issuer of its tokens.
const GitHub = "https://token.actions.githubusercontent.com"

// ErrInvalid is wrapped by errors about a token that was read and is none that counts.
var ErrInvalid = errors.New("the token does not count")

// Verify reads a token that was signed by one of the keys (a JSON Web Key Set, RFC 7517)
// for an issuer and an audience, and that is valid at a time. The error wraps ErrInvalid,
// unless the keys cannot be read.
func Verify(token string, keys []byte, issuer, audience string, now time.Time) (*Job, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(keys, &set); err != nil {
		return nil, fmt.Errorf("read the keys of %s: %w", issuer, err)
	}
	if len(set.Keys) == 0 {
		return nil, fmt.Errorf("read the keys of %s: there are none", issuer)
	}
	token = strings.TrimSpace(token)
	if len(token) > maxToken {
		return nil, fmt.Errorf("%w: larger than %d KiB", ErrInvalid, maxToken>>10)
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var c claims
	if err := parsed.Claims(set, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if c.Expiry == nil {
		return nil, fmt.Errorf("%w: it has no end", ErrInvalid)
	}
	if err := c.ValidateWithLeeway(jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: now}, leeway); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	j := &Job{Issuer: issuer, Environment: c.Environment, Ref: c.Ref, Workflow: cmp.Or(c.JobWorkflowRef, c.CIConfigRefURI)}
	host, path := strings.TrimPrefix(issuer, "https://"), c.ProjectPath
	if issuer == GitHub {
		host, path = "github.com", c.Repository
	} else if c.Ref != "" && !strings.HasPrefix(c.Ref, "refs/") {
		j.Ref = map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[c.RefType] + c.Ref
	}
	if path == "" {
		return nil, fmt.Errorf("%w: it names no repository", ErrInvalid)
	}
	j.Repository = strings.ToLower(host + "/" + path)
	return j, nil
}
