// Package engine executes the templates of a Helm chart: the same bytes as
// Helm's own engine for templates that depend on nothing but their chart and
// values, and stable, marked stand-ins where Helm would draw random numbers,
// read the clock or mint keys.
//
// Templates are hostile input. Every render has a budget of steps, of bytes
// and of time (Limits); no function reads files, the environment, the network
// or a cluster.
package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"sort"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Limits are the budgets of one render. Zero fields take the defaults.
type Limits struct {
	OutputBytes int // text that all templates write together, includes counted; default 64 MiB
	StringBytes int // one value made by a function; default 16 MiB
	Steps       int // loop passes and template calls; default 5 million
	Elements    int // elements of one generated list; default 100,000
	TplDepth    int // nested tpl calls; default 100
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.OutputBytes, 64<<20)
	set(&l.StringBytes, 16<<20)
	set(&l.Steps, 5_000_000)
	set(&l.Elements, 100_000)
	set(&l.TplDepth, 100)
	return l
}

// Options say how a chart is rendered.
type Options struct {
	// Seed is the identity of the unit; stand-ins for random values are
	// functions of it, of the template and of the call.
	Seed string
	// Now is the time that `now` answers and that certificates start at.
	Now    time.Time
	Limits Limits
	// Marks, if set, makes every line of the output traceable to its template
	// and values; the files of the result then hold the plain text, Lines
	// where each line comes from. The strings of the values are changed.
	Marks bool
	// Watch says what is open, so that the result tells who asked for it, and
	// Turn which way branches go that hang on what nobody knows.
	Watch Watch
	Turn  Turn
	// Only are the files that are rendered; nil: all.
	Only map[string]bool
}

// Result is a rendered chart.
type Result struct {
	Files map[string]string // template path below the chart's full path -> text
	// Seeded names the functions whose answers are stand-ins, sorted.
	Seeded []string
	// Placeholders are the stand-in values that were handed to templates,
	// sorted, without those that are too short to be told apart.
	Placeholders []string
	// Absent are the places that render nothing because of what they ask the
	// cluster, sorted; nil with Marks.
	Absent []Absent
	// Asked is what was asked of what Options.Watch leaves open.
	Asked Asked
	// Lines is the origin of each line of each file; nil without Marks.
	Lines map[string][]LineOrigin

	// Failed are the files that fail, where others are executed all the same.
	Failed map[string]bool
	// Spoils says that templates change the values that others read, so that all
	// files are executed: of a first render the caller says so (Spoilt).
	Spoils bool

	again   *again
	askedBy map[string]*fileAsked
}

// ErrLimit is wrapped by errors about an exhausted budget.
var ErrLimit = errors.New("limit exceeded")

// Render executes all templates of c and its enabled subcharts. values is
// what chartutil.ToRenderValues makes. The context's deadline is checked
// between steps. Errors of templates are *Error.
func Render(ctx context.Context, c *chart.Chart, values chartutil.Values, opts Options) (res *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = nil, fmt.Errorf("template library failed: %s", source.Panicked(p))
		}
	}()
	r := newRenderer(ctx, opts)
	if r.marks != nil {
		r.marks.track(trackable(values["Values"]))
	}
	r.values = trackable(values["Values"])
	files := map[string]*file{}
	collect(c, files, values)
	order := parseOrder(files)
	if err := r.parse(order, files); err != nil {
		return nil, err
	}
	res, err = r.all(order, files, opts.Only, false)
	if err != nil {
		return nil, err
	}
	if r.watcher != nil {
		res.again, res.askedBy = &again{renderer: r, chart: c, order: order}, maps.Clone(r.watcher.asked)
	}
	return res, nil
}

// all executes the files of a chart, or some of them. To go on behind a file that
// fails leaves the error of the first one beside what the others render.
func (r *renderer) all(order []string, files map[string]*file, only map[string]bool, goOn bool) (*Result, error) {
	res := &Result{Files: make(map[string]string, len(order))}
	var failed *Error
	if r.marks != nil {
		res.Lines = make(map[string][]LineOrigin, len(order))
	}
	for _, name := range order {
		if strings.HasPrefix(path.Base(name), "_") || only != nil && !only[name] {
			continue // partials are only included
		}
		text, err := r.execute(name, files[name])
		if err != nil && goOn {
			if failed == nil {
				failed, res.Failed = newError(name, err), map[string]bool{}
			}
			res.Failed[name] = true
			continue
		}
		if err != nil {
			return nil, newError(name, err)
		}
		if r.marks != nil {
			text, res.Lines[name] = r.decode(text)
		}
		r.gaps.file(name, text)
		res.Files[name] = noValue(text)
	}
	res.Seeded, res.Placeholders = r.seeds.report()
	res.Absent = r.gaps.report()
	if r.watcher != nil {
		res.Asked = r.watcher.questions()
	}
	if failed != nil { // a nil *Error is no nil error
		return res, failed
	}
	return res, nil
}

// trackable returns the values as the plain map that they are.
func trackable(v any) any {
	if t, ok := v.(chartutil.Values); ok {
		return map[string]any(t)
	}
	return v
}

// file is one template with the values of its chart.
type file struct {
	text     string
	vals     map[string]any
	basePath string
}

// collect gathers the templates of c and its subcharts with the values that
// each of them sees: https://helm.sh/docs/chart_template_guide/subcharts_and_globals/
func collect(c *chart.Chart, out map[string]*file, parent map[string]any) map[string]any {
	sub := map[string]any{}
	vals := map[string]any{
		"Chart": struct {
			chart.Metadata
			IsRoot bool
		}{*c.Metadata, c.IsRoot()},
		"Files":        chartFiles(c),
		"Release":      parent["Release"],
		"Capabilities": parent["Capabilities"],
		"Values":       chartutil.Values{},
		"Subcharts":    sub,
	}
	if c.IsRoot() {
		vals["Values"] = parent["Values"]
	} else if t, err := chartutil.Values(parent).Table("Values." + c.Name()); err == nil {
		vals["Values"] = t
	}
	for _, child := range c.Dependencies() {
		sub[child.Name()] = collect(child, out, vals)
	}
	library := strings.EqualFold(c.Metadata.Type, "library")
	for _, t := range c.Templates {
		if t == nil || library && !strings.HasPrefix(path.Base(t.Name), "_") {
			continue
		}
		out[path.Join(c.ChartFullPath(), t.Name)] = &file{
			text: string(t.Data), vals: vals, basePath: path.Join(c.ChartFullPath(), "templates"),
		}
	}
	return vals
}

// parseOrder sorts deep paths first, so that definitions of parent charts
// replace those of their subcharts, as in Helm.
func parseOrder(files map[string]*file) []string {
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := strings.Count(names[i], "/"), strings.Count(names[j], "/")
		if a != b {
			return a > b
		}
		return names[i] > names[j]
	})
	return names
}

// renderer is the state of one render of a chart.
type renderer struct {
	ctx    context.Context
	opts   Options
	limits Limits
	root   *template.Template
	funcs  template.FuncMap

	includes map[string]int // open includes by template name
	tplDepth int
	tplCache map[string]*template.Template
	steps    int
	written  int
	current  string // the file that is executed

	seeds *seeds
	marks *marks
	gaps  *gaps

	watcher *watcher // nil: everything is fixed
	values  any      // of the root chart
	object  map[string]any
}

func newRenderer(ctx context.Context, opts Options) *renderer {
	r := &renderer{
		ctx: ctx, opts: opts, limits: opts.Limits.withDefaults(),
		includes: map[string]int{}, tplCache: map[string]*template.Template{}, gaps: newGaps(),
	}
	r.seeds = &seeds{renderer: r, calls: map[string]int{}, used: map[string]bool{}, values: map[string]bool{}}
	if opts.Marks {
		r.marks = newMarks()
	}
	if (opts.Watch != Watch{}) {
		r.watcher = newWatcher(r, opts.Watch)
	}
	r.funcs = r.functions()
	r.root = template.New("gotpl").Option("missingkey=zero").Funcs(r.funcs)
	return r
}

func (r *renderer) parse(order []string, files map[string]*file) error {
	for _, name := range order {
		if err := r.add(r.root, name, files[name].text, true); err != nil {
			return newParseError(name, err)
		}
	}
	if r.watcher != nil {
		for name, f := range files {
			r.watcher.texts[name] = f.text
		}
		r.watcher.prepare()
		r.watcher.turns(r.opts.Turn)
	}
	return nil
}

// add parses text into set, with the step counter (and the marks) built in.
func (r *renderer) add(set *template.Template, name, text string, mark bool) error {
	trees, err := parse.Parse(name, text, "", "", r.funcs, builtins)
	if err != nil {
		return err
	}
	defined := make([]string, 0, len(trees))
	for n := range trees {
		defined = append(defined, n)
	}
	sort.Strings(defined)
	if r.watcher != nil && !mark {
		list := make([]*parse.Tree, 0, len(defined))
		for _, n := range defined {
			list = append(list, trees[n])
		}
		r.watcher.text(list)
	}
	for _, n := range defined {
		tree := trees[n]
		if !parse.IsEmptyTree(tree.Root) {
			if r.marks != nil {
				r.marks.rewrite(tree, name, text, mark)
			} else if mark {
				watchGaps(tree.Root, name, text)
			}
			countSteps(tree.Root)
		}
		if _, err := set.AddParseTree(n, tree); err != nil {
			return err
		}
	}
	return nil
}

// execute runs one file's template.
func (r *renderer) execute(name string, f *file) (string, error) {
	r.current = name
	f.vals["Template"] = chartutil.Values{"Name": name, "BasePath": f.basePath}
	out := r.writer()
	if err := r.root.ExecuteTemplate(out, name, f.vals); err != nil {
		return "", err
	}
	return out.String(), nil
}

// noValue removes what text/template prints for a missing value, as Helm does.
func noValue(s string) string { return strings.ReplaceAll(s, "<no value>", "") }
