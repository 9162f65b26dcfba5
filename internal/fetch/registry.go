package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

const (
	maxManifest = 4 << 20
	maxTagPages = 20
	// Media types of an OCI manifest and of the layer that is a chart
	// (https://helm.sh/docs/topics/registries/).
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	chartType    = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// registry speaks the part of the OCI distribution specification v1.1 that
// pulling takes, for one repository of a registry.
type registry struct {
	client *client
	base   url.URL // https://host/v2/name/
	token  string
}

// registry returns the registry of oci://host/name.
func (c *client) registry(u *url.URL) *registry {
	r := &registry{client: c, base: url.URL{Scheme: "https", Host: u.Host, Path: "/v2/" + strings.Trim(u.Path, "/") + "/"}}
	if c.loopback && isLoopback(u.Hostname()) {
		r.base.Scheme = "http"
	}
	return r
}

func (r *registry) get(ctx context.Context, u *url.URL, accept string, limit int64) ([]byte, http.Header, error) {
	for asked := false; ; asked = true {
		h := http.Header{}
		if accept != "" {
			h.Set("Accept", accept)
		}
		if r.token != "" {
			h.Set("Authorization", "Bearer "+r.token)
		}
		data, got, err := r.client.get(ctx, u, h, limit)
		var status *statusError
		if !errors.As(err, &status) || status.code != http.StatusUnauthorized || asked {
			return data, got, err
		}
		if r.token, err = r.anonymous(ctx, status.challenge); err != nil {
			return nil, nil, err
		}
		if r.token == "" {
			return nil, nil, status
		}
	}
}

var challengeField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([a-z]+)="([^"]*)"`) })

// anonymous gets the token that a registry hands to anybody: section
// "Requesting a Token" of the distribution project's token specification.
func (r *registry) anonymous(ctx context.Context, challenge string) (string, error) {
	scheme, rest, _ := strings.Cut(challenge, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", nil
	}
	fields := map[string]string{}
	for _, m := range challengeField().FindAllStringSubmatch(rest, -1) {
		fields[m[1]] = m[2]
	}
	u, err := url.Parse(fields["realm"])
	if err != nil || u.Host == "" {
		return "", nil
	}
	q := u.Query()
	for _, key := range []string{"service", "scope"} {
		if fields[key] != "" {
			q.Set(key, fields[key])
		}
	}
	u.RawQuery = q.Encode()
	data, _, err := r.client.get(ctx, u, nil, maxManifest)
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	var got struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(data, &got); err != nil {
		return "", errors.New("the token is no JSON")
	}
	if got.Token == "" {
		got.Token = got.AccessToken
	}
	if strings.ContainsAny(got.Token, "\r\n") {
		return "", errors.New("the token is no token")
	}
	return got.Token, nil
}

func (r *registry) at(parts ...string) *url.URL { return r.base.JoinPath(parts...) }

// blob returns the content with a digest; the caller checks it.
func (r *registry) blob(ctx context.Context, sum string) ([]byte, error) {
	data, _, err := r.get(ctx, r.at("blobs", "sha256:"+sum), "", maxArchive)
	return data, err
}

// chart returns the digest of the archive under a tag.
func (r *registry) chart(ctx context.Context, tag string) (string, error) {
	data, _, err := r.get(ctx, r.at("manifests", tag), manifestType, maxManifest)
	if err != nil {
		return "", err
	}
	var m struct {
		Layers []struct {
			MediaType string `json:"mediaType"`
			Digest    string `json:"digest"`
		} `json:"layers"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return "", errors.New("the manifest is no JSON")
	}
	for _, l := range m.Layers {
		if sum, ok := strings.CutPrefix(l.Digest, "sha256:"); ok && l.MediaType == chartType && digest().MatchString(sum) {
			return sum, nil
		}
	}
	return "", errors.New("the artifact holds no chart")
}

// tags returns the tags of the repository.
func (r *registry) tags(ctx context.Context) ([]string, error) {
	var out []string
	u := r.at("tags", "list")
	for range maxTagPages {
		data, header, err := r.get(ctx, u, "", maxManifest)
		if err != nil {
			return nil, err
		}
		var page struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(data, &page); err != nil {
			return nil, errors.New("the list of tags is no JSON")
		}
		out = append(out, page.Tags...)
		next, _, ok := strings.Cut(strings.TrimPrefix(header.Get("Link"), "<"), ">")
		if !ok {
			return out, nil
		}
		more, err := u.Parse(next)
		if err != nil || more.Host != r.base.Host || more.Scheme != r.base.Scheme {
			return nil, errors.New("the list of tags goes on elsewhere")
		}
		u = more
	}
	return nil, fmt.Errorf("the list of tags has more than %d pages", maxTagPages)
}
