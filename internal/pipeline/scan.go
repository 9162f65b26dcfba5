package pipeline

import (
	"context"

	"gate/internal/secrets"
)

// scanned is what stands in the files that must not be said.
type scanned struct {
	scanner *secrets.Scanner
	files   *secrets.Found
	redact  func(string) string // takes the values found in files out of a text
	policy  func(string) string // takes those of the policy's own files out
	skip    func(path string) bool
}

// scan looks through all files for secrets, before anything can quote them, but
// for those that the configuration or skip leaves out.
func scan(ctx context.Context, s *opened, skip func(path string) bool) (*scanned, Record, error) {
	s.step("look for secrets")
	scanner, err := s.scanner()
	if err != nil {
		return nil, newRecord(), err
	}
	left := func(path string) bool { return s.excluded(path) || skip != nil && skip(path) }
	files, err := scanner.Files(ctx, s.tree, left)
	if err != nil {
		return nil, newRecord(), err
	}
	return s.scanned(scanner, files, left), newRecord(), nil
}

// scanBase is scan for the base of a change, of which the head is scanned.
func scanBase(ctx context.Context, s *opened, head *scanned, c *changed) (*scanned, error) {
	changed := map[string]bool{}
	for _, f := range c.Change.Files {
		changed[f.Path], changed[f.Previous] = true, true
	}
	files, err := head.scanner.FilesBeside(ctx, s.tree, head.skip, head.files, func(path string) bool { return !changed[path] })
	if err != nil {
		return nil, err
	}
	return s.scanned(head.scanner, files, head.skip), nil
}

func (s *opened) scanned(scanner *secrets.Scanner, files *secrets.Found, skip func(string) bool) *scanned {
	return &scanned{
		scanner: scanner, files: files, redact: files.Redactor().Redact, policy: scanner.Contents(s.policy.Texts()).Redact, skip: skip,
	}
}
