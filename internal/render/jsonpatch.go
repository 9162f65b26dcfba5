package render

import (
	"reflect"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// undo follows the value at p of object o back through the operations of a
// JSON patch (RFC 6902), the last one first: at leads to the operation's value
// that put it there; without one, before is where the value was before the
// patch, and moved says that a move or a copy brought it from there.
func undo(ops []any, o map[string]any, p source.Path) (at, before source.Path, moved bool) {
	lists := lengths{object: o, of: map[string]int{}}
	before = append(source.Path{}, p...)
	for i := len(ops) - 1; i >= 0; i-- {
		op := doc.Map(ops[i])
		to := pointer(doc.Text(op, "path"))
		switch kind := doc.Text(op, "op"); kind {
		case "add", "copy", "move":
			to = lists.last(to)
			if rest, ok := below6901(before, to); ok {
				if kind == "add" {
					return append(source.Path{i, "value"}, rest...), nil, false
				}
				before, moved = append(lists.resolved(pointer(doc.Text(op, "from"))), rest...), true
				if kind == "move" {
					lists.change(to, -1)
				}
				continue
			}
			before = shifted(before, to, -1)
			lists.change(to, -1)
			if kind == "move" {
				from := pointer(doc.Text(op, "from"))
				before = shifted(before, from, 1)
				lists.change(from, 1)
			}
		case "replace":
			if rest, ok := below6901(before, to); ok {
				return append(source.Path{i, "value"}, rest...), nil, false
			}
		case "remove":
			before = shifted(before, to, 1)
			lists.change(to, 1)
		}
	}
	return nil, before, moved
}

// pointer splits a JSON pointer (RFC 6901).
func pointer(s string) []string {
	if s == "" {
		return []string{}
	}
	parts := strings.Split(strings.TrimPrefix(s, "/"), "/")
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for i, p := range parts {
		parts[i] = unescape.Replace(p)
	}
	return parts
}

// below6901 returns what is left of p after a pointer without "-".
func below6901(p source.Path, to []string) (source.Path, bool) {
	if len(to) > len(p) {
		return nil, false
	}
	for i, e := range to {
		if !fits(p[i], e) {
			return nil, false
		}
	}
	return p[len(to):], true
}

func fits(e any, part string) bool {
	switch e := e.(type) {
	case string:
		return e == part
	case int:
		return part == strconv.Itoa(e)
	}
	return false
}

// shifted is p with its index in the list that `to` changes moved by n, if it
// stands at or behind the place that changes.
func shifted(p source.Path, to []string, n int) source.Path {
	k := len(to) - 1
	if k < 0 || k >= len(p) {
		return p
	}
	if _, ok := below6901(p[:k], to[:k]); !ok {
		return p
	}
	have, isIndex := p[k].(int)
	at, err := strconv.Atoi(to[k])
	if !isIndex || err != nil || have < at {
		return p
	}
	out := append(source.Path{}, p...)
	out[k] = have + n
	return out
}

// lengths are the lengths of lists while operations are undone.
type lengths struct {
	object map[string]any
	of     map[string]int // list -> its length
}

// length returns the length of the list at a pointer; ok is false if there is
// no list, as far as is known.
func (l lengths) length(list []string) (int, bool) {
	key := strings.Join(list, "\x00")
	if n, ok := l.of[key]; ok {
		return n, true
	}
	var v any = l.object
	for _, e := range list {
		switch have := v.(type) {
		case map[string]any:
			v = have[e]
		case []any:
			i, err := strconv.Atoi(e)
			if err != nil || i < 0 || i >= len(have) {
				return 0, false
			}
			v = have[i]
		default:
			return 0, false
		}
	}
	have, ok := v.([]any)
	if ok {
		l.of[key] = len(have)
	}
	return len(have), ok
}

// last names the last element of a list by its index instead of "-", which
// is where an operation that was just done has put something.
func (l lengths) last(to []string) []string {
	k := len(to) - 1
	if k < 0 || to[k] != "-" {
		return to
	}
	n, ok := l.length(to[:k])
	if !ok || n == 0 {
		return to
	}
	return append(append([]string{}, to[:k]...), strconv.Itoa(n-1))
}

// change remembers that the list around a pointer is longer or shorter.
func (l lengths) change(to []string, n int) {
	if k := len(to) - 1; k >= 0 {
		if have, ok := l.length(to[:k]); ok {
			l.of[strings.Join(to[:k], "\x00")] = have + n
		}
	}
}

// resolved turns a pointer into a path of the object: what is a list in it is
// counted.
func (l lengths) resolved(to []string) source.Path {
	out := make(source.Path, 0, len(to))
	for k, e := range to {
		if _, ok := l.length(to[:k]); ok {
			if i, err := strconv.Atoi(e); err == nil {
				out = append(out, i)
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

// removed returns the operation that took the value at p away.
func removed(ops []any, p source.Path) (source.Path, bool) {
	for i := len(ops) - 1; i >= 0; i-- {
		op := doc.Map(ops[i])
		from := "path"
		switch doc.Text(op, "op") {
		case "remove":
		case "move":
			from = "from"
		default:
			continue
		}
		if _, ok := below6901(p, pointer(doc.Text(op, from))); ok {
			return source.Path{i, from}, true
		}
	}
	return nil, false
}

// equalOrTables says whether two values are equal, or neither is a scalar: a
// mapping or list still stands where it was made when something below changed.
func equalOrTables(a, b any) bool {
	return reflect.DeepEqual(a, b) || !doc.IsScalar(a) && !doc.IsScalar(b)
}

// alike says whether two values can be one thing at two times: mappings may
// have changed, but not in the key that tells them apart.
func alike(a, b any) bool {
	x, y := doc.Map(a), doc.Map(b)
	for _, key := range mergeKeys {
		if x[key] != nil || y[key] != nil {
			return reflect.DeepEqual(x[key], y[key])
		}
	}
	return equalOrTables(a, b)
}
