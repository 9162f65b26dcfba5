package report

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"gate/internal/decide"
	"gate/internal/policy"
)

// semanticVersion is the form that SARIF asks of semanticVersion (§3.19.12).
var semanticVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?$`)
})

func findingOf(rule string) decide.Finding { return decide.Finding{Rule: rule} }

// sarifRule describes one rule. No text in it is empty: GitHub refuses the
// file otherwise.
func sarifRule(r policy.Rule) *sarif.ReportingDescriptor {
	title := oneLine(r.Title)
	level := "warning"
	if r.Effects["prod"] == string(decide.Deny) {
		level = "error"
	}
	d := &sarif.ReportingDescriptor{
		ID:                   r.ID,
		Name:                 ptr(pascal(r.Name)),
		ShortDescription:     plainText(clipCharacters(title, maxDescription)),
		FullDescription:      plainText(clipCharacters(oneLine(r.Description), maxDescription)),
		DefaultConfiguration: &sarif.ReportingConfiguration{Level: level},
		Help:                 &sarif.MultiformatMessageString{Text: ptr(helpText(r)), Markdown: ptr(helpMarkdown(r))},
		Properties: sarif.Properties{
			"tags":              ruleTags(r),
			"precision":         "high",
			"security-severity": securitySeverity(r.Severity),
			"problem.severity":  level,
		},
	}
	for _, ref := range r.References {
		if strings.HasPrefix(ref.URL, "https://") {
			d.HelpURI = ptr(ref.URL)
			break
		}
	}
	return d
}

func ruleTags(r policy.Rule) []string {
	tags := []string{"security"}
	if r.Category != "" {
		tags = append(tags, r.Category)
	}
	return append(tags, "severity/"+r.Severity)
}

// securitySeverity is the number by which GitHub names a severity: over 9.0
// critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, else low.
func securitySeverity(severity string) string {
	switch severity {
	case "critical":
		return "9.5"
	case "high":
		return "8.0"
	case "low":
		return "2.0"
	}
	return "5.5"
}

// pascal turns image-digest into ImageDigest.
func pascal(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if b.Len() == 0 {
		return "Rule"
	}
	return b.String()
}

func helpText(r policy.Rule) string {
	parts := []string{strings.TrimSpace(r.Description)}
	if s := strings.TrimSpace(r.Remediation); s != "" {
		parts = append(parts, "How to fix it: "+s)
	}
	for _, ref := range r.References {
		parts = append(parts, strings.TrimSpace(ref.Title+" "+ref.URL))
	}
	return strings.Join(parts, "\n\n")
}

func helpMarkdown(r policy.Rule) string {
	parts := []string{"# " + oneLine(r.Title), strings.TrimSpace(r.Description)}
	if s := strings.TrimSpace(r.Remediation); s != "" {
		parts = append(parts, "## How to fix it\n\n"+s)
	}
	if s := strings.Trim(r.Before, "\n"); s != "" {
		parts = append(parts, "## Found\n\n"+fenced(s, r.Language))
	}
	if s := strings.Trim(r.After, "\n"); s != "" {
		parts = append(parts, "## Mended\n\n"+fenced(s, r.Language))
	}
	var refs []string
	for _, ref := range r.References {
		if ref.URL == "" {
			refs = append(refs, "- "+ref.Title)
		} else {
			refs = append(refs, fmt.Sprintf("- [%s](%s)", strings.NewReplacer("[", "(", "]", ")").Replace(ref.Title), ref.URL))
		}
	}
	if len(refs) > 0 {
		parts = append(parts, "## References\n\n"+strings.Join(refs, "\n"))
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// fenced is a Markdown code block whose fence is longer than any run of
// backticks in it (CommonMark §4.5).
func fenced(code, language string) string {
	fence := strings.Repeat("`", max(3, longestRun(code, '`')+1))
	return fence + language + "\n" + code + "\n" + fence
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// clipCharacters is clip for a limit in characters.
func clipCharacters(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	return string(runes[:n-1]) + "…"
}
