package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/owenrumney/go-sarif/v2/sarif"
)

// What GitHub code scanning reads of SARIF 2.1.0, and rejects or drops
// without a word: https://docs.github.com/en/code-security, "SARIF support
// for code scanning".
const (
	sarifSchema      = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	maxResults       = 25_000 // of a run
	maxFlow          = 1_000  // thread flow locations
	maxDescription   = 1_024  // characters of a rule's descriptions
	maxResultMessage = 8_192
	maxNotifications = 1_000
	maxLinks         = 10 // of a result's message
)

// renderedBase is the base of places in rendered objects: the directory that
// `gate render --out` writes.
const renderedBase = "RENDERED"

// The descriptors of what a run says about itself.
const (
	noteNotJudged = "gate/not-judged"
	noteMissing   = "gate/input-missing"
	noteCut       = "gate/results-cut"
)

// writeSARIF writes one run of SARIF 2.1.0 as GitHub code scanning reads it.
// Waived findings are left out: GitHub ignores suppressions and would open an
// alert for each of them.
func writeSARIF(w io.Writer, v *view, _ string) error {
	report, err := sarif.New(sarif.Version210)
	if err != nil {
		return err
	}
	report.Schema = sarifSchema
	run := &sarif.Run{
		ColumnKind:      "utf16CodeUnits",
		DefaultEncoding: ptr("UTF-8"),
		Results:         []*sarif.Result{},
	}
	report.AddRun(run)
	if err := v.sarifRun(run); err != nil {
		return err
	}
	return encodeJSON(w, report)
}

func ptr[T any](v T) *T { return &v }

func (v *view) sarifRun(run *sarif.Run) error {
	all := v.alerts(v.open)
	shown := all
	if len(shown) > maxResults {
		shown = shown[:maxResults] // the strictest and most severe come first
	}
	driver, index := v.sarifDriver()
	run.Tool = sarif.Tool{Driver: driver}
	for _, g := range shown {
		result, err := v.sarifResult(g, index)
		if err != nil {
			return err
		}
		run.Results = append(run.Results, result)
	}
	run.AutomationDetails = &sarif.RunAutomationDetails{ID: ptr(strings.Trim(cmp.Or(v.Category, "gate"), "/") + "/")}
	run.VersionControlProvenance = v.provenance()
	run.Invocations = []*sarif.Invocation{v.invocation(len(all) - len(shown))}
	if slices.ContainsFunc(shown, func(g *group) bool { return hasRendered(g.Location.Related) }) {
		run.OriginalUriBaseIDs = map[string]*sarif.ArtifactLocation{renderedBase: {
			Description: &sarif.Message{Text: ptr("The directory that gate render --out writes: a file for each rendered object.")},
		}}
	}
	run.Properties = sarif.Properties{
		"decision":     string(v.Result.Decision),
		"complete":     v.Result.Complete,
		"waived":       len(v.waived),
		"policySource": v.Result.PolicySource,
	}
	return nil
}

// sarifDriver describes the tool and the rules that this run knows, and
// returns the index of each rule.
func (v *view) sarifDriver() (*sarif.ToolComponent, map[string]uint) {
	known := map[string]bool{}
	var rules []*sarif.ReportingDescriptor
	for _, id := range slices.Sorted(maps.Keys(v.rules)) {
		rules = append(rules, sarifRule(v.rule(findingOf(id))))
		known[id] = true
	}
	for _, f := range v.open {
		if !known[f.Rule] {
			known[f.Rule] = true
			rules = append(rules, sarifRule(v.rule(f)))
		}
	}
	slices.SortFunc(rules, func(a, b *sarif.ReportingDescriptor) int { return cmp.Compare(a.ID, b.ID) })
	index := map[string]uint{}
	for i, r := range rules {
		index[r.ID] = uint(i)
	}
	tool := v.Result.Tool
	version := cmp.Or(tool.Version, "0.0.0")
	driver := &sarif.ToolComponent{
		Name:    cmp.Or(tool.Name, "gate"),
		Version: &version,
		Rules:   list(rules),
		Notifications: []*sarif.ReportingDescriptor{
			descriptor(noteNotJudged, "NotJudged", "Something that was discovered could not be read, rendered or evaluated."),
			descriptor(noteMissing, "InputMissing", "A rule could not be judged because an input was not handed in."),
			descriptor(noteCut, "ResultsCut", "More results than a report may carry were found."),
		},
	}
	if semantic := strings.TrimPrefix(version, "v"); semanticVersion().MatchString(semantic) {
		driver.SemanticVersion = &semantic
	}
	return driver, index
}

func descriptor(id, name, text string) *sarif.ReportingDescriptor {
	return &sarif.ReportingDescriptor{
		ID: id, Name: &name, ShortDescription: plainText(text), FullDescription: plainText(text),
		Help: &sarif.MultiformatMessageString{Text: &text, Markdown: &text},
	}
}

func plainText(s string) *sarif.MultiformatMessageString {
	return &sarif.MultiformatMessageString{Text: &s}
}

// provenance says which commit of which repository was judged.
func (v *view) provenance() []*sarif.VersionControlDetails {
	c := v.Result.Change
	if c.Repository == "" {
		return nil
	}
	u := url.URL{Scheme: "https"}
	u.Host, u.Path, _ = strings.Cut(c.Repository, "/")
	if u.Host == "" || strings.ContainsAny(u.Host, " \t\"<>\\^`{|}%") || u.Path == "" {
		return nil
	}
	u.Path = "/" + u.Path
	d := &sarif.VersionControlDetails{RepositoryURI: ptr(u.String())}
	if c.Commit != "" {
		d.RevisionID = &c.Commit
	}
	if c.Branch != "" {
		d.Branch = &c.Branch
	}
	return []*sarif.VersionControlDetails{d}
}

// invocation says whether everything was judged, and names what was not.
func (v *view) invocation(cut int) *sarif.Invocation {
	inv := &sarif.Invocation{ExecutionSuccessful: &v.Result.Complete}
	if now, err := time.Parse(time.RFC3339, v.Result.Now); err == nil {
		utc := now.UTC()
		inv.EndTimeUTC = &utc
	}
	note := func(id, level, text string, at ...*sarif.Location) {
		n := &sarif.Notification{
			Descriptor: &sarif.ReportingDescriptorReference{Id: &id},
			Level:      level,
			Message:    &sarif.Message{Text: ptr(clip(text, maxResultMessage))},
		}
		n.Locations = at
		inv.ToolExecutionNotifications = append(inv.ToolExecutionNotifications, n)
	}
	if cut > 0 {
		note(noteCut, "warning", fmt.Sprintf("%s more results were left out: a run may carry %s. The JSON report has them all.",
			number(cut), number(maxResults)))
	}
	list := gaps(v.failed)
	for i, g := range list {
		if i == maxNotifications {
			note(noteNotJudged, "error", number(len(list)-i)+" more things were not judged. The JSON report names them all.")
			break
		}
		note(noteNotJudged, "error", g.failure(), g.locations()...)
	}
	for _, l := range v.gapsBefore() { // no fault of this run
		note(noteNotJudged, "note", l.text)
	}
	for i, m := range v.missing {
		if i == maxNotifications {
			note(noteMissing, "error", number(len(v.missing)-i)+" more rules were not judged. The JSON report names them all.")
			break
		}
		note(noteMissing, "error", notJudgedText(m))
	}
	return inv
}

// locations are where what was not judged stands.
func (g *gap) locations() []*sarif.Location {
	var out []*sarif.Location
	for _, p := range g.places[:min(len(g.places), maxFlow)] {
		at := &sarif.PhysicalLocation{ArtifactLocation: artifact(p.File)}
		if p.Line >= 1 {
			at.Region = &sarif.Region{StartLine: ptr(p.Line)}
		}
		out = append(out, &sarif.Location{PhysicalLocation: at})
	}
	return out
}

var errNoIndex = errors.New("finding has a rule without a descriptor")
