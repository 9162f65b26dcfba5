package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// corpus opens the corpus of real charts and kustomizations.
func corpus(t testing.TB, sub string) (*discover.Work, []render.Unit) {
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
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
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
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := Tree(t.Context(), w, inv, nil, render.Options{}, nil)
	all := found.Outcomes
	units = units[:0]
	for _, o := range all {
		units = append(units, o.Unit)
	}
	again := render.All(t.Context(), w, units, render.Options{Workers: 8})
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
	c := render.Facts(all, nil)
	invalid := []string{}
	for _, x := range c.Containers {
		if !x.Image.Valid && !slices.Contains(invalid, x.Image.Ref) {
			invalid = append(invalid, x.Image.Ref)
		}
	}
	sort.Strings(invalid)
	t.Logf("units and failed: %v; %d objects, %d containers (invalid images: %s)",
		kinds, len(c.Objects), len(c.Containers), strings.Join(invalid, " "))
}

// TestCorpusMapping prints how many fields lead to a line on which their key
// stands.
func TestCorpusMapping(t *testing.T) {
	w, units := corpus(t, ".")
	type figures struct {
		objects, origins, fields, exact, onLine, related int
		// literal are the fields that lead to a line without an action.
		literal, literalOnLine int
	}
	byKind := map[string]*figures{render.KindHelm: {}, render.KindKustomize: {}, render.KindManifests: {}}
	lines := map[string][]string{}
	misses := map[string]int{}
	for _, o := range render.All(t.Context(), w, units, render.Options{}) {
		if o.Rendered == nil {
			continue
		}
		f := byKind[o.Unit.Kind]
		for _, obj := range o.Rendered.Objects {
			f.objects++
			if _, ok := w.Lookup(obj.Place.File); ok {
				f.origins++
			}
			fields(obj.Manifest, nil, func(p source.Path) {
				key, ok := p[len(p)-1].(string)
				if !ok {
					return
				}
				f.fields++
				loc := obj.Locator.Locate(p)
				for _, r := range loc.Related {
					if r.Role == "values" || r.Role == "patch" {
						f.related++
						break
					}
				}
				if loc.Approximate {
					misses["approximate "+loc.File]++
					return
				}
				f.exact++
				if lines[loc.File] == nil {
					data, err := w.ReadFile(loc.File)
					if err != nil {
						t.Errorf("%s: %s: %v", o.Unit.ID, p, err)
						return
					}
					lines[loc.File] = strings.Split(string(data), "\n")
				}
				if loc.Line < 1 || loc.Line > len(lines[loc.File]) {
					t.Errorf("%s: %s: no such line %s", o.Unit.ID, p, loc)
				} else {
					line := lines[loc.File][loc.Line-1]
					on := strings.Contains(line, key)
					if on {
						f.onLine++
					}
					if !strings.Contains(line, "{{") {
						f.literal++
						if on {
							f.literalOnLine++
						} else {
							misses["literal "+key+" "+loc.String()]++
						}
					}
				}
			})
		}
	}
	for _, k := range []string{render.KindHelm, render.KindKustomize, render.KindManifests} {
		t.Logf("%-10s %+v", k, *byKind[k])
	}
	var list []string
	for m, n := range misses {
		list = append(list, fmt.Sprintf("%6d %s", n, m))
	}
	sort.Sort(sort.Reverse(sort.StringSlice(list)))
	t.Logf("misses:\n%s", strings.Join(list[:min(len(list), 20)], "\n"))
}

// fields calls visit for every value below v.
func fields(v any, at source.Path, visit func(source.Path)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p := append(at[:len(at):len(at)], k)
			visit(p)
			fields(v[k], p, visit)
		}
	case []any:
		for i, e := range v {
			p := append(at[:len(at):len(at)], i)
			visit(p)
			fields(e, p, visit)
		}
	}
}

// policyKeys are keys that rules read.
var policyKeys = map[string]bool{
	"image": true, "imagePullPolicy": true, "cpu": true, "memory": true, "ephemeral-storage": true, "privileged": true,
	"runAsNonRoot": true, "runAsUser": true, "runAsGroup": true, "fsGroup": true, "readOnlyRootFilesystem": true,
	"allowPrivilegeEscalation": true, "replicas": true, "hostNetwork": true, "hostPID": true, "hostIPC": true,
	"automountServiceAccountToken": true, "serviceAccountName": true, "storage": true, "storageClassName": true,
	"host": true, "type": true, "path": true, "port": true, "containerPort": true, "nodePort": true, "schedule": true,
	"minAvailable": true, "maxUnavailable": true, "minReplicas": true, "maxReplicas": true, "clusterIP": true,
	"externalTrafficPolicy": true, "failurePolicy": true, "priorityClassName": true, "hostPort": true,
}

// TestCorpusValues prints how many fields that an action wrote lead on to a
// line of a values file, and which do not.
func TestCorpusValues(t *testing.T) {
	w, us := corpus(t, ".")
	dynamic, related, shows := 0, 0, 0
	misses := map[string]int{}
	for _, u := range us {
		if u.Kind != render.KindHelm {
			continue
		}
		s := render.NewRenderer(w, render.Options{})
		r, err := s.Render(t.Context(), u)
		if err != nil {
			continue
		}
		for _, obj := range r.Objects {
			fields(obj.Manifest, nil, func(p source.Path) {
				key, _ := p[len(p)-1].(string)
				value, _ := doc.Lookup(obj.Manifest, p...)
				if !policyKeys[key] || !doc.IsScalar(value) {
					return
				}
				loc := obj.Locator.Locate(p)
				data, _ := w.ReadFile(loc.File)
				lines := strings.Split(string(data), "\n")
				if loc.Line < 1 || loc.Line > len(lines) || !strings.Contains(lines[loc.Line-1], "{{") {
					return
				}
				dynamic++
				for _, rel := range loc.Related {
					if rel.Role == "values" {
						related++
						data, _ := w.ReadFile(rel.File)
						line := strings.Split(string(data), "\n")[max(rel.Line-1, 0)]
						_, set, _ := strings.Cut(line, ":")
						set = strings.Trim(strings.TrimSpace(set), `"'`)
						if text, _ := doc.ScalarText(value); set != "" && strings.Contains(text, set) || rel.Approximate {
							shows++
						} else {
							misses[fmt.Sprintf("OTHER %v %s | %s | %s %s", value, loc, strings.TrimSpace(lines[loc.Line-1]), rel, line)]++
						}
						return
					}
				}
				misses[fmt.Sprintf("%v %s | %s", value, loc, strings.TrimSpace(lines[loc.Line-1]))]++
			})
		}
	}
	t.Logf("%d fields by actions, %d with a values line, %d of which show the value", dynamic, related, shows)
	var list []string
	for m, n := range misses {
		list = append(list, fmt.Sprintf("%6d %s", n, m))
	}
	sort.Sort(sort.Reverse(sort.StringSlice(list)))
	t.Logf("misses:\n%s", strings.Join(list[:min(len(list), 60)], "\n"))
}
