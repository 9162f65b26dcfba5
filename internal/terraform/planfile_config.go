package terraform

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/doc"
	"gate/internal/source"
)

// snapshotOnly is the tree of what a binary plan was planned from: the
// directory of a module is its key.
type snapshotOnly map[string][]byte

// Entries returns the files, sorted by path.
func (t snapshotOnly) Entries() []source.Entry {
	out := make([]source.Entry, 0, len(t))
	for _, p := range slices.Sorted(maps.Keys(t)) {
		out = append(out, source.Entry{Path: p, Size: int64(len(t[p]))})
	}
	return out
}

// Lookup returns the entry at a path.
func (t snapshotOnly) Lookup(p string) (source.Entry, bool) {
	data, ok := t[p]
	return source.Entry{Path: p, Size: int64(len(data))}, ok
}

// ReadFile returns the content of a file.
func (t snapshotOnly) ReadFile(p string) ([]byte, error) {
	if data, ok := t[p]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

func snapshotDir(key string) string { return path.Join("tfconfig", "m-"+key) }

// snapshotModules parses the configuration of a binary plan, by module key.
func (b *PlanBinary) snapshotModules() map[string]*module {
	tree := snapshotOnly{}
	for key, files := range b.files {
		for name, data := range files {
			tree[path.Join(snapshotDir(key), name)] = data
		}
	}
	l, out := newLoader(tree), map[string]*module{}
	for key := range b.files {
		if m := l.module(snapshotDir(key)); m != nil {
			out[key] = m
		}
	}
	return out
}

// configuration compares what the JSON says of the configuration, by which
// unknown values are judged, with the snapshot: which blocks there are, what
// is written as a constant, and what the others refer to.
func (l *planLink) configuration(c map[string]any) {
	if len(l.binary.files) == 0 {
		return
	}
	modules := l.binary.snapshotModules()
	if modules[""] == nil || c == nil {
		l.differ("only one of the two plans holds a configuration")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(modules)) {
		for _, err := range modules[key].faults {
			l.differ("the configuration of the binary plan cannot be read: %v", err)
		}
	}
	l.module(modules, "", doc.Map(c, "root_module"))
	l.defaults(modules[""])
	l.providerBlocks(modules, doc.Map(c, "provider_config"))
}

func (l *planLink) module(modules map[string]*module, key string, said map[string]any) {
	m := modules[key]
	if m == nil {
		return // modules tells of it
	}
	where := modulePathAddress(key)
	if where != "" {
		where += "."
	}
	seen := map[string]bool{}
	for _, v := range doc.List(said, "resources") {
		r := doc.Map(v)
		name := doc.Text(r, "type") + "." + doc.Text(r, "name")
		if mode := doc.Text(r, "mode"); mode != "managed" && mode != "" {
			name = mode + "." + name
		}
		b := m.resources[name]
		if b == nil || seen[name] {
			l.differ("the configuration of the JSON has a block %s%s that the binary plan has not", where, name)
			continue
		}
		seen[name] = true
		l.block(where+name, b.Body, doc.Map(r, "expressions"), true)
		l.repetition(where+name, b.Body, r)
		l.provisioners(where+name, b.Body, doc.List(r, "provisioners"))
	}
	for _, name := range m.order {
		if !seen[name] && !strings.HasPrefix(name, "ephemeral.") {
			l.differ("the configuration of the JSON leaves %s%s out", where, name)
		}
	}
	l.marks(where, "variable", m.variables, doc.Map(said, "variables"))
	l.marks(where, "output", m.outputs, doc.Map(said, "outputs"))
	calls := doc.Map(said, "module_calls")
	for _, name := range slices.Sorted(maps.Keys(m.calls)) {
		call, b := doc.Map(calls[name]), m.calls[name]
		if call == nil {
			l.differ("the configuration of the JSON leaves %smodule.%s out", where, name)
			continue
		}
		if want := m.argumentText(b.Body, "source"); want != "" && !sameModuleSource(doc.Text(call, "source"), want) && !sameModuleSource(want, doc.Text(call, "source")) {
			l.differ("%smodule.%s comes from another source in the binary plan", where, name)
		}
		if want := m.argumentText(b.Body, "version"); want != "" && doc.Text(call, "version_constraint") != want {
			l.differ("%smodule.%s: version is not what the binary plan holds", where, name)
		}
		l.block(where+"module."+name, b.Body, doc.Map(call, "expressions"), true)
		l.repetition(where+"module."+name, b.Body, call)
		l.module(modules, joinModule(key, name), doc.Map(call, "module"))
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if m.calls[name] == nil {
			l.differ("the configuration of the JSON has a module call %smodule.%s that the binary plan has not", where, name)
		}
	}
}

// defaults compares the variables of which the binary plan holds no value: they have
// the one of the configuration.
func (l *planLink) defaults(root *module) {
	for _, name := range slices.Sorted(maps.Keys(root.variables)) {
		said, told := l.given[name].(map[string]any)
		a := attributes(root.variables[name].Body)["default"]
		if _, set := l.binary.variables[name]; set || !told || a == nil {
			continue
		}
		if v, known := constantValue(a.Expr, nil); known && !fitsDefault(v, said["value"]) {
			l.differ("variable %q has another value in the binary plan", name)
		}
	}
}

// fitsDefault says whether a value may be what the type of a variable makes of its
// default: numbers of texts, sets of lists, objects with more members.
func fitsDefault(v, said any) bool {
	switch v := v.(type) {
	case nil:
		return said == nil
	case map[string]any:
		o, ok := said.(map[string]any)
		for k, e := range v {
			if other, has := o[k]; has && e != nil && !fitsDefault(e, other) {
				return false
			}
		}
		return ok
	case []any:
		l, ok := said.([]any)
		for _, e := range l {
			if !slices.ContainsFunc(v, func(x any) bool { return fitsDefault(x, e) }) {
				return false
			}
		}
		return ok && (len(l) > 0) == (len(v) > 0)
	}
	switch said.(type) {
	case nil, map[string]any, []any:
		return false
	}
	return scalarText(v) == scalarText(said) || sameNumber(scalarText(v), said)
}

// marks compares which variables or outputs there are and which are sensitive.
func (l *planLink) marks(where, kind string, blocks map[string]*hcl.Block, said map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		o, known := said[name].(map[string]any)
		a := attributes(blocks[name].Body)["sensitive"]
		if !known || a != nil && truth(a) != (o["sensitive"] == true) || a == nil && o["sensitive"] == true {
			l.differ("%s%s.%s: whether it is sensitive is not what the binary plan holds", where, kind, name)
			continue
		}
		if v := attributes(blocks[name].Body)["value"]; kind == "output" && v != nil {
			l.expression(where+"output."+name, "value", v.Expr, o["expression"])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if blocks[name] == nil {
			l.differ("the configuration of the JSON has a block %s%s.%s that the binary plan has not", where, kind, name)
		}
	}
}

// repetition compares count and for_each.
func (l *planLink) repetition(where string, body hcl.Body, said map[string]any) {
	attrs := attributes(body)
	for _, name := range [...]string{"count", "for_each"} {
		e, has := said[name+"_expression"], attrs[name] != nil
		switch {
		case e == nil && has && len(referenceHeads(attrs[name].Expr)) == 0:
			if _, constant := constantValue(attrs[name].Expr, nil); constant {
				l.differ("%s: only the binary plan has %s", where, name)
			} // a call of functions is neither constant nor reference, and is left out
		case has != (e != nil):
			l.differ("%s: only one of the two plans has %s", where, name)
		case has:
			l.expression(where, name, attrs[name].Expr, e)
		}
	}
}

// providerBlocks compares how providers are configured. The JSON lists more:
// those that are only required, or inherited.
func (l *planLink) providerBlocks(modules map[string]*module, said map[string]any) {
	type id struct{ module, name, alias string }
	entries := map[id]map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		p := doc.Map(said[key])
		at := id{doc.Text(p, "module_address"), doc.Text(p, "name"), doc.Text(p, "alias")}
		if entries[at] != nil {
			l.differ("the JSON configures provider %s twice", key)
		}
		entries[at] = p
	}
	for _, key := range slices.Sorted(maps.Keys(modules)) {
		m := modules[key]
		for _, b := range m.providers {
			alias := literal(attributes(b.Body)["alias"])
			at := id{modulePathAddress(key), b.Labels[0], alias}
			name := strings.TrimPrefix(at.module+".provider."+at.name, ".")
			p := entries[at]
			if p == nil {
				l.differ("the JSON leaves %s out", name)
				continue
			}
			delete(entries, at)
			l.block(name, b.Body, doc.Map(p, "expressions"), false)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		p := doc.Map(said[key])
		if source := doc.Text(p, "full_name"); source != "" && !l.sameProvider(modules, p, source) {
			l.differ("provider %s comes from another source in the binary plan", key)
		}
		if !sameConstraint(modules, p) {
			l.differ("provider %s has another version constraint in the binary plan", key)
		}
		if entries[id{doc.Text(p, "module_address"), doc.Text(p, "name"), doc.Text(p, "alias")}] != nil && len(doc.Map(p, "expressions")) > 0 {
			l.differ("the JSON configures provider %s, the binary plan does not", key)
		}
	}
}

// sameProvider says whether a provider comes from where its module requires it, or
// Terraform would look for it.
func (l *planLink) sameProvider(modules map[string]*module, p map[string]any, source string) bool {
	name, want := doc.Text(p, "name"), ""
	for key, m := range modules {
		if modulePathAddress(key) == doc.Text(p, "module_address") {
			want = m.requiredProviders()[name].Source
		}
	}
	switch {
	case want != "":
	case name == "terraform":
		return source == "terraform.io/builtin/terraform"
	default:
		want = "hashicorp/" + name
	}
	return strings.EqualFold(providerType(want), providerType(source)) && strings.EqualFold(providerHost(want), providerHost(source))
}

// sameConstraint says whether the version constraint of a provider is the one that
// its module makes.
func sameConstraint(modules map[string]*module, p map[string]any) bool {
	said := constraintTerms(doc.Text(p, "version_constraint"))
	for key, m := range modules {
		if modulePathAddress(key) != doc.Text(p, "module_address") {
			continue
		}
		own, all := map[string]bool{}, map[string]bool{}
		add := func(name, constraint string) {
			terms := constraintTerms(constraint)
			if maps.Copy(all, terms); name == doc.Text(p, "name") {
				maps.Copy(own, terms)
			}
		}
		for name, r := range m.requiredProviders() {
			add(name, r.Constraint)
		}
		for _, b := range m.providers {
			add(b.Labels[0], literal(attributes(b.Body)["version"]))
		}
		for term := range own {
			if !said[term] {
				return false
			}
		}
		for term := range said {
			if !all[term] { // two names may be of one provider
				return false
			}
		}
	}
	return true
}

// constraintTerms are the terms of a version constraint, without what programs write
// in different ways.
func constraintTerms(s string) map[string]bool {
	out := map[string]bool{}
	for _, term := range strings.Split(strings.ReplaceAll(s, " ", ""), ",") {
		version := strings.TrimLeft(term, "=!<>~")
		op := strings.TrimSuffix(term, version)
		version = strings.TrimPrefix(version, "v")
		for strings.HasSuffix(version, ".0") {
			version = strings.TrimSuffix(version, ".0")
		}
		if version != "" {
			out[strings.TrimPrefix(op, "=")+version] = true
		}
	}
	return out
}

// provisioners compares the programs of a resource. The JSON says neither when they
// run nor what becomes of their failures nor how they connect.
func (l *planLink) provisioners(where string, body hcl.Body, said []any) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	var blocks []*hclsyntax.Block
	for _, b := range native.Blocks {
		if b.Type == "provisioner" && len(b.Labels) == 1 {
			blocks = append(blocks, b)
		}
	}
	if len(blocks) != len(said) {
		l.differ("%s: the JSON has %d provisioners, the binary plan %d", where, len(said), len(blocks))
		return
	}
	for i, b := range blocks {
		if doc.Text(said[i], "type") != b.Labels[0] {
			l.differ("%s: the JSON says that provisioner %d is another than in the binary plan", where, i+1)
			continue
		}
		told := &hclsyntax.Body{Attributes: maps.Clone(b.Body.Attributes), SrcRange: b.Body.SrcRange}
		delete(told.Attributes, "when")
		delete(told.Attributes, "on_failure")
		if e, ok := doc.At(said[i], "expressions").(map[string]any); ok || len(told.Attributes) > 0 {
			l.block(fmt.Sprintf("provisioner %d of %s", i+1, where), told, e, false)
		}
	}
}

// notExpressions are arguments that the JSON does not list among expressions.
var notExpressions = map[string]bool{
	"count": true, "for_each": true, "provider": true, "depends_on": true, "lifecycle": true, "provisioner": true, "connection": true,
	"providers": true, "source": true, "version": true, "alias": true, "dynamic": true,
}

// block compares the arguments of a block. Dynamic blocks are not listed by
// the JSON, and files in JSON syntax do not tell blocks from arguments.
func (l *planLink) block(where string, body hcl.Body, said map[string]any, meta bool) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(native.Attributes)) {
		expr := native.Attributes[name].Expr
		if v, known := said[name]; known {
			l.expression(where, name, expr, v)
		} else if v, constant := constant(expr); !(constant && v == nil) && !notExpressions[name] {
			l.differ("the configuration of the JSON leaves %s of %s out", name, where)
		}
	}
	blocks := map[string][]*hclsyntax.Block{}
	dynamic := map[string]bool{}
	for _, b := range native.Blocks {
		if b.Type == "dynamic" {
			dynamic[blockName(b)] = true
		} else if !meta || !notExpressions[b.Type] {
			blocks[b.Type] = append(blocks[b.Type], b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if native.Attributes[name] == nil && blocks[name] == nil && !dynamic[name] {
			l.differ("the configuration of the JSON gives %s to %s, the binary plan does not", name, where)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		switch v := said[name].(type) {
		case []any:
			if len(v) != len(blocks[name]) {
				l.differ("%s: the JSON has %d blocks %s, the binary plan %d", where, len(v), name, len(blocks[name]))
				continue
			}
			for i, b := range blocks[name] {
				l.block(where, b.Body, doc.Map(v[i]), false)
			}
		case map[string]any:
			if b := blocks[name]; len(b) == 1 && len(b[0].Labels) == 0 && v["references"] == nil && v["constant_value"] == nil {
				l.block(where, b[0].Body, v, false)
			}
		}
	}
}

// expression compares one argument: a constant with its value, anything else
// with the names that it refers to.
func (l *planLink) expression(where, name string, expr hcl.Expression, said any) {
	v := doc.Map(said)
	if v == nil { // blocks that are written as an argument
		return
	}
	want := referenceHeads(expr)
	written, claimed := v["constant_value"]
	if value, known := constantValue(expr, want); claimed && (!known || !sameSet(value, written) && !sameNumber(scalarText(value), written)) || known && !claimed && value != nil {
		l.differ("the configuration of the JSON writes another %s of %s than the binary plan", name, where)
		return
	}
	if refs := saidHeads(doc.List(v, "references")); !claimed && !slices.Equal(want, refs) {
		l.differ("the configuration of the JSON says that %s of %s refers to %s, in the binary plan it is %s", name, where, orNothing(refs), orNothing(want))
	} else if !claimed && !sameReferences(expr, doc.List(v, "references")) {
		l.differ("the configuration of the JSON says that %s of %s refers to something else of %s than in the binary plan", name, where, orNothing(want))
	}
}

// sameReferences says whether what the JSON lists is what an expression refers to:
// all of it, and what that is an attribute or element of.
func sameReferences(expr hcl.Expression, said []any) bool {
	var wanted []string
	for _, t := range expr.Variables() {
		wanted = append(wanted, referenceText(t))
	}
	listed := map[string]bool{}
	for _, v := range said {
		text := doc.Text(v)
		if t, diags := hclsyntax.ParseTraversalAbs([]byte(text), "", hcl.InitialPos); !diags.HasErrors() {
			text = referenceText(t)
		}
		listed[text] = true
		if !slices.ContainsFunc(wanted, func(w string) bool {
			rest, ok := strings.CutPrefix(w, text)
			return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
		}) {
			return false
		}
	}
	return !slices.ContainsFunc(wanted, func(w string) bool { return !listed[w] })
}

// referenceText writes a traversal as plans do, keys included.
func referenceText(t hcl.Traversal) string {
	var b strings.Builder
	b.WriteString(t.RootName())
	for _, step := range t[1:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			if v, _ := goValue(step.Key); step.Key.Type() == cty.String {
				fmt.Fprintf(&b, "[%q]", v)
			} else {
				fmt.Fprintf(&b, "[%v]", v)
			}
		}
	}
	return b.String()
}

func constantValue(expr hcl.Expression, refs []string) (any, bool) {
	if len(refs) > 0 || len(expr.Variables()) > 0 {
		return nil, false
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return nil, false
	}
	out, _ := goValue(v)
	return out, true
}

// referenceHeads are the things that an expression refers to, without what of
// them: var.x, aws_s3_bucket.a, data.aws_ami.b, module.m. Sorted, each once.
func referenceHeads(expr hcl.Expression) []string {
	seen := map[string]bool{}
	for _, t := range expr.Variables() {
		if h := head(strings.Split(reference(t), ".")); h != "" {
			seen[h] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func saidHeads(refs []any) []string {
	seen := map[string]bool{}
	for _, v := range refs {
		s := doc.Text(v)
		s, _, _ = strings.Cut(s, "[")
		if h := head(strings.Split(s, ".")); h != "" {
			seen[h] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func head(parts []string) string {
	n := 2
	if parts[0] == "data" || parts[0] == "ephemeral" {
		n = 3
	}
	if len(parts) < n {
		return ""
	}
	return strings.Join(parts[:n], ".")
}
