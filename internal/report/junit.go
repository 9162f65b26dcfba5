package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
)

// The dialects of JUnit. GitLab reads the file from the test case; Jenkins'
// schema (xunit-plugin, junit-10.xsd) allows it only on the test suite.
const (
	junitGitLab  = "gitlab"
	junitJenkins = "jenkins"
)

// maxJUnit is where writing test cases stops: GitLab reads files below 30 MB.
const maxJUnit = 28 << 20

type (
	junitSuites struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Name     string        `xml:"name,attr"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Errors   int           `xml:"errors,attr"`
		Suites   []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		File     string       `xml:"file,attr,omitempty"`
		Cases    []*junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Time      string        `xml:"time,attr"`
		Skipped   *junitOutcome `xml:"skipped"`
		Error     *junitOutcome `xml:"error"`
		Failure   *junitOutcome `xml:"failure"`
		Output    *junitText    `xml:"system-out"`
	}
	junitOutcome struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitText struct {
		Text string `xml:",chardata"`
	}
)

// writeJUnit writes one test case for each finding as people see it, one
// for each rule of which the base has some as well, and one for each that found
// nothing. Deny and an approval that is not given are failures; a
// warning and a waived finding pass, with their text as output; a missing
// input is skipped; what makes the run incomplete is an error.
func writeJUnit(w io.Writer, v *view, dialect string) error {
	j := &junitWriter{view: v, jenkins: dialect == junitJenkins, taken: map[string]bool{}, suites: map[string]*junitSuite{}, room: maxJUnit}
	j.incomplete()
	j.findings(v.fresh)
	j.before()
	j.findings(v.waived)
	j.ruleCases()
	out := junitSuites{Name: "gate", Suites: j.order}
	for _, s := range j.order {
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Errors += s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitWriter struct {
	*view
	jenkins bool
	taken   map[string]bool
	suites  map[string]*junitSuite
	order   []*junitSuite
	room    int // bytes left
	cut     int
}

// add puts a case into the suite of its rule; with Jenkins, of its rule and
// file.
func (j *junitWriter) add(c *junitCase) {
	key := c.Classname
	if j.jenkins {
		key += "\x00" + c.File
	}
	s := j.suites[key]
	if s == nil {
		s = &junitSuite{Name: notBlank(c.Classname, "unnamed rule"), Time: "0"}
		if j.jenkins && c.File != "" {
			s.File = c.File
			s.Name += " " + c.File // Jenkins puts suites of one name together
		}
		j.suites[key] = s
		j.order = append(j.order, s)
	}
	if j.jenkins {
		c.File = ""
	}
	c.Time = "0"
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// unique returns the first of the names that no case has yet: GitLab keeps
// only the first of two cases with one name.
func (j *junitWriter) unique(names ...string) string {
	for _, n := range names {
		if !j.taken[n] {
			j.taken[n] = true
			return n
		}
	}
	last := names[len(names)-1]
	for i := 2; ; i++ {
		if n := last + " #" + strconv.Itoa(i); !j.taken[n] {
			j.taken[n] = true
			return n
		}
	}
}

func (j *junitWriter) incomplete() {
	const suite = "gate/incomplete"
	list := gaps(j.failed)
	for i, g := range list {
		if i == maxNotifications {
			n := number(len(list) - i)
			j.add(&junitCase{Name: j.unique(n + " more"), Classname: suite, Error: outcome("incomplete", n+" more things were not judged, see --format json", "")})
			break
		}
		name := xmlText(clip(g.Kind+" "+g.names(), maxMessage))
		details := g.failure()
		if len(g.places) > 1 {
			for _, p := range g.places[:min(len(g.places), maxListed)] {
				details += "\n" + xmlText(p.String())
			}
		}
		c := &junitCase{Name: j.unique(name), Classname: suite, Error: outcome("incomplete", cmp.Or(g.Reason, "failed"), details)}
		if local(g.Place.File) {
			c.File = clean(g.Place.File)
		}
		j.add(c)
	}
	if !j.Result.Complete && len(j.failed) == 0 && len(j.missing) == 0 {
		j.add(&junitCase{Name: j.unique("run"), Classname: suite, Error: outcome("incomplete", "the run is incomplete", "")})
	}
}

// before counts what the base has as well and what was not judged before the
// change either, in cases that pass: a failure is of the change.
func (j *junitWriter) before() {
	counts := map[string]int{}
	for _, f := range j.old {
		counts[f.Rule]++
	}
	for _, rule := range slices.Sorted(maps.Keys(counts)) {
		id := xmlText(rule)
		j.add(&junitCase{Name: j.unique(id + " before the change"), Classname: id, Output: &junitText{counted(counts[rule], "finding") + " that the base has as well\n"}})
	}
	var said strings.Builder
	for _, l := range j.gapsBefore() {
		said.WriteString(l.text + "\n")
	}
	if said.Len() > 0 {
		j.add(&junitCase{Name: j.unique("before the change"), Classname: "gate/incomplete", Output: &junitText{said.String()}})
	}
}

func (j *junitWriter) findings(findings []decide.Finding) {
	for _, g := range j.collapse(findings) {
		c := j.finding(g)
		if j.room -= len(c.Name)*2 + len(c.Classname)*2 + len(g.Message)*3 + 600; j.room < 0 {
			j.cut++
			continue
		}
		j.add(c)
	}
	if j.cut > 0 {
		n := number(j.cut)
		j.cut = 0
		j.add(&junitCase{Name: j.unique(n + " more findings"), Classname: "gate/cut", Error: outcome("cut", n+" more findings do not fit, see --format json", "")})
	}
}

func (j *junitWriter) finding(g *group) *junitCase {
	p := place(g.Location.Position)
	name := fmt.Sprintf("%s:%d", p.File, p.Line)
	if s := junitSubject(g.Subject); s != "" {
		name += " " + s
	}
	name = xmlText(clip(name, maxMessage))
	scoped := name
	if len(g.scopes) > 0 {
		scoped += xmlText(" (" + listed(g.scopes, maxScopes) + ")")
	}
	detailed := scoped + xmlText(" "+clip(g.Path.String(), maxMessage))
	c := &junitCase{Name: j.unique(name, scoped, detailed), Classname: xmlText(g.Rule), File: clean(p.File)}
	details := j.details(g)
	switch {
	case g.Waived != nil:
		c.Output = &junitText{"waived by " + waiverText(*g.Waived) + "\n" + details}
	case slices.ContainsFunc(g.members, func(f decide.Finding) bool {
		return f.Effect == decide.Deny || f.Effect == decide.RequireApproval && !j.satisfied(f)
	}):
		c.Failure = outcome(string(g.Effect), g.says(), details)
	case g.Effect == decide.RequireApproval:
		c.Output = &junitText{"approval was given\n" + details}
	default:
		c.Output = &junitText{string(g.Effect) + "\n" + details}
	}
	return c
}

func junitSubject(s decide.SubjectRef) string {
	if s.Address != "" {
		return s.Address
	}
	var parts []string
	for _, p := range []string{s.Kind, s.Namespace, s.Name} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return s.ID
	}
	return strings.Join(parts, "/")
}

// details is the finding as text: what, where, for whom, and the mend.
func (j *junitWriter) details(g *group) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s [%s]\n", xmlText(g.Location.String()), g.says(), xmlText(g.Rule))
	if s := g.where(); s != "" {
		fmt.Fprintf(&b, "%s\n", xmlText(s))
	}
	if len(g.subjects) > 1 {
		fmt.Fprintf(&b, "of %s\n", xmlText(listed(g.subjects, maxListed)))
	}
	related := inTree(g.Location.Related)
	for _, r := range related[:min(len(related), maxListed)] {
		fmt.Fprintf(&b, "%s: %s\n", roleText(r.Role), xmlText(r.Position.String()))
	}
	if how := oneLine(cmp.Or(g.Remediation, j.rules[g.Rule].Remediation)); how != "" {
		fmt.Fprintf(&b, "fix: %s\n", message(how))
	}
	return b.String()
}

// ruleCases adds the rules that found nothing, and those that were not judged.
func (j *junitWriter) ruleCases() {
	for _, n := range j.notJudged() {
		c := &junitCase{Name: j.unique(xmlText(n.Rule+inScope(n.Environment)), xmlText(n.Rule+inScope(n.Environment)+": "+n.Reason)), Classname: xmlText(n.Rule)}
		if n.Required {
			c.Error = outcome("incomplete", notJudgedText(n), "")
		} else {
			c.Skipped = outcome("input missing", notJudgedText(n), "")
		}
		j.add(c)
	}
	found := map[string]bool{}
	for _, f := range j.open {
		found[f.Rule] = true
	}
	for _, f := range j.waived {
		found[f.Rule] = true
	}
	for _, n := range j.Result.NotJudged {
		found[n.Rule] = true
	}
	for _, e := range coverage(j.Result.Coverage).Entries {
		if (e.Kind != "rule" && e.Kind != "policy") || found[e.ID] {
			continue
		}
		switch e.State {
		case facts.Evaluated:
			j.add(&junitCase{Name: j.unique(xmlText(e.ID)), Classname: xmlText(e.ID), Output: &junitText{counted(e.Count, "subject") + " judged, nothing found\n"}})
		case facts.Skipped:
			j.add(&junitCase{Name: j.unique(xmlText(e.ID)), Classname: xmlText(e.ID), Skipped: outcome("skipped", cmp.Or(e.Reason, "skipped"), "")})
		}
	}
}

// notJudgedText says in clean text which rule could not be judged, and why.
func notJudgedText(n decide.NotJudged) string {
	return brief(n.Rule) + inScope(n.Environment) + " was not judged: " + brief(n.Reason) + " (its effect would be " + string(n.Effect) + ")"
}

func outcome(kind, msg, details string) *junitOutcome {
	return &junitOutcome{Type: kind, Message: message(msg), Text: details}
}

// xmlText is a name that is legal in XML 1.0 (§2.2), in which most control
// characters cannot stand even as references.
func xmlText(s string) string { return brief(s) }
