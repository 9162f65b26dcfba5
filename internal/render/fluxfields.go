package render

import (
	"cmp"
	"fmt"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/strvals"
)

// CommonMetadata are labels and annotations that a controller sets in every
// object after it is rendered; pod templates do not get them.
type CommonMetadata struct {
	Labels, Annotations map[string]any
}

func (c CommonMetadata) empty() bool { return len(c.Labels) == 0 && len(c.Annotations) == 0 }

// commonMetadata reads spec.commonMetadata of a Flux object.
func (d deployer) commonMetadata() CommonMetadata {
	m := doc.Map(d.obj, "spec", "commonMetadata")
	return CommonMetadata{Labels: doc.Map(m, "labels"), Annotations: doc.Map(m, "annotations")}
}

// commonMetadata sets them; what they set stands in the controller's object.
func (r *Rendered) commonMetadata() {
	c := r.Unit.Common
	if c.empty() {
		return
	}
	for i, o := range r.Objects {
		manifest := doc.Merge(o.Manifest, nil)
		meta := doc.Merge(doc.Map(manifest, "metadata"), nil)
		for field, add := range map[string]map[string]any{"labels": c.Labels, "annotations": c.Annotations} {
			if len(add) > 0 {
				meta[field] = doc.Merge(doc.Map(meta[field]), add)
			}
		}
		manifest["metadata"] = meta
		r.Objects[i].made = true
		r.Objects[i].Manifest, r.Objects[i].Locator = manifest, c.locator(o.Locator, r.Unit.Defined)
	}
}

func (c CommonMetadata) locator(l source.Locator, by source.Position) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if len(p) == 3 && p[0] == "metadata" {
			name, _ := p[2].(string)
			_, label := c.Labels[name]
			_, note := c.Annotations[name]
			if p[1] == "labels" && label || p[1] == "annotations" && note {
				loc := source.Location{Position: by}
				loc.Approximate = true
				return loc
			}
		}
		return l.Locate(p)
	})
}

// withChart puts the HelmChart that chartRef leads to in the place of the
// chart of a HelmRelease.
func (f flux) withChart(d deployer) deployer {
	ref := doc.Map(d.obj, "spec", "chartRef")
	if doc.Text(ref, "kind") != "HelmChart" {
		return d
	}
	o, ok := f.object("HelmChart", cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name"))
	if !ok {
		return d
	}
	spec := doc.Merge(doc.Map(d.obj, "spec"), nil)
	chart := doc.Merge(doc.Map(o.obj, "spec"), nil)
	if source := doc.Map(chart, "sourceRef"); source != nil && source["namespace"] == nil {
		chart["sourceRef"] = doc.Merge(source, map[string]any{"namespace": doc.Text(o.obj, "metadata", "namespace")})
	}
	spec["chart"] = map[string]any{"spec": chart}
	release := d.loc
	d.obj = doc.Merge(d.obj, nil)
	d.obj["spec"] = spec
	d.loc = source.LocatorFunc(func(p source.Path) source.Location {
		if len(p) >= 3 && p[0] == "spec" && p[1] == "chart" && p[2] == "spec" {
			return o.loc.Locate(append(source.Path{"spec"}, p[3:]...))
		}
		if len(p) >= 2 && p[0] == "spec" && p[1] == "chart" {
			return release.Locate(source.Path{"spec", "chartRef"})
		}
		return release.Locate(p)
	})
	return d
}

// shortRelease shortens the name of a release as Flux does: 40 characters, a
// dash, 12 digits of the SHA-256 of the whole name.
// https://fluxcd.io/flux/components/helm/helmreleases/#release-name
func shortRelease(name string) string {
	if len(name) <= 53 {
		return name
	}
	return name[:40] + "-" + sumOf([]byte(name))[:12]
}

// setPath sets the value of a reference with targetPath: in quotes it stays a
// text, else it is read as helm's --set does.
// https://fluxcd.io/flux/components/helm/helmreleases/#values-references
func setPath(target, text string, values map[string]any) error {
	for _, quote := range []string{`"`, `'`} {
		if len(text) > 1 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			return strvals.ParseIntoString(target+"="+strings.Trim(text, `'"`), values)
		}
	}
	return strvals.ParseInto(target+"="+text, values)
}

// formerPatches are the patches in the fields of v1beta2 that v1 no longer has.
func (d deployer) formerPatches() ([]any, error) {
	var out []any
	for _, e := range doc.List(d.obj, "spec", "patchesStrategicMerge") {
		text, err := yaml.Marshal(e)
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"patch": string(text)})
	}
	for _, e := range doc.List(d.obj, "spec", "patchesJson6902") {
		m := doc.Map(e)
		if doc.Map(m, "target") == nil {
			return nil, fmt.Errorf("an entry of patchesJson6902 has no target")
		}
		text, err := yaml.Marshal(m["patch"])
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"patch": string(text), "target": m["target"]})
	}
	return out, nil
}
