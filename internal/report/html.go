package report

import (
	"cmp"
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
	Title, Decision, Complete, Now, Policy, Tool string
	Counts                                       []htmlCount
	Failures, Missing                            []string
	Environments                                 []decide.EnvironmentDecision
	Sections                                     []htmlSection
	Transitions                                  []htmlTransition
	Images                                       []string
	Requirements, Waivers, NotJudged, Excluded   []string
	Coverage                                     []string
	Notes                                        []string
	Rules                                        []htmlRule
}

type (
	htmlCount struct {
		Name  string
		Count string
	}
	htmlSection struct {
		Effect, Title string
		Open          bool
		Findings      []htmlFinding
	}
	htmlFinding struct {
		Place, Message, Rule, Severity, Scopes, Subjects, Requires, Fix string
		Related                                                         []string
		Approximate, Approved                                           bool
	}
	htmlTransition struct {
		Name, Counts string
		Steps        []string
		Destroys     bool
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
		"scope":  func(environment, target string) string { return brief(scopeName(environment, target)) },
	}).Parse(htmlTemplate)
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	return t.Execute(w, v.htmlPage())
}

func (v *view) htmlPage() htmlPage {
	r := v.Result
	page := htmlPage{
		Title: "gate: " + string(r.Decision), Decision: string(r.Decision), Complete: "complete",
		Now: brief(r.Now), Policy: brief(r.PolicySource), Tool: brief(strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)),
		Environments: v.environments(),
	}
	if !r.Complete {
		page.Complete = "incomplete"
	}
	for _, e := range v.failed {
		page.Failures = append(page.Failures, failureText(e))
	}
	for _, n := range v.missing {
		page.Missing = append(page.Missing, notJudgedText(n))
	}
	used := map[string]bool{}
	groups := v.collapse(v.fresh)
	for _, effect := range []decide.Effect{decide.Deny, decide.RequireApproval, decide.Warn} {
		s := htmlSection{Effect: string(effect), Open: effect != decide.Warn}
		n := 0
		for _, g := range groups {
			if g.Effect != effect {
				continue
			}
			n += len(g.members)
			used[g.Rule] = true
			s.Findings = append(s.Findings, v.htmlFinding(g))
		}
		page.Counts = append(page.Counts, htmlCount{string(effect), number(n)})
		if n > 0 {
			s.Title = string(effect) + ": " + counted(n, "finding")
			page.Sections = append(page.Sections, s)
		}
	}
	page.Counts = append(page.Counts, htmlCount{"waived", number(len(v.waived))})
	page.Transitions, page.Images = v.htmlTransitions()
	for _, q := range v.requirements() {
		state := "open: "
		if q.Satisfied {
			state = "given: "
		}
		page.Requirements = append(page.Requirements, state+requirementText(q))
	}
	for _, use := range v.waivers() {
		page.Waivers = append(page.Waivers, waiverText(use))
	}
	for _, n := range v.notJudged() {
		if !n.Required {
			page.NotJudged = append(page.NotJudged, notJudgedText(n))
		}
	}
	for _, e := range v.excluded {
		page.Excluded = append(page.Excluded, brief(e.ID)+": "+brief(cmp.Or(e.Reason, "no reason"))+until(e))
	}
	for _, row := range v.coverageRows() {
		page.Coverage = append(page.Coverage, row.kind+": "+strings.Join(row.parts, ", "))
	}
	for _, n := range r.Notes {
		page.Notes = append(page.Notes, message(oneLine(n)))
	}
	for _, id := range slices.Sorted(maps.Keys(v.rules)) {
		if used[id] {
			page.Rules = append(page.Rules, htmlRule{Rule: v.rule(findingOf(id)), Anchor: anchor(id)})
		}
	}
	return page
}

// htmlTransitions are what the change does and the images that change, bounded
// as in the other reports for people.
func (v *view) htmlTransitions() (transitions []htmlTransition, images []string) {
	list := v.transitions()
	for _, t := range list[:min(len(list), maxTold)] {
		x := htmlTransition{Name: transitionName(t), Counts: transitionCounts(t), Destroys: destroys(t)}
		for _, s := range t.Steps[:min(len(t.Steps), maxNamed)] {
			x.Steps = append(x.Steps, stepText(s))
		}
		if more := unnamed(t); more > 0 {
			x.Steps = append(x.Steps, "… "+number(more)+" more")
		}
		if t.Folded.Count > 0 {
			x.Steps = append(x.Steps, foldedText(t))
		}
		transitions = append(transitions, x)
	}
	if more := len(list) - maxTold; more > 0 {
		transitions = append(transitions, htmlTransition{Name: "… " + number(more) + " more"})
	}
	for i, c := range v.Result.ImageChanges {
		if i == maxListed {
			images = append(images, "… "+number(len(v.Result.ImageChanges)-i)+" more")
			break
		}
		images = append(images, imageText(c))
	}
	return transitions, images
}

func (v *view) htmlFinding(g *group) htmlFinding {
	f := htmlFinding{
		Place: brief(g.Location.Position.String()), Message: message(g.Message), Rule: brief(g.Rule), Severity: brief(g.Severity),
		Scopes: brief(strings.Join(g.scopes, ", ")), Subjects: brief(listed(g.subjects, 3)), Requires: brief(g.Requires),
		Fix: message(oneLine(cmp.Or(g.Remediation, v.rules[g.Rule].Remediation))), Approximate: g.Location.Approximate, Approved: g.approved,
	}
	for _, r := range inTree(g.Location.Related) {
		f.Related = append(f.Related, roleText(r.Role)+" "+brief(r.Position.String()))
	}
	return f
}

// anchor is the fragment of a rule's section.
func anchor(rule string) string { return "rule-" + strings.ReplaceAll(brief(rule), "/", "-") }
