package pipeline

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"gate/internal/facts"
)

// TestDroppedCorpus is TestDropped on real repositories: CORPUS names a directory of
// clones, and a marked object is dropped, at once, in every place that the deployers
// declared in a repository read by the rules of their documents:
// https://fluxcd.io/flux/components/kustomize/kustomizations/#generating-a-kustomizationyaml-file,
// https://argo-cd.readthedocs.io/en/stable/user-guide/directory/ and
// https://helm.sh/docs/topics/charts/#the-chart-file-structure. Each of them is found,
// or stands in a unit that the ledger names as not judged.
func TestDroppedCorpus(t *testing.T) {
	root := os.Getenv("CORPUS")
	if root == "" {
		t.Skip("CORPUS is not set: nothing is dropped in real repositories")
	}
	clones, err := filepath.Glob(filepath.Join(root, "*", ".git"))
	if err != nil || len(clones) == 0 {
		t.Fatal("no clones in CORPUS", err)
	}
	for _, clone := range clones {
		t.Run(filepath.Base(filepath.Dir(clone)), func(t *testing.T) { dropInClone(t, filepath.Dir(clone)) })
	}
}

// dropInClone drops marked objects in a copy of a clone and holds the run over it to
// what it says of them.
func dropInClone(t *testing.T, from string) {
	dir := t.TempDir()
	run := checkout{t, dir}.git
	run("clone", "-q", from, ".")
	run("remote", "set-url", "origin", strings.TrimSpace(checkout{t, from}.git("remote", "get-url", "origin")))
	d := placesIn(dir, strings.Fields(run("ls-files")))
	places := slices.Sorted(maps.Keys(d.places))
	for i, place := range places {
		drop(t, filepath.Join(dir, place), fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: evil-%d\n  namespace: shop\nspec:\n  containers:\n    - name: evil\n      image: registry.example.com/evil:1.0.0\n      securityContext:\n        privileged: true\n", i))
	}
	run("add", "-A")
	run("commit", "-q", "--allow-empty", "-m", "x")
	out, err := Check(context.Background(), Options{Dir: dir, Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Workers: 2, PolicyRef: WorkTree, Compiled: compiled(), Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	found, failed := map[string]bool{}, 0
	named := map[string]bool{} // directories whose unit is not judged
	for _, e := range out.Result.Coverage.Entries {
		if _, at, ok := strings.Cut(e.ID, ":"); ok && e.Kind == "unit" && e.State == facts.Failed {
			at, _, _ = strings.Cut(at, "@")
			named[at] = true
		}
	}
	number := regexp.MustCompile(`evil-(\d+)`)
	for _, f := range out.Result.Findings {
		if m := number.FindStringSubmatch(f.Subject.ID); m != nil && f.Rule == "kubernetes/privileged-container" {
			found[m[1]] = true
		}
	}
	for i, place := range places {
		switch {
		case found[fmt.Sprint(i)]:
		case slices.ContainsFunc(d.places[place], func(dir string) bool { return named[dir] }):
			failed++
		default:
			t.Errorf("%s, read for %v: silence", place, d.places[place])
		}
	}
	t.Logf("%d places, %d found, %d in units that the ledger names", len(places), len(found), failed)
}

// drop appends to a file, or writes one.
func drop(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		old = append(old, '\n')
	}
	if err := os.WriteFile(file, append(old, text...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readPlaces collects the places of a tree that its deployers read.
type readPlaces struct {
	dir    string
	files  []string
	places map[string][]string // the directories that are deployed and read it, by path
	walked map[string]bool
}

func placesIn(dir string, files []string) *readPlaces {
	d := &readPlaces{dir: dir, files: files, places: map[string][]string{}, walked: map[string]bool{}}
	for _, f := range files {
		if !isYAML(f) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			continue
		}
		for _, doc := range strings.Split(string(data), "\n---") {
			var o struct {
				APIVersion, Kind string
				Metadata         struct{ Name string }
				Spec             struct {
					Path       string
					SourceRef  struct{ Kind, Name string }
					TargetKind string
					Source     struct {
						RepoURL, Chart, Path string
						Directory            struct {
							Recurse          bool
							Include, Exclude string
						}
					}
				}
			}
			if yaml.Unmarshal([]byte(strings.TrimPrefix(doc, "---")), &o) != nil {
				continue
			}
			switch group, _, _ := strings.Cut(o.APIVersion, "/"); {
			case group == "kustomize.toolkit.fluxcd.io" && o.Kind == "Kustomization" && o.Spec.SourceRef.Kind == "GitRepository" && o.Spec.SourceRef.Name == "flux-system":
				d.flux(path.Clean(o.Spec.Path))
			case group == "argoproj.io" && o.Kind == "Application" && o.Spec.Source.Chart == "" && o.Spec.Source.Path != "" && o.Spec.Source.Directory.Include+o.Spec.Source.Directory.Exclude == "" && d.own(o.Spec.Source.RepoURL):
				d.argo(path.Clean(o.Spec.Source.Path), o.Spec.Source.Directory.Recurse)
			}
		}
	}
	return d
}

func isYAML(f string) bool { return strings.HasSuffix(f, ".yaml") || strings.HasSuffix(f, ".yml") }

// own says whether an address is that of the clone's origin.
func (d *readPlaces) own(url string) bool {
	data, err := os.ReadFile(filepath.Join(d.dir, ".git/config"))
	return err == nil && url != "" && strings.Contains(string(data), strings.TrimSuffix(url, ".git")+"\n")
}

func (d *readPlaces) exists(p string) bool {
	_, err := os.Stat(filepath.Join(d.dir, p))
	return err == nil
}

func (d *readPlaces) kustomization(dir string) string {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if p := path.Join(dir, name); d.exists(p) {
			return p
		}
	}
	return ""
}

// below are the directories directly below one that hold files of the tree.
func (d *readPlaces) below(dir string) []string {
	out := map[string]bool{}
	for _, f := range d.files {
		if rest, ok := strings.CutPrefix(f, dir+"/"); ok || dir == "." {
			if dir == "." {
				rest = f
			}
			if sub, _, nested := strings.Cut(rest, "/"); nested {
				out[path.Join(dir, sub)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// flux: where no kustomization lies, all YAML files below, and a directory that has a
// kustomization as a resource.
func (d *readPlaces) flux(dir string) { d.generated(dir, dir) }

func (d *readPlaces) generated(root, dir string) {
	switch {
	case !d.exists(dir):
	case d.kustomization(dir) != "":
		d.kustomize(root, dir)
	default:
		d.read(root, path.Join(dir, "zz-evil.yaml"))
		for _, sub := range d.below(dir) {
			d.generated(root, sub)
		}
	}
}

// argo: a chart, a kustomization, or the files of the directory.
func (d *readPlaces) argo(dir string, recurse bool) {
	switch {
	case !d.exists(dir):
	case d.exists(path.Join(dir, "Chart.yaml")):
		d.read(dir, path.Join(dir, "templates/zz-evil.yaml"))
		d.read(dir, path.Join(dir, "templates/deep/er/zz-evil.yml"))
		d.read(dir, path.Join(dir, "crds/zz-evil.yaml"))
	case d.kustomization(dir) != "":
		d.kustomize(dir, dir)
	default:
		d.directory(dir, dir, recurse)
	}
}

func (d *readPlaces) directory(root, dir string, recurse bool) {
	d.read(root, path.Join(dir, "zz-evil.yml"))
	for _, sub := range d.below(dir) {
		if recurse {
			d.directory(root, sub, true)
		}
	}
}

// kustomize: the files of resources, and those of directories in them.
func (d *readPlaces) kustomize(root, dir string) {
	if d.walked[root+" "+dir] {
		return
	}
	d.walked[root+" "+dir] = true
	data, err := os.ReadFile(filepath.Join(d.dir, d.kustomization(dir)))
	var k struct {
		Resources, Bases, Components []string
	}
	if err != nil || yaml.Unmarshal(data, &k) != nil {
		return
	}
	for _, r := range slices.Concat(k.Resources, k.Bases, k.Components) {
		p := path.Join(dir, r)
		switch {
		case strings.Contains(r, "://") || !d.exists(p):
		case isYAML(p):
			d.read(root, p)
		case d.kustomization(p) != "":
			d.kustomize(root, p)
		}
	}
}

func (d *readPlaces) read(root, p string) {
	if !slices.Contains(d.places[p], root) {
		d.places[p] = append(d.places[p], root)
	}
}
