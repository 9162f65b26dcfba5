package ruletest

import (
	"os"
	"path/filepath"
	"testing"

	"gate/internal/policy"
)

// Every rule's fixtures, through the whole pipeline.
func TestFixtures(t *testing.T) {
	dir := filepath.Join("..", "..", "rules")
	ids, err := policy.IDs(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			for _, r := range testRule(t.Context(), os.DirFS(dir), dir, id) {
				for _, f := range r.Faults {
					t.Errorf("%s: %s", r.Fixture, f)
				}
			}
		})
	}
}
