package render

import (
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// FuzzHelmignore compares which files of a chart are read here and by Helm, which
// walks the directory: what a directory that is left out holds is never asked for,
// rules are those of the chart at the top only, and a rule that cannot be read
// fails the chart.
func FuzzHelmignore(f *testing.F) {
	for _, rules := range []string{
		"", "# none\n*.bak\n", "ignored/\n", "/templates/x.yaml\n", "templates/x.yaml", "templates/", "!*.yaml", "!templates/", "**/x", "[", "[a", `a\`, "\xef\xbb\xbf*.bak\r\n x.yaml \r\n",
		"!/Chart.yaml\n!values.yaml", "charts/*/templates", "charts/sub/.helmignore", "templates/?.yaml", "*", "/", "!", "./x.yaml", "//templates", "templates//", ".?*", "!.helmignore", "a/../x.yaml", "#\n!#",
	} {
		f.Add(rules, "extra/x.yaml")
	}
	f.Add("deep/\n!deep/keep.yaml", "deep/er/keep.yaml")
	f.Add("templates/.*", "templates/.hidden/x.yaml")
	f.Add("x", "charts/sub/x/.helmignore")
	out := log.Writer()
	log.SetOutput(io.Discard) // Helm tells of every pattern that it cannot compile
	f.Cleanup(func() { log.SetOutput(out) })
	root := filepath.Join(f.TempDir(), "c")
	f.Fuzz(func(t *testing.T, rules, name string) {
		name = strings.Trim(filepath.ToSlash(filepath.Clean("/"+name)), "/")
		if len(rules) > 100 || len(name) > 40 || name == "" || strings.ContainsRune(name, 0) || strings.HasSuffix(name, ".tgz") {
			return // known: an archive below charts/ is unpacked here, and its files have other names
		}
		files := map[string]string{
			name: "extra", ".helmignore": rules, "Chart.yaml": chartYAML, "values.yaml": "a: 1\n", "x.yaml": "b: 1\n", "a.bak": "a", "templates/x.yaml": "c: 1\n", "templates/.hidden.yaml": "d: 1\n", "templates/in/x.yaml": "e: 1\n",
			"charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n", "charts/sub/.helmignore": "x.yaml\n", "charts/sub/templates/x.yaml": "f: 1\n", "charts/_no/x.yaml": "g: 1\n",
		}
		w := sourcetest.Tree{}
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		for n, text := range files {
			file := filepath.Join(root, filepath.FromSlash(n))
			if os.MkdirAll(filepath.Dir(file), 0o777) != nil || os.WriteFile(file, []byte(text), 0o666) != nil {
				return // names that cannot be files together
			}
			w["c/"+n] = text
		}
		s := NewRenderer(w, Options{})
		got := s.chartFiles(t.Context(), "c")
		want, err := loader.LoadDir(root)
		if err != nil {
			if _, fault := got.chart(); got.err == nil && fault == nil {
				t.Errorf("Helm says %v, and nothing is wrong here", err)
			}
			return
		}
		if got.err != nil {
			t.Fatalf("%v, and nothing is wrong to Helm", got.err)
		}
		var wanted, have []string
		for _, f := range want.Raw {
			wanted = append(wanted, f.Name)
		}
		for _, f := range got.files {
			have = append(have, f.Name)
		}
		slices.Sort(wanted)
		slices.Sort(have)
		if diff := cmp.Diff(wanted, have); diff != "" {
			t.Errorf("%q: -Helm +here\n%s", rules, diff)
		}
	})
}
