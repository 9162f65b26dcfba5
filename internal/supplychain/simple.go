package supplychain

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"gate/internal/envelope"
)

// SimpleSigning stands as predicate type of signatures in the older form of
// cosign, which are no attestations: a signed JSON document that names the
// digest (containers/image, docs/containers-signature.5.md). It is the value
// of critical.type in that document.
const SimpleSigning = "cosign container image signature"

// simpleSigning is one signature in the older form.
type simpleSigning struct {
	payload   []byte
	signature []byte
	digest    string // "sha256:<hex>"
}

// readSimple reads {"payload": base64, "signature": base64}, the layer and the
// annotation dev.cosignproject.cosign/signature of a ".sig" manifest.
func readSimple(data []byte) (*simpleSigning, error) {
	var w struct {
		Payload   string `json:"payload"`
		Signature string `json:"signature"`
	}
	if err := envelope.DecodeStrict(data, &w); err != nil {
		return nil, fmt.Errorf("neither a bundle, an envelope nor a simple-signing file: %w", err)
	}
	var s simpleSigning
	var err error
	if s.payload, err = base64.StdEncoding.Strict().DecodeString(w.Payload); err != nil || len(s.payload) == 0 {
		return nil, errors.New("simple signing: payload is not base64")
	}
	if s.signature, err = base64.StdEncoding.Strict().DecodeString(w.Signature); err != nil || len(s.signature) == 0 {
		return nil, errors.New("simple signing: signature is not base64")
	}
	var doc struct {
		Critical struct {
			Identity struct {
				Reference string `json:"docker-reference"`
			} `json:"identity"`
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
		Optional map[string]any `json:"optional"`
	}
	if err := envelope.DecodeStrict(s.payload, &doc); err != nil {
		return nil, fmt.Errorf("simple signing: payload: %w", err)
	}
	if doc.Critical.Type != SimpleSigning {
		return nil, fmt.Errorf("simple signing: type %q, expected %q", doc.Critical.Type, SimpleSigning)
	}
	s.digest = doc.Critical.Image.Digest
	if hex, ok := strings.CutPrefix(s.digest, "sha256:"); !ok || !validHex(hex) {
		return nil, fmt.Errorf("simple signing: %q is not a sha256 digest", s.digest)
	}
	return &s, nil
}
