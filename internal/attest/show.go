package attest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/source"
	"gate/internal/transition"
)

// Show writes a decision for people. All text of it is hostile: what is not
// plainly printable is quoted, so that no value can look like another line.
func Show(w io.Writer, d *Decision) error {
	p := d.Predicate
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(key string, values ...string) {
		values = slices.DeleteFunc(values, func(s string) bool { return s == "" })
		if len(values) > 0 {
			fmt.Fprintf(tw, "%s\t%s\n", key, strings.Join(values, "  "))
		}
	}
	complete := "complete"
	if !p.Decision.Complete {
		complete = "NOT COMPLETE"
	}
	row("decision", string(p.Decision.PolicyDecision)+", "+complete, when(p.Decision.Scope == decide.ScopeChange, "covers what the change reaches"))
	row("place", place(p.Target))
	row("signature", signature(d))
	row("identity", "sha256:"+d.Digest)
	row("change", text(p.Identity.ChangeID), by(p.Identity.Author))
	row("commit", text(p.Identity.CommitSHA), labelled("head", p.Identity.Head), labelled("base", p.Identity.Base), labelled("tree", p.Identity.Tree))
	row("kind", fmt.Sprintf("%s, %s risk", p.Classification.ChangeType, p.Classification.RiskClass),
		when(p.Classification.Destructive, "destructive"), when(p.Classification.RegulatedData, "regulated data"))
	row("reaches", reach(p.Classification.BlastRadius))
	row("transition", summary(p.PredictedTransition.Summary), labelled("sha256", p.PredictedTransition.TransitionDigest),
		when(p.PredictedTransition.TransitionDigest == "", "effect not known as a whole"),
		when(p.PredictedTransition.TransitionBinding == transition.Exact, "approvals bind to these bytes only"))
	row("plan link", string(p.PredictedTransition.PlanLink))
	row("made", p.EvaluatedAt+" by "+text(p.Tool.Name)+" "+text(p.Tool.Version), "valid until "+p.ValidUntil)
	row("policies", text(p.Decision.PolicySource), labelled("sha256", p.Decision.Digests.Policy))
	row("evidence", text(p.Evidence.EvidenceID), p.Evidence.RetentionClass)
	row("findings", counts(p.Decision.Counts))
	if err := tw.Flush(); err != nil {
		return err
	}
	return showLists(w, d)
}

func showLists(w io.Writer, d *Decision) error {
	v := d.Predicate.Decision
	var b strings.Builder
	list := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s\n", title)
		for _, l := range lines {
			fmt.Fprintf(&b, "  %s\n", l)
		}
	}
	var rows []string
	for _, r := range d.Predicate.Classification.Rows {
		line := fmt.Sprintf("%s  %s", text(r.RiskClass), text(r.ID))
		if r.ChangeType != "" {
			line += "  " + text(r.ChangeType)
		}
		line += fmt.Sprintf("  %s: %d, %s", text(r.Why), r.Count, textList(r.Subjects))
		if more := r.Count - len(r.Subjects); more > 0 {
			line += ", …"
		}
		rows = append(rows, line)
	}
	var subjects, requirements, exceptions, notJudged, gaps []string
	for _, s := range d.Subjects {
		line := text(s.Name) + "  sha256:" + s.SHA256
		if len(s.Files) > 0 {
			line += fmt.Sprintf("  (%d files)", len(s.Files))
		}
		subjects = append(subjects, line)
	}
	for _, q := range v.Requirements {
		requirements = append(requirements, fmt.Sprintf("%s  %d by %s  because of %s", text(q.ID), q.Count, text(q.Role), textList(q.Because)))
	}
	for _, e := range v.ExceptionsUsed {
		line := fmt.Sprintf("%s  %d finding(s)  owner %s  until %s  %s", text(e.ID), e.Count, text(e.Owner), text(e.Expires), text(e.Reason))
		exceptions = append(exceptions, line)
	}
	for _, n := range v.NotJudged {
		notJudged = append(notJudged, fmt.Sprintf("%s  %s  %s", text(n.Rule), text(string(n.Effect)), text(n.Reason)))
	}
	for _, g := range v.Coverage.Gaps {
		gaps = append(gaps, strings.TrimRight(fmt.Sprintf("%s  %s %s  %s", text(g.State), text(g.Kind), text(g.ID), text(g.Reason)), " "))
	}
	list("what happens", stepLines(d.Predicate.PredictedTransition))
	list("why this kind and risk", rows)
	list("subjects: what may be applied", subjects)
	list("approvals needed", requirements)
	list("exceptions used", exceptions)
	list("rules not judged", notJudged)
	list("not covered", gaps)
	_, err := io.WriteString(w, b.String())
	return err
}

func place(t Target) string {
	if t.Environment == "" {
		return "no environment (class " + t.Class + ")"
	}
	out := text(t.Environment)
	if t.Name != "" {
		out += "/" + text(t.Name)
	}
	out += " (class " + t.Class + ")"
	for _, x := range []struct{ key, value string }{{"account", t.Account}, {"region", t.Region}, {"cluster", t.Cluster}} {
		if x.value != "" {
			out += "  " + x.key + " " + text(x.value)
		}
	}
	return out
}

func signature(d *Decision) string {
	switch {
	case !d.Signed:
		return "NOT SIGNED"
	case d.KeyHint != "":
		return "present, not verified here (key hint " + text(d.KeyHint) + "); gate verify checks it"
	}
	return "present, not verified here; gate verify checks it"
}

func summary(s Summary) string {
	out := fmt.Sprintf("%d created, %d updated (%d of them replaced), %d deleted, %d moved", s.Created, s.Updated, s.Replaced, s.Deleted, s.Moved)
	if s.Unknown > 0 {
		out += fmt.Sprintf(", %d without a base to compare with", s.Unknown)
	}
	return out
}

// reach counts what a change reaches, and names what there is one of.
func reach(b classify.BlastRadius) string {
	var parts []string
	for _, x := range b.Parts() {
		switch {
		case x.Count == 1 && len(x.Names) == 1 && x.Of != "resources":
			parts = append(parts, strings.TrimSuffix(x.Of, "s")+" "+text(x.Names[0]))
		case x.Count > 0:
			parts = append(parts, fmt.Sprintf("%d %s", x.Count, x.Of))
		}
	}
	return strings.Join(parts, ", ")
}

func counts(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", text(k), m[k]))
	}
	return strings.Join(parts, ", ")
}

func by(author string) string {
	if author == "" {
		return ""
	}
	return "by " + text(author)
}

func labelled(key, value string) string {
	if value == "" {
		return ""
	}
	return key + " " + text(value)
}

func when(yes bool, word string) string {
	if yes {
		return word
	}
	return ""
}

func textList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return strings.Join(out, ", ")
}

// text quotes what is not plainly printable.
func text(s string) string {
	if source.Visible(s) != s || strings.ContainsRune(s, unicode.ReplacementChar) {
		return strconv.QuoteToASCII(s)
	}
	return s
}
