package decide

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// A variable that Flux or envsubst fills in:
// https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution.
var (
	variable     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)[^}]*\}`) })
	onlyVariable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\$\{[A-Za-z_][^}]*\}$`) })
)

// WithoutVariables leaves out what is said of fields that are nothing but a variable,
// where nobody deploys what they stand in, so that nobody fills them in: what will
// stand there is not known, neither right nor wrong. So is what of a field cannot
// be told because of a variable in it. The ledger names the fields.
func WithoutVariables(f *facts.Facts, results []policy.Result) ([]policy.Result, []facts.Entry) {
	undeployed := map[string]bool{}
	for _, u := range f.Units {
		undeployed[u.ID] = u.Undeployed
	}
	texts := map[string]func(source.Path) string{}
	units := map[string]string{}
	for _, o := range f.Objects {
		if undeployed[o.Unit] && doc.Any(o.Manifest, holdsVariable) {
			units[o.ID], texts[o.ID] = o.Unit, func(p source.Path) string { return doc.Text(o.Manifest, p...) }
		}
	}
	for _, c := range f.Containers {
		if object := texts[c.Object]; object != nil {
			units[c.ID], texts[c.ID] = c.Unit, containerText(c, object)
		}
	}
	if len(texts) == 0 {
		return results, nil
	}
	named := map[string]map[string]bool{} // unit -> variables
	kept := make([]policy.Result, 0, len(results))
	for _, res := range results {
		text := ""
		if at := texts[res.Subject]; at != nil {
			text = at(res.Path)
		}
		if !onlyVariable().MatchString(text) && (res.Verdict != "unknown" || !variable().MatchString(text)) {
			kept = append(kept, res)
			continue
		}
		unit := units[res.Subject]
		if named[unit] == nil {
			named[unit] = map[string]bool{}
		}
		for _, m := range variable().FindAllStringSubmatch(text, -1) { // without the default, which may be anything
			named[unit]["${"+m[1]+"}"] = true
		}
	}
	var ledger []facts.Entry
	for _, unit := range slices.Sorted(maps.Keys(named)) {
		ledger = append(ledger, facts.Entry{
			Kind: "variable", ID: unit, State: facts.NotApplicable, Count: len(named[unit]),
			Reason: fmt.Sprintf("nothing deploys it and fills in %s: what stands there is not judged", strings.Join(slices.Sorted(maps.Keys(named[unit])), ", ")),
		})
	}
	return kept, ledger
}

// WithoutStandIns leaves out what is said of the type of a field, or of a name or a
// label, where that is what an object of the cluster holds: whatever it holds fits.
func WithoutStandIns(f *facts.Facts, results []policy.Result) []policy.Result {
	units := map[string]bool{}
	for _, u := range f.Units {
		if u.Variant != nil && u.Variant.Hangs != "" {
			units[u.ID] = true
		}
	}
	if len(units) == 0 {
		return results
	}
	manifests := map[string]map[string]any{}
	for _, o := range f.Objects {
		if units[o.Unit] {
			manifests[o.ID] = o.Manifest
		}
	}
	return slices.DeleteFunc(results, func(res policy.Result) bool {
		m := manifests[res.Subject]
		if m == nil || !strings.Contains(doc.Text(m, res.Path...), facts.StandIn) {
			return false
		}
		return res.Rule == "kubernetes/schema" || len(res.Path) > 0 && res.Path[0] == "metadata"
	})
}

func holdsVariable(v any) bool {
	s, ok := v.(string)
	return ok && variable().MatchString(s)
}

// containerText is the text at a path of a container; see facts.Container.
func containerText(c facts.Container, object func(source.Path) string) func(source.Path) string {
	return func(p source.Path) string {
		switch {
		case len(p) > 0 && p[0] == "$pod":
			return doc.Text(c.Pod, p[1:]...)
		case len(p) > 0 && p[0] == "$object":
			return object(p[1:])
		}
		return doc.Text(c.Container, p...)
	}
}
