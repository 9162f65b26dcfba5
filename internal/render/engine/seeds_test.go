package engine

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	helm "helm.sh/helm/v3/pkg/engine"
)

// build makes a chart of templates.
func build(templates map[string]string, values map[string]any) (*chart.Chart, chartutil.Values) {
	c := &chart.Chart{Metadata: &chart.Metadata{Name: "c", Version: "1.0.0"}, Values: map[string]any{}}
	for n, t := range templates {
		if strings.HasPrefix(n, "files/") {
			c.Files = append(c.Files, &chart.File{Name: n, Data: []byte(t)})
			continue
		}
		c.Templates = append(c.Templates, &chart.File{Name: "templates/" + n, Data: []byte(t)})
	}
	return c, chartutil.Values{
		"Chart": c.Metadata, "Values": chartutil.Values(values), "Capabilities": chartutil.DefaultCapabilities,
		"Release": map[string]any{"Name": "rel", "Namespace": "ns", "Service": "Helm"},
	}
}

func render(t testing.TB, templates map[string]string, values map[string]any, opts Options) (*Result, error) {
	t.Helper()
	c, v := build(templates, values)
	return Render(t.Context(), c, v, opts)
}

// TestEqualsHelm compares with Helm's engine, and the marked render with the
// plain one.
func TestEqualsHelm(t *testing.T) {
	templates := map[string]string{
		"_h.tpl":          "{{ define \"c.l\" }}\napp: {{ .Release.Name }}\n{{- with .Values.none }}\n{{ . }}\n{{ end }}{{ end }}{{ define \"empty\" }}   {{ end }}",
		"a.yaml":          "{{ .Values.missing.x }}|{{ .Values.none }}|{{ include \"c.l\" . | nindent 2 }}|{{ include \"empty\" . | quote }}|{{ template \"c.l\" . }}",
		"cond.yaml":       "{{ if include \"empty\" . | trim }}yes{{ else }}no{{ end }}{{ eq (include \"c.l\" . | trim) \"app: rel\" }}{{ len (include \"c.l\" .) }}",
		"lists.yaml":      "{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }},{{ else }}none{{ end }}{{ keys .Values.one }}{{ values .Values.one }}{{ range untilStep 0 10 3 }}{{ . }}{{ end }}{{ seq 3 }} {{ seq 5 1 }} {{ seq 1 2 9 }}",
		"strings.yaml":    "{{ \"a\\nb\" | indent 2 }}{{ cat \"a\" nil \"b\" }}{{ join \"-\" (list 1 \"x\" nil) }}{{ quote 1 nil \"q\" }}{{ squote \"s\" }}{{ print 1 2 \"a\" \"b\" 3 }}{{ println \"x\" }}{{ printf \"%05d %-3s|%v\" 7 \"a\" (dict \"k\" 1) }}{{ repeat 3 \"ab\" }}{{ \"aaa\" | replace \"a\" \"bb\" }}{{ wrapWith 2 \"--\" \"abcdef\" }}",
		"yaml.yaml":       "{{ toYaml .Values }}\n{{ toJson .Values }}{{ toPrettyJson .Values.map }}{{ toRawJson \"<\" }}{{ toToml .Values.one }}{{ toYamlPretty .Values.map }}{{ (fromYaml \"a: [1, 2]\").a }}{{ fromJson \"{\" }}{{ fromYamlArray \"- 1\" }}{{ fromJsonArray \"[1]\" }}{{ (fromToml \"a = 1\").a }}",
		"tpl.yaml":        "{{ tpl \"{{ .Release.Name }}\" . }}{{ tpl \"{{ define \\\"in\\\" }}x{{ end }}{{ include \\\"in\\\" . }}\" . }}{{ tpl \"plain\" . }}{{ tpl .Values.t . | nindent 2 }}{{ tpl \"{{/* c */}}\" . }}{{ tpl \"{{ .Values.nope }}\" . }}",
		"files.yaml":      "{{ .Files.Get \"files/a.txt\" }}{{ range .Files.Lines \"files/a.txt\" }}<{{ . }}>{{ end }}{{ (.Files.Glob \"files/*\").AsConfig }}{{ (.Files.Glob \"files/b*\").AsSecrets }}{{ .Files.Get \"nope\" }}",
		"more.yaml":       "{{ lookup \"v1\" \"Secret\" \"\" \"\" }}{{ getHostByName \"localhost\" }}{{ required \"m\" \"v\" }}{{ .Template.Name }} {{ .Template.BasePath }}{{ .Capabilities.HelmVersion }}{{ concat (list 1) (list 2) }}{{ until 3 }}{{ durationRound \"400s\" }}{{ .Chart.Name }}{{ .Chart.IsRoot }}",
		"time.yaml":       "{{ (toDate \"2006-01-02\" \"2020-01-02\").Year }}{{ date_in_zone \"2006-01-02\" 0 \"UTC\" }}{{ htmlDateInZone 0 \"UTC\" }}{{ toDate \"2006\" \"2020\" | unixEpoch }}",
		"sub/NOTES.txt":   "notes",
		"sub/define.yaml": "{{ define \"c.other\" }}{{ end }}{{ block \"blk\" . }}b{{ end }}{{ break_ }}",
	}
	templates["sub/define.yaml"] = strings.TrimSuffix(templates["sub/define.yaml"], "{{ break_ }}")
	templates["files/a.txt"], templates["files/b.txt"] = "one\ntwo\n", "b"
	values := func() map[string]any {
		return map[string]any{
			"none": nil, "missing": map[string]any{}, "map": map[string]any{"b": 1.5, "a": "x"}, "one": map[string]any{"k": "v"},
			"t": "{{ include \"c.l\" . }}\nline",
		}
	}
	c, v := build(templates, values())
	want, err := helm.Render(c, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, marks := range []bool{false, true} {
		res, err := render(t, templates, values(), Options{Marks: marks})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, res.Files); diff != "" {
			t.Errorf("marks %v: -helm +gate\n%s", marks, diff)
		}
		if len(res.Seeded) != 0 {
			t.Errorf("seeded: %v", res.Seeded)
		}
	}
}

// TestSeeded checks that what Helm draws at random is stable, differs where it
// should, and is reported.
func TestSeeded(t *testing.T) {
	templates := map[string]string{
		"a.yaml": "{{ randAlphaNum 12 }} {{ randAlphaNum 12 }} {{ randAlpha 8 }} {{ randNumeric 6 }} {{ randAscii 9 | b64enc }} {{ randBytes 16 }} {{ uuidv4 }} {{ randInt 5 9 }} {{ shuffle \"abcdefgh\" }}",
		"b.yaml": "{{ now | unixEpoch }} {{ date \"2006\" now }} {{ ago (now) }} {{ bcrypt \"x\" }} {{ htpasswd \"u\" \"p\" }} {{ decryptAES \"k\" (encryptAES \"k\" \"plain\") }}",
		"c.yaml": "{{ $ca := genCA \"ca\" 10 }}{{ (genSignedCert \"cn\" (list \"127.0.0.1\") (list \"a.example.com\") 5 $ca).Cert }}{{ (genSelfSignedCert \"s\" nil nil 5).Cert | len }}{{ (genCAWithKey \"ca\" 5 (genPrivateKey \"ecdsa\")).Cert | len }}{{ (genCAWithKey \"ca\" 5 (genPrivateKey \"ed25519\")).Cert | len }}{{ (buildCustomCert ($ca.Cert | b64enc) ($ca.Key | b64enc)).Cert | len }}",
	}
	opts := Options{Seed: "one", Now: time.Unix(1_700_000_000, 0)}
	first, err := render(t, templates, nil, opts)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := render(t, templates, nil, opts)
	if diff := cmp.Diff(first, second, cmpopts.IgnoreUnexported(Result{})); diff != "" {
		t.Errorf("two runs differ\n%s", diff)
	}
	opts.Seed = "two"
	other, _ := render(t, templates, nil, opts)
	a, b := strings.Fields(first.Files["c/templates/a.yaml"]), strings.Fields(other.Files["c/templates/a.yaml"])
	for i := range a {
		if a[i] == b[i] && i != 7 { // randInt 5 9 has four answers
			t.Errorf("value %d is the same for another unit: %s", i, a[i])
		}
	}
	if a[0] == a[1] {
		t.Errorf("two calls answer the same: %s", a[0])
	}
	if got, want := first.Files["c/templates/b.yaml"], "1700000000 2023 0s "+fixedBcrypt+" u:"+fixedHtpasswd+" plain"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	block, _ := pem.Decode([]byte(first.Files["c/templates/c.yaml"]))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !cert.NotBefore.Equal(opts.Now) || cert.DNSNames[0] != "a.example.com" || cert.Issuer.CommonName != "ca" {
		t.Errorf("certificate %v %v %v", cert.NotBefore, cert.DNSNames, cert.Issuer)
	}
	want := []string{"ago", "bcrypt", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSignedCert",
		"htpasswd", "now", "randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric", "shuffle", "uuidv4"}
	if diff := cmp.Diff(want, first.Seeded); diff != "" {
		t.Errorf("seeded -want +got\n%s", diff)
	}
	known := strings.Join(first.Placeholders, "\n")
	for _, v := range append(a[:4:4], placeholderKey, fixedBcrypt) {
		if !strings.Contains(known, v) {
			t.Errorf("%q is no known placeholder", v)
		}
	}
}

// TestLimits checks that each way to take too much is refused.
func TestLimits(t *testing.T) {
	for name, text := range map[string]string{
		"repeat":       `{{ repeat 1000000000 "x" }}`,
		"until":        `{{ until 1000000000 }}`,
		"untilStep":    `{{ untilStep 0 1000000000 1 }}`,
		"overflow":     `{{ untilStep 9223372036854775800 9223372036854775807 10 }}`,
		"seq":          `{{ seq 1000000000 }}`,
		"indent":       `{{ "x" | indent 1000000000 }}`,
		"nindent":      `{{ "x" | nindent 1000000000 }}`,
		"randBytes":    `{{ randBytes 1000000000 }}`,
		"randAlphaNum": `{{ randAlphaNum 1000000000 }}`,
		"printf":       `{{ printf "%999999d%999999d" 1 1 }}`,
		"printf star":  `{{ printf "%*d" 999999 1 }}`,
		"doubling":     `{{ $s := "xxxxxxxxxxxxxxxx" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}`,
		"sharing":      `{{ $l := list "xxxxxxxxxxxxxxxx" }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ $l | toYaml }}`,
		"concat":       `{{ $l := list 1 }}{{ range until 60 }}{{ $l = concat $l $l }}{{ end }}`,
		"replace":      `{{ $s := repeat 100000 "a" }}{{ replace "a" $s $s }}`,
		"output":       `{{ $s := repeat 10000000 "a" }}{{ range until 99 }}{{ $s }}{{ end }}`,
		"loop":         `{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}`,
		"calls":        `{{ define "a" }}{{ if gt . 0 }}{{ template "a" (sub . 1) }}{{ template "a" (sub . 1) }}{{ end }}{{ end }}{{ template "a" 64 }}`,
		"include":      `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`,
		"tpl":          `{{ tpl .Values.t . }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := render(t, map[string]string{"a.yaml": text}, map[string]any{"t": "{{ tpl .Values.t . }}"}, Options{Limits: Limits{Steps: 300_000}})
			var e *Error
			if !errors.Is(err, ErrLimit) || !errors.As(err, &e) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNoHost(t *testing.T) {
	for _, text := range []string{`{{ env "HOME" }}`, `{{ expandenv "$HOME" }}`} {
		if _, err := render(t, map[string]string{"a.yaml": text}, nil, Options{}); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"{{ .Values.a }}", "{{ include \"a\" . }}", "{{- range until 3 }}\n x: {{ . }}\n{{- end }}", "{{ tpl \"{{ . }}\" 1 }}", "\ue000\ue400\ue400x\ue001"} {
		f.Add(s, "v")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		opts := Options{Limits: Limits{Steps: 1000, OutputBytes: 1 << 16, StringBytes: 1 << 14, Elements: 100, TplDepth: 5}}
		templates := map[string]string{"a.yaml": text, "_h.tpl": `{{ define "a" }}a: {{ .Values.a }}{{ end }}`}
		values := map[string]any{"a": value}
		plain, err := render(t, templates, values, opts)
		if err != nil {
			return
		}
		opts.Marks = true
		opts.Limits.OutputBytes <<= 6 // marks count too
		marked, err := render(t, templates, values, opts)
		if err != nil {
			return
		}
		for name, want := range plain.Files {
			got := marked.Files[name]
			if got != want && !strings.ContainsRune(text+value, '\ue000') && strings.IndexByte(text+value, markLead) < 0 {
				t.Errorf("marks change the text: %q, plain %q", got, want)
			}
			if n := strings.Count(got, "\n") + 1; len(marked.Lines[name]) != n {
				t.Errorf("%d origins for %d lines", len(marked.Lines[name]), n)
			}
		}
	})
}

// TestNegativeCounts checks that functions that take a count or a position do
// with a negative one what they do in Helm: they fail, or write the same.
func TestNegativeCounts(t *testing.T) {
	for text, want := range map[string]string{
		`{{ "a" | indent -1 }}`:              "negative indentation -1",
		`{{ "a\nb" | nindent -2 }}`:          "negative indentation -2",
		`{{ "" | indent -1 }}`:               "negative indentation -1",
		`{{ "a" | indent (sub 2 4 | int) }}`: "negative indentation -2",
		`{{ repeat -1 "a" }}`:                "negative repeat count -1",
		`{{ until -3 }}`:                     "",
		`{{ untilStep 3 -3 -2 }}`:            "",
		`{{ untilStep 3 -3 1 }}`:             "",
		`{{ seq -3 }}`:                       "",
		`{{ trunc -2 "abc" }}`:               "",
		`{{ substr -1 2 "abc" }}`:            "",
		`{{ substr 1 -1 "abc" }}`:            "",
		`{{ wrap -1 "a b" }}`:                "",
		`{{ wrapWith -1 "x" "a b" }}`:        "",
		`{{ abbrev -1 "abcdef" }}`:           "",
		`{{ slice (list 1 2) -1 }}`:          "slice index out of bounds",
		`{{ plural "a" "b" -1 }}`:            "",
	} {
		c, v := build(map[string]string{"a.yaml": "# line 1\n" + text}, nil)
		plain, helmErr := helm.Render(c, v)
		res, err := render(t, map[string]string{"a.yaml": "# line 1\n" + text}, nil, Options{})
		switch {
		case want == "" && (err != nil || helmErr != nil):
			t.Errorf("%s: error %v, in helm %v", text, err, helmErr)
		case want == "":
			if diff := cmp.Diff(plain, res.Files); diff != "" {
				t.Errorf("%s: -helm +gate\n%s", text, diff)
			}
		default:
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Msg, want) || e.Line != 2 || helmErr == nil {
				t.Errorf("%s: error %v, expected %q in line 2; in helm %v", text, err, want, helmErr)
			}
		}
	}
}
