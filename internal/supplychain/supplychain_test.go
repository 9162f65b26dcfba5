package supplychain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gate/internal/config"
	"gate/internal/envelope"
	"gate/internal/facts"
)

const (
	signPredicate = "https://sigstore.dev/cosign/sign/v1"
	slsaPredicate = "https://slsa.dev/provenance/v1"
	vsaPredicate  = "https://slsa.dev/verification_summary/v1"
)

// fixedSigner signs with a key made from a name, and without randomness, so
// that committed bundles can be written again byte by byte. ECDSA is that of
// RFC 6979. These keys protect nothing.
type fixedSigner struct{ key crypto.Signer }

func ecdsaSigner(t testing.TB, name string) fixedSigner {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return fixedSigner{key}
}

func ed25519Signer(name string) fixedSigner {
	seed := sha256.Sum256([]byte(name))
	return fixedSigner{ed25519.NewKeyFromSeed(seed[:])}
}

func (s fixedSigner) Public() crypto.PublicKey { return s.key.Public() }

func (s fixedSigner) KeyID() string {
	k, err := envelope.NewPublicKey(s.key.Public())
	if err != nil {
		return ""
	}
	return k.ID
}

func (s fixedSigner) Sign(pae []byte) ([]byte, error) {
	if k, ok := s.key.(ed25519.PrivateKey); ok {
		return ed25519.Sign(k, pae), nil
	}
	sum := sha256.Sum256(pae)
	return s.key.Sign(nil, sum[:], crypto.SHA256) // no randomness: RFC 6979
}

func (s fixedSigner) pem(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// digestOf is the digest of an image that does not exist.
func digestOf(name string) string {
	sum := sha256.Sum256([]byte("image " + name))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// bundle is a signed statement about an image, as cosign sign and attest make it.
func bundle(t testing.TB, s envelope.Signer, digest, predicateType string, predicate any) []byte {
	t.Helper()
	payload, err := envelope.Canonical(map[string]any{
		"_type":         envelope.StatementV1,
		"subject":       []any{map[string]any{"name": "image", "digest": map[string]any{"sha256": strings.TrimPrefix(digest, "sha256:")}}},
		"predicateType": predicateType,
		"predicate":     predicate,
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := envelope.SignBundle(payload, envelope.PayloadType, s)
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// simple is a signature in cosign's older form.
func simple(t testing.TB, s envelope.Signer, digest string) []byte {
	t.Helper()
	payload := []byte(`{"critical":{"identity":{"docker-reference":"registry.example.com/web"},"image":{"docker-manifest-digest":"` + digest + `"},"type":"cosign container image signature"},"optional":null}`)
	sig, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string][]byte{"payload": payload, "signature": sig})
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

func image(name, digest string) facts.Image {
	img := facts.Image{Subject: facts.Subject{ID: "image:prod/eu/" + name}}
	img.Ref, img.Registry, img.Repository, img.Digest, img.Valid = "registry.example.com/"+name+"@"+digest, "registry.example.com", name, digest, true
	return img
}

func writeDir(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAttach(t *testing.T) {
	t.Parallel()
	ours, theirs, ed := ecdsaSigner(t, "build"), ecdsaSigner(t, "stranger"), ed25519Signer("release")
	web := digestOf("web")
	trust := func(keys ...config.Key) *config.Trust {
		return &config.Trust{Images: []config.ImageTrust{{Name: "builds", Match: []string{"registry.example.com/*"}, Keys: keys}}}
	}
	pemKey := func(s fixedSigner) config.Key { return config.Key{PEM: s.pem(t)} }
	good := bundle(t, ours, web, signPredicate, map[string]any{"by": "ci"})
	keyless := []byte(strings.Replace(string(good), `"publicKey":{"hint":"`+hint(t, good)+`"}`, `"certificate":{"rawBytes":"AAAA"}`, 1))
	plain := dsseOf(t, good)
	unreadable := func(string) ([]byte, error) { return nil, errors.New("permission denied") }

	type want struct{ PredicateType, Outcome, Signer, Reason string }
	tests := []struct {
		name  string
		files map[string][]byte
		trust *config.Trust
		read  func(string) ([]byte, error)
		img   facts.Image
		store string
		want  []want
		notes []string // parts of reasons in the ledger of Attach
	}{
		{name: "nothing collected", trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead},
		{name: "signed", files: map[string][]byte{"a.sigstore.json": good}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead,
			want: []want{{signPredicate, Verified, "builds", ""}}},
		{name: "signed, Ed25519", files: map[string][]byte{"a.json": bundle(t, ed, web, signPredicate, nil)}, trust: trust(pemKey(ours), pemKey(ed)), img: image("web", web), store: StoreRead,
			want: []want{{signPredicate, Verified, "builds", ""}}},
		{name: "plain envelope", files: map[string][]byte{"a.json": plain}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead,
			want: []want{{signPredicate, Verified, "builds", ""}}},
		{name: "simple signing", files: map[string][]byte{"a.json": simple(t, ours, web)}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead,
			want: []want{{SimpleSigning, Verified, "builds", ""}}},
		{name: "simple signing by a stranger", files: map[string][]byte{"a.json": simple(t, theirs, web)}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead,
			want: []want{{SimpleSigning, Invalid, "", "not signed by a key that the trust file names for this image"}}},
		{name: "key file", files: map[string][]byte{"a.json": good}, trust: trust(config.Key{File: ".gate/build.pub"}), img: image("web", web), store: StoreRead,
			read: func(string) ([]byte, error) { return []byte(ours.pem(t)), nil },
			want: []want{{signPredicate, Verified, "builds", ""}}},
		{name: "key file that cannot be read", files: map[string][]byte{"a.json": good}, trust: trust(config.Key{File: ".gate/build.pub"}), img: image("web", web), store: StoreRead,
			read: unreadable, notes: []string{"permission denied"},
			want: []want{{signPredicate, Unknown, "", "a key of the trust file could not be read"}}},
		{name: "a foreign push does not shadow the signature", img: image("web", web), trust: trust(pemKey(ours)), store: StoreRead,
			files: map[string][]byte{"a.json": simple(t, ours, web), "b.json": bundle(t, theirs, web, signPredicate, nil), "c.json": bundle(t, theirs, web, vsaPredicate, nil)},
			want: []want{
				{SimpleSigning, Verified, "builds", ""},
				{signPredicate, Invalid, "", "not signed by a key that the trust file names for this image"},
				{vsaPredicate, Invalid, "", "not signed by a key that the trust file names for this image"},
			}},
		{name: "another image", files: map[string][]byte{"a.json": bundle(t, ours, digestOf("api"), signPredicate, nil)}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead},
		{name: "no digest", files: map[string][]byte{"a.json": good}, trust: trust(pemKey(ours)), img: image("web", ""), store: StoreRead},
		{name: "trust is about other images", files: map[string][]byte{"a.json": good}, trust: trust(pemKey(ours)), img: image("team/web", web), store: StoreRead,
			want: []want{{signPredicate, Invalid, "", "no entry of the trust file is about this image"}}},
		{name: "no trust", files: map[string][]byte{"a.json": good}, img: image("web", web), store: StoreRead,
			want: []want{{signPredicate, Invalid, "", "no entry of the trust file is about this image"}}},
		{name: "keyless where only keys are trusted", files: map[string][]byte{"a.json": keyless}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreRead,
			want: []want{{signPredicate, Invalid, "", "signed with a certificate; the trust file names only keys for this image"}}},
		{name: "keyless where identities are trusted", files: map[string][]byte{"a.json": keyless}, img: image("web", web), store: StoreRead,
			trust: &config.Trust{Images: []config.ImageTrust{{Name: "ci", Match: []string{"**"}, Identity: []config.Signer{{Issuer: "i", Subject: "s"}}}}},
			want:  []want{{signPredicate, Unknown, "", "keyless signatures are not verified by this version"}}},
		{name: "a file that cannot be read", files: map[string][]byte{"a.json": good, "b.json": []byte(`{`)}, trust: trust(pemKey(ours)), img: image("web", web), store: StoreUnavailable,
			want: []want{{signPredicate, Verified, "builds", ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store, _, err := Read(writeDir(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			in := []facts.Image{tt.img}
			out, ledger := store.Attach(in, tt.trust, tt.read)
			if out[0].Store != tt.store {
				t.Errorf("store is %q, want %q", out[0].Store, tt.store)
			}
			var got []want
			for _, a := range out[0].Attestations {
				got = append(got, want{a.PredicateType, a.Outcome, a.Signer, a.Reason})
				if (a.Outcome == Verified) != (a.KeyID != "") || a.Subject != tt.img.Digest || a.Outcome != Verified && a.Predicate != nil {
					t.Errorf("attestation %+v", a)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if len(ledger) != len(tt.notes) {
				t.Fatalf("ledger %+v", ledger)
			}
			for i, n := range tt.notes {
				if ledger[i].State != facts.Failed || !strings.Contains(ledger[i].Reason, n) {
					t.Errorf("ledger entry %+v, want %q", ledger[i], n)
				}
			}
			if in[0].Attestations != nil {
				t.Error("the images given were changed")
			}
		})
	}
}

func TestAttachWithoutStore(t *testing.T) {
	t.Parallel()
	out, ledger := (*Store)(nil).Attach([]facts.Image{image("web", digestOf("web"))}, nil, nil)
	if len(ledger) != 0 || out[0].Store != StoreNotCollected || out[0].Attestations == nil {
		t.Errorf("got %+v, %+v", out, ledger)
	}
}

func TestReadLedger(t *testing.T) {
	t.Parallel()
	s := ecdsaSigner(t, "build")
	web := digestOf("web")
	good := string(bundle(t, s, web, signPredicate, nil))
	dir := writeDir(t, map[string][]byte{
		"deep/er/ok.sigstore.json": []byte(good),
		"ok.json":                  []byte(good),
		"readme.md":                []byte("x"),
		"truncated.json":           []byte(good[:100]),
		"empty.json":               nil,
		"duplicate.json":           []byte(strings.Replace(good, `"mediaType"`, `"mediaType":"x","mediaType"`, 1)),
		"variant.json":             []byte(strings.Replace(good, `"dsseEnvelope"`, `"DsseEnvelope"`, 1)),
		"other.json":               []byte(`{"a":1}`),
		"simple.json":              simple(t, s, web),
		"simple-no-digest.json":    simple(t, s, "sha256:abc"),
		"simple-no-sig.json":       []byte(`{"payload":"e30=","signature":""}`),
		"message.json":             []byte(`{"mediaType":"` + envelope.MediaType + `","verificationMaterial":{},"messageSignature":{}}`),
		"foreign.json":             []byte(`{"payload":"e30=","payloadType":"text/plain","signatures":[{"sig":"AAAA","keyid":""}]}`),
		"no-statement.json":        []byte(`{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA","keyid":""}]}`),
		"predicate.json":           bundle(t, s, web, signPredicate, []any{1}),
	})
	outside := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(outside, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"inside-link.json": "ok.json", "outside-link.json": outside, "dangling.json": "nowhere", "loop.json": "loop.json"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, ledger, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]facts.State{}
	for _, e := range ledger {
		got[strings.TrimPrefix(e.ID, "attestations/")] = e.State
		if (e.State == facts.Evaluated) != (e.Reason == "") || e.Place.File != e.ID {
			t.Errorf("entry %+v", e)
		}
	}
	want := map[string]facts.State{
		"deep/er/ok.sigstore.json": facts.Evaluated, "ok.json": facts.Evaluated, "simple.json": facts.Evaluated, "inside-link.json": facts.Evaluated,
		"readme.md": facts.NotApplicable, "message.json": facts.NotApplicable, "foreign.json": facts.NotApplicable,
		"truncated.json": facts.Failed, "empty.json": facts.Failed, "duplicate.json": facts.Failed, "variant.json": facts.Failed, "other.json": facts.Failed,
		"simple-no-digest.json": facts.Failed, "simple-no-sig.json": facts.Failed, "no-statement.json": facts.Failed, "predicate.json": facts.Failed,
		"outside-link.json": facts.Failed, "dangling.json": facts.Failed, "loop.json": facts.Failed, "pipe.json": facts.Failed,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, again, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ledger, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("two reads differ: %s", diff)
	}
}

func TestReadNeedsDirectory(t *testing.T) {
	t.Parallel()
	dir := writeDir(t, map[string][]byte{"a.json": nil})
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "a.json")} {
		if _, _, err := Read(path); err == nil {
			t.Errorf("%s was read as a directory", path)
		}
	}
}

func FuzzAdd(f *testing.F) {
	s := ecdsaSigner(f, "build")
	f.Add(bundle(f, s, digestOf("web"), signPredicate, map[string]any{"a": 1}))
	f.Add(simple(f, s, digestOf("web")))
	f.Add([]byte(`{"payload":"e30=","signature":"AAAA"}`))
	key, err := envelope.NewPublicKey(ecdsaSigner(f, "other").Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader{store: &Store{byDigest: map[string][]*record{}}}
		if r.add("a.json", data) != nil {
			return
		}
		for digest, records := range r.store.byDigest {
			if !validHex(strings.TrimPrefix(digest, "sha256:")) {
				t.Fatalf("digest %q", digest)
			}
			for _, rec := range records {
				if a := rec.judge([]signer{{name: "x", keys: []envelope.PublicKey{key}}}); a.Outcome == Verified {
					t.Fatalf("verified by a key that signed nothing: %+v", a)
				}
			}
		}
	})
}

func hint(t testing.TB, data []byte) string {
	t.Helper()
	b, err := envelope.ReadBundle(data)
	if err != nil {
		t.Fatal(err)
	}
	return b.KeyHint
}

// dsseOf returns the envelope of a bundle by itself.
func dsseOf(t testing.TB, data []byte) []byte {
	t.Helper()
	b, err := envelope.ReadBundle(data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(map[string]any{
		"payload": b.Payload, "payloadType": b.PayloadType,
		"signatures": []any{map[string]any{"sig": base64.URLEncoding.EncodeToString(b.Signatures[0].Sig), "keyid": ""}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
