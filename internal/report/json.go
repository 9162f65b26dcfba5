package report

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/facts"
)

// ReportSchema names the version of the JSON report. It is described by
// schemas/report.schema.json.
const ReportSchema = "gate.report/v1"

// The JSON report. Every key is always there: lists are [] and not null, so
// that a reader needs no special case for "nothing".
type (
	jsonReport struct {
		Schema       string                       `json:"schema"`
		Tool         decide.Tool                  `json:"tool"`
		Now          string                       `json:"now"`
		Decision     decide.Effect                `json:"decision"`
		Complete     bool                         `json:"complete"`
		Judged       int                          `json:"judged"`
		PolicySource string                       `json:"policySource"`
		Change       jsonChange                   `json:"change"`
		Environments []decide.EnvironmentDecision `json:"environmentDecisions"`
		Transitions  []decide.TransitionSummary   `json:"transitions"`
		ImageChanges []decide.ImageChange         `json:"imageChanges"`
		Inputs       []decide.UnitInputs          `json:"inputs"`
		Findings     []jsonFinding                `json:"findings"`
		Requirements []decide.Requirement         `json:"requirements"`
		Waivers      []decide.WaiverUse           `json:"waivers"`
		NotJudged    []decide.NotJudged           `json:"notJudged"`
		Coverage     decide.Coverage              `json:"coverage"`
		Digests      decide.Digests               `json:"digests"`
		Notes        []string                     `json:"notes"`
		Cached       decide.Cached                `json:"cached"`
	}
	jsonChange struct {
		Repository string `json:"repository"`
		Commit     string `json:"commit"`
		Head       string `json:"head"`
		Base       string `json:"base"`
		MergeBase  string `json:"mergeBase"`
		Tree       string `json:"tree"`
		Branch     string `json:"branch"`
		// Unknown is what of the change cannot be told.
		Unknown []jsonUnknown `json:"unknown"`
	}
	jsonUnknown struct {
		ID          string `json:"id"`
		Environment string `json:"environment"`
		Target      string `json:"target"`
		Side        string `json:"side"`
		Reason      string `json:"reason"`
	}
	jsonFinding struct {
		Rule        string            `json:"rule"`
		Title       string            `json:"title"`
		State       string            `json:"state"`
		TestData    bool              `json:"testData,omitempty"`
		Severity    string            `json:"severity"`
		Effect      decide.Effect     `json:"effect"`
		Verdict     string            `json:"verdict"`
		Environment string            `json:"environment"`
		Class       string            `json:"class"`
		Target      string            `json:"target"`
		Service     string            `json:"service"`
		Owner       string            `json:"owner"`
		Regulated   bool              `json:"regulated"`
		Message     string            `json:"message"`
		Subject     decide.SubjectRef `json:"subject"`
		Path        []any             `json:"path"`
		Location    jsonLocation      `json:"location"`
		Related     []jsonRelated     `json:"related"`
		Fingerprint string            `json:"fingerprint"`
		Also        []jsonAlso        `json:"also"`
		Waived      *decide.WaiverUse `json:"waived"`
		Requires    string            `json:"requires"`
		Remediation string            `json:"remediation"`
	}
	jsonAlso struct {
		Rule        string            `json:"rule"`
		Severity    string            `json:"severity"`
		Effect      decide.Effect     `json:"effect"`
		Message     string            `json:"message"`
		Subject     decide.SubjectRef `json:"subject"`
		Path        []any             `json:"path"`
		Fingerprint string            `json:"fingerprint"`
	}
	jsonLocation struct {
		File        string `json:"file"`
		Line        int    `json:"line"`
		Column      int    `json:"column"`
		EndLine     int    `json:"endLine"`
		EndColumn   int    `json:"endColumn"`
		Approximate bool   `json:"approximate"`
	}
	jsonRelated struct {
		Role   string `json:"role"`
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
	}
)

// writeJSON writes the whole result for machines. Lines and columns that are
// not known are 0.
func writeJSON(w io.Writer, v *view, _ string) error {
	r := v.Result
	out := jsonReport{
		Schema: ReportSchema, Tool: r.Tool, Now: r.Now,
		Decision: r.Decision, Complete: r.Complete, Judged: r.Judged, PolicySource: r.PolicySource,
		Change: jsonChange{
			Repository: r.Change.Repository, Commit: r.Change.Commit, Head: r.Change.Head, Base: r.Change.Base,
			MergeBase: r.Change.MergeBase, Tree: r.Change.Tree, Branch: r.Change.Branch, Unknown: unknownList(r.Change.Unknown),
		},
		Environments: list(v.environments()),
		Transitions:  transitionLists(r.Transitions),
		ImageChanges: imageLists(r.ImageChanges),
		Inputs:       inputLists(r.Inputs),
		Findings:     []jsonFinding{},
		Requirements: becauseLists(v.requirements()),
		Waivers:      list(v.waivers()),
		NotJudged:    list(v.notJudged()),
		Coverage:     coverage(r.Coverage),
		Digests:      r.Digests,
		Notes:        list(r.Notes),
		Cached:       r.Cached,
	}
	if out.Digests.Inputs == nil {
		out.Digests.Inputs = map[string]string{}
	}
	for i := range out.Environments {
		e := &out.Environments[i]
		e.Requirements = becauseLists(e.Requirements)
		e.Classification = classificationLists(e.Classification)
		if e.Counts == nil {
			e.Counts = map[string]int{}
		}
	}
	for _, f := range append(decide.Together(v.all), fixed(r)...) {
		out.Findings = append(out.Findings, v.jsonFinding(f))
	}
	return encodeJSON(w, out)
}

// classificationLists returns a copy in which no list is nil.
func classificationLists(c classify.Classification) classify.Classification {
	c.Rows = list(slices.Clone(c.Rows))
	for i := range c.Rows {
		c.Rows[i].Subjects = list(c.Rows[i].Subjects)
	}
	b := &c.BlastRadius
	for _, r := range []*classify.Reach{&b.Environments, &b.Accounts, &b.Regions, &b.Clusters, &b.Namespaces, &b.Services, &b.Owners, &b.Resources} {
		r.Names = list(r.Names)
	}
	return c
}

func (v *view) jsonFinding(f decide.Finding) jsonFinding {
	p := f.Location.Position
	out := jsonFinding{
		Rule: f.Rule, Title: f.Title, State: f.State, TestData: f.TestData, Severity: f.Severity, Effect: f.Effect, Verdict: f.Verdict,
		Environment: f.Environment, Class: f.Class, Target: f.Target, Service: f.Service, Owner: f.Owner, Regulated: f.Regulated,
		Message: f.Message, Subject: f.Subject, Path: list([]any(f.Path)),
		Location: jsonLocation{
			File: p.File, Line: p.Line, Column: p.Column, EndLine: p.EndLine, EndColumn: p.EndColumn, Approximate: p.Approximate,
		},
		Related:     []jsonRelated{},
		Also:        []jsonAlso{},
		Fingerprint: f.Fingerprint, Waived: f.Waived, Requires: f.Requires, Remediation: f.Remediation,
	}
	if out.Remediation == "" {
		out.Remediation = v.rules[f.Rule].Remediation
	}
	for _, a := range f.Also {
		out.Also = append(out.Also, jsonAlso{Rule: a.Rule, Severity: a.Severity, Effect: a.Effect, Message: a.Message, Subject: a.Subject, Path: list([]any(a.Path)), Fingerprint: a.Fingerprint})
	}
	for _, r := range f.Location.Related {
		out.Related = append(out.Related, jsonRelated{Role: r.Role, File: r.File, Line: r.Line, Column: r.Column})
	}
	return out
}

func coverage(c decide.Coverage) decide.Coverage {
	for _, m := range []*map[facts.State]int{&c.Files, &c.Units, &c.Objects, &c.Resources, &c.Rules} {
		if *m == nil {
			*m = map[facts.State]int{}
		}
	}
	c.Entries = list(slices.Clone(c.Entries))
	order := []facts.State{facts.Failed, facts.Skipped, facts.Excluded, facts.Evaluated, facts.Unchanged, facts.NotApplicable}
	slices.SortStableFunc(c.Entries, func(a, b facts.Entry) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)),
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Reason, b.Reason),
		)
	})
	return c
}

// inputLists returns a copy in which no list is nil.
func inputLists(units []decide.UnitInputs) []decide.UnitInputs {
	out := list(slices.Clone(units))
	for i := range out {
		out[i].Inputs, out[i].Variants = list(out[i].Inputs), list(slices.Clone(out[i].Variants))
		for j := range out[i].Variants {
			out[i].Variants[j].At = list(out[i].Variants[j].At)
		}
	}
	return out
}

// becauseLists returns a copy in which no list is nil.
func becauseLists(requirements []decide.Requirement) []decide.Requirement {
	out := list(slices.Clone(requirements))
	for i := range out {
		out[i].Because = list(out[i].Because)
	}
	return out
}

// fixed are the findings that only the base has: nothing comes of them.
func fixed(r *decide.Result) []decide.Finding {
	out := slices.Clone(r.Fixed)
	for i := range out {
		out[i].Effect = decide.Off
	}
	return out
}

func unknownList(changes []facts.UnknownChange) []jsonUnknown {
	out := []jsonUnknown{}
	for _, u := range changes {
		out = append(out, jsonUnknown{ID: u.ID, Environment: u.Environment, Target: u.Target, Side: u.Side, Reason: u.Reason})
	}
	return out
}

// transitionLists returns a copy in which no list and no map is nil.
func transitionLists(transitions []decide.TransitionSummary) []decide.TransitionSummary {
	out := list(slices.Clone(transitions))
	for i := range out {
		t := &out[i]
		t.Steps = list(slices.Clone(t.Steps))
		for j := range t.Steps {
			t.Steps[j].Forces = list(t.Steps[j].Forces)
			t.Steps[j].Paths = list(t.Steps[j].Paths)
			t.Steps[j].Attributes = list(t.Steps[j].Attributes)
			t.Steps[j].Values = list(t.Steps[j].Values)
		}
		t.Folded.Of = list(t.Folded.Of)
		for _, m := range []*map[string]int{&t.Actions, &t.Risks} {
			if *m == nil {
				*m = map[string]int{}
			}
		}
	}
	return out
}

// imageLists returns a copy in which no list is nil.
func imageLists(images []decide.ImageChange) []decide.ImageChange {
	out := list(slices.Clone(images))
	for i := range out {
		out[i].Environments = list(out[i].Environments)
	}
	return out
}

// list returns s, or an empty list where it is nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// encodeJSON writes indented JSON; <, > and & stay readable.
func encodeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
