package render

import (
	"path"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/render/engine"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
)

// provenance finds the line of a values file that set a value of a release:
// the last value file that has it, else the values.yaml of the chart or of
// the nearest parent that sets it for its subchart.
type provenance struct {
	in     *input
	unit   Unit // its value files, inline values and parameters
	charts map[string]valuesFile
	values map[string]any // the composed values, from the root chart
	// fetched are the archives that are not of the tree.
	fetched map[string]source.Position

	mu   sync.Mutex
	docs map[string]*source.Document
}

// valuesFile is the values.yaml of one chart.
type valuesFile struct {
	file string // of the tree, an archive for a packed chart
	data []byte
}

// newProvenance collects the values files of c; values are what its templates
// saw.
func newProvenance(in *input, u Unit, p *prepared) *provenance {
	v := &provenance{in: in, unit: u, charts: map[string]valuesFile{}, docs: map[string]*source.Document{}, fetched: p.files.fetched}
	if t, err := p.values.Table("Values"); err == nil {
		v.values = t
	}
	v.collect(p, p.chart, "")
	return v
}

func (v *provenance) collect(p *prepared, c *chart.Chart, prefix string) {
	for _, f := range c.Raw {
		if f.Name == "values.yaml" && (prefix != "" || !v.unit.OwnValues) {
			if origin, ok := p.files.originOf(f.Data); ok {
				v.charts[prefix] = valuesFile{file: origin, data: f.Data}
			}
		}
	}
	for _, d := range c.Dependencies() {
		v.collect(p, d, prefix+d.Name()+"\x00")
	}
}

// relate returns the values that made a rendered line; value is what the line
// shows and at its path in the object, scope the path of the chart whose
// template rendered it.
func (v *provenance) relate(o *engine.LineOrigin, scope []string, at source.Path, value any) []source.Related {
	var out []source.Related
	add := func(p []string) {
		if pos, ok := v.locate(p); ok && len(out) < maxRelated {
			for _, have := range out {
				if have.File == pos.File && have.Line == pos.Line {
					return
				}
			}
			out = append(out, source.Related{Role: "values", Position: pos})
		}
	}
	for _, p := range o.Values {
		add(p)
	}
	if len(out) > 0 {
		return out
	}
	exprs := expressions(o)
	for _, e := range exprs {
		for _, p := range v.named(e, scope, at, value) {
			add(p)
		}
		if len(out) > 0 {
			return out
		}
	}
	return out
}

// expressions are the pipelines that wrote on a line, the innermost first.
func expressions(o *engine.LineOrigin) []string {
	var out []string
	at := o
	if o.Literal {
		if at = o.Inline; at == nil {
			return nil
		}
	}
	for ; at != nil && at != o.Outer || at != nil && !o.Literal; at = at.Outer {
		out = append(out, at.Expr)
	}
	return out
}

// reference finds .Values paths in a pipeline: .Values.a.b, $.Values.a,
// .context.Values.a.
var reference = compiled(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)

// named returns the paths that a pipeline names and that hold value, in a
// table that it names too; if none holds it, the only one that it names.
func (v *provenance) named(expr string, scope []string, at source.Path, value any) [][]string {
	var exact, all [][]string
	for _, m := range reference().FindAllStringSubmatch(expr, -1) {
		p := append(scope[:len(scope):len(scope)], strings.Split(m[1][1:], ".")...)
		got, ok := doc.Lookup(v.values, valuePath(p)...)
		if !ok {
			continue
		}
		if tail, ok := tailIn(got, at, value); ok {
			exact = append(exact, append(p, tail...))
			continue
		}
		all = append(all, p)
		if same(got, value) {
			exact = append(exact, p)
		}
	}
	if len(exact) == 0 && len(all) == 1 {
		return all
	}
	return exact
}

// tailIn finds the longest end of a path that leads to value inside table.
func tailIn(table any, at source.Path, value any) ([]string, bool) {
	if doc.IsScalar(table) || !doc.IsScalar(value) {
		return nil, false
	}
	for i := range at {
		if got, ok := doc.Lookup(table, at[i:]...); ok && same(got, value) {
			var tail []string
			for _, e := range at[i:] {
				switch e := e.(type) {
				case string:
					tail = append(tail, e)
				case int:
					tail = append(tail, "#"+strconv.Itoa(e))
				}
			}
			return tail, true
		}
	}
	return nil, false
}

// same compares a value with a rendered one: numbers of values are floats,
// and text may have become a number or the other way round.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	sa, oka := doc.ScalarText(a)
	sb, okb := doc.ScalarText(b)
	return oka && okb && sa == sb
}

// valuePath turns a path of values into one of a document.
func valuePath(p []string) source.Path {
	out := make(source.Path, len(p))
	for i, e := range p {
		out[i] = e
		if n, ok := strings.CutPrefix(e, "#"); ok {
			if n, err := strconv.Atoi(n); err == nil {
				out[i] = n
			}
		}
	}
	return out
}

// locate returns where a value is set.
func (v *provenance) locate(p []string) (source.Position, bool) {
	for _, candidate := range v.candidates(p) {
		at := valuePath(candidate)
		if pos, ok := v.inController(at); ok {
			return pos, true
		}
		for i := len(v.unit.Values) - 1; i >= 0; i-- {
			if pos, ok := v.find(v.unit.Values[i], nil, at); ok {
				return pos, true
			}
		}
		prefix := ""
		for k := range len(candidate) {
			if f, ok := v.charts[prefix]; ok {
				if pos, ok := v.find(f.file, f.data, at[k:]); ok {
					return pos, true
				}
			}
			prefix += candidate[k] + "\x00"
		}
	}
	return source.Position{}, false
}

// inController looks for a value that the controller's object sets.
func (v *provenance) inController(at source.Path) (source.Position, bool) {
	for i := len(v.unit.Parameters) - 1; i >= 0; i-- {
		if p := v.unit.Parameters[i]; p.Loc != nil && p.Name == at.String() {
			return p.Loc.Locate(nil).Position, true
		}
	}
	for i := len(v.unit.Inline) - 1; i >= 0; i-- {
		in := v.unit.Inline[i]
		if _, ok := doc.Lookup(in.Values, at...); !ok || in.Loc == nil {
			continue
		}
		if in.Text {
			pos := in.Loc.Locate(nil).Position
			pos.Approximate = true
			return pos, true
		}
		return in.Loc.Locate(at).Position, true
	}
	return source.Position{}, false
}

// candidates are the places where a value can be set: a global of a subchart
// is that of its nearest parent first.
func (v *provenance) candidates(p []string) [][]string {
	out := [][]string{}
	for i, e := range p {
		if e != "global" || i > 0 && !v.isChart(p[:i]) {
			continue
		}
		for k := range i {
			out = append(out, append(append([]string{}, p[:k]...), p[i:]...))
		}
		break
	}
	return append(out, p)
}

func (v *provenance) isChart(p []string) bool {
	_, ok := v.charts[strings.Join(p, "\x00")+"\x00"]
	return ok
}

// find looks a path up in a values file. Of a file inside an archive only the
// archive can be named.
func (v *provenance) find(file string, data []byte, at source.Path) (source.Position, bool) {
	document := v.document(file, data)
	if document == nil || len(at) == 0 {
		return source.Position{}, false
	}
	pos, ok := document.Locate(at)
	if !ok {
		return source.Position{}, false
	}
	if path.Ext(file) == ".tgz" {
		if _, ok := v.fetched[file]; ok {
			return source.Position{}, false // what names the chart is the place already
		}
		return source.Position{File: file, Approximate: true}, true
	}
	return pos, true
}

func (v *provenance) document(file string, data []byte) *source.Document {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := file
	if data != nil && path.Ext(file) == ".tgz" && len(data) > 0 {
		key += sumOf(data)
	}
	if d, ok := v.docs[key]; ok {
		return d
	}
	if data == nil {
		data, _ = v.in.tree.ReadFile(file)
	}
	var document *source.Document
	if docs, err := source.ParseValues(file, data); err == nil && len(docs) > 0 {
		document = docs[0]
	}
	v.docs[key] = document
	return document
}
