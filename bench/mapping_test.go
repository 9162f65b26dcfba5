package bench

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gate/internal/discover"
	"gate/internal/render"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// BenchmarkMapping renders the corpus' charts and locates every object, and
// compares the CPU time with that of Helm's engine for the same charts in the
// same run; the goal is a ratio of 1.0. Helm has read the charts and put their
// values together before, gate does both in the time that is measured.
func BenchmarkMapping(b *testing.B) {
	if *corpus == "" {
		b.Skip("no -corpus: make bench CORPUS=DIR renders the charts below DIR")
	}
	w := work(b, filepath.Join(*corpus, "charts"))
	inv, err := discover.Collect(b.Context(), w)
	if err != nil {
		b.Fatal(err)
	}
	units, _ := render.Units(w, inv, nil)
	charts := helmCharts(b)
	var ours, theirs time.Duration
	for b.Loop() {
		before := used(syscall.RUSAGE_SELF)
		outs := render.All(b.Context(), w, units, render.Options{Workers: 2})
		for _, o := range outs {
			if o.Rendered == nil {
				b.Fatalf("%s: %v", o.Unit.ID, o.Err)
			}
			for _, x := range o.Rendered.Objects {
				x.Locator.Locate(source.Path{"metadata", "name"})
			}
		}
		between := used(syscall.RUSAGE_SELF)
		for _, c := range charts {
			if _, err := engine.Render(c.chart, c.values); err != nil {
				b.Fatal(err)
			}
		}
		ours, theirs = ours+between-before, theirs+used(syscall.RUSAGE_SELF)-between
	}
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "gate-cpu-ms/op")
	b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "helm-cpu-ms/op")
	b.ReportMetric(float64(ours)/float64(theirs), "gate/helm")
	b.ReportMetric(float64(len(charts)), "charts")
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
	inv, err := discover.Collect(b.Context(), w)
	if err != nil {
		b.Fatal(err)
	}
	units, _ := render.Units(w, inv, nil)
	for b.Loop() {
		for _, o := range render.All(b.Context(), w, units, render.Options{Workers: 2}) {
			for _, x := range o.Rendered.Objects {
				x.Locator.Locate(source.Path{"metadata", "name"})
			}
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err == nil {
		b.ReportMetric(float64(u.Maxrss)/1024, "peak-MiB")
	}
}
