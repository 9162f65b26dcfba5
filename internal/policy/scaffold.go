package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Scaffold returns the files of a new rule of the catalog, by path below its folder. They
// compile and their fixtures pass: whoever changes one sees what it does.
func Scaffold(id string) (map[string]string, error) {
	category, name, err := ruleWords(id)
	if err != nil {
		return nil, err
	}
	pkg := fmt.Sprintf("gate.rules[%q][%q]", category, name)
	if !strings.Contains(category, "-") {
		pkg = fmt.Sprintf("gate.rules.%s[%q]", category, name)
	}
	files := map[string]string{name + ".rego": ruleText(pkg, id)}
	for fixture, tree := range fixtures(id) {
		for _, f := range tree {
			files["testdata/"+fixture+"/"+f.name] = f.text
		}
	}
	return files, nil
}

// ScaffoldOwn returns the files of a new rule of an organisation, and the id that it will
// have. What the fixtures hold is packed, so that nobody takes it for manifests of the
// repository.
func ScaffoldOwn(id string) (files map[string]string, ruleID string, err error) {
	entry, name, err := ruleWords(id)
	if err != nil {
		return nil, "", err
	}
	pkg := PackageName(name)
	if ast.IsKeyword(pkg) || pkg == "data" || pkg == "input" || pkg == "gate" {
		return nil, "", fmt.Errorf("rule id %q: %s is a word of Rego or of gate and cannot be the name of a package", id, pkg)
	}
	ruleID = entry + "/" + pkg + "/deny"
	files = map[string]string{name + ".rego": ruleText(pkg, ruleID)}
	for fixture, tree := range fixtures(ruleID) {
		var b strings.Builder
		for _, f := range tree {
			fmt.Fprintf(&b, "-- %s --\n%s", f.name, f.text)
		}
		files["testdata/"+fixture+".txtar"] = b.String()
	}
	set := Set{Entry: entry, Modules: map[string][]byte{name + ".rego": []byte(files[name+".rego"])}}
	if _, err := set.Catalog(); err != nil {
		return nil, "", fmt.Errorf("rule id %q: %w", id, err)
	}
	return files, ruleID, nil
}

// PackageName is the package that stands for the name of a rule.
func PackageName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// RuleNamed is the id of the rule that a person means: the id itself, or what a rule of an
// organisation was made with, acme/registry for acme/registry/deny.
func RuleNamed(id string, known []string) (full string, ok bool) {
	if slices.Contains(known, id) {
		return id, true
	}
	entry, name, ok := strings.Cut(strings.TrimSuffix(id, "/deny"), "/")
	full = entry + "/" + PackageName(name) + "/deny"
	return full, ok && !strings.Contains(name, "/") && slices.Contains(known, full)
}

// RuleIDs are the ids of rules.
func RuleIDs(rules []Rule) []string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	return ids
}

func ruleWords(id string) (first, name string, err error) {
	first, name, ok := strings.Cut(id, "/")
	if !ok || !idPart.MatchString(first) || !idPart.MatchString(name) {
		return "", "", fmt.Errorf("rule id %q: want two words with a slash between, such as acme/registry, in lower case; a word may be several joined by hyphens", id)
	}
	return first, name, nil
}

func ruleText(pkg, id string) string {
	return `# METADATA
# title: What it says, in a few words
# description: |-
#   Why it matters: what happens when it is not so.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     names: {type: array, default: [bad], description: "names that no container may have"}
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

import data.gate.lib

deny contains finding if {
	some c in input.containers
	c.name in lib.params(c, "` + id + `").names
	finding := {"subject": c.id, "path": ["name"], "msg": sprintf("container %q is bad; want a good one", [c.name])}
}
`
}

// fixtureFile is one file of a fixture.
type fixtureFile struct{ name, text string }

// fixtures are those of a new rule: one that sets its parameter is among them.
func fixtures(id string) map[string][]fixtureFile {
	return map[string][]fixtureFile{
		"bad":       {{"pod.yaml", pod("bad # want " + id)}},
		"good":      {{"pod.yaml", pod("web")}},
		"near-miss": {{"pod.yaml", "# why: say why this is not found\n" + pod("not-bad")}},
		"bad-parameter": {
			{".gate.yaml", "apiVersion: gate/v1\nrules:\n  " + id + ": {params: {names: [worse]}}\n"},
			{"pod.yaml", pod("worse # want " + id)},
		},
	}
}

func pod(container string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: " + container + "\n      image: web\n"
}
