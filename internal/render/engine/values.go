package engine

import (
	"reflect"
	"strings"
	"text/template"
	"unicode/utf8"
)

// Values are tracked in the marked render only: every non-empty string of the
// values is enclosed in marks that name its path, and every table is known by
// its identity, so that toYaml can name the paths of its lines. Functions see
// strings without marks; what they make of a marked string is marked again.
// Where this changes the outcome after all, the comparison with the plain
// render finds it.
const (
	markValue    = '\ue003' // value id id … valueEnd
	markValueEnd = '\ue004'
)

// maxValueMarks bounds how many values one string can be traced to.
const maxValueMarks = 4

// values is the table of value paths of one render.
type values struct {
	paths  [][]string
	tables map[uintptr][]string // identity of a map or list -> path
}

// track marks the strings below root in place.
func (m *marks) track(root any) {
	m.values = &values{tables: map[uintptr][]string{}}
	m.values.walk(root, nil)
}

func (v *values) walk(x any, at []string) any {
	switch x := x.(type) {
	case map[string]any:
		if v.seen(reflect.ValueOf(x).Pointer(), at) {
			return x
		}
		for k, e := range x {
			x[k] = v.walk(e, append(at[:len(at):len(at)], k))
		}
	case []any:
		if len(x) == 0 || v.seen(reflect.ValueOf(x).Pointer(), at) {
			return x
		}
		for i, e := range x {
			x[i] = v.walk(e, append(at[:len(at):len(at)], index(i)))
		}
	case string:
		if len(v.paths) >= maxMarks || strings.TrimSpace(x) == "" {
			return x
		}
		v.paths = append(v.paths, at)
		return enclose(x, []int{len(v.paths) - 1})
	}
	return x
}

func (v *values) seen(p uintptr, at []string) bool {
	if _, ok := v.tables[p]; ok {
		return true
	}
	v.tables[p] = at
	return false
}

// index names an element of a list in a value path.
func index(i int) string {
	const digits = "0123456789"
	if i < 10 {
		return "#" + digits[i:i+1]
	}
	return index(i/10) + digits[i%10:i%10+1]
}

// enclose puts value marks around s.
func enclose(s string, ids []int) string {
	if s == "" || len(ids) == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+len(ids)*(markSize+3))
	for _, id := range ids {
		b = appendMark(b, markValue, id)
	}
	b = append(b, s...)
	for range ids {
		b = utf8.AppendRune(b, markValueEnd)
	}
	return string(b)
}

// valueIDs returns the values that s is traced to.
func valueIDs(s string, ids []int) []int {
	for len(ids) < maxValueMarks {
		i := strings.IndexByte(s, markLead)
		if i < 0 {
			return ids
		}
		kind, id, size := nextMark(s[i:])
		if size == 0 {
			s = s[i+1:]
			continue
		}
		s = s[i+size:]
		if kind == markValue && !contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func contains(ids []int, id int) bool {
	for _, have := range ids {
		if have == id {
			return true
		}
	}
	return false
}

// passing functions neither look into strings nor make new ones; their
// arguments keep their marks. The value says which argument positions are
// keys or separators that must be plain: 1 the first, 2 the second, -1 all
// even ones, 0 none.
var passing = map[string]int{
	"list": 0, "tuple": 0, "dict": -1, "default": 0, "coalesce": 0, "ternary": 0, "required": 1,
	"append": 0, "push": 0, "mustAppend": 0, "mustPush": 0, "prepend": 0, "mustPrepend": 0, "concat": 0,
	"first": 0, "last": 0, "rest": 0, "initial": 0, "reverse": 0, "slice": 0, "chunk": 0,
	"mustFirst": 0, "mustLast": 0, "mustRest": 0, "mustInitial": 0, "mustReverse": 0, "mustSlice": 0, "mustChunk": 0,
	"merge": 0, "mergeOverwrite": 0, "mustMerge": 0, "mustMergeOverwrite": 0, "deepCopy": 0, "mustDeepCopy": 0,
	"get": 2, "set": 2, "unset": 2, "hasKey": 2, "pluck": 1, "keys": 0, "values": 0,
	"kindOf": 0, "kindIs": 0, "typeOf": 0, "typeIs": 0, "typeIsLike": 0, "empty": 0, "all": 0, "any": 0,
	"indent": 0, "nindent": 0,
}

// traced wraps the functions of a template so that they see plain strings and
// what they return is traced.
func (m *marks) traced(f template.FuncMap) template.FuncMap {
	out := make(template.FuncMap, len(f))
	for name, fn := range f {
		plainAt, pass := passing[name]
		switch {
		case name == stepFunc || strings.HasPrefix(name, "__"):
			out[name] = fn
		case name == "toYaml":
			toYaml := fn.(func(any) (string, error))
			out[name] = func(v any) (string, error) { return m.yaml(toYaml, v) }
		case name == "trim":
			out[name] = trimMarked
		case pass && plainAt == 0:
			out[name] = fn
		case pass:
			out[name] = wrap(fn, func(args []reflect.Value) []int {
				for i := range args {
					if plainAt == -1 && i%2 == 0 || plainAt == i+1 {
						args[i] = plainString(args[i])
					}
				}
				return nil
			})
		default:
			out[name] = wrap(fn, func(args []reflect.Value) []int {
				var ids []int
				for i := range args {
					args[i], ids = plainDeep(args[i], ids)
				}
				return ids
			})
		}
	}
	out[plainFunc] = func(v any) any {
		if s, ok := v.(string); ok {
			return stripMarks(s)
		}
		return v
	}
	return out
}

// wrap returns a function of fn's type that prepares the arguments and traces
// a string result to the values that prepare names.
func wrap(fn any, prepare func([]reflect.Value) []int) any {
	f := reflect.ValueOf(fn)
	t := f.Type()
	return reflect.MakeFunc(t, func(args []reflect.Value) []reflect.Value {
		flat := args
		if t.IsVariadic() {
			last := args[len(args)-1]
			flat = append([]reflect.Value{}, args[:len(args)-1]...)
			for i := range last.Len() {
				flat = append(flat, last.Index(i))
			}
		} else {
			flat = append([]reflect.Value{}, args...)
		}
		ids := prepare(flat)
		res := f.Call(flat)
		if len(ids) > 0 {
			res[0] = retrace(res[0], ids)
		}
		return res
	}).Interface()
}

func retrace(v reflect.Value, ids []int) reflect.Value {
	switch {
	case v.Kind() == reflect.String && v.Type() == reflect.TypeFor[string]():
		return reflect.ValueOf(enclose(v.String(), ids))
	case v.Kind() == reflect.Interface && !v.IsNil():
		if s, ok := v.Interface().(string); ok {
			out := reflect.New(v.Type()).Elem()
			out.Set(reflect.ValueOf(enclose(s, ids)))
			return out
		}
	}
	return v
}
