package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gate/internal/decide"
	"gate/internal/source"
)

// group is one finding as a person sees it: the same fault at the same place,
// found once for each environment, target, rendering or object.
type group struct {
	decide.Finding                  // the first and strictest of them
	members        []decide.Finding // all of them
	scopes         []string         // prod/eu, sorted; empty if none has an environment
	subjects       []string         // names of the things that were judged, sorted
	approved       bool             // every one of them asks for an approval that was given
}

// collapse puts together what a person sees as one finding: the same rule at the
// same place, in the same words apart from the names of what was judged and of
// where. What is one fact is one (decide.Together). The order of the input is kept.
func (v *view) collapse(findings []decide.Finding) []*group {
	return v.groups(decide.Together(findings), anonymous)
}

// alerts puts equal findings together, whatever they lead to: code scanning
// knows one alert for a rule and a line, and keeps it by its words.
func (v *view) alerts(findings []decide.Finding) []*group {
	return v.groups(decide.Together(findings), func(f decide.Finding) string { return f.Path.String() + "\x00" + f.Message })
}

func (v *view) groups(findings []decide.Finding, fault func(decide.Finding) string) []*group {
	type key struct {
		rule, verdict, fault, kind, waiver string
		position                           source.Position
	}
	var groups []*group
	index := map[key]*group{}
	for _, f := range findings {
		k := key{rule: f.Rule, verdict: f.Verdict, fault: fault(f), kind: f.Subject.Kind, position: f.Location.Position}
		if f.Waived != nil {
			k.waiver = f.Waived.ID
		}
		g := index[k]
		if g == nil {
			g = &group{Finding: f, approved: true}
			index[k] = g
			groups = append(groups, g)
		}
		for _, f := range held(f) {
			g.members = append(g.members, f)
			g.approved = g.approved && v.satisfied(f)
			if s := scopeName(f.Environment, f.Target); s != "" {
				g.scopes = insert(g.scopes, s)
			}
			if s := subjectName(f.Subject); s != "" {
				g.subjects = insert(g.subjects, s)
			}
		}
	}
	return groups
}

// held are a finding and those of the same fact that are about another subject.
func held(f decide.Finding) []decide.Finding {
	out := []decide.Finding{f}
	for _, other := range f.Also {
		if other.Subject.ID != f.Subject.ID {
			out = append(out, other)
		}
	}
	return out
}

// anonymous is what a finding says without the names of its subject and of where
// it is.
func anonymous(f decide.Finding) string {
	msg := f.Message
	for _, name := range []string{f.Subject.ID, f.Subject.Address, f.Subject.Name, f.Subject.Namespace, f.Environment, f.Target} {
		if name != "" {
			msg = strings.ReplaceAll(msg, name, "\x00")
		}
	}
	return msg
}

// outcome says in clean text what a group leads to and where: "deny in
// prod/eu, prod/us; warn in staging".
func (g *group) outcome() string {
	members := slices.Clone(g.members)
	slices.SortStableFunc(members, func(a, b decide.Finding) int { return cmp.Compare(b.Effect.Rank(), a.Effect.Rank()) })
	var parts []string
	for i := 0; i < len(members); {
		effect := members[i].Effect
		var scopes []string
		for ; i < len(members) && members[i].Effect == effect; i++ {
			if s := scopeName(members[i].Environment, members[i].Target); s != "" {
				scopes = insert(scopes, s)
			}
		}
		part := string(effect)
		if len(scopes) > 0 {
			part += " in " + brief(listed(scopes, maxScopes))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// where says in which environments and targets the group is, and what it leads
// to where that is not the same in all of them.
func (g *group) where() string {
	if slices.ContainsFunc(g.members, func(f decide.Finding) bool { return f.Effect != g.Effect }) {
		return g.outcome()
	}
	if len(g.scopes) == 0 {
		return ""
	}
	return "in " + brief(listed(g.scopes, maxScopes))
}

// single is a finding by itself.
func single(f decide.Finding) *group {
	return &group{Finding: f, members: []decide.Finding{f}, subjects: []string{subjectName(f.Subject)}}
}

// says is the message as a sentence that stands alone: it names what was judged.
func (g *group) says() string {
	msg := message(g.Message)
	if g.Verdict == "unknown" {
		msg += " (not known before apply)"
	}
	return msg + g.about()
}

// about names what was judged, behind a message that does not.
func (g *group) about() string {
	named := namesSubject(g.Message, g.Subject)
	switch n := len(g.subjects); {
	case n > 1 && named:
		return " (and " + number(n-1) + " more)"
	case n > 1:
		return " (" + brief(listed(g.subjects, 3)) + ")"
	case n == 1 && !named:
		return " (" + brief(g.subjects[0]) + ")"
	}
	return ""
}

// namesSubject says whether a message names a subject. What is no object and no
// resource (a file, a stack, the change) is named by the place.
func namesSubject(msg string, s decide.SubjectRef) bool {
	first, _ := utf8.DecodeRuneInString(s.Kind)
	switch {
	case s.Address != "": // the name alone may be a word of the message
		return hasWord(msg, s.Address)
	case s.Name == "" || !unicode.IsUpper(first):
		return true
	}
	for _, part := range strings.Split(s.Name, "/") { // "web/nginx": a container of an object
		if !hasWord(msg, part) {
			return false
		}
	}
	return true
}

// hasWord says whether a name stands in s and is not a part of another one.
func hasWord(s, name string) bool {
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for i := 0; name != ""; {
		at := strings.Index(s[i:], name)
		if at < 0 {
			break
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(name):])
		if !letter(before) && !letter(after) {
			return true
		}
		i += len(name)
	}
	return false
}

// identity is what keeps a group the same from run to run. Of what the base of
// the change has as well it is that which a run over the base gives it: a forge
// compares the two.
func (g *group) identity() string {
	before := slices.DeleteFunc(slices.Clone(g.members), func(f decide.Finding) bool { return f.State != decide.Existing })
	if len(before) == 0 {
		before = g.members
	}
	first := slices.MinFunc(before, func(a, b decide.Finding) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) })
	if first.Fingerprint != "" {
		return first.Fingerprint
	}
	return strings.Join([]string{g.Rule, g.Subject.ID, g.Path.String(), g.Environment, g.Target, g.Message}, "\x00")
}

// subjectName is how a person calls a subject: "Deployment payments/web", a
// Terraform address, or the subject's id.
func subjectName(s decide.SubjectRef) string {
	if s.Address != "" {
		return s.Address
	}
	name := s.Name
	if s.Namespace != "" {
		name = s.Namespace + "/" + name
	}
	if name == "" {
		return s.ID
	}
	return strings.TrimSpace(s.Kind + " " + name)
}

// block is what one rule finds, the worst first.
type block struct {
	rule   string
	groups []*group
}

// chapter is what leads to one effect: the rules of it, those with the worst
// finding first.
type chapter struct {
	effect decide.Effect
	blocks []*block
	total  int // findings
	places int
	fresh  int // findings that the base does not have
	above  int // further findings of the effect: they are one entry with what is stricter elsewhere
}

// chapters are the findings that a report for people shows, by what they lead to.
func (v *view) chapters() []chapter {
	groups := v.collapse(v.fresh)
	var out []chapter
	for _, effect := range []decide.Effect{decide.Deny, decide.RequireApproval, decide.Warn} {
		c := chapter{effect: effect}
		byRule := map[string]*block{}
		for _, g := range groups {
			if g.Effect != effect {
				if g.Effect.Rank() > effect.Rank() {
					for _, f := range g.members {
						c.above += oneIf(f.Effect == effect)
					}
				}
				continue
			}
			b := byRule[g.Rule]
			if b == nil {
				b = &block{rule: g.Rule}
				byRule[g.Rule] = b
				c.blocks = append(c.blocks, b)
			}
			b.groups = append(b.groups, g)
			c.places++
			for _, f := range g.members {
				if f.Effect == effect {
					c.total++
					c.fresh += oneIf(f.State == decide.New)
				}
			}
		}
		if c.total > 0 {
			out = append(out, c)
		}
	}
	return out
}

// title is "deny: 8 findings at 5 places".
func (v *view) title(c chapter) string {
	title := string(c.effect) + ": " + counted(c.total, "finding")
	switch {
	case !v.compared():
	case c.fresh == c.total:
		title = string(c.effect) + ": " + counted(c.total, "new finding")
	case c.fresh == 0:
		title += " that the base has as well"
	default:
		title += ", " + number(c.fresh) + " of them new,"
	}
	if c.places != c.total {
		title += " at " + counted(c.places, "place")
	}
	title = strings.TrimSuffix(title, ",")
	if c.above > 0 {
		title += "; " + number(c.above) + " more stand above"
	}
	return title
}

// beyond counts by rule and kind the findings of the rules that are not shown.
func beyond(blocks []*block) string {
	counts := map[string]int{}
	n := 0
	for _, b := range blocks {
		for _, g := range b.groups {
			counts[strings.TrimSpace(b.rule+" "+g.Subject.Kind)]++
			n++
		}
	}
	return "… " + counted(n, "place") + " of " + counted(len(blocks), "more rule") + ": " + tallied(counts, 8) + " (" + whole + ")"
}

// more counts by kind the places of a rule that are not shown.
func (b *block) more(shown int) string {
	rest := b.groups[min(shown, len(b.groups)):]
	if len(rest) == 0 {
		return ""
	}
	var kinds []string
	for _, g := range rest {
		kinds = append(kinds, g.Subject.Kind)
	}
	text := "… " + number(len(rest)) + " more " + plural(len(rest), "place") + " [" + brief(b.rule) + "]"
	if t := tally(kinds, 4); t != number(len(rest)) {
		text += ": " + t
	}
	return text + " (" + whole + ")"
}
