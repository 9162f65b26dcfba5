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
}

// scan looks through all files for secrets, before anything can quote them.
func scan(ctx context.Context, s *opened) (*scanned, Record, error) {
	s.step("look for secrets")
	scanner, err := secrets.NewScanner()
	if err != nil {
		return nil, newRecord(), err
	}
	files, err := scanner.Files(ctx, s.tree, s.excluded)
	if err != nil {
		return nil, newRecord(), err
	}
	return &scanned{
		scanner: scanner, files: files, redact: files.Redactor().Redact, policy: scanner.Contents(s.policy.Texts()).Redact,
	}, newRecord(), nil
}
