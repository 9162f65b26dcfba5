// Package supplychain reads signatures and attestations that were collected
// into a directory and says what each is worth for an image: verified, invalid
// or unknown. It opens no network connection and judges nothing; rules do.
package supplychain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"gate/internal/envelope"
	"gate/internal/facts"
	"gate/internal/source"
)

// Limits of an attestation directory.
const (
	maxFiles = 100_000
	maxTotal = 1 << 30 // bytes of all files that are read
)

// errForeign is wrapped by errors about a well-formed envelope that says
// nothing about an image: whoever may push to a registry may add one, and it
// must not keep the rest from being judged.
var errForeign = errors.New("no statement about an image")

// Store holds the attestations of a directory by the digests they are about.
// A nil Store is a directory that was not handed in.
type Store struct {
	byDigest map[string][]*record // "sha256:<hex>"
	failed   int                  // files that could not be read
}

// record is one attestation of one file.
type record struct {
	file          string
	predicateType string
	predicate     map[string]any
	bundle        *envelope.Bundle // nil for simple signing
	simple        *simpleSigning
}

// Read reads every .json file below dir: Sigstore bundles, DSSE envelopes with
// an in-toto statement, and simple-signing files (see readSimple). Nothing is
// verified yet. Symbolic links are followed inside dir only.
//
// The entries say what became of each file, in the order of their names; one
// that cannot be read is failed, never left out. The error is about dir itself.
func Read(dir string) (*Store, []facts.Entry, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("read attestations: %w", err)
	}
	defer root.Close()
	r := reader{root: root, store: &Store{byDigest: map[string][]*record{}}}
	if err := fs.WalkDir(root.FS(), ".", r.visit); err != nil {
		return nil, nil, fmt.Errorf("read attestations in %s: %w", dir, err)
	}
	slices.SortFunc(r.ledger, func(a, b facts.Entry) int { return strings.Compare(a.ID, b.ID) })
	return r.store, r.ledger, nil
}

type reader struct {
	root   *os.Root
	store  *Store
	ledger []facts.Entry
	files  int
	total  int64
}

func (r *reader) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		if name == "." {
			return err
		}
		r.note(name, facts.Failed, err.Error())
		return nil // the other files are still read
	}
	if d.IsDir() {
		return nil
	}
	if r.files++; r.files > maxFiles {
		return fmt.Errorf("more than %d files", maxFiles)
	}
	if path.Ext(name) != ".json" {
		r.note(name, facts.NotApplicable, "not a .json file")
		return nil
	}
	data, err := r.read(name)
	if err == nil {
		err = r.add(name, data)
	}
	switch {
	case errors.Is(err, errForeign):
		r.note(name, facts.NotApplicable, err.Error())
	case err != nil:
		r.note(name, facts.Failed, err.Error())
	default:
		r.note(name, facts.Evaluated, "")
	}
	return nil
}

func (r *reader) note(name string, state facts.State, reason string) {
	file := "attestations/" + name
	e := facts.Entry{Kind: "file", ID: file, State: state, Reason: reason, Place: source.Position{File: file}}
	if state == facts.Failed {
		r.store.failed++
		e.Hint = "collect the file again, or take it out of the directory that --attestations names"
	}
	r.ledger = append(r.ledger, e)
}

// read returns a regular file of at most envelope.MaxBytes.
func (r *reader) read(name string) ([]byte, error) {
	info, err := r.root.Stat(name) // follows links; fails where they leave
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file") // a pipe would block
	}
	f, err := r.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, envelope.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > envelope.MaxBytes {
		return nil, fmt.Errorf("larger than %d MiB", envelope.MaxBytes>>20)
	}
	if r.total += int64(len(data)); r.total > maxTotal {
		return nil, fmt.Errorf("the directory holds more than %d MiB", maxTotal>>20)
	}
	return data, nil
}

func (r *reader) add(name string, data []byte) error {
	b, err := envelope.ReadBundle(data)
	if errors.Is(err, envelope.ErrNotEnvelope) {
		s, err := readSimple(data)
		if err != nil {
			return err
		}
		r.store.put(s.digest, &record{file: name, predicateType: SimpleSigning, simple: s})
		return nil
	}
	if errors.Is(err, envelope.ErrMessageSignature) {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	if err != nil {
		return err
	}
	if b.PayloadType != envelope.PayloadType {
		return fmt.Errorf("%w: payload type %q", errForeign, b.PayloadType)
	}
	statement, err := envelope.ReadStatement(b.Payload)
	if err != nil {
		return err
	}
	rec := &record{file: name, predicateType: statement.PredicateType, bundle: b}
	if rec.predicate, err = object(statement.Predicate); err != nil {
		return err
	}
	for _, digest := range digests(statement) {
		r.store.put(digest, rec)
	}
	return nil
}

func (s *Store) put(digest string, rec *record) {
	s.byDigest[digest] = append(s.byDigest[digest], rec)
}

// object decodes a predicate; a missing one is empty.
func object(raw json.RawMessage) (map[string]any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var m map[string]any
	if err := envelope.DecodeStrict(raw, &m); err != nil {
		return nil, fmt.Errorf("predicate: %w", err)
	}
	return m, nil
}

// digests returns what a statement is about, each once, as "sha256:<hex>".
func digests(s *envelope.Statement) []string {
	var out []string
	for _, sub := range s.Subject {
		if hex := sub.Digest["sha256"]; validHex(hex) {
			out = append(out, "sha256:"+hex)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// validHex says whether s is a SHA-256 in lower-case hex.
func validHex(s string) bool {
	if len(s) != 64 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
