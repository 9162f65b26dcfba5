package attest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A file that is added where a program looks for its imports changes what it
// yields.
func TestCoverPrograms(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"apps/web/main.jsonnet": {"apps/web/**"},
		"lib/k.libsonnet":       {"lib/**"},
		"apps/[x]/a.cue":        {`apps/\[x\]/*.cue`, "apps/*.cue", "*.cue"},
		"a.cue":                 {"*.cue"},
		"apps/web/pod.yaml":     nil,
	} {
		if diff := cmp.Diff(want, CoverPrograms(file)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}
