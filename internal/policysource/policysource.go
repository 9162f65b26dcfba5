// Package policysource reads configuration, waivers and trust from where a run
// believes them: a commit of the target branch, never the change itself.
package policysource

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gate/internal/config"
	"gate/internal/git"
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
	Getenv      func(string) string
	ReadInput   func(file string) ([]byte, error)
}

// Source is where configuration, waivers, trust and policies come from.
type Source struct {
	// Label is what the decision says: ref@commit, or "untrusted: why".
	Label   string
	Trusted bool
	Tree    source.Tree // never nil
	data    []byte      // of the configuration, if it was handed in

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

// Holds says whether a comment, an inline waiver, stands in the file at
// policy-ref. What the change brings itself holds nothing.
func (p *Source) Holds(file, comment string) bool {
	if !p.Trusted {
		return false
	}
	data, err := p.Tree.ReadFile(file)
	return err == nil && strings.Contains(string(data), comment)
}

func (p *Source) untrusted(work source.Tree, why string) {
	p.Tree, p.Label, p.Trusted = work, "untrusted: "+why, false
}

func (p *Source) fromRef(ctx context.Context, o Options, repo *git.Repo, work source.Tree) error {
	ref := o.Ref
	var err error
	if ref == "" {
		ref, err = repo.TargetBranch(ctx, o.Getenv)
	}
	var commit string
	if err == nil {
		commit, err = repo.Resolve(ctx, ref)
	}
	if err != nil {
		if o.NeedTrusted || o.Ref != "" {
			return fmt.Errorf("read the policy: %w", err)
		}
		p.untrusted(work, err.Error())
		p.Notes = append(p.Notes, "configuration was read from the work tree: "+err.Error())
		return nil
	}
	tree, err := repo.Tree(ctx, commit)
	if err != nil {
		return fmt.Errorf("read the policy at %s: %w", ref, err)
	}
	p.Tree, p.Label, p.Trusted = tree, ref+"@"+commit, true
	return nil
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
		p.Label, p.Trusted = "untrusted: configuration from a file", false
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
