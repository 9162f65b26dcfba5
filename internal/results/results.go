// Package results keeps what was worked out, by a digest of everything that went
// into it, in a directory from one run to the next. What lies there is never
// believed: an entry that is not, byte for byte, what this build of the program
// wrote under that digest is no entry, and whoever asked works it out again. A
// directory that cannot be used costs time and nothing else.
//
// Callers keep nothing here that holds a secret, or that a secret went into.
package results

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Directory is where below the cache results lie.
const Directory = "results"

// format is the first line of an entry.
const format = "gate.result/v1"

// Limits of what is kept.
const (
	maxPayload = 8 << 20   // of one entry
	maxBytes   = 512 << 20 // of all: above, the oldest go
	maxAge     = 30 * 24 * time.Hour
	touchAge   = 24 * time.Hour // an entry that is used is made young again after that
	tempAge    = time.Hour      // what a run that died has left
)

// Options say where results lie.
type Options struct {
	Cache string // directory; Directory is below it
	Tool  string // version of the program, beside its build
	// Blind takes nothing from the directory and still writes there.
	Blind bool
}

// Store is one directory of results. It may be used from several goroutines, and
// the directory by several processes. A nil Store keeps nothing.
type Store struct {
	root  *os.Root
	place string
	build string
	blind bool

	mu    sync.Mutex
	taken map[string]int
	fault error // the first that a write met; nothing is written after it
	wrote bool
	sets  map[string]*Set
}

// Open opens the directory, and makes it if it is not there. It refuses what
// others may write: entries say of themselves what they are, and so could theirs.
func Open(o Options) (*Store, error) {
	build, err := buildID()
	if err != nil {
		return nil, fmt.Errorf("tell which program this is: %w", err)
	}
	if err := os.MkdirAll(o.Cache, 0o700); err != nil {
		return nil, err
	}
	root, err := openOwn(o.Cache, os.Lstat, os.OpenRoot)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := root.Mkdir(Directory, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	dir, err := openOwn(Directory, root.Lstat, root.OpenRoot)
	if err != nil {
		return nil, err
	}
	return &Store{
		root: dir, place: filepath.Join(o.Cache, Directory), build: o.Tool + "\n" + build, blind: o.Blind,
		taken: map[string]int{}, sets: map[string]*Set{},
	}, nil
}

// openOwn opens a directory that is this user's alone to write.
func openOwn(name string, lstat func(string) (fs.FileInfo, error), open func(string) (*os.Root, error)) (*os.Root, error) {
	info, err := lstat(name)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a link or a file, want a directory", name)
	case !own(info):
		return nil, fmt.Errorf("%s belongs to another user", name)
	case othersWrite(info):
		return nil, fmt.Errorf("others may write in %s: chmod go-w", name)
	}
	root, err := open(name)
	if err != nil {
		return nil, err
	}
	if opened, err := root.Stat("."); err != nil || !os.SameFile(info, opened) {
		root.Close()
		return nil, fmt.Errorf("%s was replaced while it was opened", name)
	}
	return root, nil
}

// Key is what an entry is kept under.
type Key [sha256.Size]byte

// Sum is a digest of parts that tells where each of them ends.
func Sum(parts ...[]byte) [sha256.Size]byte {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write(p)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Key is the digest of a kind of result and of all that went into it, for this
// build of the program.
func (s *Store) Key(kind string, parts ...[]byte) Key {
	return Sum(append([][]byte{[]byte(format), []byte(s.build), []byte(kind)}, parts...)...)
}

// Get returns what is kept under a key.
func (s *Store) Get(k Key) ([]byte, bool) {
	if s == nil || s.blind {
		return nil, false
	}
	return s.read(k)
}

func (s *Store) read(k Key) ([]byte, bool) {
	name := hex.EncodeToString(k[:])
	info, err := s.root.Lstat(name)
	if err != nil || !kept(info) { // not opened: a pipe would block
		return nil, false
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) || !kept(opened) {
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPayload+maxHeader+1))
	if err != nil {
		return nil, false
	}
	payload, ok := decode(k, data)
	if ok && time.Since(info.ModTime()) > touchAge {
		now := time.Now()
		_ = s.root.Chtimes(name, now, now) // only makes it go later
	}
	return payload, ok
}

// kept says whether a file can be an entry that a Store has written.
func kept(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && ownMode(info) && own(info) && info.Size() <= maxPayload+maxHeader
}

// maxHeader is more than what stands before a payload.
const maxHeader = 256

// header is what stands before a payload: the format, the key, and the length and
// sha256 of the payload, each on a line, and an empty line.
func header(k Key, payload []byte) []byte {
	return fmt.Appendf(nil, "%s\nkey %x\nlength %d\nsha256 %x\n\n", format, k, len(payload), sha256.Sum256(payload))
}

// decode returns the payload of an entry that is what is written for it.
func decode(k Key, data []byte) ([]byte, bool) {
	at := bytes.Index(data, []byte("\n\n"))
	if at < 0 {
		return nil, false
	}
	payload := data[at+2:]
	return payload, bytes.Equal(data[:at+2], header(k, payload))
}

// Put keeps a payload under a key, in the place of what lies there. What is too
// large is not kept.
func (s *Store) Put(k Key, payload []byte) {
	if s == nil || len(payload) > maxPayload {
		return
	}
	s.mu.Lock()
	failed := s.fault != nil
	s.mu.Unlock()
	if failed {
		return
	}
	err := s.write(k, payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote = true; err != nil && s.fault == nil {
		s.fault = err
	}
}

// write writes an entry beside its place and then moves it there: whoever reads
// finds a whole one.
func (s *Store) write(k Key, payload []byte) error {
	name := hex.EncodeToString(k[:])
	temp := "." + name[:16] + "-" + rand.Text()
	f, err := s.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(header(k, payload), payload...))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = s.root.Rename(temp, name)
	}
	if err != nil {
		_ = s.root.Remove(temp)
	}
	return err
}

// Took says that a result of a kind was taken from the directory.
func (s *Store) Took(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[kind]++
}

// Taken is how many results of a kind were taken from the directory.
func (s *Store) Taken(kind string) int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if set := s.sets[kind]; set != nil {
		return set.taken()
	}
	return s.taken[kind]
}

// Flush writes what is to be kept and is not written yet, takes away what is old
// or too much, and says what went wrong.
func (s *Store) Flush() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	sets := s.sets
	s.mu.Unlock()
	for _, set := range sets {
		set.save()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote {
		s.wrote = false
		s.prune()
	}
	if s.fault != nil {
		return fmt.Errorf("results are not kept in %s: %w", s.place, s.fault)
	}
	return nil
}

// Close releases the directory.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	return s.root.Close()
}
