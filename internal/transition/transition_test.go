package transition

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/vectors.json")

type vector struct {
	Name string `json:"name"`
	Why  string `json:"why"`
	// Facts holds objects, deletedObjects, resources and change.unknown as the
	// facts document does; what is left out is empty.
	Facts   json.RawMessage `json:"facts"`
	Actions []Action        `json:"actions"`
	Digest  string          `json:"digest"`
	Binding string          `json:"binding"`
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (v vector) facts(t testing.TB) *facts.Facts {
	t.Helper()
	var f facts.Facts
	if err := json.Unmarshal(v.Facts, &f); err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return &f
}

func digestOf(t testing.TB, f *facts.Facts, o Options) string {
	t.Helper()
	tr, err := Of(f, o)
	if err != nil {
		t.Fatal(err)
	}
	d, err := tr.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The vectors fix the algorithm: other programs may be checked against them.
func TestVectors(t *testing.T) {
	list := readVectors(t)
	seen := map[string]string{}
	for i, v := range list {
		got, err := Of(v.facts(t), Options{})
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		digest, err := got.Digest()
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		if *update {
			list[i].Actions, list[i].Digest, list[i].Binding = got.Actions, digest, got.Binding()
			continue
		}
		if diff := cmp.Diff(v.Actions, got.Actions); diff != "" {
			t.Errorf("%s: %s", v.Name, diff)
		}
		if digest != v.Digest || got.Binding() != v.Binding {
			t.Errorf("%s: digest %s, %s; want %s, %s", v.Name, digest, got.Binding(), v.Digest, v.Binding)
		}
		if digest == "" { // is equal to nothing
			continue
		}
		if other := seen[digest]; other != "" {
			t.Errorf("%q and %q have the same digest", v.Name, other)
		}
		seen[digest] = v.Name
	}
	if *update {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(list); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", "vectors.json"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// all is every vector in one document, under ids of their own.
func all(t testing.TB) *facts.Facts {
	t.Helper()
	var out facts.Facts
	for _, v := range readVectors(t) {
		f := v.facts(t)
		for _, o := range f.Objects {
			o.ID = v.Name + "/" + o.ID
			out.Objects = append(out.Objects, o)
		}
		for _, o := range f.DeletedObjects {
			o.ID = v.Name + "/" + o.ID
			out.DeletedObjects = append(out.DeletedObjects, o)
		}
		for _, r := range f.Resources {
			r.ID = v.Name + "/" + r.ID
			out.Resources = append(out.Resources, r)
		}
	}
	return &out
}

// Noise is what may differ between two runs over the same change.
func TestStableUnderNoise(t *testing.T) {
	want := digestOf(t, all(t), Options{})
	noise := map[string]func(*facts.Facts, *rand.Rand){
		"order": func(f *facts.Facts, r *rand.Rand) {
			r.Shuffle(len(f.Objects), func(i, j int) { f.Objects[i], f.Objects[j] = f.Objects[j], f.Objects[i] })
			r.Shuffle(len(f.Resources), func(i, j int) { f.Resources[i], f.Resources[j] = f.Resources[j], f.Resources[i] })
			for i := range f.Resources {
				slices.Reverse(f.Resources[i].ReplacePaths)
				if c := f.Resources[i].Change; c != nil {
					slices.Reverse(c.Paths)
				}
			}
		},
		"time and versions": func(f *facts.Facts, r *rand.Rand) {
			f.Now = "2031-01-01T00:00:00Z"
			f.Terraform.Stacks = []facts.Stack{{TerraformVersion: "9.9.9", FormatVersion: "7.0"}}
			f.Change.Commit, f.Change.Message = "other", "squashed"
		},
		"applied as it stands": func(f *facts.Facts, r *rand.Rand) {
			for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects} {
				for i := range list {
					if c := list[i].Change; c != nil && c.Outcome == "" {
						c.Outcome = facts.OutcomeApplied
					}
				}
			}
		},
		"unchanged things": func(f *facts.Facts, r *rand.Rand) {
			f.Objects = append(f.Objects, facts.Object{Subject: facts.Subject{ID: "more"}, Change: &facts.ResourceChange{Action: "unchanged"}})
			f.Resources = append(f.Resources,
				facts.Resource{Subject: facts.Subject{ID: "same"}, Mode: "managed", Origin: "plan", Actions: []string{"no-op"}},
				facts.Resource{Subject: facts.Subject{ID: "data"}, Stack: "of data alone", Mode: "data", Origin: "plan", Actions: []string{"read"}})
		},
		"computed by the provider": func(f *facts.Facts, r *rand.Rand) {
			for i := range f.Resources {
				x := &f.Resources[i]
				if len(x.Expressions) == 0 || x.Origin != "plan" {
					continue
				}
				if x.Unknown == nil {
					x.Unknown = map[string]any{}
				}
				x.Unknown["revision"] = true
				if x.Change != nil {
					x.Change.Paths = append(x.Change.Paths, "revision")
				}
			}
		},
		"nulls and actors": func(f *facts.Facts, r *rand.Rand) {
			for i := range f.Resources {
				x := &f.Resources[i]
				if x.After != nil {
					x.After["new_in_this_provider"] = nil
				}
				x.ActionReason = "because"
			}
		},
		"types of numbers": func(f *facts.Facts, r *rand.Rand) {
			for i := range f.Objects {
				spec, _ := f.Objects[i].Manifest["spec"].(map[string]any)
				if n, ok := spec["replicas"].(float64); ok {
					spec["replicas"] = int64(n)
				}
			}
		},
	}
	for name, apply := range noise {
		for seed := range uint64(20) {
			f := all(t)
			apply(f, rand.New(rand.NewPCG(seed, 1)))
			if got := digestOf(t, f, Options{}); got != want {
				t.Errorf("%s (seed %d) changes the digest", name, seed)
				break
			}
		}
	}
}

// Every change of what would be applied changes the digest.
func TestChangesOfSubstance(t *testing.T) {
	base := all(t)
	want := digestOf(t, base, Options{})
	n := 0
	differs := func(what string, mutate func(*facts.Facts)) {
		t.Helper()
		f := all(t)
		mutate(f)
		n++
		if digestOf(t, f, Options{}) == want {
			t.Errorf("%s: the same digest", what)
		}
	}
	for i, o := range base.Objects {
		if o.Change != nil && o.Change.Action == "unchanged" {
			differs(o.ID+" is created", func(f *facts.Facts) { f.Objects[i].Change.Action = "created" })
			continue
		}
		differs(o.ID+" has another value", func(f *facts.Facts) { f.Objects[i].Manifest["added"] = "x" })
		differs(o.ID+" has another id", func(f *facts.Facts) { f.Objects[i].ID += "x" })
		differs(o.ID+" is left out", func(f *facts.Facts) { f.Objects = slices.Delete(f.Objects, i, i+1) })
		differs(o.ID+" is deleted", func(f *facts.Facts) {
			f.DeletedObjects = append(f.DeletedObjects, f.Objects[i])
			f.Objects = slices.Delete(f.Objects, i, i+1)
		})
		differs(o.ID+" stands twice", func(f *facts.Facts) { f.Objects = append(f.Objects, f.Objects[i]) })
	}
	for _, outcome := range []string{"", facts.OutcomeNotApplied, facts.OutcomeOrphaned, facts.OutcomeMoved, facts.OutcomeUnknown} {
		for i, o := range base.Objects {
			if o.Change != nil && o.Change.Action != "unchanged" && o.Change.Outcome != outcome {
				differs(o.ID+" has outcome "+outcome, func(f *facts.Facts) { f.Objects[i].Change.Outcome = outcome })
			}
		}
		for i, o := range base.DeletedObjects {
			if o.Change != nil && o.Change.Action != "unchanged" && o.Change.Outcome != outcome {
				differs(o.ID+" has outcome "+outcome, func(f *facts.Facts) { f.DeletedObjects[i].Change.Outcome = outcome })
			}
		}
	}
	for i, r := range base.Resources {
		changes := slices.ContainsFunc(r.Actions, func(a string) bool { return a != "no-op" })
		if slices.Contains(r.Actions, "create") || slices.Contains(r.Actions, "update") {
			differs(r.ID+" has another value", func(f *facts.Facts) { f.Resources[i].After["size"] = 99 })
			differs(r.ID+" sets another attribute", func(f *facts.Facts) { f.Resources[i].After["added"] = []any{} })
		}
		if len(r.ReplacePaths) > 0 {
			differs(r.ID+" is replaced for another reason", func(f *facts.Facts) { f.Resources[i].ReplacePaths = append(f.Resources[i].ReplacePaths, []any{"x", 0}) })
		}
		if changes {
			differs(r.ID+" is another one", func(f *facts.Facts) { f.Resources[i].ID += "[1]" })
			differs(r.ID+" is left alone", func(f *facts.Facts) { f.Resources[i].Actions = []string{"no-op"} })
		}
		differs(r.ID+" is deleted and created", func(f *facts.Facts) {
			f.Resources[i].Actions = []string{"create", "delete"}
			f.Resources[i].Origin = "plan"
		})
	}
	if n < 40 {
		t.Errorf("only %d mutations", n)
	}
}

func TestCovers(t *testing.T) {
	f := all(t)
	none := digestOf(t, f, Options{Covers: func(s facts.Scope) bool { return s.Environment == "dev" }})
	if empty := digestOf(t, &facts.Facts{}, Options{}); none != empty {
		t.Error("subjects of other environments enter the digest")
	}
}

// With a key, a secret enters by a keyed digest of its value, and the
// transition can be bound to another run with the same value.
func TestKey(t *testing.T) {
	var secret *facts.Facts
	for _, v := range readVectors(t) {
		if v.Name == "secret changes" {
			secret = v.facts(t)
		}
	}
	of := func(key, value string) Transition {
		tr, err := Of(secret, Options{Key: []byte(key), Secret: func(subject, path string) (any, bool) {
			return value, path == "data.password"
		}})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	a := of("k", "hunter2")
	if a.Binding() != Equivalent {
		t.Errorf("binding %s", a.Binding())
	}
	if got := a.Actions[0].Changes; len(got) != 1 || !strings.HasPrefix(got[0].Value, "hmac-sha256:") {
		t.Errorf("changes %v", got)
	}
	digest := func(tr Transition) string {
		d, err := tr.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if digest(a) == digest(of("k", "other")) || digest(a) == digest(of("l", "hunter2")) {
		t.Error("neither key nor value matter")
	}
	if digest(a) != digest(of("k", "hunter2")) {
		t.Error("the same key and value differ")
	}
}
