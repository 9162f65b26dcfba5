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
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Catalog is a compiled set of rules with their tables.
type Catalog struct {
	rules    []Rule
	packages map[string]string // rule id -> reference to its package
	unknowns map[string]bool   // rules that define unknown
	compiler *ast.Compiler
	store    storage.Store
	// PolicyDigest and DataDigest are sha256 in hex over all modules and all
	// tables of the file system, loaded or not.
	PolicyDigest, DataDigest string
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

// Load parses and compiles the rules of fsys for which keep answers true; a
// nil keep takes all.
func Load(fsys fs.FS, keep func(id string) bool) (*Catalog, error) {
	ids, err := IDs(fsys)
	if err != nil {
		return nil, err
	}
	c := newCatalog()
	caps := Capabilities()
	modules := map[string]*ast.Module{}
	var lines []string
	parse := func(file string, load bool) (*ast.Module, error) {
		src, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("%s %x\n", file, sha256.Sum256(src)))
		if !load {
			return nil, nil
		}
		m, err := ast.ParseModuleWithOpts(file, string(src), ast.ParserOptions{
			ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: caps,
		})
		if err != nil {
			return nil, fmt.Errorf("parse rule: %w", err)
		}
		modules[file] = m
		return m, nil
	}
	for _, id := range ids {
		load := keep == nil || keep(id)
		m, err := parse(path.Join(id, path.Base(id)+".rego"), load)
		if err != nil {
			return nil, err
		}
		if !load {
			continue
		}
		if err := checkPackage(id, m); err != nil {
			return nil, err
		}
		if err := c.add(id, packageOf(id), m); err != nil {
			return nil, err
		}
	}
	if err := libraries(fsys, modules, parse); err != nil {
		return nil, err
	}
	slices.Sort(lines)
	all := sha256.Sum256([]byte(strings.Join(lines, "")))
	c.PolicyDigest = hex.EncodeToString(all[:])
	if err := c.compile(modules); err != nil {
		return nil, err
	}
	return c, c.loadData(fsys)
}

var packageLine = regexp.MustCompile(`(?m)^package[ \t]+(\S+)`)

// libraries parses the modules below lib/ that the loaded ones import, directly
// or through another. All of them count for the digest.
func libraries(fsys fs.FS, modules map[string]*ast.Module, parse func(file string, load bool) (*ast.Module, error)) error {
	files, err := fs.Glob(fsys, "lib/*.rego")
	if err != nil {
		return err
	}
	byPackage := map[string]string{}
	unread := map[string]bool{}
	for _, file := range files {
		src, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		unread[file] = true
		if m := packageLine.FindSubmatch(src); m != nil {
			byPackage["data."+string(m[1])] = file
		}
	}
	queue := slices.Collect(maps.Values(modules))
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		for _, i := range m.Imports {
			file := byPackage[i.Path.String()]
			if !unread[file] {
				continue
			}
			delete(unread, file)
			lib, err := parse(file, true)
			if err != nil {
				return err
			}
			queue = append(queue, lib)
		}
	}
	for file := range unread {
		if _, err := parse(file, false); err != nil {
			return err
		}
	}
	return nil
}

func newCatalog() *Catalog {
	return &Catalog{packages: map[string]string{}, unknowns: map[string]bool{}}
}

// add takes in a module that is a rule.
func (c *Catalog) add(id, pkg string, m *ast.Module) error {
	r, err := decodeRule(id, m)
	if err != nil {
		return err
	}
	c.rules = append(c.rules, r)
	c.packages[id] = pkg
	c.unknowns[id] = slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Name == "unknown" || r.Head.Ref().String() == "unknown" })
	return nil
}

func (c *Catalog) compile(modules map[string]*ast.Module) error {
	c.compiler = ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true)
	if c.compiler.Compile(modules); c.compiler.Failed() {
		return fmt.Errorf("compile rules: %w", c.compiler.Errors)
	}
	return nil
}

// loadData reads the tables. Every top-level key belongs to one file.
func (c *Catalog) loadData(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "data/*.yaml")
	if err != nil {
		return err
	}
	digest := sha256.New()
	data := map[string]any{}
	for _, f := range files {
		src, err := fs.ReadFile(fsys, f)
		if err != nil {
			return err
		}
		fmt.Fprintf(digest, "%s %x\n", f, sha256.Sum256(src))
		docs, err := source.ParseYAML(f, src)
		if err != nil {
			return fmt.Errorf("read table: %w", err)
		}
		for _, d := range docs {
			table, ok := d.Value.(map[string]any)
			if !ok {
				return fmt.Errorf("%s: a table file is a mapping", f)
			}
			for k, v := range table {
				if _, dup := data[k]; dup || k == "gate" {
					return fmt.Errorf("%s: top-level key %q is taken", f, k)
				}
				data[k] = v
			}
		}
	}
	c.DataDigest = hex.EncodeToString(digest.Sum(nil))
	c.store = inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(true), inmem.OptReturnASTValuesOnRead(true))
	return nil
}

// Rules returns the metadata of all loaded rules, sorted by id.
func (c *Catalog) Rules() []Rule { return c.rules }
