package assess

import (
	"strings"
	"testing"
)

// A message that is made of a Secret's values is not repeated, be the Secret
// what is judged or what a policy takes its parameters from.
func TestSecretParams(t *testing.T) {
	t.Parallel()
	list, _ := Admission(t.Context(), tree(t, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  paramKind: {apiVersion: v1, kind: Secret}
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  validations: [{expression: "false", messageExpression: "string(params.data.k)"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, paramRef: {name: s, namespace: shop, parameterNotFoundAction: Deny}, validationActions: [Deny]}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
data: {k: aHVudGVyMg==}
---
`+aMap), Options{})
	if len(list) != 1 || strings.Contains(list[0].Message, "aHVudGVyMg") || !strings.HasSuffix(list[0].Message, "is rejected") {
		t.Errorf("%+v", list)
	}
}
