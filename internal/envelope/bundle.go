package envelope

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// MediaType is the media type of the bundles that SignBundle writes.
const MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// bundleMediaTypes are the forms that ReadBundle takes; those before v0.3
// spelled the version as a parameter.
var bundleMediaTypes = map[string]bool{
	MediaType: true,
	"application/vnd.dev.sigstore.bundle+json;version=0.1": true,
	"application/vnd.dev.sigstore.bundle+json;version=0.2": true,
	"application/vnd.dev.sigstore.bundle+json;version=0.3": true,
}

// SignBundle signs payload and returns a Sigstore bundle v0.3 with exactly one
// signature and a hint of the public key. The payload is kept byte by byte.
func SignBundle(payload []byte, payloadType string, s Signer) ([]byte, error) {
	sig, err := s.Sign(dsse.PAE(payloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		return nil, fmt.Errorf("sign: encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	out := wireBundle{
		MediaType: MediaType,
		VerificationMaterial: &wireMaterial{
			PublicKey: &wireKey{Hint: base64.StdEncoding.EncodeToString(sum[:])},
		},
		DSSEEnvelope: &wireEnvelope{
			Payload:     base64.StdEncoding.EncodeToString(payload),
			PayloadType: payloadType,
			Signatures:  []wireSignature{{Sig: base64.StdEncoding.EncodeToString(sig)}},
		},
	}
	return Canonical(out)
}

// ReadBundle reads a Sigstore bundle that carries a DSSE envelope, or a plain
// DSSE envelope, strictly. Nothing is verified. The error wraps ErrNotEnvelope
// if data is JSON of another kind.
func ReadBundle(data []byte) (*Bundle, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("read envelope: larger than %d MiB", MaxBytes>>20)
	}
	var top map[string]json.RawMessage
	if err := DecodeStrict(data, &top); err != nil {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	switch {
	case top["mediaType"] != nil || top["dsseEnvelope"] != nil:
		b, err := readSigstore(data)
		if err != nil {
			return nil, fmt.Errorf("read bundle: %w", err)
		}
		return b, nil
	case top["payloadType"] != nil:
		var w wireEnvelope
		if err := DecodeStrict(data, &w); err != nil {
			return nil, fmt.Errorf("read envelope: %w", err)
		}
		b := &Bundle{}
		if err := w.into(b); err != nil {
			return nil, fmt.Errorf("read envelope: %w", err)
		}
		return b, nil
	}
	return nil, fmt.Errorf("read envelope: %w", ErrNotEnvelope)
}

func readSigstore(data []byte) (*Bundle, error) {
	var w wireBundle
	if err := DecodeStrict(data, &w); err != nil {
		return nil, err
	}
	b := &Bundle{MediaType: w.MediaType}
	switch {
	case !bundleMediaTypes[w.MediaType]:
		return nil, fmt.Errorf("media type %q is not one of a Sigstore bundle v0.1 to v0.3", w.MediaType)
	case w.MessageSignature != nil:
		return nil, ErrMessageSignature
	case w.DSSEEnvelope == nil:
		return nil, errors.New("dsseEnvelope is missing")
	case w.VerificationMaterial == nil:
		return nil, errors.New("verificationMaterial is missing")
	}
	if err := w.VerificationMaterial.into(b); err != nil {
		return nil, err
	}
	if n := len(w.DSSEEnvelope.Signatures); n != 1 {
		return nil, fmt.Errorf("%d signatures, a bundle has exactly one", n)
	}
	return b, w.DSSEEnvelope.into(b)
}

// The wire types are sigstore.bundle.v1.Bundle in the JSON mapping of
// protobuf, complete, so that an unknown field is really unknown.
type wireBundle struct {
	MediaType            string          `json:"mediaType"`
	VerificationMaterial *wireMaterial   `json:"verificationMaterial"`
	DSSEEnvelope         *wireEnvelope   `json:"dsseEnvelope,omitempty"`
	MessageSignature     json.RawMessage `json:"messageSignature,omitempty"`
}

type wireMaterial struct {
	PublicKey   *wireKey  `json:"publicKey,omitempty"`
	Certificate *wireCert `json:"certificate,omitempty"`
	Chain       *struct {
		Certificates []wireCert `json:"certificates"`
	} `json:"x509CertificateChain,omitempty"`
	TlogEntries []wireLogEntry `json:"tlogEntries,omitempty"`
	Timestamps  *struct {
		RFC3161 []struct {
			SignedTimestamp string `json:"signedTimestamp"`
		} `json:"rfc3161Timestamps"`
	} `json:"timestampVerificationData,omitempty"`
}

type wireKey struct {
	Hint string `json:"hint"`
}

type wireCert struct {
	RawBytes string `json:"rawBytes"`
}

type wireLogEntry struct {
	LogIndex wireInt `json:"logIndex"`
	LogID    struct {
		KeyID string `json:"keyId"`
	} `json:"logId"`
	KindVersion struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	IntegratedTime   wireInt `json:"integratedTime"`
	InclusionPromise *struct {
		SignedEntryTimestamp string `json:"signedEntryTimestamp"`
	} `json:"inclusionPromise"`
	InclusionProof *struct {
		LogIndex   wireInt  `json:"logIndex"`
		RootHash   string   `json:"rootHash"`
		TreeSize   wireInt  `json:"treeSize"`
		Hashes     []string `json:"hashes"`
		Checkpoint struct {
			Envelope string `json:"envelope"`
		} `json:"checkpoint"`
	} `json:"inclusionProof"`
	CanonicalizedBody string `json:"canonicalizedBody"`
}

// wireInt is an int64 in the JSON mapping of protobuf: a string or a number.
type wireInt int64

// UnmarshalJSON takes both forms.
func (n *wireInt) UnmarshalJSON(data []byte) error {
	s := string(bytes.Trim(data, `"`))
	if s == "null" {
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is not a 64-bit integer", data)
	}
	*n = wireInt(v)
	return nil
}

func (m *wireMaterial) into(b *Bundle) error {
	kinds := 0
	if m.PublicKey != nil {
		kinds++
		b.KeyHint = m.PublicKey.Hint
	}
	certificate := m.Certificate
	if m.Certificate != nil {
		kinds++
	}
	if m.Chain != nil {
		kinds++
		if len(m.Chain.Certificates) == 0 {
			return errors.New("x509CertificateChain is empty")
		}
		certificate = &m.Chain.Certificates[0]
	}
	if kinds != 1 {
		return errors.New("verificationMaterial needs exactly one of publicKey, certificate, x509CertificateChain")
	}
	if certificate != nil {
		der, err := decodeBase64(certificate.RawBytes)
		if err != nil || len(der) == 0 {
			return errors.New("certificate: not base64 of a certificate")
		}
		b.Certificate = der
	}
	b.Timestamps = len(m.TlogEntries)
	if m.Timestamps != nil {
		b.Timestamps += len(m.Timestamps.RFC3161)
	}
	return nil
}
