package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gate/internal/decide"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// decidedChange walks the stages over a change of one tree to another, up to the
// decision.
func decidedChange(t *testing.T, base, head string) *decide.Result {
	t.Helper()
	ctx := context.Background()
	c := readChange(t, base, head, wanted{base: true, judged: true}, Options{})
	step := func(r Record, err error) {
		t.Helper()
		c.record.add(r)
		if err != nil {
			t.Fatal(err)
		}
	}
	var r Record
	var err error
	c.before, r, err = judgeBase(ctx, c)
	step(r, err)
	c.gathered, r, err = gather(ctx, c.opened, c.scanned, c.changed, c.rendered, c.read, c.record.Locators)
	step(r, err)
	c.document, r, err = assemble(c.opened, c.changed, c.read, c.gathered)
	step(r, err)
	c.judged, r, err = judge(ctx, c.opened, c.gathered, c.document, c.record.Locators)
	step(r, err)
	if c.decided, err = conclude(c); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.decided.Coverage.Entries {
		if e.State == "failed" && e.ID != "base" && e.Input == "" { // an input that lacks is no fault
			t.Errorf("%s %s failed: %s", e.Kind, e.ID, e.Reason)
		}
	}
	return c.decided
}

// newOf writes what is new in a result beside what is about the change, and at the end how much of the base is
// mended.
func newOf(res *decide.Result) []string {
	var out []string
	for _, f := range res.Findings {
		if f.State == decide.New && !slices.Contains(aboutTheChange, f.Rule) {
			out = append(out, fmt.Sprintf("%s %s:%d", f.Rule, f.Location.File, f.Location.Line))
		}
	}
	slices.Sort(out)
	if n := len(res.Fixed); n > 0 {
		out = append(out, fmt.Sprintf("fixed %d", n))
	}
	return out
}

// pod is one with a container; more are further fields of the container.
func pod(name, more string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: shop}\nspec:\n  containers:\n    - {name: web, image: \"x:1\"%s}\n", name, more)
}

const privileged = ", securityContext: {privileged: true}"

// podChart is a chart with a privileged Pod that is named as its release is.
func podChart(dir, values string) string {
	return files(dir+"/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0", dir+"/values.yaml", values,
		dir+"/templates/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\nspec:\n  containers:\n    - name: web\n      image: '{{ .Values.image }}'\n      securityContext: {privileged: {{ .Values.privileged }}}")
}

const chartValues = "image: x:1\nprivileged: true\n"

const group = `resource "aws_security_group" "%s" {
  name = "web"
  ingress {
    from_port   = %d
    to_port     = %[2]d
    protocol    = "tcp"
    cidr_blocks = ["%[3]s"]
  }
}
`

func securityGroup(name string, port int, cidr string) string {
	return fmt.Sprintf(group, name, port, cidr)
}

// workflow is one whose only job has these steps.
func workflow(steps ...string) string {
	return "on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - " + strings.Join(steps, "\n      - ")
}

const secretLine = "password: Xk9vQ2mLr8TzW4bN\n"

// movedCase is a change that moves what is wrong.
type movedCase struct {
	name, base, head string
	want             []string
}

// TestMoved: what was there stays existing, wherever it is moved to.
func TestMoved(t *testing.T) {
	t.Parallel()
	for _, c := range movedCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := decidedChange(t, c.base, c.head)
			if diff := cmp.Diff(c.want, newOf(res)); diff != "" {
				t.Error(diff)
			}
			if len(res.Findings) == 0 {
				t.Error("nothing is found at all")
			}
		})
	}
}

func movedCases() []movedCase {
	return []movedCase{
		{name: "lines", base: files("a.yaml", pod("web", privileged)), head: files("a.yaml", "# a\n# b\n"+pod("web", privileged))},
		{name: "a file", base: files("a.yaml", pod("web", privileged)), head: files("b.yaml", pod("web", privileged))},
		{name: "a file and its lines", base: files("a.yaml", pod("web", privileged)), head: files("b.yaml", "# a\n"+pod("web", privileged))},
		{name: "a directory", base: files("x/a.yaml", pod("web", privileged)), head: files("y/a.yaml", pod("web", privileged))},
		{name: "a chart's directory", base: podChart("charts/a", chartValues), head: podChart("charts/b", chartValues)},
		{name: "a chart's directory, deployed", base: podChart("charts/a", chartValues) + files("argocd/web.yaml", app("web", "path: charts/a")),
			head: podChart("charts/b", chartValues) + files("argocd/web.yaml", app("web", "path: charts/b"))},
		{name: "a values file", base: podChart("c", "image: x:1\nprivileged: false") + files("argocd/web.yaml", app("web", "path: c, helm: {valueFiles: [a.yaml]}"), "c/a.yaml", "privileged: true"),
			head: podChart("c", "image: x:1\nprivileged: false") + files("argocd/web.yaml", app("web", "path: c, helm: {valueFiles: [b.yaml]}"), "c/b.yaml", "privileged: true")},
		{name: "a release", base: podChart("c", chartValues) + files("argocd/web.yaml", app("web", "path: c")),
			head: podChart("c", chartValues) + files("argocd/web.yaml", app("site", "path: c")), want: []string{"kubernetes/critical-object-deletion argocd/web.yaml:3"}},
		{name: "a HelmRelease", base: podChart("c", chartValues) + files("flux/web.yaml", release("web", "c", "")),
			head: podChart("c", chartValues) + files("flux/site.yaml", release("site", "c", "")), want: []string{"kubernetes/critical-object-deletion flux/web.yaml:0"}},
		{name: "a kustomization's directory", base: files("x/kustomization.yaml", "resources: [a.yaml]", "x/a.yaml", pod("web", privileged)),
			head: files("y/kustomization.yaml", "resources: [a.yaml]", "y/a.yaml", pod("web", privileged))},
		{name: "an overlay's directory", base: files("base/kustomization.yaml", "resources: [a.yaml]", "base/a.yaml", pod("web", privileged), "x/kustomization.yaml", "resources: [../base]"),
			head: files("base/kustomization.yaml", "resources: [a.yaml]", "base/a.yaml", pod("web", privileged), "y/kustomization.yaml", "resources: [../base]")},
		{name: "a secret whose value stands in the name of something else goes", base: files("a.yaml", pod("superset9x", privileged), ".env", "DB_PASSWORD=superset9x\n"), head: files("a.yaml", pod("superset9x", privileged)), want: []string{"fixed 1"}},
		{name: "a namespace", base: files("a.yaml", pod("web", privileged)), head: files("a.yaml", strings.ReplaceAll(pod("web", privileged), "namespace: shop", "namespace: store"))},
		{name: "containers", base: files("a.yaml", pod("web", privileged)+"    - {name: b, image: \"y:1\"}"), head: files("a.yaml",
			strings.Replace(pod("web", privileged), "  containers:\n", "  containers:\n    - {name: b, image: \"y:1\"}\n", 1))},
		{name: "ports", base: files("a.yaml", pod("web", ", ports: [{containerPort: 80, hostPort: 80}]")), head: files("a.yaml", pod("web", ", ports: [{containerPort: 9}, {containerPort: 80, hostPort: 80}]"))},
		{name: "an image's version", base: files("a.yaml", pod("web", privileged)), head: files("a.yaml", strings.Replace(pod("web", privileged), "x:1", "x:2", 1))},
		{name: "a stack's directory", base: files("a/main.tf", securityGroup("web", 22, "0.0.0.0/0")), head: files("b/main.tf", securityGroup("web", 22, "0.0.0.0/0"))},
		{name: "a resource", base: files("main.tf", securityGroup("web", 22, "0.0.0.0/0")),
			head: files("main.tf", "moved {\n  from = aws_security_group.web\n  to   = aws_security_group.site\n}\n"+securityGroup("site", 22, "0.0.0.0/0"))},
		{name: "a resource to another file", base: files("main.tf", securityGroup("web", 22, "0.0.0.0/0")), head: files("net.tf", securityGroup("web", 22, "0.0.0.0/0"))},
		{name: "a module", base: files("main.tf", "module \"net\" {\n  source = \"./modules/net\"\n}\n", "modules/net/main.tf", securityGroup("web", 22, "0.0.0.0/0")),
			head: files("main.tf", "module \"net\" {\n  source = \"./modules/network\"\n}\n", "modules/network/main.tf", securityGroup("web", 22, "0.0.0.0/0"))},
		{name: "a module call", base: files("main.tf", "module \"net\" {\n  source = \"./modules/net\"\n}\n", "modules/net/main.tf", securityGroup("web", 22, "0.0.0.0/0")),
			head: files("main.tf", "moved {\n  from = module.net\n  to   = module.web\n}\nmodule \"web\" {\n  source = \"./modules/net\"\n}\n", "modules/net/main.tf", securityGroup("web", 22, "0.0.0.0/0"))},
		{name: "blocks", base: files("main.tf", securityGroup("web", 22, "0.0.0.0/0")),
			head: files("main.tf", strings.Replace(securityGroup("web", 22, "0.0.0.0/0"), "  ingress", "  ingress {\n    from_port = 1\n    to_port = 1\n    protocol = \"tcp\"\n    cidr_blocks = [\"10.0.0.0/8\"]\n  }\n  ingress", 1))},
		{name: "a step", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/a.yaml", workflow("run: make", "uses: a/b@v1"))},
		{name: "a step and its version", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/a.yaml", workflow("run: make", "uses: a/b@v2"))},
		{name: "a job before", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/a.yaml",
			strings.Replace(workflow("uses: a/b@v1"), "jobs:\n", "jobs:\n  first:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make\n", 1))},
		{name: "a workflow file", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/b.yaml", workflow("uses: a/b@v1"))},
		{name: "an environment in the configuration", base: files(".gate.yaml", twoEnvironments, "prod/a.yaml", pod("web", privileged)),
			head: files(".gate.yaml", strings.ReplaceAll(twoEnvironments, "name: prod", "name: production"), "prod/a.yaml", pod("web", privileged))},
		{name: "what speaks for a namespace", base: files("a.yaml", pod("web", privileged)), head: files("a.yaml", manifest("ConfigMap", "a", "data: {a: b}")+"---\n"+pod("web", privileged))},
		{name: "a secret's lines", base: files("config/app.yaml", secretLine), head: files("config/app.yaml", "# a\n"+secretLine)},
		{name: "a secret's file", base: files("config/app.yaml", secretLine), head: files("config/web.yaml", secretLine)},
		{name: "a secret's object", base: files("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata:\n  "+secretLine),
			head: files("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata:\n  x: z\n  "+secretLine)},
		{name: "a secret's chart", base: podChart("a", chartValues+"db:\n  "+secretLine), head: podChart("b", chartValues+"db:\n  "+secretLine)},
		{name: "a permutation that comes", base: podChart("c", "image: x:1") + files("c/ci/b-values.yaml", "privileged: true"),
			head: podChart("c", "image: x:1") + files("c/ci/b-values.yaml", "privileged: true", "c/ci/a-values.yaml", "privileged: true\nx: y")},
		{name: "one of two that are alike goes", base: files("a.yaml", pod("web", ", ports: [{containerPort: 80, hostPort: 80, protocol: TCP}, {containerPort: 80, hostPort: 80, protocol: UDP}]")),
			head: files("a.yaml", pod("web", ", ports: [{containerPort: 80, hostPort: 80, protocol: UDP}]")), want: []string{"fixed 2"}},
	}
}

// Every line of whole trees moves, and every directory of manifests has another
// name.
func TestMovedTrees(t *testing.T) {
	t.Parallel()
	for _, name := range seededTrees {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := seededTree(t, name)
			head := sourcetest.Tree{}
			for file, text := range base {
				if dir, rest, ok := strings.Cut(file, "/"); ok && slices.Contains([]string{"shop", "argocd", "config"}, dir) {
					file = dir + "-moved/" + rest
				}
				head[file] = "# moved\n" + text
			}
			res := decidedChange(t, text(base), text(head))
			if diff := cmp.Diff([]string(nil), newOf(res)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSwapped: what is new is new, even where something stood before that was
// wrong as well.
func TestSwapped(t *testing.T) {
	t.Parallel()
	for _, c := range swappedCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := decidedChange(t, c.base, c.head)
			if diff := cmp.Diff(c.want, newOf(res)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// manifest is one document.
func manifest(kind, name, more string) string {
	api := map[string]string{"ClusterRole": "rbac.authorization.k8s.io/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1", "ConfigMap": "v1", "Pod": "v1", "Service": "v1"}[kind]
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: shop}\n%s\n", api, kind, name, more)
}

func hostPath(path string) string {
	return manifest("Pod", "web", "spec:\n  containers: [{name: web, image: \"x:1\"}]\n  volumes:\n    - {name: v, hostPath: {path: "+path+"}}")
}

func policyOf(statements ...string) string {
	return "resource \"aws_iam_policy\" \"p\" {\n  name = \"p\"\n  policy = jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [\n      " + strings.Join(statements, ",\n      ") + "\n    ]\n  })\n}\n"
}

func statement(action, resource string) string {
	return fmt.Sprintf(`{ Effect = "Allow", Action = %q, Resource = %q }`, action, resource)
}

func swappedCases() []movedCase {
	two := func(a, b string) string {
		return manifest("Pod", "web", "spec:\n  containers:\n    - {name: a, image: \"x:1\""+a+"}\n    - {name: b, image: \"x:1\""+b+"}")
	}
	return []movedCase{
		{name: "a chart that nothing deployed", base: podChart("c", chartValues) + other, head: podChart("c", chartValues) + other + files("argocd/web.yaml", app("web", "path: c")),
			want: []string{"gitops/project-scope argocd/web.yaml:5", "gitops/source-pinned argocd/web.yaml:6", "kubernetes/image-digest argocd/web.yaml:1", "kubernetes/pod-security-baseline argocd/web.yaml:1",
				"kubernetes/privileged-container argocd/web.yaml:1", "kubernetes/probes argocd/web.yaml:1", "kubernetes/resource-limits argocd/web.yaml:1", "kubernetes/service-account-token argocd/web.yaml:1", "fixed 6"}},
		{name: "manifests that nothing deployed", base: files("web/a.yaml", pod("web", privileged)) + other, head: files("web/a.yaml", pod("web", privileged)) + other + files("argocd/web.yaml", app("web", "path: web")),
			want: []string{"gitops/project-scope argocd/web.yaml:5", "gitops/source-pinned argocd/web.yaml:6", "kubernetes/image-digest argocd/web.yaml:1", "kubernetes/pod-security-baseline argocd/web.yaml:1",
				"kubernetes/privileged-container argocd/web.yaml:1", "kubernetes/probes argocd/web.yaml:1", "kubernetes/resource-limits argocd/web.yaml:1", "kubernetes/service-account-token argocd/web.yaml:1"}},
		{name: "another container", base: files("a.yaml", two(privileged, "")), head: files("a.yaml", two("", privileged)), want: []string{"kubernetes/pod-security-baseline a.yaml:7", "kubernetes/privileged-container a.yaml:7", "fixed 2"}},
		{name: "another container besides", base: files("a.yaml", two(privileged, "")), head: files("a.yaml", two(privileged, privileged)), want: []string{"kubernetes/pod-security-baseline a.yaml:7", "kubernetes/privileged-container a.yaml:7"}},
		{name: "another image", base: files("a.yaml", pod("web", "")), head: files("a.yaml", strings.Replace(pod("web", ""), "x:1", "evil/y:1", 1)), want: []string{"kubernetes/image-digest a.yaml:6", "fixed 1"}},
		{name: "latest to another", base: files("a.yaml", strings.Replace(pod("web", ""), "x:1", "x:latest", 1)), head: files("a.yaml", strings.Replace(pod("web", ""), "x:1", "y:latest", 1)), want: []string{"kubernetes/image-digest a.yaml:6", "kubernetes/latest-tag a.yaml:6", "fixed 2"}},
		{name: "a version to latest", base: files("a.yaml", pod("web", "")), head: files("a.yaml", strings.Replace(pod("web", ""), "x:1", "x:latest", 1)), want: []string{"kubernetes/latest-tag a.yaml:6"}},
		{name: "a wider range", base: files("main.tf", securityGroup("web", 22, "1.0.0.0/1")), head: files("main.tf", securityGroup("web", 22, "0.0.0.0/0")), want: []string{"iac/public-exposure main.tf:7", "fixed 1"}},
		{name: "another port", base: files("main.tf", securityGroup("web", 80, "0.0.0.0/0")), head: files("main.tf", securityGroup("web", 22, "0.0.0.0/0")), want: []string{"iac/public-exposure main.tf:7", "fixed 1"}},
		{name: "another host path", base: files("a.yaml", hostPath("/var/log")), head: files("a.yaml", hostPath("/")), want: []string{"kubernetes/host-path a.yaml:7", "fixed 1"}},
		{name: "another host port", base: files("a.yaml", pod("web", ", ports: [{containerPort: 80, hostPort: 80}]")), head: files("a.yaml", pod("web", ", ports: [{containerPort: 80, hostPort: 22}]")), want: []string{"kubernetes/host-ports-and-node-ports a.yaml:6", "kubernetes/pod-security-baseline a.yaml:6", "fixed 2"}},
		{name: "a second host port", base: files("a.yaml", pod("web", ", ports: [{containerPort: 80, hostPort: 80}]")), head: files("a.yaml", pod("web", ", ports: [{containerPort: 22, hostPort: 22}, {containerPort: 80, hostPort: 80}]")), want: []string{"kubernetes/host-ports-and-node-ports a.yaml:6", "kubernetes/pod-security-baseline a.yaml:6"}},
		{name: "another role", base: files("a.yaml", manifest("ClusterRoleBinding", "b", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}\nsubjects: [{kind: Group, name: \"system:authenticated\", apiGroup: rbac.authorization.k8s.io}]")),
			head: files("a.yaml", manifest("ClusterRoleBinding", "b", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: Group, name: \"system:authenticated\", apiGroup: rbac.authorization.k8s.io}]")), want: []string{"kubernetes/cluster-admin-binding a.yaml:4", "kubernetes/cluster-admin-binding a.yaml:5", "fixed 1"}},
		{name: "another subject", base: files("a.yaml", manifest("ClusterRoleBinding", "b", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: Group, name: \"system:authenticated\", apiGroup: rbac.authorization.k8s.io}]")),
			head: files("a.yaml", manifest("ClusterRoleBinding", "b", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: User, name: \"system:anonymous\", apiGroup: rbac.authorization.k8s.io}]")), want: []string{"kubernetes/cluster-admin-binding a.yaml:5", "fixed 1"}},
		{name: "a wider wildcard", base: files("a.yaml", manifest("ClusterRole", "r", "rules: [{apiGroups: [apps], resources: [\"*\"], verbs: [get]}]")), head: files("a.yaml", manifest("ClusterRole", "r", "rules: [{apiGroups: [\"\"], resources: [\"*\"], verbs: [get, create, delete]}]")), want: []string{"kubernetes/rbac-wildcard a.yaml:4", "fixed 1"}},
		{name: "more verbs", base: files("a.yaml", manifest("ClusterRole", "r", "rules: [{apiGroups: [apps], resources: [\"*\"], verbs: [get]}]")), head: files("a.yaml", manifest("ClusterRole", "r", "rules: [{apiGroups: [apps], resources: [\"*\"], verbs: [create, get]}]")), want: []string{"kubernetes/rbac-wildcard a.yaml:4", "fixed 1"}},
		{name: "a second wildcard", base: files("a.yaml", manifest("ClusterRole", "r", "rules:\n  - {apiGroups: [apps], resources: [\"*\"], verbs: [get]}")), head: files("a.yaml", manifest("ClusterRole", "r", "rules:\n  - {apiGroups: [batch], resources: [\"*\"], verbs: [get]}\n  - {apiGroups: [apps], resources: [\"*\"], verbs: [get]}")), want: []string{"kubernetes/rbac-wildcard a.yaml:5"}},
		{name: "another statement", base: files("main.tf", policyOf(statement("s3:*", "*"))), head: files("main.tf", policyOf(statement("iam:*", "*"))), want: []string{"iac/iam-wildcard main.tf:6", "fixed 1"}},
		{name: "a second statement", base: files("main.tf", policyOf(statement("s3:*", "*"))), head: files("main.tf", policyOf(statement("s3:GetObject", "arn:aws:s3:::b/*"), statement("ec2:*", "*"), statement("s3:*", "*"))), want: []string{"iac/iam-wildcard main.tf:7"}},
		{name: "every resource", base: files("main.tf", policyOf(statement("s3:*", "arn:aws:s3:::b/*"))), head: files("main.tf", policyOf(statement("s3:*", "*"))), want: []string{"iac/iam-wildcard main.tf:6", "fixed 1"}},
		{name: "everything instead of one", base: files("main.tf", policyOf(statement("s3:*", "*"))), head: files("main.tf", policyOf(statement("*", "*"))), want: []string{"iac/iam-wildcard main.tf:6", "fixed 1"}},
		{name: "another action", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/a.yaml", workflow("uses: a/c@v1")), want: []string{"repository/action-pinned .github/workflows/a.yaml:7", "fixed 1"}},
		{name: "a second action of the same words", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/a.yaml", workflow("uses: a/b@v1", "uses: a/b@v1")), want: []string{"repository/action-pinned .github/workflows/a.yaml:8"}},
		{name: "a second action of the same words before", base: files(".github/workflows/a.yaml", workflow("run: make", "uses: a/b@v1")), head: files(".github/workflows/a.yaml", workflow("uses: a/b@v1", "run: make", "uses: a/b@v1")), want: []string{"repository/action-pinned .github/workflows/a.yaml:7"}},
		{name: "the action in another job", base: files(".github/workflows/a.yaml", workflow("uses: a/b@v1")), head: files(".github/workflows/a.yaml", strings.Replace(workflow("uses: a/b@v1"), "  build:", "  deploy:", 1)), want: []string{"repository/action-pinned .github/workflows/a.yaml:7", "fixed 1"}},
		{name: "another value of a secret", base: files("config/app.yaml", secretLine), head: files("config/app.yaml", "password: Qm7dW2xTr9LzK5vB\n"), want: []string{"secrets/plaintext-secret config/app.yaml:1", "fixed 1"}},
		{name: "a second secret before", base: files("config/app.yaml", secretLine), head: files("config/app.yaml", "db_password: Qm7dW2xTr9LzK5vB\n"+secretLine), want: []string{"secrets/plaintext-secret config/app.yaml:1"}},
		{name: "a second secret behind", base: files("config/app.yaml", secretLine), head: files("config/app.yaml", secretLine+"token: Qm7dW2xTr9LzK5vB\n"), want: []string{"secrets/plaintext-secret config/app.yaml:2"}},
		{name: "another token in a text", base: files("run.sh", "export GH="+tokenLike), head: files("run.sh", "export GH="+strings.ReplaceAll(tokenLike, "fjgV", "aB3x")), want: []string{"secrets/plaintext-secret run.sh:1", "fixed 1"}},
		{name: "another object of the same file", base: files("a.yaml", pod("debug", privileged)), head: files("a.yaml", strings.Replace(pod("payments", privileged), "x:1", "y:1", 1)), want: []string{"kubernetes/image-digest a.yaml:6", "kubernetes/pod-security-baseline a.yaml:6", "kubernetes/privileged-container a.yaml:6", "kubernetes/probes a.yaml:6", "kubernetes/resource-limits a.yaml:6", "kubernetes/service-account-token a.yaml:4", "fixed 6"}},
		{name: "an image renamed with its object", base: files("a.yaml", strings.Replace(pod("web", privileged), "x:1", "web:1", 1)), head: files("a.yaml", strings.Replace(pod("evil", privileged), "x:1", "evil:1", 1)), want: []string{"kubernetes/image-digest a.yaml:6", "kubernetes/pod-security-baseline a.yaml:6", "kubernetes/privileged-container a.yaml:6", "kubernetes/probes a.yaml:6", "kubernetes/resource-limits a.yaml:6", "kubernetes/service-account-token a.yaml:4", "fixed 6"}},
		{name: "another namespace", base: files("a.yaml", pod("keeps", "")+"---\n"+pod("web", privileged)), head: files("a.yaml", pod("keeps", "")+"---\n"+strings.Replace(pod("web", privileged), "namespace: shop", "namespace: vault", 1)), want: []string{
			"kubernetes/image-digest a.yaml:13", "kubernetes/pod-security-baseline a.yaml:13",
			"kubernetes/privileged-container a.yaml:13", "kubernetes/probes a.yaml:13", "kubernetes/resource-limits a.yaml:13",
			"kubernetes/service-account-token a.yaml:11", "fixed 6",
		}},
		{name: "another environment", base: files(".gate.yaml", twoEnvironments, "staging/a.yaml", pod("web", privileged)), head: files(".gate.yaml", twoEnvironments, "prod/a.yaml", pod("web", privileged)), want: []string{"kubernetes/image-digest prod/a.yaml:6", "kubernetes/network-policy prod/a.yaml:3", "kubernetes/pod-security-baseline prod/a.yaml:6", "kubernetes/pod-security-restricted prod/a.yaml:6", "kubernetes/pod-security-restricted prod/a.yaml:6", "kubernetes/pod-security-restricted prod/a.yaml:6", "kubernetes/pod-security-restricted prod/a.yaml:6", "kubernetes/privileged-container prod/a.yaml:6", "kubernetes/probes prod/a.yaml:6", "kubernetes/resource-limits prod/a.yaml:6", "kubernetes/service-account-token prod/a.yaml:4", "fixed 6"}},
		{name: "a copy", base: files("a.yaml", pod("web", privileged)), head: files("a.yaml", pod("web", privileged), "b.yaml", pod("web2", privileged)), want: []string{"kubernetes/image-digest b.yaml:6", "kubernetes/pod-security-baseline b.yaml:6", "kubernetes/privileged-container b.yaml:6", "kubernetes/probes b.yaml:6", "kubernetes/resource-limits b.yaml:6", "kubernetes/service-account-token b.yaml:4"}},
	}
}

const twoEnvironments = "apiVersion: gate/v1\nenvironments:\n  - {name: staging, class: non-prod, paths: [\"staging/**\"]}\n  - {name: prod, class: prod, paths: [\"prod/**\"]}\n"
