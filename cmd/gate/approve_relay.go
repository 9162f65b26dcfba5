package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/envelope"
	"gate/internal/source"

	"github.com/spf13/pflag"
)

// relayFlags name what a forge said that is passed on.
type relayFlags struct {
	reviews     string
	deployments string
}

func (f *relayFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.reviews, "from-reviews", "", "pass on reviews, as the forge's API gives them")
	fl.StringVar(&f.deployments, "from-deployments", "", "pass on approvals of deployments, as the forge's API gives them")
}

func (f *relayFlags) any() bool { return f.reviews != "" || f.deployments != "" }

// relay signs what a forge says of a decision, each account's word in a file of its own.
func (f *relayFlags) relay(s *streams, d *attest.Decision, each approve.Given, signer envelope.Signer, dir string) error {
	if !strings.HasSuffix(dir, "/") && !strings.HasSuffix(dir, string(filepath.Separator)) {
		return exit(exitUsage, fmt.Errorf("--out %s: want a directory, as in --out %s/: there is one file for each account", dir, dir))
	}
	reviews, deployments, err := f.read()
	if err != nil {
		return exit(exitIncomplete, err)
	}
	given, left := approve.Relay(d, reviews, deployments)
	// What an earlier answer of the forge said must not stand beside what it says now.
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, os.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return exit(exitIncomplete, err)
		}
	case err != nil:
		return exit(exitIncomplete, err)
	case len(entries) > 0:
		return exit(exitUsage, fmt.Errorf("--out %s: the directory is not empty; want one for this answer alone", dir))
	}
	for _, g := range given {
		g.At, g.ValidFor, g.Key = each.At, each.ValidFor, each.Key
		data, a, err := signApproval(d, g, signer)
		if err != nil {
			return exit(exitIncomplete, fmt.Errorf("pass on what %s said: %w", g.Identity, err))
		}
		file := filepath.Join(dir, g.FileName(d))
		if err := writeOutput(nil, file, append(data, '\n'), 0o644); err != nil {
			return exit(exitIncomplete, fmt.Errorf("write the approval: %w", err))
		}
		fmt.Fprintf(s.Err, "%s: %s by %s (%s) sha256:%s\n", oneLine(file), g.Verdict, oneLine(g.Identity), g.Source, a.Digest)
	}
	for _, why := range left {
		fmt.Fprintf(s.Err, "not passed on: %s\n", oneLine(why))
	}
	fmt.Fprintf(s.Err, "%d passed on of decision sha256:%s\n", len(given), d.Digest)
	return nil
}

func (f *relayFlags) read() (reviews *approve.Snapshot, deployments *approve.Deployments, err error) {
	if f.reviews != "" {
		data, err := source.ReadInput(f.reviews, nil)
		if err != nil {
			return nil, nil, err
		}
		if reviews, err = approve.ReadReviews(data); err != nil {
			return nil, nil, fmt.Errorf("--from-reviews %s: %w", f.reviews, err)
		}
	}
	if f.deployments != "" {
		data, err := source.ReadInput(f.deployments, nil)
		if err != nil {
			return nil, nil, err
		}
		if deployments, err = approve.ReadDeployments(data); err != nil {
			return nil, nil, fmt.Errorf("--from-deployments %s: %w", f.deployments, err)
		}
	}
	return reviews, deployments, nil
}
