package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"gate/internal/compare"
	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policysource"
	"gate/internal/repository"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// changeFacts walks the stages over two trees and returns the chain up to the
// facts. The configuration is the base's.
func changeFacts(t *testing.T, base, head string) *chain {
	t.Helper()
	return factsOf(t, base, head, false)
}

// factsOf is changeFacts, of no more than the change reaches if that is asked for.
func factsOf(t *testing.T, base, head string, narrow bool) *chain {
	t.Helper()
	return factsBy(t, base, head, Options{ChangedOnly: narrow})
}

// factsBy is changeFacts with options.
func factsBy(t *testing.T, base, head string, o Options) *chain {
	t.Helper()
	c := readChange(t, base, head, wanted{base: true, judged: o.ChangedOnly}, o)
	var r Record
	var err error
	c.gathered, r, err = gather(context.Background(), c.opened, c.scanned, c.changed, c.rendered, c.read, c.record.Locators)
	c.record.add(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// readChange walks the stages up to what is read of two trees.
func readChange(t *testing.T, base, head string, want wanted, o Options) *chain {
	t.Helper()
	ctx := context.Background()
	o.Now, o.Workers = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 1
	o.defaults()
	before, after := sourcetest.Parse(base), sourcetest.Parse(head)
	c := &chain{record: newRecord(), opened: &opened{Options: o, hooks: newHooks(o), tree: after, inputs: inputs{provided: map[string]bool{}}}}
	c.opened.policy = &policysource.Source{Tree: before, Files: config.Files{Config: &config.Config{}, Trust: &config.Trust{}}}
	if text, ok := before[config.File]; ok {
		var err error
		if c.opened.policy.Config, err = config.Parse(config.File, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	c.opened.store = openStore(o)
	c.opened.kept = openKept(&o, c.opened.policy, &c.record)
	t.Cleanup(func() { _ = c.opened.kept.close() })
	step := func(r Record, err error) {
		t.Helper()
		c.record.add(r)
		if err != nil {
			t.Fatal(err)
		}
	}
	var r Record
	var err error
	c.scanned, r, err = scan(ctx, c.opened, nil)
	step(r, err)
	c.inventory, r, err = discovered(ctx, c.opened)
	step(r, err)
	c.changed = &changed{review: want.judged, scopes: scoper{newResolver(c.opened.policy.Config, nil, c.inventory)}}
	if c.changed.ChangeResult, err = repository.Change(ctx, repository.ChangeInput{Tree: after, BaseTree: before}); err != nil {
		t.Fatal(err)
	}
	c.changed.trees = &compare.Trees{Head: after, Base: before, Files: c.changed.Change.Files, Lines: c.changed.Lines}
	c.deployed, r, err = deployAll(ctx, c.opened, c.inventory, c.changed, want)
	step(r, err)
	c.rendered, r, err = collectAll(ctx, c.opened, c.scanned, c.changed, c.deployed, want)
	step(r, err)
	c.read, r, err = readAll(ctx, c.opened, c.scanned, c.inventory, c.changed, c.idleStacks())
	step(r, err)
	return c
}

// transitions writes what is said of each object that is not unchanged, what is
// not known, and what of the base failed.
func transitions(c *chain) []string {
	var out []string
	f := c.facts()
	line := func(o facts.Object) {
		if o.Change == nil {
			return
		}
		if o.Change.Action == "unchanged" {
			return
		}
		s := o.Change.Action + " " + o.ID
		if o.Environment != "" {
			s += " in " + o.Environment
		}
		if len(o.Change.Paths) > 0 {
			s += ": " + strings.Join(o.Change.Paths, " ")
		}
		if o.Change.From != "" {
			s += " from " + o.Change.From
		}
		if o.Change.Action == "deleted" {
			at := c.record.Locators[o.ID].Locate(nil)
			s += fmt.Sprintf(" at %s:%d", at.File, at.Line)
		}
		for _, id := range o.Change.Candidates {
			s += " or " + id
		}
		out = append(out, s)
	}
	for _, o := range f.Objects {
		line(o)
	}
	for _, o := range f.DeletedObjects {
		line(o)
	}
	for _, u := range f.Change.Unknown {
		out = append(out, "unknown "+u.ID+" at the "+u.Side)
	}
	for _, e := range c.record.Ledger {
		if e.Kind == "base" && e.State == facts.Failed {
			out = append(out, "failed "+e.ID)
		}
	}
	return out
}

const (
	chartYAML   = "-- chart/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.0.0\n"
	configA     = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
	configB     = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: v}\n"
	broken      = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b\n"
	application = "-- apps/k.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: k}\nspec:\n  source: {repoURL: https://example.com/r.git, path: k}\n  destination: {namespace: shop, name: in-cluster}\n"
	configured  = `-- .gate.yaml --
apiVersion: gate/v1
environments:
  - {name: prod, class: prod, paths: ["prod/**"]}
  - {name: dev, class: non-prod, paths: ["dev/**"]}
`
)

// clusters are overlays that hold the same object.
func clusters(dirs ...string) string {
	out := configured
	for _, d := range dirs {
		out += "-- " + d + "/kustomization.yaml --\nresources: [a.yaml]\n-- " + d + "/a.yaml --\n" + configA
	}
	return out
}

// generated is a kustomization with a generator and further fields.
func generated(generator, more string, literals ...string) string {
	return "-- k/kustomization.yaml --\n" + more + generator + ":\n  - {name: web, literals: [" + strings.Join(literals, ", ") + "]}\n"
}

// summed is a chart with an object that is named by a checksum of its content.
func summed(kind, value string) string {
	return chartYAML + "-- chart/values.yaml --\nk: " + value + "\n-- chart/templates/a.yaml --\n" +
		"apiVersion: v1\nkind: " + kind + "\nmetadata: {name: 'web-{{ .Values.k | sha256sum | trunc 8 }}'}\ndata: {k: {{ .Values.k }}}\n"
}

// content stands in generated names.
var content = regexp.MustCompile(`-([bcdfghkmt2456789]{10}|[0-9a-f]{8})\b`)

// unhashed writes what a name got from the content as a word.
func unhashed(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, content.ReplaceAllStringFunc(l, func(s string) string {
			if len(s) == 9 {
				return "-SUM"
			}
			return "-HASH"
		}))
	}
	return out
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, base, head string
		want             []string
	}{
		{"values of a chart",
			chartYAML + "-- chart/values.yaml --\ncount: 1\n-- chart/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {count: {{ .Values.count | quote }}}\n",
			chartYAML + "-- chart/values.yaml --\ncount: 2\n-- chart/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {count: {{ .Values.count | quote }}}\n",
			[]string{"updated helm:chart#/ConfigMap/default/a: data.count"}},
		{"a template of a chart is gone",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- chart/templates/b.yaml --\n" + configB,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA,
			[]string{"deleted helm:chart#/ConfigMap/default/b at chart/Chart.yaml:1"}},
		{"a whole chart is gone",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- README.md --\nx\n", "-- README.md --\nx\n",
			[]string{"deleted helm:chart#/ConfigMap/default/a at chart/templates/a.yaml:0"}},
		{"a dependency of a chart",
			chartYAML + "dependencies: [{name: lib, version: 1.0.0, repository: \"file://../lib\"}]\n-- lib/Chart.yaml --\napiVersion: v2\nname: lib\nversion: 1.0.0\n-- lib/templates/a.yaml --\n" + configA,
			chartYAML + "dependencies: [{name: lib, version: 1.0.0, repository: \"file://../lib\"}]\n-- lib/Chart.yaml --\napiVersion: v2\nname: lib\nversion: 1.0.0\n-- lib/templates/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"updated helm:chart#/ConfigMap/default/a: data.k"}},
		{"a kustomization no longer lists a file",
			"-- k/kustomization.yaml --\nresources: [a.yaml, b.yaml]\n-- k/a.yaml --\n" + configA + "-- k/b.yaml --\n" + configB,
			"-- k/kustomization.yaml --\nresources: [a.yaml]\n-- k/a.yaml --\n" + configA,
			[]string{"deleted kustomize:k#/ConfigMap//b at k/kustomization.yaml:1"}},
		{"a base of two overlays",
			"-- base/kustomization.yaml --\nresources: [a.yaml]\n-- base/a.yaml --\n" + configA + "-- prod/kustomization.yaml --\nresources: [../base]\n-- dev/kustomization.yaml --\nresources: [../base]\n" + configured,
			"-- base/kustomization.yaml --\nresources: [a.yaml]\n-- base/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1) + "-- prod/kustomization.yaml --\nresources: [../base]\n-- dev/kustomization.yaml --\nresources: [../base]\n" + configured,
			[]string{"updated kustomize:dev#/ConfigMap//a in dev: data.k", "updated kustomize:prod#/ConfigMap//a in prod: data.k"}},
		{"moved within an environment, and into another one",
			configured + "-- prod/x/a.yaml --\n" + configA + "-- prod/x/b.yaml --\n" + configB,
			configured + "-- prod/y/a.yaml --\n" + configA + "-- dev/b.yaml --\n" + configB,
			[]string{
				"created manifests:dev#/ConfigMap//b in dev",
				"moved manifests:prod/y#/ConfigMap//a in prod from manifests:prod/x#/ConfigMap//a",
				"deleted manifests:prod/x#/ConfigMap//b in prod at dev/b.yaml:1"}},
		{"one of several documents is gone",
			"-- a.yaml --\n" + configA + "---\n" + configB + "---\n" + strings.Replace(configB, "name: b", "name: c", 1),
			"-- a.yaml --\n" + configA + "---\n" + strings.Replace(configB, "name: b", "name: c", 1),
			[]string{"deleted manifests:.#/ConfigMap//b at a.yaml:8"}},
		{"a custom kind without a namespace whose definition the change does not touch",
			"-- crd/crd.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n" +
				chartYAML + "-- chart/templates/a.yaml --\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {size: 1}\n",
			"-- crd/crd.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n" +
				chartYAML + "-- chart/templates/a.yaml --\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {size: 2}\n",
			[]string{"updated helm:chart#example.com/Thing//a: spec.size"}},
		{"a base that cannot be rendered says nothing of its objects",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n-- plain/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- plain/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"updated manifests:plain#/ConfigMap//a: data.k", "unknown helm:chart at the base", "failed helm:chart"}},
		{"nor does one that the change leaves alone",
			chartYAML + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n-- plain/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n-- plain/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"updated manifests:plain#/ConfigMap//a: data.k"}},
		{"what the head cannot render is not deleted",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n",
			[]string{"unknown helm:chart at the head"}},
		{"a file of the base that is no YAML",
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b\n",
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\n" + configB,
			[]string{"unknown manifests:plain#/ConfigMap//b at the base", "failed plain/b.yaml"}},
		{"a file of the head that is no YAML",
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\n" + configB,
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\n" + broken,
			[]string{"unknown manifests:plain#/ConfigMap//b at the head"}},
		{"a file of the head that is renamed and no YAML",
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\n" + configB,
			"-- plain/a.yaml --\n" + configA + "-- plain/c.yaml --\n" + broken,
			[]string{"unknown manifests:plain#/ConfigMap//b at the head"}},
		{"a file that nobody can read beside a deletion elsewhere",
			"-- plain/a.yaml --\n" + configA + "-- other/b.yaml --\n" + configB,
			"-- plain/a.yaml --\n" + broken,
			[]string{"deleted manifests:other#/ConfigMap//b at other/b.yaml:0", "unknown manifests:plain#/ConfigMap//a at the head"}},
		{"a Chart.yaml of the head that cannot be read",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA,
			"-- chart/Chart.yaml --\n" + broken + "-- chart/templates/a.yaml --\n" + configA,
			[]string{"unknown helm:chart#/ConfigMap/default/a at the head"}},
		{"a Chart.yaml of the base that cannot be read",
			"-- chart/Chart.yaml --\n" + broken + "-- chart/templates/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA,
			[]string{"unknown helm:chart#/ConfigMap/default/a at the base", "failed chart/Chart.yaml"}},
		{"a kustomization of the head that cannot be read",
			"-- k/kustomization.yaml --\nresources: [a.yaml]\nnamePrefix: x-\n-- k/a.yaml --\n" + configA,
			"-- k/kustomization.yaml --\n" + broken + "-- k/a.yaml --\n" + configA,
			[]string{"unknown kustomize:k#/ConfigMap//x-a at the head", "unknown manifests:k#/ConfigMap//a at the head"}},
		{"a kustomization of the base that cannot be read",
			"-- k/kustomization.yaml --\n" + broken + "-- k/a.yaml --\n" + configA,
			"-- k/kustomization.yaml --\nresources: [a.yaml]\nnamePrefix: x-\n-- k/a.yaml --\n" + configA,
			[]string{"unknown kustomize:k#/ConfigMap//x-a at the base", "unknown manifests:k#/ConfigMap//a at the base", "failed k/kustomization.yaml"}},
		{"an Application of the head that cannot be read",
			application + "-- k/kustomization.yaml --\nresources: [a.yaml]\n-- k/a.yaml --\n" + configA,
			"-- apps/k.yaml --\n" + broken + "-- k/kustomization.yaml --\nresources: [a.yaml]\n-- k/a.yaml --\n" + configA,
			[]string{
				"unknown kustomize:k#/ConfigMap//a at the head", "unknown kustomize:k#/ConfigMap/shop/a at the head",
				"unknown manifests:apps#argoproj.io/Application//k at the head"}},
		{"what an Application of a rendered chart deploys",
			chartYAML + "-- chart/templates/app.yaml --\n" + strings.TrimPrefix(application, "-- apps/k.yaml --\n") + "-- k/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/app.yaml --\n" + strings.TrimPrefix(application, "-- apps/k.yaml --\n") + "-- k/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"updated manifests:k#/ConfigMap/shop/a: data.k"}},
		{"a manifest is listed by a new kustomization",
			"-- k/a.yaml --\n" + configA,
			"-- k/a.yaml --\n" + configA + "-- k/kustomization.yaml --\nresources: [a.yaml]\n",
			[]string{"moved kustomize:k#/ConfigMap//a from manifests:k#/ConfigMap//a"}},
		{"a directory is renamed, with the same object in two clusters of an environment",
			clusters("prod/east/app", "prod/west/app"), clusters("prod/east/app2", "prod/west/app2"),
			[]string{
				"moved kustomize:prod/east/app2#/ConfigMap//a in prod from kustomize:prod/east/app#/ConfigMap//a",
				"moved kustomize:prod/west/app2#/ConfigMap//a in prod from kustomize:prod/west/app#/ConfigMap//a"}},
		{"the directory above the clusters is renamed",
			clusters("prod/app/east", "prod/app/west"), clusters("prod/app2/east", "prod/app2/west"),
			[]string{
				"moved kustomize:prod/app2/east#/ConfigMap//a in prod from kustomize:prod/app/east#/ConfigMap//a",
				"moved kustomize:prod/app2/west#/ConfigMap//a in prod from kustomize:prod/app/west#/ConfigMap//a"}},
		{"it is renamed and one of the clusters goes",
			clusters("prod/app/east", "prod/app/west"), clusters("prod/app2/west"),
			[]string{
				"moved kustomize:prod/app2/west#/ConfigMap//a in prod from kustomize:prod/app/west#/ConfigMap//a",
				"deleted kustomize:prod/app/east#/ConfigMap//a in prod at prod/app2/west/a.yaml:1"}},
		{"it is renamed and another cluster comes",
			clusters("prod/app/east", "prod/app/west"), clusters("prod/app2/east", "prod/app2/north", "prod/app2/west"),
			[]string{
				"moved kustomize:prod/app2/east#/ConfigMap//a in prod from kustomize:prod/app/east#/ConfigMap//a",
				"created kustomize:prod/app2/north#/ConfigMap//a in prod",
				"moved kustomize:prod/app2/west#/ConfigMap//a in prod from kustomize:prod/app/west#/ConfigMap//a"}},
		{"manifests are renamed with their directories",
			configured + "-- prod/east/app/a.yaml --\n" + configA + "-- prod/west/app/a.yaml --\n" + configA,
			configured + "-- prod/east/web/a.yaml --\n" + configA + "-- prod/west/web/a.yaml --\n" + configA,
			[]string{
				"moved manifests:prod/east/web#/ConfigMap//a in prod from manifests:prod/east/app#/ConfigMap//a",
				"moved manifests:prod/west/web#/ConfigMap//a in prod from manifests:prod/west/app#/ConfigMap//a"}},
		{"a directory is copied", clusters("prod/app/east"), clusters("prod/app/east", "prod/app/west"),
			[]string{"created kustomize:prod/app/west#/ConfigMap//a in prod"}},
		{"two that are the same become two with other names", clusters("prod/a", "prod/b"), clusters("prod/c", "prod/d"),
			[]string{
				"moved kustomize:prod/c#/ConfigMap//a in prod from kustomize:prod/a#/ConfigMap//a or kustomize:prod/b#/ConfigMap//a",
				"moved kustomize:prod/d#/ConfigMap//a in prod from kustomize:prod/b#/ConfigMap//a or kustomize:prod/a#/ConfigMap//a"}},
		{"two that are the same become one", clusters("prod/a", "prod/b"), clusters("prod/c"),
			[]string{
				"created kustomize:prod/c#/ConfigMap//a in prod or kustomize:prod/a#/ConfigMap//a or kustomize:prod/b#/ConfigMap//a",
				"deleted kustomize:prod/a#/ConfigMap//a in prod at prod/c/a.yaml:1 or kustomize:prod/c#/ConfigMap//a",
				"deleted kustomize:prod/b#/ConfigMap//a in prod at prod/b/a.yaml:0 or kustomize:prod/c#/ConfigMap//a"}},

		{"a generated ConfigMap", generated("configMapGenerator", "", "k=v"), generated("configMapGenerator", "", "k=w"),
			[]string{"updated kustomize:k#/ConfigMap//web-HASH: data.k metadata.name from kustomize:k#/ConfigMap//web-HASH"}},
		{"a generated Secret", generated("secretGenerator", "", "k=v"), generated("secretGenerator", "", "k=w"),
			[]string{"updated kustomize:k#/Secret//web-HASH: data.k metadata.name from kustomize:k#/Secret//web-HASH"}},
		{"a prefix and a suffix beside the hash",
			generated("configMapGenerator", "namePrefix: x-\nnameSuffix: -y\n", "k=v"), generated("configMapGenerator", "namePrefix: x-\nnameSuffix: -y\n", "k=w"),
			[]string{"updated kustomize:k#/ConfigMap//x-web-y-HASH: data.k metadata.name from kustomize:k#/ConfigMap//x-web-y-HASH"}},
		{"another prefix is another name",
			generated("configMapGenerator", "namePrefix: x-\n", "k=v"), generated("configMapGenerator", "namePrefix: z-\n", "k=w"),
			[]string{"created kustomize:k#/ConfigMap//z-web-HASH", "deleted kustomize:k#/ConfigMap//x-web-HASH at k/kustomization.yaml:3"}},
		{"two generators, one of which changes",
			generated("configMapGenerator", "", "k=v") + "  - {name: api, literals: [k=v]}\n", generated("configMapGenerator", "", "k=v") + "  - {name: api, literals: [k=w]}\n",
			[]string{"updated kustomize:k#/ConfigMap//api-HASH: data.k metadata.name from kustomize:k#/ConfigMap//api-HASH"}},
		{"one base name in two namespaces",
			generated("configMapGenerator", "", "k=v") + "  - {name: web, namespace: shop, literals: [k=1]}\n",
			generated("configMapGenerator", "", "k=w") + "  - {name: web, namespace: shop, literals: [k=2]}\n",
			[]string{
				"updated kustomize:k#/ConfigMap//web-HASH: data.k metadata.name from kustomize:k#/ConfigMap//web-HASH",
				"updated kustomize:k#/ConfigMap/shop/web-HASH: data.k metadata.name from kustomize:k#/ConfigMap/shop/web-HASH"}},
		{"a generator in place of another", generated("configMapGenerator", "", "k=v"), strings.Replace(generated("configMapGenerator", "", "k=v"), "web", "api", 1),
			[]string{"created kustomize:k#/ConfigMap//api-HASH", "deleted kustomize:k#/ConfigMap//web-HASH at k/kustomization.yaml:2"}},
		{"the hash goes from the name", generated("configMapGenerator", "", "k=v"),
			generated("configMapGenerator", "generatorOptions: {disableNameSuffixHash: true}\n", "k=v"),
			[]string{"created kustomize:k#/ConfigMap//web", "deleted kustomize:k#/ConfigMap//web-HASH at k/kustomization.yaml:3"}},
		{"names that look like generated ones",
			"-- k/kustomization.yaml --\nresources: [a.yaml]\n-- k/a.yaml --\n" + strings.Replace(configA, "name: a", "name: web-bdg947hgcc", 1),
			"-- k/kustomization.yaml --\nresources: [a.yaml]\n-- k/a.yaml --\n" + strings.Replace(configA, "name: a", "name: web-mgtm594d64", 1),
			[]string{"created kustomize:k#/ConfigMap//web-HASH", "deleted kustomize:k#/ConfigMap//web-HASH at k/a.yaml:3"}},
		{"what kustomize built is committed",
			"-- k/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-bdg947hgcc}\ndata: {k: v}\n",
			"-- k/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-mgtm594d64}\ndata: {k: w}\n",
			[]string{"updated manifests:k#/ConfigMap//web-HASH: data.k metadata.name from manifests:k#/ConfigMap//web-HASH"}},
		{"a renamed directory and a generated name",
			"-- k/more.yaml --\n" + configA + generated("configMapGenerator", "resources: [more.yaml]\n", "k=v"),
			"-- l/more.yaml --\n" + configA + strings.Replace(generated("configMapGenerator", "resources: [more.yaml]\n", "k=w"), "-- k/", "-- l/", 1),
			[]string{
				"moved kustomize:l#/ConfigMap//a from kustomize:k#/ConfigMap//a",
				"moved kustomize:l#/ConfigMap//web-HASH: data.k metadata.name from kustomize:k#/ConfigMap//web-HASH"}},
		{"a checksum in a name of a chart", summed("ConfigMap", "v"), summed("ConfigMap", "w"),
			[]string{"updated helm:chart#/ConfigMap/default/web-SUM: data.k metadata.name from helm:chart#/ConfigMap/default/web-SUM"}},
		{"a claim with another checksum is another volume", summed("PersistentVolumeClaim", "v"), summed("PersistentVolumeClaim", "w"),
			[]string{
				"created helm:chart#/PersistentVolumeClaim/default/web-SUM",
				"deleted helm:chart#/PersistentVolumeClaim/default/web-SUM at chart/values.yaml:1"}},
		{"a checksum that a person wrote",
			chartYAML + "-- chart/templates/a.yaml --\n" + strings.Replace(configA, "name: a", "name: web-0f2c6d11", 1),
			chartYAML + "-- chart/templates/a.yaml --\n" + strings.Replace(configA, "name: a", "name: web-1e3b7a22", 1),
			[]string{"created helm:chart#/ConfigMap/default/web-SUM", "deleted helm:chart#/ConfigMap/default/web-SUM at chart/templates/a.yaml:3"}},
		{"the revision of a release is the same on both sides",
			chartYAML + "-- chart/values.yaml --\nk: v\n-- chart/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'web-{{ .Release.Revision }}'}\ndata: {k: {{ .Values.k }}}\n",
			chartYAML + "-- chart/values.yaml --\nk: w\n-- chart/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'web-{{ .Release.Revision }}'}\ndata: {k: {{ .Values.k }}}\n",
			[]string{"updated helm:chart#/ConfigMap/default/web-1: data.k"}},
		{"generateName", "-- a.yaml --\napiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\nspec: {size: 1}\n",
			"-- a.yaml --\napiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\nspec: {size: 2}\n",
			[]string{"updated manifests:.#batch/Job//run-: spec.size"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, unhashed(transitions(changeFacts(t, c.base, c.head)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What only documents change needs no second look at the base.
func TestBaseIsNotReadInVain(t *testing.T) {
	t.Parallel()
	c := changeFacts(t, "-- plain/a.yaml --\n"+configA+"-- docs/a.md --\nx\n", "-- plain/a.yaml --\n"+configA+"-- docs/a.md --\ny\n-- main.tf --\n")
	if d := c.facts().Objects[0].Change; d == nil || d.Action != "unchanged" {
		t.Errorf("change %v", d)
	}
}

// Neither the secret of the base nor that of the head stands in the facts.
func TestTransitionsHideSecrets(t *testing.T) {
	t.Parallel()
	secret := func(name, value string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + "}\nstringData: {password: " + value + "}\n"
	}
	c := changeFacts(t,
		"-- a.yaml --\n"+secret("a", "Tr0ub4dor-first")+"---\n"+secret("b", "Tr0ub4dor-gone"),
		"-- a.yaml --\n"+secret("a", "Tr0ub4dor-second"))
	want := []string{"updated manifests:.#/Secret//a: stringData.password", "deleted manifests:.#/Secret//b at a.yaml:4"}
	if diff := cmp.Diff(want, transitions(c)); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(c.facts())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "Tr0ub4dor") {
		t.Errorf("a secret stands in the facts: %s", text)
	}
}
