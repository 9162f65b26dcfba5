package config

import (
	"os"
	"strings"
	"testing"
)

// TestGuideExamples reads the whole files that the guide shows.
func TestGuideExamples(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/guides/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	configs, waivers := 0, 0
	for _, block := range strings.Split(string(data), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		switch {
		case strings.Contains(text, "environments:"):
			configs++
			if _, err := Parse("guide", []byte(text)); err != nil {
				t.Error(err)
			}
		case strings.HasPrefix(text, "apiVersion:"):
			waivers++
			w, err := ParseWaivers("guide", []byte(text))
			if err != nil {
				t.Error(err)
				continue
			}
			for _, e := range w.Waivers {
				if len(e.Faults) > 0 {
					t.Errorf("%s: %v", e.ID, e.Faults)
				}
			}
		}
	}
	if configs == 0 || waivers == 0 {
		t.Errorf("the guide shows %d configurations and %d waiver files", configs, waivers)
	}
}
