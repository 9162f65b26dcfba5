package compare

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOrderOnly(t *testing.T) {
	t.Parallel()
	pod := func(kind, spec string) string {
		head := map[string]string{"Job": "apiVersion: batch/v1\n"}[kind]
		if head == "" {
			head = "apiVersion: apps/v1\n"
		}
		return head + "kind: " + kind + "\nmetadata: {name: x}\nspec: {template: {spec: {" + spec + "}}}\n"
	}
	deployment := func(spec string) string { return pod("Deployment", spec) }
	container := func(fields string) string { return deployment("containers: [{name: a, " + fields + "}]") }
	object := func(api, kind, body string) string {
		return "apiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: x}\n" + body + "\n"
	}
	restart := " (order only, its pods restart)"
	const in = "spec.template.spec."
	for _, c := range []struct{ name, before, after, want string }{
		{"containers", deployment("containers: [{name: a}, {name: b}]"), deployment("containers: [{name: b}, {name: a}]"), in + "containers" + restart},
		{"containers that wait for a hook", deployment("containers: [{name: a, lifecycle: {postStart: {exec: {}}}}, {name: b}]"),
			deployment("containers: [{name: b}, {name: a, lifecycle: {postStart: {exec: {}}}}]"), in + "containers"},
		{"init containers run in turn", deployment("initContainers: [{name: a}, {name: b}]"), deployment("initContainers: [{name: b}, {name: a}]"), in + "initContainers"},
		{"variables", container("env: [{name: A, value: x}, {name: B, value: y}]"), container("env: [{name: B, value: y}, {name: A, value: x}]"),
			in + "containers[name=a].env" + restart},
		{"variables of an init container", deployment("initContainers: [{name: a, env: [{name: A, value: x}, {name: B, value: y}]}]"),
			deployment("initContainers: [{name: a, env: [{name: B, value: y}, {name: A, value: x}]}]"), in + "initContainers[name=a].env" + restart},
		{"a variable that refers to another", container("env: [{name: A, value: x}, {name: B, value: $(A)}]"),
			container("env: [{name: B, value: $(A)}, {name: A, value: x}]"), in + "containers[name=a].env"},
		{"a variable twice, of which the last counts", container("env: [{name: A, value: x}, {name: A, value: y}]"),
			container("env: [{name: A, value: y}, {name: A, value: x}]"), in + "containers[name=a].env[0].value " + in + "containers[name=a].env[1].value"},
		{"sources of variables, of which the last counts", container("envFrom: [{configMapRef: {name: a}}, {configMapRef: {name: b}}]"),
			container("envFrom: [{configMapRef: {name: b}}, {configMapRef: {name: a}}]"),
			in + "containers[name=a].envFrom[0].configMapRef.name " + in + "containers[name=a].envFrom[1].configMapRef.name"},
		{"arguments", container("args: [a, b]"), container("args: [b, a]"), in + "containers[name=a].args[0] " + in + "containers[name=a].args[1]"},
		{"a command", container("command: [a, b]"), container("command: [b, a]"), in + "containers[name=a].command[0] " + in + "containers[name=a].command[1]"},
		{"ports", container("ports: [{containerPort: 1}, {containerPort: 2}]"), container("ports: [{containerPort: 2}, {containerPort: 1}]"),
			in + "containers[name=a].ports" + restart},
		{"volumes", deployment("volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]"), deployment("volumes: [{name: b, emptyDir: {}}, {name: a, emptyDir: {}}]"), in + "volumes" + restart},
		{"volumes, one of them another", deployment("volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]"),
			deployment("volumes: [{name: b, emptyDir: {}}, {name: a, hostPath: {path: /}}]"), in + "volumes[name=a].emptyDir " + in + "volumes[name=a].hostPath"},
		{"tolerations, which have no name", deployment("tolerations: [{key: a, operator: Exists}, {key: b, value: c}]"),
			deployment("tolerations: [{key: b, value: c}, {key: a, operator: Exists}]"),
			in + "tolerations[0].key " + in + "tolerations[0].operator " + in + "tolerations[0].value " + in + "tolerations[1].key " + in + "tolerations[1].operator " + in + "tolerations[1].value" + restart},
		{"tolerations, one of them another", deployment("tolerations: [{key: a}, {key: b}]"), deployment("tolerations: [{key: b}, {key: c}]"),
			in + "tolerations[0].key " + in + "tolerations[1].key"},
		{"the values of an affinity", deployment("affinity: {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: z, operator: In, values: [a, b]}]}]}}}"),
			deployment("affinity: {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: z, operator: In, values: [b, a]}]}]}}}"),
			in + "affinity.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0] " + in + "affinity.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[1]" + restart},
		{"addresses of hosts", deployment("hostAliases: [{ip: 1.1.1.1, hostnames: [a]}, {ip: 2.2.2.2, hostnames: [b]}]"),
			deployment("hostAliases: [{ip: 2.2.2.2, hostnames: [b]}, {ip: 1.1.1.1, hostnames: [a]}]"),
			in + "hostAliases" + restart},
		{"addresses of one host, of which the first counts", deployment("hostAliases: [{ip: 1.1.1.1, hostnames: [a]}, {ip: 2.2.2.2, hostnames: [b, a]}]"),
			deployment("hostAliases: [{ip: 2.2.2.2, hostnames: [b, a]}, {ip: 1.1.1.1, hostnames: [a]}]"), in + "hostAliases"},
		{"certificates of one host", object("networking.k8s.io/v1", "Ingress", "spec: {tls: [{hosts: [a], secretName: x}, {hosts: [a], secretName: y}]}"),
			object("networking.k8s.io/v1", "Ingress", "spec: {tls: [{hosts: [a], secretName: y}, {hosts: [a], secretName: x}]}"), "medium: spec.tls[0].secretName spec.tls[1].secretName"},
		{"of a job, which cannot change", pod("Job", "volumes: [{name: a}, {name: b}]"), pod("Job", "volumes: [{name: b}, {name: a}]"), in + "volumes"},
		{"beside something else, which is told alone", container("image: a, env: [{name: A, value: x}, {name: B, value: y}]"),
			container("image: b, env: [{name: B, value: y}, {name: A, value: x}]"), in + "containers[name=a].image"},
		{"the rights of a role", object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [get, list]}, {verbs: [watch]}]"),
			object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [watch]}, {verbs: [list, get]}]"), "rules[0].verbs rules[1].verbs (order only)"},
		{"another right", object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [get, list]}]"),
			object("rbac.authorization.k8s.io/v1", "Role", "rules: [{verbs: [list, '*']}]"), "medium: rules[0].verbs[0] rules[0].verbs[1]"},
		{"the ports of a service", object("v1", "Service", "spec: {ports: [{name: a, port: 1}, {name: b, port: 2}]}"),
			object("v1", "Service", "spec: {ports: [{name: b, port: 2}, {name: a, port: 1}]}"), "spec.ports (order only)"},
		{"rules of which the first that fits counts", object("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {rules: [{name: a}, {name: b}]}"),
			object("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {rules: [{name: b}, {name: a}]}"), "medium: spec.rules"},
		{"of a kind that nobody knows", object("acme.com/v1", "Pipeline", "spec: {tolerations: [a, b]}"),
			object("acme.com/v1", "Pipeline", "spec: {tolerations: [b, a]}"), "spec.tolerations[0] spec.tolerations[1]"},
	} {
		if !strings.HasPrefix(c.want, "medium: ") {
			c.want = "low: " + c.want
		}
		if diff := cmp.Diff([]string{"update x, " + c.want}, stepLines(changes(t, [2]string{c.before, c.after}))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
