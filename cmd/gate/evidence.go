package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gate/internal/approve"
	"gate/internal/policysource"
	"gate/internal/source"

	"github.com/spf13/pflag"
)

// evidenceFlags are the flags by which approvals are handed in.
type evidenceFlags struct {
	reviews     string
	deployments string
	approvals   []string
}

func (f *evidenceFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.reviews, "reviews", "", "reviews of the pull request, as the forge's API gives them")
	fl.StringVar(&f.deployments, "deployments", "", "approvals of deployments by the run that made the decision, as the forge's API gives them")
	fl.StringArrayVar(&f.approvals, "approval", nil, "signed approval of a decision, or a directory of them, repeatable")
}

func (f *evidenceFlags) any() bool {
	return f.reviews != "" || f.deployments != "" || len(f.approvals) > 0
}

// maxApprovals is how many files a directory of approvals may hold.
const maxApprovals = 1000

// approvalFiles are the files that --approval names, and all that stand in the directories
// that it names: whole says that there was one. A directory that cannot be listed, or holds
// too much, stands for itself, and reading it says so.
func approvalFiles(list []string) (files []string, whole bool) {
	for _, path := range list {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			files = append(files, path)
			continue
		}
		whole = true
		entries, err := os.ReadDir(path) // sorted by name
		if err != nil || len(entries) > maxApprovals {
			files = append(files, path)
			continue
		}
		for _, e := range entries {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, whole
}

// read reads what was handed in under the trust of the target branch. unread says what
// could not be read, err what is none of what its flag says.
func (f *evidenceFlags) read(policy *policysource.Source, repository, environment string, now time.Time) (e approve.Evidence, unread, err error) {
	e = approve.Evidence{Now: now, Revoked: policy.Trust.Revoked}
	read := func(flag, file string, parse func([]byte) error) {
		if file == "" || unread != nil || err != nil {
			return
		}
		var data []byte
		if data, unread = source.ReadInput(file, nil); unread == nil {
			if err = parse(data); err != nil {
				err = fmt.Errorf("%s %s: %w", flag, file, err)
			}
		}
	}
	read("--reviews", f.reviews, func(data []byte) (err error) {
		e.Reviews, err = approve.ReadReviews(data)
		return err
	})
	read("--deployments", f.deployments, func(data []byte) (err error) {
		e.Deployments, err = approve.ReadDeployments(data)
		return err
	})
	var files []string
	files, e.Whole = approvalFiles(f.approvals)
	for _, file := range files {
		read("--approval", file, func(data []byte) error {
			a, err := approve.Parse(data)
			if err == nil {
				e.Approvals = append(e.Approvals, a)
			}
			return err
		})
	}
	var faults []error
	e.Collectors, faults = approve.Collectors(policy.Trust, repository, environment, policy.Tree.ReadFile)
	if len(faults) > 0 && unread == nil {
		unread = faults[0]
	}
	return e, unread, err
}
