package pipeline

import "testing"

// What a file repeats of what a chart renders makes no steps of its own, as long
// as it does so on both sides.
func TestCopies(t *testing.T) {
	golden := func(v string) string { return files("charts/web/expected/web.yaml", configMap("web", v)) }
	chart := func(v string) string {
		return files("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0", "charts/web/values.yaml", "v: \""+v+"\"",
			"charts/web/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}', namespace: shop}\ndata: {v: '{{ .Values.v }}'}")
	}
	loose := func(action string) string {
		return action + " manifests:charts/web/expected#/ConfigMap/shop/web"
	}
	const updated = "updated helm:charts/web#/ConfigMap/shop/web: data.v at charts/web/values.yaml:1"
	runChanges(t, []changeCase{
		{"the chart and its copy change", chart("1") + golden("1"), chart("2") + golden("2"), []string{updated}},
		{"a copy comes", chart("1"), chart("1") + golden("1"), nil},
		{"a copy comes with the chart", files("README.md", "web"), chart("1") + golden("1"), []string{"created helm:charts/web#/ConfigMap/shop/web"}},
		{"a copy goes", chart("1") + golden("1"), chart("1"), nil},
		{"a copy moves", chart("1") + golden("1"), chart("1") + files("expected/web.yaml", configMap("web", "1")), nil},
		{"the chart and what says how to use it change", chart("1") + files("charts/web/README.md", "one"), chart("2") + files("charts/web/README.md", "two"), []string{updated}},
		{"the chart alone changes", chart("1") + golden("1"), chart("2") + golden("1"), []string{updated}},
		{"the copy alone changes", chart("1") + golden("1"), chart("1") + golden("2"), []string{loose("updated") + ": data.v"}},
		{"what was none becomes one", chart("1") + golden("2"), chart("1") + golden("1"), []string{loose("updated") + ": data.v"}},
		{"what was none goes", chart("1") + golden("2"), chart("1"), []string{loose("deleted") + " at charts/web/expected/web.yaml:0"}},
	})
}
