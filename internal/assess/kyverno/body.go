package kyverno

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/source"
)

var (
	validateKeys = []string{"message", "failureAction", "failureActionOverrides", "allowExistingViolations", "pattern", "anyPattern", "deny", "foreach"}
	foreachKeys  = []string{"list", "elementScope", "context", "preconditions", "pattern", "anyPattern", "deny", "foreach"}
)

const maxElements = 10_000 // of all loops of a rule together

// body is what a pattern is laid over: the object, or an element of a loop.
type body struct {
	object any
	scope  source.Path // of it in the object
	loop   int         // how many loops are around it
}

// body judges the pattern, anyPattern, deny or foreach of a block.
func (c *evaluation) body(m map[string]any, b body) Verdict {
	switch {
	case m["pattern"] != nil:
		p, err := c.substitute(m["pattern"])
		if err != nil {
			return unknown(err.Error())
		}
		r := match(b.object, p, b.scope, 0)
		return Verdict{Outcome: r.outcome, Places: r.places, Reason: r.why}
	case m["anyPattern"] != nil:
		return c.anyPattern(doc.List(m, "anyPattern"), b)
	case m["deny"] != nil:
		return c.deny(doc.Map(m, "deny"), b)
	case m["foreach"] != nil:
		return c.loops(doc.List(m, "foreach"), b)
	}
	return unknown("it has nothing to evaluate")
}

// anyPattern passes if one of the patterns does.
func (c *evaluation) anyPattern(patterns []any, b body) Verdict {
	out := Verdict{Outcome: Skip}
	for _, e := range patterns {
		p, err := c.substitute(e)
		if err != nil {
			return unknown(err.Error())
		}
		switch r := match(b.object, p, b.scope, 0); r.outcome {
		case Pass:
			return Verdict{Outcome: Pass}
		case Unknown:
			if out.Outcome != Unknown {
				out = unknown(r.why)
			}
		case Fail:
			switch out.Outcome {
			case Skip:
				out = Verdict{Outcome: Fail, Places: r.places}
			case Fail: // each pattern asks for other fields
				out.Places = []source.Path{common(append(out.Places, r.places...))}
			}
		}
	}
	return out
}

// common is the longest path that all begin with.
func common(list []source.Path) source.Path {
	out := list[0]
	for _, p := range list[1:] {
		n := 0
		for n < len(out) && n < len(p) && out[n] == p[n] {
			n++
		}
		out = out[:n]
	}
	return out
}

func (c *evaluation) deny(m map[string]any, b body) Verdict {
	if k := unknownKeys(m, []string{"conditions"}); k != "" {
		return unknown(fmt.Sprintf("deny.%s is not known", k))
	}
	switch t := c.conditions(m["conditions"]); t.value {
	case unsure:
		return unknown(t.why)
	case no:
		return Verdict{Outcome: Pass}
	}
	return Verdict{Outcome: Fail, Places: []source.Path{c.place(m["conditions"], b)}}
}

// loops judges every element of every foreach.
func (c *evaluation) loops(all []any, b body) Verdict {
	out := Verdict{Outcome: Skip}
	for _, e := range all {
		m := doc.Map(e)
		if k := unknownKeys(m, foreachKeys); k != "" {
			return unknown(fmt.Sprintf("foreach.%s is not known", k))
		}
		if b.loop > 4 {
			return unknown("loops are nested too deep")
		}
		expr := doc.Text(m, "list")
		v, err := c.built(expr, c.query)
		if err != nil {
			return unknown(err.Error())
		}
		elements := doc.List(v)
		if whole, ok := v.(map[string]any); ok {
			elements = []any{whole}
		} else if v != nil && elements == nil {
			return unknown("the list of a foreach is none")
		}
		for i, element := range elements {
			if *c.count()++; *c.counted > maxElements {
				return unknown("its loops have too many elements")
			}
			if element == nil {
				continue
			}
			out = worse(out, c.element(m, element, i, expr, b))
		}
	}
	return out
}

// worse puts elements together: one that fails decides, then one that is not
// known.
func worse(a, b Verdict) Verdict {
	if a.Outcome == Fail && b.Outcome == Fail {
		return Verdict{Outcome: Fail, Places: append(a.Places, b.Places...)}
	}
	for _, o := range []Outcome{Fail, Unknown, Pass} {
		if a.Outcome == o {
			return a
		}
		if b.Outcome == o {
			return b
		}
	}
	return a
}

func (c *evaluation) element(m map[string]any, element any, index int, expr string, b body) Verdict {
	n := strconv.Itoa(b.loop)
	vars := map[string]any{"element": element, "elementIndex": float64(index), "element" + n: element, "elementIndex" + n: float64(index)}
	in := c.inner(vars, m["context"])
	switch t := in.conditions(m["preconditions"]); t.value {
	case no:
		return Verdict{Outcome: Skip}
	case unsure:
		return unknown(t.why)
	}
	at, found := locate(c.data["request"].(map[string]any)["object"], element, expr, index, b.scope)
	inner := body{object: b.object, scope: b.scope, loop: b.loop + 1}
	if m["elementScope"] != false {
		inner.object, inner.scope = element, at
	}
	v := in.body(m, inner)
	if v.Outcome == Fail && found && m["deny"] != nil {
		v.Places = []source.Path{in.place(m["deny"], body{object: element, scope: at})}
	}
	return v
}

var plainList = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(request\.object|element)((?:\.[A-Za-z_]\w*)+)(?:\[\]|\[\*\])?(?:\s*\|\|.*)?$`)
})

// locate is the path of an element of a loop in the object: by the expression
// if it is a plain path, else where an equal object stands first.
func locate(whole, element any, expr string, index int, scope source.Path) (source.Path, bool) {
	if m := plainList().FindStringSubmatch(strings.TrimSpace(expr)); m != nil {
		at := source.Path{}
		if m[1] == "element" {
			at = scope
		}
		for _, k := range strings.Split(m[2], ".")[1:] {
			at = join(at, k)
		}
		at = join(at, index)
		if v, ok := doc.Lookup(whole, at...); ok && reflect.DeepEqual(v, element) {
			return at, true
		}
	}
	if _, ok := element.(map[string]any); ok {
		if at, ok := find(whole, element, source.Path{}); ok {
			return at, true
		}
	}
	return scope, false
}

func find(in, what any, at source.Path) (source.Path, bool) {
	switch v := in.(type) {
	case map[string]any:
		if len(at) > 0 && reflect.DeepEqual(in, what) {
			return at, true
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if p, ok := find(v[k], what, join(at, k)); ok {
				return p, true
			}
		}
	case []any:
		for i, e := range v {
			if p, ok := find(e, what, join(at, i)); ok {
				return p, true
			}
		}
	}
	return nil, false
}

var named = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(request\.object|element)((?:\.(?:"[^"]+"|[A-Za-z_][\w-]*)|\[\d+\])+)`)
})

// place is the deepest field that the keys of conditions name and that is
// there.
func (c *evaluation) place(conditions any, b body) source.Path {
	best := b.scope
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k])
			}
		case string:
			for _, m := range named().FindAllStringSubmatch(v, -1) {
				at, of := source.Path{}, any(c.request.Object)
				if m[1] == "element" {
					at, of = b.scope, c.data["element"]
				}
				if p := follow(of, m[2], at); len(p) > len(best) {
					best = p
				}
			}
		}
	}
	walk(conditions)
	return best
}

var step = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.(?:"([^"]+)"|([A-Za-z_][\w-]*))|\[(\d+)\]`) })

// follow walks a path of JMESPath as far as it leads.
func follow(v any, path string, at source.Path) source.Path {
	for _, m := range step().FindAllStringSubmatch(path, -1) {
		if m[3] != "" {
			i, err := strconv.Atoi(m[3])
			next, ok := doc.Lookup(v, i)
			if err != nil || !ok {
				return at
			}
			at, v = join(at, i), next
			continue
		}
		key := m[1] + m[2]
		next, ok := doc.Lookup(v, key)
		if !ok {
			return at
		}
		at, v = join(at, key), next
	}
	return at
}
