package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"gate/internal/decide"
)

// verdictText is the answer in one clean line.
func verdictText(r *decide.Result) string {
	s := decisionText(r)
	if r.PolicySource != "" {
		s += " (policy: " + brief(r.PolicySource) + ")"
	}
	return s
}

func decisionText(r *decide.Result) string {
	s := "decision: " + string(r.Decision) + ", " + completeness(r)
	if r.Judged == 0 && !r.Cut { // whether there was something, a cut run does not know
		s += "; nothing to check was found"
	}
	return s
}

func completeness(r *decide.Result) string {
	if r.Complete {
		return "complete"
	}
	return "incomplete"
}

// maxNamedRules bounds the rules that the reason of a verdict names.
const maxNamedRules = 3

// why says in clean words what the verdict comes from, "" where nothing was
// judged.
func (v *view) why() string {
	kind := "finding"
	if v.compared() {
		kind = "new finding"
	}
	var parts []string
	for _, e := range []struct {
		effect    decide.Effect
		one, many string
	}{{decide.Deny, "denies", "deny"}, {decide.RequireApproval, "asks for approval", "ask for approval"}, {decide.Warn, "warns", "warn"}} {
		var fresh, old []string
		for _, f := range v.fresh {
			switch {
			case f.Effect != e.effect:
			case f.State == decide.Existing:
				old = append(old, f.Rule)
			default:
				fresh = append(fresh, f.Rule)
			}
		}
		for _, x := range []struct {
			rules []string
			kind  string
			that  string
		}{{fresh, kind, ""}, {old, "finding", "that the base has as well "}} {
			if len(x.rules) == 0 {
				continue
			}
			part := agree(len(x.rules), x.kind, x.that+e.one, x.that+e.many)
			if len(parts) == 0 { // the rules of what is strictest
				part += " (" + tally(x.rules, maxNamedRules) + ")"
			}
			parts = append(parts, part)
		}
	}
	if n := v.asked(); n > 0 {
		parts = append(parts, agree(n, "approval", "is missing", "are missing"))
	}
	if n := len(v.failed); n > 0 {
		parts = append(parts, counted(n, "thing")+v.reached()+" could not be judged")
	}
	if n := len(v.missing); n > 0 {
		parts = append(parts, agree(n, "rule", "lacks a required input", "lack a required input"))
	}
	if v.Result.Cut {
		parts = append(parts, "the run ended before it had looked at everything")
	}
	if len(parts) == 0 && v.compared() {
		return "nothing new was found"
	}
	return strings.Join(parts, "; ")
}

// agree is a number of things with the verb that goes with it.
func agree(n int, noun, one, many string) string {
	if n == 1 {
		return counted(n, noun) + " " + one
	}
	return counted(n, noun) + " " + many
}

// asked counts the approvals that are still to be given.
func (v *view) asked() int {
	n := 0
	for _, r := range v.Result.Requirements {
		if !r.Satisfied {
			n += openOf(r)
		}
	}
	return n
}

// reached says of what was not judged that it is of the change, where what was
// there before is told apart.
func (v *view) reached() string {
	if len(v.gaps) > 0 || slices.ContainsFunc(v.Result.Environments, func(e decide.EnvironmentDecision) bool { return e.Scope == decide.ScopeChange }) {
		return " that the change makes or reaches"
	}
	return ""
}

// scopeText says what a decision covers, in a few words; "" for all of it.
func scopeText(e decide.EnvironmentDecision) string {
	if e.Scope == decide.ScopeChange {
		return "only what the change reaches"
	}
	return ""
}

// marker is a comment (CommonMark §4.6) that no reader sees and by which a later
// run finds what it wrote before about the same repository and configuration. All
// that names them is digested, so that nothing of it can end the comment.
func (v *view) marker() string {
	sum := sha256.New()
	for _, s := range append([]string{v.Result.Change.Repository}, v.Of...) {
		part := sha256.Sum256([]byte(s))
		sum.Write(part[:])
	}
	return "<!-- gate:" + hex.EncodeToString(sum.Sum(nil)[:12]) + " -->"
}

// commits names head and base of the change by their short ids; "" for one that
// is not known.
func (v *view) commits() (head, base string) {
	c := v.Result.Change
	short := func(ids ...string) string {
		id := notBlank(ids...)
		if _, err := hex.DecodeString(id); err != nil {
			return "" // no object id of git
		}
		return id[:min(len(id), 12)]
	}
	return short(c.Head, c.Commit), short(c.MergeBase, c.Base)
}
