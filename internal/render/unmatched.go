package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/engine"
	"gate/internal/render/manifest"
	"gate/internal/source"

	selectors "k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// Note is something that was rendered as asked and still may not be what was
// meant: a patch that changes nothing, a template that renders nothing because
// of the cluster that is assumed.
type Note struct {
	Place source.Position
	Msg   string
	Hint  string
}

func sortNotes(notes []Note) []Note {
	slices.SortFunc(notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.Compact(notes)
}

// absentNotes say what a chart leaves out because of the cluster.
func (p *prepared) absentNotes(absent []engine.Absent) []Note {
	var out []Note
	for _, a := range absent {
		n := Note{Place: p.position(a.File, a.Line, 0)}
		what := "the template renders nothing"
		if a.Line > 0 {
			what = "an object is left out"
		}
		var because []string
		for _, asked := range a.Asked {
			switch kind, name, _ := strings.Cut(asked, " "); {
			case kind == "API" && name != "":
				because = append(because, fmt.Sprintf("the cluster is taken not to serve %s", name))
				n.Hint = "name what the cluster serves under units[].apiVersions in .gate.yaml"
			case kind == "API":
				because = append(because, "the cluster is taken not to serve an API")
				n.Hint = "name what the cluster serves under units[].apiVersions in .gate.yaml"
			case kind == "lookup":
				because = append(because, strings.TrimSpace(asked)+" finds nothing without a cluster")
			default:
				because = append(because, "this is rendered as an installation, not as an upgrade")
			}
		}
		n.Msg = what + ": " + strings.Join(because, ", ")
		out = append(out, n)
	}
	return out
}

// selectable is an object that a patch may select, as it was and as it is.
type selectable struct {
	gvk    resid.Gvk
	names  []string
	spaces []string
	labels []selectors.Set
	notes  []selectors.Set
	// generated says that the name is made of another one and a hash.
	generated bool
}

func selectableOf(versions ...map[string]any) selectable {
	s := selectable{}
	for _, m := range versions {
		version := doc.Text(m, "apiVersion")
		kind := doc.Text(m, "kind")
		s.gvk = resid.NewGvk(manifest.Group(version), version[strings.LastIndexByte(version, '/')+1:], kind)
		s.names = append(s.names, doc.Text(m, "metadata", "name"))
		s.spaces = append(s.spaces, doc.Text(m, "metadata", "namespace"))
		meta := doc.Map(m, "metadata")
		s.labels = append(s.labels, textSet(meta["labels"]))
		s.notes = append(s.notes, textSet(meta["annotations"]))
	}
	return s
}

func textSet(v any) selectors.Set {
	out := selectors.Set{}
	for k, e := range doc.Map(v) {
		text, ok := doc.ScalarText(e)
		if !ok {
			text = fmt.Sprint(e)
		}
		out[k] = text
	}
	return out
}

// unmatched returns notes about the entries (patches by their target,
// targets of replacements by what they select) that select none of the
// objects. Names that several layers gave are not known: a name that could be
// one of them counts as selected.
func unmatched(what, key string, entries []any, place func(i int) source.Position, objects []selectable) []Note {
	var out []Note
	for i, e := range entries {
		target := doc.Map(e, key)
		if target == nil {
			continue // selects by what it holds, and kustomize fails if that is not there
		}
		sel, regex, err := selectorOf(target)
		if err != nil {
			continue // kustomize says so
		}
		if !slices.ContainsFunc(objects, func(o selectable) bool { return o.selected(sel, regex) }) {
			out = append(out, Note{Place: place(i), Msg: "the " + what + " changes nothing: " + targetText(target) + " selects no object",
				Hint: "correct the target, or remove the " + what})
		}
	}
	return out
}

func (o selectable) selected(sel types.Selector, regex *types.SelectorRegex) bool {
	renamed := o.generated || slices.Max(o.names) != slices.Min(o.names)
	name := slices.ContainsFunc(o.names, func(n string) bool {
		return regex.MatchName(n) || renamed && (strings.Contains(sel.Name, n) || strings.Contains(n, sel.Name))
	})
	return name && regex.MatchGvk(o.gvk) && slices.ContainsFunc(o.spaces, func(ns string) bool {
		return regex.MatchNamespace(ns) || ns == "" && regex.MatchNamespace("default")
	}) && matchesAny(sel.LabelSelector, o.labels) && matchesAny(sel.AnnotationSelector, o.notes)
}

func matchesAny(selector string, sets []selectors.Set) bool {
	if selector == "" {
		return true
	}
	s, err := selectors.Parse(selector)
	return err != nil || slices.ContainsFunc(sets, func(set selectors.Set) bool { return s.Matches(set) })
}

// targetText names a target as it is written.
func targetText(target map[string]any) string {
	var parts []string
	for _, k := range []string{"group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"} {
		if v := doc.Text(target, k); v != "" {
			parts = append(parts, k+" "+v)
		}
	}
	return "target " + strings.Join(parts, ", ")
}
