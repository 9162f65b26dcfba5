package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gate/internal/attest"
	"gate/internal/envelope"
	"gate/internal/kmsplugin"
	"gate/internal/pipeline"
	"gate/internal/sshagent"
)

// loadSigner reads the key that signs, asks the ssh-agent for the one with a fingerprint,
// or has the plugin of a KMS sign; nil without one. What a plugin says to people, such as
// that a token is to be touched, goes to where this program's messages go.
func loadSigner(s *streams, file string) (envelope.Signer, error) {
	if file == "" {
		return nil, nil
	}
	if fingerprint, ok := strings.CutPrefix(file, "ssh-agent:"); ok {
		signer, _, err := sshagent.Signer(s.Getenv("SSH_AUTH_SOCK"), fingerprint) // it is open until the process ends
		if err != nil {
			return nil, fmt.Errorf("--sign-key: %w", err)
		}
		return signer, nil
	}
	if kmsplugin.IsReference(file) {
		signer, err := kmsplugin.Signer(file, s.Err)
		if err != nil {
			return nil, fmt.Errorf("--sign-key: %w", err)
		}
		return signer, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--sign-key: %w", err)
	}
	signer, err := envelope.LoadSigner(data, func() ([]byte, error) {
		if p := s.Getenv("COSIGN_PASSWORD"); p != "" {
			return []byte(p), nil
		}
		return nil, errors.New("the key is encrypted: set COSIGN_PASSWORD")
	})
	if err != nil {
		return nil, fmt.Errorf("--sign-key %s: %w", file, err)
	}
	return signer, nil
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
