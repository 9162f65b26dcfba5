package repository

import (
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

// attributes answers which files .gitattributes mark as generated.
type attributes struct {
	rules  []attributeRule // those that count more come later
	macros map[string]bool // value of linguist-generated that a macro sets
}

type attributeRule struct {
	dir       string
	pattern   pattern
	generated bool
}

// readAttributes reads every .gitattributes of a tree: gitattributes(5). One
// that cannot be read marks nothing.
func readAttributes(tree source.Tree) attributes {
	a := attributes{macros: map[string]bool{}}
	var files []string
	for _, e := range tree.Entries() {
		if path.Base(e.Path) == ".gitattributes" && !e.Symlink {
			files = append(files, e.Path)
		}
	}
	// The file nearest to a path counts most.
	slices.SortStableFunc(files, func(x, y string) int { return strings.Count(x, "/") - strings.Count(y, "/") })
	for _, f := range files {
		if data, err := tree.ReadFile(f); err == nil {
			a.parse(path.Dir(f), string(data))
		}
	}
	return a
}

func (a *attributes) parse(dir, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		pat, rest := cutAttribute(line)
		if macro, ok := strings.CutPrefix(pat, "[attr]"); ok {
			if v, set := a.value(rest); set && dir == "." {
				a.macros[macro] = v
			}
			continue
		}
		if v, set := a.value(rest); set {
			a.rules = append(a.rules, attributeRule{dir: dir, pattern: attributePattern(pat), generated: v})
		}
	}
}

// cutAttribute splits off the pattern, which may be quoted as in C.
func cutAttribute(line string) (pat, rest string) {
	if line[0] == '"' {
		if i := strings.IndexByte(line[1:], '"'); i >= 0 {
			return line[1 : 1+i], line[2+i:]
		}
	}
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], line[i:]
	}
	return line, ""
}

// value returns what a list of attributes says about linguist-generated:
// https://github.com/github-linguist/linguist/blob/main/docs/overrides.md
func (a *attributes) value(list string) (generated, set bool) {
	for _, f := range strings.Fields(list) {
		switch f {
		case "linguist-generated", "linguist-generated=true":
			generated, set = true, true
		case "-linguist-generated", "!linguist-generated", "linguist-generated=false":
			generated, set = false, true
		default:
			if v, ok := a.macros[f]; ok {
				generated, set = v, true
			}
		}
	}
	return generated, set
}

// attributePattern is as in .gitignore, but a directory does not mean what is
// in it.
func attributePattern(text string) pattern {
	segs := strings.Split(strings.TrimPrefix(text, "/"), "/")
	if !strings.Contains(text, "/") {
		segs = append([]string{"**"}, segs...)
	}
	return pattern{segments: join(segs), sets: true}
}

// generated says whether p is marked as generated.
func (a *attributes) generated(p string) bool {
	v := false
	for _, r := range a.rules {
		rel := p
		if r.dir != "." {
			var ok bool
			if rel, ok = strings.CutPrefix(p, r.dir+"/"); !ok {
				continue
			}
		}
		if r.pattern.match(strings.Split(rel, "/")) {
			v = r.generated
		}
	}
	return v
}
