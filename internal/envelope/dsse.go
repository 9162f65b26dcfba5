// Package envelope is how trust is written down: DSSE envelopes, Sigstore
// bundles, in-toto statements and the keys that sign them. It reads strictly
// and knows nothing about what is signed.
//
// Sources: DSSE 1.0.2 (github.com/secure-systems-lab/dsse), Sigstore bundle
// v0.3 (github.com/sigstore/protobuf-specs), in-toto attestation framework v1.
package envelope

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// MaxBytes is the size above which an envelope is not read; a large SBOM in
// base64 is some 20 MiB.
const MaxBytes = 64 << 20

// PayloadType is the DSSE payload type of an in-toto statement.
const PayloadType = "application/vnd.in-toto+json"

// maxSignatures bounds the work that one envelope can ask for.
const maxSignatures = 16

var (
	// ErrNotVerified is wrapped by Verify if no given key made a signature.
	ErrNotVerified = errors.New("no signature by a given key")
	// ErrNotEnvelope is wrapped if JSON is neither a bundle nor an envelope.
	ErrNotEnvelope = errors.New("neither a Sigstore bundle nor a DSSE envelope")
	// ErrMessageSignature is wrapped if a bundle signs a bare digest.
	ErrMessageSignature = errors.New("bundle signs a bare digest (messageSignature), not a statement")
)

// Signature is one signature of an envelope. KeyID is a hint of the producer
// and carries no trust.
type Signature struct {
	KeyID string
	Sig   []byte
}

// Bundle is a Sigstore bundle with a DSSE envelope, or a plain DSSE envelope.
type Bundle struct {
	MediaType   string // of the bundle, empty for a plain envelope
	PayloadType string
	Payload     []byte
	Signatures  []Signature // exactly one in a bundle
	KeyHint     string      // of the bundle's public key; no trust
	Certificate []byte      // DER of a keyless bundle's leaf, else nil
	Timestamps  int         // RFC 3161 timestamps and log entries, not verified here
}

// Keyless says whether the bundle is to be verified by a certificate.
func (b *Bundle) Keyless() bool { return b.Certificate != nil }

// Verified says which key made the signature.
type Verified struct {
	Key   PublicKey
	KeyID string // SHA256:<base64>
}

// Verify checks the signatures against keys and returns the first key, in the
// order given, that made one. Hints and key ids in the envelope are not used.
// The error wraps ErrNotVerified.
func (b *Bundle) Verify(keys []PublicKey) (*Verified, error) {
	pae := dsse.PAE(b.PayloadType, b.Payload)
	for _, k := range keys {
		for _, s := range b.Signatures {
			if k.verify(pae, s.Sig) {
				return &Verified{Key: k, KeyID: k.ID}, nil
			}
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("verify envelope: %w: no key was given", ErrNotVerified)
	}
	return nil, fmt.Errorf("verify envelope: %w", ErrNotVerified)
}

// wireEnvelope is DSSE's JSON form.
type wireEnvelope struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []wireSignature `json:"signatures"`
}

type wireSignature struct {
	Sig   string `json:"sig"`
	KeyID string `json:"keyid"`
	Cert  string `json:"cert,omitempty"` // written by some keyless producers; no trust
}

func (w wireEnvelope) into(b *Bundle) error {
	if w.PayloadType == "" {
		return errors.New("payloadType is missing")
	}
	payload, err := decodeBase64(w.Payload)
	if err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	if len(payload) == 0 {
		return errors.New("payload is empty")
	}
	switch n := len(w.Signatures); {
	case n == 0:
		return errors.New("there is no signature")
	case n > maxSignatures:
		return fmt.Errorf("%d signatures, more than %d", n, maxSignatures)
	}
	for i, s := range w.Signatures {
		sig, err := decodeBase64(s.Sig)
		if err != nil {
			return fmt.Errorf("signature %d: %w", i, err)
		}
		if len(sig) == 0 {
			return fmt.Errorf("signature %d is empty", i)
		}
		b.Signatures = append(b.Signatures, Signature{KeyID: s.KeyID, Sig: sig})
	}
	b.PayloadType, b.Payload = w.PayloadType, payload
	return nil
}

// decodeBase64 takes both alphabets of RFC 4648, as DSSE asks of verifiers,
// but no line breaks and no stray bits.
func decodeBase64(s string) ([]byte, error) {
	if i := bytes.IndexAny([]byte(s), "\r\n"); i >= 0 {
		return nil, errors.New("base64 with a line break")
	}
	out, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		if url, urlErr := base64.URLEncoding.Strict().DecodeString(s); urlErr == nil {
			return url, nil
		}
		return nil, fmt.Errorf("not base64: %w", err)
	}
	return out, nil
}
