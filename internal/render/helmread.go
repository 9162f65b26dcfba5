package render

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

func namespaceOf(u Unit) string {
	if u.Namespace == "" {
		return "default"
	}
	return u.Namespace
}

// missingDependencies names what Chart.yaml asks for and charts/ lacks; Helm
// refuses to install such a chart even if the dependency is switched off.
func missingDependencies(c *chart.Chart) []string {
	have := map[string]bool{}
	for _, d := range c.Dependencies() {
		have[d.Name()] = true
	}
	var missing []string
	for _, d := range c.Metadata.Dependencies {
		if d != nil && !have[d.Name] {
			missing = append(missing, d.Name)
		}
	}
	sort.Strings(missing)
	return missing
}

// helmVersion is what charts are told of Helm.
const helmVersion = "v3.22.0"

// capabilities are what .Capabilities answers: a cluster with the built-in
// APIs of the unit's version. chartutil's own default is v1.20.
func capabilities(u Unit) (*chartutil.Capabilities, error) {
	want := u.ClusterVersion()
	if want == "" {
		want = DefaultKubeVersion
	}
	if strings.Count(want, ".") == 1 {
		want += ".0" // a cluster always tells a patch version
	}
	v, err := chartutil.ParseKubeVersion(want)
	if err != nil {
		return nil, fmt.Errorf("kubeVersion %q is no version", u.ClusterVersion())
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *v
	caps.HelmVersion.Version = helmVersion
	caps.HelmVersion.GitCommit, caps.HelmVersion.GitTreeState, caps.HelmVersion.GoVersion = strings.Repeat("0", 40), "clean", "go1.25.0"
	caps.APIVersions = slices.Concat(caps.APIVersions, aggregatorAPIs, u.apis())
	return caps, nil
}

// aggregatorAPIs are what every cluster serves beside the types of k8s.io/api,
// which are all that chartutil knows.
var aggregatorAPIs = chartutil.VersionSet{"apiregistration.k8s.io/v1", "apiregistration.k8s.io/v1/APIService"}

// readValues reads value files in order; later ones win.
func readValues(in *input, names []string) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range names {
		data, err := in.read(name)
		if err != nil {
			return nil, err
		}
		// Cycles and bombs are refused here; Helm's own reading decides what the
		// scalars are.
		docs, err := source.ParseValues(name, data)
		if err != nil {
			return nil, err
		}
		in.repeated(docs)
		vals, err := chartutil.ReadValues(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
		if err != nil {
			return nil, fault1(name, "value file: "+err.Error(), "")
		}
		out = doc.Merge(out, vals)
	}
	return out, nil
}
