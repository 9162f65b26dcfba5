package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gate/internal/attest"
	"gate/internal/envelope"
	"gate/internal/pipeline"
	"gate/internal/sshagent"
)

// loadSigner reads the key that signs, or asks the ssh-agent for the one with a
// fingerprint; nil without one.
func loadSigner(file string, getenv func(string) string) (envelope.Signer, error) {
	if file == "" {
		return nil, nil
	}
	if fingerprint, ok := strings.CutPrefix(file, "ssh-agent:"); ok {
		s, _, err := sshagent.Signer(getenv("SSH_AUTH_SOCK"), fingerprint) // it is open until the process ends
		if err != nil {
			return nil, fmt.Errorf("--sign-key: %w", err)
		}
		return s, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--sign-key: %w", err)
	}
	s, err := envelope.LoadSigner(data, func() ([]byte, error) {
		if p := getenv("COSIGN_PASSWORD"); p != "" {
			return []byte(p), nil
		}
		return nil, errors.New("the key is encrypted: set COSIGN_PASSWORD")
	})
	if err != nil {
		return nil, fmt.Errorf("--sign-key %s: %w", file, err)
	}
	return s, nil
}

// writeDecisions signs and writes one decision for each target. Without a
// signer the bare statements are written.
func writeDecisions(path string, got *judged, signer envelope.Signer) error {
	if got.decisionFault != nil {
		return got.decisionFault
	}
	var files []attest.Output
	for _, d := range got.decisions {
		o := attest.Output{Environment: d.Environment, Target: d.Target, Data: d.Payload}
		if signer != nil {
			var err error
			if o.Data, err = attest.Sign(d.Payload, signer); err != nil {
				return err
			}
			o.Signed = true
		}
		files = append(files, o)
	}
	_, err := attest.Write(path, files)
	if errors.Is(err, attest.ErrManyDecisions) {
		return &pipeline.UsageError{Err: err}
	}
	return err
}
