package engine

import (
	"context"
	"text/template"
	"text/template/parse"
)

// Expand executes one short template with sprig's functions and more, in the
// budgets of a render; random and time functions are refused. option is one of
// text/template's missingkey options.
func Expand(text string, data any, option string, more template.FuncMap) (string, error) {
	r := newRenderer(context.Background(), Options{Limits: Limits{OutputBytes: 1 << 20, StringBytes: 1 << 20, Steps: 100_000, Elements: 10_000}})
	funcs := template.FuncMap{}
	for name, f := range r.funcs {
		funcs[name] = f
	}
	for name := range r.seeds.functions() {
		delete(funcs, name)
	}
	for _, name := range []string{"now", "ago", "include", "tpl", "required", "fail", "lookup"} {
		delete(funcs, name)
	}
	for name, f := range more {
		funcs[name] = f
	}
	trees, err := parse.Parse("template", text, "", "", funcs, builtins)
	if err != nil {
		return "", err
	}
	t := template.New("template").Option(option).Funcs(funcs)
	for name, tree := range trees {
		if !parse.IsEmptyTree(tree.Root) {
			countSteps(tree.Root)
		}
		if _, err := t.AddParseTree(name, tree); err != nil {
			return "", err
		}
	}
	out := r.writer()
	if err := t.ExecuteTemplate(out, "template", data); err != nil {
		return "", newError("template", err)
	}
	return out.String(), nil
}
