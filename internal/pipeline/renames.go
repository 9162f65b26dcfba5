package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"

	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// renamed leads from subjects of the base to what they are in the head. What most
// of the objects of a unit, or of the resources of a stack, went to is what became
// of it.
func (c *chain) renamed(base *render.Collected) map[string]string {
	out := map[string]string{}
	for _, f := range c.changed.Change.Files {
		if f.Previous != "" {
			out["file:"+f.Previous] = "file:" + f.Path
		}
	}
	head := c.rendered.head.Collected
	for i, o := range head.Objects {
		if ch := c.rendered.comparison.Changes[i]; ch != nil && ch.From != "" {
			out[ch.From] = o.ID
		}
	}
	twins(base, head, out)
	homes := moves{}
	for from, to := range out {
		if unit, _, ok := strings.Cut(from, "#"); ok {
			now, _, _ := strings.Cut(to, "#")
			homes.add(unit, now)
		}
	}
	for _, x := range c.read.terraform.Resources {
		from := ""
		switch {
		case x.Change != nil && x.Change.From != "":
			from = x.Change.From
		case x.PreviousAddress != "" && x.PreviousAddress != x.Address:
			from = "terraform:" + x.Stack + ":" + x.PreviousAddress
		default:
			continue
		}
		out[from] = x.ID
		if stack, ok := strings.CutSuffix(from, ":"+cmp.Or(x.PreviousAddress, x.Address)); ok {
			homes.add("stack:"+strings.TrimPrefix(stack, "terraform:"), "stack:"+x.Stack)
			homes.add(stack+":"+module(cmp.Or(x.PreviousAddress, x.Address)), "terraform:"+x.Stack+":"+module(x.Address))
		}
	}
	for _, o := range c.rendered.head.Outcomes {
		delete(homes, o.Unit.ID) // it is still there
	}
	for _, st := range c.read.terraform.Stacks {
		delete(homes, st.ID)
	}
	homes.into(out)
	return out
}

// module is the address of the module call that holds a resource, without
// instance keys; "" for the root.
func module(address string) string {
	out := ""
	for {
		rest, ok := strings.CutPrefix(address, "module.")
		if !ok {
			return out
		}
		name, behind, _ := strings.Cut(rest, ".")
		name, _, _ = strings.Cut(name, "[")
		out = strings.TrimPrefix(out+".module."+name, ".")
		address = behind
	}
}

// moves count where the parts of something went, by where they were.
type moves map[string]map[string]int

func (m moves) add(from, to string) {
	if from == to {
		return
	}
	if m[from] == nil {
		m[from] = map[string]int{}
	}
	m[from][to]++
}

func (m moves) into(out map[string]string) {
	for from, to := range m {
		out[from] = slices.MinFunc(slices.Collect(maps.Keys(to)), func(a, b string) int {
			return cmp.Or(cmp.Compare(to[b], to[a]), cmp.Compare(a, b))
		})
	}
}

// maxTwins bounds how many pairs of objects of one shape are compared.
const maxTwins = 1 << 20

// twins adds objects that are gone and objects that came, where they hold the
// same but for their names: a release or a namespace has another one, or the
// object itself. In the cluster those are two; what is wrong with them is not new.
// A namespace was renamed if nothing of the unit is left in it. What nothing deployed
// and is deployed now is new: the change brings it.
func twins(base, head *render.Collected, out map[string]string) {
	gone, came := map[string][]facts.Object{}, map[string][]facts.Object{}
	was, is := map[string]bool{}, map[string]bool{}
	for _, o := range base.Objects {
		was[o.ID] = true
	}
	for from, to := range out {
		was[to], is[from] = true, true
	}
	for _, o := range head.Objects {
		if is[o.ID] = true; !was[o.ID] {
			came[shape(o, head.Raw[o.ID])] = append(came[shape(o, head.Raw[o.ID])], o)
		}
	}
	stay := map[[2]string]bool{} // namespaces of units that still hold something
	for _, o := range base.Objects {
		if is[o.ID] {
			stay[[2]string{o.Unit, o.Namespace}] = true
		} else {
			gone[shape(o, base.Raw[o.ID])] = append(gone[shape(o, base.Raw[o.ID])], o)
		}
	}
	before, after := releases(base), releases(head)
	idleBefore, idleAfter := undeployed(base), undeployed(head)
	for key, list := range gone {
		if len(list)*len(came[key]) > maxTwins {
			continue
		}
		taken := map[string]bool{}
		for _, b := range list {
			for _, h := range came[key] {
				names := [][2]string{{before[b.Unit], after[h.Unit]}, {b.Name, h.Name}, {b.Namespace, h.Namespace}}
				if idleBefore[b.Unit] && !idleAfter[h.Unit] {
					continue
				}
				if b.Namespace != h.Namespace && stay[[2]string{b.Unit, b.Namespace}] {
					continue // the namespace was not renamed
				}
				if !taken[h.ID] && alike(base.Raw[b.ID], head.Raw[h.ID], names) {
					out[b.ID], taken[h.ID] = h.ID, true
					break
				}
			}
		}
	}
}

func undeployed(c *render.Collected) map[string]bool {
	out := map[string]bool{}
	for _, u := range c.Units {
		out[u.ID] = u.Undeployed
	}
	return out
}

func releases(c *render.Collected) map[string]string {
	out := map[string]string{}
	for _, u := range c.Units {
		out[u.ID] = u.Release
	}
	return out
}

// shape is what objects have in common that may be alike.
func shape(o facts.Object, manifest map[string]any) string {
	return fmt.Sprintf("%s/%s %s/%s %d", o.Group, o.Kind, o.Environment, o.Target, leaves(manifest))
}

func leaves(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			n += leaves(x)
		}
	case []any:
		for _, x := range v {
			n += leaves(x)
		}
	}
	return n
}

// alike says whether two values are the same but for names: each text may hold
// those of before or those of after.
func alike(before, after any, names [][2]string) bool {
	switch b := before.(type) {
	case string:
		a, ok := after.(string)
		return ok && (a == b || a == renamedIn(b, names))
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, x := range b {
			y, ok := a[key]
			if !ok {
				y, ok = a[renamedIn(key, names)]
			}
			if !ok || !alike(x, y, names) || key == "image" && !alike(x, y, nil) { // what runs is no name of it
				return false
			}
		}
		return true
	case []any:
		a, ok := after.([]any)
		return ok && slices.EqualFunc(b, a, func(x, y any) bool { return alike(x, y, names) })
	}
	return before == after
}

func renamedIn(text string, names [][2]string) string {
	for _, n := range names {
		if n[0] != n[1] {
			text = source.ReplaceWord(text, n[0], n[1])
		}
	}
	return text
}

// maxText bounds the lines that are read of one place.
const maxText = 200

// textAt reads what stands at a place of a tree, without the space around each
// line: a value that is indented otherwise is the same.
func textAt(tree source.Tree) func(source.Position) string {
	read := source.LineReader(tree)
	return func(p source.Position) string {
		if p.Line < 1 || p.File == "" {
			return ""
		}
		var out []string
		for line := p.Line; line <= max(p.EndLine, p.Line) && len(out) < maxText; line++ {
			text := utf16.Encode([]rune(read(p.File, line)))
			if line == p.EndLine && p.EndColumn > 0 {
				text = text[:min(p.EndColumn-1, len(text))]
			}
			if line == p.Line && p.Column > 0 {
				text = text[min(p.Column-1, len(text)):]
			}
			out = append(out, strings.TrimSpace(string(utf16.Decode(text))))
		}
		return strings.Join(out, "\n")
	}
}
