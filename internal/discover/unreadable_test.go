package discover

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gate/internal/git"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// What cannot be read is said to be so, whatever it may have been; what is
// readable and nothing is not.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	const (
		pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
		broken  = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"a"
	)
	for _, c := range []struct {
		name    string
		files   map[string]string
		refused error             // of reading file
		file    string            // "bad.yaml" if empty
		links   map[string]string // symbolic links
		want    string            // kind and place, "" if it is readable
		reason  string
	}{
		{name: "a manifest", files: map[string]string{"bad.yaml": configMap}},
		{name: "no manifest", files: map[string]string{"bad.yaml": "a: 1\n"}},
		{name: "an empty file", files: map[string]string{"bad.yaml": ""}},
		{name: "truncated", files: map[string]string{"bad.yaml": broken}, want: "manifest bad.yaml:3", reason: "found unexpected end of stream"},
		{name: "one broken document of two", files: map[string]string{"bad.yaml": configMap + "---\na: [\n"}, want: "manifest bad.yaml:5", reason: "did not find expected node content"},
		{name: "an object of Argo CD", files: map[string]string{"bad.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {\n"}, want: "manifest bad.yaml:3", reason: "did not find expected node content"},
		// Of two keys of one name the last counts for those who decode; strict
		// validation refuses them, which a rule says.
		{name: "two keys of one name", files: map[string]string{"bad.yaml": configMap + "kind: Secret\n"}},
		{name: "two keys of one name in values that hold an object", files: map[string]string{"bad.yaml": "v: 1\nextra: [{apiVersion: v1, kind: ConfigMap}]\nv: 2\n"}},
		{name: "an object for whoever takes the first key", files: map[string]string{"bad.yaml": configMap + "kind: ''\n"}, want: "manifest bad.yaml:4:1", reason: `key "kind" is already defined in this mapping`},
		{name: "a second document with two keys of one name", files: map[string]string{"bad.yaml": "a: 1\na: 2\n---\n" + configMap}},
		{name: "broken and without apiVersion", files: map[string]string{"bad.yaml": "a: [\n"}, want: "other bad.yaml:1", reason: "did not find expected node content"},
		{name: "a template beside a chart's", file: "c/conf/bad.yaml", files: map[string]string{"c/Chart.yaml": "name: c\n", "c/conf/bad.yaml": "apiVersion: v1\nkind: {{ x }}\n{{ y"}, want: "chart-file c/conf/bad.yaml:3", reason: "could not find expected ':'"},
		{name: "a template of a chart", file: "c/templates/bad.yaml", files: map[string]string{"c/Chart.yaml": "name: c\n", "c/templates/bad.yaml": "{{ y"}},
		{name: "a custom resource definition of a chart", file: "c/crds/bad.yaml", files: map[string]string{"c/Chart.yaml": "name: c\n", "c/crds/bad.yaml": broken}, want: "manifest c/crds/bad.yaml:3", reason: "found unexpected end of stream"},
		{name: "a chart", file: "c/Chart.yaml", files: map[string]string{"c/Chart.yaml": "name: [\n"}, want: "chart c/Chart.yaml:1", reason: "did not find expected node content"},
		{name: "a chart in Git LFS", file: "c/Chart.yaml", files: map[string]string{"c/Chart.yaml": pointer}, want: "chart c/Chart.yaml", reason: errPointer.Error()},
		{name: "a kustomization", file: "k/kustomization.yml", files: map[string]string{"k/kustomization.yml": "resources: [\n"}, want: "kustomization k/kustomization.yml:1", reason: "did not find expected node content"},
		{name: "a second kustomization", file: "k/kustomization.yml", files: map[string]string{"k/kustomization.yml": "", "k/kustomization.yaml": ""}, want: "kustomization k/kustomization.yml", reason: "the directory has a second kustomization file, kustomization.yaml"},
		{name: "JSON that could be a manifest", file: "bad.json", files: map[string]string{"bad.json": `{"apiVersion": "v1",`}, want: "manifest bad.json:1", reason: "did not find expected node content"},
		{name: "JSON that could not", file: "bad.json", files: map[string]string{"bad.json": `{"a": "v1",`}, want: "other bad.json", reason: "not valid JSON"},
		{name: "JSON of another program", file: "bad.json", files: map[string]string{"bad.json": `{"a": "v1"}`}},
		{name: "an empty JSON file", file: "bad.json", files: map[string]string{"bad.json": ""}},
		{name: "a workflow", file: ".github/workflows/bad.yml", files: map[string]string{".github/workflows/bad.yml": "on: [\n"}, want: "workflow .github/workflows/bad.yml:1", reason: "did not find expected node content"},
		{name: "an include", file: "bad.yml", files: map[string]string{".gitlab-ci.yml": "include: bad.yml\n", "bad.yml": "a: [\n"}, want: "workflow bad.yml:1", reason: "did not find expected node content"},
		{name: "an include that is no plain YAML", file: "ok.yml", files: map[string]string{".gitlab-ci.yml": "include: ok.yml\n", "ok.yml": "a: !reference [x]\n"}},
		{name: "an include that is no JSON, but YAML", file: "ok.json", files: map[string]string{".gitlab-ci.yml": "include: ok.json\n", "ok.json": "{a: {script: [x]}}\n"}},
		{name: "Terraform", file: "s/main.tf", files: map[string]string{"s/main.tf": "resource {{{"}, want: "terraform s/main.tf:1", reason: "Argument or block definition required"},
		{name: "Terraform in JSON", file: "s/main.tf.json", files: map[string]string{"s/main.tf.json": "{"}, want: "terraform s/main.tf.json:1", reason: "Missing value"},
		{name: "Git LFS", files: map[string]string{"bad.yaml": pointer}, want: "manifest bad.yaml", reason: errPointer.Error()},
		{name: "no permission", files: map[string]string{"bad.yaml": ""}, refused: fs.ErrPermission, want: "manifest bad.yaml", reason: "read bad.yaml: permission denied"},
		{name: "too large", files: map[string]string{"bad.yaml": ""}, refused: source.ErrTooLarge, want: "manifest bad.yaml", reason: "read bad.yaml: file is above the size limit"},
		{name: "a chart that is refused", file: "Chart.yaml", files: map[string]string{"Chart.yaml": ""}, refused: fs.ErrPermission, want: "chart Chart.yaml", reason: "read Chart.yaml: permission denied"},
		{name: "Terraform that is refused", file: "s/main.tf", files: map[string]string{"s/main.tf": ""}, refused: fs.ErrPermission, want: "terraform s/main.tf", reason: "read s/main.tf: permission denied"},
		{name: "a link out of the tree", links: map[string]string{"bad.yaml": "../../x.yaml"}, want: "manifest bad.yaml", reason: "read bad.yaml: path leaves the root"},
		{name: "a link to nothing", links: map[string]string{"bad.yaml": "gone.yaml"}},
		{name: "a link to a broken file", files: map[string]string{"x.txt": broken}, links: map[string]string{"bad.yaml": "x.txt"}, want: "manifest bad.yaml:3", reason: "found unexpected end of stream"},
		{name: "not UTF-8", files: map[string]string{"bad.yaml": "a: caf\xe9\n"}, want: "manifest bad.yaml:1:7", reason: "text is not valid UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.file == "" {
				c.file = "bad.yaml"
			}
			dir := t.TempDir()
			write(t, dir, c.files)
			for link, target := range c.links {
				if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
			}
			w, err := Open(t.Context(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			inv, err := Collect(t.Context(), sourcetest.Odd{Tree: w, Errors: map[string]error{c.file: c.refused}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got, reason string
			for _, u := range inv.Unreadable {
				if u.Path != c.file || u.Below {
					t.Errorf("unreadable: %+v", u)
				}
			}
			if u, ok := inv.UnreadableAt(c.file); ok {
				got, reason = string(u.Kind)+" "+u.Place.String(), u.Reason
			}
			if got != c.want || reason != c.reason {
				t.Errorf("got  %q, %q\nwant %q, %q", got, reason, c.want, c.reason)
			}
		})
	}
}

// What the tree itself does not show is unreadable as well, with whatever may
// lie below it.
func TestUnreadableOfTheTree(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	git1 := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write(t, dir, map[string]string{
		"in/a.yaml": configMap, "out/b.yaml": configMap, "out/Chart.yaml": "name: x\n", "out/kustomization.yaml": "", "out/main.tf": "", "out/README.md": "", "gone.yaml": configMap,
	})
	git1("init", "-q", "-b", "main")
	git1("add", "-A")
	git1("update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,apps/sub")
	git1("commit", "-q", "-m", "one")
	git1("sparse-checkout", "set", "--no-cone", "/in/", "/gone.yaml")
	if err := os.Remove(filepath.Join(dir, "gone.yaml")); err != nil {
		t.Fatal(err)
	}
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	work, err := Open(t.Context(), dir, repo)
	if err != nil {
		t.Fatal(err)
	}
	defer work.Close()
	commit, err := repo.Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	submodule := unreadSubmodule("apps/sub").Reason
	const sparse = "tracked, but left out by a sparse checkout"
	for _, c := range []struct {
		name string
		tree source.Tree
		want []string
	}{
		{"the work tree", work, []string{
			"other apps/sub: " + submodule, "chart out/Chart.yaml: " + sparse, "other out/README.md: " + sparse, "manifest out/b.yaml: " + sparse,
			"kustomization out/kustomization.yaml: " + sparse, "terraform out/main.tf: " + sparse,
		}},
		{"the commit", commit, []string{"other apps/sub: " + submodule}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv, err := Collect(t.Context(), c.tree, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range inv.Unreadable {
				got = append(got, fmt.Sprintf("%s %s: %s", u.Kind, u.Path, u.Reason))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			for file, want := range map[string]bool{"apps/sub": true, "apps/sub/deep/x.yaml": true, "apps/submarine.yaml": false, "apps/x.yaml": false, "gone.yaml": false, "in/a.yaml": false} {
				if _, got := inv.UnreadableAt(file); got != want {
					t.Errorf("%s: unreadable is %v", file, got)
				}
			}
		})
	}
}

// A broken file hides nothing but itself, a directory everything below it.
func TestUnreadableAt(t *testing.T) {
	t.Parallel()
	inv := &Inventory{Unreadable: []UnreadableFile{{Path: "a"}, {Path: "b", Below: true}, {Path: "b/c"}}}
	root := &Inventory{Unreadable: []UnreadableFile{{Path: ".", Below: true}}}
	for _, c := range []struct {
		inv        *Inventory
		file, want string
	}{
		{inv, "a", "a"}, {inv, "a/x", ""}, {inv, "b", "b"}, {inv, "b/x/y", "b"}, {inv, "b/c", "b/c"}, {inv, "b/c/x", "b"}, {inv, "bc", ""}, {inv, ".", ""}, {inv, "x", ""},
		{root, "any/x", "."}, {root, ".", "."}, {&Inventory{}, "x", ""},
	} {
		u, ok := c.inv.UnreadableAt(c.file)
		if u.Path != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, want %q", c.file, u.Path, c.want)
		}
	}
}
