package assess

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func clusterPolicyOf(annotations, rest string) string {
	return "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p, annotations: " + annotations + "}\nspec: {" + rest + "}\n---\n"
}

func exceptionOf(match, rules string) string {
	return "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: shop}\nspec: {exceptions: [{policyName: p, ruleNames: [" + rules + "]}], match: {any: [{resources: " + match + "}]}}\n---\n"
}

const (
	taggedRule  = `rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: no latest, pattern: {spec: {containers: [{image: "!*:latest"}]}}}}]`
	aDeployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: 'x:latest'}]}}}\n---\n"
)

func TestClusterPolicy(t *testing.T) {
	t.Parallel()
	const image = "spec.template.spec.containers[0].image"
	for name, c := range map[string]struct {
		tree string
		want []string // outcome path values message
	}{
		"audit":           {clusterPolicyOf("{}", taggedRule) + aDeployment, []string{"fail " + image + " [audit] deployment"}},
		"enforce":         {clusterPolicyOf("{}", "validationFailureAction: Enforce, "+taggedRule) + aDeployment, []string{"fail " + image + " [deny] deployment"}},
		"enforced here":   {clusterPolicyOf("{}", "validationFailureActionOverrides: [{action: Enforce, namespaces: [sh*]}], "+taggedRule) + aDeployment, []string{"fail " + image + " [deny] deployment"}},
		"audited here":    {clusterPolicyOf("{}", "validationFailureAction: Enforce, validationFailureActionOverrides: [{action: Audit, namespaces: [shop]}], "+taggedRule) + aDeployment, []string{"fail " + image + " [audit] deployment"}},
		"not at the door": {clusterPolicyOf("{}", "admission: false, validationFailureAction: Enforce, "+taggedRule) + aDeployment, []string{"fail " + image + " [audit] deployment"}},
		"without rules for controllers": {clusterPolicyOf("{pod-policies.kyverno.io/autogen-controllers: none}", "validationFailureAction: Enforce, "+taggedRule) + aDeployment,
			[]string{"fail " + image + " [deny] the pod of deployment"}},
		"an exception for the controller alone": {clusterPolicyOf("{}", taggedRule) + exceptionOf("{kinds: [Deployment], names: [web]}", "autogen-r") + aDeployment,
			[]string{"fail " + image + " [audit] the pod of deployment"}},
		"an exception for the pods alone": {clusterPolicyOf("{}", taggedRule) + exceptionOf("{kinds: [Pod], names: ['web-*']}", "r") + aDeployment,
			[]string{"fail " + image + " [audit] deployment"}},
		"an exception for both":           {clusterPolicyOf("{}", taggedRule) + exceptionOf("{kinds: [Pod, Deployment], names: ['web*']}", "'*'") + aDeployment, nil},
		"an exception for another object": {clusterPolicyOf("{}", taggedRule) + exceptionOf("{kinds: [Pod, Deployment], names: ['api*']}", "'*'") + aDeployment, []string{"fail " + image + " [audit] deployment"}},
		"a mutation elsewhere":            {clusterPolicyOf("{}", taggedRule) + strings.ReplaceAll(clusterPolicyOf("{}", "rules: [{name: m, match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {patchStrategicMerge: {metadata: {labels: {x: y}}}}}]"), "name: p,", "name: q,") + aDeployment, []string{"fail " + image + " [audit] deployment"}},
		"a mutation of the field": {clusterPolicyOf("{}", taggedRule) + strings.ReplaceAll(clusterPolicyOf("{}", "rules: [{name: m, match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {patchStrategicMerge: {spec: {containers: [{(name): '*', image: y}]}}}}]"), "name: p,", "name: q,") + aDeployment,
			[]string{`unknown spec.rules[0] [] clusterpolicy "p": rule "r" rejects objects, but rule "m" of clusterpolicy "q" may change them first`}},
		"kube-system":      {clusterPolicyOf("{}", taggedRule) + strings.ReplaceAll(aDeployment, "namespace: shop", "namespace: kube-system"), []string{`unknown spec.rules[0] [] clusterpolicy "p": rule "r" rejects objects, but Kyverno leaves namespace "kube-system" out as it is installed`}},
		"a strange field":  {clusterPolicyOf("{}", "wish: 1, "+taggedRule) + aDeployment, []string{`unknown spec.rules[0] [] clusterpolicy "p": rule "r" rejects objects, but spec.wish is not known`}},
		"a value of a key": {clusterPolicyOf("{}", `rules: [{name: r, match: {any: [{resources: {kinds: [Secret]}}]}, validate: {message: "{{ request.object.data.k }}", deny: {}}}]`) + "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\ndata: {k: aHVudGVyMg==}\n", []string{`fail  [audit] secret "shop/s": ClusterPolicy "p": is rejected`}},
		"the value in a reason": {clusterPolicyOf("{}", `rules: [{name: r, match: {any: [{resources: {kinds: [Secret]}}]}, validate: {deny: {conditions: [{key: "{{ parse_json(request.object.data.k) }}", operator: Equals, value: x}]}}}]`) + "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\ndata: {k: aHVudGVyMg==}\n",
			[]string{`unknown spec.rules[0] [] clusterpolicy "p": rule "r": "{{ parse_json(request.object.data.k) }}": the expression cannot be evaluated on this object`}},
		"cel": {clusterPolicyOf("{}", `rules: [{name: r, match: {any: [{resources: {kinds: [Deployment]}}]}, validate: {cel: {expressions: [{expression: "object.spec.replicas > 1", message: two}]}}}]`) + aDeployment,
			[]string{`fail spec [audit] deployment "shop/web": ClusterPolicy "p": rule "r": two`}},
		"pod security": {clusterPolicyOf("{}", `rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {podSecurity: {level: restricted, version: v1.30, exclude: [{controlName: Capabilities, images: ["x:*"]}, {controlName: Seccomp}, {controlName: Seccomp, images: ["x*"]}, {controlName: Running as Non-root, images: ["*"]}]}}}]`) + aDeployment,
			[]string{"fail spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation [audit] the pod of deployment"}},
		"pod security, if it judges the pod": {clusterPolicyOf("{}", `rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [x]}]}, validate: {podSecurity: {level: restricted, version: v1.30}}}]`) + aDeployment,
			[]string{`unknown spec.rules[0] [] clusterpolicy "p": rule "r": whether it judges an object that it rejects is not known: it depends on who asks`}},
		"an object that cannot be read": {clusterPolicyOf("{}", taggedRule) + "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec: {containers: [{name: c, ports: [{containerPort: 4294967296}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: y, namespace: shop}\nspec: {ports: 1}\n",
			[]string{`unknown  [] clusterpolicy "p": pod "shop/x" cannot be read`}},
		"the first rule only": {clusterPolicyOf("{}", `applyRules: One, rules: [{name: a, match: {any: [{resources: {kinds: [Deployment]}}]}, validate: {pattern: {metadata: {name: web}}}}, {name: b, match: {any: [{resources: {kinds: [Deployment]}}]}, validate: {deny: {}}}]`) + aDeployment, nil},
		"no naked pods":       {clusterPolicyOf("{pod-policies.kyverno.io/autogen-controllers: none}", "rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {deny: {conditions: [{key: \"{{ length(request.object.metadata.ownerReferences[] || `[]`) }}\", operator: Equals, value: 0}]}}}]") + aDeployment, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, _ := Admission(t.Context(), tree(t, c.tree), Options{})
			var got []string
			for _, a := range list {
				got = append(got, fmt.Sprintf("%s %s %s %s", a.Outcome, source.Path(a.Path), a.Values, a.Message))
			}
			if len(got) != len(c.want) {
				t.Fatal(cmp.Diff(c.want, got))
			}
			for i, w := range c.want {
				if !strings.HasPrefix(got[i], w) {
					t.Error(cmp.Diff(w, got[i]))
				}
			}
		})
	}
}
