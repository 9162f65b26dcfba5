package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// planLink compares what the JSON says, while it is read, with what the binary
// plan does. A harmless JSON beside a hostile plan would pass everything.
type planLink struct {
	binary  *PlanBinary
	changes map[string]*binaryChange // by address and deposed key
	drift   map[string]*binaryChange
	given   map[string]any // the variables of the JSON
	seen    map[*binaryChange]bool
	// Differences are told without values: those may be secrets.
	differences []string
}

// maxDifferences are named; more are counted.
const maxDifferences = 5

func newPlanLink(b *PlanBinary) *planLink {
	l := &planLink{binary: b, changes: map[string]*binaryChange{}, drift: map[string]*binaryChange{}, seen: map[*binaryChange]bool{}}
	index := func(to map[string]*binaryChange, from []binaryChange, what string) {
		for i := range from {
			c := &from[i]
			if to[c.key()] != nil {
				l.differ("the binary plan has two %s for %s", what, c.name())
			}
			to[c.key()] = c
		}
	}
	index(l.changes, b.changes, "actions")
	index(l.drift, b.drift, "drifts")
	return l
}

func (c *binaryChange) key() string { return c.address + "\x00" + c.deposed }

func (c *binaryChange) name() string {
	if c.deposed != "" {
		return fmt.Sprintf("%s (deposed %s)", c.address, c.deposed)
	}
	return c.address
}

func (l *planLink) differ(format string, args ...any) {
	l.differences = append(l.differences, fmt.Sprintf(format, args...))
}

// resource compares one element of resource_changes, resource_drift or
// deferred_changes, before anything of it is masked.
func (l *planLink) resource(member string, c map[string]any) {
	from := l.changes
	if member == "resource_drift" {
		from = l.drift
	}
	change := doc.Map(c, "change")
	said := &binaryChange{address: doc.Text(c, "address"), deposed: doc.Text(c, "deposed")}
	var actions []string
	for _, a := range doc.List(change, "actions") {
		s := doc.Text(a)
		actions = append(actions, s)
	}
	b := from[said.key()]
	switch {
	case b == nil:
		l.differ("the JSON says %s of %s, of which the binary plan does not know", strings.Join(actions, "-"), said.name())
		return
	case l.seen[b]: // in two lists: one list with two is no plan
		l.differ("the JSON speaks twice of %s", said.name())
		return
	}
	l.seen[b] = true
	if want := b.actions(); !slices.Equal(actions, want) {
		l.differ("%s: the JSON says %s, the binary plan does %s", said.name(), strings.Join(actions, "-"), strings.Join(want, "-"))
		return
	}
	if b.deferred != (member == "deferred_changes") {
		l.differ("%s: deferred in one of the two plans only", said.name())
	}
	previous := doc.Text(c, "previous_address")
	if previous != b.previous && !(previous == b.address && b.previous == "") && !(b.previous == b.address && previous == "") {
		l.differ("%s: the JSON says that it moved from %q, the binary plan from %q", said.name(), previous, b.previous)
	}
	if replace := pathTexts(paths(doc.List(change, "replace_paths"))); !slices.Equal(replace, b.replace) {
		l.differ("%s: the JSON says that %s forces the replacement, the binary plan %s", said.name(), orNothing(replace), orNothing(b.replace))
	}
	switch {
	case (change["importing"] != nil) != b.importing:
		l.differ("%s: imported in one of the two plans only", said.name())
	case doc.Text(change, "importing", "id") != b.importID:
		l.differ("%s: the JSON says that something else is imported than the binary plan does", said.name())
	}
	if reason, known := binaryReasons[b.reason]; known && doc.Text(c, "action_reason") != reason {
		l.differ("%s: the reason of the action is not what the binary plan holds", said.name())
	}
	if source := b.providerSource(); source != "" && doc.Text(c, "provider_name") != source {
		l.differ("%s: the JSON says that it is of provider %q, the binary plan of %q", said.name(), doc.Text(c, "provider_name"), source)
	}
	l.values(said.name(), b, change)
	typ := doc.Text(c, "type")
	l.sensitiveMarks(said.name(), typ, change["before"], nil, change["before_sensitive"], b.sensitive[0])
	l.sensitiveMarks(said.name(), typ, change["after"], change["after_unknown"], change["after_sensitive"], b.sensitive[1])
}

func pathTexts(in [][]any) []string {
	var out []string
	for _, p := range in {
		out = append(out, source.Path(p).String())
	}
	slices.Sort(out)
	return out
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// values compares what stands there before and after. How many values an
// action has is said in message Change.
func (l *planLink) values(name string, b *binaryChange, change map[string]any) {
	sides := map[uint64][]string{0: {"both"}, 1: {"after"}, 5: {"before"}, 8: {"before"}}[b.action]
	if sides == nil {
		sides = []string{"before", "after"}
	}
	if b.action == 9 && len(b.values) == 1 { // opened, not replaced
		sides = []string{"after"}
	}
	if len(b.values) != len(sides) {
		l.differ("%s: the binary plan holds %d values, expected %d", name, len(b.values), len(sides))
		return
	}
	for i, raw := range b.values {
		v, err := decodeMsgpack(raw)
		if err != nil {
			l.differ("%s: the values of the binary plan cannot be read: %v", name, err)
			return
		}
		for _, side := range [...]string{"before", "after"} {
			if sides[i] != side && sides[i] != "both" {
				continue
			}
			if side == "after" {
				if b.leftUnknown(v, change) {
					continue
				}
				if p, ok := mismarked(v, change["after_unknown"], nil); !ok {
					l.differ("%s: whether %s is known is not what the binary plan says", name, attributeOr(p))
					return
				}
			}
			if p, ok := differs(v, change[side], nil); !ok {
				l.differ("%s: %s is not what the binary plan holds %s", name, attributeOr(p), map[string]string{"before": "for before", "after": "for after"}[side])
				return
			}
		}
	}
	for _, side := range [...]string{"before", "after"} {
		if !slices.Contains(sides, side) && !slices.Contains(sides, "both") && change[side] != nil {
			l.differ("%s: the JSON tells what is there %s, the binary plan does not", name, side)
		}
	}
}

func attributeOr(p source.Path) string {
	if len(p) == 0 {
		return "the value"
	}
	return p.String()
}

// finish adds what only the binary plan has, and compares what the two say of
// themselves.
func (l *planLink) finish(root map[string]any) {
	l.unsaid(l.binary.changes, false)
	l.unsaid(l.binary.drift, true)
	if errored, said := root["errored"].(bool); said && errored != l.binary.errored {
		l.differ("one of the two plans is errored, the other is not")
	}
	if v := doc.Text(root, "terraform_version"); l.binary.version != "" && v != l.binary.version {
		l.differ("the JSON is by version %q, the binary plan by %q", v, l.binary.version)
	}
	l.outputs(doc.Map(root, "output_changes"))
	l.providerKeys(doc.Map(root, "configuration"))
	l.given = doc.Map(root, "variables")
	l.variables(l.given)
	l.modules(doc.Map(root, "configuration", "root_module"))
	l.configuration(doc.Map(root, "configuration"))
}

func (l *planLink) unsaid(changes []binaryChange, drift bool) {
	for i := range changes {
		if c := &changes[i]; !l.seen[c] && !c.silent(drift) {
			l.differ("the binary plan does %s to %s, of which the JSON says nothing", strings.Join(c.actions(), "-"), c.name())
		}
	}
}

// silent says whether the JSON leaves the change out: data sources that leave
// the state, ephemeral resources, and drift that is only a move.
func (c *binaryChange) silent(drift bool) bool {
	addr, err := ParseAddress(c.address)
	if err != nil {
		return false
	}
	switch addr.Mode {
	case "data":
		return c.action == 5
	case "ephemeral":
		return true
	}
	return drift && c.action == 0
}

func (l *planLink) variables(said map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(l.binary.variables)) {
		v, err := decodeMsgpack(l.binary.variables[name])
		if err != nil {
			l.differ("variable %q of the binary plan cannot be read: %v", name, err)
			continue
		}
		o, known := said[name].(map[string]any)
		if _, ok := differs(v, o["value"], nil); !ok && (known || undynamic(v) != nil) {
			l.differ("variable %q has another value in the binary plan", name)
		}
	}
}

// modules compares where modules come from.
func (l *planLink) modules(root map[string]any) {
	if len(l.binary.modules) == 0 || root == nil {
		return
	}
	said := readConfiguration(map[string]any{"root_module": root}).sources
	have := map[string]bool{}
	for _, m := range l.binary.modules {
		have[m.Key] = true
		if src, ok := said[m.Key]; m.Key != "" && (!ok || !sameModuleSource(src, m.Source)) {
			l.differ("module %s comes from another source in the binary plan", m.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		if !have[key] {
			l.differ("the binary plan has no module %s", key)
		}
	}
}

// sameModuleSource compares a source as written with the one of the snapshot,
// in which hosts and protocols that were left out are made explicit.
func sameModuleSource(written, recorded string) bool {
	w, r := moduleWords(written), moduleWords(recorded)
	return w == r || w != "" && strings.HasSuffix(r, "/"+w)
}

func moduleWords(s string) string {
	s = strings.NewReplacer("git::", "", "hg::", "", "https://", "", "ssh://", "", "git@", "", ".git", "", ":", "/").Replace(s)
	return strings.TrimPrefix(s, "./")
}

// problem is what is said of a pair that does not fit, "" if it does.
func (l *planLink) problem(plan string) string {
	if len(l.differences) == 0 {
		return ""
	}
	shown := l.differences[:min(len(l.differences), maxDifferences)]
	out := fmt.Sprintf("%s is not the JSON of the binary plan %s: %s", plan, l.binary.Name, strings.Join(shown, "; "))
	if more := len(l.differences) - len(shown); more > 0 {
		out += fmt.Sprintf("; and %d more differences", more)
	}
	return out
}
