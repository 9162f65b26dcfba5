package discover

import "testing"

func TestWayOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, chart, want string }{
		{"apps/web.yaml", "", "mend the file, or list it under exclude in .gate.yaml with a reason, an owner and a date"},
		{"apps/web/kustomization.yaml", "", `mend the file; if nothing of "apps/web" is applied, list "apps/web/**" under exclude in .gate.yaml with a reason, an owner and a date`},
		{"pod.yaml", "", "mend the file, or list it under exclude in .gate.yaml with a reason, an owner and a date"},
		{"Chart.yaml", "", "mend the file"},
		{"charts/web/Chart.yaml", "charts/web", `mend the file; if nothing of "charts/web" is applied, list "charts/web/**" under exclude in .gate.yaml with a reason, an owner and a date`},
		{"charts/web/crds/a.yaml", "charts/web", `mend the file; the chart "charts/web" is rendered with it`},
	} {
		if got := wayOut(c.file, c.chart); got != c.want {
			t.Errorf("%s: got %s, want %s", c.file, got, c.want)
		}
	}
}
