package git

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIdentity(t *testing.T) {
	for url, want := range map[string]string{
		"https://github.com/Acme/Platform.git":              "github.com/acme/platform",
		"git@github.com:acme/platform.git":                  "github.com/acme/platform",
		"ssh://git@ssh.github.com:443/acme/platform":        "github.com/acme/platform",
		"https://user:token@gitlab.example.com/a/b/c.git/":  "gitlab.example.com/a/b/c",
		"git@ssh.dev.azure.com:v3/acme/web/platform":        "dev.azure.com/acme/web/_git/platform",
		"https://acme@dev.azure.com/acme/web/_git/platform": "dev.azure.com/acme/web/_git/platform",
		"https://git.example.com/scm/acme/platform.git":     "git.example.com/acme/platform",
		"ssh://git@git.example.com:7999/acme/platform.git":  "git.example.com/acme/platform",
		"../platform":    "",
		"oci://r/charts": "",
		"x":              "",
		"":               "",
	} {
		if got := Identity(url); got != want {
			t.Errorf("Identity(%q) = %q, want %q", url, got, want)
		}
	}
}

func TestIdentities(t *testing.T) {
	s := newSandbox(t)
	s.git("remote", "add", "origin", "git@github.com:me/platform.git")
	s.git("remote", "add", "upstream", "https://github.com/acme/platform")
	s.git("remote", "add", "local", "/srv/platform")
	if diff := cmp.Diff([]string{"github.com/acme/platform", "github.com/me/platform"}, s.open().Identities(t.Context())); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
