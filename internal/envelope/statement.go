package envelope

import (
	"encoding/json"
	"errors"
	"fmt"
)

// The statement types that are read. cosign attest still writes v0.1.
const (
	StatementV1  = "https://in-toto.io/Statement/v1"
	StatementV01 = "https://in-toto.io/Statement/v0.1"
)

// Statement is an in-toto statement (attestation framework, "Statement"),
// with its predicate as it stands.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate,omitempty"`
}

// Subject is a resource descriptor. Digest is algorithm -> lower-case hex.
type Subject struct {
	Name             string            `json:"name,omitempty"`
	URI              string            `json:"uri,omitempty"`
	Digest           map[string]string `json:"digest,omitempty"`
	Content          string            `json:"content,omitempty"`
	DownloadLocation string            `json:"downloadLocation,omitempty"`
	MediaType        string            `json:"mediaType,omitempty"`
	Annotations      map[string]any    `json:"annotations,omitempty"`
}

// ReadStatement reads the payload of an envelope strictly: known fields only,
// no duplicate key at any depth, at least one subject, each with a digest.
func ReadStatement(payload []byte) (*Statement, error) {
	var s Statement
	if err := DecodeStrict(payload, &s); err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	switch {
	case s.Type != StatementV1 && s.Type != StatementV01:
		return nil, fmt.Errorf("read statement: type %q, expected %q", s.Type, StatementV1)
	case s.PredicateType == "":
		return nil, errors.New("read statement: predicateType is missing")
	case len(s.Subject) == 0:
		return nil, errors.New("read statement: there is no subject")
	}
	for i, sub := range s.Subject {
		if len(sub.Digest) == 0 {
			return nil, fmt.Errorf("read statement: subject %d has no digest", i)
		}
	}
	return &s, nil
}
