package render

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
)

// corpus opens the corpus of real charts and kustomizations.
func corpus(t testing.TB, sub string) (*discover.Work, []Unit) {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS is not set: real charts and kustomizations are not rendered")
	}
	w, err := discover.Open(t.Context(), filepath.Join(dir, sub), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	inv, err := discover.Collect(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	units, ledger := Units(w, inv, nil)
	for _, e := range ledger {
		if e.State == facts.Failed {
			t.Errorf("%s: %s", e.ID, e.Reason)
		}
	}
	return w, units
}

// TestCorpus renders everything twice and prints what fails and why.
func TestCorpus(t *testing.T) {
	w, units := corpus(t, ".")
	all := All(t.Context(), w, units, Options{})
	again := All(t.Context(), w, units, Options{Workers: 8})
	kinds := map[string][2]int{}
	for i, o := range all {
		n := kinds[o.Unit.Kind]
		n[0]++
		if o.Err != nil {
			n[1]++
			e := asError(o.Err)
			if e == nil || e.File == "" {
				t.Errorf("%s: no place: %v", o.Unit.ID, o.Err)
			} else {
				t.Logf("%s: %v (%s)", o.Unit.ID, o.Err, e.Hint)
			}
			if (again[i].Err == nil) || again[i].Err.Error() != o.Err.Error() {
				t.Errorf("%s: another error the second time: %v", o.Unit.ID, again[i].Err)
			}
		} else {
			for _, f := range o.Rendered.Faults {
				t.Logf("%s: fault %v", o.Unit.ID, f)
			}
			if again[i].Err != nil || again[i].Rendered.Digest != o.Rendered.Digest || again[i].Rendered.Closure != o.Rendered.Closure {
				t.Errorf("%s: renders differently the second time", o.Unit.ID)
			}
		}
		kinds[o.Unit.Kind] = n
	}
	c := Facts(all, nil)
	invalid := []string{}
	for _, i := range c.Images {
		if !i.Valid {
			invalid = append(invalid, i.Ref)
		}
	}
	sort.Strings(invalid)
	t.Logf("units and failed: %v; %d objects, %d containers, %d images (invalid: %s)",
		kinds, len(c.Objects), len(c.Containers), len(c.Images), strings.Join(invalid, " "))
}
