package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/decide"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// seed is a pull request that adds one violation to a tree: in a file it replaces
// a text, or adds one at the end. at is what stands in the only line that every
// new finding points at, in the same file or in the one that stands before a
// colon.
type seed struct {
	tree, file, from, to, at string
	want                     []string // rules, the first finding's first
}

// aboutTheChange are rules whose findings are about the change as such.
var aboutTheChange = []string{"evidence/evidence-id", "repository/policy-change-approval", "repository/codeowners-approval"}

var seededTrees = []string{"manifests", "chart", "overlays", "stack", "delivery"}

func seededTree(t *testing.T, name string) sourcetest.Tree {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "seeded", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return sourcetest.Parse(string(data))
}

// TestSeeded: whatever a pull request adds is found as new, at its line, before
// anything else that is new, and nothing else is new.
func TestSeeded(t *testing.T) {
	t.Parallel()
	trees := map[string]sourcetest.Tree{}
	for _, name := range seededTrees {
		trees[name] = seededTree(t, name)
	}
	if n := len(seeds()); n < 50 {
		t.Errorf("only %d seeds", n)
	}
	for i, s := range seeds() {
		t.Run(fmt.Sprintf("%02d %s in %s", i+1, s.want[0], s.tree), func(t *testing.T) {
			t.Parallel()
			base := trees[s.tree]
			head := s.sow(t, base)
			res := decidedChange(t, text(base), text(head))
			file, at, elsewhere := strings.Cut(s.at, ": in ")
			if !elsewhere {
				file, at = s.file, s.at
			}
			place := fmt.Sprintf("%s:%d", file, lineOf(t, head[file], at))
			var want, got []string
			for _, rule := range s.want {
				want = append(want, rule+" "+place)
			}
			for _, f := range res.Findings {
				if f.State == decide.New && !slices.Contains(aboutTheChange, f.Rule) {
					got = append(got, fmt.Sprintf("%s %s:%d", f.Rule, f.Location.File, f.Location.Line))
				}
			}
			if len(got) > 0 && got[0] != want[0] {
				t.Errorf("the first one is %s", got[0])
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			for _, f := range res.Fixed {
				if f.Rule == "repository/apply-bound" && s.want[0] == "repository/plan-and-log-exposure" {
					continue // the command that is replaced applied a plan that nothing had verified
				}
				t.Errorf("fixed: %s %s", f.Rule, f.Message)
			}
		})
	}
}

var update = flag.Bool("update", false, "write testdata/seeded/*.fingerprints")

// TestFingerprints: the fingerprints of whole trees stay what they are. Where this
// fails, every forge and dashboard would show what was there as new: see
// decide.FingerprintVersion.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	for _, name := range seededTrees {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := seededTree(t, name)
			file := filepath.Join("testdata", "seeded", name+".fingerprints")
			var got strings.Builder
			for _, f := range decidedChange(t, text(tree), text(tree)).Findings {
				fmt.Fprintf(&got, "%s %s %s %s\n", f.Fingerprint, f.Rule, f.Subject.ID, f.Path)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			known := map[string]bool{}
			for line := range strings.Lines(got.String()) {
				known[line] = true
			}
			for line := range strings.Lines(string(want)) { // more rules may find more
				if !known[line] {
					t.Errorf("gone: %s", line)
				}
			}
		})
	}
}

// sow makes the head.
func (s seed) sow(t *testing.T, base sourcetest.Tree) sourcetest.Tree {
	t.Helper()
	head := sourcetest.Tree{}
	for name, text := range base {
		head[name] = text
	}
	if s.from == "" {
		head[s.file] += s.to
		return head
	}
	if n := strings.Count(head[s.file], s.from); n != 1 {
		t.Fatalf("%q stands %d times in %s", s.from, n, s.file)
	}
	head[s.file] = strings.Replace(head[s.file], s.from, s.to, 1)
	return head
}

// text is a tree as one text.
func text(tree sourcetest.Tree) string {
	var out strings.Builder
	for _, e := range tree.Entries() {
		fmt.Fprintf(&out, "-- %s --\n%s", e.Path, tree[e.Path])
	}
	return out.String()
}

// lineOf is the number of the only line that holds a text.
func lineOf(t *testing.T, text, part string) int {
	t.Helper()
	if n := strings.Count(text, part); n != 1 {
		t.Fatalf("%q stands %d times in\n%s", part, n, text)
	}
	before, _, _ := strings.Cut(text, part)
	return strings.Count(before, "\n") + 1
}

const (
	pinned  = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	webYAML = "shop/web.yaml"
	around  = "shop/around.yaml"
	chartIn = "charts/web/"
	mainTF  = "stacks/net/main.tf"
)

func seeds() []seed {
	return slices.Concat(manifestSeeds(), unitSeeds(), stackSeeds(), deliverySeeds())
}

func manifestSeeds() []seed {
	added := func(file, to, at string, want ...string) seed { return seed{"manifests", file, "", to, at, want} }
	edited := func(file, from, to, at string, want ...string) seed {
		return seed{"manifests", file, from, to, at, want}
	}
	document := func(kind, name, more string) string { return "---\n" + manifest(kind, name, more) }
	return []seed{
		edited(webYAML, "            allowPrivilegeEscalation: false\n", "            allowPrivilegeEscalation: false\n            privileged: true\n", "privileged: true", "kubernetes/privileged-container", "kubernetes/pod-security-baseline"),
		edited(webYAML, pinned, "", "image: ", "kubernetes/image-digest"),
		edited(webYAML, "registry.example.com/shop/web:1.4.0"+pinned, "registry.example.com/shop/web:latest", "image: ", "kubernetes/image-digest", "kubernetes/latest-tag"),
		edited(webYAML, "      serviceAccountName: web\n", "      serviceAccountName: web\n      hostNetwork: true\n", "hostNetwork: true", "kubernetes/pod-security-baseline"),
		edited(webYAML, "      serviceAccountName: web\n", "      serviceAccountName: web\n      hostPID: true\n", "hostPID: true", "kubernetes/pod-security-baseline"),
		edited(webYAML, "emptyDir: {}", "hostPath: {path: /}", "hostPath", "kubernetes/pod-security-baseline", "kubernetes/host-path"),
		edited(webYAML, "containerPort: 8080", "containerPort: 8080\n              hostPort: 8080", "hostPort", "kubernetes/pod-security-baseline", "kubernetes/host-ports-and-node-ports"),
		edited(webYAML, "            limits: {memory: 128Mi}\n", "", "resources:", "kubernetes/resource-limits"),
		edited(webYAML, "          livenessProbe: {httpGet: {path: /live, port: 8080}}\n", "", "- name: web", "kubernetes/probes"),
		edited(webYAML, "replicas: 3", "replicas: 1", "replicas: 1", "kubernetes/replicas-and-disruption"),
		edited(webYAML, "automountServiceAccountToken: false", "automountServiceAccountToken: true", "automountServiceAccountToken: true", "kubernetes/service-account-token"),
		edited(webYAML, "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot: false", "kubernetes/pod-security-restricted"),
		edited(webYAML, "capabilities: {drop: [ALL]}", "capabilities: {drop: [ALL], add: [SYS_ADMIN]}", "SYS_ADMIN", "kubernetes/pod-security-baseline"),
		edited(around, "resources: [configmaps]", "resources: [\"*\"]", "resources: [\"*\"]", "kubernetes/rbac-wildcard"),
		edited(around, "resources: [configmaps]\n    verbs: [get]", "resources: [pods/exec]\n    verbs: [create]", "resources: [pods/exec]", "kubernetes/escalating-rbac"),
		edited(around, "  selector: {app: web}\n  ports:", "  selector: {app: web}\n  type: NodePort\n  ports:", "type: NodePort", "kubernetes/host-ports-and-node-ports"),
		edited(around, "  mode: fast\n", "  mode: fast\n  "+secretLine, secretLine, "secrets/plaintext-secret"),
		added(around, document("ClusterRoleBinding", "all", "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects:\n  - {kind: ServiceAccount, name: web, namespace: shop}"), "cluster-admin", "kubernetes/cluster-admin-binding"),
		added("shop/old.yaml", document("ConfigMap", "old", "data:\n  token: "+tokenLike), tokenLike, "secrets/plaintext-secret"),
	}
}

func unitSeeds() []seed {
	chart := func(file, from, to, at string, want ...string) seed {
		return seed{"chart", chartIn + file, from, to, at, want}
	}
	overlay := func(file, from, to, at string, want ...string) seed {
		return seed{"overlays", file, from, to, at, want}
	}
	return []seed{
		chart("values.yaml", "privileged: false", "privileged: true", "privileged: true", "kubernetes/privileged-container", "kubernetes/pod-security-baseline"),
		chart("values.yaml", "hostNetwork: false", "hostNetwork: true", "hostNetwork: true", "kubernetes/pod-security-baseline"),
		chart("values.yaml", "hostPath: \"\"", "hostPath: /etc", "hostPath: /etc", "kubernetes/pod-security-baseline", "kubernetes/host-path"),
		chart("values.yaml", "web:1.4.0"+pinned, "web:latest", "image: registry", "kubernetes/image-digest", "kubernetes/latest-tag"),
		chart("values.yaml", "  limits: {memory: 128Mi}\n", "", "config:", "kubernetes/resource-limits"),
		chart("prod.yaml", "config:", "privileged: true\nconfig:", "privileged: true", "kubernetes/privileged-container", "kubernetes/pod-security-baseline"),
		chart("prod.yaml", "config:", "image: registry.example.com/shop/web:2.0.0\nconfig:", "image:", "kubernetes/image-digest"),
		chart("prod.yaml", "  mode: slow\n", "  mode: slow\n  "+secretLine, secretLine, "secrets/plaintext-secret"),
		chart("templates/web.yaml", "hostNetwork: {{ .Values.hostNetwork }}", "hostPID: true", "hostPID", "kubernetes/pod-security-baseline"),
		overlay("apps/prod/patch.yaml", "terminationGracePeriodSeconds: 30", "hostNetwork: true", "hostNetwork", "kubernetes/pod-security-baseline"),
		overlay("apps/prod/patch.yaml", "imagePullPolicy: Always", "image: registry.example.com/shop/web:2", "image:", "kubernetes/image-digest"),
		overlay("apps/prod/patch.yaml", "          imagePullPolicy: Always\n", "          securityContext:\n            privileged: true\n", "privileged", "kubernetes/privileged-container", "kubernetes/pod-security-baseline"),
		overlay("apps/prod/patch.yaml", "terminationGracePeriodSeconds: 30", "volumes:\n        - {name: host, hostPath: {path: /var/run}}", "/var/run", "kubernetes/pod-security-baseline", "kubernetes/host-path"),
		overlay("apps/base/web.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: false\n      hostIPC: true", "hostIPC", "kubernetes/pod-security-baseline"),
		overlay("apps/prod/release.yaml", "privileged: false", "privileged: true", "privileged: true", "kubernetes/privileged-container", "kubernetes/pod-security-baseline"),
		overlay("apps/prod/release.yaml", "cache:7.4"+pinned, "cache:latest", "image:", "kubernetes/image-digest", "kubernetes/latest-tag"),
		overlay("clusters/prod/source.yaml", "commit: 0123456789abcdef0123456789abcdef01234567", "branch: main", "branch: main", "gitops/source-pinned"),
	}
}

func stackSeeds() []seed {
	stack := func(file, from, to, at string, want ...string) seed { return seed{"stack", file, from, to, at, want} }
	return []seed{
		stack(mainTF, "    from_port   = 443\n    to_port     = 443\n    protocol    = \"tcp\"\n    cidr_blocks = [\"10.0.0.0/8\"]", "    from_port   = 3389\n    to_port     = 3389\n    protocol    = \"tcp\"\n    cidr_blocks = [\"0.0.0.0/0\", \"10.0.0.0/8\"]", "\"0.0.0.0/0\", \"10.0.0.0/8\"", "iac/public-exposure"),
		stack(mainTF, "encrypted         = true", "encrypted         = false", "encrypted         = false", "iac/storage-encrypted"),
		stack(mainTF, "\"s3:GetObject\"", "\"s3:*\"", "s3:*", "iac/iam-wildcard"),
		stack(mainTF, "  tags              = local.tags\n", "", "resource \"aws_ebs_volume\"", "iac/required-tags"),
		stack(mainTF, "encrypt      = true", "encrypt      = false", "encrypt      = false", "iac/state-backend"),
		stack(mainTF, "", "\nmodule \"cache\" {\n  source = \"git::https://git.example.com/acme/cache.git\"\n}\n", "git::https", "iac/module-source"),
		stack(mainTF, "  region              = \"eu-west-1\"\n", "  region              = \"eu-west-1\"\n  access_key          = \"AKIAQ3EGVJ6RLWXN2HTD\"\n", "AKIA", "iac/provider-credentials", "secrets/plaintext-secret"),
		stack("modules/queue/main.tf", "10.0.0.0/8", "0.0.0.0/0", "0.0.0.0/0", "iac/public-exposure"),
	}
}

func deliverySeeds() []seed {
	edited := func(file, from, to, at string, want ...string) seed {
		return seed{"delivery", file, from, to, at, want}
	}
	return []seed{
		edited(".github/workflows/build.yaml", "      - run: make build\n", "      - uses: acme/publish@v1\n      - run: make build\n", "acme/publish", "repository/action-pinned"),
		edited(".github/workflows/build.yaml", "permissions:\n  contents: read\n", "permissions: write-all\n", "write-all", "repository/workflow-permissions"),
		edited(".github/workflows/build.yaml", "run: make build", "run: echo '${{ github.event.pull_request.title }}'", "github.event", "repository/workflow-permissions"),
		edited(".github/workflows/deploy.yaml", "terraform apply -auto-approve tfplan", "terraform show -json tfplan", "terraform show", "repository/plan-and-log-exposure"),
		edited("config/app.yaml", "  name: shop\n", "  name: shop\n  api_key: Qm7dW2xTr9LzK5vB\n", "api_key", "secrets/plaintext-secret"),
		edited("config/app.env", "LEVEL=info\n", "LEVEL=info\nGITHUB_TOKEN="+tokenLike+"\n", "GITHUB_TOKEN", "secrets/plaintext-secret"),
		edited("argocd/project.yaml", "    - https://git.example.com/acme/shop.git\n", "    - https://git.example.com/acme/shop.git\n    - \"*\"\n", "- \"*\"", "gitops/project-scope"),
		edited("argocd/project.yaml", "namespace: shop\n", "namespace: \"*\"\n", "namespace: \"*\"", "gitops/controller-privilege", "gitops/project-scope"),
		edited("argocd/app.yaml", "project: shop", "project: default", "project: default", "gitops/project-scope"),
	}
}
