package terraform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// changedValues lists where two declarations differ, to the depth at which both
// hold objects or lists of one length. What is not known is the same if what decides
// on it is. reordered are the keys of paths of lists that hold the same in another
// order: whether that matters only the provider knows.
func changedValues(b, h *declaration) (out []source.Path, reordered map[string]bool) {
	reordered = map[string]bool{}
	told := map[string]bool{}
	var walk func(at source.Path, x, y any)
	walk = func(at source.Path, x, y any) {
		key := pathKey(at)
		before, ok1 := b.prints[key]
		after, ok2 := h.prints[key]
		told[key] = ok1 || ok2
		if ok1 || ok2 {
			if before != after || ok1 != ok2 {
				out = append(out, slices.Clone(at))
			}
			return
		}
		if m, n := doc.Map(x), doc.Map(y); m != nil && n != nil {
			keys := map[string]bool{}
			for _, side := range []map[string]any{m, n} {
				for k := range side {
					keys[k] = true
				}
			}
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				walk(append(at[:len(at):len(at)], k), m[k], n[k])
			}
			return
		}
		l, ok1 := x.([]any)
		r, ok2 := y.([]any)
		if ok1 && ok2 && len(l) == len(r) {
			if !hasPrint(b, key) && !hasPrint(h, key) && permuted(l, r) {
				reordered[key] = true
				out = append(out, slices.Clone(at))
				return
			}
			for i := range l {
				walk(append(at[:len(at):len(at)], i), l[i], r[i])
			}
			return
		}
		if !equal(x, y) && !(empty(x) && empty(y)) {
			out = append(out, slices.Clone(at))
		}
	}
	walk(nil, b.after, h.after)
	return append(out, unheld(b, h, told, out)...), reordered
}

// hasPrint says whether anything below a path is not known.
func hasPrint(d *declaration, key string) bool {
	for k := range d.prints {
		if strings.HasPrefix(k, key) {
			return true
		}
	}
	return false
}

// permuted says whether two different lists hold the same elements.
func permuted(l, r []any) bool {
	if equal(l, r) {
		return false
	}
	count := map[string]int{}
	for i := range l {
		x, err1 := json.Marshal(l[i])
		y, err2 := json.Marshal(r[i])
		if err1 != nil || err2 != nil {
			return false
		}
		count[string(x)]++
		count[string(y)]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// empty says whether nothing is set: a dynamic block without elements leaves an
// empty list where another configuration has none.
func empty(v any) bool {
	l, ok := v.([]any)
	return v == nil || ok && len(l) == 0
}

// unheld lists what differs of values that are not held at all, being unknown.
func unheld(b, h *declaration, told map[string]bool, listed []source.Path) []source.Path {
	keys := map[string]bool{}
	for _, prints := range []map[string]string{b.prints, h.prints} {
		for k := range prints {
			keys[k] = true
		}
	}
	covered := func(key string) bool {
		return told[key] || slices.ContainsFunc(listed, func(p source.Path) bool { return strings.HasPrefix(key, pathKey(p)) })
	}
	out := []source.Path{}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if b.prints[k] != h.prints[k] && !covered(k) {
			out = append(out, pathOfKey(k))
		}
	}
	return out
}

// pathOfKey is the path that pathKey wrote.
func pathOfKey(key string) source.Path {
	var out source.Path
	for key != "" {
		if quoted, err := strconv.QuotedPrefix(key); err == nil {
			name, _ := strconv.Unquote(quoted) // was quoted by pathKey
			out, key = append(out, name), strings.TrimPrefix(key[len(quoted):], "/")
			continue
		}
		digits, rest, _ := strings.Cut(key, "/")
		n, _ := strconv.Atoi(digits)
		out, key = append(out, n), rest
	}
	return out
}

// ignores says whether ignore_changes of a resource covers a path:
// https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#ignore_changes
func ignores(after map[string]any, at source.Path) bool {
	if len(at) == 0 || at[0] == "lifecycle" || at[0] == "provider" {
		return false
	}
	list := doc.At(after, "lifecycle", "ignore_changes")
	if list == "all" {
		return true
	}
	for _, name := range doc.Texts(list) {
		parts := make([]string, len(at))
		for i, e := range at {
			parts[i] = fmt.Sprint(e)
		}
		if path := strings.Join(parts, "."); path == name || strings.HasPrefix(path, name+".") {
			return true
		}
	}
	return false
}
