package envelope

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

const payload = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"plan","digest":{"sha256":"aa"}}],"predicateType":"urn:x","predicate":{"a":1}}`

// seeded returns keys that are the same in every run; they protect nothing.
func seeded(t testing.TB) (ec *ecdsa.PrivateKey, ed ed25519.PrivateKey) {
	t.Helper()
	seed := sha256.Sum256([]byte("gate test key"))
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return ec, ed25519.NewKeyFromSeed(seed[:])
}

func signer(t testing.TB, key crypto.PrivateKey) Signer {
	t.Helper()
	s, err := NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func public(t testing.TB, s Signer) PublicKey {
	t.Helper()
	k, err := NewPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	ec, ed := seeded(t)
	for name, s := range map[string]Signer{"ecdsa": signer(t, ec), "ed25519": signer(t, ed)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := SignBundle([]byte(payload), PayloadType, s)
			if err != nil {
				t.Fatal(err)
			}
			b, err := ReadBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			if b.MediaType != MediaType || b.PayloadType != PayloadType || string(b.Payload) != payload || b.Keyless() {
				t.Errorf("bundle read back as %+v", b)
			}
			v, err := b.Verify([]PublicKey{public(t, s)})
			if err != nil {
				t.Fatal(err)
			}
			if v.KeyID != s.KeyID() || !strings.HasPrefix(v.KeyID, "SHA256:") {
				t.Errorf("key id %q, want %q", v.KeyID, s.KeyID())
			}
			hint, _ := base64.StdEncoding.DecodeString(b.KeyHint)
			if got := "SHA256:" + base64.RawStdEncoding.EncodeToString(hint); got != s.KeyID() {
				t.Errorf("hint is %s, want that of %s", got, s.KeyID())
			}
		})
	}
}

// TestBundleIsSigstore reads our bundle with Sigstore's own types, which
// refuse unknown fields.
func TestBundleIsSigstore(t *testing.T) {
	t.Parallel()
	ec, _ := seeded(t)
	data, err := SignBundle([]byte(payload), PayloadType, signer(t, ec))
	if err != nil {
		t.Fatal(err)
	}
	var pb bundlepb.Bundle
	if err := protojson.Unmarshal(data, &pb); err != nil {
		t.Fatal(err)
	}
	env := pb.GetDsseEnvelope()
	if string(env.GetPayload()) != payload || len(env.GetSignatures()) != 1 || pb.GetVerificationMaterial().GetPublicKey().GetHint() == "" {
		t.Errorf("read as %v", &pb)
	}
	out, err := protojson.Marshal(&pb)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ReadBundle(out)
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := ReadBundle(data)
	if diff := cmp.Diff(ours, back); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	ec, ed := seeded(t)
	s := signer(t, ec)
	data, err := SignBundle([]byte(payload), PayloadType, s)
	if err != nil {
		t.Fatal(err)
	}
	good := func() *Bundle {
		b, err := ReadBundle(data)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	right := []PublicKey{public(t, s)}
	tests := []struct {
		name   string
		change func(*Bundle)
		keys   []PublicKey
	}{
		{"payload changed", func(b *Bundle) { b.Payload[0] ^= 1 }, right},
		{"payload type changed", func(b *Bundle) { b.PayloadType += "x" }, right},
		{"signature changed", func(b *Bundle) { b.Signatures[0].Sig[10] ^= 1 }, right},
		{"signature cut", func(b *Bundle) { b.Signatures[0].Sig = b.Signatures[0].Sig[:8] }, right},
		{"zero raw signature", func(b *Bundle) { b.Signatures[0].Sig = make([]byte, 64) }, right},
		{"other key", func(*Bundle) {}, []PublicKey{public(t, signer(t, ed))}},
		{"no key", func(*Bundle) {}, nil},
		{"zero key", func(*Bundle) {}, []PublicKey{{}}},
		{"key of no length", func(*Bundle) {}, []PublicKey{{Key: ed25519.PublicKey(nil)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := good()
			tt.change(b)
			if v, err := b.Verify(tt.keys); !errors.Is(err, ErrNotVerified) || v != nil {
				t.Errorf("got %v, %v", v, err)
			}
		})
	}
}

// TestVerifyP1363 accepts r and s without ASN.1 around them.
func TestVerifyP1363(t *testing.T) {
	t.Parallel()
	ec, _ := seeded(t)
	sum := sha256.Sum256(dsse.PAE(PayloadType, []byte(payload)))
	der, err := ecdsa.SignASN1(rand.Reader, ec, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 64)
	rs.R.FillBytes(raw[:32])
	rs.S.FillBytes(raw[32:])
	b := &Bundle{PayloadType: PayloadType, Payload: []byte(payload), Signatures: []Signature{{Sig: raw}}}
	if _, err := b.Verify([]PublicKey{public(t, signer(t, ec))}); err != nil {
		t.Error(err)
	}
}

func TestReadBundle(t *testing.T) {
	t.Parallel()
	b64 := base64.StdEncoding.EncodeToString([]byte(payload))
	env := `{"payload":"` + b64 + `","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA","keyid":""}]}`
	bundle := func(material, rest string) string {
		return `{"mediaType":"` + MediaType + `","verificationMaterial":{` + material + `},` + rest + `}`
	}
	key := `"publicKey":{"hint":"x"}`
	dsseField := `"dsseEnvelope":` + env
	tests := []struct{ name, in, want string }{
		{"envelope", env, ""},
		{"bundle", bundle(key, dsseField), ""},
		{"certificate", bundle(`"certificate":{"rawBytes":"AAAA"},"tlogEntries":[{"logIndex":"12","logId":{"keyId":"AA=="},"kindVersion":{"kind":"dsse","version":"0.0.1"},"integratedTime":"1","inclusionPromise":{"signedEntryTimestamp":""},"inclusionProof":{"logIndex":1,"rootHash":"","treeSize":"2","hashes":[""],"checkpoint":{"envelope":""}},"canonicalizedBody":""}],"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AA=="}]}`, dsseField), ""},
		{"old version", strings.Replace(bundle(key, dsseField), ".v0.3+json", "+json;version=0.2", 1), ""},
		{"url-safe payload", strings.Replace(env, b64, base64.URLEncoding.EncodeToString([]byte{0xfb, 0xff}), 1), ""},
		{"unknown version", strings.Replace(bundle(key, dsseField), "v0.3", "v0.9", 1), "media type"},
		{"no media type", strings.Replace(bundle(key, dsseField), MediaType, "", 1), "media type"},
		{"unknown field", bundle(key, dsseField+`,"more":1`), `unknown field "more"`},
		{"case variant", strings.Replace(bundle(key, dsseField), "publicKey", "PublicKey", 1), `it is written "publicKey"`},
		{"proto name", strings.Replace(bundle(key, dsseField), "dsseEnvelope", "dsse_envelope", 1), "unknown field"},
		{"two materials", bundle(key+`,"certificate":{"rawBytes":"AAAA"}`, dsseField), "exactly one of"},
		{"no material", bundle("", dsseField), "exactly one of"},
		{"empty chain", bundle(`"x509CertificateChain":{"certificates":[]}`, dsseField), "is empty"},
		{"message signature", bundle(key, `"messageSignature":{}`), "bare digest"},
		{"message beside statement", bundle(key, dsseField+`,"messageSignature":{}`), "bare digest"},
		{"no envelope", bundle(key, `"dsseEnvelope":null`), "dsseEnvelope is missing"},
		{"no signature", strings.Replace(env, `[{"sig":"AAAA","keyid":""}]`, `[]`, 1), "no signature"},
		{"two signatures in a bundle", strings.Replace(bundle(key, dsseField), `[{`, `[{"sig":"AAAA","keyid":""},{`, 1), "exactly one"},
		{"two signatures in an envelope", strings.Replace(env, `[{`, `[{"sig":"AAAA","keyid":""},{`, 1), ""},
		{"many signatures", strings.Replace(env, `[{`, `[`+strings.Repeat(`{"sig":"AAAA","keyid":""},`, 20)+`{`, 1), "more than"},
		{"empty signature", strings.Replace(env, `"AAAA"`, `""`, 1), "is empty"},
		{"bad base64", strings.Replace(env, `"AAAA"`, `"A"`, 1), "not base64"},
		{"base64 with line break", strings.Replace(env, `"AAAA"`, `"AA\nAA"`, 1), "line break"},
		{"base64 with stray bits", strings.Replace(env, `"AAAA"`, `"AB=="`, 1), "not base64"},
		{"empty payload", strings.Replace(env, b64, "", 1), "payload is empty"},
		{"no payload type", strings.Replace(env, "application/vnd.in-toto+json", "", 1), "payloadType is missing"},
		{"log index no number", bundle(`"certificate":{"rawBytes":"AAAA"},"tlogEntries":[{"logIndex":"x"}]`, dsseField), "64-bit integer"},
		{"statement", payload, ErrNotEnvelope.Error()},
		{"not JSON", "x", "invalid character"},
		{"list", "[]", "cannot unmarshal"},
		{"null", "null", ErrNotEnvelope.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, err := ReadBundle([]byte(tt.in))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("unexpected error: %v", err)
			case tt.want == "" && len(b.Payload) == 0:
				t.Error("no payload")
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestReadStatement(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"v1", payload, ""},
		{"v0.1", strings.Replace(payload, "v1", "v0.1", 1), ""},
		{"no predicate", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"aa"}}],"predicateType":"urn:x"}`, ""},
		{"other type", strings.Replace(payload, "v1", "v2", 1), "type"},
		{"no subject", strings.Replace(payload, `{"name":"plan","digest":{"sha256":"aa"}}`, "", 1), "no subject"},
		{"no digest", strings.Replace(payload, `{"sha256":"aa"}`, "{}", 1), "no digest"},
		{"no predicate type", strings.Replace(payload, "urn:x", "", 1), "predicateType is missing"},
		{"duplicate in predicate", strings.Replace(payload, `{"a":1}`, `{"a":1,"a":2}`, 1), "stands twice"},
		{"unknown field", strings.Replace(payload, `"predicate":`, `"more":1,"predicate":`, 1), "unknown field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadStatement([]byte(tt.in))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestLoadSigner(t *testing.T) {
	t.Parallel()
	ec, ed := seeded(t)
	block := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8 := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := encrypted.EncryptWithCustomKDFParameters(pkcs8(ec), []byte("secret"), encrypted.Legacy)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	password := func(s string) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(s), nil }
	}
	tests := []struct {
		name, in string
		password func() ([]byte, error)
		want     string
	}{
		{"PKCS#8 ECDSA", block("PRIVATE KEY", pkcs8(ec), nil), nil, ""},
		{"PKCS#8 Ed25519", block("PRIVATE KEY", pkcs8(ed), nil), nil, ""},
		{"SEC 1", block("EC PRIVATE KEY", sec1, nil), nil, ""},
		{"SEC 1 with parameters", block("EC PARAMETERS", []byte{6, 8}, nil) + block("EC PRIVATE KEY", sec1, nil), nil, ""},
		{"cosign", block("ENCRYPTED SIGSTORE PRIVATE KEY", sealed, nil), password("secret"), ""},
		{"old cosign", block("ENCRYPTED COSIGN PRIVATE KEY", sealed, nil), password("secret"), ""},
		{"wrong password", block("ENCRYPTED SIGSTORE PRIVATE KEY", sealed, nil), password("other"), "COSIGN_PASSWORD"},
		{"no password", block("ENCRYPTED SIGSTORE PRIVATE KEY", sealed, nil), nil, "COSIGN_PASSWORD"},
		{"password fails", block("ENCRYPTED SIGSTORE PRIVATE KEY", sealed, nil), func() ([]byte, error) { return nil, errors.New("no terminal") }, "no terminal"},
		{"damaged cosign key", block("ENCRYPTED SIGSTORE PRIVATE KEY", sealed[:40], nil), password("secret"), "damaged"},
		{"P-384", block("PRIVATE KEY", pkcs8(p384), nil), nil, "P-384"},
		{"RSA", block("PRIVATE KEY", pkcs8(rsaKey), nil), nil, "supported"},
		{"two keys", block("PRIVATE KEY", pkcs8(ec), nil) + block("PRIVATE KEY", pkcs8(ed), nil), nil, "more than one"},
		{"other block", block("CERTIFICATE", sec1, nil), nil, "CERTIFICATE"},
		{"damaged", block("PRIVATE KEY", sec1[:10], nil), nil, "read private key"},
		{"no PEM", "x", nil, "no PEM block"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := LoadSigner([]byte(tt.in), tt.password)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("unexpected error: %v", err)
			case tt.want == "":
				sig, err := s.Sign([]byte("x"))
				if err != nil || !public(t, s).VerifyRaw([]byte("x"), sig) {
					t.Errorf("signature does not verify: %v", err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.want):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	ec, _ := seeded(t)
	der, err := x509.MarshalPKIXPublicKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	good := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	k, err := ParsePublicKey(good)
	if err != nil || k.ID != signer(t, ec).KeyID() {
		t.Errorf("got %v, %v", k.ID, err)
	}
	for name, in := range map[string][]byte{
		"two":       append(bytes.Clone(good), good...),
		"private":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"truncated": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der[:20]}),
		"none":      []byte("ssh-ed25519 AAAA"),
	} {
		if _, err := ParsePublicKey(in); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzReadBundle checks that hostile envelopes never panic and that Sigstore's
// own reader sees the same payload in what is accepted as a bundle.
func FuzzReadBundle(f *testing.F) {
	ec, ed := seeded(f)
	for _, key := range []crypto.PrivateKey{ec, ed} {
		data, err := SignBundle([]byte(payload), PayloadType, signer(f, key))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"payload":"e30=","payloadType":"x","signatures":[{"sig":"AAAA"}]}`))
	keys := []PublicKey{public(f, signer(f, ec))}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadBundle(data)
		if err != nil {
			return
		}
		_, _ = b.Verify(keys)
		_, _ = ReadStatement(b.Payload)
		if b.MediaType == "" {
			var e dsse.Envelope
			if err := json.Unmarshal(data, &e); err != nil {
				t.Fatal(err)
			}
			if p, err := e.DecodeB64Payload(); err != nil || !bytes.Equal(p, b.Payload) {
				t.Fatalf("another reader sees %q (%v), we %q", p, err, b.Payload)
			}
			return
		}
		var pb bundlepb.Bundle
		if err := protojson.Unmarshal(data, &pb); err == nil && !bytes.Equal(pb.GetDsseEnvelope().GetPayload(), b.Payload) {
			t.Fatalf("another reader sees %q, we %q", pb.GetDsseEnvelope().GetPayload(), b.Payload)
		}
	})
}
