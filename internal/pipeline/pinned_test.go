package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// history is a clone with the branch main: a commit for each tree, the first of
// which has the tag v1.0.0, the second v1.1.0, the branches early and stage.
func history(t *testing.T, trees ...string) (dir string, run func(args ...string) string) {
	t.Helper()
	dir = t.TempDir()
	run = checkout{t, dir}.git
	run("init", "-q", "-b", "main")
	for i, text := range trees {
		run("rm", "-rqf", "--ignore-unmatch", ".")
		for name, content := range sourcetest.Parse(text) {
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run("add", "-A")
		run("commit", "-q", "--allow-empty", "-m", "x")
		switch i {
		case 0:
			run("tag", "v1.0.0")
			run("branch", "early")
		case 1:
			run("tag", "v1.1.0")
			run("branch", "stage")
		}
	}
	return dir, run
}

// What a controller delivers from a revision of the repository is what stands in
// that revision.
func TestPinned(t *testing.T) {
	t.Parallel()
	pinned := func(revision string) string {
		return files("argocd/pinned.yaml", app("pinned", "path: charts/web, targetRevision: "+revision))
	}
	follow := files("argocd/follow.yaml", app("follow", "path: charts/web, targetRevision: main"))
	version := func(v string) string { return strings.Replace(webChart("charts/web"), "default", v, 1) }
	fluxed := func(ref string) string {
		return files("live/repo.yaml", "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {url: \"https://git.example.com/acme/shop.git\", ref: "+ref+"}",
			"live/web.yaml", flux("web", "./web", ""))
	}
	root := files("argocd/root.yaml", app("root", "path: apps, targetRevision: v1.0.0"))
	manifests := func(revision string) string {
		return files("argocd/web.yaml", app("web", "path: web, targetRevision: "+revision))
	}
	web := func(v string) string { return files("web/c.yaml", configMap("web", v)) }
	for _, c := range []struct {
		name  string
		trees []string // the last two are base and head
		want  []string
	}{
		{"a tag, beside what follows the branch", []string{version("one") + follow + pinned("v1.0.0"), version("two") + follow + pinned("v1.0.0")}, []string{"updated helm:charts/web@follow#/ConfigMap/shop/follow to two"}},
		{"a tag that is not in the clone", []string{version("one") + follow + pinned("v0.9.0"), version("two") + follow + pinned("v0.9.0")}, []string{"updated helm:charts/web@follow#/ConfigMap/shop/follow to two", "updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two (not-applied)"}},
		{"a tag moves to another one", []string{version("one") + pinned("v1.0.0"), version("two") + pinned("v1.0.0"), version("three") + pinned("v1.1.0")}, []string{"not-applied helm:charts/web#/ConfigMap/default/web", "updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two", "updated manifests:argocd#argoproj.io/Application/argocd/pinned"}},
		{"a tag moves to one that is not in the clone", []string{version("one") + pinned("v1.0.0"), version("two") + pinned("v1.0.0"), version("two") + pinned("v2.0.0")}, []string{"unknown helm:charts/web@pinned#/ConfigMap/shop/pinned", "updated manifests:argocd#argoproj.io/Application/argocd/pinned"}},
		{"a tag goes, and the branch is followed", []string{version("one") + pinned("v1.0.0"), version("two") + pinned("v1.0.0"), version("two") + pinned("main")}, []string{"updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two", "updated manifests:argocd#argoproj.io/Application/argocd/pinned"}},
		{"a range", []string{version("one") + pinned("1.x.x"), version("two") + pinned("1.x.x")}, []string{"updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two (not-applied)"}},
		{"any version", []string{version("one") + pinned("\"*\""), version("two") + pinned("\"*\"")}, []string{"updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two (not-applied)"}},
		{"a branch that nobody knows", []string{version("one") + pinned("main"), version("two") + pinned("release-1")}, []string{"unknown helm:charts/web@pinned#/ConfigMap/shop/pinned", "updated manifests:argocd#argoproj.io/Application/argocd/pinned"}},
		{"the same before and after", []string{version("one") + pinned("release-1"), version("two") + pinned("release-1")}, []string{"updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two"}},
		{"another branch", []string{version("one") + pinned("early"), version("two") + pinned("early"), version("three") + pinned("early")}, []string{"not-applied helm:charts/web#/ConfigMap/default/web"}},
		{"HEAD", []string{version("one") + pinned("HEAD"), version("two") + pinned("HEAD")}, []string{"updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two"}},
		{"no revision", []string{version("one") + pinned("\"\""), version("two") + pinned("\"\"")}, []string{"updated helm:charts/web@pinned#/ConfigMap/shop/pinned to two"}},
		{"Flux, by tag", []string{web("1") + fluxed("{tag: v1.0.0}"), web("2") + fluxed("{tag: v1.0.0}")}, []string{"not-applied manifests:web#/ConfigMap/shop/web"}},
		{"Flux, by a tag that is no version and not in the clone", []string{web("1") + fluxed("{tag: rel-5}"), web("2") + fluxed("{tag: rel-5}")}, []string{"updated manifests:web#/ConfigMap/shop/web to 2 (not-applied)"}},
		{"Flux, by range", []string{web("1") + fluxed("{semver: \">=1\"}"), web("2") + fluxed("{semver: \">=1\"}")}, []string{"updated manifests:web#/ConfigMap/shop/web to 2 (not-applied)"}},
		{"Flux, by branch", []string{web("1") + fluxed("{branch: main}"), web("2") + fluxed("{branch: main}")}, []string{"updated manifests:web#/ConfigMap/shop/web to 2"}},
		{"a root that is pinned, and its child", []string{web("1") + root + files("apps/web.yaml", app("web", "path: web, targetRevision: main")), web("2") + root + files("apps/web.yaml", app("web", "path: none"))}, []string{"failed manifests:none", "not-applied manifests:apps#argoproj.io/Application/argocd/web", "updated manifests:web#/ConfigMap/shop/web to 2"}},
		{"manifests of a tag that moves", []string{web("1") + manifests("v1.0.0"), web("2") + manifests("v1.0.0"), web("3") + manifests("v1.1.0")}, []string{"updated manifests:argocd#argoproj.io/Application/argocd/web", "not-applied manifests:web#/ConfigMap/shop/web", "updated manifests:web@shop#/ConfigMap/shop/web to 2"}},
		{"manifests of a tag that goes", []string{web("1") + manifests("v1.0.0"), web("2") + manifests("v1.0.0"), web("2") + manifests("main")}, []string{"updated manifests:argocd#argoproj.io/Application/argocd/web", "updated manifests:web#/ConfigMap/shop/web to 2"}},
		{"what stands in the tree beside a pin is judged", []string{web("1") + files("argocd/web.yaml", app("web", "path: web, targetRevision: v1.0.0")), web("2") + files("argocd/web.yaml", app("web", "path: web, targetRevision: v1.0.0"))}, []string{"not-applied manifests:web#/ConfigMap/shop/web"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, _ := history(t, c.trees...)
			var got []string
			err := Render(context.Background(), Options{Dir: dir, Base: "HEAD^", PolicyRef: WorkTree, Local: true, Workers: 1}, nil, true, func(r *Rendered) error {
				for _, o := range r.Head.Outcomes {
					if o.Err != nil {
						got = append(got, "failed "+o.Unit.ID)
					}
				}
				line := func(o facts.Object, change *facts.ResourceChange) {
					switch {
					case change == nil:
						got = append(got, "unknown "+o.ID)
					case change.Action != "unchanged":
						s := change.Action + " " + o.ID
						if o.Kind == "ConfigMap" && change.Action != "deleted" {
							s += " to " + o.Manifest["data"].(map[string]any)["v"].(string)
						}
						if change.Outcome != facts.OutcomeApplied {
							s += " (" + change.Outcome + ")"
						}
						got = append(got, s)
					case change.Outcome != "":
						got = append(got, change.Outcome+" "+o.ID)
					}
				}
				for i, o := range r.Head.Collected.Objects {
					line(o, r.Comparison.Changes[i])
				}
				for _, o := range r.Comparison.Deleted {
					line(o, o.Change)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
