package repository

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gate/internal/facts"
	"gate/internal/shell"
	"gate/internal/source"
)

// follower collects the commands that the jobs of one CI definition run, by
// themselves and through the scripts, Makefiles, actions and workflows of the tree
// that they call.
type follower struct {
	tree      source.Tree
	byPath    map[string]Definition
	makefiles map[string]*makefile
	budget    int // of files that may still be read
	commands  int // that were followed
	cut       bool

	out    []facts.WorkflowCommand
	places map[string]source.Position // by job and key
	byKey  map[string]int
	job    string
	about  jobFacts
}

// jobFacts are what a command takes from its job.
type jobFacts struct {
	environments []string
	accounts     []string
}

// The bounds of what is followed from one definition.
const (
	maxFollowedFiles    = 300
	maxFollowedDepth    = 12
	maxFollowedCommands = 100_000
	maxCommandFacts     = 500
)

// root is the directory of the checkout, as scripts see it here.
const root = "/checkout-of-the-repository"

// script is where a text of commands stands.
type script struct {
	file  string
	line  func(int) (line int, exact bool) // of a line of the text
	via   []string
	depth int
}

// deployers are the programs whose commands are facts.
var deployers = map[string]bool{"terraform": true, "tofu": true, "terragrunt": true, "kubectl": true, "oc": true, "helm": true, "gate": true, "atlantis": true}

// wrapper is a program that runs the command that follows its options.
type wrapper struct {
	before int      // words between its options and the command
	values []string // options that take the next word
}

var wrappers = map[string]wrapper{
	"sudo": {0, []string{"-u", "-g", "-h", "-p", "-C", "-T", "-r", "-t", "-D", "-R", "-U", "--user", "--group"}},
	"doas": {0, []string{"-u", "-C"}}, "env": {0, []string{"-u", "--unset", "-C", "--chdir"}},
	"xargs":   {0, []string{"-n", "-P", "-I", "-L", "-d", "-a", "-E", "-s"}},
	"timeout": {1, []string{"-k", "-s", "--kill-after", "--signal"}}, "gtimeout": {1, []string{"-k", "-s"}},
	"nice": {0, []string{"-n"}}, "ionice": {0, []string{"-c", "-n"}}, "stdbuf": {0, []string{"-i", "-o", "-e"}},
	"nohup": {}, "time": {}, "setsid": {}, "unbuffer": {}, "chronic": {}, "dotenv": {},
}

// silent are programs that check nothing, whatever their arguments say.
var silent = map[string]bool{
	"echo": true, "printf": true, "cat": true, "grep": true, "sed": true, "awk": true, "git": true, "test": true, "[": true, "mkdir": true, "ls": true, "rm": true, "cp": true, "mv": true,
	"chmod": true, "touch": true, "tar": true, "head": true, "tail": true, "tee": true, "jq": true, "yq": true, "sort": true, "which": true, "gh": true, "glab": true, "curl": true, "wget": true,
	"aws": true, "gcloud": true, "az": true, "apt-get": true, "pip": true, "npm": true, "brew": true, "apk": true, "sleep": true, "date": true, "find": true, "sha256sum": true, "unzip": true,
}

// checking is a name of something that may hold a decision against what is applied.
var checking = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(\b|_)gate(\b|_)|verif|approv|decision`)
})

// run follows a script from a state on.
func (f *follower) run(text string, posix bool, at script, s *shell.State) shell.Outcome {
	if len(text) > shell.MaxBytes || at.depth > maxFollowedDepth || s == nil {
		return f.opaque("a script that is too large or too deep", s)
	}
	out, err := shell.Run(text, posix, s, func(c shell.Command, s *shell.State) shell.Outcome { return f.command(c, at, s) })
	if err != nil {
		if checking().MatchString(text) {
			return f.opaque("a script that is no shell script", s)
		}
		return shell.Outcome{OK: s, Fail: s}
	}
	return out
}

// opaque is something that is not followed and may check: what it does with a
// decision is not known.
func (f *follower) opaque(what string, s *shell.State) shell.Outcome {
	if s == nil {
		return shell.Outcome{}
	}
	n := s.With(s.Dir, s.DirOf, s.Vars)
	n.Errexit, n.Pipefail = s.Errexit, s.Pipefail
	n = n.Failed("?"+what).Swallowed("what it runs is not followed", false)
	return shell.Outcome{OK: n, Fail: s}
}

// command says what becomes of one command.
func (f *follower) command(c shell.Command, at script, s *shell.State) shell.Outcome {
	c = unwrapped(c)
	if f.commands++; f.commands > maxFollowedCommands || len(f.out) >= maxCommandFacts {
		f.cut = true
		return shell.Outcome{OK: s, Fail: s}
	}
	if len(c.Words) == 0 {
		return shell.Outcome{OK: s, Fail: s}
	}
	name := c.Words[0]
	if !name.Known {
		return f.unfollowed(c, s)
	}
	switch base := path.Base(name.Text); {
	case base == "gate":
		return f.gate(c, at, s)
	case deployers[base]:
		f.add(c, at, s)
		return shell.Outcome{OK: selected(c, s), Fail: s}
	case base == "bash" || base == "sh" || base == "dash" || base == "ksh" || base == "zsh" || base == "ash":
		return f.shell(c, base, at, s)
	case name.Text == "." || name.Text == "source":
		if len(c.Words) > 1 {
			if out, ok := f.file(c.Words[1], at, s, true); ok {
				return out
			}
		}
		return f.unfollowed(c, s)
	case name.Text == "eval":
		text, known := joined(c.Words[1:])
		if !known {
			return f.unfollowed(c, s)
		}
		return f.run(text, false, at.same(c.Line), s)
	case base == "make" || base == "gmake":
		return f.make(c, at, s)
	}
	if strings.Contains(name.Text, "/") {
		if out, ok := f.file(name, at, s, false); ok {
			return out
		}
	}
	return f.unfollowed(c, s)
}

func (f *follower) unfollowed(c shell.Command, s *shell.State) shell.Outcome {
	var words []string
	for _, w := range c.Words {
		words = append(words, w.Text)
	}
	text := strings.Join(words, " ")
	if !c.Words[0].Known || !silent[path.Base(c.Words[0].Text)] {
		if checking().MatchString(text) {
			return f.opaque(short(text), s)
		}
	}
	return shell.Outcome{OK: s, Fail: s}
}

func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return text
}

func joined(words []shell.Word) (string, bool) {
	var out []string
	for _, w := range words {
		if !w.Known {
			return "", false
		}
		out = append(out, w.Text)
	}
	return strings.Join(out, " "), true
}

// same is a script within a word: its lines are that of the command.
func (at script) same(line int) script {
	return script{file: at.file, via: at.via, depth: at.depth + 1, line: func(int) (int, bool) { return at.line(line) }}
}

// unwrapped takes off the programs that run the command that is their argument.
func unwrapped(c shell.Command) shell.Command {
	for range 8 {
		if len(c.Words) < 2 || !c.Words[0].Known {
			return c
		}
		name := path.Base(c.Words[0].Text)
		by, ok := wrappers[name]
		if !ok {
			return c
		}
		i := 1
		for ; i < len(c.Words) && c.Words[i].Known; i++ {
			w := c.Words[i].Text
			if key, value, set := strings.Cut(w, "="); set && name == "env" && !strings.HasPrefix(w, "-") {
				c.Env = maps.Clone(c.Env)
				if c.Env == nil {
					c.Env = map[string]string{}
				}
				c.Env[key] = value
				continue
			}
			if !strings.HasPrefix(w, "-") {
				break
			}
			if w == "--" {
				i++
				break
			}
			if slices.Contains(by.values, w) && i+1 < len(c.Words) {
				i++
			}
		}
		if i += by.before; i >= len(c.Words) {
			return c
		}
		c.Words = slices.Clone(c.Words[i:])
		if name == "xargs" {
			c.Words = append(c.Words, shell.Word{Text: "…"})
		}
	}
	return c
}

// gate is a command of gate itself. exec runs another one where it has verified.
func (f *follower) gate(c shell.Command, at script, s *shell.State) shell.Outcome {
	sub := ""
	for i, w := range c.Words[1:] {
		if !w.Known {
			return f.unfollowed(c, s)
		}
		if !strings.HasPrefix(w.Text, "-") {
			sub = w.Text
			c.Words = append([]shell.Word{c.Words[0], w}, slices.Concat(c.Words[1:1+i], c.Words[2+i:])...)
			break
		}
	}
	if sub != "verify" && sub != "exec" && sub != "check" {
		return shell.Outcome{OK: s, Fail: s}
	}
	mark := f.add(c, at, s)
	out := shell.Outcome{OK: s.Succeeded(mark), Fail: s.Failed(mark)}
	if i := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Known && w.Text == "--" }); sub == "exec" && i > 0 && i+1 < len(c.Words) {
		child := shell.Command{Words: c.Words[i+1:], Line: c.Line, Env: c.Env}
		done := f.command(child, at, out.OK)
		return shell.Outcome{OK: done.OK.Without(mark), Fail: shell.Join(out.Fail, done.Fail.Without(mark))}
	}
	if sub == "exec" {
		out.OK = out.OK.Without(mark)
	}
	return out
}

// shell is a shell that is given a command, a file or a here-document.
func (f *follower) shell(c shell.Command, name string, at script, s *shell.State) shell.Outcome {
	in := s.With(s.Dir, s.DirOf, s.Vars)
	in.Errexit, in.Pipefail = false, false
	command := false
	args := c.Words[1:]
	for len(args) > 0 && args[0].Known && len(args[0].Text) > 1 && (args[0].Text[0] == '-' || args[0].Text[0] == '+') {
		o := args[0].Text
		args = args[1:]
		if strings.HasPrefix(o, "--") {
			if o == "--" {
				break
			}
			continue
		}
		in.Errexit = in.Errexit || strings.Contains(o, "e")
		command = command || strings.Contains(o, "c")
		if strings.Contains(o, "o") && len(args) > 0 {
			in.Errexit = in.Errexit || args[0].Text == "errexit"
			in.Pipefail = in.Pipefail || args[0].Text == "pipefail"
			args = args[1:]
		}
	}
	switch {
	case command && len(args) > 0 && args[0].Known:
		return behind(f.run(args[0].Text, name != "bash" && name != "zsh", at.same(c.Line), in), s)
	case command:
		return f.unfollowed(c, s)
	case len(args) > 0:
		if out, ok := f.file(args[0], at, in, false); ok {
			return behind(out, s)
		}
		return f.unfollowed(c, s)
	case c.Stdin != "":
		return behind(f.run(c.Stdin, name != "bash" && name != "zsh", at.same(c.Line), in), s)
	}
	return shell.Outcome{OK: s, Fail: s}
}

// behind is what a program leaves to the one that started it.
func behind(out shell.Outcome, s *shell.State) shell.Outcome {
	back := func(n *shell.State) *shell.State {
		if n == nil {
			return nil
		}
		return n.Back(s)
	}
	return shell.Outcome{OK: back(out.OK), Fail: back(out.Fail)}
}

// path is a file as a command names it, in the tree.
func inTree(s *shell.State, name shell.Word) (string, bool) {
	if !name.Known || !s.DirOf {
		return "", false
	}
	p, ok := strings.CutPrefix(shell.Within(s.Dir, name.Text), root+"/")
	return p, ok
}

// file follows a script of the tree. ok says that there is one.
func (f *follower) file(name shell.Word, at script, s *shell.State, sourced bool) (shell.Outcome, bool) {
	p, ok := inTree(s, name)
	if !ok {
		return shell.Outcome{}, false
	}
	if _, ok := f.tree.Lookup(p); !ok {
		return shell.Outcome{}, false
	}
	if f.budget--; f.budget < 0 || slices.Contains(at.via, p) || at.depth > maxFollowedDepth {
		return f.opaque(p, s), true
	}
	data, err := f.tree.ReadFile(p)
	if err != nil || len(data) > shell.MaxBytes {
		return f.opaque(p, s), true
	}
	text := string(data)
	first, _, _ := strings.Cut(text, "\n")
	interpreter, options, known := shebang(first)
	if !sourced && known && interpreter == "" {
		if checking().MatchString(text) {
			return f.opaque(p, s), true
		}
		return shell.Outcome{OK: s, Fail: s}, true
	}
	inner := script{file: p, via: append(slices.Clip(slices.Clone(at.via)), p), depth: at.depth + 1, line: func(n int) (int, bool) { return n, true }}
	if sourced {
		return f.run(text, false, inner, s), true
	}
	in := s.With(s.Dir, s.DirOf, s.Vars)
	in.Errexit, in.Pipefail = strings.Contains(options, "e"), false
	return behind(f.run(text, interpreter == "sh" || interpreter == "dash", inner, in), s), true
}

// shebang is the shell that a first line names; "" of another program.
func shebang(line string) (interpreter, options string, known bool) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r"), "#!")
	if !ok {
		return "bash", "", false
	}
	words := strings.Fields(rest)
	if len(words) > 0 && path.Base(words[0]) == "env" {
		words = slices.DeleteFunc(words[1:], func(w string) bool { return w == "-S" })
	}
	if len(words) == 0 {
		return "", "", true
	}
	for _, o := range words[1:] {
		if strings.HasPrefix(o, "-") {
			options += o[1:]
		}
	}
	switch base := path.Base(words[0]); base {
	case "sh", "bash", "dash", "ksh", "ash", "zsh":
		return base, options, true
	}
	return "", "", true
}

// make follows the targets that a make is asked for.
func (f *follower) make(c shell.Command, at script, s *shell.State) shell.Outcome {
	dir, file := shell.Word{Text: ".", Known: true}, ""
	var targets []string
	vars := map[string]string{}
	ignore, dry := false, false
	for i := 1; i < len(c.Words); i++ {
		w := c.Words[i]
		if !w.Known {
			return f.unfollowed(c, s)
		}
		next := func() shell.Word {
			if i++; i < len(c.Words) {
				return c.Words[i]
			}
			return shell.Word{}
		}
		name, value, set := strings.Cut(w.Text, "=")
		switch {
		case w.Text == "-C" || w.Text == "--directory":
			dir = next()
		case strings.HasPrefix(w.Text, "--directory="), strings.HasPrefix(w.Text, "-C"):
			dir = shell.Word{Text: strings.TrimPrefix(strings.TrimPrefix(w.Text, "--directory="), "-C"), Known: true}
		case w.Text == "-f" || w.Text == "--file" || w.Text == "--makefile":
			file = next().Text
		case strings.HasPrefix(w.Text, "--file="):
			file = value
		case w.Text == "-n" || w.Text == "--dry-run" || w.Text == "--just-print":
			dry = true
		case w.Text == "-i" || w.Text == "--ignore-errors":
			ignore = true
		case w.Text == "-j" || w.Text == "-o" || w.Text == "-I":
			if i+1 < len(c.Words) && c.Words[i+1].Known {
				if _, err := strconv.Atoi(c.Words[i+1].Text); err == nil || w.Text != "-j" {
					i++
				}
			}
		case strings.HasPrefix(w.Text, "-"):
		case set:
			vars[name] = value
		default:
			targets = append(targets, w.Text)
		}
	}
	at.depth++
	here, ok := inTree(s, shell.Word{Text: path.Join(dir.Text, "x"), Known: dir.Known})
	if dry {
		return shell.Outcome{OK: s, Fail: s}
	}
	if !ok || at.depth > maxFollowedDepth {
		return f.unfollowed(c, s)
	}
	here = path.Dir(here)
	names := []string{file}
	if file == "" {
		names = []string{"GNUmakefile", "makefile", "Makefile"}
	}
	var m *makefile
	for _, n := range names {
		p := path.Join(here, n)
		if _, read := f.makefiles[p]; !read {
			f.makefiles[p] = readMakefile(f.tree, p)
		}
		if m = f.makefiles[p]; m != nil {
			break
		}
	}
	if m == nil {
		return f.unfollowed(c, s)
	}
	with := *m
	with.vars = maps.Clone(m.vars)
	maps.Copy(with.vars, vars)
	for name, value := range s.Vars { // of the environment, where the file leaves the say to it
		if with.vars[name] == unknownToMake {
			with.vars[name] = strings.ReplaceAll(value, "$", "$$")
		}
	}
	if len(targets) == 0 {
		targets = []string{m.first}
	}
	r := &making{f: f, m: &with, dir: shell.Within(root, here), done: map[string]bool{}, ignore: ignore || m.ignore}
	out := shell.Outcome{OK: s}
	for _, t := range targets {
		if out.OK != nil {
			x := r.target(t, at, out.OK, 0)
			out = shell.Outcome{OK: x.OK, Fail: shell.Join(out.Fail, x.Fail)}
		}
	}
	return behind(out, s)
}

// making is one run of make.
type making struct {
	f      *follower
	m      *makefile
	dir    string
	done   map[string]bool
	ignore bool
}

func (r *making) target(name string, at script, s *shell.State, depth int) shell.Outcome {
	t, stem := r.m.target(name)
	if t == nil || r.done[name] || depth > maxFollowedDepth {
		return shell.Outcome{OK: s}
	}
	r.done[name] = true
	out := shell.Outcome{OK: s}
	step := func(x shell.Outcome) {
		out = shell.Outcome{OK: x.OK, Fail: shell.Join(out.Fail, x.Fail)}
	}
	for _, n := range t.needs {
		if out.OK == nil {
			return out
		}
		step(r.target(strings.ReplaceAll(n, "%", stem), at, out.OK, depth+1))
	}
	lines := t.recipe
	if r.m.oneshell && len(lines) > 1 {
		texts := make([]string, len(lines))
		for i, l := range lines {
			texts[i] = l.text
		}
		lines = []makeLine{{strings.Join(texts, "\n"), lines[0].file, lines[0].line}}
	}
	for _, l := range lines {
		if out.OK == nil {
			return out
		}
		text := strings.TrimLeft(l.text, "@+- \t")
		ignored := r.ignore || strings.Contains(l.text[:len(l.text)-len(text)], "-")
		in := out.OK.With(r.dir, true, out.OK.Vars)
		in.Errexit, in.Pipefail = false, false
		inner := script{
			file: l.file, via: append(slices.Clip(slices.Clone(at.via)), l.file+" "+name), depth: at.depth + 1,
			line: func(n int) (int, bool) { return l.line + n - 1, true },
		}
		x := behind(r.f.run(r.m.recipe(text, name, stem), true, inner, in), out.OK)
		if ignored {
			x = shell.Outcome{OK: shell.Join(x.OK, x.Fail.Swallowed("\"-\" before it lets make go on", true))}
		}
		step(x)
	}
	return out
}

// add makes a command a fact, and returns the mark by which others speak of it.
func (f *follower) add(c shell.Command, at script, s *shell.State) string {
	fact := facts.WorkflowCommand{
		Job: f.job, Words: []string{}, Unknown: []int{}, Via: at.via, Environments: f.about.environments, Accounts: f.about.accounts,
		Succeeded: []string{}, Passed: []facts.WorkflowPass{}, Workspace: first([]string{"", c.Env["TF_WORKSPACE"], s.Vars["TF_WORKSPACE"]}),
	}
	if fact.Via == nil {
		fact.Via = []string{}
	}
	for i, w := range c.Words {
		text := unresolved.Replace(w.Text)
		if i == 0 {
			text = path.Base(text)
		}
		if !w.Known {
			fact.Unknown = append(fact.Unknown, i)
		}
		fact.Words = append(fact.Words, text)
	}
	if fact.Workspace == "" {
		fact.Workspace = s.Vars[workspaceSelected]
	}
	if s.DirOf && !slices.ContainsFunc(c.Words, func(w shell.Word) bool { return !w.Known && strings.HasPrefix(w.Text, "-chdir") }) {
		if d := shell.Within(s.Dir, chdir(fact.Words)); d == root {
			fact.Directory = "."
		} else {
			fact.Directory = strings.TrimPrefix(d, root+"/")
		}
	}
	line, exact := at.line(c.Line)
	fact.File, fact.Line = at.file, line
	for k := range s.Done {
		fact.Succeeded = append(fact.Succeeded, k)
	}
	for k, p := range s.Passed {
		fact.Passed = append(fact.Passed, facts.WorkflowPass{Command: strings.TrimPrefix(k, "?"), How: p.How, Certain: p.Certain})
	}
	slices.Sort(fact.Succeeded)
	slices.SortFunc(fact.Passed, func(a, b facts.WorkflowPass) int { return strings.Compare(a.Command, b.Command) })
	return f.keep(fact, exact)
}

// unresolved writes what is not known as people write it.
var unresolved = strings.NewReplacer(root+"/", "", root, ".", "${_expression}", "${{ … }}", "${_made_by_make}", "$(…)")

// workspaceSelected is the variable by which it is remembered which workspace was
// selected; no script can set it.
const workspaceSelected = "terraform workspace"

// selected is the state behind a command that may select a workspace.
func selected(c shell.Command, s *shell.State) *shell.State {
	i := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == "workspace" })
	if i < 0 || i+2 >= len(c.Words) || c.Words[i+1].Text != "select" && c.Words[i+1].Text != "new" {
		return s
	}
	n := s.With(s.Dir, s.DirOf, s.Vars)
	delete(n.Vars, workspaceSelected)
	if w := c.Words[len(c.Words)-1]; w.Known {
		n.Vars[workspaceSelected] = w.Text
	}
	return n
}

// chdir is the directory that an option of Terraform or Terragrunt changes to.
func chdir(words []string) string {
	for i, w := range words {
		if d, ok := strings.CutPrefix(w, "-chdir="); ok {
			return d
		}
		for _, o := range []string{"--terragrunt-working-dir", "--working-dir"} {
			if d, ok := strings.CutPrefix(w, o+"="); ok {
				return d
			}
			if w == o && i+1 < len(words) {
				return words[i+1]
			}
		}
	}
	return "."
}

// ended says of gate's commands by what a job succeeds although they fail.
func (f *follower) ended(s *shell.State) {
	if s == nil {
		return
	}
	for k, p := range s.Passed {
		if i, ok := f.byKey[k]; ok && p.Certain {
			f.out[i].Ignored = p.How
		}
	}
}

// keep takes a command in. One that is reached by several ways is what it is by all
// of them.
func (f *follower) keep(c facts.WorkflowCommand, exact bool) string {
	name := c.Job + "/" + c.Words[0]
	if i := slices.IndexFunc(c.Words[1:], func(w string) bool { return !strings.HasPrefix(w, "-") }); i >= 0 && !slices.Contains(c.Unknown, i+1) {
		name += " " + short(c.Words[i+1])
	}
	mark := name
	for n := 2; ; n++ {
		i, taken := f.byKey[mark]
		if !taken {
			break
		}
		if o := &f.out[i]; o.File == c.File && o.Line == c.Line && slices.Equal(o.Words, c.Words) {
			o.Succeeded = slices.DeleteFunc(o.Succeeded, func(k string) bool { return !slices.Contains(c.Succeeded, k) })
			for _, p := range c.Passed {
				if !slices.ContainsFunc(o.Passed, func(q facts.WorkflowPass) bool { return q.Command == p.Command }) {
					o.Passed = append(o.Passed, p)
				}
			}
			return mark
		}
		mark = fmt.Sprintf("%s #%d", name, n)
	}
	c.Key = mark
	c.Path = []any{"commands", mark}
	f.byKey[mark] = len(f.out)
	f.out = append(f.out, c)
	f.places[mark] = source.Position{File: c.File, Line: c.Line, Approximate: !exact}
	return mark
}
