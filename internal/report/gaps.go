package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/source"
)

// gap is one cause for which something was not judged, with all that it is the
// cause of: one chart may be missing for many units, one file hold several.
type gap struct {
	facts.Entry // the first of them
	ids         []string
	places      []source.Position // each once, those in the tree
}

func gaps(entries []facts.Entry) []*gap {
	type key struct {
		kind, reason, id string
		place            source.Position
	}
	var out []*gap
	index := map[key]*gap{}
	for _, e := range entries {
		k := key{kind: e.Kind, reason: e.Reason}
		if e.Cause == "" { // the reason does not name what is missing
			k.place = e.Place
		}
		if e.Cause == "" && e.Place.File == "" {
			k.id = e.ID
		}
		g := index[k]
		if g == nil {
			g = &gap{Entry: e}
			index[k] = g
			out = append(out, g)
		}
		g.ids = insert(g.ids, e.ID)
		if local(e.Place.File) && !slices.Contains(g.places, e.Place) {
			g.places = append(g.places, e.Place)
		}
	}
	return out
}

// names are the things that were not judged.
func (g *gap) names() string { return listed(g.ids, maxSubjects) }

// failure says what was not judged, why and what would help.
func (g *gap) failure() string {
	was := " was"
	if len(g.ids) > 1 {
		was = " were"
	}
	text := brief(g.Kind) + " " + brief(g.names()) + was + " not judged: " + message(cmp.Or(g.Reason, "failed"))
	how := g.Hint
	if len(g.ids) > 1 {
		how = cmp.Or(settle(g.Cause), how)
	}
	if how != "" {
		text += " (hint: " + message(oneLine(how)) + ")"
	}
	return text
}

// maxSubjects bounds the things that one line of what was not judged names.
const maxSubjects = 3

// text is the place and why, clean. What it is about is named where no place
// says it, and in a run over a whole tree, where it may be excluded by its name.
func (g *gap) text(named bool) string {
	place := brief(g.Place.String())
	text := message(cmp.Or(g.Reason, "failed")) + " [" + brief(g.Kind) + "]"
	switch {
	case place == "":
		return brief(listed(g.ids, maxSubjects)) + ": " + text
	case len(g.ids) == 1 && (g.Place.File == g.ID || !named):
		return place + ": " + text
	case named:
		return place + ": " + brief(listed(g.ids, maxSubjects)) + ": " + text
	}
	return place + ": " + text + ", " + number(len(g.ids)) + " times"
}

// settle says what settles all of a cause.
func settle(c source.Cause) string {
	switch c {
	case source.CauseChart:
		return fetch.Command + ", commit " + fetch.LockFile + ", then gate check --allow-network=helm --cache DIR"
	case source.CauseRemote:
		return "commit what it yields (kustomize build ADDRESS > FILE) and name that, or judge it in its own repository and list it under exclude in .gate.yaml"
	case source.CauseElsewhere:
		return "judge it in its own repository; where production may lack that here, say optional: [repositories] in .gate.yaml"
	case source.CauseModule:
		return "hand in the plan of each stack: terraform init && terraform plan -out tfplan && terraform show -json tfplan > plan.json, then gate check --plan STACK=plan.json"
	}
	return ""
}

// gapSection says what was not judged and what would settle it.
func (v *view) gapSection(limit int) section {
	n := len(v.failed)
	s := section{title: "incomplete: " + counted(n, "thing") + v.reached() + " not judged", color: red}
	if n == 0 && !v.Result.Complete && len(v.missing) == 0 {
		s.title, s.lines = "the run is incomplete", []line{{text: "not everything could be judged"}}
		if len(v.gaps) > 0 {
			s.lines[0].text = "what could not be judged is what could not be at the base either: see below"
		}
	}
	list := gaps(v.failed)
	slices.SortStableFunc(list, func(a, b *gap) int { // what has one mend together
		return cmp.Or(cmp.Compare(a.Cause, b.Cause), compareBool(v.changed[b.Place.File], v.changed[a.Place.File]))
	})
	for i, g := range list {
		if i == limit {
			s.lines = append(s.lines, line{text: "… " + number(len(list)-i) + " more: " + kinds(list[i:]) + " (" + whole + ")"})
			break
		}
		s.lines = append(s.lines, line{text: g.text(!v.compared()), fault: true})
		if how := mend(list, i, limit); how != "" {
			s.lines = append(s.lines, line{text: how, hint: true})
		}
	}
	if entry, more := v.exclusion(); entry != "" {
		text := "to leave it out on purpose, visibly and for a time, put on the target branch into .gate.yaml: exclude: [" + entry + "]"
		if more > 0 {
			text += ", and " + number(more) + " more of this form"
		}
		s.lines = append(s.lines, line{text: text, hint: true})
	}
	return s
}

// mend is what settles one of the gaps that are shown, "" where it stands with one
// that follows: one command settles all of a cause, which a single gap needs not.
func mend(list []*gap, i, limit int) string {
	g := list[i]
	more := i+1 < len(list) && list[i+1].Cause == g.Cause
	how := settle(g.Cause)
	switch {
	case how == "" && more && i+1 < limit && list[i+1].Hint == g.Hint:
		return ""
	case how == "", len(g.ids) == 1 && !more && (i == 0 || list[i-1].Cause != g.Cause):
		return cmp.Or(brief(g.Hint), how)
	case more && i+1 < limit:
		return ""
	}
	return how
}

// missingSection says which required inputs were not handed in, and what lacks them.
func (v *view) missingSection(limit int) section {
	s := section{title: "required, and not handed in", color: red, lines: bounded(inputLines(v.missing), limit, "reason")}
	if len(v.missing) > 0 {
		s.lines = append(s.lines, line{text: `hand the missing input in, or list it under "optional" in .gate.yaml on the target branch`, hint: true})
	}
	return s
}

// inputLines are one for each reason for which rules were not judged.
func inputLines(list []decide.NotJudged) []line {
	var order []string
	rules, scopes, worst := map[string][]string{}, map[string][]string{}, map[string]decide.Effect{}
	for _, n := range list {
		if rules[n.Reason] == nil {
			order = append(order, n.Reason)
		}
		rules[n.Reason] = insert(rules[n.Reason], n.Rule)
		if n.Environment != "" {
			scopes[n.Reason] = insert(scopes[n.Reason], n.Environment)
		}
		if n.Effect.Rank() >= worst[n.Reason].Rank() {
			worst[n.Reason] = n.Effect
		}
	}
	var out []line
	for _, reason := range order {
		text := brief(cmp.Or(reason, "not judged")) + ": " + brief(listed(rules[reason], maxScopes))
		if len(scopes[reason]) > 0 {
			text += " in " + brief(listed(scopes[reason], maxScopes))
		}
		out = append(out, line{text: text + " (effect would be " + string(worst[reason]) + ")"})
	}
	return out
}

func kinds(list []*gap) string {
	counts := map[string]int{}
	for _, g := range list {
		counts[strings.TrimSpace(g.Kind+" "+string(g.Cause))] += len(g.ids)
	}
	return tallied(counts, 4)
}

// skippedLines say what was not judged for want of an input that nobody requires
// there, by cause, with what settles all of one.
func (v *view) skippedLines() []line {
	reasons, order, counts := map[string][]string{}, []facts.Entry{}, map[string]int{}
	for _, e := range v.skipped {
		key := string(e.Cause) + " " + e.Input
		if e.Input == "" || e.Kind == "rule" || e.Kind == "policy" {
			continue
		}
		if counts[key]++; counts[key] == 1 {
			order = append(order, e)
		}
		reasons[key] = insert(reasons[key], e.Reason)
	}
	var lines []line
	for _, e := range order {
		key := string(e.Cause) + " " + e.Input
		text := counted(counts[key], e.Kind) + " not judged without a " + brief(e.Input) + ": " + brief(listed(reasons[key], maxSubjects))
		lines = append(lines, line{text: text})
		if how := cmp.Or(settle(e.Cause), brief(e.Hint)); how != "" {
			lines = append(lines, line{text: how, hint: true})
		}
	}
	return lines
}

// gapsBefore counts what was not judged before the change either, by cause, with
// what settles all of one.
func (v *view) gapsBefore() []line {
	if len(v.gaps) == 0 {
		return nil
	}
	var order []source.Cause
	counts := map[source.Cause]int{}
	for _, e := range v.gaps {
		if counts[e.Cause]++; !slices.Contains(order, e.Cause) {
			order = append(order, e.Cause)
		}
	}
	slices.SortStableFunc(order, func(a, b source.Cause) int { return cmp.Or(compareBool(a == "", b == ""), cmp.Compare(a, b)) })
	lines := []line{{text: "not judged at the base either, and not reached by the change: " + counted(len(v.gaps), "thing")}}
	for _, c := range order {
		what := map[source.Cause]string{
			source.CauseChart: "for a chart from elsewhere", source.CauseRemote: "for what another repository holds", source.CauseElsewhere: "for what is deployed from another repository",
			source.CauseModule: "for a Terraform module from elsewhere",
		}[c]
		if what == "" {
			var of []string
			for _, e := range v.gaps {
				if e.Cause == c {
					of = append(of, e.Kind)
				}
			}
			what = "for other reasons (" + tally(of, 4) + "; " + whole + ")"
		}
		text := number(counts[c]) + " " + what
		if how := settle(c); how != "" {
			text += ": " + how
		}
		lines = append(lines, line{text: text})
	}
	return lines
}

// exclusion is the configuration that leaves out on purpose what cannot be read,
// so that a first run on a strange repository has a way forward, and how many
// more entries of its form there would be.
func (v *view) exclusion() (first string, more int) {
	seen := map[string]bool{}
	for _, e := range v.failed {
		if v.compared() && e.Cause != "" {
			continue // one command is the better way
		}
		entry := excludeEntry(e, v.Result.Now)
		if entry == "" || seen[entry] {
			continue
		}
		if seen[entry] = true; first == "" {
			first = brief(entry)
		}
	}
	return first, max(len(seen)-1, 0)
}

// excludeEntry is the entry of .gate.yaml's "exclude" for one failure, or empty
// if an exclusion cannot settle it.
func excludeEntry(e facts.Entry, now string) string {
	var what string
	switch {
	case e.Kind == "unit":
		what = "unit: " + strconv.Quote(e.ID)
	case e.Kind == "file" || e.Kind == "object":
		what = "paths: [" + strconv.Quote(cmp.Or(e.Place.File, e.ID)) + "]"
	default:
		return ""
	}
	return "{" + what + `, reason: "…", owner: "@…", expires: ` + inDays(now, 90) + "}"
}
