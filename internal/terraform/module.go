package terraform

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gate/internal/source"
)

// maxConfigBytes limits one configuration file.
const maxConfigBytes = 4 << 20

// loader reads module directories of a tree, each once.
type loader struct {
	tree  source.Tree
	files map[string][]string // directory -> configuration files
	dirs  map[string]*module
	text  map[string][]byte // path -> content, for positions
	lines map[string][]int

	// Of the loader of one Terragrunt unit:
	parent  *loader                // reads what is no module of the unit
	extra   map[string][]string    // files beside those of a directory
	virtual map[string]virtualFile // those that a generate block writes

	bodies map[string]parsedBody // of Terragrunt's configurations
	tables *moduleTables
	// translations are the tables of translations that were asked for, by name.
	translations map[string]map[string]*translation
	given        map[string]bool // directories with files of variables; nil if nobody asked
	// standIns are the variables of the environment of a unit; see Inputs.
	standIns func(dir string) map[string]string
}

// virtualFile is a file that stands inside of another one.
type virtualFile struct {
	data []byte
	at   source.Position
	head bool // it begins in the line behind
}

type parsedBody struct {
	body hcl.Body
	err  error
}

// parseOnce parses a file that many units read.
func (l *loader) parseOnce(file string) (hcl.Body, error) {
	if p, ok := l.bodies[file]; ok {
		return p.body, p.err
	}
	body, err := l.parse(file)
	if l.bodies == nil {
		l.bodies = map[string]parsedBody{}
	}
	l.bodies[file] = parsedBody{body, err}
	return body, err
}

// newLoader returns a loader of the configuration files of a tree.
func newLoader(tree source.Tree) *loader {
	l := &loader{tree: tree, files: map[string][]string{}, dirs: map[string]*module{}, text: map[string][]byte{}, lines: map[string][]int{}, tables: newModuleTables()}
	for _, e := range tree.Entries() {
		if configFile(e.Path) {
			dir := path.Dir(e.Path)
			l.files[dir] = append(l.files[dir], e.Path)
		}
	}
	return l
}

// configFile says whether Terraform or OpenTofu load the file as part of a
// module: https://developer.hashicorp.com/terraform/language/files
func configFile(p string) bool {
	base := path.Base(p)
	if strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") || strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") {
		return false
	}
	for _, ext := range [...]string{".tf", ".tofu", ".tf.json", ".tofu.json"} {
		if strings.HasSuffix(base, ext) {
			return true
		}
	}
	return false
}

// module is one directory of configuration.
type module struct {
	dir       string
	files     []string
	resources map[string]*hcl.Block // type.name, data.type.name
	calls     map[string]*hcl.Block
	variables map[string]*hcl.Block
	outputs   map[string]*hcl.Block
	locals    map[string]*hcl.Attribute
	providers []*hcl.Block
	settings  []*hcl.Block            // terraform blocks
	moves     []*hcl.Block            // moved
	removals  []*hcl.Block            // removed
	imports   []*hcl.Block            // import
	overrides map[string][]*hcl.Block // that cannot be merged: JSON syntax
	order     []string                // keys of resources, sorted
	faults    []error                 // *source.Error
}

var moduleSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "ephemeral", LabelNames: []string{"type", "name"}},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "output", LabelNames: []string{"name"}},
	{Type: "provider", LabelNames: []string{"name"}},
	{Type: "check", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "terraform"},
	{Type: "moved"}, {Type: "removed"}, {Type: "import"},
}}

// module reads the directory; nil if it holds no configuration.
func (l *loader) module(dir string) *module {
	if m, ok := l.dirs[dir]; ok {
		return m
	}
	if l.parent != nil && len(l.extra[dir]) == 0 {
		return l.parent.module(dir)
	}
	files := preferTofu(append(slices.Clone(l.files[dir]), l.extra[dir]...))
	if len(files) == 0 {
		l.dirs[dir] = nil
		return nil
	}
	m := newModule(dir, files)
	l.dirs[dir] = m
	for _, f := range files {
		body, err := l.parse(f)
		if err != nil {
			m.faults = append(m.faults, err)
		}
		if body != nil {
			m.add(body, overrideFile(f))
		}
	}
	m.order = slices.Sorted(maps.Keys(m.resources))
	return m
}

func newModule(dir string, files []string) *module {
	return &module{
		dir: dir, files: files,
		resources: map[string]*hcl.Block{}, calls: map[string]*hcl.Block{}, variables: map[string]*hcl.Block{},
		outputs: map[string]*hcl.Block{}, locals: map[string]*hcl.Attribute{}, overrides: map[string][]*hcl.Block{},
	}
}

// preferTofu drops x.tf where x.tofu stands beside it, as OpenTofu does, and
// puts override files last.
func preferTofu(files []string) []string {
	tofu := map[string]bool{}
	for _, f := range files {
		if stem, ok := strings.CutSuffix(f, ".tofu"); ok {
			tofu[stem+".tf"] = true
		}
		if stem, ok := strings.CutSuffix(f, ".tofu.json"); ok {
			tofu[stem+".tf.json"] = true
		}
	}
	var out []string
	for _, f := range files {
		if !tofu[f] {
			out = append(out, f)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := overrideFile(out[i]), overrideFile(out[j])
		if a != b {
			return b
		}
		return out[i] < out[j]
	})
	return out
}

func (m *module) add(body hcl.Body, override bool) {
	content, _, _ := body.PartialContent(moduleSchema)
	for _, b := range content.Blocks {
		switch b.Type {
		case "resource":
			m.put(m.resources, b.Labels[0]+"."+b.Labels[1], b, override)
		case "data", "ephemeral":
			m.put(m.resources, b.Type+"."+b.Labels[0]+"."+b.Labels[1], b, override)
		case "module":
			m.put(m.calls, b.Labels[0], b, override)
		case "variable":
			m.put(m.variables, b.Labels[0], b, override)
		case "output":
			m.put(m.outputs, b.Labels[0], b, override)
		case "provider":
			m.addProvider(b, override)
		case "check":
			m.addChecked(b, override)
		case "terraform":
			m.settings = append(m.settings, b)
		case "moved":
			m.moves = append(m.moves, b)
		case "removed":
			m.removals = append(m.removals, b)
		case "import":
			m.imports = append(m.imports, b)
		case "locals":
			attrs, _ := b.Body.JustAttributes()
			for name, a := range attrs {
				m.locals[name] = a
			}
		}
	}
}

func (m *module) put(into map[string]*hcl.Block, key string, b *hcl.Block, override bool) {
	if _, exists := into[key]; !exists {
		into[key] = b
		return
	}
	if override {
		if both, ok := merged(into[key], b); ok {
			into[key] = both
			return
		}
		k := b.Type + ":" + key
		m.overrides[k] = append(m.overrides[k], b)
		return
	}
	m.faults = append(m.faults, &source.Error{
		Position: source.Position{File: b.DefRange.Filename, Line: b.DefRange.Start.Line},
		Msg:      fmt.Sprintf("%s %q is declared twice, first in %s:%d", b.Type, key, into[key].DefRange.Filename, into[key].DefRange.Start.Line),
	})
}

// addProvider adds the configuration of a provider, or what an override file
// says of it.
func (m *module) addProvider(b *hcl.Block, override bool) {
	if override {
		alias := literal(attributes(b.Body)["alias"])
		for i, p := range m.providers {
			if both, ok := merged(p, b); ok && p.Labels[0] == b.Labels[0] && literal(attributes(p.Body)["alias"]) == alias {
				m.providers[i] = both
				return
			}
		}
	}
	m.providers = append(m.providers, b)
}

// addChecked adds the data source that a check reads for itself; a plan lists
// it among the others.
func (m *module) addChecked(check *hcl.Block, override bool) {
	content, _, _ := check.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "data", LabelNames: []string{"type", "name"}}}})
	for _, b := range content.Blocks {
		m.put(m.resources, "data."+b.Labels[0]+"."+b.Labels[1], b, override)
	}
}

// position converts a range; lines are 1-based, columns UTF-16 code units.
// The end is given only for ranges of one line.
func (l *loader) position(r hcl.Range) source.Position {
	if v, ok := l.virtual[r.Filename]; ok {
		p := source.Position{File: v.at.File, Line: v.at.Line}
		if v.head {
			p.Line += r.Start.Line
		}
		return p
	}
	return positionIn(l.text[r.Filename], r)
}

// positionIn does the same for a range of some text.
func positionIn(text []byte, r hcl.Range) source.Position {
	p := source.Position{File: r.Filename, Line: r.Start.Line}
	start := r.Start.Byte - 1
	if start >= len(text) {
		return p
	}
	for start >= 0 && text[start] != '\n' {
		start--
	}
	start++
	if r.End.Byte > len(text) {
		return p
	}
	line := string(text[start:r.End.Byte])
	if r.End.Line != r.Start.Line {
		line = string(text[start:r.Start.Byte])
		p.Column = source.Column(line, r.Start.Byte-start)
		return p
	}
	p.Column = source.Column(line, r.Start.Byte-start)
	p.EndLine, p.EndColumn = r.End.Line, source.Column(line, r.End.Byte-start)
	return p
}
