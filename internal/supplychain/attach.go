package supplychain

import (
	"cmp"
	"fmt"
	"slices"

	"gate/internal/config"
	"gate/internal/envelope"
	"gate/internal/facts"
	"gate/internal/source"
)

// Outcomes of an attestation; one that is absent is not listed.
const (
	Verified = "verified" // signed by a key that the trust file allows for the image
	Invalid  = "invalid"  // not signed by such a key
	Unknown  = "unknown"  // could not be told
)

// What facts.Image.Store says.
const (
	StoreRead         = "read"
	StoreNotCollected = "not-collected"
	StoreUnavailable  = "unavailable" // a file could not be read: what is absent is unknown
)

// Attach returns images with what the store knows about each: attestations
// whose subject is the image's digest, verified with the keys that trust names
// for its registry and repository. readFile reads key files, by their path
// from the root, from where the trust file itself was read. The images given
// are not changed.
//
// The entries are keys that could not be read; what only such a key could have
// verified is unknown. Without trust nothing is verified. Reading a file of the
// store that failed makes "unavailable" of the store for every image without a
// verified signature, since the file could have held one.
func (s *Store) Attach(images []facts.Image, trust *config.Trust, readFile func(path string) ([]byte, error)) ([]facts.Image, []facts.Entry) {
	out := slices.Clone(images)
	if s == nil {
		for i := range out {
			out[i].Store, out[i].Attestations = StoreNotCollected, []facts.Attestation{}
		}
		return out, nil
	}
	signers, ledger := loadSigners(trust, readFile)
	for i := range out {
		s.attach(&out[i], signers)
	}
	return out, ledger
}

func (s *Store) attach(img *facts.Image, all []signer) {
	img.Store, img.Reason = StoreRead, ""
	if s.failed > 0 {
		img.Store = StoreUnavailable
		img.Reason = fmt.Sprintf("attestation files that could not be read: %d", s.failed)
	}
	img.Attestations = []facts.Attestation{}
	if img.Digest == "" {
		return
	}
	name := img.Registry + "/" + img.Repository
	var allowed []signer
	for _, sg := range all {
		if sg.matches(name) {
			allowed = append(allowed, sg)
		}
	}
	for _, rec := range s.byDigest[img.Digest] {
		a := rec.judge(allowed)
		a.Subject = img.Digest
		img.Attestations = append(img.Attestations, a)
	}
	slices.SortFunc(img.Attestations, func(a, b facts.Attestation) int {
		return cmp.Or(cmp.Compare(a.PredicateType, b.PredicateType), cmp.Compare(a.File, b.File))
	})
}

// judge verifies one attestation with the signers that are allowed for the image.
func (rec *record) judge(allowed []signer) facts.Attestation {
	a := facts.Attestation{PredicateType: rec.predicateType, File: "attestations/" + rec.file}
	for _, sg := range allowed {
		if id, ok := rec.verify(sg.keys); ok {
			a.Outcome, a.Signer, a.KeyID, a.Predicate = Verified, sg.name, id, rec.predicate
			return a
		}
	}
	a.Outcome = Invalid
	switch {
	case len(allowed) == 0:
		a.Reason = "no entry of the trust file is about this image"
	case slices.ContainsFunc(allowed, func(sg signer) bool { return sg.broken }):
		a.Outcome, a.Reason = Unknown, "a key of the trust file could not be read"
	case rec.keyless() && slices.ContainsFunc(allowed, func(sg signer) bool { return sg.keyless }):
		a.Outcome, a.Reason = Unknown, "keyless signatures are not verified by this version"
	case rec.keyless():
		a.Reason = "signed with a certificate; the trust file names only keys for this image"
	default:
		a.Reason = "not signed by a key that the trust file names for this image"
	}
	return a
}

func (rec *record) keyless() bool { return rec.bundle != nil && rec.bundle.Keyless() }

func (rec *record) verify(keys []envelope.PublicKey) (keyID string, ok bool) {
	if rec.simple != nil {
		for _, k := range keys {
			if k.VerifyRaw(rec.simple.payload, rec.simple.signature) {
				return k.ID, true
			}
		}
		return "", false
	}
	if rec.keyless() {
		return "", false
	}
	v, err := rec.bundle.Verify(keys)
	if err != nil {
		return "", false
	}
	return v.KeyID, true
}

// signer is one entry of the trust file with its keys at hand.
type signer struct {
	name    string
	match   []string
	keys    []envelope.PublicKey
	keyless bool // identities are allowed too
	broken  bool // a key could not be read
}

func (sg signer) matches(name string) bool {
	return slices.ContainsFunc(sg.match, func(glob string) bool { return config.Match(glob, name) })
}

func loadSigners(trust *config.Trust, readFile func(string) ([]byte, error)) ([]signer, []facts.Entry) {
	if trust == nil {
		return nil, nil
	}
	var out []signer
	var ledger []facts.Entry
	for i, t := range trust.Images {
		sg := signer{name: t.Name, match: t.Match, keyless: len(t.Identity) > 0}
		for j, k := range t.Keys {
			key, err := LoadKey(k, readFile)
			if err != nil {
				sg.broken = true
				ledger = append(ledger, facts.Entry{
					Kind: "file", ID: fmt.Sprintf("trust:images[%d].keys[%d]", i, j), State: facts.Failed,
					Reason: fmt.Sprintf("key of %q: %v", t.Name, err), Place: source.Position{File: k.File},
				})
				continue
			}
			sg.keys = append(sg.keys, key)
		}
		out = append(out, sg)
	}
	return out, ledger
}

// LoadKey reads a public key of the trust file, inline or from its file.
func LoadKey(k config.Key, readFile func(path string) ([]byte, error)) (envelope.PublicKey, error) {
	data := []byte(k.PEM)
	if k.PEM == "" {
		if readFile == nil {
			return envelope.PublicKey{}, fmt.Errorf("read %s: key files cannot be read here", k.File)
		}
		var err error
		if data, err = readFile(k.File); err != nil {
			return envelope.PublicKey{}, fmt.Errorf("read %s: %w", k.File, err)
		}
	}
	return envelope.ParsePublicKey(data)
}
