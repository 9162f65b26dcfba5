package report

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

// maxChanged bounds the attributes or fields of one step.
const maxChanged = 6

// told is a step as a person sees it: what becomes of one thing in several
// environments, or of several things in the same way.
type told struct {
	decide.Step // the riskiest of them
	names       []string
	scopes      []string
	places      map[string]bool
	kinds       map[string]int // how many steps there are of each
}

// steps are those of all stacks and units, what takes something away first, then
// by risk.
func (v *view) steps() []*told {
	list := together(func(yield func(string, *told)) {
		for _, t := range v.Result.Transitions {
			for _, s := range t.Steps {
				x := &told{Step: s, names: []string{stepName(s)}, places: map[string]bool{}, kinds: map[string]int{s.Subject.Kind: 1}}
				if scope := scopeName(t.Environment, t.Target); scope != "" {
					x.scopes = []string{scope}
				}
				if s.File != "" {
					x.places[s.File] = true
				}
				yield(stepKey(s), x)
			}
		}
	})
	list = together(func(yield func(string, *told)) { // what one file brings is one thing to look at
		for i, x := range list {
			key := fmt.Sprint(i)
			if x.Action == "create" && x.Risk == "low" && len(x.places) == 1 {
				word, _ := stepWord(x.Step)
				key = strings.Join(append([]string{word, x.File, x.Reason}, x.scopes...), "\x00")
			}
			yield(key, x)
		}
	})
	slices.SortStableFunc(list, func(a, b *told) int {
		return cmp.Or(compareBool(b.Destructive(), a.Destructive()), cmp.Compare(severityRank(b.Risk), severityRank(a.Risk)))
	})
	return list
}

// together merges what has the same key, in the order of the first of each.
func together(each func(yield func(key string, x *told))) []*told {
	var out []*told
	index := map[string]*told{}
	each(func(key string, x *told) {
		to := index[key]
		if to == nil {
			index[key] = x
			out = append(out, x)
			return
		}
		if severityRank(x.Risk) > severityRank(to.Risk) {
			to.Risk = x.Risk
		}
		for _, n := range x.names {
			to.names = insert(to.names, n)
		}
		for _, s := range x.scopes {
			to.scopes = insert(to.scopes, s)
		}
		maps.Copy(to.places, x.places)
		for kind, n := range x.kinds {
			to.kinds[kind] += n
		}
	})
	return out
}

// stepKey is equal for steps that are one to a person. What takes something away
// is named thing by thing.
func stepKey(s decide.Step) string {
	name := s.Subject.Kind
	if s.Destructive() || s.Outcome == facts.OutcomeOrphaned {
		name = stepName(s)
	}
	word, _ := stepWord(s)
	reason := reasonText(s)
	if s.Action == "move" && reason != s.Reason { // together with the others of its unit
		name = ""
	}
	return strings.Join([]string{word, name, strings.Join(s.Forces, "\x01"), reason, changedText(s)}, "\x00")
}

// reasonText says why. Of what an object was it names the unit: the object is
// named already.
func reasonText(s decide.Step) string {
	if unit, _, ok := strings.Cut(s.Reason, "#"); ok && strings.HasPrefix(unit, "was ") && !strings.Contains(s.Reason, ";") {
		return unit
	}
	return s.Reason
}

func stepName(s decide.Step) string {
	if s.Subject.Address != "" {
		return s.Subject.Address
	}
	name := s.Subject.Name
	if s.Subject.Namespace != "" {
		name = s.Subject.Namespace + "/" + name
	}
	return s.Subject.Kind + " " + name
}

// stepWord is the word for what happens, and how it stands out.
func stepWord(s decide.Step) (string, color) {
	word := s.Action
	switch s.Outcome {
	case "", facts.OutcomeApplied:
	case facts.OutcomeOrphaned:
		word = s.Outcome + ":"
	default:
		if word != "move" || s.Outcome != facts.OutcomeMoved {
			word = outcomeText(s.Outcome) + ": " + word
		}
	}
	switch {
	case s.Destructive():
		return word, red
	case s.Action == "drift" || severityRank(s.Risk) >= severityRank("high"):
		return word, yellow
	}
	return word, dim
}

// maxTogether bounds the names of things that change in the same way.
const maxTogether = 3

// text is what follows the word: the things, their risk, where, why, what changes
// in them, and the line that does it.
func (x *told) text() string {
	out := brief(listed(x.names, maxTogether)) + " (" + brief(x.Risk) + ")"
	if len(x.scopes) > 0 {
		out += " in " + brief(listed(x.scopes, maxEnvironments))
	}
	if len(x.Forces) > 0 {
		out += ", forced by " + brief(listed(x.Forces, maxChanged))
	}
	var why []string
	if reason := reasonText(x.Step); reason != "" {
		why = append(why, message(reason))
	}
	if changed := changedText(x.Step); changed != "" {
		why = append(why, changed)
	}
	if len(why) > 0 {
		out += ": " + strings.Join(why, "; ")
	}
	if x.File != "" {
		out += " · " + brief(source.Position{File: x.File, Line: x.Line}.String())
		if more := len(x.places) - 1; more > 0 {
			out += " and " + counted(more, "more file")
		}
	}
	return out
}

// changeSection says what the change does: how much, the worst steps by name, and
// the others by number.
func (v *view) changeSection(z sizes) (s section, named []*told) {
	s = section{title: "what the change does", color: bold}
	actions, risks, units := map[string]int{}, map[string]int{}, 0
	for _, t := range v.Result.Transitions {
		for k, n := range t.Actions {
			actions[k] += n
		}
		for k, n := range t.Risks {
			risks[k] += n
		}
		units += oneIf(len(t.Actions) > 0)
	}
	if units > 0 {
		s.title += ": " + transitionCounts(actions, risks)
		if units > 1 {
			s.title += "; in " + number(units) + " stacks and units"
		}
	}
	list := v.steps()
	named = list[:min(len(list), z.steps)]
	rest := maps.Clone(actions)
	for _, x := range named {
		word, color := stepWord(x.Step)
		for _, n := range x.kinds {
			rest[x.Comes()] -= n
		}
		s.lines = append(s.lines, line{word: word, color: color, text: x.text()})
	}
	if more := moreSteps(list[len(named):], rest); more != "" {
		s.lines = append(s.lines, line{text: more})
	}
	s.lines = append(s.lines, v.foldedLines()...)
	var unknown []line
	for _, u := range v.unknown() {
		unknown = append(unknown, line{word: "not known:", color: yellow, text: u})
	}
	s.lines = append(s.lines, bounded(unknown, z.list, "cause")...)
	return s, named
}

// moreSteps counts by action and kind the steps that are not named; rest are the
// actions that are left, listed or not.
func moreSteps(list []*told, rest map[string]int) string {
	n := 0
	for k, left := range rest {
		n += max(left, 0)
		if left <= 0 {
			delete(rest, k)
		}
	}
	if n == 0 {
		return ""
	}
	kinds := map[string]int{}
	for _, x := range list {
		for kind, n := range x.kinds {
			kinds[kind] += n
		}
	}
	text := "… " + number(n) + " more: " + transitionCounts(rest, nil)
	if len(kinds) > 0 {
		text += " (" + tallied(kinds, 6) + ")"
	}
	return text + " (" + whole + ")"
}

// unknown says of what it is not known what the change does, cause by cause.
func (v *view) unknown() []string {
	ids, scopes := map[string][]string{}, map[string][]string{}
	var order []string
	for _, u := range v.Result.Change.Unknown {
		if ids[u.Reason] == nil {
			order = append(order, u.Reason)
		}
		ids[u.Reason] = insert(ids[u.Reason], u.ID)
		if s := scopeName(u.Environment, u.Target); s != "" {
			scopes[u.Reason] = insert(scopes[u.Reason], s)
		}
	}
	var out []string
	for _, reason := range order {
		out = append(out, message(reason)+inScope(listed(scopes[reason], maxScopes))+": "+brief(listed(ids[reason], 1)))
	}
	return out
}

// imageSection says which images workloads run instead of others, where the named
// steps do not.
func (v *view) imageSection(limit int, named []*told) section {
	s := section{title: "images that change", color: bold}
	told := map[[2]string]bool{}
	for _, x := range named {
		for _, c := range x.Values[:min(len(x.Values), maxChanged)] {
			told[[2]string{c.Before, c.After}] = true
		}
	}
	for _, c := range v.Result.ImageChanges {
		if told[[2]string{c.Old, c.New}] {
			continue
		}
		s.lines = append(s.lines, line{text: imageText(c)})
	}
	s.lines = bounded(s.lines, limit, "image")
	return s
}

// transitionCounts is "1 delete, 3 create; risk: 1 high, 3 low".
func transitionCounts(actions, risks map[string]int) string {
	count := func(m map[string]int, order ...string) string {
		var parts []string
		for _, k := range order {
			if n := m[k]; n > 0 {
				parts = append(parts, number(n)+" "+outcomeText(k))
			}
		}
		return strings.Join(parts, ", ")
	}
	out := count(actions, "delete", "replace", "forget", "update", "create", "move", "import", "drift", facts.OutcomeOrphaned, facts.OutcomeNotApplied)
	if risk := count(risks, "critical", "high", "medium", "low"); risk != "" {
		out += "; risk: " + risk
	}
	return out
}

func outcomeText(s string) string { return strings.ReplaceAll(s, "-", " ") }

// foldedLines count what is only a consequence of something else, of objects and
// of resources.
func (v *view) foldedLines() []line {
	var out []line
	for _, noun := range []string{"object", "resource"} {
		var sum decide.Folded
		for _, t := range v.Result.Transitions {
			if strings.HasPrefix(t.Of, "stack:") != (noun == "resource") {
				continue
			}
			f := t.Folded
			sum.Count, sum.Restarts, sum.NotApplied = sum.Count+f.Count, sum.Restarts+f.Restarts, sum.NotApplied+f.NotApplied
			if severityRank(f.Risk) > severityRank(sum.Risk) {
				sum.Risk = f.Risk
			}
			for _, of := range f.Of {
				sum.Of = insert(sum.Of, of)
			}
		}
		if sum.Count > 0 {
			out = append(out, line{text: foldedText(sum, noun)})
		}
	}
	return out
}

// foldedText is the line for what is only a consequence of something else.
func foldedText(f decide.Folded, noun string) string {
	verb, their := "change", "their"
	if f.Count == 1 {
		verb, their = "changes", "its"
	}
	words := map[string]string{
		decide.OfVersion: "version labels or annotations", decide.OfChecksum: "checksum annotations",
		decide.OfInherited: "tags and labels that the provider adds",
	}
	var of []string
	for _, o := range f.Of {
		of = append(of, cmp.Or(words[o], brief(o)))
	}
	out := counted(f.Count, noun) + " " + verb + " only in " + strings.Join(of, " and ")
	switch {
	case f.Restarts == 0:
	case f.Restarts == f.Count:
		out += ", which restarts " + their + " pods"
	default:
		out += ", which restarts the pods of " + number(f.Restarts)
	}
	if f.NotApplied > 0 {
		out += "; " + number(f.NotApplied) + " not applied"
	}
	return out + " (" + brief(cmp.Or(f.Risk, "low")) + ")"
}

// changedText names what changes: the attributes that say something of size,
// protection and exposure, then the other paths, with their values where they are
// single ones. Of what is made anew only the former: the rest of it is all new.
func changedText(s decide.Step) string {
	var parts []string
	for _, a := range s.Attributes {
		parts = append(parts, fromTo(a.Path, a.Before, a.After)+" ("+brief(a.Class)+")")
	}
	if s.Action == "replace" {
		return listed(parts, maxChanged)
	}
	values := map[string]decide.Value{}
	for _, v := range s.Values {
		values[v.Path] = v
	}
	parent := ""
	for _, p := range s.Paths {
		if slices.ContainsFunc(s.Attributes, func(a decide.Attribute) bool { return overlap(a.Path, p) }) {
			continue
		}
		name := p
		if i := strings.LastIndexAny(p, ".["); i > 0 { // several fields of one thing name it once
			if p[:i] == parent {
				name = "…" + p[i:]
			}
			parent = p[:i]
		}
		if v, ok := values[p]; ok {
			parts = append(parts, fromTo(name, v.Before, v.After))
		} else {
			parts = append(parts, brief(name))
		}
	}
	return listed(parts, maxChanged)
}

// maxValue is the size in bytes of a value in the line of a step.
const maxValue = 80

func fromTo(path, before, after string) string {
	value := func(s string) string { return clean(clip(cmp.Or(s, "none"), maxValue)) }
	return brief(path) + " " + value(before) + " → " + value(after)
}

// overlap says whether one of two paths leads to the other, whatever elements of
// lists they name: of repeated blocks an attribute is told as a whole.
func overlap(a, b string) bool {
	a, b = indices().ReplaceAllString(a, ""), indices().ReplaceAllString(b, "")
	within := func(path, of string) bool {
		rest, ok := strings.CutPrefix(path, of)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return within(a, b) || within(b, a)
}

var indices = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[[0-9]+\]`) })
