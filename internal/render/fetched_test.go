package render

import (
	"context"
	"errors"
	"testing"
	"time"

	"gate/internal/fetch"
)

// TestFetchingEndsWithTheRun checks that a dependency is fetched in the time of
// the run.
func TestFetchingEndsWithTheRun(t *testing.T) {
	w := tree(t, map[string]string{
		"c/Chart.yaml": chartYAML + "dependencies: [{name: redis, version: 1.2.3, repository: 'https://charts.example.com'}]\n",
	})
	end := time.Now().Add(20 * time.Second)
	run, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	asked := 0
	_, err := Render(run, w, chartAt("c"), Options{Charts: func(ctx context.Context, _ fetch.Chart) ([]byte, error) {
		asked++
		if at, ok := ctx.Deadline(); !ok || at.After(end) {
			t.Errorf("may take until %v, the run ends at %v", at, end)
		}
		return nil, errors.New("no network")
	}})
	if err == nil || asked != 1 {
		t.Errorf("error %v, asked %d times", err, asked)
	}
}
