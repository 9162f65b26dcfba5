package report

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// view is a result in the order and the parts that all formats need.
type view struct {
	Input
	rules    map[string]policy.Rule
	all      []decide.Finding // every finding, sorted, waived ones included
	open     []decide.Finding // what counts: not waived, not off
	fresh    []decide.Finding // of these, what a report shows: not what was there before and only warns
	old      []decide.Finding // the others of open
	tests    []decide.Finding // of open, what is about input of tests, and only warns
	waived   []decide.Finding
	failed   []facts.Entry // what was not judged, but for gaps
	gaps     []facts.Entry // what was not judged at the base either, and what the change does not reach
	skipped  []facts.Entry
	excluded []facts.Entry
	missing  []decide.NotJudged // required inputs that were not there
	changed  map[string]bool    // the files that the change touches
	files    *fileCache
}

func newView(in Input) *view {
	r := in.Result
	v := &view{Input: in, rules: map[string]policy.Rule{}, files: &fileCache{read: in.Source}, changed: map[string]bool{}}
	for _, rule := range in.Rules {
		v.rules[rule.ID] = rule
	}
	for _, f := range r.Change.Files {
		v.changed[f.Path] = true
	}
	v.all = slices.Clone(r.Findings)
	slices.SortStableFunc(v.all, compareFindings)
	for _, f := range v.all {
		switch {
		case f.Waived != nil:
			v.waived = append(v.waived, f)
		case f.Effect.Rank() > 0:
			v.open = append(v.open, f)
			if f.TestData {
				v.tests = append(v.tests, f)
			} else if f.State == decide.Existing && f.Effect == decide.Warn {
				v.old = append(v.old, f)
			} else {
				v.fresh = append(v.fresh, f)
			}
		}
	}
	slices.SortStableFunc(v.fresh, v.byChange)
	entries := slices.Clone(r.Coverage.Entries)
	slices.SortStableFunc(entries, func(a, b facts.Entry) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Reason, b.Reason))
	})
	for _, e := range entries {
		switch e.State {
		case facts.Failed:
			if e.Existing {
				v.gaps = append(v.gaps, e)
			} else {
				v.failed = append(v.failed, e)
			}
		case facts.Skipped:
			v.skipped = append(v.skipped, e)
		case facts.Excluded:
			v.excluded = append(v.excluded, e)
		}
	}
	for _, n := range v.notJudged() {
		if n.Required {
			v.missing = append(v.missing, n)
		}
	}
	return v
}

// notJudged returns the rules without input: required ones first, then the
// stricter, then by rule and environment.
func (v *view) notJudged() []decide.NotJudged {
	list := slices.Clone(v.Result.NotJudged)
	slices.SortStableFunc(list, func(a, b decide.NotJudged) int {
		return cmp.Or(
			compareBool(b.Required, a.Required),
			cmp.Compare(b.Effect.Rank(), a.Effect.Rank()),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Environment, b.Environment),
		)
	})
	return list
}

// environments returns the decisions, sorted by environment and target.
func (v *view) environments() []decide.EnvironmentDecision {
	list := slices.Clone(v.Result.Environments)
	slices.SortStableFunc(list, func(a, b decide.EnvironmentDecision) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Target, b.Target))
	})
	return list
}

// requirements returns the approvals that are asked for, open ones first.
func (v *view) requirements() []decide.Requirement {
	list := slices.Clone(v.Result.Requirements)
	slices.SortStableFunc(list, func(a, b decide.Requirement) int {
		return cmp.Or(
			compareBool(a.Satisfied, b.Satisfied),
			cmp.Compare(a.Environment, b.Environment),
			cmp.Compare(a.Target, b.Target),
			cmp.Compare(a.Role, b.Role),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return list
}

// waivers returns the waivers that were used, by id.
func (v *view) waivers() []decide.WaiverUse {
	list := slices.Clone(v.Result.Waivers)
	slices.SortStableFunc(list, func(a, b decide.WaiverUse) int {
		return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// satisfied says whether every approval that a finding asks for was given. A
// finding without a target counts in all targets of its environment, one
// without an environment in all; a finding whose requirement is not in the
// result is not satisfied.
func (v *view) satisfied(f decide.Finding) bool {
	if f.Effect != decide.RequireApproval {
		return false
	}
	found := false
	for _, r := range v.Result.Requirements {
		if !slices.Contains(r.Because, f.Rule) || !reaches(f.Environment, r.Environment) || !reaches(f.Target, r.Target) {
			continue
		}
		if !r.Satisfied {
			return false
		}
		found = true
	}
	return found
}

// reaches says whether two names of environments or targets meet; an empty one
// means all.
func reaches(a, b string) bool { return a == "" || b == "" || a == b }

// rule returns the metadata of a finding's rule. What the catalog does not
// know is filled from the finding, so that no field a format needs is empty.
func (v *view) rule(f decide.Finding) policy.Rule {
	r, known := v.rules[f.Rule]
	if !known {
		r = policy.Rule{ID: f.Rule, Title: f.Title, Severity: f.Severity, Remediation: f.Remediation}
		r.Category, _, _ = strings.Cut(f.Rule, "/")
		r.Name = path.Base(f.Rule)
	}
	r.Title = notBlank(r.Title, f.Title, f.Rule, "unnamed rule")
	r.Description = notBlank(r.Description, r.Title)
	r.Severity = notBlank(r.Severity, f.Severity, "medium")
	return r
}

// notBlank returns the first text that is more than white space.
func notBlank(texts ...string) string {
	for _, s := range texts {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// compareFindings is the order of all reports: the strictest effect first,
// then severity, file, line, rule and subject. The rest makes it total.
func compareFindings(a, b decide.Finding) int {
	return cmp.Or(
		cmp.Compare(b.Effect.Rank(), a.Effect.Rank()),
		cmp.Compare(severityRank(b.Severity), severityRank(a.Severity)),
		cmp.Compare(a.Location.File, b.Location.File),
		cmp.Compare(a.Location.Line, b.Location.Line),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Subject.ID, b.Subject.ID),
		cmp.Compare(a.Environment, b.Environment),
		cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Location.Column, b.Location.Column),
		cmp.Compare(a.Path.String(), b.Path.String()),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Fingerprint, b.Fingerprint),
	)
}

// byChange is the order in which people read the findings of one effect: what is
// new, what stands in a file that the change touches, then as everywhere.
func (v *view) byChange(a, b decide.Finding) int {
	return cmp.Or(
		cmp.Compare(b.Effect.Rank(), a.Effect.Rank()),
		compareBool(a.State == decide.Existing, b.State == decide.Existing),
		compareBool(v.touches(b), v.touches(a)),
		compareFindings(a, b),
	)
}

func (v *view) touches(f decide.Finding) bool {
	return v.changed[f.Location.File] || slices.ContainsFunc(f.Location.Related, func(r source.Related) bool { return v.changed[r.File] })
}

func severityRank(s string) int {
	return slices.Index([]string{"low", "medium", "high", "critical"}, s) + 1
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// scopeName is how an environment and target are called: prod/eu, prod, or
// empty for a subject without an environment.
func scopeName(environment, target string) string {
	if target == "" {
		return environment
	}
	return environment + "/" + target
}

// fallbackFile carries findings that have no place inside the tree: the
// configuration is where a person would go to look.
const fallbackFile = ".gate.yaml"

// place returns where a finding is shown by formats that need a file and a
// line: inside the root, on one line.
func place(p source.Position) source.Position {
	p.File = strings.TrimPrefix(p.File, "./")
	if !local(p.File) {
		p = source.Position{File: fallbackFile, Approximate: true}
	}
	if p.Line < 1 {
		p.Line, p.Column, p.EndLine, p.EndColumn = 1, 0, 0, 0
		p.Approximate = true
	}
	return p
}

// maxPath is PATH_MAX of Linux in bytes; what is longer names no file.
const maxPath = 4096

// local says whether a slash-separated path stays inside the root.
func local(file string) bool {
	return file != "" && len(file) <= maxPath && !path.IsAbs(file) && file != ".." && !strings.HasPrefix(path.Clean(file), "../") && path.Clean(file) != ".."
}

// roleRendered is the role of a place in a rendered object, which is no file of
// the tree: SARIF and JSON carry it, texts for people do not.
const roleRendered = "rendered"

// inTree are the related places that a person can open.
func inTree(related []source.Related) []source.Related {
	return slices.DeleteFunc(slices.Clone(related), func(r source.Related) bool { return r.Role == roleRendered })
}

func hasRendered(related []source.Related) bool { return len(inTree(related)) < len(related) }

// fileCache reads each file at most once.
type fileCache struct {
	read  func(string) ([]byte, error)
	lines map[string][]string
	hash  map[string][]string // lineHashes
}

// text returns the lines of a file without their ends, or nil.
func (c *fileCache) text(file string) []string {
	if c.read == nil || !local(file) {
		return nil
	}
	if lines, ok := c.lines[file]; ok {
		return lines
	}
	if c.lines == nil {
		c.lines = map[string][]string{}
	}
	var lines []string
	if data, err := c.read(file); err == nil && len(data) <= source.MaxYAMLBytes {
		lines = strings.Split(string(data), "\n")
		for i := range lines {
			lines[i] = strings.TrimSuffix(lines[i], "\r")
		}
	}
	c.lines[file] = lines
	return lines
}

// line returns one line of a file; lines count from 1.
func (c *fileCache) line(file string, n int) (string, bool) {
	lines := c.text(file)
	if n < 1 || n > len(lines) {
		return "", false
	}
	return lines[n-1], true
}
