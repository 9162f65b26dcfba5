package terraform

import (
	"regexp"
	"strings"

	"gate/internal/facts"
)

// credentialArgument says whether a provider or backend argument takes a
// credential.
func credentialArgument(name string) bool {
	switch name {
	case "access_key", "secret_key", "token", "client_secret", "client_certificate", "client_certificate_password", "client_key",
		"credentials", "access_token", "password", "api_key", "api_token", "app_key", "private_key", "sas_token", "oidc_token",
		"encryption_key", "conn_str", "cluster_ca_key", "admin_password", "shared_secret", "account_key", "app_private_key":
		return true
	}
	return sensitiveName("", name, false)
}

// withoutCredential returns the value of an argument of a provider or backend, redacted
// where it is a credential that stands there.
func withoutCredential(name string, v any) any {
	if text, ok := v.(string); ok && credentialArgument(name) && opens(name, text) {
		return facts.Redacted("sensitive")
	}
	return v
}

// opens says whether the text of a credential argument can be a credential: no word that
// says that it is none, as mocked providers of tests have, and no path of a file with the
// credential in it, which Google's provider and backend take in the same argument
// (https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference).
func opens(name, text string) bool {
	text = strings.TrimSpace(text)
	switch {
	case text == "", madeUp.MatchString(text):
		return false
	case name == "credentials":
		return !strings.HasSuffix(text, ".json") || strings.ContainsAny(text, "{\n")
	}
	return true
}

// madeUp are texts that say of themselves that they are no credential: words of which one
// is that of a mock (test, mock_access_key, fake-token), and what asks to be replaced.
var madeUp = regexp.MustCompile(`(?i)^(?:(?:[a-z]+[-_. ])*(?:test|testing|mock|mocked|fake|dummy|stub|example|sample|placeholder|localstack|foo|bar)(?:[-_. ][a-z]+)*[-_. ]?[0-9]{0,2}|<[^<>]+>|change[-_ ]?me\w*|x{3,}|todo)$`)
