package compare

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestImages(t *testing.T) {
	t.Parallel()
	pod := func(kind, name, spec string) string {
		api := map[string]string{"Pod": "v1", "CronJob": "batch/v1"}[kind]
		if api == "" {
			api = "apps/v1"
		}
		switch kind {
		case "Pod":
			return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n"
		case "CronJob":
			spec = "jobTemplate: {spec: {template: {spec: {" + spec + "}}}}"
		default:
			spec = "template: {spec: {" + spec + "}}"
		}
		return "apiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n"
	}
	web := func(image string) string {
		return pod("Deployment", "web", "containers: [{name: web, image: '"+image+"'}]")
	}
	pair := func(before, after string) [2]string { return [2]string{before, after} }
	for _, c := range []struct {
		name  string
		pairs [][2]string
		want  []string
	}{
		{"none", [][2]string{pair(web("web:1"), web("web:1"))}, nil},
		{"a tag", [][2]string{pair(web("web:1"), web("web:2"))}, []string{"web:1 -> web:2, 1 in prod"}},
		{"a tag with its digest", [][2]string{pair(web("web:1@sha256:"+hashA), web("web:2@sha256:"+hashB))}, []string{"web:1@sha256:" + hashA + " -> web:2@sha256:" + hashB + ", 1 in prod"}},
		{"a repository", [][2]string{pair(web("web:1"), web("ghcr.io/acme/web:1"))}, []string{"web:1 -> ghcr.io/acme/web:1, 1 in prod"}},
		{"several workloads, several kinds", [][2]string{
			pair(web("web:1"), web("web:2")),
			pair(pod("CronJob", "c", "containers: [{name: x, image: web:1}]"), pod("CronJob", "c", "containers: [{name: x, image: web:2}]")),
			pair(pod("Pod", "p", "containers: [{name: x, image: web:1}]"), pod("Pod", "p", "containers: [{name: x, image: web:2}]")),
		}, []string{"web:1 -> web:2, 3 in prod"}},
		{"twice in one workload", [][2]string{pair(pod("DaemonSet", "d", "containers: [{name: a, image: web:1}, {name: b, image: web:1}]"),
			pod("DaemonSet", "d", "containers: [{name: a, image: web:2}, {name: b, image: web:2}]"))}, []string{"web:1 -> web:2, 1 in prod"}},
		{"init and ephemeral containers", [][2]string{pair(pod("Deployment", "d", "initContainers: [{name: a, image: web:1}], ephemeralContainers: [{name: b, image: sh:1}]"),
			pod("Deployment", "d", "initContainers: [{name: a, image: web:2}], ephemeralContainers: [{name: b, image: sh:2}]"))}, []string{"sh:1 -> sh:2, 1 in prod", "web:1 -> web:2, 1 in prod"}},
		{"a container that becomes an init container", [][2]string{pair(pod("Deployment", "d", "containers: [{name: a, image: web:1}]"), pod("Deployment", "d", "initContainers: [{name: a, image: web:1}]"))}, nil},
		{"a container with another name", [][2]string{pair(pod("Deployment", "d", "containers: [{name: a, image: web:1}]"), pod("Deployment", "d", "containers: [{name: b, image: web:1}]"))}, nil},
		{"with another name and tag", [][2]string{pair(pod("Deployment", "d", "containers: [{name: a, image: web:1}]"), pod("Deployment", "d", "containers: [{name: b, image: docker.io/library/web:2}]"))},
			[]string{"web:1 -> docker.io/library/web:2, 1 in prod"}},
		{"added and taken away", [][2]string{pair(pod("Deployment", "d", "containers: [{name: a, image: web:1}]"), pod("Deployment", "d", "containers: [{name: b, image: api:1}]"))},
			[]string{" -> api:1, 1 in prod", "web:1 -> , 1 in prod"}},
		{"with its workload", [][2]string{pair("", web("web:1")), pair(pod("Pod", "p", "containers: [{name: x, image: sh:1}]"), "")}, []string{"sh:1 -> , 1 in prod", " -> web:1, 1 in prod"}},
		{"in another order", [][2]string{pair(pod("Deployment", "d", "containers: [{name: a, image: web:1}, {name: b, image: sh:1}]"),
			pod("Deployment", "d", "containers: [{name: b, image: sh:1}, {name: a, image: web:2}]"))}, []string{"web:1 -> web:2, 1 in prod"}},
		{"without a pod template", [][2]string{pair(
			"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: a, image: go:1}, {name: b, image: sh:1}]}\n",
			"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{name: a, image: go:2}, {name: b, image: sh:1}]}\n")},
			[]string{"go:1 -> go:2, 1 in prod"}},
		{"of what runs none", [][2]string{pair("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {image: web:1}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {image: web:2}\n")}, nil},
	} {
		f := changes(t, c.pairs...)
		for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects} {
			for i := range list {
				list[i].Environment = "prod"
			}
		}
		if diff := cmp.Diff(c.want, imageLines(Steps{Facts: f})); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func imageLines(in Steps) []string {
	var out []string
	for _, c := range Images(in) {
		out = append(out, fmt.Sprintf("%s -> %s, %d in %s", c.Old, c.New, c.Objects, strings.Join(c.Environments, " ")))
	}
	return out
}

// Environments are those in which the image really comes to run.
func TestImagesOfEnvironments(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{}
	for _, c := range []struct{ environment, outcome string }{
		{"prod", facts.OutcomeApplied}, {"dev", ""}, {"dev", facts.OutcomeMoved}, {"stage", facts.OutcomeNotApplied}, {"test", facts.OutcomeUnknown}, {"", facts.OutcomeApplied},
	} {
		of := func(image string) string {
			return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: x, image: '" + image + "'}]}\n"
		}
		o := changes(t, [2]string{of("web:1"), of("web:2")}).Objects[0]
		o.Environment, o.Change.Outcome = c.environment, c.outcome
		f.Objects = append(f.Objects, o)
	}
	elsewhere := f.Objects[0]
	elsewhere.Change = &facts.ResourceChange{Action: "moved", From: elsewhere.ID, Outcome: facts.OutcomeMoved}
	f.Objects = append(f.Objects, elsewhere)
	for _, c := range []struct {
		only []string
		want string
	}{
		{nil, "web:1 -> web:2, 5 in dev prod test"}, {[]string{"dev"}, "web:1 -> web:2, 3 in dev"},
	} {
		if diff := cmp.Diff([]string{c.want}, imageLines(Steps{Facts: f, Only: c.only})); diff != "" {
			t.Errorf("only %v: %s", c.only, diff)
		}
	}
}
