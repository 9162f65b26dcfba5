package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gate/internal/config"
	"gate/internal/git"
	"gate/internal/secrets"
	"gate/internal/source"
)

// configFile is where the configuration stands, below the judged directory.
const configFile = config.File

// policySource is where configuration, waivers, trust and policies come from.
type policySource struct {
	// Label is what the decision says: ref@commit, or "untrusted: why".
	Label   string
	Trusted bool
	tree    source.Tree // never nil
	data    []byte      // of the configuration, if it was handed in

	config.Files
	Notes []string
}

// openPolicy reads configuration, waivers and trust from policy-ref, through
// git and without checking anything out. What the change itself brings is not
// believed: it takes effect after the merge.
func openPolicy(ctx context.Context, o *Options, repo *git.Repo, work source.Tree) (*policySource, error) {
	p := &policySource{}
	switch {
	case o.PolicyRef == WorkTree:
		p.untrusted(work, "the work tree was asked for")
	case repo == nil && o.PolicyRef != "":
		return nil, usage(fmt.Errorf("--policy-ref %s: %s is not in a git repository", o.PolicyRef, o.Dir))
	case repo == nil:
		p.untrusted(work, "not a git repository")
	default:
		if err := p.fromRef(ctx, o, repo, work); err != nil {
			return nil, err
		}
	}
	if o.NeedTrusted && !p.Trusted && o.PolicyRef == "" && o.Config == "" && repo == nil {
		return nil, usage(errors.New("a decision needs policies from a commit, but this is not a git repository; --policy-ref worktree makes an untrusted one"))
	}
	if err := p.read(o, work); err != nil {
		return nil, p.hidden(err)
	}
	return p, nil
}

// hidden is an error of reading the policy, without the secrets that the
// policy's own files hold: nothing else is looked through by then.
func (p *policySource) hidden(err error) error {
	scanner, fault := secrets.NewScanner()
	if fault != nil {
		return fault
	}
	return redactError(err, scanner.Contents(p.texts()).Redact)
}

// texts are the policy's own files by their names.
func (p *policySource) texts() map[string][]byte {
	out := map[string][]byte{}
	if p.data != nil {
		out[configFile] = p.data
	}
	names := []string{configFile, config.DefaultWaivers, config.DefaultTrust}
	if c := p.Config; c != nil {
		names = append(names, c.Waivers, c.Trust)
	}
	for _, name := range names {
		if _, known := out[name]; known || name == "" {
			continue
		}
		if data, err := p.tree.ReadFile(name); err == nil {
			out[name] = data
		}
	}
	return out
}

// unread is the policy of a run that ended before it was read.
func unread() *policySource {
	p := &policySource{Files: config.Files{Config: &config.Config{}, Waivers: &config.Waivers{}, Trust: &config.Trust{}}}
	p.untrusted(source.NoFiles{}, "the run ended before it was read")
	return p
}

// holds says whether a comment, an inline waiver, stands in the file at
// policy-ref. What the change brings itself holds nothing.
func (p *policySource) holds(file, comment string) bool {
	if !p.Trusted {
		return false
	}
	data, err := p.tree.ReadFile(file)
	return err == nil && strings.Contains(string(data), comment)
}

func (p *policySource) untrusted(work source.Tree, why string) {
	p.tree, p.Label, p.Trusted = work, "untrusted: "+why, false
}

func (p *policySource) fromRef(ctx context.Context, o *Options, repo *git.Repo, work source.Tree) error {
	ref := o.PolicyRef
	var err error
	if ref == "" {
		ref, err = repo.TargetBranch(ctx, o.Getenv)
	}
	var commit string
	if err == nil {
		commit, err = repo.Resolve(ctx, ref)
	}
	if err != nil {
		if o.NeedTrusted || o.PolicyRef != "" {
			return usage(fmt.Errorf("read the policy: %w", err))
		}
		p.untrusted(work, err.Error())
		p.Notes = append(p.Notes, "configuration was read from the work tree: "+err.Error())
		return nil
	}
	tree, err := repo.Tree(ctx, commit)
	if err != nil {
		return usage(fmt.Errorf("read the policy at %s: %w", ref, err))
	}
	p.tree, p.Label, p.Trusted = tree, ref+"@"+commit, true
	return nil
}

// read parses the three files strictly. Any fault is one of usage: nothing is
// judged under a configuration that is not understood.
func (p *policySource) read(o *Options, work source.Tree) error {
	var files config.Files
	var err error
	if o.Config != "" {
		if p.data, err = o.readInput(o.Config); err != nil {
			return usage(fmt.Errorf("read configuration: %w", err))
		}
		p.Label, p.Trusted = "untrusted: configuration from a file", false
		files, err = config.ReadFiles(p.tree, filepath.ToSlash(o.Config), p.data)
	} else {
		files, err = config.ReadFiles(p.tree, "", nil)
	}
	p.Files = files
	if err != nil {
		return usage(err)
	}
	if _, ok := work.Lookup(configFile); files.ConfigDigest == "" && ok && p.tree != work {
		p.Notes = append(p.Notes, fmt.Sprintf("%s is new: it takes effect after the merge; --policy-ref worktree shows what it will do", configFile))
	}
	p.Config.CIValues = p.Config.CIValues || o.CIValues
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
