// Package shell tells what a script of a POSIX shell or bash runs, in which order, and
// which commands have certainly succeeded when another one begins. Nothing is executed:
// a value that only a run would tell is not known, a condition is taken both ways.
package shell

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Word is one word of a command. The text of one that is not known is as it is written.
type Word struct {
	Text  string
	Known bool
}

// Command is a simple command.
type Command struct {
	Words []Word
	Line  int               // in the script, from 1
	Env   map[string]string // variables that are set for it alone and are known
	Stdin string            // here-document, as far as it is known
}

// Pass is how a script goes on although a command may have failed or not have run.
type Pass struct {
	How string
	// Certain says that nothing asks for the outcome in between.
	Certain bool
}

// State is what is known where a command begins. It is a value: nobody changes one
// that another holds.
type State struct {
	Done   map[string]bool   // marked commands that have succeeded
	Passed map[string]Pass   // marked commands that may have failed
	Vars   map[string]string // that are known
	Dir    string            // working directory, from where the outermost script began
	DirOf  bool              // Dir is known
	Branch bool              // a condition decides whether this is reached

	Errexit, Pipefail bool

	functions map[string]*syntax.Stmt
	failed    string // the marked command whose failure is on its way
}

// NewState is that of a script that begins in a directory.
func NewState(dir string, vars map[string]string) *State {
	return &State{Done: map[string]bool{}, Passed: map[string]Pass{}, Vars: maps.Clone(vars), Dir: dir, DirOf: true, functions: map[string]*syntax.Stmt{}}
}

func (s *State) clone() *State {
	c := *s
	c.Done, c.Passed, c.Vars, c.functions = maps.Clone(s.Done), maps.Clone(s.Passed), maps.Clone(s.Vars), maps.Clone(s.functions)
	if c.Vars == nil {
		c.Vars = map[string]string{}
	}
	return &c
}

// With is the state at the same place with another directory and other variables: what
// is done stays done.
func (s *State) With(dir string, known bool, vars map[string]string) *State {
	c := s.clone()
	c.Dir, c.DirOf, c.Vars = dir, known, maps.Clone(vars)
	if c.Vars == nil {
		c.Vars = map[string]string{}
	}
	return c
}

// Back is the state in a script that started another one, behind it: before is how it
// was.
func (s *State) Back(before *State) *State { return restore(s, before) }

// Succeeded is the state behind a marked command that succeeded.
func (s *State) Succeeded(mark string) *State {
	if s == nil {
		return nil
	}
	c := s.clone()
	c.Done[mark] = true
	delete(c.Passed, mark)
	return c
}

// Without is the state behind a marked command whose success says nothing of what
// follows.
func (s *State) Without(mark string) *State {
	if s == nil {
		return nil
	}
	c := s.clone()
	delete(c.Done, mark)
	return c
}

// Failed is the state behind a marked command that failed.
func (s *State) Failed(mark string) *State {
	if s == nil {
		return nil
	}
	c := s.clone()
	c.failed = mark
	return c
}

// Swallowed is the state where a failure goes no further.
func (s *State) Swallowed(how string, certain bool) *State {
	if s == nil || s.failed == "" {
		return s
	}
	c := s.clone()
	if _, told := c.Passed[s.failed]; !told {
		c.Passed[s.failed] = Pass{how, certain}
	}
	c.failed = ""
	return c
}

// Conditional is the state behind a condition: it may ask for the outcome of what was
// passed.
func (s *State) Conditional() *State {
	if s == nil {
		return nil
	}
	c := s.clone()
	c.Branch = true
	for k, p := range c.Passed {
		p.Certain = false
		c.Passed[k] = p
	}
	return c
}

// Join is the state where two ways meet; nil is a way that is never taken. A marked
// command that only one of them ran has run under a condition.
func Join(a, b *State) *State {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	c := a.clone()
	for _, side := range [][2]*State{{a, b}, {b, a}} {
		for k := range side[0].Done {
			if side[1].Done[k] {
				continue
			}
			delete(c.Done, k)
			if _, told := side[1].Passed[k]; !told && side[1].failed != k {
				c.Passed[k] = Pass{"it runs under a condition only", false}
			}
		}
		for k, p := range side[0].Passed {
			if was, told := c.Passed[k]; !told || p.Certain && !was.Certain {
				c.Passed[k] = p
			}
		}
	}
	maps.DeleteFunc(c.Vars, func(k, v string) bool { w, ok := b.Vars[k]; return !ok || v != w })
	c.DirOf = a.DirOf && b.DirOf && a.Dir == b.Dir
	c.Branch = a.Branch && b.Branch
	c.Errexit, c.Pipefail = a.Errexit && b.Errexit, a.Pipefail && b.Pipefail
	for k, f := range b.functions {
		c.functions[k] = f
	}
	if c.failed == "" {
		c.failed = b.failed
	}
	return c
}

// Outcome is where a command or a script leads: with success, and with a failure.
type Outcome struct{ OK, Fail *State }

// Runner says what becomes of a command that is no part of the shell itself. The
// usual answer is Outcome{s, s}.
type Runner func(c Command, s *State) Outcome

// The bounds: of commands that one script runs, of functions in functions, of variables
// that are remembered, and of bytes, which also bound how deep a script can nest.
const (
	maxCommands  = 20_000
	maxDepth     = 40
	maxVariables = 200
	MaxBytes     = 64 << 10
)

// Run follows a script from a state on. One that cannot be parsed is an error, and
// nothing of it is followed.
func Run(text string, posix bool, s *State, run Runner) (Outcome, error) {
	lang := syntax.LangBash
	if posix {
		lang = syntax.LangPOSIX
	}
	file, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(text), "")
	if err != nil && posix {
		file, err = syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	}
	if err != nil {
		return Outcome{}, err
	}
	w := &walker{run: run}
	var f frame
	out := w.list(file.Stmts, s, &f, false)
	return Outcome{Join(out.ok, f.exitOK), Join(Join(out.fail, out.exempt), f.exitFail)}, nil
}

// ways are where a command leads. A failure that is exempt does not end a script with
// errexit (POSIX.1-2024, XCU 2.15, set -e).
type ways struct{ ok, fail, exempt *State }

// frame collects the ways out of a script or a function.
type frame struct{ exitOK, exitFail, returnOK, returnFail *State }

type walker struct {
	run   Runner
	count int
	depth int
}

// list runs commands one after the other. ignored says that errexit does not count
// here, as in a condition.
func (w *walker) list(stmts []*syntax.Stmt, s *State, f *frame, ignored bool) ways {
	out := ways{ok: s}
	for i, st := range stmts {
		if s == nil {
			return ways{}
		}
		if w.count++; w.count > maxCommands {
			return ways{ok: s.Conditional()}
		}
		out = w.stmt(st, s, f, ignored)
		if i == len(stmts)-1 {
			break
		}
		certain := !asks(stmts[i+1])
		how := "the script goes on after a failure (no set -e)"
		if out.fail != nil && out.fail.Errexit && !ignored {
			f.exitFail, out.fail = Join(f.exitFail, out.fail), nil
		}
		s = Join(Join(out.ok.Swallowed("\"!\" turns its outcome around", certain), out.fail.Swallowed(how, certain)), out.exempt.Swallowed("a failure before && does not end the script", certain))
	}
	if out.fail != nil && out.fail.Errexit && !ignored {
		f.exitFail, out.fail = Join(f.exitFail, out.fail), nil
	}
	return out
}

func (w *walker) stmt(st *syntax.Stmt, s *State, f *frame, ignored bool) ways {
	for _, r := range st.Redirs {
		s = w.substitutions(r.Word, s, f)
	}
	if st.Background || st.Coprocess {
		out := w.sub(s, func(in *State, inner *frame) ways { return w.command(st, in, inner, ignored) })
		how := "it runs in the background"
		return ways{ok: restore(Join(Join(out.ok, out.fail).Swallowed(how, true), out.exempt.Swallowed(how, true)), s)}
	}
	out := w.command(st, s, f, ignored || st.Negated)
	if st.Negated {
		return ways{ok: Join(out.fail, out.exempt), exempt: out.ok}
	}
	return out
}

func (w *walker) command(st *syntax.Stmt, s *State, f *frame, ignored bool) ways {
	switch c := st.Cmd.(type) {
	case nil:
		return ways{ok: s}
	case *syntax.CallExpr:
		return w.call(c, st, s, f, ignored)
	case *syntax.DeclClause:
		return w.declare(c, s, f)
	case *syntax.FuncDecl:
		n := s.clone()
		if c.Name != nil {
			n.functions[c.Name.Value] = c.Body
		}
		return ways{ok: n}
	case *syntax.Block:
		return w.list(c.Stmts, s, f, ignored)
	case *syntax.Subshell:
		out := w.sub(s, func(in *State, inner *frame) ways { return w.list(c.Stmts, in, inner, ignored) })
		return ways{restore(out.ok, s), restore(out.fail, s), restore(out.exempt, s)}
	case *syntax.BinaryCmd:
		return w.binary(c, s, f, ignored)
	case *syntax.IfClause:
		return w.branch(c, s, f, ignored)
	case *syntax.WhileClause:
		once, end := w.asked(c, s, f)
		if once == nil {
			return ways{ok: end}
		}
		body := w.loop(c.Do, once, nil, f, ignored)
		if body.ok != nil { // and asked again
			_, again := w.asked(c, body.ok, f)
			end = Join(end, again)
		}
		return ways{ok: end}
	case *syntax.ForClause:
		n := s.clone()
		if it, ok := c.Loop.(*syntax.WordIter); ok {
			delete(n.Vars, it.Name.Value)
		}
		return w.loop(c.Do, n, n, f, ignored)
	case *syntax.CaseClause:
		return w.choose(c, s, f, ignored)
	case *syntax.TimeClause:
		if c.Stmt != nil {
			return w.stmt(c.Stmt, s, f, ignored)
		}
	}
	return ways{ok: s, fail: s} // tests, arithmetic
}

// sub runs something in a process of its own: exit ends no more than that.
func (w *walker) sub(s *State, run func(*State, *frame) ways) ways {
	var f frame
	out := run(s, &f)
	return ways{Join(out.ok, f.exitOK), Join(out.fail, f.exitFail), out.exempt}
}

// restore is what is left of a process of its own: its directory and variables are not.
func restore(after, before *State) *State {
	if after == nil {
		return nil
	}
	c := before.clone()
	c.Done, c.Passed, c.failed = after.Done, after.Passed, after.failed
	return c
}

func (w *walker) binary(c *syntax.BinaryCmd, s *State, f *frame, ignored bool) ways {
	switch c.Op {
	case syntax.AndStmt:
		x := w.stmt(c.X, s, f, true)
		if x.ok == nil {
			return ways{exempt: Join(x.fail, x.exempt)}
		}
		y := w.stmt(c.Y, after(x.ok, c.X), f, ignored)
		return ways{y.ok, y.fail, Join(y.exempt, Join(x.fail, x.exempt))}
	case syntax.OrStmt:
		x := w.stmt(c.X, s, f, true)
		failed := Join(x.fail, x.exempt)
		if failed == nil {
			return ways{ok: x.ok}
		}
		var inner frame
		y := w.stmt(c.Y, failed, &inner, ignored)
		how := "|| " + written(c.Y)
		f.exitOK = Join(f.exitOK, inner.exitOK.Swallowed(how, true))
		f.exitFail = Join(f.exitFail, inner.exitFail)
		f.returnOK = Join(f.returnOK, inner.returnOK.Swallowed(how, true))
		f.returnFail = Join(f.returnFail, inner.returnFail)
		return ways{Join(x.ok, y.ok.Swallowed(how, !keeps(c.Y))), y.fail, y.exempt}
	}
	// A pipe: each side is a process of its own.
	x := w.sub(s, func(in *State, inner *frame) ways { return w.stmt(c.X, in, inner, ignored) })
	failed := Join(x.fail, x.exempt)
	in := x.ok
	if !s.Pipefail {
		in = Join(x.ok, failed.Swallowed("a pipe takes its exit status (no pipefail)", true))
		failed = nil
	}
	if in == nil {
		in = s.clone()
	}
	y := w.sub(restore(in, s), func(in *State, inner *frame) ways { return w.stmt(c.Y, in, inner, ignored) })
	return ways{restore(y.ok, s), restore(Join(y.fail, failed), s), restore(y.exempt, s)}
}

func (w *walker) branch(c *syntax.IfClause, s *State, f *frame, ignored bool) ways {
	if len(c.Cond) == 0 { // else
		return w.list(c.Then, s, f, ignored)
	}
	cond := w.list(c.Cond, s, f, true)
	then := w.list(c.Then, conditionedBy(cond.ok, c.Cond), f, ignored)
	failed := Join(cond.fail, cond.exempt)
	how := "nothing ends the script where it fails (if)"
	then.ok = then.ok.Swallowed(how, !keepsAny(c.Then)) // of a condition with "!"
	if c.Else == nil {
		return ways{Join(then.ok, failed.Swallowed(how, !keepsAny(c.Then))), then.fail, then.exempt}
	}
	var inner frame
	other := ways{}
	if failed != nil {
		other = w.branch(c.Else, conditionedBy(failed, c.Cond), &inner, ignored)
	}
	certain := !keepsAny(c.Then) && !keepsAny(c.Else.Then)
	f.exitOK = Join(f.exitOK, inner.exitOK.Swallowed("exit 0 where it fails", true))
	f.exitFail = Join(f.exitFail, inner.exitFail)
	f.returnOK = Join(f.returnOK, inner.returnOK.Swallowed("return 0 where it fails", true))
	f.returnFail = Join(f.returnFail, inner.returnFail)
	return ways{Join(then.ok, other.ok.Swallowed(how, certain)), Join(then.fail, other.fail), Join(then.exempt, other.exempt)}
}

// conditionedBy is the state behind a condition.
func conditionedBy(s *State, cond []*syntax.Stmt) *State {
	if s == nil || len(cond) == 0 {
		return s
	}
	return after(s, cond[len(cond)-1])
}

// after is the state behind a command whose outcome decides whether it is reached.
func after(s *State, st *syntax.Stmt) *State {
	asks := false
	syntax.Walk(st, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.TestClause, *syntax.ArithmCmd:
			asks = true
		case *syntax.CallExpr:
			asks = asks || len(n.Args) > 0 && !plainSteps[n.Args[0].Lit()]
		}
		return !asks
	})
	if asks {
		return s.Conditional()
	}
	return s
}

// plainSteps are commands that do their own work and ask for nothing that was before.
var plainSteps = map[string]bool{
	"cd": true, "pushd": true, "true": true, ":": true, "echo": true, "mkdir": true, "git": true, "gate": true,
	"terraform": true, "tofu": true, "terragrunt": true, "kubectl": true, "helm": true, "aws": true, "gcloud": true, "az": true,
}

// asked is where the condition of a loop leads: into it, and past it.
func (w *walker) asked(c *syntax.WhileClause, s *State, f *frame) (in, out *State) {
	cond := w.list(c.Cond, s, f, true)
	in, out = cond.ok, Join(cond.fail, cond.exempt)
	if c.Until {
		in, out = out, in
	}
	how := "a loop asks for its outcome"
	return in.Swallowed(how, false), out.Swallowed(how, false)
}

func (w *walker) loop(body []*syntax.Stmt, in, out *State, f *frame, ignored bool) ways {
	if in == nil {
		return ways{ok: out}
	}
	once := w.list(body, in.Conditional(), f, ignored)
	how := "a loop goes on where it fails"
	again := Join(once.ok, Join(once.fail, once.exempt).Swallowed(how, false))
	return ways{ok: Join(out, again), fail: once.fail}
}

func (w *walker) choose(c *syntax.CaseClause, s *State, f *frame, ignored bool) ways {
	out, every := ways{}, false
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			every = every || p.Lit() == "*"
		}
		x := w.list(item.Stmts, s.Conditional(), f, ignored)
		out = ways{Join(out.ok, x.ok), Join(out.fail, x.fail), Join(out.exempt, x.exempt)}
	}
	if !every {
		out.ok = Join(out.ok, s)
	}
	return out
}

// declare is export, local and their like: they hide how a substitution ended.
func (w *walker) declare(c *syntax.DeclClause, s *State, f *frame) ways {
	for _, a := range c.Args {
		if a.Value != nil {
			s = w.substitutions(a.Value, s, f)
		}
		s = assign(s, a)
	}
	return ways{ok: s}
}

func assign(s *State, a *syntax.Assign) *State {
	if a.Name == nil || a.Naked && a.Value == nil && a.Array == nil {
		return s
	}
	n := s.clone()
	delete(n.Vars, a.Name.Value)
	if a.Index != nil || a.Array != nil || a.Append {
		return n
	}
	if len(n.Vars) > maxVariables {
		return n
	}
	if a.Value == nil {
		n.Vars[a.Name.Value] = ""
	} else if v := s.word(a.Value); v.Known {
		n.Vars[a.Name.Value] = v.Text
	}
	return n
}

// call is a simple command.
func (w *walker) call(c *syntax.CallExpr, st *syntax.Stmt, s *State, f *frame, ignored bool) ways {
	if len(c.Args) == 0 { // assignments end as their last substitution does
		out := ways{ok: s}
		for _, a := range c.Assigns {
			if a.Value != nil {
				for _, sub := range commandsIn(a.Value) {
					x := w.sub(s, func(in *State, inner *frame) ways { return w.list(sub, in, inner, ignored) })
					out = ways{restore(x.ok, s), restore(Join(out.fail, x.fail), s), restore(Join(out.exempt, x.exempt), s)}
					if s = out.ok; s == nil {
						return out
					}
				}
			}
			s = assign(s, a)
			out.ok = s
		}
		return out
	}
	cmd := Command{Line: int(c.Pos().Line()), Env: map[string]string{}}
	for _, a := range c.Assigns {
		if a.Value != nil {
			s = w.substitutions(a.Value, s, f)
			if v := s.word(a.Value); a.Name != nil && v.Known {
				cmd.Env[a.Name.Value] = v.Text
			}
		}
	}
	for _, a := range c.Args {
		s = w.substitutions(a, s, f)
		cmd.Words = append(cmd.Words, s.words(a)...)
	}
	for _, r := range st.Redirs {
		if r.Hdoc != nil {
			if v := s.word(r.Hdoc); v.Known {
				cmd.Stdin = v.Text
			}
		}
	}
	if len(cmd.Words) == 0 {
		return ways{ok: s, fail: s}
	}
	return w.simple(cmd, s, f, ignored)
}

// simple runs a command of the shell itself, a function, or what the caller knows.
func (w *walker) simple(cmd Command, s *State, f *frame, ignored bool) ways {
	name := cmd.Words[0]
	args := cmd.Words[1:]
	if !name.Known {
		return w.outside(cmd, s)
	}
	if body := s.functions[name.Text]; body != nil {
		if w.depth++; w.depth > maxDepth {
			w.depth--
			return ways{ok: s.Conditional(), fail: s}
		}
		defer func() { w.depth-- }()
		var inner frame
		out := w.stmt(body, s, &inner, ignored)
		f.exitOK, f.exitFail = Join(f.exitOK, inner.exitOK), Join(f.exitFail, inner.exitFail)
		return ways{Join(out.ok, inner.returnOK), Join(out.fail, inner.returnFail), out.exempt}
	}
	switch name.Text {
	case ":", "true":
		return ways{ok: s}
	case "false":
		return ways{fail: s}
	case "exit", "return":
		return w.leave(name.Text, args, s, f)
	case "set":
		return ways{ok: options(s, args)}
	case "cd", "pushd":
		return ways{ok: changed(s, args), fail: s}
	case "unset", "read", "mapfile", "readarray", "getopts":
		n := s.clone()
		for _, a := range args {
			delete(n.Vars, a.Text)
		}
		return ways{ok: n, fail: s}
	case "popd":
		n := s.clone()
		n.DirOf = false
		return ways{ok: n}
	case "exec":
		if len(args) == 0 {
			return ways{ok: s}
		}
		cmd.Words = args
		out := w.simple(cmd, s, f, ignored)
		f.exitOK, f.exitFail = Join(f.exitOK, out.ok), Join(f.exitFail, Join(out.fail, out.exempt))
		return ways{}
	case "command", "builtin":
		if len(args) > 0 && args[0].Known && !strings.HasPrefix(args[0].Text, "-") {
			cmd.Words = args
			return w.simple(cmd, s, f, ignored)
		}
	}
	return w.outside(cmd, s)
}

func (w *walker) outside(cmd Command, s *State) ways {
	out := w.run(cmd, s)
	return ways{ok: out.OK, fail: out.Fail}
}

// leave is exit or return. A status that is not written out is that of something
// before, as far as anybody knows.
func (w *walker) leave(name string, args []Word, s *State, f *frame) ways {
	ok, fail := &f.exitOK, &f.exitFail
	if name == "return" {
		ok, fail = &f.returnOK, &f.returnFail
	}
	switch {
	case len(args) > 0 && args[0].Known && args[0].Text == "0":
		*ok = Join(*ok, s.Swallowed(name+" 0", true))
	case len(args) > 0 && args[0].Known:
		*fail = Join(*fail, s)
	default:
		*fail = Join(*fail, s)
		*ok = Join(*ok, s.Swallowed(name+" with a status that is not known", false))
	}
	return ways{}
}

// options follows set -e, +e, -o pipefail.
func options(s *State, args []Word) *State {
	n := s.clone()
	for i := 0; i < len(args); i++ {
		a := args[i].Text
		if len(a) < 2 || a[0] != '-' && a[0] != '+' || a == "--" {
			break
		}
		on := a[0] == '-'
		if strings.Contains(a[1:], "e") && !strings.HasPrefix(a, "--") {
			n.Errexit = on
		}
		if strings.HasSuffix(a, "o") && i+1 < len(args) {
			i++
			switch args[i].Text {
			case "errexit":
				n.Errexit = on
			case "pipefail":
				n.Pipefail = on
			}
		}
	}
	return n
}

func changed(s *State, args []Word) *State {
	n := s.clone()
	args = slices.DeleteFunc(slices.Clone(args), func(a Word) bool { return a.Known && strings.HasPrefix(a.Text, "-") && a.Text != "-" })
	switch {
	case len(args) != 1 || !args[0].Known || args[0].Text == "-":
		n.DirOf = false
	default:
		n.Dir = Within(n.Dir, args[0].Text)
		n.DirOf = n.DirOf && !strings.HasPrefix(args[0].Text, "~")
	}
	return n
}
