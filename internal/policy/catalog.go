// Package policy evaluates Rego over the facts: the embedded catalog through
// OPA's own API, an organisation's policies through conftest's engine. It says
// which subjects violate which rule and which rules could not be evaluated; it
// does not know environments' effects, waivers or output formats.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Catalog is a set of rules with the libraries and tables that they use. Rules
// are compiled when they are evaluated, those that have something to judge: to
// compile all takes longer than to judge a small repository.
type Catalog struct {
	rules    []Rule
	packages map[string]string      // rule id -> reference to its package
	unknowns map[string]bool        // rules that define unknown
	modules  map[string]*ast.Module // by rule id
	sources  map[string]string      // of rules by id, of libraries by package
	always   map[string]*ast.Module // modules that every program contains, by file
	library  map[string]string      // package -> file below lib/
	tables   map[string]table       // top-level key -> table file
	// allTables says that every program gets every table.
	allTables bool
	// PolicyDigest and DataDigest are sha256 in hex over all modules and all
	// tables of the file system, loaded or not.
	PolicyDigest, DataDigest string
}

// table is one file of facts.
type table struct {
	file string
	data []byte
}

// IDs returns the ids of all rules under fsys, sorted, without parsing them.
func IDs(fsys fs.FS) ([]string, error) {
	files, err := fs.Glob(fsys, "*/*/*.rego")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range files {
		dir := path.Dir(f)
		if strings.HasSuffix(f, "_test.rego") || path.Base(f) != path.Base(dir)+".rego" {
			return nil, fmt.Errorf("%s: a rule folder holds one module, named like the folder", f)
		}
		ids = append(ids, dir)
	}
	return ids, nil
}

// overLine is how a rule says what it is over, found without parsing it.
var overLine = regexp.MustCompile(`(?m)^#\s+over: \{subject: ([A-Za-z]+)(?:, (kinds|types): \[([^\]]*)\])?\}$`)

// overOf is the zero value if the line is written in another way.
func overOf(src string) Over {
	m := overLine.FindStringSubmatch(src)
	if m == nil {
		return Over{}
	}
	o := Over{Subject: m[1]}
	var list []string
	for _, word := range strings.Split(m[3], ",") {
		if word = strings.Trim(word, ` "'`); word != "" {
			list = append(list, word)
		}
	}
	switch m[2] {
	case "kinds":
		o.Kinds = list
	case "types":
		o.Types = list
	}
	return o
}

// Load parses the rules of fsys for which keep answers true; a nil keep takes
// all. Compile finds what parsing does not. keep is told what a rule is over,
// as far as that can be seen without parsing it.
func Load(fsys fs.FS, keep func(id string, over Over) bool) (*Catalog, error) {
	ids, err := IDs(fsys)
	if err != nil {
		return nil, err
	}
	c := newCatalog()
	var lines []string
	read := func(file string) (string, error) {
		src, err := fs.ReadFile(fsys, file)
		lines = append(lines, fmt.Sprintf("%s %x\n", file, sha256.Sum256(src)))
		return string(src), err
	}
	for _, id := range ids {
		file := path.Join(id, path.Base(id)+".rego")
		src, err := read(file)
		if err != nil {
			return nil, err
		}
		if keep != nil && !keep(id, overOf(src)) {
			continue
		}
		m, err := parse(file, src, ast.RegoV1)
		if err != nil {
			return nil, err
		}
		if err := checkPackage(id, m); err != nil {
			return nil, err
		}
		if err := c.add(id, packageOf(id), m); err != nil {
			return nil, err
		}
		c.sources[id] = src
	}
	libs, err := fs.Glob(fsys, "lib/*.rego")
	if err != nil {
		return nil, err
	}
	for _, file := range libs {
		src, err := read(file)
		if err != nil {
			return nil, err
		}
		if m := packageLine.FindStringSubmatch(src); m != nil {
			c.library["data."+m[1]], c.sources["data."+m[1]] = file, src
		}
	}
	c.PolicyDigest = digest(lines)
	return c, c.readTables(fsys)
}

func digest(lines []string) string {
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

func parse(file, src string, version ast.RegoVersion) (*ast.Module, error) {
	m, err := ast.ParseModuleWithOpts(file, src, ast.ParserOptions{
		ProcessAnnotation: true, RegoVersion: version, Capabilities: Capabilities(),
	})
	if err != nil {
		return nil, fmt.Errorf("parse rule: %w", err)
	}
	return m, nil
}

var packageLine = regexp.MustCompile(`(?m)^package[ \t]+(\S+)`)

func newCatalog() *Catalog {
	return &Catalog{
		packages: map[string]string{}, unknowns: map[string]bool{}, modules: map[string]*ast.Module{}, sources: map[string]string{},
		always: map[string]*ast.Module{}, library: map[string]string{}, tables: map[string]table{},
	}
}

// add takes in a module that is a rule.
func (c *Catalog) add(id, pkg string, m *ast.Module) error {
	r, err := decodeRule(id, m)
	if err != nil {
		return err
	}
	c.rules = append(c.rules, r)
	c.packages[id] = pkg
	c.modules[id] = m
	c.unknowns[id] = slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Name == "unknown" || r.Head.Ref().String() == "unknown" })
	return nil
}

var topLevelKey = regexp.MustCompile(`(?m)^([A-Za-z_][A-Za-z0-9_]*):`)

// readTables finds the top-level keys of the tables; every key belongs to one
// file. What no rule of a program names is not decoded.
func (c *Catalog) readTables(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "data/*.yaml")
	if err != nil {
		return err
	}
	var lines []string
	for _, f := range files {
		data, err := fs.ReadFile(fsys, f)
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%s %x\n", f, sha256.Sum256(data)))
		for _, m := range topLevelKey.FindAllSubmatch(data, -1) {
			key := string(m[1])
			if other, dup := c.tables[key]; dup || key == "gate" {
				return fmt.Errorf("%s: top-level key %q is taken (%s)", f, key, other.file)
			}
			c.tables[key] = table{f, data}
		}
	}
	c.DataDigest = digest(lines)
	return nil
}

// Rules returns the metadata of all loaded rules, sorted by id.
func (c *Catalog) Rules() []Rule { return c.rules }
