// Package source knows where things stand: positions in files, paths inside
// documents, and the locators that lead from the one to the other.
package source

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Position is a one-line-or-longer region of a file.
//
// File is relative to the root that is judged, with forward slashes and
// without a leading "./". Line and EndLine are 1-based. Column and EndColumn
// are 1-based UTF-16 code units, as SARIF 2.1.0 §3.30 and the Language Server
// Protocol count; EndColumn is exclusive. A zero Line means "the file as a
// whole". Approximate says that File is right but the line is the nearest
// known one, not the exact one.
type Position struct {
	File        string `json:"file"`
	Line        int    `json:"line,omitempty"`
	Column      int    `json:"column,omitempty"`
	EndLine     int    `json:"endLine,omitempty"`
	EndColumn   int    `json:"endColumn,omitempty"`
	Approximate bool   `json:"approximate"`
}

// String returns file:line:column, leaving out what is unknown.
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// Related is a further place that explains a finding. Role is one of
// "values", "patch", "rendered", "module", "plan", "definition".
type Related struct {
	Role string `json:"role"`
	Position
	// Text is the line itself where no file of the tree holds it: of "rendered",
	// whose file stands below the directory that the rendering is written to.
	Text string `json:"-"`
}

// Rendered is a place in what an engine made of the sources.
type Rendered struct {
	Object string // id
	Path   Path   // in the object
}

// Location is the place that a person would edit, with the places that
// explain it.
type Location struct {
	Position
	Related []Related `json:"-"`
	// Rendered is where the effect stands, nil if the position is that place.
	Rendered *Rendered `json:"-"`
}

// InRendered returns l's places as those of a rendered object.
func InRendered(l Locator, object string) Locator {
	return LocatorFunc(func(p Path) Location {
		at := l.Locate(p)
		at.Rendered = &Rendered{Object: object, Path: p}
		return at
	})
}

// Locator leads from a path inside one subject to the place where a person
// would change it. It never fails: an unknown path yields the nearest known
// ancestor's position, marked approximate.
type Locator interface {
	Locate(p Path) Location
}

// LocatorFunc is a function that is a Locator.
type LocatorFunc func(p Path) Location

// Locate calls f.
func (f LocatorFunc) Locate(p Path) Location { return f(p) }

// Fixed is a Locator that answers every path with the same place.
func Fixed(pos Position) Locator {
	return LocatorFunc(func(Path) Location { return Location{Position: pos} })
}

// At returns a Locator for the part of l's subject that stands at prefix.
func At(l Locator, prefix Path) Locator {
	return LocatorFunc(func(p Path) Location {
		full := make(Path, 0, len(prefix)+len(p))
		return l.Locate(append(append(full, prefix...), p...))
	})
}

// Index holds the locators of all subjects, by subject id.
type Index map[string]Locator

// Path names a value inside a document: string elements are object keys, int
// elements are array indices.
type Path []any

// String returns the path as spec.containers[0].image; keys that are not
// plain identifiers are quoted: metadata.labels["app.kubernetes.io/name"].
func (p Path) String() string {
	var b strings.Builder
	for _, e := range p {
		switch e := e.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", e)
		case string:
			if !plainKey(e) {
				fmt.Fprintf(&b, "[%q]", e)
				continue
			}
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(e)
		}
	}
	return b.String()
}

func plainKey(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		switch {
		case r == '_', r == '-', r == '$', r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		default:
			return false
		}
	}
	return true
}

// Column returns the 1-based UTF-16 column of the byte offset in line.
func Column(line string, offset int) int {
	if offset > len(line) {
		offset = len(line)
	}
	n := 1
	for _, r := range line[:offset] {
		n += utf16.RuneLen(sane(r))
	}
	return n
}

// RuneColumn converts a 1-based column counted in code points, as YAML and
// Go scanners give it, to UTF-16 code units.
func RuneColumn(line string, column int) int {
	n := 1
	for i := 1; i < column && line != ""; i++ {
		r, size := utf8.DecodeRuneInString(line)
		n += utf16.RuneLen(sane(r))
		line = line[size:]
	}
	return n
}

func sane(r rune) rune {
	if utf16.RuneLen(r) < 0 {
		return utf8.RuneError
	}
	return r
}
