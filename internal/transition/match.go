package transition

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/facts"
)

// Sides are the objects before and after a change, and what is known of how
// the one became the other.
type Sides struct {
	Base, Head []facts.Object
	// Kin says what speaks for an object of the base and one of the head being
	// one object, by where they come from; nil: nothing is known.
	Kin func(base, head int) Kinship
	// GeneratedInBase and GeneratedInHead return the name of an object without
	// what a tool made up of it, "" if a person wrote all of it.
	GeneratedInBase, GeneratedInHead func(i int) string
}

// Kinship is what speaks for two objects being one, the strongest first.
type Kinship struct {
	Unit     bool // both are of one unit
	Deployer bool // the object that deploys the one deploys the other now
	File     bool // the file of the one is the file of the other now
	Moved    int  // files of the one unit that belong to the other now
	Above    int  // files that moved the way that leads from the one unit to the other
	// Alike and Path break ties and speak for nothing by themselves: what else
	// the units have in common, and the words of their paths.
	Alike, Path int
}

// some says whether anything at all speaks for it.
func (k Kinship) some() bool { return k.Unit || k.Deployer || k.File || k.Moved > 0 || k.Above > 0 }

func (k Kinship) compare(o Kinship) int {
	return cmp.Or(
		compareTrue(k.Unit, o.Unit), compareTrue(k.Deployer, o.Deployer), compareTrue(k.File, o.File),
		cmp.Compare(k.Moved, o.Moved), cmp.Compare(k.Above, o.Above), cmp.Compare(k.Alike, o.Alike), cmp.Compare(k.Path, o.Path),
	)
}

func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Matches say which object is which. They do not depend on the order of the
// two lists.
type Matches struct {
	// Base has an index of the base, or -1, for each object of the head; no
	// index twice. An object of the base that it does not name is deleted.
	Base []int
	// MayBe are, by index of the head, objects of the base that the object may
	// as well be; MayBecome, by index of the base, objects of the head that it
	// may as well have become. Sorted by id.
	MayBe, MayBecome map[int][]int
}

// identity is what makes an object one thing in a cluster, whatever unit
// renders it and in whatever version of its group it is written.
type identity struct{ environment, target, group, kind, namespace, name string }

func identityOf(o *facts.Object) identity {
	return identity{o.Environment, o.Target, o.Group, o.Kind, o.Namespace, o.Name}
}

// generated is the identity of an object whose name is generated.
func (s *Sides) generated(id identity, head bool, i int) identity {
	of := s.GeneratedInBase
	if head {
		of = s.GeneratedInHead
	}
	if id.name = ""; of != nil {
		id.name = of(i)
	}
	return id
}

// Match says which object of the base each object of the head is:
//
//  1. An object of the same unit and identity is the same one.
//  2. Of those of one identity that are left in an environment and target, the
//     two that are nearest of kin to each other are one: it moved.
//  3. The only one that is left on both sides has moved as well.
//  4. What of one unit has a generated name is the one whose name is the same
//     without what is generated.
//
// Where several are equally near, which is which cannot be told. They are
// paired in the order of their ids if that makes no difference to what happens:
// each of the base lives on in every reading and all of them hold the same.
// Otherwise they stay apart. Both is said in MayBe and MayBecome.
func Match(s Sides) Matches {
	if s.Kin == nil {
		s.Kin = func(int, int) Kinship { return Kinship{} }
	}
	m := matching{
		Sides: s, taken: make([]bool, len(s.Base)),
		Matches: Matches{Base: make([]int, len(s.Head)), MayBe: map[int][]int{}, MayBecome: map[int][]int{}},
	}
	m.sameUnit()
	same := m.groups(func(id identity, _ bool, _ int) identity { return id })
	for _, g := range same {
		m.settle(g)
		m.exchange(g)
		m.settle(g)
		if len(g.base) == 1 && len(g.head) == 1 {
			m.pair(g, g.base[0], g.head[0])
		}
	}
	generated := m.groups(s.generated)
	for _, g := range generated {
		m.settle(g)
	}
	for _, g := range generated {
		m.doubt(g, false)
	}
	for _, g := range same {
		m.doubt(g, true)
	}
	sortByID(m.MayBe, s.Base)
	sortByID(m.MayBecome, s.Head)
	return m.Matches
}

func sortByID(lists map[int][]int, of []facts.Object) {
	for key, list := range lists {
		slices.SortFunc(list, func(a, b int) int { return strings.Compare(of[a].ID, of[b].ID) })
		lists[key] = slices.Compact(list)
	}
}

// matching is a Match in the making.
type matching struct {
	Sides
	Matches
	taken []bool // by index of the base
}

// sameUnit pairs what has kept its id. The same id in another environment or
// target is another object: it is deleted in one cluster and created in
// another.
func (m *matching) sameUnit() {
	byID := make(map[string]int, len(m.Sides.Base))
	for i := range m.Sides.Base {
		byID[m.Sides.Base[i].ID] = i
	}
	for i := range m.Head {
		m.Matches.Base[i] = -1
		j, ok := byID[m.Head[i].ID]
		if ok && !m.taken[j] && identityOf(&m.Sides.Base[j]) == identityOf(&m.Head[i]) {
			m.Matches.Base[i], m.taken[j] = j, true
		}
	}
}

// group are objects of both sides, by index, that may be the same ones.
type group struct{ base, head []int }

// groups are those of what is left that share a key made of the identity;
// without a name there is none. What stands on one side only is left out.
func (m *matching) groups(key func(id identity, head bool, i int) identity) []*group {
	byKey := map[identity]*group{}
	at := func(id identity) *group {
		if byKey[id] == nil {
			byKey[id] = &group{}
		}
		return byKey[id]
	}
	for j := range m.Sides.Base {
		if m.taken[j] {
			continue
		}
		if id := key(identityOf(&m.Sides.Base[j]), false, j); id.name != "" {
			g := at(id)
			g.base = append(g.base, j)
		}
	}
	for i := range m.Head {
		if m.Matches.Base[i] >= 0 {
			continue
		}
		if id := key(identityOf(&m.Head[i]), true, i); id.name != "" {
			g := at(id)
			g.head = append(g.head, i)
		}
	}
	var out []*group
	for _, g := range byKey {
		if len(g.base) == 0 || len(g.head) == 0 {
			continue
		}
		slices.SortFunc(g.base, func(a, b int) int { return strings.Compare(m.Sides.Base[a].ID, m.Sides.Base[b].ID) })
		slices.SortFunc(g.head, func(a, b int) int { return strings.Compare(m.Head[a].ID, m.Head[b].ID) })
		out = append(out, g)
	}
	return out // in no order: what is said of one says nothing about another
}

// pair takes two objects out of a group as one.
func (m *matching) pair(g *group, base, head int) {
	m.Matches.Base[head], m.taken[base] = base, true
	delete(m.MayBe, head) // what was in doubt may be settled by a generated name
	g.base = slices.DeleteFunc(g.base, func(j int) bool { return j == base })
	g.head = slices.DeleteFunc(g.head, func(i int) bool { return i == head })
}

// settle pairs what is nearest of kin to each other, until nothing is.
func (m *matching) settle(g *group) {
	for again := true; again; {
		again = false
		for _, j := range slices.Clone(g.base) {
			if there := m.inHead(g, j); len(there) == 1 && len(m.inBase(g, there[0])) == 1 && m.inBase(g, there[0])[0] == j {
				m.pair(g, j, there[0])
				again = true
			}
		}
	}
}

// exchange pairs what is equally near of kin to each other where it makes no
// difference which of it is paired.
func (m *matching) exchange(g *group) {
	there, back := m.near(g)
	for _, j := range slices.Clone(g.base) {
		heads := there[j]
		if len(heads) == 0 {
			continue
		}
		bases := back[heads[0]]
		if !slices.Contains(bases, j) || !m.interchangeable(bases, heads, there, back) {
			continue
		}
		for k, i := range heads {
			others := slices.Clone(bases)
			if k < len(bases) {
				m.pair(g, bases[k], i)
				others = slices.Delete(others, k, k+1)
			}
			m.MayBe[i] = others
		}
		g.head = slices.DeleteFunc(g.head, func(i int) bool { return slices.Contains(heads, i) })
		for _, k := range bases { // are dealt with
			delete(there, k)
		}
	}
}

// interchangeable says whether each of the bases may be each of the heads and
// nothing else, lives on whichever it is, and becomes the same by it.
func (m *matching) interchangeable(bases, heads []int, there, back map[int][]int) bool {
	if len(bases) > len(heads) {
		return false
	}
	for _, j := range bases {
		if !slices.Equal(there[j], heads) || !Equal(m.Sides.Base[j].Manifest, m.Sides.Base[bases[0]].Manifest) {
			return false
		}
	}
	for _, i := range heads {
		if !slices.Equal(back[i], bases) || len(bases) < len(heads) && !Equal(m.Head[i].Manifest, m.Head[heads[0]].Manifest) {
			return false
		}
	}
	return true
}

// doubt says of what is left of a group what it may be: what is nearest of
// kin, or, for one that nothing speaks for and if chance counts, any such one.
func (m *matching) doubt(g *group, chance bool) {
	g.base = slices.DeleteFunc(g.base, func(j int) bool { return m.taken[j] })
	g.head = slices.DeleteFunc(g.head, func(i int) bool { return m.Matches.Base[i] >= 0 })
	there, back := m.near(g)
	for _, j := range g.base {
		for _, i := range g.head {
			near := slices.Contains(there[j], i) || slices.Contains(back[i], j)
			if near || chance && len(there[j]) == 0 && len(back[i]) == 0 {
				m.MayBecome[j] = append(m.MayBecome[j], i)
				m.MayBe[i] = append(m.MayBe[i], j)
			}
		}
	}
}

// near are the nearest of kin of everything in a group: of the base those of
// the head, and of the head those of the base.
func (m *matching) near(g *group) (there, back map[int][]int) {
	there, back = map[int][]int{}, map[int][]int{}
	for _, j := range g.base {
		there[j] = m.inHead(g, j)
	}
	for _, i := range g.head {
		back[i] = m.inBase(g, i)
	}
	return there, back
}

// inHead are the objects of the head that are nearest of kin to one of the
// base; none if nothing speaks for any.
func (m *matching) inHead(g *group, base int) []int {
	return nearest(g.head, func(i int) Kinship { return m.Kin(base, i) })
}

// inBase is the same the other way round.
func (m *matching) inBase(g *group, head int) []int {
	return nearest(g.base, func(j int) Kinship { return m.Kin(j, head) })
}

func nearest(list []int, kin func(int) Kinship) []int {
	var out []int
	var best Kinship
	for _, i := range list {
		k := kin(i)
		switch c := k.compare(best); {
		case !k.some():
		case len(out) == 0 || c > 0:
			out, best = []int{i}, k
		case c == 0:
			out = append(out, i)
		}
	}
	return out
}
