package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"gate/internal/config"
	"gate/internal/git"
	"gate/internal/source"
)

// configFile is where the configuration stands, below the judged directory.
const configFile = ".gate.yaml"

// policySource is where configuration, waivers, trust and policies come from.
type policySource struct {
	// Label is what the decision says: ref@commit, or "untrusted: why".
	Label   string
	Trusted bool
	tree    source.Tree // never nil

	Config  *config.Config
	Waivers *config.Waivers
	Trust   *config.Trust
	// Digests of the three files, "" for one that does not exist.
	ConfigDigest, WaiversDigest, TrustDigest string
	Notes                                    []string
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
	return p, p.read(o, work)
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
	var data []byte
	var err error
	if o.Config != "" {
		if data, err = o.readInput(o.Config); err != nil {
			return usage(fmt.Errorf("read configuration: %w", err))
		}
		p.Label, p.Trusted = "untrusted: configuration from a file", false
	} else if data, err = optional(p.tree, configFile); err != nil {
		return usage(err)
	}
	p.Config = &config.Config{Waivers: config.DefaultWaivers, Trust: config.DefaultTrust}
	if data != nil {
		name := configFile
		if o.Config != "" {
			name = filepath.ToSlash(o.Config)
		}
		if p.Config, err = config.Parse(name, data); err != nil {
			return usage(err)
		}
		p.ConfigDigest = digest(data)
	} else if _, ok := p.tree.Lookup(misnamedConfig); ok {
		return usage(fmt.Errorf("%s is not read: name the configuration %s", misnamedConfig, configFile))
	} else if _, ok := work.Lookup(configFile); ok && p.tree != work {
		p.Notes = append(p.Notes, fmt.Sprintf("%s is new: it takes effect after the merge; --policy-ref worktree shows what it will do", configFile))
	}
	p.Config.CIValues = p.Config.CIValues || o.CIValues
	p.Waivers = &config.Waivers{}
	if data, err = optional(p.tree, p.Config.Waivers); err != nil {
		return usage(err)
	} else if data != nil {
		if p.Waivers, err = config.ParseWaivers(p.Config.Waivers, data); err != nil {
			return usage(err)
		}
		p.WaiversDigest = digest(data)
	}
	p.Trust = &config.Trust{}
	if data, err = optional(p.tree, p.Config.Trust); err != nil {
		return usage(err)
	} else if data != nil {
		if p.Trust, err = config.ParseTrust(p.Config.Trust, data); err != nil {
			return usage(err)
		}
		p.TrustDigest = digest(data)
	}
	return nil
}

// misnamedConfig would be passed over in silence, and everything be judged
// without what it asks for.
const misnamedConfig = ".gate.yml"

// optional returns nil without an error if there is no such file.
func optional(tree source.Tree, name string) ([]byte, error) {
	data, err := tree.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
