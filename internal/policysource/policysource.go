// Package policysource reads configuration, waivers and trust from where a run
// believes them: a commit of the target branch, never the change itself.
package policysource

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"gate/internal/config"
	"gate/internal/git"
	"gate/internal/repository"
	"gate/internal/secrets"
	"gate/internal/source"
)

// WorkTree as a reference takes configuration and policies from the work tree;
// the decision says that they are untrusted.
const WorkTree = "worktree"

// Options say where the policy is read from. Every error of Open is one of these
// or of what stands there.
type Options struct {
	Dir         string // that is judged
	Ref         string // empty: the tip of the target branch
	Config      string // configuration from a file instead; untrusted
	NeedTrusted bool   // no reference is an error
	CIValues    bool   // as the configuration's ciValues
	Event       []byte // the content of the forge's event file, nil without one
	Judged      string // the commit that is judged, or that what is judged stands on; empty: HEAD
	Getenv      func(string) string
	ReadInput   func(file string) ([]byte, error)
}

// Source is where configuration, waivers, trust and policies come from.
type Source struct {
	// Label is what the decision says: ref@commit, or "untrusted: why".
	Label   string
	Trusted bool
	// Apart says that Tree is not what the change brings, though nobody may answer
	// for it: the tip that a push has made, a branch that only the clone has.
	Apart bool
	Tree  source.Tree // never nil
	data  []byte      // of the configuration, if it was handed in

	config.Files
	Notes []string
}

// Open reads configuration, waivers and trust from policy-ref, through
// git and without checking anything out. What the change itself brings is not
// believed: it takes effect after the merge.
func Open(ctx context.Context, o Options, repo *git.Repo, work source.Tree) (*Source, error) {
	p := &Source{}
	switch {
	case o.Ref == WorkTree:
		p.untrusted(work, "the work tree was asked for")
	case repo == nil && o.Ref != "":
		return nil, fmt.Errorf("--policy-ref %s: %s is not in a git repository", o.Ref, o.Dir)
	case repo == nil:
		p.untrusted(work, "not a git repository")
	default:
		if err := p.fromRef(ctx, o, repo, work); err != nil {
			return nil, err
		}
	}
	if o.NeedTrusted && !p.Trusted && o.Ref == "" && o.Config == "" && repo == nil {
		return nil, errors.New("a decision needs policies from a commit, but this is not a git repository; --policy-ref worktree makes an untrusted one")
	}
	if err := p.read(o, work); err != nil {
		return nil, p.hidden(err)
	}
	return p, nil
}

// hidden is an error of reading the policy, without the secrets that the
// policy's own files hold: nothing else is looked through by then.
func (p *Source) hidden(err error) error {
	scanner, fault := secrets.NewScanner()
	if fault != nil {
		return fault
	}
	text := scanner.Contents(p.Texts()).Redact(err.Error())
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// Texts are the policy's own files by their names.
func (p *Source) Texts() map[string][]byte {
	out := map[string][]byte{}
	if p.data != nil {
		out[config.File] = p.data
	}
	names := []string{config.File, config.DefaultWaivers, config.DefaultTrust}
	if c := p.Config; c != nil {
		names = append(names, c.Waivers, c.Trust)
		for _, entry := range c.Policies {
			names = append(names, entry.Conftest)
		}
	}
	for _, name := range names {
		if _, known := out[name]; known || name == "" {
			continue
		}
		if data, err := p.Tree.ReadFile(name); err == nil {
			out[name] = data
		}
	}
	return out
}

// Unread is the policy of a run that ended before it was read.
func Unread() *Source {
	p := &Source{Files: config.Files{Config: &config.Config{}, Waivers: &config.Waivers{}, Trust: &config.Trust{}}}
	p.untrusted(source.NoFiles{}, "the run ended before it was read")
	return p
}

// Text returns a file at policy-ref, where a comment that waives has to stand. What
// the change brings itself is none.
func (p *Source) Text(file string) (text []byte, ok bool) {
	if !p.Trusted && !p.Apart {
		return nil, false
	}
	data, err := p.Tree.ReadFile(file)
	return data, err == nil
}

func (p *Source) untrusted(work source.Tree, why string) {
	p.Tree, p.Label, p.Trusted, p.Apart = work, "untrusted: "+why, false, false
}

func (p *Source) fromRef(ctx context.Context, o Options, repo *git.Repo, work source.Tree) error {
	f, err := newFinder(ctx, o, repo)
	if err != nil {
		return err
	}
	var at place
	if o.Ref != "" {
		if at, err = f.named(ctx, o.Ref); err != nil {
			return fmt.Errorf("read the policy: %w", err)
		}
	} else if at = f.find(ctx); at.doubt != nil && o.NeedTrusted {
		return fmt.Errorf("read the policy: %w", at.doubt)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if at.doubt != nil {
		p.untrusted(work, at.doubt.Error())
	}
	if at.commit == "" || at.doubt != nil && !at.apart {
		p.Notes = append(p.Notes, "configuration was read from the work tree: "+at.doubt.Error())
		return nil
	}
	tree, err := repo.Tree(ctx, at.commit)
	if err != nil {
		return fmt.Errorf("read the policy at %s: %w", at.ref, err)
	}
	p.Tree, p.Apart = tree, true
	if at.doubt != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("configuration was read from %s@%s, which nobody answers for: %v", at.ref, at.commit, at.doubt))
		return nil
	}
	p.Label, p.Trusted = at.ref+"@"+at.commit, true
	return nil
}

func newFinder(ctx context.Context, o Options, repo *git.Repo) (*finder, error) {
	f := &finder{repo: repo, trigger: repository.ReadTrigger(o.event(), o.Getenv)}
	judged := o.Judged
	if judged == "" {
		judged = "HEAD"
	}
	id, err := repo.Resolve(ctx, judged)
	if missing := new(git.MissingRef); err != nil && !errors.As(err, &missing) {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	f.judged = id
	return f, nil
}

// event is the event that was handed in, else what the CI system has put where
// its variable says: without it nobody knows what stood there before a push.
func (o *Options) event() []byte {
	file := repository.EventFile(o.Getenv)
	if o.Event != nil || file == "" || o.ReadInput == nil {
		return o.Event
	}
	data, err := o.ReadInput(file)
	if err != nil {
		return nil
	}
	return data
}

// read parses the three files strictly. Any fault is one of usage: nothing is
// judged under a configuration that is not understood.
func (p *Source) read(o Options, work source.Tree) error {
	var files config.Files
	var err error
	if o.Config != "" {
		if p.data, err = o.ReadInput(o.Config); err != nil {
			return fmt.Errorf("read configuration: %w", err)
		}
		p.Label, p.Trusted, p.Apart = "untrusted: configuration from a file", false, false
		files, err = config.ReadFiles(p.Tree, filepath.ToSlash(o.Config), p.data)
	} else {
		files, err = config.ReadFiles(p.Tree, "", nil)
	}
	p.Files = files
	if err != nil {
		return err
	}
	if _, ok := work.Lookup(config.File); files.ConfigDigest == "" && ok && p.Tree != work {
		p.Notes = append(p.Notes, fmt.Sprintf("%s is new: it takes effect after the merge; --policy-ref worktree shows what it will do", config.File))
	}
	p.Config.CIValues = p.Config.CIValues || o.CIValues
	return nil
}
