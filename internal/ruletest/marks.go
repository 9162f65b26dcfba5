package ruletest

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Mark is one expectation of a fixture.
type Mark struct {
	Rule string
	File string
	Line int
}

// String returns file:line: rule.
func (m Mark) String() string { return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Rule) }

// markedRule is an id: of the catalog, or of an organisation, whose packages have other
// letters.
const markedRule = `[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_."\[\]-]+){1,2}`

var wantMark = regexp.MustCompile(`\bwant (` + markedRule + `(?:[ ,]+` + markedRule + `)*)\s*(?:\*/|-->|\}\})?\s*$`)

// Marks reads the marks of a fixture: lines that end in "want <rule>" (in a
// comment of the file's language), and want.tsv beside it.
func Marks(fixture string) ([]Mark, error) {
	var marks []Mark
	err := filepath.WalkDir(fixture, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(fixture, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "base" || d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if path.Base(rel) == "want.tsv" {
			more, err := wantTable(rel, data)
			marks = append(marks, more...)
			return err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 64<<20)
		for n := 1; lines.Scan(); n++ {
			m := wantMark.FindStringSubmatch(lines.Text())
			if m == nil || !strings.ContainsAny(lines.Text()[:strings.LastIndex(lines.Text(), "want ")], "#/-*;") {
				continue
			}
			for _, rule := range strings.FieldsFunc(m[1], func(r rune) bool { return r == ' ' || r == ',' }) {
				marks = append(marks, Mark{Rule: rule, File: rel, Line: n})
			}
		}
		return lines.Err()
	})
	return marks, err
}

func wantTable(name string, data []byte) ([]Mark, error) {
	var marks []Mark
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		var n int
		if len(f) != 3 {
			return nil, fmt.Errorf("%s:%d: want rule, file and line", name, i+1)
		}
		if _, err := fmt.Sscan(f[2], &n); err != nil {
			return nil, fmt.Errorf("%s:%d: %q is no line", name, i+1, f[2])
		}
		marks = append(marks, Mark{Rule: f[0], File: path.Join(path.Dir(name), f[1]), Line: n})
	}
	return marks, nil
}
