// Package policy evaluates Rego over the facts: the embedded catalog through
// OPA's own API, an organisation's policies through conftest's engine. It says
// which subjects violate which rule and which rules could not be evaluated; it
// does not know environments' effects, waivers or output formats.
package policy

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Catalog is a set of rules with the libraries and tables that they use. Of a
// rule only its annotation is read; it is parsed and compiled when it is
// evaluated, if it has something to judge: to do that with all takes longer than
// to judge a small repository.
type Catalog struct {
	rules   []Rule
	modules map[string]module // of the rules, by id
	library map[string]module // by the reference to their package
	always  []module          // that every program contains
	tables  map[string]table  // by top-level key
	own     map[string]any    // data of an organisation, which every program gets
	// apart says that the rules are an organisation's, which name no tables: only what
	// they import of the library does.
	apart bool
	// embedded says that the rules are part of this program.
	embedded bool
	// PolicyDigest and DataDigest are sha256 in hex over all modules and all
	// tables of the file system, loaded or not.
	PolicyDigest, DataDigest string
}

// module is one file of Rego that is parsed when a program takes it in.
type module struct {
	file, text string
	pkg        string // reference to its package
	version    ast.RegoVersion
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
var overLine = regexp.MustCompile(`^#\s+over: \{subject: ([A-Za-z]+)(?:, (kinds|types): \[([^\]]*)\])?\}$`)

// overOf is the zero value if the line is written in another way.
func overOf(src string) Over {
	var m []string
	for line := range strings.Lines(src) {
		if !strings.Contains(line, "over: {subject: ") { // the expression is a hundred times as slow
			continue
		}
		if m = overLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			break
		}
	}
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

// Head is what can be seen of a rule without parsing anything.
type Head struct {
	ID    string
	Over  Over // the zero value if it is written in another way than on one line
	Drift bool // runs about drift ask it
}

// Load reads the annotations of the rules of fsys for which keep answers true; a
// nil keep takes all. Compile finds what is wrong with the rules themselves.
func Load(fsys fs.FS, keep func(Head) bool) (*Catalog, error) {
	ids, err := IDs(fsys)
	if err != nil {
		return nil, err
	}
	c := newCatalog()
	_, c.embedded = fsys.(embed.FS)
	var lines []string
	read := func(file string) (string, error) {
		src, err := fs.ReadFile(fsys, file)
		lines = append(lines, fmt.Sprintf("%s %x\n", file, sha256.Sum256(src)))
		return string(src), err
	}
	var kept []module
	for _, id := range ids {
		file := path.Join(id, path.Base(id)+".rego")
		src, err := read(file)
		if err != nil {
			return nil, err
		}
		if keep == nil || keep(Head{ID: id, Over: overOf(src), Drift: strings.Contains(src, "\n#   drift: true\n")}) {
			kept = append(kept, module{file, src, packageOf(id), ast.RegoV1})
		}
	}
	notes, err := parseAll(kept, headOf, annotated)
	if err != nil {
		return nil, err
	}
	for i, m := range kept {
		id := path.Dir(m.file)
		if err := checkPackage(id, notes[i]); err != nil {
			return nil, err
		}
		if err := c.add(id, notes[i], m); err != nil {
			return nil, err
		}
	}
	if err := c.readLibrary(fsys, func(file string, src []byte) {
		lines = append(lines, fmt.Sprintf("%s %x\n", file, sha256.Sum256(src)))
	}); err != nil {
		return nil, err
	}
	c.PolicyDigest = digest(lines)
	return c, c.readTables(fsys)
}

func headOf(m module) string {
	head, _ := split(m.text)
	return head
}

// split finds the package of a module, "" where it names none, and its head: all
// up to there, which says what the module is. Without a package the head is the
// whole, and the parser says what is wrong with it.
func split(src string) (head, pkg string) {
	at := 0
	for line := range strings.Lines(src) {
		rest, ok := strings.CutPrefix(line, "package")
		name := strings.TrimLeft(rest, " \t")
		if ok && name != rest && strings.TrimSpace(name) != "" {
			start := at + len(line) - len(name)
			name = strings.Fields(name)[0]
			return src[:start+len(name)], "data." + name
		}
		at += len(line)
	}
	return src, ""
}

func digest(lines []string) string {
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// annotations says whether a parser reads them: a tenth of its work, and what
// they say is known by the time a rule is evaluated.
type annotations bool

const (
	annotated annotations = true
	bare      annotations = false
)

func parse(file, src string, version ast.RegoVersion, with annotations) (*ast.Module, error) {
	m, err := ast.ParseModuleWithOpts(file, src, ast.ParserOptions{
		ProcessAnnotation: bool(with), RegoVersion: version, Capabilities: Capabilities(),
	})
	if err != nil {
		return nil, fmt.Errorf("parse rule: %w", err)
	}
	return m, nil
}

func newCatalog() *Catalog {
	return &Catalog{modules: map[string]module{}, library: map[string]module{}, tables: map[string]table{}}
}

// add takes in a module that is a rule; head holds its annotation.
func (c *Catalog) add(id string, head *ast.Module, m module) error {
	r, err := decodeRule(id, head)
	if err != nil {
		return err
	}
	c.rules = append(c.rules, r)
	c.modules[id] = m
	return nil
}

// readTables finds the top-level keys of the tables; every key belongs to one
// file. What no rule of a program names is not decoded. The digest is over what
// stands in directories of data as well, which readers use: it decides verdicts, too.
func (c *Catalog) readTables(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "data/*.yaml")
	if err != nil {
		return err
	}
	lines, err := belowData(fsys)
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := fs.ReadFile(fsys, f)
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%s %x\n", f, sha256.Sum256(data)))
		for _, key := range topLevelKeys(data) {
			if other, dup := c.tables[key]; dup || key == "gate" {
				return fmt.Errorf("%s: top-level key %q is taken (%s)", f, key, other.file)
			}
			c.tables[key] = table{f, data}
		}
	}
	c.DataDigest = digest(lines)
	return nil
}

// belowData are the digests of the files in directories of data.
func belowData(fsys fs.FS) ([]string, error) {
	var lines []string
	dirs, err := fs.Glob(fsys, "data/*")
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		err := fs.WalkDir(fsys, dir, func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || file == dir {
				return err
			}
			data, err := fs.ReadFile(fsys, file)
			lines = append(lines, fmt.Sprintf("%s %x\n", file, sha256.Sum256(data)))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// topLevelKeys are the words that begin a line and end in a colon.
func topLevelKeys(data []byte) []string {
	var keys []string
	for line := range bytes.Lines(data) {
		n := 0
		for n < len(line) && isWordByte(line[n]) {
			n++
		}
		if n > 0 && n < len(line) && line[n] == ':' && !isDigit(line[0]) {
			keys = append(keys, string(line[:n]))
		}
	}
	return keys
}

func isWordByte(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || isDigit(b)
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// Rules returns the metadata of all loaded rules, sorted by id.
func (c *Catalog) Rules() []Rule { return c.rules }

// File is the module of a rule, as it was named to the catalog.
func (c *Catalog) File(id string) string { return c.modules[id].file }
