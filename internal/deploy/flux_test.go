package deploy

import (
	"strings"
	"testing"
)

// TestPostBuild checks which variables Flux replaces: without any it leaves the
// text alone unless it is asked, and line breaks are no part of a value.
func TestPostBuild(t *testing.T) {
	object := strings.ReplaceAll(configMap, "a: b", "a: '${v:=d}', b: '${w}', c: '${v:0:1}'")
	for name, c := range map[string]struct{ post, want string }{
		"no variable":         {"{}", "a=${v:=d} b=${w} c=${v:0:1}"},
		"none, but always":    {"{substituteStrategy: Always}", "a=d b=<nil> c=<nil>"},
		"a line break":        {`{substitute: {v: "x\ny\n"}, substituteFrom: [{kind: ConfigMap, name: vars}]}`, "a=xy b=from c=x"},
		"a name that is none": {"{substitute: {a.b: x}}", `flux.yaml:1:1: "a.b" is no name of a variable`},
	} {
		got := deployed(t, map[string]string{
			"flux.yaml":  fluxHead + "  path: app\n  postBuild: " + c.post + "\n",
			"vars.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {w: \"from\\n\"}\n",
			"app/c.yaml": object,
		}, nil)
		for _, line := range got {
			if line != c.want && !strings.HasSuffix(line, "plain "+c.want) {
				t.Errorf("%s: %s, expected %s", name, line, c.want)
			}
		}
		if len(got) != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
