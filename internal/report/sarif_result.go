package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/owenrumney/go-sarif/v2/sarif"

	"gate/internal/decide"
	"gate/internal/source"
)

// fingerprintKey is the name of gate's own fingerprint, with its version as the
// last part: SARIF 2.1.0 §3.5.4.2, §3.27.17. GitHub uses primaryLocationLineHash.
const fingerprintKey = "gateFinding/" + decide.FingerprintVersion

// sarifResult is one finding, or several that are one alert: GitHub tells
// alerts apart by rule and line, so that a fault which reaches five clusters
// is one result that names them. Its message says the effects, because the
// level alone does not tell whether the change may go on.
func (v *view) sarifResult(g *group, index map[string]uint) (*sarif.Result, error) {
	f := g.Finding
	i, ok := index[f.Rule]
	if !ok {
		return nil, fmt.Errorf("%w: %s", errNoIndex, f.Rule)
	}
	related := localRelated(f.Location.Related)
	if aboutSecrets(f) {
		for i := range related {
			related[i].Text = ""
		}
	}
	p := place(f.Location.Position)
	result := &sarif.Result{
		RuleID:              &f.Rule,
		RuleIndex:           &i,
		Level:               ptr(sarifLevel(f.Effect)),
		Message:             sarif.Message{Text: ptr(sarifMessage(g, related))},
		Locations:           []*sarif.Location{{PhysicalLocation: v.physical(p), LogicalLocations: logical(f)}},
		PartialFingerprints: map[string]any{},
	}
	if f.Fingerprint != "" {
		result.PartialFingerprints[fingerprintKey] = f.Fingerprint
	}
	if hash, ok := v.files.lineHash(p.File, p.Line); ok {
		result.PartialFingerprints["primaryLocationLineHash"] = hash
	}
	if state := sarifState(g); state != "" {
		result.BaselineState = &state
	}
	result.Properties = resultProperties(g, p)
	if n := uint(len(g.members)); n > 1 {
		result.OccurrenceCount = &n
	}
	if len(related) > 0 {
		result.RelatedLocations = v.relatedLocations(related)
		result.CodeFlows = []*sarif.CodeFlow{v.codeFlow(p, related)}
	}
	return result, nil
}

// sarifState is new if any of a group is; what the base has as well is
// unchanged: SARIF 2.1.0 §3.27.24.
func sarifState(g *group) string {
	state := ""
	for _, f := range g.members {
		switch f.State {
		case decide.New:
			return "new"
		case decide.Existing:
			state = "unchanged"
		}
	}
	return state
}

// sarifLevel: only deny is an error, because an error can fail GitHub's check
// for good, while an approval that is asked for can still be given.
func sarifLevel(e decide.Effect) string {
	switch e {
	case decide.Deny:
		return "error"
	case decide.RequireApproval, decide.Warn:
		return "warning"
	}
	return "note"
}

func sarifMessage(f *group, related []source.Related) string {
	text := linkless(clip(f.Message, maxResultMessage))
	if strings.TrimSpace(text) == "" {
		text = linkless(cmp.Or(f.Title, f.Rule))
	}
	text += linkless(f.about())
	note := linkless(f.outcome())
	if f.Verdict == "unknown" {
		note += ", not known before apply"
	}
	text += " (" + note + ")"
	links := 0
	for i, r := range related {
		switch {
		case r.Role == roleRendered: // no file of the repository, nothing to follow
			continue
		case links == 0:
			text += ", see "
		case links == maxLinks:
			return text + fmt.Sprintf(" and %d more places", len(related)-i)
		default:
			text += ", "
		}
		text += fmt.Sprintf("[%s](%d)", linkText(r), i+1)
		links++
	}
	return text
}

// linkless keeps hostile text from making a link of its own: SARIF reads
// [text](target) inside a message as one (§3.11.6). Characters that would
// mislead a reader are made visible; line breaks stay.
func linkless(s string) string {
	parts := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range parts {
		parts[i] = clean(parts[i])
	}
	return strings.ReplaceAll(strings.Join(parts, "\n"), "](", `\](`)
}

func linkText(r source.Related) string {
	return strings.NewReplacer("[", "(", "]", ")").Replace(clean(cmp.Or(r.Role, "place")))
}

func localRelated(all []source.Related) []source.Related {
	var out []source.Related
	for _, r := range all {
		if len(out) < maxFlow-1 && local(strings.TrimPrefix(r.File, "./")) {
			out = append(out, r)
		}
	}
	return out
}

// resultProperties keep every finding of a result apart, with the fingerprint
// by which the JSON report and the decision know it.
func resultProperties(g *group, p source.Position) sarif.Properties {
	props := sarif.Properties{"effect": string(g.Effect), "severity": g.Severity, "verdict": g.Verdict}
	for key, value := range map[string]string{
		"service": g.Service, "owner": g.Owner, "path": g.Path.String(), "requires": g.Requires,
	} {
		if value != "" {
			props[key] = value
		}
	}
	if p.Approximate {
		props["approximate"] = true
	}
	findings := []map[string]string{}
	for _, f := range g.members {
		if len(findings) == maxFlow {
			props["findingsLeftOut"] = len(g.members) - maxFlow
			break
		}
		findings = append(findings, map[string]string{
			"fingerprint": f.Fingerprint, "environment": f.Environment, "target": f.Target,
			"effect": string(f.Effect), "subject": f.Subject.ID,
		})
	}
	props["findings"] = findings
	return props
}

// physical is a region on one line: an alert shows in a pull request only if
// all its lines are in the diff.
func (v *view) physical(p source.Position) *sarif.PhysicalLocation {
	start, end := p.Column, p.EndColumn
	line, known := v.files.line(p.File, p.Line)
	if start < 1 {
		start, end = 1, 0
		if known {
			start = source.Column(line, len(line)-len(strings.TrimLeft(line, " \t")))
		}
	}
	if p.EndLine > p.Line || end <= start {
		end = start + 1
		if known {
			end = source.Column(line, len(strings.TrimRight(line, " \t")))
		}
	}
	if known { // never beyond the line
		last := source.Column(line, len(line))
		start = min(start, last)
		end = min(end, last)
	}
	end = max(end, start)
	return &sarif.PhysicalLocation{
		ArtifactLocation: artifact(p.File),
		Region:           &sarif.Region{StartLine: &p.Line, StartColumn: &start, EndLine: ptr(p.Line), EndColumn: &end},
	}
}

// logical names the subject, for readers that group by it.
func logical(f decide.Finding) []*sarif.LogicalLocation {
	name := subjectName(f.Subject)
	if name == "" {
		return nil
	}
	l := &sarif.LogicalLocation{FullyQualifiedName: ptr(clean(name))}
	if f.Subject.Name != "" {
		l.Name = ptr(clean(f.Subject.Name))
	}
	if f.Subject.Kind != "" {
		l.Kind = ptr(clean(f.Subject.Kind))
	}
	return []*sarif.LogicalLocation{l}
}

func (v *view) relatedLocations(related []source.Related) []*sarif.Location {
	var out []*sarif.Location
	for i, r := range related {
		at := v.relatedLocation(r)
		at.Id = ptr(uint(i + 1))
		out = append(out, at)
	}
	return out
}

func (v *view) relatedLocation(r source.Related) *sarif.Location {
	at := &sarif.Location{Message: &sarif.Message{Text: ptr(flowText(r.Role))}}
	if r.Role != roleRendered {
		at.PhysicalLocation = v.physical(place(r.Position))
		return at
	}
	start := max(1, r.Column)
	end := max(start, r.EndColumn, source.Column(r.Text, len(r.Text)))
	region := &sarif.Region{StartLine: &r.Line, StartColumn: &start, EndLine: &r.Line, EndColumn: &end}
	if r.Text != "" {
		region.Snippet = &sarif.ArtifactContent{Text: ptr(clip(clean(r.Text), maxDescription))}
	}
	file := artifact(r.File)
	file.URIBaseId = ptr(renderedBase)
	at.PhysicalLocation = &sarif.PhysicalLocation{ArtifactLocation: file, Region: region}
	return at
}

// codeFlow leads from where a value comes from over the place to edit to what
// is applied.
func (v *view) codeFlow(p source.Position, related []source.Related) *sarif.CodeFlow {
	var before, after []*sarif.ThreadFlowLocation
	for _, r := range related {
		step := &sarif.ThreadFlowLocation{Location: v.relatedLocation(r)}
		switch r.Role {
		case roleRendered, "patch", "plan":
			after = append(after, step)
		default:
			before = append(before, step)
		}
	}
	edit := &sarif.ThreadFlowLocation{Location: &sarif.Location{
		PhysicalLocation: v.physical(p),
		Message:          &sarif.Message{Text: ptr("the place to change")},
	}}
	return &sarif.CodeFlow{ThreadFlows: []*sarif.ThreadFlow{{Locations: append(append(before, edit), after...)}}}
}

func flowText(role string) string {
	switch role {
	case "values":
		return "value that is set here"
	case "patch":
		return "patch that changes it"
	case roleRendered:
		return "where it is rendered"
	case "module":
		return "where the module is called"
	case "plan":
		return "where the plan has it"
	case "definition":
		return "where it is defined"
	}
	return "related place"
}

// artifact is a file of the judged tree. The path is a relative reference
// (RFC 3986 §4.2): everything but unreserved characters and slashes is
// percent-encoded, so that no name is taken for a scheme or a query.
func artifact(file string) *sarif.ArtifactLocation {
	return &sarif.ArtifactLocation{URI: ptr(relativeURI(file))}
}

func relativeURI(file string) string {
	var b strings.Builder
	for i := 0; i < len(file); i++ {
		c := file[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
