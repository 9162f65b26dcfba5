package policysource

import (
	"testing"

	"gate/internal/source/sourcetest"
)

// A comment gate:waive counts only if it stands at a policy-ref that is
// trusted, in the same file and word by word.
func TestHolds(t *testing.T) {
	t.Parallel()
	const comment = `gate:waive kubernetes/probes until=2026-12-31 owner=@a reason="x"`
	tree := sourcetest.Tree{"a.yaml": "kind: Pod # " + comment + "\n", "b.yaml": "kind: Pod\n"}
	trusted, untrusted := &Source{Tree: tree, Trusted: true}, &Source{Tree: tree}
	for _, tt := range []struct {
		name          string
		source        *Source
		file, comment string
		want          bool
	}{
		{"as it stands there", trusted, "a.yaml", comment, true},
		{"in a tree that nobody trusts", untrusted, "a.yaml", comment, false},
		{"in another file", trusted, "b.yaml", comment, false},
		{"in a file that is new", trusted, "c.yaml", comment, false},
		{"with another date", trusted, "a.yaml", `gate:waive kubernetes/probes until=2027-12-31 owner=@a reason="x"`, false},
	} {
		if got := tt.source.Holds(tt.file, tt.comment); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
