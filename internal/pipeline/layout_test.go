package pipeline

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// floors are the packages from the ground up; a package imports only what
// stands on a lower floor (CONTRIBUTING.md). Packages below one of these
// belong to it.
var floors = [][]string{
	{"rules", "schemas", "internal/cputime", "internal/doc", "internal/results", "internal/selector", "internal/shell", "internal/source"},
	{"internal/git", "internal/envelope", "internal/oidc"},
	{"internal/facts", "internal/config", "internal/fetch", "internal/parsers", "internal/sshagent", "internal/kmsplugin"},
	{"internal/discover", "internal/terraform", "internal/secrets", "internal/repository", "internal/supplychain", "internal/crossplane", "internal/policy", "internal/printed", "internal/classify"},
	{"internal/render", "internal/policysource", "internal/transition", "internal/decide", "internal/boundaries"},
	{"internal/deploy", "internal/assess", "internal/join", "internal/report", "internal/attest"},
	{"internal/compare", "internal/approve", "internal/standing"},
	{"internal/pipeline"},
	{"internal/ruletest", "internal/rendition"},
	{"internal/worker"},
	{"cmd/gate", "fixtures", "bench"},
}

func TestFloors(t *testing.T) {
	root := filepath.Join("..", "..")
	checked := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 || d.Name() == "interop" || d.Name() == "out" || d.Name() == "platform") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		from, pkg := floorOf(filepath.ToSlash(rel))
		if from < 0 {
			t.Errorf("%s stands on no floor: say in docs/adr where package %s belongs, and add it here", file, rel)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return nil // the compiler says so
		}
		for _, i := range parsed.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			imported, ok := strings.CutPrefix(path, "gate/")
			if !ok {
				continue
			}
			checked++
			if to, other := floorOf(imported); other != pkg && to >= from {
				t.Errorf("%s imports %s, which does not stand below it", file, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Errorf("only %d imports were checked", checked)
	}
}

// CONTRIBUTING.md draws the floors as they are.
func TestFloorsAreDrawn(t *testing.T) {
	var drawing strings.Builder
	for _, names := range floors {
		drawing.WriteString("-")
		for _, n := range names {
			drawing.WriteString(" `" + strings.TrimPrefix(n, "internal/") + "`")
		}
		drawing.WriteString("\n")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n\n"+drawing.String()+"\n") {
		t.Errorf("CONTRIBUTING.md draws other floors than these:\n%s", drawing.String())
	}
}

func floorOf(pkg string) (floor int, name string) {
	for i, names := range floors {
		for _, n := range names {
			if pkg == n || strings.HasPrefix(pkg, n+"/") {
				return i, n
			}
		}
	}
	return -1, ""
}
