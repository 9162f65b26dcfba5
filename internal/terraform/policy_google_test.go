package terraform

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"
)

// A policy of Google Cloud is known as a whole, or but for some members.
func TestGoogleIAMPolicy(t *testing.T) {
	t.Parallel()
	got := byAddress(collect(t, sourcetest.Tree{"main.tf": `
data "google_iam_policy" "known" {
  binding {
    role    = "roles/cloudkms.cryptoKeyEncrypter"
    members = ["allUsers"]
  }
}
data "google_iam_policy" "partial" {
  binding {
    role    = "roles/viewer"
    members = [google_service_account.a.member, "allUsers"]
  }
}
data "google_iam_policy" "empty" {}
resource "google_kms_crypto_key_iam_policy" "known" {
  policy_data = data.google_iam_policy.known.policy_data
}
resource "google_kms_crypto_key_iam_policy" "partial" {
  policy_data = data.google_iam_policy.partial.policy_data
}
resource "google_kms_crypto_key_iam_policy" "empty" {
  policy_data = data.google_iam_policy.empty.policy_data
}
`}, Inputs{Stacks: []string{""}}))
	binding := func(role string, members ...any) any {
		return map[string]any{"bindings": []any{map[string]any{"role": role, "members": members}}}
	}
	at := []any{"policy_data"}
	for address, want := range map[string]facts.ResourceDocument{
		"google_kms_crypto_key_iam_policy.known":   {Path: at, Value: binding("roles/cloudkms.cryptoKeyEncrypter", "allUsers")},
		"google_kms_crypto_key_iam_policy.partial": {Path: at, Value: binding("roles/viewer", "allUsers", unknownText), Partial: true},
		"google_kms_crypto_key_iam_policy.empty":   {Path: at, Value: map[string]any{"bindings": []any{}}},
	} {
		if diff := cmp.Diff([]facts.ResourceDocument{want}, got[address].Documents); diff != "" {
			t.Errorf("%s: -want +got\n%s", address, diff)
		}
	}
}
