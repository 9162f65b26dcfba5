package pipeline

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingChanges checks that a change which touches nothing that is deployed
// does nothing to any object.
func TestNothingChanges(t *testing.T) {
	t.Parallel()
	trees := map[string]string{"platform": platform(t)}
	for _, list := range [][]changeCase{deployedChanges(), failingChanges(), onceChanges(), variableChanges(), scopeChanges()} {
		for _, c := range list {
			trees[c.name+", before"], trees[c.name+", after"] = c.base, c.head
		}
	}
	documents := files("README.md", "read me", "web/README.md", "read me", "charts/web/README.md", "read me", ".github/workflows/ci.yaml", "on: push\njobs: {}")
	data := files("notes/notes.yaml", "a: 1") // could be a manifest, so that the base is rendered
	for name, tree := range trees {
		more := data
		if strings.HasSuffix(name, ", after") {
			more = documents
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := changeFacts(t, tree, tree+more)
			if got := stepsOf(c); len(got) > 0 {
				t.Error(strings.Join(got, "\n"))
			}
			for _, o := range c.facts().Objects {
				if o.Change == nil || o.Change.Action != "unchanged" {
					t.Errorf("%s is not known to be unchanged", o.ID)
				}
			}
		})
	}
}

// platform is a part of fixtures/platform: what is deployed to two clusters.
func platform(t *testing.T) string {
	t.Helper()
	root := filepath.Join("..", "..", "fixtures", "platform")
	var out []string
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		switch top, rest, _ := strings.Cut(filepath.ToSlash(name), "/"); {
		case top == "apps" && !strings.HasPrefix(rest, "orders/"), top == "stacks", top == "modules", top == "docs", top == "dashboards":
			return nil // many of a kind
		case top == "clusters" && !strings.HasPrefix(rest, "dev-1/") && !strings.HasPrefix(rest, "prod-eu-1/"):
			return nil
		}
		data, err := os.ReadFile(file)
		if strings.HasSuffix(name, ".tf") || strings.Contains(string(data), "\n-- ") {
			return err
		}
		out = append(out, filepath.ToSlash(name), string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files(out...)
}
