package engine

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// functions returns what a chart may call: sprig's and Helm's functions
// (https://helm.sh/docs/chart_template_guide/function_list/), those that read
// the host replaced, those that are random seeded, those that grow bounded.
func (r *renderer) functions() template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	for _, more := range []template.FuncMap{r.helmFunctions(), r.boundedLists(f), r.boundedTexts(f), deepCopies(f["mustDeepCopy"].(func(any) (any, error))), r.timeFunctions(), r.seeds.functions(), r.markedFunctions(nil)} {
		for name, fn := range more {
			f[name] = fn
		}
	}
	f[stepFunc] = r.step
	if r.watcher != nil {
		for name, fn := range r.watcher.functions(f["semverCompare"].(func(string, string) (bool, error))) {
			f[name] = fn
		}
	}
	for name, fn := range r.gaps.functions() {
		f[name] = fn
	}
	if r.marks != nil {
		f = r.marks.traced(f)
		for name, fn := range r.markedFunctions(nil) {
			f[name] = fn // they handle marks themselves
		}
	}
	return f
}

func (r *renderer) helmFunctions() template.FuncMap {
	return template.FuncMap{
		"required":      required,
		"fail":          func(msg string) (string, error) { return "", failure(msg) },
		"lookup":        r.lookup,
		"getHostByName": r.host,
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
func (r *renderer) include(set *template.Template) func(string, any) (string, error) {
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
func (r *renderer) tpl(set *template.Template) func(string, any) (string, error) {
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

func (r *renderer) tplTemplate(set *template.Template, text string) (*template.Template, error) {
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

// timeFunctions answer from the given time and in UTC, not from the clock and
// the zone of the machine.
func (r *renderer) timeFunctions() template.FuncMap {
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
