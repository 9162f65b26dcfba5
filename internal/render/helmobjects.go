package render

import (
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"

	"gate/internal/render/engine"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

func (p *prepared) templateError(u Unit, err error) error {
	var te *engine.Error
	if !errors.As(err, &te) {
		return &source.Error{Position: u.Place, Msg: err.Error()}
	}
	e := &source.Error{Position: p.position(te.File, te.Line, te.Column), Msg: p.withoutValues(te.Msg)}
	if te.File != te.Template {
		e.Msg += " (while rendering " + te.Template + ")"
	}
	return &fault{at: e, cause: err}
}

// crds adds the objects below crds/, which are not templates.
func (p *prepared) crds(r *Rendered) error {
	list := p.chart.CRDObjects()
	sort.Slice(list, func(i, j int) bool { return list[i].Filename < list[j].Filename })
	parse := source.ParseLenient
	if r.Unit.inflated { // kustomize reads them, too
		parse = source.ParseManifests
	}
	for _, crd := range list {
		pos := p.position(crd.Filename, 0, 0)
		docs, err := parse(pos.File, crd.File.Data)
		if err != nil {
			return err
		}
		for _, d := range docs {
			objects, err := manifest.Objects(d.Value, nil)
			if err != nil {
				return &source.Error{Position: source.Position{File: pos.File, Line: d.Line}, Msg: err.Error()}
			}
			for _, o := range objects {
				l := source.At(d.Locator(), o.At)
				if pos.Approximate { // inside an archive
					l = source.Fixed(pos)
				}
				r.Objects = append(r.Objects, Object{Manifest: o.Manifest, Locator: l, File: pos.File, Place: l.Locate(nil).Position, Repeats: repeatsBelow(d, o.At), crd: true})
			}
		}
	}
	return nil
}

// objects parses what the templates rendered.
func (p *prepared) objects(u Unit, m *helmMapping, r *Rendered, res *engine.Result, most int) error {
	names := make([]string, 0, len(res.Files))
	for n := range res.Files {
		if path.Base(n) != "NOTES.txt" {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	parse := source.ParseLenient
	if u.Strict {
		parse = source.ParseManifests
	}
	for _, name := range names {
		text := res.Files[name]
		if strings.TrimSpace(text) == "" {
			continue
		}
		text = m.documents(name, text)
		pos := p.position(name, 0, 0)
		docs, err := parse(name, []byte(text))
		if err != nil {
			return p.renderedError(m, name, text, err)
		}
		for _, d := range docs {
			if m, ok := d.Value.(map[string]any); ok && len(m) == 0 {
				continue
			}
			objects, err := manifest.Objects(d.Value, nil)
			if err == nil && objects == nil {
				err = errors.New("the template renders a document without apiVersion or kind")
			}
			if err != nil {
				return p.renderedError(m, name, text, &source.Error{Position: source.Position{Line: d.Line}, Msg: err.Error()})
			}
			if len(r.Objects) > most {
				return nil // the caller says so
			}
			for _, o := range objects {
				r.Objects = append(r.Objects, Object{
					Manifest: o.Manifest, Locator: source.At(m.locator(name, d), o.At), File: pos.File, Hook: hookOf(o.Manifest),
					Place: source.Position{File: pos.File, Approximate: true}, Repeats: repeatsBelow(d, o.At),
				})
			}
		}
	}
	return nil
}

// renderedError places a fault of the rendered text in its template, and
// quotes the rendered line.
func (p *prepared) renderedError(m *helmMapping, name, text string, err error) error {
	e := asError(err)
	if e == nil {
		return err
	}
	out := &source.Error{Position: p.position(name, 0, 0), Msg: "rendered text: " + e.Msg, Hint: e.Hint}
	if lines := strings.Split(text, "\n"); e.Line > 0 && e.Line <= len(lines) {
		line := lines[e.Line-1]
		out.Position = m.locate(name, e.Position, line, nil, nil).Position
		out.Msg += fmt.Sprintf(" (rendered line %d: %q)", m.renderedLine(name, e.Line), keyOf(line))
	}
	return out
}

// lineKey is the beginning of a line up to its first key.
var lineKey = compiled(`^[ \t]*(- )*[A-Za-z0-9_./"'-]*:`)

// keyOf shows a rendered line without its value, which may be a secret.
func keyOf(line string) string {
	const most = 80
	key := []rune(lineKey().FindString(line))
	if len(key) > most {
		key = key[:most]
	}
	if rest := strings.TrimSpace(line[len(string(key)):]); rest == "" {
		return string(key)
	}
	return strings.TrimLeft(string(key)+" …", " ")
}
