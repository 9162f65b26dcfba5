package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Within is a path as one in a directory means it.
func Within(dir, p string) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	return path.Join(dir, p)
}

// words are what a word becomes: a variable that is known and stands alone is split
// at blanks.
func (s *State) words(w *syntax.Word) []Word {
	if len(w.Parts) == 1 {
		if p, ok := w.Parts[0].(*syntax.ParamExp); ok {
			if v, known := s.parameter(p); known {
				var out []Word
				for _, f := range strings.Fields(v) {
					out = append(out, Word{f, true})
				}
				return out
			}
		}
	}
	return []Word{s.word(w)}
}

func (s *State) word(w *syntax.Word) Word {
	var out strings.Builder
	if !s.parts(&out, w.Parts, false) {
		return Word{Text: printed(w)}
	}
	return Word{out.String(), true}
}

func (s *State) parts(out *strings.Builder, parts []syntax.WordPart, quoted bool) bool {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			out.WriteString(unescaped(p.Value, quoted))
		case *syntax.SglQuoted:
			if p.Dollar && strings.Contains(p.Value, `\`) {
				return false
			}
			out.WriteString(p.Value)
		case *syntax.DblQuoted:
			if !s.parts(out, p.Parts, true) {
				return false
			}
		case *syntax.ParamExp:
			v, known := s.parameter(p)
			if !known {
				return false
			}
			out.WriteString(v)
		default:
			return false
		}
	}
	return true
}

// parameter is the value of a variable, or the default that is written beside it.
func (s *State) parameter(p *syntax.ParamExp) (string, bool) {
	if p.Param == nil || p.Excl || p.Length || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Names != 0 {
		return "", false
	}
	v, known := s.Vars[p.Param.Value]
	if p.Exp == nil {
		return v, known
	}
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return v, known && v != ""
	}
	return "", false
}

// unescaped takes the backslashes out (XCU 2.2.1, 2.2.3).
func unescaped(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) || quoted && !strings.ContainsRune("$`\"\\\n", rune(text[i+1])) {
			out.WriteByte(text[i])
			continue
		}
		if i++; text[i] != '\n' {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// substitutions runs the commands in a word; how they end is lost.
func (w *walker) substitutions(word *syntax.Word, s *State, f *frame) *State {
	for _, list := range commandsIn(word) {
		out := w.sub(s, func(in *State, inner *frame) ways { return w.list(list, in, inner, false) })
		how := "a substitution hides how it ended"
		if n := Join(out.ok, Join(out.fail, out.exempt).Swallowed(how, true)); n != nil {
			s = restore(n, s)
		}
	}
	return s
}

// commandsIn are the substitutions in a word.
func commandsIn(word *syntax.Word) [][]*syntax.Stmt {
	var out [][]*syntax.Stmt
	if word == nil {
		return nil
	}
	syntax.Walk(word, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			out = append(out, n.Stmts)
			return false
		case *syntax.ProcSubst:
			out = append(out, n.Stmts)
			return false
		}
		return true
	})
	return out
}

// asks says whether a command asks how the one before it ended.
func asks(st *syntax.Stmt) bool {
	found := false
	syntax.Walk(st, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.ParamExp); ok && p.Param != nil && (p.Param.Value == "?" || p.Param.Value == "PIPESTATUS") {
			found = true
		}
		return !found
	})
	return found
}

// keeps says whether a command keeps something that may be asked for later: a
// variable, or a file.
func keeps(st *syntax.Stmt) bool {
	found := false
	syntax.Walk(st, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			found = true
		case *syntax.Redirect:
			if to := n.Word.Lit(); to != "/dev/null" && n.Op != syntax.DplOut && n.Op != syntax.RdrIn {
				found = true
			}
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				switch n.Args[0].Lit() {
				case "touch", "tee", "rm", "mv", "cp", "read", "printf":
					found = true
				}
			}
		}
		return !found
	})
	return found
}

func keepsAny(list []*syntax.Stmt) bool {
	for _, st := range list {
		if keeps(st) {
			return true
		}
	}
	return false
}

// written is a command as one short line.
func written(st *syntax.Stmt) string {
	text := strings.Join(strings.Fields(printed(st)), " ")
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}

func printed(n syntax.Node) string {
	var out strings.Builder
	if syntax.NewPrinter().Print(&out, n) != nil {
		return "?"
	}
	return out.String()
}
