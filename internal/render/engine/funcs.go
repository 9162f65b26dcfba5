package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strings"
	"text/template"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// functions returns what a chart may call: sprig's and Helm's functions
// (https://helm.sh/docs/chart_template_guide/function_list/), those that read
// the host replaced, those that are random seeded, those that grow bounded.
func (r *run) functions() template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	for _, more := range []template.FuncMap{r.helmFunctions(), r.boundedFunctions(f), r.timeFunctions(), r.seeds.functions(), r.markedFunctions(nil)} {
		for name, fn := range more {
			f[name] = fn
		}
	}
	f[stepFunc] = r.step
	if r.marks != nil {
		f = r.marks.traced(f)
		for name, fn := range r.markedFunctions(nil) {
			f[name] = fn // they handle marks themselves
		}
	}
	return f
}

func (r *run) helmFunctions() template.FuncMap {
	return template.FuncMap{
		"required":      required,
		"fail":          func(msg string) (string, error) { return "", failure(msg) },
		"lookup":        func(_, _, _, _ string) (map[string]any, error) { return map[string]any{}, nil },
		"getHostByName": func(string) string { return "" },
		"toToml":        bounded1(r, toTOML),
		"fromToml":      fromTOML,
		"toYaml":        bounded1(r, toYAML),
		"toYamlPretty":  bounded1(r, toYAMLPretty),
		"fromYaml":      fromYAML,
		"fromYamlArray": fromYAMLArray,
		"toJson":        bounded1(r, toJSON),
		"fromJson":      fromJSON,
		"fromJsonArray": fromJSONArray,
		"keys":          sortedKeys,
		"values":        sortedValues,
	}
}

func failure(msg string) error { return errors.New(failStart + msg + failEnd) }

func required(msg string, v any) (any, error) {
	if v == nil || v == "" {
		return v, failure(msg)
	}
	return v, nil
}

const maxIncludeDepth = 1000 // of one name, as in Helm

// include executes a named template of set (nil: the chart's own).
func (r *run) include(set *template.Template) func(string, any) (string, error) {
	return func(name string, data any) (string, error) {
		t := set
		if t == nil {
			t = r.root
		}
		if r.includes[name] > maxIncludeDepth {
			return "", fmt.Errorf("template %q includes itself more than %d times: %w", name, maxIncludeDepth, ErrLimit)
		}
		r.includes[name]++
		defer func() { r.includes[name]-- }()
		out := r.writer()
		err := t.ExecuteTemplate(out, name, data)
		return out.String(), err
	}
}

// tpl executes text as a template of set. What it defines is visible to it
// alone, so a text with definitions runs in a clone.
func (r *run) tpl(set *template.Template) func(string, any) (string, error) {
	return func(text string, data any) (string, error) {
		if !strings.Contains(text, "{{") {
			return noValue(text), nil
		}
		if r.tplDepth >= r.limits.TplDepth {
			return "", fmt.Errorf("tpl is nested more than %d levels deep: %w", r.limits.TplDepth, ErrLimit)
		}
		r.tplDepth++
		defer func() { r.tplDepth-- }()
		t, err := r.tplTemplate(set, text)
		if err != nil {
			return "", fmt.Errorf("cannot parse template %q: %w", clip(text), err)
		}
		out := r.writer()
		if err := t.Execute(out, data); err != nil {
			return "", fmt.Errorf("error during tpl function execution for %q: %w", clip(text), err)
		}
		return noValue(out.String()), nil
	}
}

func (r *run) tplTemplate(set *template.Template, text string) (*template.Template, error) {
	t := set
	if t == nil {
		t = r.root
	}
	if set == nil && !strings.Contains(text, "define") && !strings.Contains(text, "block") {
		if cached, ok := r.tplCache[text]; ok {
			return cached, nil
		}
		name := fmt.Sprintf("tpl#%d", len(r.tplCache))
		if err := r.add(t, name, text, false); err != nil {
			return nil, err
		}
		nt := t.Lookup(name)
		if nt == nil { // blanks and comments only
			nt = template.Must(template.New(name).Parse(""))
		}
		r.tplCache[text] = nt
		return nt, nil
	}
	clone, err := t.Clone()
	if err != nil {
		return nil, err
	}
	clone.Option("missingkey=zero") // Clone forgets it: https://go.dev/issue/43022
	clone.Funcs(r.markedFunctions(clone))
	if err := r.add(clone, "gotpl", text, false); err != nil {
		return nil, err
	}
	nt := clone.Lookup("gotpl")
	if nt == nil {
		nt = template.Must(template.New("gotpl").Parse(""))
	}
	return nt, nil
}

func bounded1(r *run, f func(any) string) func(any) (string, error) {
	return func(v any) (string, error) {
		if err := r.weigh(v); err != nil {
			return "", err
		}
		return f(v), nil
	}
}

// wide finds the verbs of a format whose width or precision is absurd.
var wide = regexp.MustCompile(`%[^A-Za-z%]*([0-9]{5,}|\*)`)

// boundedFunctions wraps what can make a large value out of a small one. base
// holds sprig's versions.
func (r *run) boundedFunctions(base template.FuncMap) template.FuncMap {
	until := base["until"].(func(int) []int)
	untilStep := base["untilStep"].(func(int, int, int) []int)
	seq := base["seq"].(func(...int) string)
	indent := base["indent"].(func(int, string) string)
	nindent := base["nindent"].(func(int, string) string)
	concat := base["concat"].(func(...any) any)
	join := base["join"].(func(string, any) string)
	cat := base["cat"].(func(...any) string)
	quote := base["quote"].(func(...any) string)
	squote := base["squote"].(func(...any) string)
	prettyJSON := base["toPrettyJson"].(func(any) string)
	rawJSON := base["toRawJson"].(func(any) string)
	wrapWith := base["wrapWith"].(func(int, string, string) string)
	text := func(f func() string, values ...any) (string, error) {
		if err := r.weigh(values...); err != nil {
			return "", err
		}
		return f(), nil
	}
	return template.FuncMap{
		"repeat": func(count int, s string) (string, error) {
			if count < 0 {
				return "", fmt.Errorf("negative repeat count %d", count)
			}
			if len(s) > 0 && count > r.limits.StringBytes/len(s) {
				return "", r.sized(r.limits.StringBytes + 1)
			}
			return strings.Repeat(s, count), nil
		},
		"until": func(n int) ([]int, error) {
			if err := r.counted(abs(int64(n))); err != nil {
				return nil, err
			}
			return until(n), nil
		},
		"untilStep": func(start, stop, step int) ([]int, error) {
			if err := r.counted(span(start, stop, step)); err != nil {
				return nil, err
			}
			return untilStep(start, stop, step), nil
		},
		"seq": func(p ...int) (string, error) {
			start, stop, step := 1, 1, 1
			switch len(p) {
			case 1:
				stop = p[0]
			case 2:
				start, stop = p[0], p[1]
			case 3:
				start, step, stop = p[0], p[1], p[2]
			}
			if len(p) < 3 && stop < start {
				step = -1
			}
			if err := r.counted(span(start, stop, step)); err != nil {
				return "", err
			}
			return seq(p...), nil
		},
		"indent": func(n int, s string) (string, error) {
			if err := r.indentable(n, s); err != nil {
				return "", err
			}
			return indent(n, s), nil
		},
		"nindent": func(n int, s string) (string, error) {
			if err := r.indentable(n, s); err != nil {
				return "", err
			}
			return nindent(n, s), nil
		},
		"replace": func(old, repl, s string) (string, error) {
			if n := strings.Count(s, old); n > 0 && len(repl) > len(old) && n > r.limits.StringBytes/len(repl) {
				return "", r.sized(r.limits.StringBytes + 1)
			}
			return strings.ReplaceAll(s, old, repl), nil
		},
		"wrapWith": func(n int, sep, s string) (string, error) {
			if len(sep) > 0 && len(s)/max(n, 1)+1 > r.limits.StringBytes/len(sep) {
				return "", r.sized(r.limits.StringBytes + 1)
			}
			return wrapWith(n, sep, s), nil
		},
		"concat": func(lists ...any) (any, error) {
			if err := r.weigh(lists...); err != nil {
				return nil, err
			}
			return concat(lists...), nil
		},
		"join": func(sep string, v any) (string, error) {
			if err := r.weigh(v); err != nil {
				return "", err
			}
			s := join(sep, v)
			return s, r.sized(len(s))
		},
		"cat":          func(v ...any) (string, error) { return text(func() string { return cat(v...) }, v...) },
		"quote":        func(v ...any) (string, error) { return text(func() string { return quote(v...) }, v...) },
		"squote":       func(v ...any) (string, error) { return text(func() string { return squote(v...) }, v...) },
		"toPrettyJson": bounded1(r, prettyJSON),
		"toRawJson":    bounded1(r, rawJSON),
		"print":        func(v ...any) (string, error) { return text(func() string { return fmt.Sprint(v...) }, v...) },
		"println":      func(v ...any) (string, error) { return text(func() string { return fmt.Sprintln(v...) }, v...) },
		"printf": func(format string, v ...any) (string, error) {
			if wide.MatchString(format) {
				return "", fmt.Errorf("format %q is too wide: %w", clip(format), ErrLimit)
			}
			return text(func() string { return fmt.Sprintf(format, v...) }, v...)
		},
	}
}

func (r *run) indentable(n int, s string) error {
	if n < 0 {
		return fmt.Errorf("negative indentation %d", n)
	}
	if lines := strings.Count(s, "\n") + 1; n > r.limits.StringBytes/lines {
		return r.sized(r.limits.StringBytes + 1)
	}
	return nil
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// span is the number of elements from start to stop. Numbers near the end of
// the range count as too many: sprig's loop would overflow and never end.
func span(start, stop, step int) int64 {
	const far = 1 << 53
	if step == 0 {
		return 0
	}
	for _, n := range []int{start, stop, step} {
		if n > far || n < -far {
			return math.MaxInt64
		}
	}
	return abs((int64(stop) - int64(start)) / int64(step))
}

// timeFunctions answer from the given time and in UTC, not from the clock and
// the zone of the machine.
func (r *run) timeFunctions() template.FuncMap {
	moment := func(v any) time.Time {
		switch v := v.(type) {
		case time.Time:
			return v
		case *time.Time:
			if v != nil {
				return *v
			}
		case int64:
			return time.Unix(v, 0)
		case int:
			return time.Unix(int64(v), 0)
		case int32:
			return time.Unix(int64(v), 0)
		}
		return r.seeds.now("date")
	}
	in := func(layout string, v any, zone string) string {
		loc := time.UTC
		if zone != "Local" {
			if l, err := time.LoadLocation(zone); err == nil {
				loc = l
			}
		}
		return moment(v).In(loc).Format(layout)
	}
	parse := func(layout, s string) (time.Time, error) { return time.ParseInLocation(layout, s, time.UTC) }
	sprigRound := sprig.TxtFuncMap()["durationRound"].(func(any) string)
	return template.FuncMap{
		"now":            func() time.Time { return r.seeds.now("now") },
		"date":           func(layout string, v any) string { return in(layout, v, "Local") },
		"dateInZone":     in,
		"date_in_zone":   in,
		"htmlDate":       func(v any) string { return in("2006-01-02", v, "Local") },
		"htmlDateInZone": func(v any, zone string) string { return in("2006-01-02", v, zone) },
		"toDate":         func(layout, s string) time.Time { t, _ := parse(layout, s); return t },
		"mustToDate":     parse,
		"ago":            func(v any) string { return r.seeds.now("ago").Sub(moment(v)).Round(time.Second).String() },
		"durationRound": func(v any) string {
			if t, ok := v.(time.Time); ok {
				return sprigRound(int64(r.seeds.now("durationRound").Sub(t)))
			}
			return sprigRound(v)
		},
	}
}

// sortedKeys is sprig's keys in a stable order; Helm's differs from run to run.
func sortedKeys(dicts ...map[string]any) []string {
	out := []string{}
	for _, d := range dicts {
		from := len(out)
		for k := range d {
			out = append(out, k)
		}
		sort.Strings(out[from:])
	}
	return out
}

func sortedValues(d map[string]any) []any {
	out := make([]any, 0, len(d))
	for _, k := range sortedKeys(d) {
		out = append(out, d[k])
	}
	return out
}

func toYAML(v any) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return "" // Helm swallows it
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toYAMLPretty(v any) string {
	var out bytes.Buffer
	enc := goyaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func fromYAML(s string) map[string]any {
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(s), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func fromYAMLArray(s string) []any {
	a := []any{}
	if err := yaml.Unmarshal([]byte(s), &a); err != nil {
		a = []any{err.Error()}
	}
	return a
}

func toTOML(v any) string {
	var out bytes.Buffer
	if err := toml.NewEncoder(&out).Encode(v); err != nil {
		return err.Error()
	}
	return out.String()
}

func fromTOML(s string) map[string]any {
	m := map[string]any{}
	if err := toml.Unmarshal([]byte(s), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

func fromJSON(s string) map[string]any {
	m := map[string]any{}
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}

func fromJSONArray(s string) []any {
	a := []any{}
	if err := json.Unmarshal([]byte(s), &a); err != nil {
		a = []any{err.Error()}
	}
	return a
}
