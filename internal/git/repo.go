// Package git reads a repository by the git program, and changes nothing in
// it.
//
// The repository is hostile until proven otherwise: no hook, filter, textconv,
// external diff, file system monitor, pager or credential helper is run, no
// configuration but the repository's own is read, nothing is fetched, no lock
// is taken, and no argument of a caller can be taken for an option.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// States that stand where a commit is asked for.
const (
	Index   = ":index"   // what is staged
	Nothing = ":nothing" // no file at all: what is there before the first commit
)

// Limits of one run of git.
const (
	timeLimit   = 2 * time.Minute
	outputLimit = 512 << 20 // bytes of standard output
)

// ErrNotRepository is wrapped by the error of Open for a directory that no git
// work tree contains.
var ErrNotRepository = errors.New("not a git work tree")

// Repo is a directory inside a git work tree. All paths that go in and come
// out are relative to that directory, and what stands outside of it is not
// seen. Its methods are safe for concurrent use.
type Repo struct {
	dir    string // absolute, links resolved
	top    string // top of the work tree
	gitDir string
	exe    string
	index  string // GIT_INDEX_FILE, or empty
	// settings override the repository's own; they go through the environment
	// (GIT_CONFIG_KEY_n), because `-c` cannot carry a name with "=" in it.
	settings [][2]string
	// partial says that objects may be missing because they were never
	// fetched; asking for their size would try to fetch them.
	partial bool
	// remotes says that a remote is configured.
	remotes bool

	mu    sync.Mutex
	batch *batch

	asked answers
}

// Open returns the repository that dir stands in. dir may be a directory
// below the top of the work tree. Close must be called in the end.
func Open(ctx context.Context, dir string) (*Repo, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	top, gitDir, err := findGitDir(abs)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	exe, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("open repository %s: find the git program: %w", dir, err)
	}
	r := &Repo{dir: abs, top: top, gitDir: gitDir, exe: exe}
	if err := r.silence(ctx); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	return r, nil
}

// Close ends the process that reads blobs, if there is one.
func (r *Repo) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.batch != nil {
		r.batch.stop()
		r.batch = nil
	}
	return nil
}

// Dir returns the absolute path that the repository was opened at.
func (r *Repo) Dir() string { return r.dir }

// findGitDir looks for .git as git does, so that the directory can be named
// explicitly: git then neither takes a directory that merely looks like a
// bare repository for one, nor refuses one that another user owns, which is
// the rule in containers.
func findGitDir(dir string) (top, gitDir string, err error) {
	for d := dir; ; {
		p := filepath.Join(d, ".git")
		info, err := os.Stat(p)
		switch {
		case err == nil && info.IsDir():
			if _, err := os.Stat(filepath.Join(p, "HEAD")); err == nil {
				return d, p, nil
			}
		case err == nil && info.Mode().IsRegular():
			target, err := readGitFile(p)
			if err != nil {
				return "", "", err
			}
			return d, target, nil
		}
		up := filepath.Dir(d)
		if up == d {
			return "", "", ErrNotRepository
		}
		d = up
	}
}

// readGitFile reads the "gitdir: PATH" of a linked work tree or submodule.
func readGitFile(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(string(data), "gitdir: ")
	if !ok {
		return "", fmt.Errorf("%s is no gitdir file: %w", p, ErrNotRepository)
	}
	target = strings.TrimRight(target, "\r\n")
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(p), target)
	}
	if _, err := os.Stat(filepath.Join(target, "HEAD")); err != nil {
		return "", fmt.Errorf("%s names a missing git directory: %w", p, ErrNotRepository)
	}
	return target, nil
}

// fixed overrides what a repository's own configuration could make git run,
// read or contact.
var fixed = [][2]string{
	{"safe.directory", "*"},
	{"core.fsmonitor", "false"},
	{"core.hooksPath", "/dev/null"},
	{"core.attributesFile", "/dev/null"},
	{"core.excludesFile", "/dev/null"},
	{"core.pager", "cat"},
	{"core.sshCommand", "false"},
	{"core.askPass", ""},
	{"core.alternateRefsCommand", ""},
	{"core.quotePath", "false"},
	{"credential.helper", ""},
	{"protocol.allow", "never"},
	{"diff.external", ""},
	{"diff.orderFile", "/dev/null"},
	{"diff.renameLimit", "2000"},
	{"log.showSignature", "false"},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
	{"submodule.recurse", "false"},
	{"fetch.recurseSubmodules", "false"},
}

// silence reads the names of the repository's settings and overrides those of
// drivers, whose names are free: filter.*, diff.*, merge.*.
func (r *Repo) silence(ctx context.Context) error {
	r.settings = append(r.settings, fixed...)
	out, err := r.run(ctx, nil, "config", "--list", "--name-only", "-z")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range split(out) {
		section, key := name, ""
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			section, key = name[:i], name[i+1:]
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		r.remotes = r.remotes || strings.HasPrefix(section, "remote.")
		switch {
		case strings.HasPrefix(section, "filter."):
			switch key {
			case "clean", "smudge", "process":
				r.settings = append(r.settings, [2]string{name, ""})
			case "required":
				r.settings = append(r.settings, [2]string{name, "false"})
			}
		case strings.HasPrefix(section, "diff."):
			switch key {
			case "textconv", "command":
				r.settings = append(r.settings, [2]string{name, ""})
			}
		case strings.HasPrefix(section, "remote.") && (key == "promisor" || key == "partialclonefilter"),
			name == "extensions.partialclone":
			r.partial = true
		}
	}
	return nil
}

// environment is all that git sees of ours: where programs are, and that it
// shall be quiet.
func (r *Repo) environment() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=/dev/null",
		"XDG_CONFIG_HOME=/dev/null",
		"LC_ALL=C",
		"TZ=UTC",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=",
		"GIT_PAGER=cat",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=",
		"GIT_PROTOCOL_FROM_USER=0",
		"GIT_LITERAL_PATHSPECS=1",
	}
	if r.index != "" {
		env = append(env, "GIT_INDEX_FILE="+r.index)
	}
	env = append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(r.settings)))
	for i, kv := range r.settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, kv[1]))
	}
	return env
}

func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	full := append([]string{"--git-dir=" + r.gitDir, "--work-tree=" + r.top, "--no-pager"}, args...)
	cmd := exec.CommandContext(ctx, r.exe, full...)
	cmd.Dir = r.dir
	cmd.Env = r.environment()
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// run runs git and returns its standard output. An exit status other than 0
// is an *exitError.
func (r *Repo) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	out, _, err := r.runBoth(ctx, stdin, args...)
	return out, err
}

// answers are what git said to questions about references and settings. They
// are asked once: a run sees the repository as it is when it first looks, and a
// process for each question is what a small run takes most of its time for.
type answers struct {
	mu      sync.Mutex
	said    map[string]answer
	commits map[string]string // ids by what named them, a reference or the id itself
}

// commit returns the id of a commit that git has named before.
func (a *answers) commit(name string) (id string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, ok = a.commits[name]
	return id, ok
}

// named keeps what git has said that a name means.
func (a *answers) named(name, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.commits == nil {
		a.commits = map[string]string{}
	}
	a.commits[name], a.commits[id] = id, id
}

type answer struct {
	out []byte
	err *exitError // git's own no
}

// ask is run for a question that has one answer; stdin may be empty.
func (r *Repo) ask(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	key := strings.Join(args, "\x00") + "\x00" + stdin
	r.asked.mu.Lock()
	known, ok := r.asked.said[key]
	r.asked.mu.Unlock()
	if !ok {
		out, err := r.run(ctx, strings.NewReader(stdin), args...)
		var no *exitError
		if err != nil && !errors.As(err, &no) {
			return nil, err
		}
		known = answer{out, no}
		r.asked.mu.Lock()
		if r.asked.said == nil {
			r.asked.said = map[string]answer{}
		}
		r.asked.said[key] = known
		r.asked.mu.Unlock()
	}
	if known.err != nil {
		return nil, known.err
	}
	return known.out, nil
}

// runBoth is run with the beginning of what git wrote to standard error.
func (r *Repo) runBoth(ctx context.Context, stdin io.Reader, args ...string) (out, warnings []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	cmd := r.command(ctx, args...)
	cmd.Stdin = stdin
	stdout, stderr := &limited{limit: outputLimit}, &limited{limit: 16 << 10, drop: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var status *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, nil, fmt.Errorf("git %s: %w", args[0], ctx.Err())
	case stdout.full:
		return nil, nil, fmt.Errorf("git %s: output is above %d MiB", args[0], outputLimit>>20)
	case errors.As(err, &status):
		return nil, nil, &exitError{sub: args[0], code: status.ExitCode(), stderr: firstLine(stderr.buf.String())}
	case err != nil:
		return nil, nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return stdout.buf.Bytes(), stderr.buf.Bytes(), nil
}

// exitError is a run of git that ended with a status other than 0.
type exitError struct {
	sub    string
	code   int
	stderr string
}

func (e *exitError) Error() string {
	if e.stderr == "" {
		return fmt.Sprintf("git %s: exit status %d", e.sub, e.code)
	}
	return fmt.Sprintf("git %s: %s", e.sub, e.stderr)
}

// limited is a buffer that refuses (or drops) what is above its limit.
type limited struct {
	buf   bytes.Buffer
	limit int
	drop  bool
	full  bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := l.limit - l.buf.Len(); len(p) > room {
		l.buf.Write(p[:max(room, 0)])
		l.full = true
		if !l.drop {
			return 0, errors.New("output limit reached")
		}
		return len(p), nil
	}
	return l.buf.Write(p)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(s)
}

// split returns the fields that -z output ends with NUL.
func split(out []byte) []string {
	s := strings.TrimSuffix(string(out), "\x00")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x00")
}
