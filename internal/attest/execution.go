package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"gate/internal/envelope"
)

// ExecutionType is the predicate type of the record of an execution.
const ExecutionType = "urn:gate:execution:v1"

// Results of an execution. A record that has only started says that it is not known how
// it ended.
const (
	Started   = "started"
	Success   = "success"
	Failed    = "failed"    // the program ended in another status than 0
	Cancelled = "cancelled" // a signal ended it
)

// Execution is what was run on the strength of a decision, described by
// schemas/execution.schema.json. Its one subject is the decision's payload.
type Execution struct {
	Result    string `json:"result"`
	ExitCode  int    `json:"exitCode"` // of the program; -1 if it has none
	StartedAt string `json:"startedAt"`
	EndedAt   string `json:"endedAt"` // empty: it has only started
	// Command is the program and its arguments; where the decision's subjects stood in
	// it, their names.
	Command []string `json:"command"`
	// Approvals are the people that approved, by requirement, as verify counted them.
	Approvals []string `json:"approvals"`
	// Runner says where it ran: what the CI says of itself by its variables, which
	// nobody has checked.
	Runner map[string]string `json:"runner"`
	// Start is the sha256 of the payload of the record that was written before the
	// program began; empty in that one.
	Start string `json:"start"`
}

type executionStatement struct {
	Type          string             `json:"_type"`
	Subject       []statementSubject `json:"subject"`
	PredicateType string             `json:"predicateType"`
	Predicate     Execution          `json:"predicate"`
}

// BuildExecution returns the payload of a record, in its canonical form, and its digest.
func BuildExecution(d *Decision, x Execution) (payload []byte, digest string, err error) {
	st := executionStatement{
		Type: envelope.StatementV1, PredicateType: ExecutionType, Predicate: x,
		Subject: []statementSubject{{Name: "decision", Digest: subjectDigest{SHA256: d.Digest}}},
	}
	if err := x.check(); err != nil {
		return nil, "", fmt.Errorf("build record: %w", err)
	}
	if payload, err = envelope.Canonical(st); err != nil {
		return nil, "", fmt.Errorf("build record: %w", err)
	}
	sum := sha256.Sum256(payload)
	return payload, hex.EncodeToString(sum[:]), nil
}

func (x *Execution) check() error {
	switch {
	case !slices.Contains([]string{Started, Success, Failed, Cancelled}, x.Result):
		return fmt.Errorf("result is %q", x.Result)
	case x.Command == nil || x.Approvals == nil || x.Runner == nil:
		return errors.New("command, approvals or runner are missing")
	case (x.Result == Started) != (x.EndedAt == ""):
		return errors.New("it has an end exactly if it has ended")
	}
	for _, at := range []string{x.StartedAt, x.EndedAt} {
		if _, err := time.Parse(time.RFC3339, at); at != "" && err != nil {
			return fmt.Errorf("%q is not an RFC 3339 time", at)
		}
	}
	return nil
}
