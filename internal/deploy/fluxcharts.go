package deploy

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/fetch"
	"gate/internal/render"
	"gate/internal/source"
)

// valuesDir is the directory that value files of a release's chart stand in.
func (f flux) valuesDir(u render.Unit) string {
	if u.Fetch != nil {
		return render.FetchedDir(*u.Fetch)
	}
	return "."
}

// repositoryChart is the chart of a HelmRepository or OCIRepository that is in
// the tree, or nil: https://fluxcd.io/flux/components/source/
func (f flux) repositoryChart(d deployer) *fetch.Chart {
	namespace := doc.Text(d.obj, "metadata", "namespace")
	if name := doc.Text(d.obj, "spec", "chart", "spec", "chart"); name != "" {
		ref := doc.Map(d.obj, "spec", "chart", "spec", "sourceRef")
		if doc.Text(ref, "kind") != "HelmRepository" {
			return nil
		}
		o, ok := f.object(d, "HelmRepository", cmp.Or(doc.Text(ref, "namespace"), namespace), doc.Text(ref, "name"))
		if !ok {
			return nil
		}
		return render.RemoteChart(doc.Text(o.obj, "spec", "url"), name, asText(orNil(doc.At(d.obj, "spec", "chart", "spec", "version"))))
	}
	ref := doc.Map(d.obj, "spec", "chartRef")
	o, ok := f.object(d, "OCIRepository", cmp.Or(doc.Text(ref, "namespace"), namespace), doc.Text(ref, "name"))
	if !ok || doc.Text(ref, "kind") != "OCIRepository" || doc.Text(o.obj, "spec", "ref", "digest") != "" {
		return nil
	}
	repository, name := path.Split(strings.TrimRight(doc.Text(o.obj, "spec", "url"), "/"))
	if version := cmp.Or(doc.Text(o.obj, "spec", "ref", "semver"), doc.Text(o.obj, "spec", "ref", "tag")); version != "" {
		return render.RemoteChart(repository, name, version)
	}
	return render.RemoteChart(repository, name, "")
}

// withChart puts the HelmChart that chartRef leads to in the place of the
// chart of a HelmRelease.
func (f flux) withChart(d deployer) deployer {
	ref := doc.Map(d.obj, "spec", "chartRef")
	if doc.Text(ref, "kind") != "HelmChart" {
		return d
	}
	o, ok := f.object(d, "HelmChart", cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name"))
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

func (f flux) vendorHint(d deployer, chart string) string {
	if chart == "" {
		return "vendor the chart and name it under units in .gate.yaml"
	}
	repo, version := "", doc.Text(d.obj, "spec", "chart", "spec", "version")
	if o, ok := f.object(d, "HelmRepository", "", doc.Text(d.obj, "spec", "chart", "spec", "sourceRef", "name")); ok {
		repo = doc.Text(o.obj, "spec", "url")
	}
	return pullHint(chart, repo, version)
}

// pullHint is how a chart gets into the tree. repo and version may be empty. helm
// takes no --repo that is a registry: https://helm.sh/docs/topics/registries/.
func pullHint(chart, repo, version string) string {
	command := "helm pull "
	switch oci, registry := strings.CutPrefix(repo, "oci://"); {
	case repo == "":
		command += source.ShellOperand(chart)
	case registry || !strings.Contains(repo, "://"): // Argo CD names registries without a scheme
		command += source.ShellWord("oci://" + strings.Trim(oci, "/") + "/" + chart)
	default:
		command += source.ShellOperand(chart) + " --repo " + source.ShellWord(repo)
	}
	if version != "" {
		command += " --version " + source.ShellQuoted(version)
	}
	return fmt.Sprintf("vendor it: %s --untar --untardir vendor, and name %s under units in .gate.yaml", command, source.ShellWord("vendor/"+path.Base(chart)))
}

// referredChart is the address of the chart that chartRef leads to, else the
// name of what it leads to.
func (f flux) referredChart(d deployer) string {
	ref := doc.Map(d.obj, "spec", "chartRef")
	o, ok := f.object(d, doc.Text(ref, "kind"), cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), doc.Text(ref, "name"))
	if !ok {
		return doc.Text(ref, "name")
	}
	if url := doc.Text(o.obj, "spec", "url"); url != "" { // OCIRepository
		return url
	}
	return cmp.Or(doc.Text(o.obj, "spec", "chart"), doc.Text(ref, "name")) // HelmChart
}
