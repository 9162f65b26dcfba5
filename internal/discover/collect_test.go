package discover

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func collect(t *testing.T, files map[string]string) *Inventory {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	w, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	inv, err := Collect(t.Context(), w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func states(inv *Inventory) map[string]facts.State {
	out := map[string]facts.State{}
	for _, e := range inv.Ledger {
		out[e.ID] = e.State
	}
	return out
}

func entry(t *testing.T, inv *Inventory, id string) facts.Entry {
	t.Helper()
	for _, e := range inv.Ledger {
		if e.ID == id {
			return e
		}
	}
	t.Fatalf("no ledger entry for %s", id)
	return facts.Entry{}
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"

func TestCollectKinds(t *testing.T) {
	t.Parallel()
	inv := collect(t, map[string]string{
		".gate.yaml":                   "apiVersion: gate/v1\n",
		".gate/waivers.yaml":           "apiVersion: gate/v1\n",
		".github/CODEOWNERS":           "* @acme\n",
		".github/workflows/ci.yml":     "on: push\njobs: {}\n",
		".github/workflows/sub/no.yml": "a: 1\n",
		".github/actions/x/action.yml": "name: x\nruns: {using: composite, steps: []}\n",
		"docs/action.yml":              "title: no action\n",
		"src/CODEOWNERS":               "x",
		"apps/a.yaml":                  "---\n# nothing\n--- # two\n" + configMap,
		"apps/list.json":               "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"List\", \"items\": [], \"x\": \"\\ud83d\\ude00\"\n}\n",
		"apps/package.json":            "{\"name\": \"x\"}\n",
		"apps/values.yaml":             "replicas: 2\n",
		"apps/empty.yaml":              "",
		"apps/main.jsonnet":            "{}",
		"tools/kind.yaml":              "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n",
		"svc/catalog-info.yaml":        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: svc}\nspec: {owner: team-a}\n---\napiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: api}\n",
		"flux/kustomization.yaml":      "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\n",
		"stack/main.tf":                "",
		"README.md":                    "x",
		// No folder hides what a controller may be pointed at.
		".gate/policies/x/input.yaml":  configMap,
		".gate/app/kustomization.yaml": "resources: []\n",
		".gate/policies/x.rego":        "package x",
		".github/workflows/pod.yaml":   configMap,
		".gitlab-ci.yml":               configMap,
	})
	kinds := map[string]Kind{}
	for _, f := range inv.Files {
		kinds[f.Path] = f.Kind
	}
	want := map[string]Kind{
		".gate.yaml": KindConfig, ".gate/waivers.yaml": KindConfig, ".github/CODEOWNERS": KindCodeowners, ".github/workflows/ci.yml": KindWorkflow,
		".github/workflows/sub/no.yml": KindOther, ".github/actions/x/action.yml": KindWorkflow, "docs/action.yml": KindOther, "src/CODEOWNERS": KindOther,
		"apps/a.yaml": KindManifest, "apps/list.json": KindManifest, "apps/package.json": KindOther, "apps/values.yaml": KindOther, "apps/empty.yaml": KindOther,
		"apps/main.jsonnet": KindOther, "tools/kind.yaml": KindOther, "svc/catalog-info.yaml": KindCatalogInfo, "flux/kustomization.yaml": KindManifest,
		"stack/main.tf": KindTerraform, "README.md": KindOther,
		".gate/policies/x/input.yaml": KindManifest, ".gate/app/kustomization.yaml": KindKustomization, ".gate/policies/x.rego": KindConfig,
		".github/workflows/pod.yaml": KindManifest, ".gitlab-ci.yml": KindManifest,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	for _, e := range inv.Ledger {
		if e.State == facts.Failed {
			t.Errorf("%s: %s", e.ID, e.Reason)
		}
		if e.State != facts.Evaluated && e.Reason == "" {
			t.Errorf("%s is %s without a reason", e.ID, e.State)
		}
	}
	if e := entry(t, inv, "apps/main.jsonnet"); e.State != facts.Skipped || e.Reason != "a Jsonnet program, read through the units that evaluate it" {
		t.Errorf("jsonnet: %s, %s", e.State, e.Reason)
	}
	if diff := cmp.Diff([]CatalogInfo{{Path: "svc/catalog-info.yaml", Dir: "svc", Kind: "Component", Name: "svc", Owner: "team-a"}}, inv.CatalogInfo); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{".github/CODEOWNERS"}, inv.Codeowners); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"stack"}, inv.TerraformRoots); diff != "" {
		t.Error(diff)
	}
	if got := len(inv.Manifests[3].Docs); inv.Manifests[3].Path != "apps/a.yaml" || got != 1 {
		t.Errorf("what follows `--- # two` is not read: %s has %d documents", inv.Manifests[3].Path, got)
	}
}

// What cannot be read as what it could be is failed, with its place; what
// cannot be a manifest is not.
func TestCollectBroken(t *testing.T) {
	t.Parallel()
	inv := collect(t, map[string]string{
		"truncated.yaml":           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"a",
		"latin1.yaml":              "name: caf\xe9\n",
		"utf16.yaml":               "\xff\xfea\x00p\x00i\x00",
		"duplicate.yaml":           configMap + "kind: Secret\n",
		"hidden.yaml":              configMap + "kind: ''\n",
		"cycle.yaml":               "apiVersion: v1\nkind: List\nitems: &a [*a]\n",
		"second.yaml":              configMap + "---\na: [\n",
		"escaped.yaml":             "\"api\\u0056ersion\": v1\n\"kind\": Pod\nkind: x\n",
		"broken.json":              "{\"apiVersion\": \"v1\",",
		"values-dup.yaml":          "a: 1\na: 2\n",
		"jinja.yaml":               "{% if x %}\na: 1\n{% endif %}\n",
		"jinja-manifest.yaml":      "apiVersion: v1\nkind: {{ kind }}\n{% if x %}\n",
		"i18n.json":                "{\"a\": \"\\u00e4\",",
		"k/kustomization.yaml":     "resources: [\n",
		"two/kustomization.yaml":   "resources: [a.yaml]\n",
		"two/kustomization.yml":    "resources: []\n",
		"two/a.yaml":               configMap,
		".github/workflows/ci.yml": "on: push\non: pull_request\n",
		"c/Chart.yaml":             "name: c\nname: d\n",
		"c/templates/x.yaml":       "{{ if }}\napiVersion: v1\n",
		"d/Chart.yaml":             "name: d\nversion: 1.0.0\n",
		"d/config/tpl.yaml":        "apiVersion: v1\nkind: {{ .Values.kind }}\n{{ x",
		"d/crds/crd.yaml":          "apiVersion: v1\n\tkind: x\n",
		"empty.tf":                 "resource {{{",
		"pointer.yaml":             "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
		"utf16.json":               "{\x00\"\x00a\x00",
	})
	// Of a key that stands twice the last counts for kubectl, Helm and Argo CD: the
	// object is judged, and a rule says what strict validation refuses.
	want := map[string]facts.State{
		"truncated.yaml": facts.Failed, "latin1.yaml": facts.Failed, "utf16.yaml": facts.Failed, "duplicate.yaml": facts.Evaluated, "hidden.yaml": facts.Failed, "cycle.yaml": facts.Failed,
		"second.yaml": facts.Failed, "escaped.yaml": facts.Evaluated, "broken.json": facts.Failed, "values-dup.yaml": facts.NotApplicable, "jinja.yaml": facts.NotApplicable,
		"jinja-manifest.yaml": facts.NotApplicable, "i18n.json": facts.NotApplicable, "k/kustomization.yaml": facts.Failed, "two/kustomization.yaml": facts.Evaluated,
		"two/kustomization.yml": facts.Failed, "two/a.yaml": facts.Evaluated, ".github/workflows/ci.yml": facts.Failed, "c/Chart.yaml": facts.Evaluated,
		"c/templates/x.yaml": facts.NotApplicable, "d/Chart.yaml": facts.Evaluated, "d/config/tpl.yaml": facts.NotApplicable, "d/crds/crd.yaml": facts.Failed,
		"pointer.yaml": facts.Failed, "utf16.json": facts.Failed,
		"empty.tf": facts.Evaluated, // reading the module reports it
	}
	if diff := cmp.Diff(want, states(inv)); diff != "" {
		t.Error(diff)
	}
	e := entry(t, inv, "hidden.yaml")
	if e.Place.Line != 4 || e.Hint == "" || !strings.Contains(e.Reason, `"kind"`) {
		t.Errorf("%+v", e)
	}
}

func TestCollectCharts(t *testing.T) {
	t.Parallel()
	inv := collect(t, map[string]string{
		"charts/web/Chart.yaml":                      "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"4\"\ndependencies:\n- {name: lib, version: 1.x.x, repository: \"file://../lib\", alias: l, condition: lib.on}\n",
		"charts/web/values.yaml":                     "a: 1\n",
		"charts/web/templates/x.yaml":                "{{ x }}",
		"charts/web/crds/crd.yaml":                   "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
		"charts/web/argocd/app.yaml":                 configMap,
		"charts/web/charts/lib/Chart.yaml":           "apiVersion: v2\nname: lib\ntype: library\nversion: 1.0.0\n",
		"charts/web/charts/lib/templates/_x.tpl":     "",
		"charts/web/charts/lib/charts/in/Chart.yaml": "name: in\n",
		"charts/old/Chart.yaml":                      "apiVersion: v1\nname: old\nversion: 0.1.0\n",
		"charts/old/requirements.yaml":               "dependencies: [{name: redis, version: 1.0.0, repository: \"https://charts.example.com\"}]\n",
	})
	want := []Chart{
		{Dir: "charts/old", Name: "old", Type: "application", Version: "0.1.0", APIVersion: "v1", Dependencies: []Dependency{{Name: "redis", Version: "1.0.0", Repository: "https://charts.example.com"}}},
		{Dir: "charts/web", Name: "web", Type: "application", Version: "1.2.3", AppVersion: "4", APIVersion: "v2", Dependencies: []Dependency{{Name: "lib", Version: "1.x.x", Repository: "file://../lib", Alias: "l", Condition: "lib.on"}}},
		{Dir: "charts/web/charts/lib", Name: "lib", Type: "library", Version: "1.0.0", APIVersion: "v2", Parent: "charts/web", Vendored: true},
		{Dir: "charts/web/charts/lib/charts/in", Name: "in", Type: "application", Parent: "charts/web/charts/lib", Vendored: true},
	}
	if diff := cmp.Diff(want, inv.Charts, cmpopts.IgnoreFields(Chart{}, "Doc")); diff != "" {
		t.Error(diff)
	}
	members := map[string]string{}
	for _, m := range inv.Manifests {
		members[m.Path] = m.MemberOf
	}
	if diff := cmp.Diff(map[string]string{"charts/web/crds/crd.yaml": "charts/web", "charts/web/argocd/app.yaml": ""}, members); diff != "" {
		t.Error(diff)
	}
}

func TestCollectKustomizations(t *testing.T) {
	t.Parallel()
	inv := collect(t, map[string]string{
		"app/base/kustomization.yaml": "resources: [deploy.yaml, ./svc.yaml]\nconfigMapGenerator:\n- name: x\n  files: [config.yaml, key=other.txt]\n  envs: [x.env]\n",
		"app/base/deploy.yaml":        configMap,
		"app/base/svc.yaml":           configMap,
		"app/base/config.yaml":        configMap,
		"app/base/unlisted.yaml":      configMap,
		"app/prod/Kustomization": "kind: Kustomization\nresources:\n- ../base\n- https://example.com/x.yaml\n- github.com/acme/x//base?ref=v1\n- ../../../out\n" +
			"components: [../../comp]\npatches:\n- path: patch.yaml\n- patch: |\n    a: 1\npatchesStrategicMerge:\n- |-\n  kind: x\nopenapi: {path: schema.json}\n",
		"app/prod/patch.yaml":     configMap,
		"comp/kustomization.yml":  "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [../live/a.yaml]\n",
		"live/a.yaml":             configMap,
		"live/b.yaml":             configMap,
		"kustomization.yaml":      "resources: [live/c.yaml]\nconfigMapGenerator:\n- files: [live/b.yaml]\npatches: [path: live/d.yaml]\n",
		"live/c.yaml":             configMap,
		"live/d.yaml":             configMap,
		"tool/kustomization.yaml": "",
	})
	want := []Kustomization{
		{Dir: "app/base", File: "app/base/kustomization.yaml", Kind: "Kustomization", Refs: []string{"app/base/config.yaml", "app/base/deploy.yaml", "app/base/other.txt", "app/base/svc.yaml", "app/base/x.env"},
			Named: []Named{{"app/base/deploy.yaml", Built}, {"app/base/svc.yaml", Built}, {"app/base/config.yaml", Data}, {"app/base/other.txt", Data}, {"app/base/x.env", Data}}},
		{Dir: "app/prod", File: "app/prod/Kustomization", Kind: "Kustomization", Refs: []string{"app/base", "app/prod/patch.yaml", "app/prod/schema.json", "comp"}, Remote: []string{"../../../out", "github.com/acme/x//base?ref=v1", "https://example.com/x.yaml"},
			Named: []Named{{"app/base", Built}, {"comp", Built}, {"app/prod/patch.yaml", Patches}, {"app/prod/schema.json", Data}}},
		{Dir: "comp", File: "comp/kustomization.yml", Kind: "Component", Refs: []string{"live/a.yaml"}, Named: []Named{{"live/a.yaml", Built}}},
		{Dir: ".", File: "kustomization.yaml", Kind: "Kustomization", Refs: []string{"live/b.yaml", "live/c.yaml", "live/d.yaml"},
			Named: []Named{{"live/c.yaml", Built}, {"live/d.yaml", Patches}, {"live/b.yaml", Data}}},
		{Dir: "tool", File: "tool/kustomization.yaml", Kind: "Kustomization"},
	}
	if diff := cmp.Diff(want, inv.Kustomizations, cmpopts.IgnoreFields(Kustomization{}, "Doc"), cmpopts.IgnoreUnexported(Kustomization{})); diff != "" {
		t.Error(diff)
	}
	members := map[string]string{}
	for _, m := range inv.Manifests {
		members[m.Path] = m.MemberOf
	}
	if diff := cmp.Diff(map[string]string{
		"app/base/deploy.yaml": "app/base", "app/base/svc.yaml": "app/base", "app/base/config.yaml": "app/base", "app/base/unlisted.yaml": "", "app/prod/patch.yaml": "app/prod",
		// What another directory's kustomization names can be applied by itself.
		"live/a.yaml": "", "live/b.yaml": "", "live/c.yaml": ".", "live/d.yaml": ".",
	}, members); diff != "" {
		t.Error(diff)
	}
}

func TestCollectTerraformRoots(t *testing.T) {
	t.Parallel()
	inv := collect(t, map[string]string{
		"live/prod/main.tf":                   "module \"net\" {\n  source = \"../../modules/net\"\n}\nmodule \"r\" {\n  source = \"hashicorp/x/aws\"\n}\n",
		"modules/net/main.tf":                 "module \"sub\" {\n  source = \"./sub\"\n}\n",
		"modules/net/sub/main.tf.json":        "{}",
		"modules/unused/main.tofu":            "",
		"modules/own/main.tf":                 "terraform {\n  backend \"s3\" {}\n}\n",
		"live/dev/main.tf.json":               `{"module": {"own": {"source": "../../modules/own"}}}`,
		"loop/a/main.tf":                      "module \"b\" {\n  source = \"../b\"\n}\n",
		"loop/b/main.tf":                      "module \"a\" {\n  source = \"../a\"\n}\n",
		"live/prod/.terraform/modules/x/m.tf": "",
		"live/prod/x.tfvars":                  "",
		"tests/only.tftest.hcl":               "",
	})
	want := []string{"live/dev", "live/prod", "loop/a", "modules/own", "modules/unused"}
	if diff := cmp.Diff(want, inv.TerraformRoots); diff != "" {
		t.Error(diff)
	}
}

func TestCollectGitLabIncludes(t *testing.T) {
	t.Parallel()
	inv := collect(t, map[string]string{
		".gitlab-ci.yml":    "include:\n- /ci/one.yml\n- local: ci/jobs/*.yml\n- remote: https://example.com/x.yml\n- project: a/b\n  file: /x.yml\n- local: ../out.yml\nbuild: {script: [!reference [.x, script]]}\n",
		"ci/one.yml":        "include: 'ci/two.yml'\n",
		"ci/two.yml":        "include: 'ci/one.yml'\n",
		"ci/jobs/a.yml":     "a: {script: [x]}\n",
		"ci/jobs/bad.yml":   "a: [\n",
		"ci/jobs/sub/b.yml": "b: 1\n",
	})
	var got []string
	for _, w := range inv.Workflows {
		got = append(got, w.Form+" "+w.Path)
	}
	if diff := cmp.Diff([]string{"workflow .gitlab-ci.yml", "include ci/jobs/a.yml", "include ci/one.yml", "include ci/two.yml"}, got); diff != "" {
		t.Error(diff)
	}
	if got := entry(t, inv, "ci/jobs/bad.yml").State; got != facts.Failed {
		t.Errorf("a broken include is %s", got)
	}
}

func TestWork(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(outside, []byte(configMap), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"a/x.yaml": configMap, ".git/config": "x", "vendor/.git": "gitdir: x", "node_modules/m.yaml": configMap})
	for link, target := range map[string]string{"a/in.yaml": "x.yaml", "dir": "a", "out.yaml": outside, "rel.yaml": "../x", "gone.yaml": "nothing"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var paths []string
	for _, e := range w.Entries() {
		paths = append(paths, e.Path)
	}
	if diff := cmp.Diff([]string{"a/in.yaml", "a/x.yaml", "dir", "gone.yaml", "node_modules/m.yaml", "out.yaml", "rel.yaml"}, paths); diff != "" {
		t.Error(diff)
	}
	for _, p := range []string{"a/x.yaml", "a/in.yaml", "dir/x.yaml"} {
		if data, err := w.ReadFile(p); err != nil || string(data) != configMap {
			t.Errorf("%s: %v", p, err)
		}
	}
	for p, want := range map[string]error{
		"out.yaml": source.ErrEscapes, "rel.yaml": source.ErrEscapes, "../x": source.ErrEscapes, "a/../a/x.yaml": source.ErrEscapes,
		outside: source.ErrEscapes, "missing": os.ErrNotExist, "dir": errDirectory,
	} {
		_, err := w.ReadFile(p)
		if !cmp.Equal(err, want, cmpopts.EquateErrors()) {
			t.Errorf("%s: %v, want %v", p, err, want)
		}
		if err != nil && p != outside && strings.Contains(err.Error(), dir) {
			t.Errorf("%s: the error names a directory of the machine: %v", p, err)
		}
	}
	inv, err := Collect(t.Context(), w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]facts.State{
		"a/in.yaml": facts.Evaluated, "a/x.yaml": facts.Evaluated, "dir": facts.NotApplicable, "gone.yaml": facts.NotApplicable,
		"node_modules/m.yaml": facts.Evaluated, "out.yaml": facts.Failed, "rel.yaml": facts.Failed,
	}
	if diff := cmp.Diff(want, states(inv)); diff != "" {
		t.Error(diff)
	}
}

// CI leaves its credentials in .git/config; no unit of the tree may carry them
// into what is printed.
func TestWorkKeepsOutOfGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{".git/config": "x", "a/.git/config": "x", "a/b/x.yaml": configMap})
	for link, target := range map[string]string{"file": ".git/config", "dir": ".git", "a/up": "../a/b/../..", "twice": "dir/config", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, p := range []string{".git/config", ".GIT/config", ".git./config", "git~1/config", "a/.git/config", "file", "dir/config", "a/up/.git/config", "a/up/file", "twice"} {
		if _, err := w.ReadFile(p); !errors.Is(err, source.ErrEscapes) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if _, err := w.ReadFile("loop"); err == nil {
		t.Error("a link to itself is read")
	}
	if _, err := w.ReadFile("a/up/a/b/x.yaml"); err != nil {
		t.Error(err)
	}
}

// A controller that clones a repository clones its submodules too.
func TestWorkWithSubmodules(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	run := func(dir string, args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	sub, dir := t.TempDir(), t.TempDir()
	write(t, sub, map[string]string{"x.yaml": configMap})
	for _, d := range []string{sub, dir} {
		run(d, "init", "-q", "-b", "main")
		run(d, "add", "-A")
		run(d, "commit", "-q", "--allow-empty", "-m", "one")
	}
	run(dir, "submodule", "--quiet", "add", sub, "apps/sub")
	collect := func(index bool) map[string]facts.State {
		t.Helper()
		repo, err := git.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer repo.Close()
		var tree source.Tree
		if index {
			tree, err = repo.IndexTree(t.Context())
		} else {
			var w *Work
			if w, err = Open(t.Context(), dir, repo); err == nil {
				defer w.Close()
			}
			tree = w
		}
		if err != nil {
			t.Fatal(err)
		}
		inv, err := Collect(t.Context(), tree, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return states(inv)
	}
	there := map[string]facts.State{".gitmodules": facts.NotApplicable, "apps/sub/x.yaml": facts.Evaluated}
	if diff := cmp.Diff(there, collect(false)); diff != "" {
		t.Error(diff)
	}
	missing := map[string]facts.State{".gitmodules": facts.NotApplicable, "apps/sub": facts.Failed}
	if diff := cmp.Diff(missing, collect(true)); diff != "" {
		t.Errorf("index: %s", diff)
	}
	run(dir, "submodule", "--quiet", "deinit", "--force", "--all")
	if diff := cmp.Diff(missing, collect(false)); diff != "" {
		t.Error(diff)
	}
}

func TestWorkWithGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{".gitignore": "*.yaml\n", "tracked.yaml": configMap, "ignored.yaml": configMap, "clone/inner.yml": configMap, "clone/.gitignore": "*\n"})
	run := func(dir string, args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run(dir, "init", "-q")
	run(dir, "add", "-f", "tracked.yaml", ".gitignore")
	run(filepath.Join(dir, "clone"), "init", "-q")
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	w, err := Open(t.Context(), dir, repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var paths []string
	for _, e := range w.Entries() {
		paths = append(paths, e.Path)
	}
	if diff := cmp.Diff([]string{".gitignore", "clone/.gitignore", "clone/inner.yml", "tracked.yaml"}, paths); diff != "" {
		t.Error(diff)
	}
	if _, err := w.ReadFile("ignored.yaml"); err != nil {
		t.Errorf("what a unit refers to is read wherever it lies: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "clone"), repo); err == nil {
		t.Error("a repository of another directory is accepted")
	}
}

// A run that was called off has no inventory, not one that lacks files.
func TestCollectStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": configMap})
	w, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if inv, err := Collect(ctx, w, Options{}); inv != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("inventory %v, error %v", inv, err)
	}
}

func TestCollectIsDeterministic(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 200 {
		files["d"+strings.Repeat("x", i%7)+"/"+strings.Repeat("f", i/7)+".yaml"] = configMap
	}
	ignore := cmpopts.IgnoreUnexported(source.Document{}, Inventory{})
	first := collect(t, files)
	for range 3 {
		if diff := cmp.Diff(first, collect(t, files), ignore); diff != "" {
			t.Fatal(diff)
		}
	}
}
