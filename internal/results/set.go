package results

import (
	"crypto/sha256"
	"sync"
)

// Set is a set of digests that is one entry: of facts that are only true, a file
// for each would cost more than to find them out. A nil Set is empty and stays so.
type Set struct {
	store *Store
	key   Key
	load  func() map[digest]bool // what lies in the directory

	mu    sync.Mutex
	used  map[digest]bool // of those that were there
	added map[digest]bool
}

type digest = [sha256.Size]byte

// maxDigests is how many fit into an entry.
const maxDigests = maxPayload / sha256.Size

// Set returns the set of a kind.
func (s *Store) Set(kind string) *Set {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.sets[kind]
	if set == nil {
		set = &Set{store: s, key: s.Key(kind), used: map[digest]bool{}, added: map[digest]bool{}}
		set.load = sync.OnceValue(func() map[digest]bool {
			data, _ := s.Get(set.key)
			return digests(data)
		})
		s.sets[kind] = set
	}
	return set
}

// digests are those in a payload; none if it is not made of digests.
func digests(payload []byte) map[digest]bool {
	out := make(map[digest]bool, len(payload)/sha256.Size)
	if len(payload)%sha256.Size != 0 {
		return out
	}
	for ; len(payload) > 0; payload = payload[sha256.Size:] {
		out[digest(payload)] = true
	}
	return out
}

// Has says whether a digest is in the set.
func (s *Set) Has(d [sha256.Size]byte) bool {
	if s == nil {
		return false
	}
	there := s.load()[d]
	s.mu.Lock()
	defer s.mu.Unlock()
	if there {
		s.used[d] = true
	}
	return there || s.added[d]
}

// Add puts a digest into the set.
func (s *Set) Add(d [sha256.Size]byte) {
	if s == nil || s.load()[d] {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added[d] = true
}

// taken is how many of the digests that were asked for lay in the directory.
func (s *Set) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.used)
}

// save writes the set if it has grown: what this run has seen, and as much as
// fits of what others have.
func (s *Set) save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.added) == 0 {
		return
	}
	there, _ := s.store.read(s.key) // as it is now, whatever may be taken from it
	payload := make([]byte, 0, len(there)+sha256.Size*(len(s.added)+len(s.used)))
	seen := map[digest]bool{}
	for _, list := range []map[digest]bool{s.added, s.used, digests(there)} {
		for d := range list {
			if !seen[d] && len(seen) < maxDigests {
				seen[d] = true
				payload = append(payload, d[:]...)
			}
		}
	}
	s.store.Put(s.key, payload)
	clear(s.added)
}
