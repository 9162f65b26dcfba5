package render

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"gate/internal/discover"
)

// bomb is a small document that expands to a billion nodes.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String()
}

// TestHostile checks that each attack is refused with an error of its own, in
// time and without much memory.
func TestHostile(t *testing.T) {
	chart := func(name, content string) map[string]string {
		return map[string]string{"c/Chart.yaml": chartYAML, name: content}
	}
	kustomization := func(text string, more ...string) map[string]string {
		out := map[string]string{"k/kustomization.yaml": text}
		for i := 0; i+1 < len(more); i += 2 {
			out["k/"+more[i]] = more[i+1]
		}
		return out
	}
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"bomb in default values":   {chart("c/values.yaml", bomb()), "chart cannot be loaded"},
		"bomb in a template":       {chart("c/templates/a.yaml", bomb()), "rendered text: document expands to more than"},
		"bomb in Chart.yaml":       {map[string]string{"c/Chart.yaml": chartYAML + bomb(), "c/templates/a.yaml": configMap}, ""},
		"bomb in a kustomization":  {kustomization("resources: [c.yaml]\ncommonAnnotations:\n  x: y\n" + bomb()), "document expands to more than"},
		"bomb in a resource":       {kustomization("resources: [c.yaml]\n", "c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"+bomb()), "document expands to more than"},
		"bomb in a patch":          {kustomization("resources: [c.yaml]\npatches: [{path: p.yaml}]\n", "c.yaml", configMap, "p.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n"+bomb()), "document expands to more than"},
		"bomb in an inline patch":  {kustomization("resources: [c.yaml]\npatches:\n- patch: |-\n    "+strings.ReplaceAll(bomb(), "\n", "\n    ")+"\n", "c.yaml", configMap), "document expands to more than"},
		"small bomb in a resource": {kustomization("resources: [c.yaml]\n", "c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"+strings.Join(strings.Split(bomb(), "\n")[:6], "\n")), "document expands to more than"},
		"objects":                  {chart("c/templates/a.yaml", "{{ range until 100000 }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c{{ . }}}\n{{ end }}"), "more than the limit of 50000"},
		"template panics":          {chart("c/templates/a.yaml", `{{ index (list 1) 5 }}`), "index out of range"},
		"library panics":           {chart("c/templates/a.yaml", `{{ div 1 0 }}`), "divide by zero"},
		"deep yaml":                {chart("c/templates/a.yaml", strings.Repeat("[", 100_000)), "rendered text: "},
		"deep values":              {chart("c/values.yaml", "a: "+strings.Repeat("[", 100_000)), "chart cannot be loaded"},
		"many inflations":          {kustomization("helmCharts:\n"+strings.Repeat("- {name: c, releaseName: r}\n", 30), "charts/c/Chart.yaml", chartYAML, "charts/c/templates/a.yaml", "{{ range until 2000 }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c{{ . }}}\n{{ end }}"), "render more than the limit of 50000 objects"},
		"name of a release":        {kustomization("helmCharts: [{name: c, nameTemplate: '{{ repeat 1000000000 \"x\" }}'}]\n", "charts/c/Chart.yaml", chartYAML), "limit exceeded"},
		"include and tpl by turns": {map[string]string{"c/Chart.yaml": chartYAML, "c/values.yaml": "x: '{{ include \"a\" . }}'\n", "c/templates/a.yaml": `{{ define "a" }}{{ tpl .Values.x . }}{{ end }}{{ include "a" . }}`}, "limit exceeded"},
		"template without end":     {chart("c/templates/a.yaml", `{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`), "exceeded maximum template depth"},
		"function of a program":    {kustomization("transformers: [t.yaml]\n", "t.yaml", "apiVersion: example.com/v1\nkind: Runner\nmetadata: {name: t, annotations: {config.kubernetes.io/function: 'container: {image: evil}'}}\n"), "runs a program"},
		"inline program":           {kustomization("generators:\n- |-\n  apiVersion: example.com/v1\n  kind: Runner\n  metadata: {name: t, annotations: {config.kubernetes.io/function: 'exec: {path: ./evil}'}}\n"), "runs a program"},
		"plugin of a program":      {kustomization("validators: [t.yaml]\n", "t.yaml", "apiVersion: example.com/v1\nkind: Runner\nmetadata: {name: t}\n"), "runs a program"},
		"kustomize cycle":          {map[string]string{"k/kustomization.yaml": "resources: [../l]\n", "l/kustomization.yaml": "resources: [../k]\n"}, "cycle"},
		"schema panics":            {kustomization("openapi: {path: s.json}\nresources: [c.yaml]\npatches: [{path: p.yaml}]\n", "s.json", "[", "c.yaml", configMap, "p.yaml", configMap), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := tree(t, tc.files)
			u := chartAt("c")
			if strings.HasPrefix(firstKey(tc.files), "k") {
				u = kustomizationAt("k")
			}
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := processorTime(t)
			_, err := Render(t.Context(), w, u, Options{Limits: Limits{Time: time.Hour}})
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, expected %q", err, tc.want)
			}
			if d := processorTime(t) - start; d > 20*time.Second {
				t.Errorf("took %s", d)
			}
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 1200 {
				t.Errorf("allocated %d MiB", mib)
			}
		})
	}
}

// processorTime is what this process has used: a busy machine changes nothing.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func firstKey(m map[string]string) string {
	first := ""
	for k := range m {
		if first == "" || k < first {
			first = k
		}
	}
	return first
}

// TestGigabyte checks that a file of a gigabyte is refused by its size, before
// anything of it is read. The files are sparse.
func TestGigabyte(t *testing.T) {
	for name, tc := range map[string]struct {
		large string
		unit  Unit
		files map[string]string
	}{
		"values":      {"c/values.yaml", Unit{Kind: KindHelm, Path: "c", Release: "r"}, map[string]string{"c/Chart.yaml": chartYAML}},
		"template":    {"c/templates/a.yaml", Unit{Kind: KindHelm, Path: "c", Release: "r"}, map[string]string{"c/Chart.yaml": chartYAML}},
		"archive":     {"c/charts/a-1.0.0.tgz", Unit{Kind: KindHelm, Path: "c", Release: "r"}, map[string]string{"c/Chart.yaml": chartYAML}},
		"value file":  {"v.yaml", Unit{Kind: KindHelm, Path: "c", Release: "r", Values: []string{"v.yaml"}}, map[string]string{"c/Chart.yaml": chartYAML}},
		"resource":    {"k/a.yaml", Unit{Kind: KindKustomize, Path: "k"}, map[string]string{"k/kustomization.yaml": "resources: [a.yaml]\n"}},
		"generator":   {"k/a.env", Unit{Kind: KindKustomize, Path: "k"}, map[string]string{"k/kustomization.yaml": "configMapGenerator: [{name: a, envs: [a.env]}]\n"}},
		"inflated":    {"k/v.yaml", Unit{Kind: KindKustomize, Path: "k"}, map[string]string{"k/kustomization.yaml": "helmCharts: [{name: c, valuesFile: v.yaml}]\n", "k/charts/c/Chart.yaml": chartYAML}},
		"raw":         {"raw/a.yaml", Unit{Kind: KindManifests, Path: "raw", Files: []string{"raw/a.yaml"}}, nil},
		"file of one": {"c/files/a.txt", Unit{Kind: KindHelm, Path: "c", Release: "r"}, map[string]string{"c/Chart.yaml": chartYAML}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{tc.large: ""}
			for k, v := range tc.files {
				files[k] = v
			}
			dir := write(t, files)
			if err := os.Truncate(filepath.Join(dir, tc.large), 1<<30); err != nil {
				t.Fatal(err)
			}
			w, err := discover.Open(t.Context(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := Render(t.Context(), w, tc.unit, Options{})
			runtime.ReadMemStats(&after)
			if err == nil && len(r.Faults) > 0 {
				err = r.Faults[0]
			}
			if err == nil || !strings.Contains(err.Error(), "above the size limit") {
				t.Errorf("error %v", err)
			}
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 50 {
				t.Errorf("allocated %d MiB", mib)
			}
		})
	}
}
