package policysource

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gate/internal/git"
	"gate/internal/repository"
	"gate/internal/source"
)

// place is where the policy is read from.
type place struct {
	ref, commit string // commit is empty for the work tree
	// doubt says why nobody answers for what stands there, nil if it can be
	// trusted: a *git.MissingRef where one command settles it.
	doubt error
	// apart says that what stands there is not what the change brings, though it
	// is not trusted.
	apart bool
}

// finder looks for the policy of a run that names no reference: the tip of the
// branch that the change goes to, what stood there before a push, or what a merge
// queue tries its requests on. What the change itself could have written is none
// of that: a branch that is only local, the remote of a fork, a variable that
// names the branch which is judged. Where the target branch itself is judged,
// after the merge, its tip as the remote has it is trusted, unless a push has
// just made it.
type finder struct {
	repo    *git.Repo
	trigger repository.Trigger
	judged  string // commit, empty before the first one

	remote string // whose branches count
	known  bool   // there is a remote
	tips   map[string]git.Tip
}

func (f *finder) find(ctx context.Context) place {
	t := &f.trigger
	if t.Conflict != "" {
		return place{doubt: errors.New(t.Conflict)}
	}
	if f.judged == "" {
		return place{doubt: errors.New("the repository has no commit yet")}
	}
	if err := f.chooseRemote(ctx); err != nil {
		return place{doubt: err}
	}
	name, sure, err := f.branch(ctx)
	if errors.Is(err, errAlone) {
		return place{ref: "HEAD", commit: f.judged, doubt: err, apart: true}
	}
	if err != nil {
		return place{doubt: err}
	}
	if t.Kind == repository.TriggerQueue && t.Base != "" {
		return f.commit(ctx, f.ref(name), t.Base)
	}
	at := f.tip(name)
	switch {
	case at.doubt != nil:
	case t.Kind == repository.TriggerPush && t.Branch == name:
		before := f.before(ctx, at.ref)
		if before.doubt == nil {
			return before
		}
		at.doubt = before.doubt
	case t.Kind == repository.TriggerRequest && !sure && (f.holds(ctx, at.commit) || t.Source == t.Target && !t.Fork):
		at.apart = false
		at.doubt = fmt.Errorf("%s names %q as the target branch, which is what is judged; hand in the event of the request (--event FILE)", t.TargetBy, name)
	}
	return at
}

// chooseRemote finds the remote that the repository of the target branch is. In
// a clone of a fork the branches of origin are those of whoever made the fork.
func (f *finder) chooseRemote(ctx context.Context) error {
	remotes := f.repo.Remotes(ctx)
	if f.remote, f.known = "origin", len(remotes) > 0; f.known {
		f.remote = remotes[0].Name
	}
	want := git.Identity(f.trigger.Repository)
	if want == "" || !f.known {
		return nil
	}
	for _, r := range remotes {
		if r.Identity == "" || sameRepository(r.Identity, want) {
			f.remote = r.Name
			return nil
		}
	}
	name := f.trigger.Target
	if name == "" {
		name = f.trigger.Default
	}
	return &git.MissingRef{Ref: "the target branch of " + want, Fetch: fetchFrom(f.trigger.Repository, name)}
}

// sameRepository says whether a remote is a repository of the forge. A mirror or
// a proxy has another host and the same path; on the host of the forge another
// path is another repository.
func sameRepository(remote, want string) bool {
	host, path, _ := strings.Cut(want, "/")
	theirs, at, _ := strings.Cut(remote, "/")
	return remote == want || host != theirs && (at == path || strings.HasSuffix(at, "/"+path))
}

// fetchFrom is the command that fetches a branch of a repository which is no
// remote yet.
func fetchFrom(address, branch string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.ContainsAny(address, " '\"$`\\;&|<>()*?!#\n") {
		return "git remote add upstream URL && git fetch --no-tags upstream"
	}
	if branch == "" || !git.PlainName(branch) {
		return fmt.Sprintf("git remote add upstream %s && git fetch --no-tags upstream && git remote set-head upstream --auto", source.ShellOperand(address))
	}
	return fmt.Sprintf("git remote add upstream %s && %s", source.ShellOperand(address), git.FetchCommand("upstream", branch))
}

func (f *finder) ref(branch string) string { return "refs/remotes/" + f.remote + "/" + branch }

// branch is the name of the branch that policies come from, and whether more than
// one variable says so.
func (f *finder) branch(ctx context.Context) (name string, sure bool, err error) {
	t := &f.trigger
	const main, master = "main", "master"
	refs := []string{f.ref("HEAD"), f.ref(main), f.ref(master), "refs/heads/" + main, "refs/heads/" + master}
	for _, name := range []string{t.Target, t.Default} {
		if name == "" {
			continue
		}
		if !validBranch(name) {
			return "", false, fmt.Errorf("%q is not the name of a branch", name)
		}
		refs = append(refs, f.ref(name), "refs/heads/"+name)
	}
	if f.tips, err = f.repo.Tips(ctx, refs...); err != nil {
		return "", false, err
	}
	remote := strings.TrimPrefix(f.tips[f.ref("HEAD")].Points, f.ref(""))
	if remote != "" && remote != t.Target && remote != t.Default {
		if err := f.more(ctx, f.ref(remote)); err != nil {
			return "", false, err
		}
	}
	standard := t.Default
	switch {
	case standard == "":
		standard = remote
	case remote != "" && remote != standard:
		return "", false, fmt.Errorf("the default branch is %q by %s and %q by %s; run: %s", standard, t.DefaultBy, remote, f.ref("HEAD"), f.setHead())
	}
	if t.Target != "" {
		return t.Target, t.Target == standard || t.TargetBy == "the event", nil
	}
	if standard != "" {
		return standard, true, nil
	}
	// Nobody says which is the default branch.
	_, hasMain := f.tips[f.ref(main)]
	_, hasMaster := f.tips[f.ref(master)]
	_, ownMain := f.tips["refs/heads/"+main]
	_, ownMaster := f.tips["refs/heads/"+master]
	switch {
	case hasMain && !hasMaster:
		return main, true, nil
	case hasMaster && !hasMain:
		return master, true, nil
	case hasMain:
		return "", false, fmt.Errorf("main or master may be the default branch; run: %s", f.setHead())
	case ownMain: // as whoever has pushed nothing yet
		return main, true, nil
	case ownMaster:
		return master, true, nil
	case !f.known:
		return "", false, errAlone
	}
	return "", false, fmt.Errorf("nobody says which branch the change goes to, and the clone has none to go by; run: %s", f.setHead())
}

// errAlone is the error of a repository that has nothing beside what is judged.
var errAlone = errors.New("the repository has no remote and no branch main or master; name the target branch: --policy-ref BRANCH")

func (f *finder) more(ctx context.Context, ref string) error {
	more, err := f.repo.Tips(ctx, ref)
	for name, tip := range more {
		f.tips[name] = tip
	}
	return err
}

func validBranch(name string) bool {
	return !strings.HasPrefix(name, "-") && !strings.Contains(name, "..") && !strings.ContainsAny(name, " ~^:?*[\\") &&
		!strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// setHead is the command after which the clone knows the default branch of its
// remote.
func (f *finder) setHead() string {
	remote := source.ShellOperand(f.remote)
	return fmt.Sprintf("git fetch --no-tags %s %s && git remote set-head %s --auto", remote, source.ShellQuoted("+refs/heads/*:refs/remotes/"+f.remote+"/*"), remote)
}

// tip is the place of a branch as the remote has it. One of the same name that
// only the clone has is whatever was checked out; in a repository without a
// remote there is no other.
func (f *finder) tip(name string) place {
	if tip, ok := f.tips[f.ref(name)]; ok {
		return place{ref: tip.Ref, commit: tip.Commit, apart: true}
	}
	at := place{doubt: &git.MissingRef{Ref: f.remote + "/" + name, Fetch: git.FetchCommand(f.remote, name)}}
	if own, ok := f.tips["refs/heads/"+name]; ok {
		at.ref, at.commit, at.apart = own.Ref, own.Commit, own.Commit != f.judged
		if !f.known {
			at.doubt, at.apart = nil, true
		}
	}
	return at
}

// before is what stood on a branch before the push that is judged.
func (f *finder) before(ctx context.Context, ref string) place {
	t := &f.trigger
	switch {
	case t.Created:
		return place{doubt: fmt.Errorf("the push has made the branch %q: no policy stood there before (--policy-ref names another)", t.Branch)}
	case t.Before == "" && t.EventFile != "":
		return place{doubt: fmt.Errorf("a push has made %s what it is, and nobody says what stood there before; hand in its event: --event \"$GITHUB_EVENT_PATH\"", ref)}
	case t.Before == "":
		return place{doubt: fmt.Errorf("a push has made %s what it is, and nobody says what stood there before; name that commit: --policy-ref COMMIT", ref)}
	}
	return f.commit(ctx, ref, t.Before)
}

// commit is the place of a commit that stood on a branch, or that a queue builds
// on.
func (f *finder) commit(ctx context.Context, ref, id string) place {
	if id == f.judged {
		return place{doubt: fmt.Errorf("%s is said to be what the change was made on, and is what is judged", id)}
	}
	got, err := f.repo.Resolve(ctx, id)
	return place{ref: ref, commit: got, doubt: err, apart: true}
}

// holds says whether a commit has what is judged in its history, as far as the
// clone can tell.
func (f *finder) holds(ctx context.Context, commit string) bool {
	if f.judged == "" || commit == f.judged {
		return commit == f.judged
	}
	id, err := f.repo.MergeBase(ctx, commit, f.judged)
	return err == nil && id == f.judged
}

// named is the place of a reference that the caller names. A branch is that of
// the remote, whatever tag or branch of that name is checked out: anybody may
// call his own "main". What is judged judges itself only where it is the tip of
// the target branch, or in a clone that knows of no other.
func (f *finder) named(ctx context.Context, ref string) (place, error) {
	foreign := f.chooseRemote(ctx)
	full := []string{"refs/remotes/" + ref, f.ref(ref), "refs/heads/" + ref}
	switch {
	case ref == "HEAD":
		full = nil // never that of a remote
	case strings.HasPrefix(ref, "refs/"):
		full = []string{ref}
	}
	var tips map[string]git.Tip
	if len(full) > 0 {
		var err error
		if tips, err = f.repo.Tips(ctx, full...); err != nil {
			return place{}, err
		}
	}
	at, branch := place{ref: ref, apart: true}, ""
	for _, name := range full {
		if tip, ok := tips[name]; ok && branch == "" && !ofRequest(name) && !strings.HasPrefix(name, "refs/tags/") {
			at.commit, branch = tip.Commit, name
		}
	}
	if branch == "" {
		var err error
		if at.commit, err = f.repo.Resolve(ctx, ref); err != nil {
			return place{}, err
		}
	}
	switch {
	case foreign != nil && strings.HasPrefix(branch, "refs/remotes/"):
		at.doubt = foreign
	case ofRequest(ref) || at.commit == f.judged && f.itself(ctx, branch, at.commit):
		at.doubt = fmt.Errorf("%s is what is judged itself", ref)
	}
	return at, nil
}

// itself says whether a commit that is judged is nothing that the caller could
// have meant to trust. branch is empty if another name of it was given.
func (f *finder) itself(ctx context.Context, branch, commit string) bool {
	target := f.find(ctx)
	if target.doubt != nil {
		return branch == ""
	}
	return target.commit != commit && target.ref != branch
}

// ofRequest says whether a reference is one that forges make of requests.
func ofRequest(ref string) bool {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "refs/"), "remotes/")
	ref = strings.TrimPrefix(ref, "origin/")
	return strings.HasPrefix(ref, "pull/") || strings.HasPrefix(ref, "merge-requests/") || strings.HasPrefix(ref, "pipelines/")
}
