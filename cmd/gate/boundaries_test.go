package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gate/internal/boundaries"
	"gate/internal/pipeline"

	"github.com/google/go-cmp/cmp"
)

var updateBoundaries = flag.Bool("update-boundaries", false, "write the golden tables of gate boundaries")

// TestBoundariesOfPlatform prints the table of the reference repository. What
// differs is a change of the repository (go test ./cmd/gate -run Boundaries
// -update-boundaries), or a fault.
func TestBoundariesOfPlatform(t *testing.T) {
	if testing.Short() {
		t.Skip("renders the whole repository")
	}
	dir := t.TempDir() // outside of this repository: its history says nothing about the platform
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "fixtures", "platform"))); err != nil {
		t.Fatal(err)
	}
	table, complete, err := pipeline.Boundaries(t.Context(), pipeline.Options{
		Dir: dir, Tool: "test", Environments: []string{"prod"}, Local: true, Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Getenv: func(string) string { return "" },
	})
	if err != nil || !complete {
		t.Fatalf("complete %v: %v", complete, err)
	}
	for format, golden := range map[string]string{"text": "platform.txt", "markdown": "platform.md", "json": "platform.json"} {
		var out bytes.Buffer
		if err := boundaries.Write(&out, format, table); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "boundaries", golden)
		if *updateBoundaries {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
}
