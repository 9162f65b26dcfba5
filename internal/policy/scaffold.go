package policy

import (
	"fmt"
	"strings"
)

// Scaffold returns the files of a new rule, by path below its folder. They
// compile and their fixtures pass: whoever changes one sees what it does.
func Scaffold(id string) (map[string]string, error) {
	category, name, ok := strings.Cut(id, "/")
	if !ok || !idPart.MatchString(category) || !idPart.MatchString(name) {
		return nil, fmt.Errorf("rule id %q: want category/name in lower case, words joined by hyphens", id)
	}
	pkg := fmt.Sprintf("gate.rules[%q][%q]", category, name)
	if !strings.Contains(category, "-") {
		pkg = fmt.Sprintf("gate.rules.%s[%q]", category, name)
	}
	return map[string]string{
		name + ".rego": `# METADATA
# title: What it says, in a few words
# description: |-
#   Why it matters: what happens when it is not so.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params: {}
#   remediation: What to do.
#   language: yaml
#   before: |-
#     an example that is found
#   after: |-
#     the same, mended
#   references:
#     - {title: "The control or document it stands on", url: "https://example.com"}
#   waivable: "yes"
#   since: 0.1.0
package ` + pkg + `

deny contains finding if {
	some c in input.containers
	c.name == "bad"
	finding := {"subject": c.id, "path": ["name"], "msg": sprintf("container %q is bad; want a good one", [c.name])}
}
`,
		"testdata/bad/pod.yaml":       pod("bad # want " + id),
		"testdata/good/pod.yaml":      pod("web"),
		"testdata/near-miss/pod.yaml": "# why: say why this is not found\n" + pod("not-bad"),
	}, nil
}

func pod(container string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: " + container + "\n      image: web\n"
}
