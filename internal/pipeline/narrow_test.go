package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChangedOnly checks that what a change does is the same whether or not what
// it does not reach is rendered.
func TestChangedOnly(t *testing.T) {
	t.Parallel()
	idle := 0
	for _, list := range [][]changeCase{deployedChanges(), failingChanges(), onceChanges(), variableChanges(), scopeChanges(), rootChanges()} {
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) {
				for _, more := range []string{"", files("idle/kustomization.yaml", "namespace: idle\nresources: [c.yaml]", "idle/c.yaml", configMap("idle", "1"))} {
					narrow := factsOf(t, c.base+more, c.head+more, true)
					if diff := cmp.Diff(stepsOf(factsOf(t, c.base+more, c.head+more, false)), stepsOf(narrow)); diff != "" {
						t.Errorf("(-whole +changed only):\n%s", diff)
					}
					for _, o := range narrow.rendered.head.Outcomes {
						if passed(o) {
							idle++
						}
					}
				}
			})
		}
	}
	if idle < 100 {
		t.Errorf("%d units were left out over all cases: the test compares a run with itself", idle)
	}
}
