package report

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/policy"
)

//go:embed report.html.tmpl
var htmlTemplate string

// htmlPage is what the template shows. All of it is text: html/template
// escapes it for its place.
type htmlPage struct {
	Title, Decision, Complete, Why, Commits, Now, Policy, Tool string
	Environments                                               [][]string
	Lead, Tail                                                 []htmlList
	Sections                                                   []htmlSection
	Rules                                                      []htmlRule
}

type (
	htmlList struct {
		Title string
		Fold  bool
		Lines []htmlLine
	}
	htmlLine struct {
		Word, Text string
		Hint       bool
	}
	htmlSection struct {
		Effect, Title string
		Open          bool
		Findings      []htmlFinding
	}
	htmlFinding struct {
		Place, Message, Rule, Context, Fix string
		Related                            []string
	}
	htmlRule struct {
		policy.Rule
		Anchor string
	}
)

// writeHTML writes one self-contained page: no scripts, no outside resources,
// and a content security policy that forbids both.
func writeHTML(w io.Writer, v *view, _ string) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"anchor": anchor,
		"brief":  brief,
		"lines":  cleanLines,
	}).Parse(htmlTemplate)
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	return t.Execute(w, v.htmlPage())
}

// htmlSizes bound the lists of a page. It shows every finding.
var htmlSizes = sizes{gaps: 100, steps: 100, list: 100, images: 100}

func (v *view) htmlPage() htmlPage {
	r := v.Result
	page := htmlPage{
		Title: "gate: " + string(r.Decision), Decision: string(r.Decision), Complete: completeness(r), Why: v.why(),
		Now: brief(r.Now), Policy: brief(r.PolicySource), Tool: brief(strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)),
		Environments: v.environmentRows(100), Lead: htmlLists(v.lead(htmlSizes)), Tail: htmlLists(v.tail(htmlSizes)),
	}
	if head, base := v.commits(); base != "" {
		page.Commits = head + " beside " + base
	} else {
		page.Commits = head
	}
	used := map[string]bool{}
	for _, c := range v.chapters() {
		s := htmlSection{Effect: string(c.effect), Title: v.title(c), Open: c.effect != decide.Warn}
		for _, b := range c.blocks {
			used[b.rule] = true
			for n, g := range b.groups {
				s.Findings = append(s.Findings, v.htmlFinding(g, n == 0))
			}
		}
		page.Sections = append(page.Sections, s)
	}
	for _, id := range slices.Sorted(maps.Keys(v.rules)) {
		if used[id] {
			page.Rules = append(page.Rules, htmlRule{Rule: v.rule(findingOf(id)), Anchor: anchor(id)})
		}
	}
	return page
}

func htmlLists(sections []section) []htmlList {
	var out []htmlList
	for _, s := range sections {
		if len(s.lines) == 0 {
			continue
		}
		l := htmlList{Title: s.title, Fold: s.fold}
		for _, x := range s.lines {
			l.Lines = append(l.Lines, htmlLine{Word: x.word, Text: x.text, Hint: x.hint})
		}
		out = append(out, l)
	}
	return out
}

func (v *view) htmlFinding(g *group, first bool) htmlFinding {
	f := htmlFinding{
		Place: brief(g.Location.Position.String()), Message: g.says(), Rule: brief(g.Rule), Context: strings.Join(v.context(g), " · "),
	}
	if first {
		f.Fix = v.remedy(g.Finding)
	}
	for _, r := range inTree(g.Location.Related) {
		f.Related = append(f.Related, roleText(r.Role)+" "+brief(r.Position.String()))
	}
	return f
}

// anchor is the fragment of a rule's section.
func anchor(rule string) string { return "rule-" + strings.ReplaceAll(brief(rule), "/", "-") }
