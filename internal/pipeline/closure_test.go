package pipeline

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
	"gate/internal/envelope"
)

// Each kind of unit, deployed by each who deploys it, and a stack.
const closureTree = `
-- README.md --
x
-- argo/flat.yaml --
` + argoHead + `metadata: {name: flat, namespace: argocd}
spec: {project: default, destination: {name: c, namespace: x}, source: {repoURL: "https://git.example.com/acme/shop.git", path: flat}}
-- argo/deep.yaml --
` + argoHead + `metadata: {name: deep, namespace: argocd}
spec: {project: default, destination: {name: c, namespace: x}, source: {repoURL: "https://git.example.com/acme/shop.git", path: deep, directory: {recurse: true}}}
-- argo/chart.yaml --
` + argoHead + `metadata: {name: web, namespace: argocd}
spec: {project: default, destination: {name: c, namespace: x}, source: {repoURL: "https://git.example.com/acme/shop.git", path: charts/web, helm: {ignoreMissingValueFiles: true, valueFiles: [values-eu.yaml, ../../values/web.yaml]}}}
-- live/sync.yaml --
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: shop, namespace: flux-system}
spec: {url: "https://git.example.com/acme/shop.git", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: plain, namespace: flux-system}
spec: {path: ./flux/plain, sourceRef: {kind: GitRepository, name: shop}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: made, namespace: flux-system}
spec: {path: ./flux/made, targetNamespace: x, sourceRef: {kind: GitRepository, name: shop}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: over, namespace: flux-system}
spec: {path: ./flux/over, sourceRef: {kind: GitRepository, name: shop}}
-- flat/a.yaml --
` + closureObject + `
-- deep/a.yaml --
` + closureObject + `
-- flux/plain/a.yaml --
` + closureObject + `
-- flux/made/a.yaml --
` + closureObject + `
-- flux/base/kustomization.yaml --
resources: [a.yaml]
-- flux/base/a.yaml --
` + closureObject + `
-- flux/over/kustomization.yaml --
resources: [../base]
-- charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- charts/web/values.yaml --
a: 1
-- charts/web/templates/a.yaml --
` + closureObject + `
-- plain/a.yaml --
` + closureObject + `
-- stacks/net/main.tf --
module "sub" { source = "../../modules/sub" }
locals { script = templatefile("${path.module}/user.tftpl", {}) }
-- stacks/net/user.tftpl --
x
-- modules/sub/main.tf --
locals { a = 1 }
-- .gitignore --
ignored*
`

const (
	argoHead      = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
	closureObject = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}"
)

// The digest of a closure is that of the names that the deployers would read,
// and verify holds what is there against it: whatever is added, taken away,
// renamed, changed or linked where one of them reads makes it another one, and
// whatever happens elsewhere leaves it as it is.
func TestClosure(t *testing.T) {
	t.Parallel()
	decision := func(t *testing.T, dir string) attest.Decision {
		t.Helper()
		out, err := Check(context.Background(), Options{
			Dir: dir, Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Workers: 1, PolicyRef: WorkTree, Rules: []string{"kubernetes/privileged-container"},
			Getenv: func(string) string { return "" },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		list, err := out.Decisions(time.Hour, nil)
		if err != nil || len(list) != 1 {
			t.Fatal(len(list), err)
		}
		d, err := attest.Parse(signedBundle(t, list[0].Payload))
		if err != nil {
			t.Fatal(err)
		}
		return *d
	}
	digest := func(d attest.Decision) string { return d.Subjects[0].SHA256 }
	dir, run := history(t, closureTree)
	run("remote", "add", "origin", "https://git.example.com/acme/shop.git")
	before := decision(t, dir)
	refused := func() string { return closureRefusal(t, before, dir) }
	if got := refused(); got != "" {
		t.Fatalf("as judged: %s", got)
	}
	write := func(name string) func() {
		return func() {
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("# new\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	link := func(name, to string) func() {
		return func() {
			if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	move := func(from, to string) func() { return func() { run("mv", from, to) } }
	for _, tt := range []struct {
		name   string
		change func()
		same   bool
		disk   bool // only who renders from the disk reads it: the tree has it not
	}{
		{name: "nothing", change: func() {}, same: true},
		{name: "a page at the root", change: write("more.md"), same: true},
		{name: "a directory of nobody", change: write("nobody/sub/a.txt"), same: true},
		{name: "below a directory that is read flat", change: write("flat/sub/b.yaml"), same: true},
		{name: "beside what a kustomization names", change: write("flux/base/notes.txt"), same: true},
		{name: "variables that nobody names", change: write("stacks/net/prod.tfvars"), same: true},
		{name: "what git ignores and nobody reads", change: write("flat/ignored.txt"), same: true},

		{name: "Argo CD, a manifest", change: write("flat/b.yaml")},
		{name: "Argo CD, JSON", change: write("flat/b.json")},
		{name: "Argo CD, overrides", change: write("flat/.argocd-source.yaml")},
		{name: "Argo CD, overrides of the application", change: write("charts/web/.argocd-source-web.yaml")},
		{name: "Argo CD, a kustomization without an ending", change: write("flat/Kustomization")},
		{name: "Argo CD, at any depth", change: write("deep/new/b.yaml")},
		{name: "Argo CD, the application", change: move("argo/flat.yaml", "argo/moved.yaml")},
		{name: "Argo CD, values that need not be there", change: write("charts/web/values-eu.yaml")},
		{name: "Argo CD, values elsewhere that need not be there", change: write("values/web.yaml")},
		{name: "Flux, a manifest in a new directory", change: write("flux/plain/new/b.yaml")},
		{name: "Flux, a kustomization without an ending", change: write("flux/plain/Kustomization")},
		{name: "Flux, one in a new directory", change: write("flux/plain/new/Kustomization")},
		{name: "Flux, below what is generated", change: write("flux/made/new/b.yml")},
		{name: "Flux, what the source leaves out", change: write(".sourceignore")},
		{name: "Flux, above the path", change: write("flux/.sourceignore")},
		{name: "Flux, in the path", change: write("flux/plain/.sourceignore")},
		{name: "kustomize, a second name", change: write("flux/base/Kustomization")},
		{name: "kustomize, of the overlay", change: write("flux/over/kustomization.yml")},
		{name: "Helm, a template", change: write("charts/web/templates/b.yaml")},
		{name: "Helm, a helper", change: write("charts/web/templates/_h.tpl")},
		{name: "Helm, a file", change: write("charts/web/files/x.txt")},
		{name: "Helm, a definition", change: write("charts/web/crds/x.yaml")},
		{name: "Helm, a chart", change: write("charts/web/charts/sub/Chart.yaml")},
		{name: "Helm, what it ignores", change: write("charts/web/.helmignore")},
		{name: "Helm, a link to a directory", change: link("charts/web/templates/more", "../../../flat")},
		{name: "Helm, a link to nothing", change: link("charts/web/templates/none", "../none")},
		{name: "Helm, a template that git ignores", change: write("charts/web/templates/ignored.yaml"), disk: true},
		{name: "Helm, a renamed template", change: move("charts/web/templates/a.yaml", "charts/web/templates/b.yaml")},
		{name: "nobody that is known, a manifest", change: write("plain/b.yml")},
		{name: "nobody that is known, a link", change: link("plain/b.yaml", "a.yaml")},
		{name: "a file became a link", change: func() { run("mv", "plain/a.yaml", "plain/a.txt"); link("plain/a.yaml", "a.txt")() }},
		{name: "Terraform, a file", change: write("stacks/net/more.tf")},
		{name: "Terraform, an override", change: write("stacks/net/override.tf")},
		{name: "OpenTofu", change: write("stacks/net/main.tofu")},
		{name: "Terraform, JSON", change: write("stacks/net/more.tf.json")},
		{name: "Terraform, variables", change: write("stacks/net/prod.auto.tfvars")},
		{name: "Terraform, variables in JSON", change: write("stacks/net/terraform.tfvars.json")},
		{name: "Terraform, variables that git ignores", change: write("stacks/net/ignored.auto.tfvars"), disk: true},
		{name: "Terraform, the lock file", change: write("stacks/net/.terraform.lock.hcl")},
		{name: "Terraform, a module", change: write("modules/sub/more.tf")},
		{name: "Terraform, what a function reads", change: write("stacks/net/user.tftpl")},
	} {
		tt.change()
		run("add", "-A")
		if got := refused(); (got == "") != tt.same {
			t.Errorf("%s: verify: %q", tt.name, got)
		}
		if got := digest(decision(t, dir)); (got == digest(before)) != (tt.same || tt.disk) {
			t.Errorf("%s: digest %s, was %s", tt.name, got, digest(before))
		}
		run("reset", "-q", "--hard")
		run("clean", "-qfdx")
	}
}

func closureKey(t *testing.T) envelope.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte("closure"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	s, err := envelope.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signedBundle(t *testing.T, payload []byte) []byte {
	t.Helper()
	data, err := attest.Sign(payload, closureKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// closureRefusal is why a directory is not what a decision is about.
func closureRefusal(t *testing.T, d attest.Decision, dir string) string {
	t.Helper()
	s := closureKey(t)
	key, err := envelope.NewPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	v := attest.Verify(attest.VerifyInput{
		Decision: &d, Keys: []envelope.PublicKey{key}, Subjects: map[string]string{d.Subjects[0].Name: dir}, Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Repository: d.Predicate.Identity.Repository,
	})
	var out []string
	for _, r := range v.Refusals {
		if slices.Contains([]attest.Reason{attest.ReasonSubjectMismatch, attest.ReasonUnknown, attest.ReasonSubjectMissing, attest.ReasonSignature}, r.Reason) {
			out = append(out, string(r.Reason)+": "+r.Message)
		}
	}
	return strings.Join(out, "; ")
}
