package classify

import (
	"cmp"
	"maps"
	"slices"

	"gate/internal/facts"
)

// Outcome is what the table says of one change.
type Outcome struct {
	hits    []hit
	risks   map[string]string // by subject
	blast   BlastRadius
	targets map[string][]string // of an environment
	moved   []Moved
	scopes  map[[2]string]bool // environment and target -> there is something regulated
}

// hit is a row and what it matches.
type hit struct {
	row      *row
	subjects []subject
	// everywhere is for files: they belong to no target.
	everywhere bool
}

type subject struct {
	scope facts.Scope
	name  string
}

// Evaluate holds a change against the table.
func (t *Table) Evaluate(moved []Moved, f *facts.Facts) *Outcome {
	o := &Outcome{risks: map[string]string{}, moved: moved, targets: map[string][]string{}, scopes: map[[2]string]bool{}}
	places := newPlaces(f)
	for s := range Scopes(f) {
		if s.Regulated {
			o.scopes[[2]string{s.Environment, s.Target}] = true
		}
	}
	o.blast = places.radius(moved)
	types := map[string][]int{} // rows that are about a type
	matched := make([][]int, len(t.rows))
	for i := range moved {
		m := &moved[i]
		for _, r := range t.about(m, types) {
			if t.rows[r].matches(m) {
				matched[r] = append(matched[r], i)
			}
		}
	}
	for r := range t.rows {
		row := &t.rows[r]
		if row.Over == overFile {
			if list := t.files(row, f.Change.Files); len(list) > 0 {
				o.hits = append(o.hits, hit{row, list, true})
			}
			continue
		}
		if len(matched[r]) == 0 || !row.wide(places, moved, matched[r]) {
			continue
		}
		h := hit{row: row}
		for _, i := range matched[r] {
			h.subjects = append(h.subjects, subject{moved[i].Scope, moved[i].Name})
			if len(row.Above) == 0 { // else it is that of all together
				o.risks[moved[i].ID] = Raise(o.risks[moved[i].ID], row.Risk)
			}
		}
		o.hits = append(o.hits, h)
	}
	return o
}

// about are the rows that are about the type of something.
func (t *Table) about(m *Moved, known map[string][]int) []int {
	key := m.Over + " " + m.Type
	list, ok := known[key]
	if !ok {
		for i := range t.rows {
			r := &t.rows[i]
			if r.Over == m.Over && r.typeFits(m.Type) && (len(r.Holds) == 0 || slices.Contains(r.Holds, t.holds[m.Type])) {
				list = append(list, i)
			}
		}
		known[key] = list
	}
	return list
}

// matches says whether a row that is about its type matches what becomes of
// something. What cannot be compared, and what changes without weight, matches
// those rows only that say what kind of thing it is.
func (r *row) matches(m *Moved) bool {
	switch {
	case (m.Action == "" || m.Idle) && (len(r.Actions) > 0 || len(r.Paths) > 0 || r.Attribute != "" || r.Worth != "" || r.Regulated || r.Risk != "low"),
		len(r.Actions) > 0 && !slices.Contains(r.Actions, m.Action),
		r.Class != "" && m.Class != r.Class,
		r.Regulated && !m.Regulated,
		len(r.Paths) > 0 && !slices.ContainsFunc(m.Paths, func(p string) bool { return pathFits(r.Paths, p) }):
		return false
	case r.Attribute != "":
		return slices.ContainsFunc(m.Attributes, func(a Attribute) bool { return a.Class == r.Attribute && (r.Worth == "" || a.Risk == r.Worth) })
	}
	return r.Worth == "" || m.Worth == r.Worth
}

// wide says whether what a row matches reaches further than its bounds.
func (r *row) wide(places places, moved []Moved, matched []int) bool {
	if len(r.Above) == 0 {
		return true
	}
	list := make([]Moved, len(matched))
	for i, at := range matched {
		list[i] = moved[at]
	}
	for _, x := range places.radius(list).Parts() {
		if n, bounded := r.Above[x.Of]; bounded && x.Count <= n {
			return false
		}
	}
	return true
}

// files are the changed files that a row matches, by either of their names.
func (t *Table) files(r *row, files []facts.File) []subject {
	var out []subject
	globs := slices.Clone(r.Match)
	for _, kind := range r.Policy {
		globs = append(globs, t.paths[kind]...)
	}
	for _, x := range files {
		action := map[string]string{"added": Create, "modified": Update, "deleted": Delete, "renamed": Move}[x.Status]
		if len(r.Actions) > 0 && !slices.Contains(r.Actions, action) {
			continue
		}
		is := func(name string) bool { return name != "" && matchesAny(globs, name) && !matchesAny(r.Except, name) }
		if slices.Contains(r.Policy, x.Policy) || is(x.Path) || is(x.Previous) {
			out = append(out, subject{name: x.Path})
		}
	}
	return out
}

// Risk is the risk of what becomes of a subject, by the table; empty if no row
// matches it.
func (o *Outcome) Risk(id string) string {
	if o == nil {
		return ""
	}
	return o.risks[id]
}

// Of is the classification of what reaches an environment and target.
func (o *Outcome) Of(environment, target string) Classification {
	c := Classification{ChangeType: ChangeTypes[0], RiskClass: RiskClasses[0], Rows: []Row{}, BlastRadius: places{}.radius(nil)}
	if o == nil {
		return c
	}
	covers := func(s facts.Scope) bool {
		return s.Environment == environment && (s.Target == "" || s.Target == target)
	}
	c.BlastRadius = o.blast
	c.RegulatedData = o.scopes[[2]string{environment, target}] || o.scopes[[2]string{environment, ""}]
	for i := range o.moved {
		if m := &o.moved[i]; covers(m.Scope) && (m.Action == Delete || m.Action == Replace) {
			c.Destructive = true
		}
	}
	for _, h := range o.hits {
		names := map[string]bool{}
		count := 0
		for _, s := range h.subjects {
			if h.everywhere || covers(s.scope) {
				count++
				names[s.name] = true
			}
		}
		if count > 0 {
			c.Add(Row{ID: h.row.ID, RiskClass: h.row.Risk, ChangeType: h.row.ChangeType, Why: h.row.Why, Count: count, Subjects: slices.Sorted(maps.Keys(names))})
		}
	}
	return c
}

// Add takes in a row that contributes: the class and type are raised to it. Of
// its subjects the first are kept.
func (c *Classification) Add(r Row) {
	r.Subjects = r.Subjects[:min(len(r.Subjects), maxSubjects):min(len(r.Subjects), maxSubjects)]
	c.RiskClass = Raise(c.RiskClass, r.RiskClass)
	c.ChangeType = higher(ChangeTypes, c.ChangeType, r.ChangeType)
	c.Rows = append(c.Rows, r)
	slices.SortStableFunc(c.Rows, func(a, b Row) int {
		return cmp.Or(
			cmp.Compare(slices.Index(RiskClasses, b.RiskClass), slices.Index(RiskClasses, a.RiskClass)),
			cmp.Compare(slices.Index(ChangeTypes, b.ChangeType), slices.Index(ChangeTypes, a.ChangeType)),
			cmp.Compare(a.ID, b.ID))
	})
}
