package assess

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// Controls of JudgeSchema.
const (
	controlTypes      = "types"      // k8s.io/api
	controlDefinition = "definition" // a CustomResourceDefinition of the tree
	controlVariable   = "variable"   // none of them: a variable stands there that whoever deploys it fills in
)

// variable is what Flux substitutes (https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution)
// and envsubst does.
var variable = regexp.MustCompile(`\$\{[A-Za-z_][^}]*\}`)

// Schema judges every object by its types: those of k8s.io/api decide about
// built-in kinds, the CustomResourceDefinitions among the subjects about
// custom ones, with their CEL rules. Custom kinds without a definition are not
// judged; the ledger counts them by kind, as not applicable.
func Schema(subjects []Object) ([]facts.Assessment, []facts.Entry) {
	known, defs := kinds(), definitionsOf(subjects)
	var out []facts.Assessment
	open := map[string]int{}
	for i := range subjects {
		s := &subjects[i]
		gvk := gvkOf(s)
		fail := func(control string, faults []fault) {
			for _, f := range faults {
				if v, ok := doc.At(s.Raw, f.path...).(string); ok && variable.MatchString(v) {
					out = append(out, s.assessment(JudgeSchema, controlVariable, Unknown, f.path, s.titled()+": what "+named(f.path)+" is depends on a variable that nothing in the repository fills in"))
					continue
				}
				out = append(out, s.assessment(JudgeSchema, control, Fail, f.path, s.titled()+": "+f.msg))
			}
		}
		if into := typeOf(gvk); into != nil {
			faults := decodeStrict(s.Raw, into)
			if gvk.Group == "" && gvk.Kind == "Secret" {
				faults = hushed(faults)
			}
			if len(faults) == 0 && gvk == crdKind {
				faults = defs.faultsOf(s)
			}
			fail(controlTypes, faults)
			continue
		}
		if d := defs.find(s); len(d) > 0 {
			faults, err := judgeCustom(s, d)
			if err != nil {
				out = append(out, s.assessment(JudgeSchema, controlDefinition, Unknown, nil, fmt.Sprintf("%s: cannot be judged by its definition: %v", s.titled(), err)))
			}
			fail(controlDefinition, faults)
			continue
		}
		if msg := known.unknown(gvk); msg != "" {
			fail(controlTypes, []fault{{source.Path{"kind"}, msg}})
			continue
		}
		open[s.APIVersion+" "+s.Kind]++
	}
	var ledger []facts.Entry
	for _, k := range slices.Sorted(maps.Keys(open)) {
		ledger = append(ledger, facts.Entry{
			Kind: "schema", ID: "schema:" + k, State: facts.NotApplicable, Count: open[k],
			Reason: "no CustomResourceDefinition of this kind in the tree",
		})
	}
	return number(out), ledger
}

// hushed are the faults of a Secret without anything of its values: a number or
// a boolean may be one.
func hushed(faults []fault) []fault {
	for i, f := range faults {
		switch {
		case len(f.path) == 0:
			faults[i].msg = "cannot be decoded"
		case (f.path[0] == "data" || f.path[0] == "stringData") && !strings.HasSuffix(f.msg, "is not base64"):
			faults[i].msg = named(f.path) + " is of the wrong type, a text is expected"
			if len(f.path) == 1 {
				faults[i].msg = named(f.path) + " is of the wrong type, an object is expected"
			}
		}
	}
	return faults
}

// builtIn are the kinds of k8s.io/api: group -> version -> kinds.
type builtIn map[string]map[string][]string

func kinds() builtIn {
	out := builtIn{}
	for gvk := range scheme.Scheme.AllKnownTypes() {
		if gvk.Version == "__internal" {
			continue
		}
		if out[gvk.Group] == nil {
			out[gvk.Group] = map[string][]string{}
		}
		out[gvk.Group][gvk.Version] = append(out[gvk.Group][gvk.Version], gvk.Kind)
	}
	return out
}

// clientKinds have a built-in apiVersion and are none of the API: files of
// kubectl and legacy kinds of OpenShift.
var clientKinds = []string{
	"Config", "Policy", "Template", "Route", "DeploymentConfig", "BuildConfig", "ImageStream", "Project", "User", "Group", "RoleBindingRestriction",
}

// unknown says that a built-in group has no such kind. Kinds of other groups
// are custom; alpha and beta versions come and go with the cluster.
func (b builtIn) unknown(gvk schema.GroupVersionKind) string {
	versions := b[gvk.Group]
	if versions == nil || strings.Contains(gvk.Version, "alpha") || strings.Contains(gvk.Version, "beta") {
		return ""
	}
	if gvk.Group == "" && slices.Contains(clientKinds, gvk.Kind) {
		return ""
	}
	var elsewhere []string
	for _, v := range slices.Sorted(maps.Keys(versions)) {
		if slices.Contains(versions[v], gvk.Kind) {
			elsewhere = append(elsewhere, fmt.Sprintf("%q", schema.GroupVersion{Group: gvk.Group, Version: v}.String()))
		}
	}
	msg := fmt.Sprintf("Kubernetes has no kind %q in %q", gvk.Kind, gvk.GroupVersion().String())
	if len(elsewhere) > 0 {
		return msg + "; it is in " + strings.Join(elsewhere, ", ")
	}
	for _, group := range slices.Sorted(maps.Keys(b)) { // Deployment in "v1"
		for _, v := range slices.Sorted(maps.Keys(b[group])) {
			if slices.Contains(b[group][v], gvk.Kind) && !strings.Contains(v, "alpha") && !strings.Contains(v, "beta") {
				return fmt.Sprintf("%s; it is in %q", msg, schema.GroupVersion{Group: group, Version: v}.String())
			}
		}
	}
	if n := config.Nearest(gvk.Kind, versions[gvk.Version]); n != "" {
		return fmt.Sprintf("%s; did you mean %q?", msg, n)
	}
	return msg
}
