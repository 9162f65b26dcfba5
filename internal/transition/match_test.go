package transition

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// pairs says in words what Match makes of two sides, sorted.
func pairs(s Sides) []string {
	m := Match(s)
	ids := func(of []facts.Object, list []int) string {
		var out []string
		for _, i := range list {
			out = append(out, of[i].ID)
		}
		return strings.Join(out, "|")
	}
	var out []string
	kept := map[int]bool{}
	for i, j := range m.Base {
		line := "new"
		if j >= 0 {
			line, kept[j] = s.Base[j].ID, true
		}
		line += " > " + s.Head[i].ID
		if list := m.MayBe[i]; len(list) > 0 {
			line += " or of " + ids(s.Base, list)
		}
		out = append(out, line)
	}
	for j := range s.Base {
		if kept[j] {
			continue
		}
		line := s.Base[j].ID + " > gone"
		if list := m.MayBecome[j]; len(list) > 0 {
			line += " or " + ids(s.Head, list)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// side reads objects written as "unit name [value]", of one kind and
// environment; "unit@dev" is one of another.
func side(lines ...string) []facts.Object {
	var out []facts.Object
	for _, l := range lines {
		f := strings.Fields(l + " v")
		unit, env, _ := strings.Cut(f[0], "@")
		out = append(out, facts.Object{
			Subject: facts.Subject{ID: unit + "#" + f[1], Scope: facts.Scope{Environment: env}}, Unit: unit, Kind: "Service", Name: f[1],
			Manifest: map[string]any{"v": f[2]},
		})
	}
	return out
}

// kinOf reads what speaks for units: "u v" moved.
func kinOf(s Sides, k map[string]Kinship) func(int, int) Kinship {
	return func(b, h int) Kinship { return k[s.Base[b].Unit+" "+s.Head[h].Unit] }
}

// generatedIn has what stands behind the last dash for generated if it is in
// capital letters.
func generatedIn(of []facts.Object) func(int) string {
	return func(i int) string {
		at := strings.LastIndex(of[i].Name, "-")
		if at < 0 || strings.ToUpper(of[i].Name[at:]) != of[i].Name[at:] {
			return ""
		}
		return of[i].Name[:at]
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	moved := func(n int) Kinship { return Kinship{Moved: n} }
	same := Kinship{Unit: true}
	for _, c := range []struct {
		name       string
		base, head []facts.Object
		kin        map[string]Kinship
		want       []string
	}{
		{"the same unit", side("u a"), side("u a"), nil, []string{"u#a > u#a"}},
		{"another unit of the environment", side("u a"), side("v a"), nil, []string{"u#a > v#a"}},
		{"another environment is another object", side("u a"), side("u@dev a"), nil, []string{"new > u#a", "u#a > gone"}},
		{"the one that stays is not the one that moved", side("u a"), side("v a", "u a"), nil, []string{"new > v#a", "u#a > u#a"}},
		{"a copy is new, whatever speaks for it", side("u a"), side("v a", "u a"), map[string]Kinship{"u v": moved(9)},
			[]string{"new > v#a", "u#a > u#a"}},
		{"another name", side("u a"), side("u b"), map[string]Kinship{"u u": same}, []string{"new > u#b", "u#a > gone"}},

		{"nothing says which of two it has become", side("u a"), side("v a", "w a"), nil,
			[]string{"new > v#a or of u#a", "new > w#a or of u#a", "u#a > gone or v#a|w#a"}},
		{"nor which of two it was", side("u a", "v a"), side("w a"), nil,
			[]string{"new > w#a or of u#a|v#a", "u#a > gone or w#a", "v#a > gone or w#a"}},
		{"two units are renamed", side("u a", "v a"), side("w a", "x a"), map[string]Kinship{"u x": moved(1), "v w": moved(1)},
			[]string{"u#a > x#a", "v#a > w#a"}},
		{"more files speak for one of them", side("u a"), side("v a", "w a"), map[string]Kinship{"u v": moved(1), "u w": moved(2)},
			[]string{"new > v#a", "u#a > w#a"}},
		{"what units have in common breaks a tie",
			side("u a", "v a"), side("w a", "x a"),
			map[string]Kinship{"u w": {Moved: 1, Path: 1}, "u x": {Moved: 1}, "v w": {Moved: 1}, "v x": {Moved: 1, Path: 1}},
			[]string{"u#a > w#a", "v#a > x#a"}},
		{"and speaks for nothing by itself", side("u a"), side("v a", "w a"), map[string]Kinship{"u v": {Alike: 3, Path: 3}},
			[]string{"new > v#a or of u#a", "new > w#a or of u#a", "u#a > gone or v#a|w#a"}},
		{"the last one is left", side("u a", "v a"), side("w a", "x a"), map[string]Kinship{"u x": moved(1)},
			[]string{"u#a > x#a", "v#a > w#a"}},
		{"who deploys says more than files", side("u a"), side("v a", "w a"), map[string]Kinship{"u v": moved(9), "u w": {Deployer: true}},
			[]string{"new > v#a", "u#a > w#a"}},

		{"two become two and hold the same: it makes no difference",
			side("u a", "v a"), side("w a 1", "x a 2"), map[string]Kinship{"u w": moved(1), "u x": moved(1), "v w": moved(1), "v x": moved(1)},
			[]string{"u#a > w#a or of v#a", "v#a > x#a or of u#a"}},
		{"two become two and hold something else: it does",
			side("u a 1", "v a 2"), side("w a", "x a"), map[string]Kinship{"u w": moved(1), "u x": moved(1), "v w": moved(1), "v x": moved(1)},
			[]string{"new > w#a or of u#a|v#a", "new > x#a or of u#a|v#a", "u#a > gone or w#a|x#a", "v#a > gone or w#a|x#a"}},
		{"one becomes two that hold the same: it lives on", side("u a"), side("w a", "x a"), map[string]Kinship{"u w": moved(1), "u x": moved(1)},
			[]string{"new > x#a or of u#a", "u#a > w#a"}},
		{"one becomes two that do not", side("u a"), side("w a 1", "x a 2"), map[string]Kinship{"u w": moved(1), "u x": moved(1)},
			[]string{"new > w#a or of u#a", "new > x#a or of u#a", "u#a > gone or w#a|x#a"}},
		{"two become one: one of them goes in every reading", side("u a", "v a"), side("w a"), map[string]Kinship{"u w": moved(1), "v w": moved(1)},
			[]string{"new > w#a or of u#a|v#a", "u#a > gone or w#a", "v#a > gone or w#a"}},

		{"a generated name", side("u a-X"), side("u a-Y"), map[string]Kinship{"u u": same}, []string{"u#a-X > u#a-Y"}},
		{"a name that is not generated", side("u a-x"), side("u a-y"), map[string]Kinship{"u u": same}, []string{"new > u#a-y", "u#a-x > gone"}},
		{"one that is and one that is not", side("u a-X"), side("u a"), map[string]Kinship{"u u": same}, []string{"new > u#a", "u#a-X > gone"}},
		{"of another unit", side("u a-X"), side("v a-Y"), nil, []string{"new > v#a-Y", "u#a-X > gone"}},
		{"of a unit that is renamed", side("u a-X"), side("v a-Y"), map[string]Kinship{"u v": moved(1)}, []string{"u#a-X > v#a-Y"}},
		{"of two of one name, one stays", side("u a-X", "u a-Y"), side("u a-X", "u a-Z"), map[string]Kinship{"u u": same},
			[]string{"u#a-X > u#a-X", "u#a-Y > u#a-Z"}},
		{"two of one name", side("u a-W", "u a-X"), side("u a-Y", "u a-Z"), map[string]Kinship{"u u": same},
			[]string{"new > u#a-Y or of u#a-W|u#a-X", "new > u#a-Z or of u#a-W|u#a-X", "u#a-W > gone or u#a-Y|u#a-Z", "u#a-X > gone or u#a-Y|u#a-Z"}},
		{"of another name", side("u a-X"), side("u b-X"), map[string]Kinship{"u u": same}, []string{"new > u#b-X", "u#a-X > gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Sides{Base: c.base, Head: c.head, GeneratedInBase: generatedIn(c.base), GeneratedInHead: generatedIn(c.head)}
			s.Kin = kinOf(s, c.kin)
			if diff := cmp.Diff(c.want, pairs(s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever speaks for whatever: each object is paired at most once and with one
// of its kind, what has kept its id stays, and the order of the lists does not
// matter.
func TestMatchHolds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 11))
		kinships := map[string]Kinship{}
		for _, u := range "uvwxyz" {
			for _, v := range "uvwxyz" {
				if r.IntN(2) == 0 {
					kinships[string(u)+" "+string(v)] = Kinship{
						Unit: u == v, Deployer: r.IntN(8) == 0, File: r.IntN(4) == 0, Moved: r.IntN(3), Above: r.IntN(2), Path: r.IntN(2),
					}
				}
			}
		}
		random := func() []facts.Object {
			lines := map[string]bool{}
			for range r.IntN(12) {
				lines[fmt.Sprintf("%c %s", "uvwxyz"[r.IntN(6)], []string{"a", "b", "a-X", "a-Y", "a-Z"}[r.IntN(5)])] = true
			}
			out := slices.Sorted(maps.Keys(lines))
			for i := range out {
				out[i] += " " + []string{"1", "1", "2"}[r.IntN(3)]
			}
			return side(out...)
		}
		of := func(base, head []facts.Object) Sides {
			s := Sides{Base: base, Head: head, GeneratedInBase: generatedIn(base), GeneratedInHead: generatedIn(head)}
			s.Kin = kinOf(s, kinships)
			return s
		}
		s := of(random(), random())
		want, m := pairs(s), Match(s)
		kept := map[int]bool{}
		for i, j := range m.Base {
			if j < 0 {
				continue
			}
			if kept[j] {
				t.Errorf("seed %d: %s is two objects", seed, s.Base[j].ID)
			}
			if kept[j] = true; slices.Contains(m.MayBe[i], j) || len(m.MayBecome[j]) > 0 {
				t.Errorf("seed %d: %s is paired and in doubt with the same object", seed, s.Head[i].ID)
			}
		}
		for i := range s.Head {
			for j := range s.Base {
				if s.Head[i].ID == s.Base[j].ID && m.Base[i] != j {
					t.Errorf("seed %d: %s does not stay", seed, s.Head[i].ID)
				}
			}
		}
		base, head := slices.Clone(s.Base), slices.Clone(s.Head)
		r.Shuffle(len(base), func(i, j int) { base[i], base[j] = base[j], base[i] })
		r.Shuffle(len(head), func(i, j int) { head[i], head[j] = head[j], head[i] })
		if diff := cmp.Diff(want, pairs(of(base, head))); diff != "" {
			t.Fatalf("seed %d: another order of the lists: %s", seed, diff)
		}
	}
}
