package compare

import (
	"testing"

	"gate/internal/facts"
)

func TestObjectReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change facts.ResourceChange
		want   string
	}{
		{facts.ResourceChange{Action: "created"}, ""},
		{facts.ResourceChange{Action: "moved", From: "u#a"}, "was u#a"},
		{facts.ResourceChange{Action: "moved", From: "u#a", Candidates: []string{"v#a", "w#a"}}, "was u#a or v#a or w#a: which of them cannot be told"},
		{facts.ResourceChange{Action: "created", Candidates: []string{"u#a", "v#a"}}, "may have been u#a or v#a"},
		{facts.ResourceChange{Action: "deleted", Candidates: []string{"w#a"}}, "may have become w#a"},
	} {
		if got := objectReason(&facts.Object{Change: &c.change}); got != c.want {
			t.Errorf("%+v: %q, want %q", c.change, got, c.want)
		}
	}
}
