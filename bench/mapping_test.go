package bench

import (
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"gate/internal/deploy"
	"gate/internal/discover"
	"gate/internal/render"
	"gate/internal/render/engine"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	helm "helm.sh/helm/v3/pkg/engine"
)

// BenchmarkMapping renders the corpus' charts plain and with marks, as it takes
// to lead each line back to its template, and compares the CPU time with that
// of Helm's engine for the same charts in the same run; the goal is a ratio of
// 1.0. What the whole of gate's rendering takes beside it reads the charts,
// checks values and parses the output, which Helm's engine does not.
func BenchmarkMapping(b *testing.B) {
	if *corpus == "" {
		b.Skip("no -corpus: make bench CORPUS=DIR renders the charts below DIR")
	}
	w := work(b, filepath.Join(*corpus, "charts"))
	inv, err := discover.Collect(b.Context(), w, discover.Options{})
	if err != nil {
		b.Fatal(err)
	}
	units, _ := deploy.Units(w, inv, nil)
	var ours, theirs, whole time.Duration
	charts := 0
	for b.Loop() {
		ours += eachChart(b, func(c helmChart) error {
			_, err := engine.Render(b.Context(), c.chart, c.values, engine.Options{Now: now})
			return err
		})
		ours += eachChart(b, func(c helmChart) error {
			_, err := engine.Render(b.Context(), c.chart, c.values, engine.Options{Now: now, Marks: true})
			return err
		})
		theirs += eachChart(b, func(c helmChart) error {
			charts++
			_, err := helm.Render(c.chart, c.values)
			return err
		})
		before := used(syscall.RUSAGE_SELF)
		locate(b, render.All(b.Context(), w, units, render.Options{Workers: 2}))
		whole += used(syscall.RUSAGE_SELF) - before
	}
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "whole-cpu-ms/op")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "gate-cpu-ms/op")
	b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "helm-cpu-ms/op")
	b.ReportMetric(float64(ours)/float64(theirs), "gate/helm")
	b.ReportMetric(float64(charts)/float64(b.N), "charts")
}

// eachChart returns the CPU time that do takes for all charts. They are read
// anew: templates change what they are given.
func eachChart(b *testing.B, do func(helmChart) error) time.Duration {
	b.Helper()
	list := helmCharts(b)
	runtime.GC()
	before := used(syscall.RUSAGE_SELF)
	for _, c := range list {
		if err := do(c); err != nil {
			b.Fatal(err)
		}
	}
	return used(syscall.RUSAGE_SELF) - before
}

// locate asks for the place of every object, which makes every unit's mapping.
func locate(b *testing.B, outs []render.Outcome) {
	b.Helper()
	for _, o := range outs {
		if o.Rendered == nil {
			b.Fatalf("%s: %v", o.Unit.ID, o.Err)
		}
		for _, x := range o.Rendered.Objects {
			x.Locator.Locate(source.Path{"metadata", "name"})
		}
	}
}

type helmChart struct {
	chart  *chart.Chart
	values chartutil.Values
}

func helmCharts(b *testing.B) []helmChart {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(*corpus, "charts", "*", "Chart.yaml"))
	if err != nil || len(files) == 0 {
		b.Fatalf("no charts: %v", err)
	}
	var out []helmChart
	for _, f := range files {
		c, err := loader.Load(filepath.Dir(f))
		if err == nil {
			err = chartutil.ProcessDependenciesWithMerge(c, map[string]any{})
		}
		var values chartutil.Values
		if err == nil {
			values, err = chartutil.ToRenderValues(c, nil, chartutil.ReleaseOptions{Name: c.Name(), Namespace: "default", IsInstall: true}, chartutil.DefaultCapabilities)
		}
		if err != nil {
			b.Fatalf("%s: %v", f, err)
		}
		out = append(out, helmChart{c, values})
	}
	return out
}

// BenchmarkMappingMemory renders and locates the charts only: the peak memory
// of this process counts if nothing ran before; the goal is 150 MiB.
func BenchmarkMappingMemory(b *testing.B) {
	if *corpus == "" {
		b.Skip("no -corpus: make bench CORPUS=DIR renders the charts below DIR")
	}
	w := work(b, filepath.Join(*corpus, "charts"))
	inv, err := discover.Collect(b.Context(), w, discover.Options{})
	if err != nil {
		b.Fatal(err)
	}
	units, _ := deploy.Units(w, inv, nil)
	for b.Loop() {
		locate(b, render.All(b.Context(), w, units, render.Options{Workers: 2}))
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err == nil {
		b.ReportMetric(float64(u.Maxrss)/1024, "peak-MiB")
	}
}
