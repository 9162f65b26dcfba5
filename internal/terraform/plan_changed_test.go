package terraform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A change of a sensitive value is a change, though neither value is shown; of
// a value that is sensitive as a whole the keys are not told.
func TestChangedPathsOfSensitiveValues(t *testing.T) {
	t.Parallel()
	plan, err := ReadPlan("plan.json", []byte(`{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [{
		"address": "acme_db.x", "mode": "managed", "type": "acme_db", "name": "x", "provider_name": "registry.terraform.io/acme/acme",
		"change": {"actions": ["update"],
			"before": {"size": 1, "code": "old", "auth": {"user": "a", "key": "k1"}, "kept": "same"},
			"after": {"size": 2, "code": "new", "auth": {"user": "a", "key": "k2"}, "kept": "same"},
			"after_unknown": {"arn": true},
			"before_sensitive": {"code": true, "auth": true, "kept": true}, "after_sensitive": {"code": true, "auth": true, "kept": true}}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"arn", "auth", "code", "size"}, plan.Resources[0].Change.Paths); diff != "" {
		t.Error(diff)
	}
}
