package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// everything is a render in which nothing is fixed.
var everything = Watch{
	Upgrade: true, APIs: true, Version: "v1.33.0", Helm: "v3.22.0", Revised: true,
	Unknown: UnknownHost | UnknownBuild | UnknownLookup | UnknownRevision | UnknownClock | UnknownChance | UnknownNamespace | UnknownName,
}

func watched(text, helper, value string) (*chart.Chart, func() chartutil.Values) {
	c := &chart.Chart{Metadata: &chart.Metadata{Name: "c", Version: "1.0.0"}, Templates: []*chart.File{
		{Name: "templates/a.yaml", Data: []byte(text)}, {Name: "templates/_h.tpl", Data: []byte(helper)},
	}}
	return c, func() chartutil.Values {
		caps := chartutil.DefaultCapabilities.Copy()
		caps.HelmVersion.Version = "v3.22.0"
		caps.KubeVersion = chartutil.KubeVersion{Version: "v1.33.0", Major: "1", Minor: "33"}
		return chartutil.Values{
			"Chart": c.Metadata, "Values": map[string]any{"t": value, "no": false, "yes": true, "name": "s"}, "Capabilities": caps,
			"Release": map[string]any{"Name": "rel", "Namespace": "ns", "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
		}
	}
}

// TestAsked checks what is told of what templates ask of what is open.
func TestAsked(t *testing.T) {
	t.Parallel()
	const upgrade, lookup = "upgrade", "what lookup finds"
	for name, tc := range map[string]struct{ text, helper, value, want string }{
		"nothing":                    {text: "{{ .Release.Name }}{{ .Release.Namespace }}{{ if .Values.yes }}a{{ end }}"},
		"upgrade":                    {text: "{{ if .Release.IsUpgrade }}a{{ end }}", want: upgrade},
		"install":                    {text: "{{ with .Release }}{{ if not .IsInstall }}a{{ end }}{{ end }}", want: upgrade},
		"not reached":                {text: "{{ if .Values.no }}{{ .Release.IsUpgrade }}{{ end }}"},
		"by index":                   {text: `{{ index .Release "IsUpgrade" }}`, want: upgrade},
		"by a computed name":         {text: `{{ get (index $ (print "Rel" "ease")) (print "Is" "Upgrade") }}`, want: "Helm, " + upgrade + ", version"},
		"range over release":         {text: `{{ range $k, $v := .Release }}{{ $k }}{{ end }}`, want: upgrade},
		"root as YAML":               {text: `{{ toYaml . | sha256sum }}`, want: "Helm, " + upgrade + ", version"},
		"in a helper":                {text: `{{ include "h" . }}`, helper: `{{ define "h" }}{{ $.Release.IsUpgrade }}{{ end }}`, want: upgrade},
		"in tpl":                     {text: "{{ tpl .Values.t . }}", value: "{{ if .Release.IsUpgrade }}a{{ end }}", want: upgrade},
		"API":                        {text: `{{ if .Capabilities.APIVersions.Has "x/v1" }}a{{ end }}`, want: "API x/v1"},
		"API by a variable":          {text: `{{ $c := .Capabilities.APIVersions }}{{ if $c.Has (printf "%s/v1" "x") }}a{{ end }}`, want: "API x/v1"},
		"API by a pipe":              {text: `{{ "x/v1" | .Capabilities.APIVersions.Has }}`, want: "API x/v1"},
		"API in a list":              {text: `{{ has "x/v1/Y" .Capabilities.APIVersions }}`, want: "API x/v1/Y"},
		"version":                    {text: `{{ semverCompare ">=1.34-0" .Capabilities.KubeVersion.Version }}`, want: "version >=1.34-0"},
		"version by a helper":        {text: `{{ if semverCompare "<1.30-0" (include "h" .) }}a{{ end }}`, helper: `{{ define "h" }}{{ default .Capabilities.KubeVersion.Version .Values.kubeVersion }}{{ end }}`, want: "version <1.30-0"},
		"version as a label":         {text: `{{ .Capabilities.KubeVersion.Version }}`},
		"minor version":              {text: `{{ if gt (int .Capabilities.KubeVersion.Minor) 33 }}a{{ end }}`, want: "version"},
		"part of the version":        {text: `{{ $v := .Capabilities.KubeVersion.GitVersion }}{{ hasPrefix "v1.34" $v }}`, want: "version"},
		"chart's own range":          {text: `{{ eq .Chart.KubeVersion "x" }}`},
		"lookup":                     {text: "\n" + `{{ if (lookup "v1" "Secret" "" "") }}a{{ end }}`, want: "templates/a.yaml:2 no " + lookup},
		"lookup by a variable":       {text: `{{ $s := lookup "v1" "Secret" "n" "s" }}{{ if $s }}a{{ end }}`, want: "templates/a.yaml:1 no " + lookup},
		"lookup of a field":          {text: `{{ $s := (lookup "v1" "Secret" "n" "s").data }}{{ with $s.x }}a{{ end }}`, want: "templates/a.yaml:1 no " + lookup},
		"range over a lookup":        {text: `{{ range (lookup "v1" "Pod" "" "").items }}a{{ end }}`, want: "templates/a.yaml:1 no " + lookup},
		"and a value that is off":    {text: `{{ if and .Values.no (lookup "v1" "Secret" "" "") }}a{{ end }}`},
		"and a value that is on":     {text: `{{ if and .Values.yes (not (lookup "v1" "Secret" "" "")) }}a{{ end }}`, want: "templates/a.yaml:1 no " + lookup},
		"yes or no":                  {text: `{{ $x := eq (len (lookup "v1" "Secret" "" "")) 0 }}{{ if $x }}a{{ end }}`, want: "templates/a.yaml:1 yes " + lookup},
		"lookup in a dict":           {text: `{{ include "h" (dict "s" (lookup "v1" "S" "" "") "o" 1) }}`, helper: `{{ define "h" }}{{ if .o }}{{ if .s }}a{{ end }}{{ end }}{{ end }}`, want: "templates/_h.tpl:1 no " + lookup},
		"lookup in the values":       {text: `{{ $_ := set .Values "x" (lookup "v1" "S" "" "") }}{{ if .Values.x }}a{{ end }}`, want: "templates/a.yaml:1 no " + lookup},
		"what a helper says":         {text: `{{ if eq (include "h" .) "true" }}a{{ end }}`, helper: `{{ define "h" }}{{ if (lookup "v1" "S" "" "") }}true{{ end }}{{ end }}`, want: "templates/_h.tpl:1 no " + lookup},
		"what a helper prints":       {text: `{{ if eq (include "h" .) "3" }}a{{ end }}`, helper: `{{ define "h" }}{{ randNumeric 1 }}{{ end }}`, want: "templates/a.yaml:1 no chance"},
		"a password":                 {text: `{{ $p := randAlphaNum 10 | b64enc | quote }}{{ if $p }}a{{ end }}{{ with $p }}a{{ end }}{{ $p }}{{ sha256sum $p }}`},
		"chance":                     {text: `{{ if gt (randNumeric 1 | int) 20 }}a{{ end }}`, want: "templates/a.yaml:1 no chance"},
		"chance as a number":         {text: `{{ if randInt 1 2 }}a{{ end }}`, want: "templates/a.yaml:1 yes chance"},
		"clock":                      {text: `{{ if eq (now | date "2006") "2027" }}a{{ end }}`, want: "templates/a.yaml:1 no the clock"},
		"clock by a ternary":         {text: `{{ ternary "a" "b" (gt (now | unixEpoch | int) 3) }}`, want: "templates/a.yaml:1 no the clock"},
		"a date":                     {text: `{{ now | date "2006" }}`},
		"printed answer":             {text: `a: {{ ne (now | date "2006") "2027" }}`, want: "templates/a.yaml:1 yes the clock"},
		"ternary of a lookup":        {text: `{{ (lookup "v1" "S" "" "").data | ternary "a" "b" }}`, want: "fails"},
		"version of Helm":            {text: `{{ if semverCompare "<3.9" .Capabilities.HelmVersion.Version }}a{{ end }}`, want: "Helm <3.9"},
		"version of Helm by prefix":  {text: `{{ if hasPrefix "v4" .Capabilities.HelmVersion.Version }}a{{ end }}`, want: "Helm"},
		"version of Helm as a label": {text: `{{ .Capabilities.HelmVersion.Version }}`},
		"build of Helm":              {text: `{{ if eq .Capabilities.HelmVersion.GoVersion "go1.1" }}a{{ end }}`, want: "templates/a.yaml:1 no the build of Helm"},
		"a name":                     {text: `{{ if getHostByName "db" }}a{{ end }}`, want: "templates/a.yaml:1 no what a name resolves to"},
		"a name with":                {text: `{{ with getHostByName "db" }}a: {{ . }}{{ end }}`, want: "templates/a.yaml:1 no what a name resolves to"},
		"namespace":                  {text: `{{ if eq .Release.Namespace "prod" }}a{{ end }}`, want: "templates/a.yaml:1 no the namespace of the release"},
		"namespace in a name":        {text: `{{ printf "%s-a" .Release.Namespace | trunc 63 }}`},
		"name of every chart":        {text: `{{ $name := default .Chart.Name .Values.n }}{{ if contains $name .Release.Name }}a{{ else }}b{{ end }}`},
		"name":                       {text: `{{ if eq .Release.Name "prod" }}a{{ end }}`, want: "templates/a.yaml:1 no the name of the release"},
		"revision":                   {text: `{{ if gt .Release.Revision 5 }}a{{ end }}`, want: upgrade + ", templates/a.yaml:1 no the revision of the release"},
		"tpl that hangs on a lookup": {text: "{{ tpl .Values.t . }}", value: `{{ if (lookup "v1" "S" "" "") }}a{{ end }}`, want: "templates/a.yaml:0 no " + lookup},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, values := watched(tc.text, tc.helper, tc.value)
			got, err := Render(t.Context(), c, values(), Options{Watch: everything})
			if err != nil {
				if tc.want != "fails" {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(tc.want, said(got.Asked)); diff != "" {
				t.Error(diff)
			}
			plain, err := Render(t.Context(), c, values(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain.Files, got.Files); diff != "" {
				t.Error("who watches changes nothing", diff)
			}
		})
	}
}

// said puts what was asked in one line.
func said(a Asked) string {
	var out []string
	if a.Upgrade {
		out = append(out, "upgrade")
	}
	for _, name := range a.APIs {
		out = append(out, "API "+name)
	}
	for _, v := range a.Versions {
		out = append(out, "version "+v)
	}
	if a.Version {
		out = append(out, "version")
	}
	for _, v := range a.Helms {
		out = append(out, "Helm "+v)
	}
	if a.Helm {
		out = append(out, "Helm")
	}
	for _, b := range a.Branches {
		way := "no"
		if b.Yes {
			way = "yes"
		}
		out = append(out, fmt.Sprintf("%s:%d %s %s", strings.TrimPrefix(b.File, "c/"), b.Line, way, b.On))
	}
	for _, b := range a.Prints {
		out = append(out, fmt.Sprintf("%s:%d prints %s", strings.TrimPrefix(b.File, "c/"), b.Line, b.On))
	}
	slices.Sort(out)
	slices.SortStableFunc(out, func(a, b string) int { return strings.Count(a, ":") - strings.Count(b, ":") })
	return strings.Join(out, ", ")
}
