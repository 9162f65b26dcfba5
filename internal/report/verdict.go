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
	var parts []string
	named := false // the rules of what is strictest
	for _, effect := range []decide.Effect{decide.Deny, decide.RequireApproval, decide.Warn} {
		for _, state := range []struct {
			what, that string
			is         func(decide.Finding) bool
		}{
			{v.newWord() + "finding", "", func(f decide.Finding) bool { return f.State != decide.Existing }},
			{"finding", " that the base has as well", func(f decide.Finding) bool { return f.State == decide.Existing }},
		} {
			var rules []string
			for _, f := range v.fresh {
				if f.Effect == effect && state.is(f) {
					rules = append(rules, f.Rule)
				}
			}
			if len(rules) > 0 {
				part := counted(len(rules), state.what) + state.that + " " + verb(effect, len(rules))
				if !named {
					part += " (" + tally(rules, maxNamedRules) + ")"
					named = true
				}
				parts = append(parts, part)
			}
		}
	}
	if asked := v.asked(); asked > 0 {
		parts = append(parts, counted(asked, "approval")+" "+isAre(asked)+" missing")
	}
	if n := len(v.failed); n > 0 {
		parts = append(parts, counted(n, "thing")+v.reached()+" could not be judged")
	}
	if n := len(v.missing); n > 0 {
		parts = append(parts, counted(n, "rule")+" "+lack(n)+" a required input")
	}
	if v.Result.Cut {
		parts = append(parts, "the run ended before it had looked at everything")
	}
	if len(parts) == 0 && v.compared() {
		return "nothing new was found"
	}
	return strings.Join(parts, "; ")
}

// asked counts the approvals that are still to be given.
func (v *view) asked() int {
	n := 0
	for _, r := range v.Result.Requirements {
		if !r.Satisfied {
			n += max(r.Count, 1)
		}
	}
	return n
}

func (v *view) newWord() string {
	if v.compared() {
		return "new "
	}
	return ""
}

// reached says of what was not judged that it is of the change, where what was
// there before is told apart.
func (v *view) reached() string {
	if len(v.gaps) > 0 || slices.ContainsFunc(v.Result.Environments, func(e decide.EnvironmentDecision) bool { return e.Scope == decide.ScopeChange }) {
		return " that the change makes or reaches"
	}
	return ""
}

func verb(e decide.Effect, n int) string {
	one, many := map[decide.Effect]string{decide.Deny: "denies", decide.RequireApproval: "asks for approval", decide.Warn: "warns"},
		map[decide.Effect]string{decide.Deny: "deny", decide.RequireApproval: "ask for approval", decide.Warn: "warn"}
	if n == 1 {
		return one[e]
	}
	return many[e]
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func lack(n int) string {
	if n == 1 {
		return "lacks"
	}
	return "lack"
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
