package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/source"
)

// MissingRef is the error for a reference that this clone does not have,
// mostly because it is shallow. Fetch is the command that settles it.
type MissingRef struct {
	Ref   string
	Fetch string
}

// Error names the reference and the command.
func (e *MissingRef) Error() string {
	return fmt.Sprintf("%q is not in this clone; run: %s", e.Ref, e.Fetch)
}

var objectID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`) })

// Resolve returns the id of the commit that ref names: a commit id, a branch,
// a tag, HEAD~1 and the like. A branch name that only the remote knows means
// the remote's. The error of an unknown one is a *MissingRef.
func (r *Repo) Resolve(ctx context.Context, ref string) (string, error) {
	if err := checkRef(ref); err != nil {
		return "", err
	}
	id, err := r.revParse(ctx, ref)
	if err != nil || id != "" {
		return id, err
	}
	remote := r.remoteName(ctx)
	if !strings.HasPrefix(ref, "refs/") {
		if id, err = r.revParse(ctx, "refs/remotes/"+remote+"/"+ref); err != nil || id != "" {
			return id, err
		}
	}
	return "", &MissingRef{Ref: ref, Fetch: fetchCommand(remote, ref)}
}

// checkRef refuses what git could take for something else than a revision.
func checkRef(ref string) error {
	if ref == "" || strings.HasPrefix(ref, "-") || strings.HasPrefix(ref, ":") || strings.ContainsFunc(ref, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return fmt.Errorf("resolve %q: not a git revision", ref)
	}
	return nil
}

// revParse returns the commit id of ref, or "" if there is none.
func (r *Repo) revParse(ctx context.Context, ref string) (string, error) {
	if id, ok := r.asked.commit(ref); ok {
		return id, nil
	}
	out, err := r.ask(ctx, "", "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	var status *exitError
	if errors.As(err, &status) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", ref, err)
	}
	// Older versions of git repeat the option in front of the answer.
	id := strings.TrimSpace(strings.TrimPrefix(string(out), "--end-of-options\n"))
	if !objectID().MatchString(id) {
		return "", fmt.Errorf("resolve %q: git answered %q", ref, id)
	}
	r.asked.named(ref, id)
	return id, nil
}

// firstCommit returns the first of some full names of references that names a
// commit, or "". git is asked about all at once, in the order and the format of
// git-cat-file(1), BATCH OUTPUT.
func (r *Repo) firstCommit(ctx context.Context, refs ...string) (string, error) {
	var in strings.Builder
	for _, ref := range refs {
		in.WriteString(ref + "^{commit}\n")
	}
	out, err := r.ask(ctx, in.String(), "cat-file", "--batch-check=%(objectname) %(objecttype)")
	if err != nil {
		return "", fmt.Errorf("resolve references: %w", err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		if id, kind, _ := strings.Cut(line, " "); i < len(refs) && kind == "commit" && objectID().MatchString(id) {
			r.asked.named(refs[i], id)
			return refs[i], nil
		}
	}
	return "", nil
}

func fetchCommand(remote, ref string) string {
	to := source.ShellOperand(remote)
	branch := strings.TrimPrefix(strings.TrimPrefix(ref, "refs/remotes/"), remote+"/")
	branch = strings.TrimPrefix(branch, "refs/heads/")
	switch {
	case objectID().MatchString(ref):
		return "git fetch --no-tags --depth=1 " + to + " " + ref
	case strings.HasPrefix(ref, "refs/tags/"):
		return "git fetch --no-tags --depth=1 " + to + " " + source.ShellWord("+"+ref+":"+ref)
	case !plainRef().MatchString(branch):
		return "git fetch --unshallow " + to
	}
	return fmt.Sprintf("git fetch --no-tags --depth=1 %s %s", to, source.ShellWord("+refs/heads/"+branch+":refs/remotes/"+remote+"/"+branch))
}

// plainRef is a name that can stand in a shell command as it is.
var plainRef = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`) })

// MergeBase returns the best common ancestor of two commits. The error is a
// *MissingRef if a shallow clone does not reach it.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	if err := errors.Join(checkRef(a), checkRef(b)); err != nil {
		return "", err
	}
	out, err := r.run(ctx, nil, "merge-base", "--end-of-options", a, b)
	var status *exitError
	if errors.As(err, &status) {
		if r.Shallow(ctx) {
			return "", &MissingRef{Ref: "merge base of " + a + " and " + b, Fetch: "git fetch --no-tags --deepen=1000 " + source.ShellOperand(r.remoteName(ctx))}
		}
		return "", fmt.Errorf("find the merge base of %s and %s: no common ancestor", a, b)
	}
	if err != nil {
		return "", fmt.Errorf("find the merge base of %s and %s: %w", a, b, err)
	}
	id := strings.TrimSpace(string(out))
	if !objectID().MatchString(id) {
		return "", fmt.Errorf("find the merge base of %s and %s: git answered %q", a, b, id)
	}
	return id, nil
}

// Shallow says whether history is cut off.
func (r *Repo) Shallow(ctx context.Context) bool {
	out, err := r.ask(ctx, "", "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

// Branch returns the name of the branch that is checked out, or "" for a
// detached HEAD.
func (r *Repo) Branch(ctx context.Context) string {
	out, err := r.ask(ctx, "", "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// targetVariables are the variables by which CI systems tell the target
// branch of a pull or merge request: GitHub (Gitea, Forgejo), GitLab, Jenkins,
// Azure Pipelines, Bitbucket, Buildkite.
var targetVariables = []string{
	"GITHUB_BASE_REF",
	"CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
	"CHANGE_TARGET",
	"SYSTEM_PULLREQUEST_TARGETBRANCH",
	"BITBUCKET_PR_DESTINATION_BRANCH",
	"BUILDKITE_PULL_REQUEST_BASE_BRANCH",
}

// TargetVariables are the names of all variables that TargetBranch asks for.
func TargetVariables() []string { return slices.Clone(targetVariables) }

// TargetBranch returns the reference whose tip the policy is read from: the
// target branch that CI names, else the remote's default branch, else main or
// master of the remote, else the local one, else HEAD. A branch that CI names
// and the clone lacks is a *MissingRef, never another branch instead.
func (r *Repo) TargetBranch(ctx context.Context, getenv func(string) string) (string, error) {
	remote := r.remoteName(ctx)
	for _, name := range targetVariables {
		branch := strings.TrimPrefix(getenv(name), "refs/heads/")
		if branch == "" || branch == "false" { // Buildkite says false outside of pull requests
			continue
		}
		if err := checkRef(branch); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		for _, ref := range []string{"refs/remotes/" + remote + "/" + branch, "refs/heads/" + branch} {
			if id, err := r.revParse(ctx, ref); err != nil {
				return "", err
			} else if id != "" {
				return ref, nil
			}
		}
		return "", &MissingRef{Ref: remote + "/" + branch, Fetch: fetchCommand(remote, branch)}
	}
	prefix := "refs/remotes/" + remote + "/"
	if ref, err := r.firstCommit(ctx, prefix+"HEAD", prefix+"main", prefix+"master", "refs/heads/main", "refs/heads/master"); ref != "" || err != nil {
		return ref, err
	}
	if id, err := r.revParse(ctx, "HEAD"); err != nil {
		return "", err
	} else if id == "" {
		return "", errors.New("the repository has no commit yet")
	}
	return "HEAD", nil
}

// Remote returns the repository's identity as host/owner/name, from the
// address of origin (else of the first remote) without scheme, user, password,
// ssh port and ".git". It is "" without a remote or with a local one, so that
// no path of the machine gets into a report.
func (r *Repo) Remote(ctx context.Context) string {
	if !r.remotes {
		return ""
	}
	out, err := r.ask(ctx, "", "config", "--get", "remote."+r.remoteName(ctx)+".url")
	if err != nil {
		return ""
	}
	return normalizeRemote(strings.TrimSpace(string(out)))
}

func (r *Repo) remoteName(ctx context.Context) string {
	out, err := r.ask(ctx, "", "remote")
	if err != nil {
		return "origin"
	}
	names := strings.Fields(string(out))
	for _, n := range names {
		if n == "origin" {
			return n
		}
	}
	for _, n := range names { // git lists them sorted
		if plainRef().MatchString(n) {
			return n
		}
	}
	return "origin"
}

var scpRemote = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:[^@/\s]+@)?([A-Za-z0-9.-]+):([^/\s].*|/.*)$`) })

func normalizeRemote(url string) string { return parseRemote(url, isDir) }

func parseRemote(url string, isDir func(string) bool) string {
	var host, path string
	if scheme, rest, ok := strings.Cut(url, "://"); ok {
		host, path, _ = strings.Cut(rest, "/")
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i+1:]
		}
		switch strings.ToLower(scheme) {
		case "https":
			host = strings.TrimSuffix(host, ":443")
		case "http":
			host = strings.TrimSuffix(host, ":80")
		case "ssh", "git", "git+ssh", "ssh+git":
			if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
				host = host[:i]
			}
		default:
			return ""
		}
	} else if m := scpRemote().FindStringSubmatch(url); m != nil && !isDir(url) {
		host, path = m[1], m[2]
	} else {
		return ""
	}
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if host == "" || path == "" {
		return ""
	}
	return strings.ToLower(host) + "/" + path
}

func isDir(p string) bool {
	info, err := os.Stat(filepath.FromSlash(p))
	return err == nil && info.IsDir()
}
