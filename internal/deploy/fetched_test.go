package deploy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"gate/internal/fetch"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// archive packs a chart.
func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const fetchedTemplate = `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-{{ .Values.tier }}}
spec: {replicas: {{ .Values.replicas }}}
`

func redis() map[string]string {
	return map[string]string{
		"redis/Chart.yaml": "apiVersion: v2\nname: redis\nversion: 1.2.3\n", "redis/values.yaml": "replicas: 1\ntier: none\n",
		"redis/values-prod.yaml": "tier: prod\n", "redis/templates/d.yaml": fetchedTemplate,
	}
}

// shelf serves one archive, and says what was asked for.
type shelf struct {
	data  []byte
	asked []string
}

func (s *shelf) charts(_ context.Context, c fetch.Chart) ([]byte, error) {
	s.asked = append(s.asked, c.String())
	if c.Name != "redis" {
		return nil, &source.Error{Msg: c.String() + " is not locked", Hint: "lock it"}
	}
	return s.data, nil
}

const fetchedApplication = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: cache}
spec:
  source:
    repoURL: https://charts.example.com
    chart: redis
    targetRevision: 1.2.3
    helm:
      valueFiles: [values-prod.yaml, none.yaml]
      ignoreMissingValueFiles: true
      values: |
        replicas: 3
`

func TestFetchedCharts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files sourcetest.Tree
		want  []string
		asked []string
	}{
		{
			name: "an Application", files: sourcetest.Tree{"app.yaml": fetchedApplication},
			want: []string{
				"helm:redis@cache: Deployment/cache-prod at app.yaml, replicas at app.yaml:5:3 (app.yaml:12:7)",
				"manifests:.: Application/cache at app.yaml:1:1, replicas at app.yaml:4:1",
			},
			asked: []string{`chart "redis" 1.2.3 of https://charts.example.com`},
		},
		{
			name: "a HelmRelease", files: sourcetest.Tree{
				"repo.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: r, namespace: flux}\nspec: {url: \"https://charts.example.com/\"}\n",
				"rel.yaml":  "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: db}\nspec:\n  chart:\n    spec:\n      chart: redis\n      version: 1.x\n      sourceRef: {kind: HelmRepository, name: r, namespace: flux}\n  values:\n    replicas: 2\n",
			},
			want: []string{
				"helm:redis@cache: Deployment/cache-none at rel.yaml, replicas at rel.yaml:5:3 (rel.yaml:11:5)",
				"manifests:.: HelmRelease/cache at rel.yaml:1:1, replicas at rel.yaml:4:1",
				"manifests:.: HelmRepository/r at repo.yaml:1:1, replicas at repo.yaml:4:1",
			},
			asked: []string{`chart "redis" 1.x of https://charts.example.com/`},
		},
		{
			name: "an OCIRepository", files: sourcetest.Tree{
				"repo.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: r, namespace: db}\nspec: {url: \"oci://ghcr.io/acme/redis\", ref: {tag: 1.2.3}}\n",
				"rel.yaml":  "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: db}\nspec:\n  chartRef: {kind: OCIRepository, name: r}\n",
			},
			want: []string{
				"helm:chartRef@cache: Deployment/cache-none at rel.yaml, replicas at rel.yaml:5:3",
				"manifests:.: HelmRelease/cache at rel.yaml:1:1, replicas at rel.yaml:4:1",
				"manifests:.: OCIRepository/r at repo.yaml:1:1, replicas at repo.yaml:4:1",
			},
			asked: []string{`chart "redis" 1.2.3 of oci://ghcr.io/acme/`},
		},
		{
			name: "a dependency", files: sourcetest.Tree{
				"web/Chart.yaml":           "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: ^1.0.0\n    repository: https://charts.example.com\n",
				"web/Chart.lock":           "dependencies:\n  - name: redis\n    version: 1.2.3\n",
				"web/values.yaml":          "redis:\n  replicas: 5\n",
				"web/templates/other.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
			},
			want: []string{
				"helm:web: Deployment/web-none at web/Chart.yaml, replicas at web/Chart.yaml:5:5 (web/values.yaml:2:3)",
				"helm:web: ConfigMap/c at web/templates/other.yaml, replicas at web/templates/other.yaml:1:1",
			},
			asked: []string{`chart "redis" 1.2.3 of https://charts.example.com`},
		},
		{
			name: "a kustomization", files: sourcetest.Tree{
				"k/kustomization.yaml": "helmCharts:\n  - name: redis\n    repo: https://charts.example.com\n    version: 1.2.3\n    releaseName: cache\n    valuesInline: {replicas: 4}\n",
			},
			want: []string{
				"kustomize:k: Deployment/cache-none at k/kustomization.yaml, replicas at k/kustomization.yaml:2:5 (k/kustomization.yaml:6:20)",
			},
			asked: []string{`chart "redis" 1.2.3 of https://charts.example.com`},
		},
		{
			name: "a chart that is not locked", files: sourcetest.Tree{"app.yaml": strings.ReplaceAll(fetchedApplication, "redis", "mysql")},
			want: []string{
				`helm:mysql@cache: app.yaml:5:3: chart "mysql" 1.2.3 of https://charts.example.com is not locked`,
				"manifests:.: Application/cache at app.yaml:1:1, replicas at app.yaml:4:1",
			},
			asked: []string{`chart "mysql" 1.2.3 of https://charts.example.com`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{data: archive(t, redis())}
			got := rendered(t, tt.files, nil, render.Options{Charts: s.charts, Workers: 1})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			var asked []string
			for _, a := range s.asked {
				if len(asked) == 0 || asked[len(asked)-1] != a {
					asked = append(asked, a)
				}
			}
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What an archive holds is not believed.
func TestFetchedFaults(t *testing.T) {
	t.Parallel()
	with := func(name, text string) map[string]string {
		files := redis()
		files[name] = text
		return files
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"no archive", []byte("nothing"), "cannot be unpacked"},
		{"another chart", archive(t, map[string]string{"x/Chart.yaml": "apiVersion: v2\nname: mysql\nversion: 1.2.3\n"}), `holds the chart "mysql"`},
		{"a path that climbs", archive(t, with("redis/../../etc/passwd", "x")), "cannot be unpacked"},
		{"a template that fails", archive(t, with("redis/templates/x.yaml", "{{ fail \"no\" }}")), "no"},
		{"a large file", archive(t, with("redis/files/x", strings.Repeat("x", 3<<20))), "the chart's files are larger than the limit"},
		{"a schema", archive(t, with("redis/values.schema.json", `{"properties": {"replicas": {"type": "string"}}}`)), "replicas"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{data: tt.data}
			got := rendered(t, sourcetest.Tree{"app.yaml": fetchedApplication}, nil, render.Options{Charts: s.charts, Limits: render.Limits{ChartBytes: 1 << 20}})
			if len(got) != 2 || !strings.HasPrefix(got[0], "helm:redis@cache: app.yaml:") || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q\nwant %s", got, tt.want)
			}
		})
	}
}

// Without permission nothing is asked for, and the hint says that it could be.
func TestNotFetched(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"app.yaml": fetchedApplication, fetch.LockFile: "apiVersion: gate/v1\ncharts: []\n"}
	got := rendered(t, tree, nil, render.Options{})
	want := `helm:redis@cache: app.yaml:5:3: chart "redis" of https://charts.example.com is not in the repository; nothing is fetched`
	if len(got) != 2 || got[0] != want {
		t.Errorf("got %q\nwant %s", got, want)
	}
}
