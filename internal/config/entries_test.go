package config

import (
	"strings"
	"testing"
)

func TestAddPolicy(t *testing.T) {
	t.Parallel()
	const entry = "{name: acme, path: rules/acme, style: catalog}"
	for name, tt := range map[string]struct{ text, want, fault string }{
		"nothing":             {"", "apiVersion: gate/v1\npolicies:\n  - " + entry + "\n", ""},
		"no list":             {"# ours\napiVersion: gate/v1\noptional: [plan] # soon", "# ours\napiVersion: gate/v1\noptional: [plan] # soon\npolicies:\n  - " + entry + "\n", ""},
		"a list":              {"apiVersion: gate/v1\npolicies:\n- path: a # first\n  name: x\noptional: [plan]\n", "apiVersion: gate/v1\npolicies:\n- " + entry + "\n- path: a # first\n  name: x\noptional: [plan]\n", ""},
		"a list, indented":    {"apiVersion: gate/v1\npolicies:\n  # about the first\n  - path: a\n", "apiVersion: gate/v1\npolicies:\n  # about the first\n  - " + entry + "\n  - path: a\n", ""},
		"on one line":         {"apiVersion: gate/v1\npolicies: [{path: a}]\n", "apiVersion: gate/v1\npolicies: [" + entry + ", {path: a}]\n", ""},
		"an empty one":        {"apiVersion: gate/v1\npolicies: [] # none yet\n", "apiVersion: gate/v1\npolicies: [" + entry + "] # none yet\n", ""},
		"over several lines":  {"apiVersion: gate/v1\npolicies: [\n  {path: a},\n]\n", "apiVersion: gate/v1\npolicies: [" + entry + ", \n  {path: a},\n]\n", ""},
		"nothing in it":       {"apiVersion: gate/v1\npolicies:\noptional: [plan]\n", "", "policies is empty"},
		"no configuration":    {"a: 1\n", "", "unknown key"},
		"on one line, whole":  {"{apiVersion: gate/v1}\n", "", "add it by hand, under policies: " + entry},
		"there is one":        {"apiVersion: gate/v1\npolicies: [{name: acme, path: a}]\n", "", "same name"},
		"letters before it":   {"apiVersion: gate/v1\n\"policies\": [ {path: a, match: [\"\u00e9\"]} ]\n", "apiVersion: gate/v1\n\"policies\": [" + entry + ",  {path: a, match: [\"\u00e9\"]} ]\n", ""},
		"lines of two marks":  {"apiVersion: gate/v1\r\noptional: [plan]\r\n", "apiVersion: gate/v1\r\noptional: [plan]\r\npolicies:\n  - " + entry + "\n", ""},
		"an end of documents": {"apiVersion: gate/v1\n...\n", "", "add it by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := AddPolicy(".gate.yaml", []byte(tt.text), "acme", "rules/acme")
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("error %v, want %q\n%s", err, tt.fault, got)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("error %v, got\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}
