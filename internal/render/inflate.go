package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// inflatorKind is the generator of kustomize that runs helm. It never runs
// here: its charts are rendered by the engine and put in its place.
const inflatorKind = "HelmChartInflationGenerator"

// inflation is one chart that a kustomization inflates:
// https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_helmchartinflationgenerator_
type inflation struct {
	types.HelmChart
	home     string // chartHome, as written
	dir      string // of the kustomization
	document *source.Document
	at       source.Path // of the entry in doc; empty if doc is the generator
	inline   string      // key of the inline values in the entry
	// host is where doc stands if it is a text inside a kustomization.
	host source.Position
}

// place is the position of a field of the entry, or of the entry itself.
func (c inflation) place(field ...any) source.Position {
	if c.host.File != "" {
		return c.host
	}
	pos, _ := c.document.Locate(append(c.at[:len(c.at):len(c.at)], field...))
	return pos
}

func (c inflation) fault(field, msg, hint string) error {
	at := []any{}
	if field != "" {
		at = append(at, field)
	}
	return &source.Error{Position: c.place(at...), Msg: msg, Hint: hint}
}

// inflations are the charts of the fields helmCharts and, older,
// helmChartInflationGenerator. The error is a *source.Error.
func inflations(document *source.Document, dir string) ([]inflation, error) {
	var globals types.HelmGlobals
	var out []inflation
	if v, ok := doc.Lookup(document.Value, "helmGlobals"); ok {
		if err := decodeField(document, source.Path{"helmGlobals"}, v, &globals); err != nil {
			return nil, err
		}
	}
	list, err := entries(document, "helmCharts")
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		c := inflation{dir: dir, document: document, at: source.Path{"helmCharts", i}, inline: "valuesInline"}
		if err := decodeField(document, c.at, e, &c.HelmChart); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if list, err = entries(document, "helmChartInflationGenerator"); err != nil {
		return nil, err
	}
	var old []types.HelmChartArgs
	for i, e := range list {
		var a types.HelmChartArgs
		at := source.Path{"helmChartInflationGenerator", i}
		if err := decodeField(document, at, e, &a); err != nil {
			return nil, err
		}
		if len(a.ExtraArgs) > 0 {
			pos, _ := document.Locate(append(at, "extraArgs"))
			return nil, &source.Error{Position: pos, Msg: "arguments for a helm program cannot be judged", Hint: "use helmCharts"}
		}
		old = append(old, a)
		charts, more := types.SplitHelmParameters(old[i:])
		if more.ChartHome != "" {
			globals.ChartHome = more.ChartHome
		}
		c := inflation{HelmChart: charts[0], dir: dir, document: document, at: at, inline: "valuesLocal"}
		c.Namespace = a.ReleaseNamespace
		out = append(out, c)
	}
	for i := range out {
		out[i].home = globals.ChartHome
	}
	return out, nil
}

func entries(document *source.Document, field string) ([]any, error) {
	v, ok := doc.Lookup(document.Value, field)
	if !ok || v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		pos, _ := document.Locate(source.Path{field})
		return nil, &source.Error{Position: pos, Msg: field + " is not a list"}
	}
	return list, nil
}

// inflator is the chart of a generator in a document of its own; ok is false
// if the document is none.
func inflator(document *source.Document, dir string, host source.Position) (c inflation, ok bool, err error) {
	m := doc.Map(document.Value)
	if m["kind"] != inflatorKind {
		return c, false, nil
	}
	fields := make(map[string]any, len(m))
	for k, v := range m {
		if k != "apiVersion" && k != "kind" && k != "metadata" {
			fields[k] = v
		}
	}
	var config struct {
		types.HelmGlobals
		types.HelmChart
	}
	if err := decodeField(document, nil, fields, &config); err != nil {
		return c, true, err
	}
	return inflation{HelmChart: config.HelmChart, home: config.ChartHome, dir: dir, document: document, inline: "valuesInline", host: host}, true, nil
}

// decodeField decodes a part of a document, strictly: a field that is not
// understood could change what the chart renders.
func decodeField(document *source.Document, at source.Path, v, into any) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = yaml.UnmarshalStrict(text, into)
	}
	if err != nil {
		pos, _ := document.Locate(at)
		return &source.Error{Position: pos, Msg: "chart of a kustomization: " + strings.TrimPrefix(err.Error(), "error unmarshaling JSON: while decoding JSON: ")}
	}
	return nil
}

// chart returns the directory of the chart: below chartHome, as kustomize
// looks for it, in a directory with the version first if a repository and a
// version are named.
func (c inflation) chart(read func(string) ([]byte, error), exists func(string) bool) (string, error) {
	if c.Name == "" {
		return "", c.fault("", "the chart has no name", "")
	}
	if strings.HasPrefix(c.Name, "-") || strings.HasPrefix(c.ReleaseName, "-") {
		return "", c.fault("", "names of charts and releases do not begin with a dash", "")
	}
	home, ok := source.Join(c.dir, cmp.Or(c.home, types.HelmDefaultHome))
	if !ok || path.IsAbs(c.home) {
		return "", &fault{at: asError(c.fault("", fmt.Sprintf("chartHome %q leaves the repository", c.home), "")), cause: source.ErrEscapes}
	}
	var candidates []string
	if c.Version != "" && c.Repo != "" {
		candidates = append(candidates, path.Join(c.Name+"-"+c.Version, c.Name))
	}
	for _, name := range append(candidates, c.Name) {
		dir, ok := source.Join(home, name)
		if !ok {
			return "", &fault{at: asError(c.fault("name", fmt.Sprintf("chart %q leaves the repository", c.Name), "")), cause: source.ErrEscapes}
		}
		if exists(path.Join(dir, "Chart.yaml")) {
			return dir, c.sameVersion(read, path.Join(dir, "Chart.yaml"))
		}
	}
	if c.Repo == "" {
		return "", c.fault("name", fmt.Sprintf("there is no chart at %q", path.Join(home, c.Name)), "commit the chart there, or correct name or helmGlobals.chartHome")
	}
	absent := c.fault("name", fmt.Sprintf("chart %q of %s is not in the repository; nothing is fetched", c.Name, c.Repo), c.vendorHint(home))
	at := asError(absent)
	at.Cause = source.CauseChart
	return "", &fault{at: at, cause: errNotVendored}
}

// sameVersion refuses a vendored chart that is not of the version that the
// kustomization asks for: it is not what a build elsewhere would pull.
func (c inflation) sameVersion(read func(string) ([]byte, error), file string) error {
	if c.Version == "" {
		return nil
	}
	data, err := read(file)
	if err != nil {
		return err
	}
	var meta struct{ Version string }
	if err := yaml.Unmarshal(data, &meta); err != nil {
		return nil // loading the chart says what is wrong
	}
	if meta.Version != c.Version && !chartutil.IsCompatibleRange(c.Version, meta.Version) {
		return c.fault("version", fmt.Sprintf("version %q is asked for, the chart at %q is of version %q", c.Version, path.Dir(file), meta.Version),
			c.vendorHint(path.Dir(path.Dir(file))))
	}
	return nil
}

func (c inflation) vendorHint(home string) string {
	what := source.ShellOperand(c.Name)
	switch {
	case c.Repo == "":
		return "vendor the chart in that version, or correct version"
	case strings.HasPrefix(c.Repo, "oci://"):
		what = source.ShellWord(strings.TrimSuffix(c.Repo, "/") + "/" + c.Name)
	default:
		what += " --repo " + source.ShellWord(c.Repo)
	}
	if c.Version != "" {
		what += " --version " + source.ShellQuoted(c.Version)
		if path.Base(home) != c.Name+"-"+c.Version {
			home = path.Join(home, c.Name+"-"+c.Version)
		}
	}
	return fmt.Sprintf("vendor it: helm pull %s --untar --untardir %s", what, source.ShellWord(home))
}
