package repository

import (
	"path"
	"strings"

	"gate/internal/source"
)

// makefile is what a Makefile and what it includes say: targets with their recipes, and
// variables. Functions, conditions and what make computes are not evaluated.
// https://www.gnu.org/software/make/manual/make.html
type makefile struct {
	targets  map[string]*makeTarget
	patterns []*makeTarget
	vars     map[string]string
	first    string // the target that is made where none is named
	oneshell bool
	ignore   bool // .IGNORE
}

type makeTarget struct {
	name   string
	needs  []string
	recipe []makeLine
}

// makeLine is one command of a recipe; a backslash at the end of a line continues it.
type makeLine struct {
	text string
	file string
	line int
}

// The bounds of what is read for one make.
const (
	maxMakefiles    = 50
	maxMakefileSize = 1 << 20
)

// readMakefile reads a Makefile; nil if there is none.
func readMakefile(tree source.Tree, file string) *makefile {
	m := &makefile{targets: map[string]*makeTarget{}, vars: map[string]string{}}
	if seen := map[string]bool{}; !m.read(tree, file, seen) {
		return nil
	}
	return m
}

func (m *makefile) read(tree source.Tree, file string, seen map[string]bool) bool {
	if seen[file] || len(seen) > maxMakefiles {
		return false
	}
	seen[file] = true
	data, err := tree.ReadFile(file)
	if err != nil || len(data) > maxMakefileSize {
		return false
	}
	lines := strings.Split(string(data), "\n")
	var current []*makeTarget
	nested := 0 // of conditions, which are not evaluated
	for i := 0; i < len(lines); i++ {
		at := i + 1
		text := strings.TrimSuffix(lines[i], "\r")
		for strings.HasSuffix(text, `\`) && i+1 < len(lines) {
			i++
			next := strings.TrimSuffix(lines[i], "\r")
			if strings.HasPrefix(text, "\t") {
				text += "\n" + strings.TrimPrefix(next, "\t")
			} else {
				text = strings.TrimSuffix(text, `\`) + " " + strings.TrimSpace(next)
			}
		}
		if recipe, ok := strings.CutPrefix(text, "\t"); ok && current != nil {
			for _, t := range current {
				t.recipe = append(t.recipe, makeLine{recipe, file, at})
			}
			continue
		}
		word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		switch {
		case word == "" || strings.HasPrefix(word, "#"):
			continue
		case word == "ifeq" || word == "ifneq" || word == "ifdef" || word == "ifndef":
			nested++
			continue
		case word == "endif":
			nested = max(0, nested-1)
			continue
		case word == "else":
			continue
		case word == "include" || word == "-include" || word == "sinclude":
			for _, f := range strings.Fields(m.expand(rest)) {
				m.read(tree, path.Clean(path.Join(path.Dir(file), f)), seen)
			}
			continue
		case word == "define":
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "endef"; i++ {
			}
			continue
		case word == "export" || word == "override" || word == "unexport":
			text = rest
		}
		if name, value, op, ok := makeAssignment(text); ok {
			m.assign(name, value, op, nested > 0)
			continue
		}
		current = m.rule(text, file, at)
	}
	return true
}

// makeAssignment splits "NAME := value"; a rule is none.
func makeAssignment(text string) (name, value, op string, ok bool) {
	i := strings.IndexByte(text, '=')
	if i <= 0 {
		return "", "", "", false
	}
	left := text[:i]
	for _, o := range []string{":::", "::", ":", "?", "+", "!"} {
		if l, cut := strings.CutSuffix(left, o); cut {
			left, op = l, o
			break
		}
	}
	name = strings.TrimSpace(left)
	if name == "" || strings.ContainsAny(name, " \t:#") {
		return "", "", "", false
	}
	return name, strings.TrimSpace(withoutComment(text[i+1:])), op, true
}

func withoutComment(text string) string {
	for i := 0; i < len(text); i++ {
		if text[i] == '#' && (i == 0 || text[i-1] != '\\') {
			return text[:i]
		}
	}
	return text
}

func (m *makefile) assign(name, value, op string, conditional bool) {
	_, set := m.vars[name]
	switch {
	case conditional, op == "!", op == "+":
		m.vars[name] = unknownToMake
	case op == "?" && set:
	case op == "?": // the environment may say otherwise
		m.vars[name] = unknownToMake
	default:
		m.vars[name] = value
	}
}

// unknownToMake stands for what only make knows: to a shell it is a variable that
// nothing sets.
const unknownToMake = "$${_made_by_make}"

func (m *makefile) rule(text, file string, line int) []*makeTarget {
	text = withoutComment(text)
	names, rest, ok := strings.Cut(m.expand(text), ":")
	if !ok {
		return nil
	}
	rest = strings.TrimPrefix(rest, ":")
	needs, inline, has := strings.Cut(rest, ";")
	var out []*makeTarget
	for _, name := range strings.Fields(names) {
		switch name {
		case ".ONESHELL":
			m.oneshell = true
		case ".IGNORE":
			m.ignore = true
		}
		t := m.targets[name]
		if t == nil {
			t = &makeTarget{name: name}
			m.targets[name] = t
			if strings.Contains(name, "%") {
				m.patterns = append(m.patterns, t)
			} else if m.first == "" && !strings.HasPrefix(name, ".") {
				m.first = name
			}
		}
		t.needs = append(t.needs, strings.Fields(strings.ReplaceAll(needs, "|", " "))...)
		if has {
			t.recipe = append(t.recipe, makeLine{strings.TrimSpace(inline), file, line})
		}
		out = append(out, t)
	}
	return out
}

// target finds a target and the stem of a pattern.
func (m *makefile) target(name string) (t *makeTarget, stem string) {
	if t := m.targets[name]; t != nil {
		return t, ""
	}
	for _, t := range m.patterns {
		before, after, _ := strings.Cut(t.name, "%")
		if len(name) > len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) {
			return t, name[len(before) : len(name)-len(after)]
		}
	}
	return nil, ""
}

// recipe is a text of a recipe as the shell gets it.
func (m *makefile) recipe(text, target, stem string) string {
	return strings.ReplaceAll(m.expandWith(text, map[string]string{"@": target, "*": stem, "MAKE": "make"}, 0), "$$", "$")
}

func (m *makefile) expand(text string) string { return m.expandWith(text, nil, 0) }

// expandWith replaces variables. "$$" stays, so that a value can be expanded twice.
func (m *makefile) expandWith(text string, more map[string]string, depth int) string {
	var out strings.Builder
	for i := 0; i < len(text) && out.Len() < maxMakefileSize; i++ {
		if text[i] != '$' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		name := text[i : i+1]
		switch name {
		case "$":
			out.WriteString("$$")
			continue
		case "(", "{":
			end := closingBracket(text[i:])
			if end < 0 {
				out.WriteString(unknownToMake)
				return out.String()
			}
			name = text[i+1 : i+end]
			i += end
		}
		value, ok := more[name]
		if !ok {
			value, ok = m.vars[name]
		}
		switch {
		case ok && depth < 10:
			out.WriteString(m.expandWith(value, more, depth+1))
		case ok || strings.ContainsAny(name, " ,:$") || len(name) == 1 && !isLetter(name[0]):
			out.WriteString(unknownToMake)
		default: // of the environment
			out.WriteString("$${" + name + "}")
		}
	}
	return out.String()
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// closingBracket is where the bracket closes that a text begins with.
func closingBracket(text string) int {
	opening, closing, depth := text[0], byte(')'), 0
	if opening == '{' {
		closing = '}'
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case opening:
			depth++
		case closing:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
