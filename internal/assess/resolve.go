package assess

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// resolve reads a path as the libraries of Kubernetes write it, such as
// spec.hosts[0].name or metadata.labels[app.kubernetes.io/name]. Keys may hold
// dots, so the manifest decides which key is meant; what it does not hold is
// read up to the next dot.
func resolve(v any, path string) source.Path {
	out := source.Path{}
	if path == "<nil>" {
		return out
	}
	for path != "" {
		if rest, ok := strings.CutPrefix(path, "["); ok {
			inner, after, closed := strings.Cut(rest, "]")
			if !closed {
				return out
			}
			var e any = strings.Trim(inner, `"'`)
			if list, isList := v.([]any); isList {
				n, err := strconv.Atoi(inner)
				if err != nil || n < 0 || n >= len(list) {
					return out
				}
				e = n
			} else if n, err := strconv.Atoi(inner); err == nil && v == nil {
				e = n
			}
			out = append(out, e)
			v = doc.At(v, e)
			path = strings.TrimPrefix(after, ".")
			continue
		}
		key := longestKey(v, path)
		if key == "" {
			key = path[:end(path)]
		}
		if key == "" { // a path that begins with a dot
			path = path[1:]
			continue
		}
		out = append(out, key)
		v = doc.At(v, key)
		path = strings.TrimPrefix(path[len(key):], ".")
	}
	return out
}

func end(path string) int {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return i
	}
	return len(path)
}

// longestKey returns the longest key of an object that the path begins with.
func longestKey(v any, path string) string {
	best := ""
	for _, k := range slices.Sorted(maps.Keys(doc.Map(v))) {
		rest, ok := strings.CutPrefix(path, k)
		if ok && len(k) > len(best) && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			best = k
		}
	}
	return best
}
