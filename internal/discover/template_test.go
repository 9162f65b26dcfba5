package discover

import "testing"

// A template is told by what it holds: what is YAML without its actions, and is
// not with them.
func TestIsTemplate(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"a value", head + "  name: {{ name }}\n", true},
		{"a value of Go", head + "  name: {{ .Name | quote }}\n", true},
		{"a condition", head + "  name: web\n{% if labels %}\n  labels: {a: b}\n{% endif %}\n", true},
		{"two branches of another shape", head + "  name: web\n{%- if a %}\ndata:\n  a: b\n{%- else %}\ndata: [\n{%- endif %}\n", true},
		{"two branches of Go", head + "  name: web\n{{- if .A }}\ndata: {}\n{{- else if .B }}\ndata: [\n{{- end }}\n", true},
		{"a block in a branch", head + "  name: web\n{% if a %}\n{% for x in y %}\n  a{{ x }}: b\n{% endfor %}\n{% else %}\n  [\n{% endif %}\n", true},
		{"a line that is filled in", head + "  name: web\n{{ labels | to_nice_yaml | indent(2) }}\n", true},
		{"a comment", head + "  name: web\n{# a: [ #}\n", true},
		{"quotes in quotes", head + "  name: \"{{ x | default(\"a\") }}\"\n", true},
		{"text in quotes", head + "  name: \"{{ name }}\"\n", false},
		{"text in quotes, and a fault", head + "  name: \"{{ name }}\"\ndata: [\n", false},
		{"a value, and a fault", head + "  name: {{ name }}\ndata: [\n", false},
		{"keys that stand twice", head + "  name: \"{{ name }}\"\nkind: Secret\n", false},
		{"an action that does not end", head + "  name: {{ name\n", false},
		{"an object before it", head + "  name: web\n---\n" + head + "  name: {{ name }}\n", false},
		{"an object before a statement", head + "  name: web\n---\n{% if x %}\n" + head + "  name: a\n{% endif %}\n", false},
		{"an object before a document that begins with one", head + "  name: web\n--- {{ x }}\n" + head + "  name: a\n", false},
		{"an object before a comment", head + "  name: web\n--- # next\n{# x #}\n" + head + "  name: {{ a }}\n", false},
		{"an object before two templates", head + "  name: web\n---\n{% if x %}\n" + head + "  name: a\n{% endif %}\n---\n" + head + "  name: {{ b }}\n", false},
		{"an object behind a template", head + "  name: {{ a }}\n---\n" + head + "  name: web\n", true},
		{"an object between", "{{ a }}\n---\n" + head + "  name: web\n---\n" + head + "  name: {{ b }}\n", true},
		{"JSON", "{\"apiVersion\": \"v1\", \"kind\": {{ kind }}, \"metadata\": {\"name\": \"{{ name }}\"}}", true},
		{"a template before it", head + "  name: \"{{ name }}\"\n---\n" + head + "  name: {{ name }}\n", true},
		{"no template", head + "  name: web\n", false},
		{"end without a block", "{% endif %}" + head + "  name: web\n{% else %}\n", true},
	} {
		if got := isTemplate("x.yaml", []byte(c.text)); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}
