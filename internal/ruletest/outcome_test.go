package ruletest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"

	"gate/internal/facts"
	"gate/internal/source"
)

// TestOutcomes holds that rules about deletions follow what the deployer does:
// what stays in the cluster, or stays as it is, is no loss.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const (
		claim   = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, spec: {resources: {requests: {storage: 20Gi}}}}`
		smaller = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, spec: {resources: {requests: {storage: 10Gi}}}}`
		kept    = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop, annotations: {helm.sh/resource-policy: keep}}}`
		scaled  = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 2, selector: {matchLabels: {a: b}}}}`
		zero    = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 0, selector: {matchLabels: {a: c}}}}`
		lost    = `persistentvolumeclaim "shop/data" is deleted, and with it the volume and its data; expected it to stay, or an elevated approval`
		shrinks = `persistentvolumeclaim "shop/data" shrinks: spec.resources.requests.storage was 20Gi and is 10Gi; expected a size that does not fall`
		anew    = `deployment "shop/web" must be deleted and made again, as spec.selector cannot be changed; expected it to stay, or an elevated approval`
		off     = `deployment "shop/web" is scaled to 0 from 2; expected at least 1, or an elevated approval`
		recover = `deleting PersistentVolumeClaim "shop/data" is irreversible, and the pull request declares no recovery; expected behind "Recovery" how it comes back`
		doubt   = ` (whether it is applied is not known: Prune=confirm)`
	)
	app := func(metadata, spec string) string {
		return "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a, namespace: argocd" + metadata + "}, spec: {" + spec + "}}"
	}
	k := func(spec string) string {
		return "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: a, namespace: argocd}, spec: {" + spec + "}}"
	}
	takes := func(kind string) []string {
		return []string{fmt.Sprintf(`%s "argocd/a" is deleted, and with it the objects that it deployed; expected it to stay, or an elevated approval`, kind)}
	}
	query, err := rego.New(
		rego.Query(`deny := data.gate.rules.kubernetes["critical-object-deletion"].deny | data.gate.rules.change["recovery-declared"].deny`),
		rego.Load([]string{
			filepath.Join("..", "..", "rules", "lib"), filepath.Join("..", "..", "rules", "data"),
			filepath.Join("..", "..", "rules", "kubernetes", "critical-object-deletion", "critical-object-deletion.rego"),
			filepath.Join("..", "..", "rules", "change", "recovery-declared", "recovery-declared.rego"),
		}, nil),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		before, after string // of what is deleted, only before
		outcome       string
		want          []string
	}{
		"deleted, without an outcome":     {claim, "", "", []string{recover, lost}},
		"deleted":                         {claim, "", facts.OutcomeApplied, []string{recover, lost}},
		"orphaned":                        {claim, "", facts.OutcomeOrphaned, nil},
		"not deleted":                     {claim, "", facts.OutcomeNotApplied, nil},
		"perhaps deleted":                 {claim, "", facts.OutcomeUnknown, []string{recover, lost + doubt}},
		"kept, without an outcome":        {kept, "", "", []string{recover}},
		"kept, of which nobody knows":     {kept, "", facts.OutcomeApplied, []string{recover, lost}},
		"kept":                            {kept, "", facts.OutcomeOrphaned, nil},
		"shrinks, without an outcome":     {claim, smaller, "", []string{shrinks}},
		"shrinks":                         {claim, smaller, facts.OutcomeApplied, []string{shrinks}},
		"does not shrink":                 {claim, smaller, facts.OutcomeNotApplied, nil},
		"perhaps shrinks":                 {claim, smaller, facts.OutcomeUnknown, []string{shrinks + doubt}},
		"made again, and scaled down":     {scaled, zero, facts.OutcomeApplied, []string{off, anew}},
		"neither made again nor scaled":   {scaled, zero, facts.OutcomeNotApplied, nil},
		"loses what keeps it":             {kept, claim, facts.OutcomeApplied, []string{`persistentvolumeclaim "shop/data" loses the annotation helm.sh/resource-policy "keep", which kept it from being deleted`}},
		"does not lose what keeps it":     {kept, claim, facts.OutcomeNotApplied, nil},
		"Application: finalizer":          {app(", finalizers: [resources-finalizer.argocd.argoproj.io]", ""), "", facts.OutcomeApplied, takes("application")},
		"Application: background":         {app(", finalizers: [x.example.com/y, resources-finalizer.argocd.argoproj.io/background]", ""), "", facts.OutcomeApplied, takes("application")},
		"Application: orphaned":           {app(", finalizers: [resources-finalizer.argocd.argoproj.io]", ""), "", facts.OutcomeOrphaned, nil},
		"Application: pruning is no part": {app("", "syncPolicy: {automated: {prune: true}}"), "", facts.OutcomeApplied, nil},
		"Application: other finalizer":    {app(", finalizers: [post-delete-finalizer.argocd.argoproj.io]", ""), "", facts.OutcomeApplied, nil},
		"Kustomization: prunes":           {k("prune: true"), "", facts.OutcomeApplied, takes("kustomization")},
		"Kustomization: does not prune":   {k("prune: false"), "", facts.OutcomeApplied, nil},
		"Kustomization: Delete":           {k("prune: false, deletionPolicy: Delete"), "", facts.OutcomeApplied, takes("kustomization")},
		"Kustomization: Orphan":           {k("prune: true, deletionPolicy: Orphan"), "", facts.OutcomeApplied, nil},
		"Kustomization: suspended":        {k("prune: true, suspend: true"), "", facts.OutcomeApplied, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := facts.Facts{Params: map[string]map[string]map[string]any{"prod": {
				"kubernetes/critical-object-deletion": {"kinds": []string{}, "labels": map[string]any{}, "exempt": []string{}},
				"change/recovery-declared":            {"words": 3, "exempt": []string{}},
			}}}
			in.Change.Environment = "prod"
			change := &facts.ResourceChange{Action: "deleted", Outcome: tc.outcome, Why: "Prune=confirm"}
			if tc.after == "" {
				in.DeletedObjects = []facts.Object{objectOf(t, tc.before, change)}
			} else {
				change.Action, change.Before = "updated", manifestOf(t, tc.before)
				in.Objects = []facts.Object{objectOf(t, tc.after, change)}
			}
			rs, err := query.Eval(t.Context(), rego.EvalInput(in))
			if err != nil || len(rs) != 1 {
				t.Fatalf("%v, %v", rs, err)
			}
			var got []string
			for _, finding := range rs[0].Bindings["deny"].([]any) {
				got = append(got, finding.(map[string]any)["msg"].(string))
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func manifestOf(t *testing.T, text string) map[string]any {
	t.Helper()
	docs, err := source.ParseYAML("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return docs[0].Value.(map[string]any)
}

func objectOf(t *testing.T, text string, change *facts.ResourceChange) facts.Object {
	t.Helper()
	m := manifestOf(t, text)
	meta := m["metadata"].(map[string]any)
	group, _, grouped := strings.Cut(m["apiVersion"].(string), "/")
	if !grouped {
		group = ""
	}
	return facts.Object{
		Subject: facts.Subject{ID: "object", Scope: facts.Scope{Environment: "prod"}}, Group: group, Kind: m["kind"].(string),
		Name: meta["name"].(string), Namespace: fmt.Sprint(meta["namespace"]), Manifest: m, Change: change,
	}
}
