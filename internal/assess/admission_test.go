package assess

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// tree makes subjects of a multi-document text. Workloads carry their pods.
func tree(t testing.TB, text string) []Object {
	t.Helper()
	docs, err := source.ParseManifests("tree.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var out []Object
	for _, d := range docs {
		s := subject(d.Value.(map[string]any))
		switch s.Kind {
		case "Deployment":
			s.PodTemplates = []source.Path{{"spec", "template"}}
		case "Pod":
			s.PodTemplates = []source.Path{{}}
		case "Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ClusterRole":
			s.Cluster = true
		}
		out = append(out, s)
	}
	return out
}

// bound is a policy about config maps and secrets with its binding.
func bound(spec string) string {
	return `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps, secrets, namespaces]}]
` + spec + `
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, validationActions: [Deny]}
---
`
}

const aMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {k: v}\n"

func TestValidatingAdmissionPolicy(t *testing.T) {
	const of, policy = "/ConfigMap/shop/a", "admissionregistration.k8s.io/ValidatingAdmissionPolicy//p"
	for name, c := range map[string]struct {
		tree string
		want []string // outcome | of | path | message
	}{
		"passes":       {bound("  validations: [{expression: 'has(object.data.k)'}]") + aMap, nil},
		"expression":   {bound("  validations: [{expression: \"object.data.k  ==\\n 'w'\"}]") + aMap, []string{`fail | ` + of + ` | data.k | configmap "shop/a": ValidatingAdmissionPolicy "p": failed expression: object.data.k == 'w'`}},
		"message":      {bound("  validations: [{expression: 'false', message: never}]") + aMap, []string{`fail | ` + of + ` |  | configmap "shop/a": ValidatingAdmissionPolicy "p": never`}},
		"error":        {bound("  validations: [{expression: 'object.data.x == \"\"'}]") + aMap, []string{`fail | ` + of + ` | data | configmap "shop/a": ValidatingAdmissionPolicy "p": the expression cannot be evaluated: expression 'object.data.x == ""' resulted in error: no such key: x`}},
		"ignored":      {bound("  failurePolicy: Ignore\n  validations: [{expression: 'object.data.x == \"\"'}]") + aMap, nil},
		"condition":    {bound("  matchConditions: [{name: c, expression: 'object.metadata.name != \"a\"'}]\n  validations: [{expression: 'false'}]") + aMap, nil},
		"bad matcher":  {bound("  matchConditions: [{name: c, expression: 'object.data.x == \"\"'}]\n  validations: [{expression: 'false'}]") + aMap, []string{`fail | ` + of + ` |  | configmap "shop/a": ValidatingAdmissionPolicy "p": a match condition cannot be evaluated: expression 'object.data.x == ""' resulted in error: no such key: x`}},
		"who asks":     {bound("  validations: [{expression: 'authorizer.group(\"\").resource(\"pods\").check(\"get\").allowed()'}]") + aMap, []string{`unknown | ` + policy + ` | spec.validations[0].expression | validatingadmissionpolicy "p": whether a validation holds is not known: it depends on who asks`}},
		"by variable":  {bound("  variables: [{name: u, expression: request.userInfo.username}]\n  validations: [{expression: 'variables.u == \"x\"'}]") + aMap, []string{`unknown | ` + policy + ` | spec.validations[0].expression | validatingadmissionpolicy "p": whether a validation holds is not known: it depends on who asks`}},
		"in a text":    {bound("  validations: [{expression: 'object.data.k != \"authorizer\"'}]") + aMap, nil},
		"no namespace": {bound("  validations: [{expression: 'namespaceObject.metadata.labels.x == \"\"'}]") + aMap, []string{`unknown | ` + policy + ` | spec.validations[0].expression | validatingadmissionpolicy "p": whether a validation holds is not known: it reads namespace "shop", which the tree does not declare`}},
		"namespace": {bound("  validations: [{expression: '!has(object.data) || namespaceObject.metadata.labels.x == \"y\"'}]") + aMap + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {x: z}}\n",
			[]string{`fail | ` + of + ` | data | configmap "shop/a": ValidatingAdmissionPolicy "p": failed expression: !has(object.data) || namespaceObject.metadata.labels.x == "y"`}},
		"request":        {bound("  validations: [{expression: 'request.operation == \"CREATE\" && request.namespace == \"shop\" && request.resource.resource == \"configmaps\" && oldObject == null'}]") + aMap, nil},
		"no params":      {strings.Replace(bound("  paramKind: {apiVersion: v1, kind: ConfigMap}\n  validations: [{expression: 'false'}]"), "policyName: p,", "policyName: p, paramRef: {name: params, namespace: x},", 1) + aMap, []string{`unknown | ` + policy + ` | spec.paramKind | validatingadmissionpolicy "p": binding "b": its params (ConfigMap "params") are not in the tree`}},
		"does not parse": {bound("  validations: [{expression: 'object.('}]") + aMap, []string{`fail | ` + policy + ` | spec.validations[0].expression | validatingadmissionpolicy "p": the expression does not compile: compilation failed: ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'true', 'false', 'null', '\x60', '(', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`}},
		"secret":         {bound("  validations: [{expression: 'false', messageExpression: 'string(object.data.k)'}]") + "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\ndata: {k: c2VjcmV0}\n", []string{`fail | /Secret/shop/a |  | secret "shop/a": ValidatingAdmissionPolicy "p": is rejected`}},
		"costs":          {bound("  validations: [{expression: \"[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, [1,2,3,4,5,6,7,8,9,0].all(f, [1,2,3,4,5,6,7,8,9,0].all(g, a+b+c+d+e+f+g >= 0)))))))\"}]") + aMap, []string{`fail | ` + of + ` |  | configmap "shop/a": ValidatingAdmissionPolicy "p": the expression cannot be evaluated`}},
	} {
		t.Run(name, func(t *testing.T) {
			list, _ := Admission(t.Context(), tree(t, c.tree), Options{})
			var got []string
			for _, a := range list {
				l := strings.Join([]string{a.Outcome, a.Of, source.Path(a.Path).String(), a.Message}, " | ")
				if name == "costs" || name == "does not parse" {
					l, _, _ = strings.Cut(l, ": operation cancelled")
					l, _, _ = strings.Cut(l, ": validation failed")
					l, _, _ = strings.Cut(l, ": expression")
					l, _, _ = strings.Cut(l, "'\\x60'")
				}
				got = append(got, l)
			}
			if name == "does not parse" {
				if len(got) != 1 || !strings.HasPrefix(got[0], `fail | `+policy+` | spec.validations[0].expression | validatingadmissionpolicy "p": the expression does not compile`) {
					t.Errorf("%q", got)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Policies hold where they are deployed.
func TestAdmissionScopes(t *testing.T) {
	for _, c := range []struct {
		policy, object facts.Scope
		found          int
	}{
		{facts.Scope{}, facts.Scope{Environment: "prod", Target: "eu"}, 1},
		{facts.Scope{Environment: "prod"}, facts.Scope{Environment: "prod", Target: "eu"}, 1},
		{facts.Scope{Environment: "prod", Target: "eu"}, facts.Scope{Environment: "prod", Target: "eu"}, 1},
		{facts.Scope{Environment: "prod", Target: "eu"}, facts.Scope{Environment: "prod", Target: "us"}, 0},
		{facts.Scope{Environment: "prod", Target: "eu"}, facts.Scope{Environment: "prod"}, 1},
		{facts.Scope{Environment: "prod"}, facts.Scope{Environment: "dev"}, 0},
		{facts.Scope{Environment: "prod"}, facts.Scope{}, 0},
	} {
		list := tree(t, bound("  validations: [{expression: 'false'}]")+aMap)
		list[0].Scope, list[1].Scope, list[2].Scope = c.policy, c.policy, c.object
		got, _ := Admission(t.Context(), list, Options{})
		if len(got) != c.found {
			t.Errorf("%+v for %+v: %q", c.policy, c.object, lines(got))
		}
	}
}

func TestAdmissionLedger(t *testing.T) {
	_, ledger := Admission(t.Context(), tree(t, bound("  validations: [{expression: 'true'}]")+aMap+`
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: unbound}
spec: {validations: [{expression: 'true'}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: deletes}
spec:
  matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [DELETE], resources: ["*"]}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: deletes}
spec: {policyName: deletes, validationActions: [Deny]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: lost}
spec: {policyName: elsewhere, validationActions: [Deny]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sElsewhere
metadata: {name: c}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: broken}
---
apiVersion: kyverno.io/v2
kind: CleanupPolicy
metadata: {name: c, namespace: shop}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: generates}
spec:
  rules:
    - {name: g, match: {any: [{resources: {kinds: [Namespace]}}]}, generate: {kind: ResourceQuota}}
    - {name: i, match: {any: [{resources: {kinds: [Pod]}}]}, verifyImages: [{imageReferences: ["*"]}]}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: k}
spec:
  rules:
    - {name: v, match: {any: [{resources: {kinds: [ConfigMap]}}]}, validate: {pattern: {metadata: {name: "?*"}}}}
    - {name: m, match: {any: [{resources: {kinds: [ConfigMap]}}]}, mutate: {patchStrategicMerge: {data: {a: b}}}}
`), Options{})
	var got []string
	for _, e := range ledger {
		got = append(got, fmt.Sprintf("%s %s %d %s", e.ID, e.State, e.Count, e.Reason))
	}
	want := []string{
		"admissionregistration.k8s.io/ValidatingAdmissionPolicy//deletes not-applicable 0 judges only updates, deletions or connections, which the tree does not show",
		"admissionregistration.k8s.io/ValidatingAdmissionPolicy//p evaluated 1 ",
		`admissionregistration.k8s.io/ValidatingAdmissionPolicy//p failed 11 K8sElsewhere "c" is not evaluated: its ConstraintTemplate is not in the tree`,
		"admissionregistration.k8s.io/ValidatingAdmissionPolicy//unbound not-applicable 0 no binding in the tree",
		"admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding//lost skipped 0 its policy is not in the tree",
		"constraints.gatekeeper.sh/K8sElsewhere//c evaluated 0 ",
		"kyverno.io/CleanupPolicy/shop/c not-applicable 0 policies of this kind are not evaluated",
		"kyverno.io/ClusterPolicy//broken failed 0 cannot be read: it has no spec",
		`kyverno.io/ClusterPolicy//generates not-applicable 0 not evaluated: rule "g" (generate), rule "i" (verifyImages)`,
		`kyverno.io/ClusterPolicy//k evaluated 1 not evaluated: rule "m" (mutate)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func gatekeeper(code, match string) string {
	return `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: t}
spec:
  crd: {spec: {names: {kind: K8sTest}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package k8stest
` + code + `
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sTest
metadata: {name: c}
spec:
  match: ` + match + `
  parameters: {max: 1}
---
`
}

func TestGatekeeper(t *testing.T) {
	always := "        violation[{\"msg\": \"no\"}] { true }"
	for name, c := range map[string]struct {
		code, match string
		want        []string
	}{
		"everything":    {always, "{}", []string{`fail | K8sTest/c | /ConfigMap/shop/a |  | configmap "shop/a": K8sTest "c": no`}},
		"kind":          {always, `{kinds: [{apiGroups: [""], kinds: [Secret]}]}`, nil},
		"all kinds":     {always, `{kinds: [{apiGroups: ["*"], kinds: ["*"]}], scope: Namespaced}`, []string{`fail | K8sTest/c | /ConfigMap/shop/a |  | configmap "shop/a": K8sTest "c": no`}},
		"scope":         {always, `{scope: Cluster}`, nil},
		"namespace":     {always, `{namespaces: ["sh*"]}`, []string{`fail | K8sTest/c | /ConfigMap/shop/a |  | configmap "shop/a": K8sTest "c": no`}},
		"other":         {always, `{namespaces: ["kube-*"]}`, nil},
		"excluded":      {always, `{excludedNamespaces: ["*op"]}`, nil},
		"labels":        {always, `{labelSelector: {matchLabels: {a: b}}}`, nil},
		"selector":      {always, `{namespaceSelector: {matchLabels: {a: b}}}`, []string{`unknown | K8sTest/c | constraints.gatekeeper.sh/K8sTest//c | spec.match.namespaceSelector | k8stest "c": cannot tell what its namespace selector takes: namespace "shop" is not declared in the tree`}},
		"parameters":    {"        violation[{\"msg\": m}] { input.parameters.max == 1; m := input.review.object.data.k }", "{}", []string{`fail | K8sTest/c | /ConfigMap/shop/a |  | configmap "shop/a": K8sTest "c": v`}},
		"inventory":     {"        violation[{\"msg\": \"no\"}] { data.inventory.cluster }", "{}", []string{`unknown | K8sTest/c | constraints.gatekeeper.sh/K8sTest//c |  | k8stest "c": its template "t" cannot be evaluated: it reads other objects of the cluster (data.inventory)`}},
		"external data": {"        violation[{\"msg\": \"no\"}] { external_data({\"provider\": \"x\", \"keys\": []}) }", "{}", []string{`unknown | K8sTest/c | constraints.gatekeeper.sh/K8sTest//c |  | k8stest "c": its template "t" cannot be evaluated: it asks a provider of external data`}},
		"sandbox":       {"        violation[{\"msg\": \"no\"}] { http.send({\"method\": \"get\", \"url\": \"http://localhost\"}) }", "{}", []string{`unknown | K8sTest/c | constraints.gatekeeper.sh/K8sTest//c |  | k8stest "c": its template "t" cannot be evaluated: 1 error occurred: template.rego:2: rego_type_error: undefined function http.send`}},
	} {
		t.Run(name, func(t *testing.T) {
			list, _ := Admission(t.Context(), tree(t, gatekeeper(c.code, c.match)+aMap), Options{})
			if diff := cmp.Diff(c.want, lines(list)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A template that does not end is given up at the same step on every machine.
func TestAdmissionSteps(t *testing.T) {
	t.Parallel()
	code := "        violation[{\"msg\": \"no\"}] { n := numbers.range(1, 2000)[_]; m := numbers.range(1, 2000)[_]; o := numbers.range(1, 2000)[_]; n * m * o == -1 }"
	list, ledger := Admission(t.Context(), tree(t, gatekeeper(code, "{}")+aMap), Options{})
	const why = `its template "t" cannot be evaluated: it takes more than 3000000 steps`
	if diff := cmp.Diff([]string{`unknown | K8sTest/c | constraints.gatekeeper.sh/K8sTest//c |  | k8stest "c": ` + why}, lines(list)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`failed /ConfigMap/shop/a: K8sTest "c" is not evaluated: ` + why}, failures(ledger)); diff != "" {
		t.Error(diff)
	}
}

// failures are the failed entries of a ledger.
func failures(ledger []facts.Entry) []string {
	var out []string
	for _, e := range ledger {
		if e.State == facts.Failed {
			out = append(out, fmt.Sprintf("%s %s: %s", e.State, e.ID, e.Reason))
		}
	}
	return out
}

// Without a policy nothing is done; with one, thousands of objects stay cheap.
func BenchmarkAdmission(b *testing.B) {
	text := bound("  variables: [{name: k, expression: object.data.k}]\n  validations: [{expression: 'variables.k == \"v\"'}, {expression: 'size(object.metadata.name) < 60'}]")
	list := tree(b, text+aMap)
	for range 10_000 {
		list = append(list, list[2])
	}
	for b.Loop() {
		Admission(b.Context(), list, Options{})
	}
}

func BenchmarkJudges(b *testing.B) {
	list := tree(b, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.example.com/web:1", ports: [{containerPort: 80}], env: [{name: A, value: b}], resources: {limits: {memory: 1Gi}}}
`)
	for range 9_999 {
		list = append(list, list[0])
	}
	for b.Loop() {
		PodSecurity(list)
		Lifecycle(list)
		Schema(list)
		Admission(b.Context(), list, Options{})
	}
}

func TestPassed(t *testing.T) {
	list := tree(t, aMap+"---\napiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec: {containers: []}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {hostPID: true, containers: []}\n")
	for i, unit := range []string{"u1", "u2", "u3"} {
		list[i].Unit, list[i].ID = unit, unit+"#"+list[i].ID
	}
	got := lines(Passed(JudgePodSecurity, list, PodSecurity(list)))
	if diff := cmp.Diff([]string{"pass | unit | u2 |  | 1 objects are judged, nothing is found"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(Passed(JudgeLifecycle, list, Lifecycle(list))); n != 3 {
		t.Errorf("%d units", n)
	}
}

func TestKyvernoPolicies(t *testing.T) {
	policy := func(spec string) string {
		return `
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: k}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
` + spec + "\n---\n"
	}
	const exception = `---
apiVersion: policies.kyverno.io/v1
kind: PolicyException
metadata: {name: e}
spec:
  policyRefs: [{name: k, kind: ValidatingPolicy}]
  matchConditions: [{name: a, expression: "object.metadata.name == '%s'"}]
`
	const rejected = `fail | ValidatingPolicy/k | /ConfigMap/shop/a |  | configmap "shop/a": ValidatingPolicy "k": no`
	never := policy("  validationActions: [Deny]\n  validations: [{expression: 'false', message: 'no'}]")
	for name, c := range map[string]struct {
		tree    string
		enforce string
		want    []string
	}{
		"denies":          {never + aMap, "deny", []string{rejected}},
		"audits":          {policy("  validationActions: [Audit]\n  validations: [{expression: 'false', message: 'no'}]") + aMap, "audit", []string{rejected}},
		"background only": {policy("  evaluation: {admission: {enabled: false}}\n  validationActions: [Deny]\n  validations: [{expression: 'false', message: 'no'}]") + aMap, "audit", []string{rejected}},
		"variables":       {policy("  variables: [{name: x, expression: object.data.k}]\n  validations: [{expression: 'variables.x == \"v\"'}]") + aMap, "", nil},
		"excepted":        {never + aMap + fmt.Sprintf(exception, "a"), "", nil},
		"other exception": {never + aMap + fmt.Sprintf(exception, "b"), "deny", []string{rejected}},
		"JSON":            {policy("  evaluation: {mode: JSON}\n  validations: [{expression: 'false'}]") + aMap, "", nil},
		"own function": {policy("  validations: [{expression: 'resource.Get(\"v1\", \"pods\", \"x\", \"y\").a'}]") + aMap, "",
			[]string{`unknown | ValidatingPolicy/k | policies.kyverno.io/ValidatingPolicy//k | spec.validations[0].expression | validatingpolicy "k": the expression cannot be evaluated here: compilation failed: ERROR: <input>:1:1: undeclared reference to 'resource' (in container '')`}},
	} {
		t.Run(name, func(t *testing.T) {
			list, _ := Admission(t.Context(), tree(t, c.tree), Options{})
			if diff := cmp.Diff(c.want, lines(list)); diff != "" {
				t.Error(diff)
			}
			if c.enforce != "" && list[0].Values[0] != c.enforce {
				t.Errorf("enforcement is %v", list[0].Values)
			}
		})
	}
}
