package pipeline

import (
	"fmt"
	"slices"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// TestIdle checks which units a change leaves out: those that it has no influence
// on, and that nothing which it makes another is judged together with.
func TestIdle(t *testing.T) {
	t.Parallel()
	const chart = "apiVersion: v2\nname: web\nversion: 1.0.0"
	kustomization := func(dir, text string) string { return files(dir+"/kustomization.yaml", text) }
	deployment := func(namespace string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + namespace + "}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}"
	}
	const policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: all}\nspec: {podSelector: {}}"
	for _, c := range []struct {
		name, base, head string // base is a part of both
		idle             []string
	}{
		{"a neighbour of another namespace", kustomization("a", "namespace: a\nresources: [c.yaml]") + files("a/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"),
			files("b/c.yaml", configMap("b", "2")), []string{"kustomize:a"}},
		{"a neighbour of the same namespace", kustomization("a", "namespace: shop\nresources: [policy.yaml]") + files("a/policy.yaml", policy),
			files("b/d.yaml", deployment("shop")), nil},
		{"a namespace that its base names", kustomization("a", "resources: [../common]") + kustomization("common", "namespace: shop\nresources: [policy.yaml]") + files("common/policy.yaml", policy),
			files("b/d.yaml", deployment("shop")), nil},
		{"the Namespace of what is added", kustomization("a", "resources: [ns.yaml]") + files("a/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}"),
			files("b/d.yaml", deployment("shop")), nil},
		{"the role that a new binding gives", kustomization("a", "resources: [role.yaml]") + files("a/role.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: everything}\nrules: [{apiGroups: [\"*\"], resources: [\"*\"], verbs: [\"*\"]}]"),
			files("b/b.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: everything}"), nil},
		{"the definition of a new object's kind", kustomization("a", "resources: [crd.yaml]") + files("a/crd.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: queues.example.com}\nspec: {group: example.com, scope: Namespaced, names: {kind: Queue, plural: queues}, versions: []}"),
			files("b/q.yaml", "apiVersion: example.com/v1\nkind: Queue\nmetadata: {name: q, namespace: shop}"), nil},
		{"a policy of admission", kustomization("a", "resources: [p.yaml]") + files("a/p.yaml", "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec: {}"),
			files("b/c.yaml", configMap("b", "2")), nil},
		{"what deploys others", kustomization("a", "resources: [app.yaml]") + files("a/app.yaml", app("web", "path: web"), "web/c.yaml", configMap("web", "1")),
			files("README.txt", "x", "b/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: other}\n"), []string{"manifests:web"}},
		{"a chart of another namespace", files("charts/web/Chart.yaml", chart, "charts/web/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}", "argocd/web.yaml", app("web", "path: charts/web")),
			files("b/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: other}\n"), []string{"helm:charts/web@web"}},
		{"a value file of a chart", files("charts/web/Chart.yaml", chart, "charts/web/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {v: \"{{ .Values.v }}\"}", "argocd/web.yaml", app("web", "path: charts/web, helm: {valueFiles: [../../values/web.yaml]}")),
			files("values/web.yaml", "v: 2"), nil},
		{"what a generator names outside of its directory", kustomization("a", "generators: [gen.yaml]") + files("a/gen.yaml", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: web}\nfiles: [../data/web.txt]"),
			files("data/web.txt", "2"), nil},
		{"a file that a generator reads", kustomization("a", "configMapGenerator: [{name: web, files: [../data/README.md]}]"),
			files("data/README.md", "2"), nil},
		{"a patch outside of its directory", kustomization("a", "resources: [c.yaml]\npatches: [{path: ../patches/p.yaml}]") + files("a/c.yaml", configMap("a", "1")),
			files("patches/p.yaml", configMap("a", "2")), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var idle []string
			for _, o := range factsOf(t, c.base, c.base+c.head, true).deployed.head.Outcomes {
				if passed(o) {
					idle = append(idle, o.Unit.ID)
				}
			}
			slices.Sort(idle)
			if diff := cmp.Diff(c.idle, idle); diff != "" {
				t.Errorf("idle units (-want +got):\n%s", diff)
			}
		})
	}
}

// TestIdleStacks checks which stacks a change leaves out.
func TestIdleStacks(t *testing.T) {
	t.Parallel()
	stack := func(text string) string { return files("a/main.tf", text) }
	const queue = "resource \"aws_sqs_queue\" \"q\" {\n  name = %s\n}"
	reading := func(call string) string { return fmt.Sprintf(queue, call) }
	other := files("b/c.yaml", configMap("b", "2"))
	for _, c := range []struct {
		name, base, head string // base is a part of both
		idle             bool
	}{
		{"a neighbour", stack(reading(`"q"`)), files("b/main.tf", "locals {}"), true},
		{"its own file", stack(reading(`"q"`)), files("a/more.tf", "locals {}"), false},
		{"its values", stack(reading(`"q"`)), files("a/x.auto.tfvars", "a = 1"), false},
		{"its lock file", stack(reading(`"q"`)), files("a/.terraform.lock.hcl", ""), false},
		{"a module of its modules", stack("module \"m\" {\n  source = \"../m\"\n}") + files("m/main.tf", "module \"n\" {\n  source = \"../n\"\n}", "n/main.tf", reading(`"q"`)), files("n/more.tf", "locals {}"), false},
		{"a file that it reads", stack(reading(`file("${path.module}/../data/q.txt")`)), files("data/q.txt", "2"), false},
		{"a file of the root that a module reads", stack("module \"m\" {\n  source = \"../m\"\n}") + files("m/main.tf", reading(`file("${path.root}/q.txt")`)), files("a/q.txt", "2"), false},
		{"a file beside the one that it reads", stack(reading(`file("${path.module}/../data/q.txt")`)), other, true},
		{"a file whose name is put together", stack("variable \"n\" {\n  default = \"x\"\n}\n" + reading(`templatefile("../data/${var.n}.txt", {})`)), other, false},
		{"a file in a set", stack(reading(`join("", fileset("${path.module}/../b", "*"))`)), other, false},
		{"a digest", stack(reading(`filebase64sha256 ("../b/c.yaml")`)), other, false},
		{"a call with a remark", stack(reading(`file/**/("../b/c.yaml")`)), other, false},
		{"JSON", files("a/main.tf.json", `{"resource": {"aws_sqs_queue": {"q": {"name": "${file(\"../b/c.yaml\")}"}}}}`), other, false},
		{"what is told to people", stack(reading(`templatefile("../data/${terraform.workspace}.txt", {})`)), files("README.md", "x"), true},
		{"a namespace of objects", stack("resource \"kubernetes_namespace\" \"n\" {\n  metadata {\n    name = \"shop\"\n  }\n}"), other, false},
		{"a release", stack("resource \"helm_release\" \"n\" {\n  name = \"shop\"\n}"), other, false},
		{"what was a module of another one", stack(reading(`"q"`)) + files("b/main.tf", "module \"m\" {\n  source = \"../a\"\n}"), files("b/main.tf", "locals {}"), false},
		{"files that are not read by it", stack(reading(`"q"`)), other, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := factsOf(t, c.base, c.base+c.head, true)
			if idle := slices.Contains(got.read.terraform.Idle, "a"); idle != c.idle {
				t.Errorf("idle: %t", idle)
			}
			if unchanged := slices.ContainsFunc(got.record.Ledger, func(e facts.Entry) bool { return e.ID == "stack:a" && e.State == facts.Unchanged }); unchanged != c.idle {
				t.Errorf("the ledger says unchanged: %t", unchanged)
			}
		})
	}
}

// TestIdleFiles checks which files are not searched for secrets: none that
// something quotes.
func TestIdleFiles(t *testing.T) {
	t.Parallel()
	base := files("idle/kustomization.yaml", "namespace: idle\nresources: [c.yaml]", "idle/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}",
		"web/kustomization.yaml", "resources: [c.yaml]\nconfigMapGenerator: [{name: w, files: [notes.txt]}]", "web/c.yaml", configMap("web", "1"), "web/notes.txt", "n", "README", "r")
	head := base + files("web/c.yaml", configMap("web", "2"))
	for _, c := range []struct {
		name, more string
		want       []string
	}{
		{"charts and kustomizations", "", []string{"README", "idle/c.yaml", "idle/kustomization.yaml"}},
		{"Terraform reads files of any kind", files("tf/main.tf", "locals {}"), []string{"idle/c.yaml", "idle/kustomization.yaml"}},
		{"so does Terragrunt", files("live/terragrunt.hcl", "inputs = {}"), []string{"idle/c.yaml", "idle/kustomization.yaml"}},
		{"what the change touches", files("README", "s"), []string{"idle/c.yaml", "idle/kustomization.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := base
			if c.name != "what the change touches" {
				before += c.more
			}
			run := factsOf(t, before, head+c.more, true)
			skip := run.deployed.idleFiles(run.opened, run.changed, run.inventory)
			var got []string
			for _, e := range run.opened.tree.Entries() {
				if skip(e.Path) {
					got = append(got, e.Path)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
