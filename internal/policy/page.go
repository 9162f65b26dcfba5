package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"encoding/json"
)

// Pages returns a Markdown page for each rule by its path, and README.md with
// the table of all.
func Pages(rules []Rule) map[string]string {
	pages := map[string]string{}
	var b strings.Builder
	b.WriteString("# Rules\n\nGenerated from the rules' own metadata by `make docs`. Effects are those of class prod and non-prod. What rules of your own may import: [library](library.md).\n")
	category := ""
	for _, r := range rules {
		if r.Category != category {
			category = r.Category
			fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | prod | non-prod | needs |\n|---|---|---|---|---|\n", category)
		}
		fmt.Fprintf(&b, "| [%s](%s.md) %s | %s | %s | %s | %s |\n", r.ID, r.ID, r.Title, r.Severity, r.Effects["prod"], r.Effects["non-prod"], orNone(r.Needs))
		pages[r.ID+".md"] = Page(r)
	}
	pages["README.md"] = b.String()
	return pages
}

// Page returns the Markdown page of a rule.
func Page(r Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n%s\n\n", r.ID, r.Title, r.Description)
	fmt.Fprintf(&b, "| | |\n|---|---|\n| severity | %s |\n", r.Severity)
	fmt.Fprintf(&b, "| effect | prod: %s, non-prod: %s |\n", r.Effects["prod"], r.Effects["non-prod"])
	if r.UnknownEffect["prod"] != "warn" || r.UnknownEffect["non-prod"] != "warn" {
		fmt.Fprintf(&b, "| effect where it cannot be told before apply | prod: %s, non-prod: %s |\n", r.UnknownEffect["prod"], r.UnknownEffect["non-prod"])
	}
	if r.Requires != "" {
		fmt.Fprintf(&b, "| approval by | %s |\n", r.Requires)
	}
	fmt.Fprintf(&b, "| judges | %s |\n| needs | %s |\n| waivable | %s |\n| since | %s |\n", judges(r), orNone(r.Needs), r.Waivable, r.Since)
	if len(r.Params) > 0 {
		b.WriteString("\n## Parameters\n\n| name | type | default | |\n|---|---|---|---|\n")
		for _, name := range slices.Sorted(maps.Keys(r.Params)) {
			p := r.Params[name]
			def, _ := json.Marshal(p.Default)
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", name, p.Type, def, strings.ReplaceAll(p.Description, "|", `\|`))
		}
	}
	fmt.Fprintf(&b, "\n## Remediation\n\n%s\n", r.Remediation)
	if r.Before != "" {
		fmt.Fprintf(&b, "\n## Before\n\n%s\n## After\n\n%s", fence(r.Language, r.Before), fence(r.Language, r.After))
	}
	if len(r.References) > 0 {
		b.WriteString("\n## References\n\n")
		for _, ref := range r.References {
			fmt.Fprintf(&b, "- [%s](%s)\n", ref.Title, ref.URL)
		}
	}
	effect := fmt.Sprintf("{prod: %s, non-prod: %s}", r.Effects["prod"], r.Effects["non-prod"])
	if len(r.Params) == 0 {
		fmt.Fprintf(&b, "\n## Configuration\n\n```yaml\nrules:\n  %s: {effect: %s}\n```\n", r.ID, effect)
		return b.String()
	}
	fmt.Fprintf(&b, "\n## Configuration\n\n```yaml\nrules:\n  %s:\n    effect: %s\n    params:\n", r.ID, effect)
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		def, _ := json.Marshal(r.Params[name].Default)
		fmt.Fprintf(&b, "      %s: %s\n", name, def)
	}
	b.WriteString("```\n")
	return b.String()
}

func judges(r Rule) string {
	switch {
	case len(r.Over.Kinds) > 0:
		return r.Over.Subject + " of kind " + strings.Join(r.Over.Kinds, ", ")
	case len(r.Over.Types) > 0:
		return r.Over.Subject + " of type " + strings.Join(r.Over.Types, ", ")
	}
	return r.Over.Subject
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

func fence(language, text string) string {
	return "```" + language + "\n" + strings.TrimRight(text, "\n") + "\n```\n"
}
