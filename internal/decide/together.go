package decide

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/source"
)

// overlap is how one rule sees what a broader one sees as well: at its field, or at the
// one around it.
type overlap struct {
	broader string
	at      source.Path // the only field at which it does; nil: any
	line    bool        // on its line: the fields are those of other subjects
}

// overlaps are those of rules, by the narrower one.
var overlaps = map[string]overlap{
	"kubernetes/privileged-container":      {broader: "kubernetes/pod-security-baseline"},
	"kubernetes/host-path":                 {broader: "kubernetes/pod-security-baseline"},
	"kubernetes/host-ports-and-node-ports": {broader: "kubernetes/pod-security-baseline"},
	"kubernetes/latest-tag":                {broader: "kubernetes/image-digest"},
	"iac/iam-wildcard":                     {broader: "iac/public-exposure"},                                     // of the principal of a statement
	"iac/state-backend":                    {broader: "repository/one-owner", at: source.Path{"backend", "key"}}, // a state that several stacks keep
	"secrets/plaintext-secret":             {broader: "iac/sensitive-output", line: true},                        // a literal in an argument
}

// Together makes one finding of those that are one fact: what two rules see at one
// field, what one rule says several times of one place, whichever instance of a module or
// unit it is said of, and what one rule cannot tell of a stack for one reason. The
// strictest of them stands for all, and says which others there are; each keeps its identity in Also.
// What is waived or hangs on something else, or differs in its state beside the base,
// stays by itself, so that one is left while any is open; so does what asks for an
// approval, but beside what denies the same fact. The order is kept, and list is not
// changed.
func Together(list []Finding) []Finding {
	of := map[string][]int{} // kept findings, by subject and place
	out := make([]Finding, 0, len(list))
	for _, f := range list {
		if f.Subject.ID == "" || f.Waived != nil || f.On != nil || f.Effect.Rank() == 0 {
			out = append(out, f)
			continue
		}
		key := strings.Join([]string{about(&f), f.Environment, f.Target, f.State, f.Verdict, fmt.Sprint(f.Excused)}, "\x00")
		at := slices.IndexFunc(of[key], func(i int) bool {
			return oneFact(&out[i], &f) || slices.ContainsFunc(out[i].Also, func(a Finding) bool { return oneFact(&a, &f) })
		})
		if at < 0 {
			of[key] = append(of[key], len(out))
			out = append(out, f)
			continue
		}
		lead := &out[of[key][at]]
		if outranks(&f, lead) {
			f.Also = append([]Finding{*lead}, lead.Also...)
			f.Also[0].Also = nil
			*lead = f
		} else {
			lead.Also = append(lead.Also[:len(lead.Also):len(lead.Also)], f)
		}
	}
	for i := range out {
		out[i].Message += alsoSaid(&out[i])
	}
	return out
}

// about is the subject of a finding; of a detected secret and of a resource of Terraform it
// is the line where it is written, whichever unit or instance of a module holds it, and of
// what cannot be told the stack and the reason.
func about(f *Finding) string {
	carrier, rest, _ := strings.Cut(f.Subject.ID, ":")
	stack, _, _ := strings.Cut(rest, ":")
	p := f.Location.Position
	switch exact := !p.Approximate && p.Line > 0 && p.Column > 0; {
	case carrier == "terraform" && f.Verdict == "unknown":
		return strings.Join([]string{carrier, stack, f.Rule, reason(f.Message)}, "\x00")
	case (carrier == "terraform" || carrier == "secret") && exact:
		return fmt.Sprintf("written\x00%s:%d", p.File, p.Line)
	}
	return f.Subject.ID
}

// reason is the message of what cannot be told without the name of the attribute that it
// begins with.
func reason(message string) string {
	_, why, _ := strings.Cut(message, " ")
	return why
}

// oneFact says whether two findings about one thing are one fact.
func oneFact(a, b *Finding) bool {
	switch {
	case a.Effect == RequireApproval && b.Effect != Deny, b.Effect == RequireApproval && a.Effect != Deny:
		return false
	case a.Rule == b.Rule:
		return repeats(a, b)
	case overlaps[a.Rule].broader == b.Rule:
		return overlaps[a.Rule].covers(a, b)
	case overlaps[b.Rule].broader == a.Rule:
		return overlaps[b.Rule].covers(b, a)
	}
	return false
}

// repeats says whether a rule says the same twice: of one place, and of instances of one
// resource in the same words; or that the same is not known.
func repeats(a, b *Finding) bool {
	if strings.HasPrefix(a.Subject.ID, "terraform:") {
		if a.Verdict == "unknown" {
			return reason(a.Message) == reason(b.Message)
		}
		if a.Subject.ID != b.Subject.ID && nameless(a) != nameless(b) {
			return false
		}
	}
	return !a.Location.Approximate && a.Location.Line > 0 && a.Location.Position == b.Location.Position
}

// covers says whether a finding of the narrower rule and one of the broader are one fact.
func (o overlap) covers(narrow, wide *Finding) bool {
	switch {
	case o.line:
		return narrow.Location.File == wide.Location.File && narrow.Location.Line == wide.Location.Line
	case o.at != nil && narrow.Path.String() != o.at.String():
		return false
	}
	return within(narrow.Path, wide.Path) || within(wide.Path, narrow.Path)
}

// nameless is the message of a finding without the address of its subject.
func nameless(f *Finding) string {
	if f.Subject.Address == "" {
		return f.Message
	}
	return strings.ReplaceAll(f.Message, f.Subject.Address, "")
}

// within says whether a path is another one or leads below it.
func within(path, above source.Path) bool {
	return len(above) > 0 && len(above) <= len(path) && path[:len(above)].String() == above.String()
}

// outranks says whether a finding stands for another one: a stricter one does, and
// of two the one of the narrower rule.
func outranks(f, lead *Finding) bool {
	if f.Effect != lead.Effect {
		return f.Effect.Rank() > lead.Effect.Rank()
	}
	return overlaps[f.Rule].broader == lead.Rule
}

// alsoSaid is what the others say: the rule of another, and the words of its own
// without what they have in common.
func alsoSaid(f *Finding) string {
	var words, rules []string
	elsewhere := map[source.Position]bool{}
	for _, other := range f.Also {
		switch {
		case other.Rule != f.Rule && !slices.Contains(rules, other.Rule):
			rules = append(rules, other.Rule)
		case other.Rule == f.Rule && f.Verdict == "unknown" && other.Location.Position != f.Location.Position:
			elsewhere[other.Location.Position] = true
		case other.Rule == f.Rule && other.Subject.ID == f.Subject.ID && other.Message != f.Message:
			if text := other.Message[shared(f.Message, other.Message):]; !slices.Contains(words, text) {
				words = append(words, text)
			}
		}
	}
	out := ""
	for _, w := range words {
		out += "; " + w
	}
	if n := len(elsewhere); n > 0 {
		out += fmt.Sprintf("; so it is elsewhere (%d)", n)
	}
	if len(rules) > 0 {
		out += " (also " + strings.Join(rules, ", ") + ")"
	}
	return out
}

// shared is how far two messages begin alike, up to the end of a clause.
func shared(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if i := strings.LastIndex(a[:n], ": "); i >= 0 {
		return i + len(": ")
	}
	return 0
}
