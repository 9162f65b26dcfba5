package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
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

// dependencyHint is the command that vendors what a chart depends on. With a lock,
// helm builds from repositories that were added and no others, and not where the lock
// is of other dependencies.
func dependencyHint(c *chart.Chart, dir string) string {
	build := "helm dependency build " + source.ShellOperand(dir)
	if c.Lock == nil {
		return build
	}
	if c.Metadata.APIVersion != chart.APIVersionV1 && c.Lock.Digest != lockDigest(c.Metadata.Dependencies, c.Lock.Dependencies) {
		return "helm dependency update " + source.ShellOperand(dir)
	}
	var commands []string
	for _, d := range c.Lock.Dependencies {
		if d == nil || !strings.HasPrefix(d.Repository, "https://") && !strings.HasPrefix(d.Repository, "http://") {
			continue
		}
		add := "helm repo add " + repositoryName(d.Repository) + " " + source.ShellWord(d.Repository)
		if !slices.Contains(commands, add) {
			commands = append(commands, add)
		}
	}
	return strings.Join(append(commands, build), " && ")
}

// lockDigest is what a lock says of the dependencies that it is of:
// https://github.com/helm/helm/blob/v3.22.0/internal/resolver/resolver.go (HashReq).
func lockDigest(asked, locked []*chart.Dependency) string {
	data, err := json.Marshal([2][]*chart.Dependency{asked, locked})
	if err != nil {
		return ""
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(data))
}

// repositoryName is a name for a repository of charts, of its address.
func repositoryName(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	words := strings.FieldsFunc(strings.ToLower(rest), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	if len(words) == 0 {
		return "charts"
	}
	return strings.Join(words, "-")
}
