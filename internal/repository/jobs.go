package repository

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/shell"
	"gate/internal/source"
)

// Commands adds to each workflow what its jobs run, followed through the tree, and to
// the index where that stands. defs are those that the workflows were read from. One
// that runs more than is followed is failed in the ledger.
func Commands(tree source.Tree, defs []Definition, workflows []facts.Workflow, index source.Index) []facts.Entry {
	var ledger []facts.Entry
	byPath := map[string]Definition{}
	for _, d := range defs {
		byPath[d.Path] = d
	}
	makefiles := map[string]*makefile{}
	called := calledWorkflows(workflows)
	for i := range workflows {
		w := &workflows[i]
		w.Commands = []facts.WorkflowCommand{}
		f := &follower{
			tree: tree, byPath: byPath, makefiles: makefiles, budget: maxFollowedFiles,
			out: []facts.WorkflowCommand{}, places: map[string]source.Position{}, byKey: map[string]int{},
		}
		s := f.begin(nil)
		switch {
		case w.Form != "workflow":
			continue
		case w.Platform == "gitlab":
			f.gitlab(workflows)
		case w.Platform == "atlantis":
			f.atlantis(w)
		case onlyCalled(w.Document) && called[w.Path]:
			continue // its callers are followed into it
		case onlyCalled(w.Document):
			f.github(w.Path, w.Document, f.opaque("what stands before in the workflows that call this one", s).OK, nil, script{})
		default:
			f.github(w.Path, w.Document, s, nil, script{})
		}
		w.Commands = f.out
		if f.cut {
			ledger = append(ledger, facts.Entry{Kind: "file", ID: w.Path, State: facts.Failed, Reason: "its jobs run more commands than are followed", Place: source.Position{File: w.Path}})
		}
		index[w.ID] = commandLocator{index[w.ID], f.places}
	}
	return ledger
}

// commandLocator leads to the commands of a definition, which may stand in other files.
type commandLocator struct {
	source.Locator
	places map[string]source.Position
}

// Locate is the place of a command, or of a part of the document.
func (l commandLocator) Locate(p source.Path) source.Location {
	if len(p) >= 2 && p[0] == "commands" {
		if key, ok := p[1].(string); ok {
			if at, ok := l.places[key]; ok {
				return source.Location{Position: at}
			}
		}
	}
	return l.Locator.Locate(p)
}

// calledWorkflows are those that others of the tree call.
func calledWorkflows(workflows []facts.Workflow) map[string]bool {
	out := map[string]bool{}
	for _, w := range workflows {
		for _, j := range doc.Map(w.Document, "jobs") {
			if p, ok := strings.CutPrefix(doc.Text(j, "uses"), "./"); ok {
				out[p] = true
			}
		}
	}
	return out
}

// onlyCalled says whether a workflow runs only where others call it.
func onlyCalled(document map[string]any) bool {
	switch on := document["on"].(type) {
	case string:
		return on == "workflow_call"
	case []any:
		return len(on) == 1 && on[0] == "workflow_call"
	case map[string]any:
		_, ok := on["workflow_call"]
		return ok && len(on) == 1
	}
	return false
}

// begin is the state at the beginning of a job.
func (f *follower) begin(env map[string]string) *shell.State {
	vars := map[string]string{"GITHUB_WORKSPACE": root, "CI_PROJECT_DIR": root}
	maps.Copy(vars, env)
	return shell.NewState(root, vars)
}

// known is what the expressions of a workflow are replaced by, as far as that is
// written out: "inputs.environment" -> "prod".
type known map[string]string

func (c known) with(prefix string, values map[string]any) known {
	out := maps.Clone(c)
	if out == nil {
		out = known{}
	}
	for k, v := range values {
		if text := scalar(v); text != "" {
			if t := out.text(text); !strings.Contains(t, "${{") {
				out[prefix+k] = t
				continue
			}
		}
		delete(out, prefix+k)
	}
	return out
}

var plainExpression = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}`) })

// text replaces the expressions that are known.
func (c known) text(text string) string {
	if !strings.Contains(text, "${{") {
		return text
	}
	return plainExpression().ReplaceAllStringFunc(text, func(e string) string {
		name := plainExpression().FindStringSubmatch(e)[1]
		if v, ok := c[name]; ok {
			return v
		}
		if name == "github.workspace" {
			return root
		}
		return e
	})
}

// script is a text as a shell gets it: an expression that is not known is a variable
// that nothing sets.
func (c known) script(text string) string {
	text = c.text(text)
	var out strings.Builder
	for {
		start := strings.Index(text, "${{")
		if start < 0 {
			break
		}
		end := closing(text[start+3:])
		if end < 0 {
			break
		}
		out.WriteString(text[:start])
		e := text[start : start+3+end]
		if m := plainExpression().FindStringSubmatch(e); m != nil && strings.HasPrefix(m[1], "env.") && !strings.ContainsAny(m[1][4:], ".-") {
			out.WriteString("${" + m[1][4:] + "}")
		} else {
			out.WriteString("${_expression}" + strings.Repeat("\n", strings.Count(e, "\n")))
		}
		text = text[start+3+end:]
	}
	return out.String() + text
}

// results are how jobs end, by name.
type results map[string]shell.Outcome

// github follows the jobs of a workflow, each behind those that it needs.
func (f *follower) github(file string, m map[string]any, s *shell.State, ctx known, at script) shell.Outcome {
	jobs := doc.Map(m, "jobs")
	done := results{}
	prefix := f.job
	caller := f.about
	for _, name := range jobOrder(jobs) {
		j, ok := jobs[name].(map[string]any)
		if !ok {
			continue
		}
		in := needed(s, done, texts(j["needs"]), doc.Text(j, "if"), "the job runs whatever became of those that it needs (if: "+short(doc.Text(j, "if"))+")")
		if f.job = name; prefix != "" {
			f.job = prefix + "/" + name
		}
		out := f.githubJob(file, m, j, name, in, ctx, at)
		if how, certain := goesOn(j["continue-on-error"]); how {
			out = shell.Outcome{OK: shell.Join(out.OK, out.Fail.Swallowed("continue-on-error of the job", certain)), Fail: nil}
		}
		done[name] = out
		f.ended(out.OK)
	}
	f.job, f.about = prefix, caller
	ok := s
	var fail *shell.State
	for _, name := range slices.Sorted(maps.Keys(done)) {
		ok = both(ok, done[name].OK)
		fail = shell.Join(fail, done[name].Fail)
	}
	return shell.Outcome{OK: ok, Fail: fail}
}

// both is the state behind two that have both come to their ends.
func both(a, b *shell.State) *shell.State {
	if a == nil || b == nil {
		return nil
	}
	n := a
	for k := range b.Done {
		n = n.Succeeded(k)
	}
	for k, p := range b.Passed {
		if !n.Done[k] {
			n = n.Failed(k).Swallowed(p.How, p.Certain)
		}
	}
	return n
}

// needed is the state where a job begins: the jobs that it needs have succeeded, unless
// its condition says otherwise.
func needed(s *shell.State, done results, needs []string, condition, how string) *shell.State {
	whatever, certain := runsAfterFailure(condition)
	in := s
	for _, n := range needs {
		out, ok := done[n]
		if !ok {
			continue
		}
		end := out.OK
		if whatever {
			end = shell.Join(end, out.Fail.Swallowed(how, certain))
		}
		in = both(in, end)
	}
	if asksOthers(condition) {
		in = in.Conditional()
	}
	return in
}

var statusFunction = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(always|failure|cancelled)\s*\(\s*\)`) })

// runsAfterFailure says whether a condition lets something run although what stands
// before has failed, and whether nothing else is asked.
func runsAfterFailure(condition string) (whatever, certain bool) {
	if !statusFunction().MatchString(condition) {
		return false, false
	}
	bare := strings.Join(strings.Fields(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(condition), "${{"), "}}")), "")
	return true, bare == "always()" || bare == "!cancelled()"
}

// asksOthers says whether a condition asks what steps or jobs before have said.
func asksOthers(condition string) bool {
	return strings.Contains(condition, "steps.") || strings.Contains(condition, "needs.") || strings.Contains(condition, "env.") || strings.Contains(condition, "steps[") || strings.Contains(condition, "needs[")
}

// goesOn reads continue-on-error.
func goesOn(v any) (yes, certain bool) {
	switch v := v.(type) {
	case bool:
		return v, v
	case string:
		return v != "" && v != "false", v == "true"
	}
	return false, false
}

// jobOrder are the names of jobs, each behind those that it needs.
func jobOrder(jobs map[string]any) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(name string, depth int)
	visit = func(name string, depth int) {
		if seen[name] || jobs[name] == nil || depth > 100 {
			return
		}
		seen[name] = true
		for _, n := range texts(doc.At(jobs[name], "needs")) {
			visit(n, depth+1)
		}
		out = append(out, name)
	}
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		visit(name, 0)
	}
	return out
}

// texts are the texts of a text or a list.
func texts(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	return doc.Texts(v)
}

func (f *follower) githubJob(file string, m, j map[string]any, name string, s *shell.State, ctx known, at script) shell.Outcome {
	if s == nil {
		return shell.Outcome{}
	}
	ctx = ctx.with("matrix.", single(doc.Map(j, "strategy", "matrix")))
	ctx = ctx.with("env.", doc.Map(m, "env")).with("env.", doc.Map(j, "env"))
	outer := f.about
	f.about = jobFacts{environments: slices.Concat(outer.environments, environmentNames(j, ctx)), accounts: slices.Concat(outer.accounts, accountsOf(j, ctx))}
	defer func() { f.about = outer }()
	if uses := doc.Text(j, "uses"); uses != "" {
		return f.callWorkflow(uses, j, s, ctx, at)
	}
	env := map[string]string{}
	for k, v := range ctx {
		if n, ok := strings.CutPrefix(k, "env."); ok {
			env[n] = v
		}
	}
	begin := f.begin(env)
	s = s.With(begin.Dir, true, begin.Vars)
	p := sub([]any{"jobs", name}, "steps")
	shellName := first([]string{"", doc.Text(j, "defaults", "run", "shell"), doc.Text(m, "defaults", "run", "shell")})
	if shellName == "" && strings.Contains(strings.ToLower(strings.Join(texts(j["runs-on"]), " ")), "windows") {
		shellName = "pwsh"
	}
	wd := first([]string{"", doc.Text(j, "defaults", "run", "working-directory"), doc.Text(m, "defaults", "run", "working-directory")})
	return f.steps(steps{file: file, list: doc.List(j, "steps"), at: p, shell: shellName, dir: wd, ctx: ctx, script: at}, s)
}

// single are the values of a matrix that has one for a name.
func single(matrix map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range matrix {
		if list, ok := v.([]any); ok && len(list) == 1 && k != "include" && k != "exclude" && matrix["include"] == nil {
			out[k] = list[0]
		}
	}
	return out
}

// environmentNames are those of the forge that a job runs in: one, or by a matrix
// several.
func environmentNames(j map[string]any, ctx known) []string {
	name := doc.Text(j, "environment")
	if name == "" {
		name = doc.Text(j, "environment", "name")
	}
	if name = ctx.text(name); name == "" {
		return nil
	}
	if !strings.Contains(name, "${{") {
		return []string{name}
	}
	m := plainExpression().FindStringSubmatch(name)
	if m == nil || m[0] != name {
		return nil
	}
	key, ok := strings.CutPrefix(m[1], "matrix.")
	if !ok {
		return nil
	}
	matrix := doc.Map(j, "strategy", "matrix")
	head, rest, nested := strings.Cut(key, ".")
	var out []string
	add := func(v any) {
		if nested {
			v = doc.At(v, rest)
		}
		if t, ok := v.(string); ok && !strings.Contains(t, "${{") {
			out = append(out, t)
		}
	}
	for _, v := range doc.List(matrix, head) {
		add(v)
	}
	for _, v := range doc.List(matrix, "include") {
		add(doc.At(v, head))
	}
	return out
}

var roleAccount = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^arn:aws[\w-]*:iam::(\d{12}):role/`) })

// accountsOf are those of the roles that the steps of a job take.
func accountsOf(j map[string]any, ctx known) []string {
	var out []string
	for _, st := range doc.List(j, "steps") {
		if m := roleAccount().FindStringSubmatch(ctx.text(doc.Text(st, "with", "role-to-assume"))); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}

// callWorkflow follows a job into the workflow that it calls.
func (f *follower) callWorkflow(uses string, j map[string]any, s *shell.State, ctx known, at script) shell.Outcome {
	p, local := strings.CutPrefix(uses, "./")
	d, there := f.byPath[p]
	if !local || !there || len(d.Docs) == 0 || len(at.via) > maxFollowedDepth || slices.Contains(at.via, p) {
		if checking().MatchString(uses) {
			return f.opaque(uses, s)
		}
		return shell.Outcome{OK: s, Fail: s}
	}
	m, _ := d.Docs[len(d.Docs)-1].Value.(map[string]any)
	inputs := known{}.with("inputs.", defaults(doc.Map(m, "on", "workflow_call", "inputs")))
	given := ctx.with("inputs.", doc.Map(j, "with"))
	for k := range doc.Map(j, "with") {
		if v, ok := given["inputs."+k]; ok && !strings.Contains(v, "${{") {
			inputs["inputs."+k] = v
		} else {
			delete(inputs, "inputs."+k)
		}
	}
	return f.github(p, m, s, inputs, script{via: append(slices.Clip(slices.Clone(at.via)), p)})
}

func defaults(inputs map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range inputs {
		out[k] = doc.At(v, "default")
	}
	return out
}

// steps is a list of steps, of a job or of a composite action.
type steps struct {
	file   string
	list   []any
	at     []any
	shell  string
	dir    string
	ctx    known
	script script
}

// steps runs one step after the other. What a step under a condition has settled holds
// in those under the same condition.
func (f *follower) steps(x steps, s *shell.State) shell.Outcome {
	var failed *shell.State // a step before has failed
	type settled struct {
		condition []string
		keys      []string
	}
	var under []settled
	for i, step := range x.list {
		condition := doc.Text(step, "if")
		if b, ok := doc.At(step, "if").(bool); ok && !b {
			continue
		}
		whatever, certain := runsAfterFailure(condition)
		in := s
		if whatever {
			in = shell.Join(s, failed.Swallowed("the step runs although one before it has failed (if: "+short(condition)+")", certain))
		}
		if in == nil {
			continue
		}
		parts := conjuncts(condition)
		for _, u := range under {
			if !whatever && subset(u.condition, parts) {
				for _, k := range u.keys {
					in = in.Succeeded(k)
				}
			}
		}
		if asksOthers(condition) {
			in = in.Conditional()
		}
		out := f.step(x, i, step, in)
		if yes, sure := goesOn(doc.At(step, "continue-on-error")); yes {
			out = shell.Outcome{OK: shell.Join(out.OK, out.Fail.Swallowed("continue-on-error: true", sure))}
		}
		if whatever && failed != nil && s != nil { // what follows runs only where nothing has failed
			after := f.step(x, i, step, s)
			failed = shell.Join(failed, shell.Join(after.Fail, out.Fail))
			s = after.OK
			continue
		}
		failed = shell.Join(failed, out.Fail)
		if condition == "" || whatever {
			s = out.OK
			continue
		}
		if out.OK != nil {
			var keys []string
			for k := range out.OK.Done {
				if !in.Done[k] {
					keys = append(keys, k)
				}
			}
			under = append(under, settled{parts, keys})
		}
		s = shell.Join(s, out.OK)
	}
	return shell.Outcome{OK: s, Fail: failed}
}

// conjuncts are the parts of a condition that must all hold.
func conjuncts(condition string) []string {
	condition = strings.TrimSpace(condition)
	condition = strings.TrimSuffix(strings.TrimPrefix(condition, "${{"), "}}")
	if strings.Contains(condition, "||") || strings.Contains(condition, "(") {
		return []string{strings.Join(strings.Fields(condition), " ")}
	}
	var out []string
	for _, p := range strings.Split(condition, "&&") {
		out = append(out, strings.Join(strings.Fields(p), " "))
	}
	return out
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

// step runs one step from a state on.
func (f *follower) step(x steps, i int, step any, s *shell.State) shell.Outcome {
	ctx := x.ctx.with("env.", doc.Map(step, "env"))
	if uses := doc.Text(step, "uses"); uses != "" {
		return f.action(x, uses, step, ctx, s)
	}
	text := doc.Text(step, "run")
	if text == "" {
		return shell.Outcome{OK: s, Fail: s}
	}
	name := first([]string{"", doc.Text(step, "shell"), x.shell})
	in := s.With(root, true, s.Vars)
	for k := range doc.Map(step, "env") {
		if v, ok := ctx["env."+k]; ok {
			in.Vars[k] = v
		} else {
			delete(in.Vars, k)
		}
	}
	if dir := ctx.text(first([]string{"", doc.Text(step, "working-directory"), x.dir})); dir != "" {
		in.Dir, in.DirOf = shell.Within(root, dir), !strings.Contains(dir, "${{")
	}
	posix := false
	switch program, options, _ := strings.Cut(name, " "); {
	case name == "":
		in.Errexit, in.Pipefail = true, false
	case name == "bash":
		in.Errexit, in.Pipefail = true, true
	case name == "sh":
		in.Errexit, in.Pipefail, posix = true, false, true
	case program == "bash" || program == "sh" || strings.HasSuffix(program, "/bash") || strings.HasSuffix(program, "/sh"):
		in.Errexit = errexitOption().MatchString(" " + options)
		in.Pipefail = strings.Contains(options, "pipefail")
	default:
		if checking().MatchString(text) {
			return f.opaque("a script of "+program, s)
		}
		return shell.Outcome{OK: s, Fail: s}
	}
	at := script{file: x.file, via: x.script.via, depth: x.script.depth, line: f.lines(x.file, sub(x.at, i, "run"))}
	return behind(f.run(ctx.script(text), posix, at, in), s)
}

var errexitOption = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s-[a-z]*e`) })

// lines says where the lines of a text in a document stand. Those of a literal block
// are known one by one.
func (f *follower) lines(file string, at []any) func(int) (int, bool) {
	d := f.byPath[file]
	start, exact, block := 0, false, false
	if len(d.Docs) > 0 {
		pos, ok := d.Docs[len(d.Docs)-1].Locate(source.Path(at))
		start, exact = pos.Line, ok
		if data, err := f.tree.ReadFile(file); err == nil && ok {
			all := strings.Split(string(data), "\n")
			if start >= 1 && start <= len(all) {
				block = literalBlock().MatchString(all[start-1])
				exact = exact && !foldedBlock().MatchString(all[start-1])
			}
		}
	}
	return func(n int) (int, bool) {
		if block {
			return start + n, exact
		}
		return start, exact && n == 1
	}
}

var (
	literalBlock = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(:|-)\s+(&\S+\s+)?\|[-+]?\d?\s*(#.*)?$`) })
	foldedBlock  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(:|-)\s+(&\S+\s+)?>[-+]?\d?\s*(#.*)?$`) })
)

// action follows a step into an action of the tree. That of the project is a command of
// gate, wherever it comes from.
func (f *follower) action(x steps, uses string, step any, ctx known, s *shell.State) shell.Outcome {
	if p, local := strings.CutPrefix(uses, "./"); local {
		p = strings.Trim(p, "/")
		for _, name := range []string{"action.yml", "action.yaml"} {
			file := name
			if p != "" {
				file = p + "/" + name
			}
			d, ok := f.byPath[file]
			if !ok || len(d.Docs) == 0 || slices.Contains(x.script.via, file) || x.script.depth > maxFollowedDepth {
				continue
			}
			m, _ := d.Docs[len(d.Docs)-1].Value.(map[string]any)
			inputs := known{}.with("inputs.", defaults(doc.Map(m, "inputs")))
			given := ctx.with("inputs.", doc.Map(step, "with"))
			for k := range doc.Map(step, "with") {
				delete(inputs, "inputs."+k)
				if v, ok := given["inputs."+k]; ok {
					inputs["inputs."+k] = v
				}
			}
			at := script{via: append(slices.Clip(slices.Clone(x.script.via)), file), depth: x.script.depth + 1}
			return f.steps(steps{file: file, list: doc.List(m, "runs", "steps"), at: []any{"runs", "steps"}, ctx: inputs, script: at}, s)
		}
	}
	if where, _, _ := strings.Cut(uses, "@"); strings.HasSuffix(where, "/.github/actions/gate") {
		switch mode := ctx.text(doc.Text(step, "with", "mode")); mode {
		case "apply", "verify":
			mark := "?" + uses + " in mode " + mode
			return shell.Outcome{OK: s.Succeeded(mark), Fail: s.Failed(mark)}
		}
	}
	if checking().MatchString(uses) || checking().MatchString(doc.Text(step, "with", "script")) {
		return f.opaque(uses, s)
	}
	return shell.Outcome{OK: s, Fail: s}
}
