package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gate/internal/source"
)

// Command writes the lock file.
const Command = "gate vendor --allow-network=helm"

// maxArchive is how many bytes an archive may have, packed.
const maxArchive = 32 << 20

// Options say what a Store may do.
type Options struct {
	Cache   string // directory; empty: nothing is kept
	Network bool   // fetch what the cache lacks
	// PlainLoopback allows http:// to this machine; for tests.
	PlainLoopback bool
}

// Store gets archives. It may be used from several goroutines.
type Store struct {
	o      Options
	client *client

	mu      sync.Mutex
	flights map[string]*flight // by digest
}

// flight is one archive: it is fetched once, and its failure is remembered.
type flight struct {
	mu  sync.Mutex
	err error
}

// New returns a Store.
func New(o Options) *Store {
	return &Store{o: o, client: newClient(o.PlainLoopback), flights: map[string]*flight{}}
}

// Archive returns the archive of a chart that lock names: from the cache, or
// else from its repository. Its sha256 is that of the lock. Errors are
// *source.Error without a place.
func (s *Store) Archive(ctx context.Context, lock *Lock, c Chart) ([]byte, error) {
	e, ok := lock.Find(c)
	if !ok {
		return nil, &source.Error{Msg: fmt.Sprintf("%s is not in %s", c, LockFile), Hint: "lock it: " + Command + ", and commit the file", Cause: source.CauseChart}
	}
	f := s.flight(e.SHA256)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	data, damaged := s.cached(e.SHA256)
	if data != nil {
		return data, nil
	}
	if !s.o.Network {
		msg, hint := "is not in the cache", "fetch it: --allow-network=helm"
		if damaged {
			msg, hint = "lies damaged in the cache", "fetch it again: --allow-network=helm"
		}
		return nil, &source.Error{Msg: fmt.Sprintf("%s %s; nothing is fetched", c, msg), Hint: hint, Cause: source.CauseChart}
	}
	data, err := s.download(ctx, e)
	if err != nil {
		err = &source.Error{Msg: fmt.Sprintf("%s cannot be fetched: %v", c, err), Hint: hintOf(err)}
	} else if sum := sumOf(data); sum != e.SHA256 {
		err = &source.Error{
			Msg:  fmt.Sprintf("%s is not what %s says: sha256 is %s, locked is %s", c, LockFile, sum, e.SHA256),
			Hint: "find out who changed the archive; if the change is wanted: " + Command + " --update",
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			f.err = err
		}
		return nil, err
	}
	s.keep(e.SHA256, data)
	return data, nil
}

func (s *Store) flight(sum string) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flights[sum]
	if f == nil {
		f = &flight{}
		s.flights[sum] = f
	}
	return f
}

func hintOf(err error) string {
	var status *statusError
	if errors.As(err, &status) && (status.code == http.StatusUnauthorized || status.code == http.StatusForbidden) {
		return "vendor a private chart: commit what helm pull --untar writes"
	}
	return "try again, or commit what helm pull --untar writes"
}

// download gets the archive of an entry.
func (s *Store) download(ctx context.Context, e Entry) ([]byte, error) {
	u, err := url.Parse(e.URL)
	if err != nil {
		return nil, errors.New("the address is no URL")
	}
	if isOCI(e.URL) {
		return s.client.registry(u).blob(ctx, e.SHA256)
	}
	data, _, err := s.client.get(ctx, u, nil, maxArchive)
	return data, err
}

func (s *Store) file(sum string) string {
	return filepath.Join(s.o.Cache, "charts", sum+".tgz")
}

// cached returns an archive of the cache if its bytes are right.
func (s *Store) cached(sum string) (data []byte, damaged bool) {
	if s.o.Cache == "" {
		return nil, false
	}
	f, err := os.Open(s.file(sum))
	if err != nil {
		return nil, !errors.Is(err, os.ErrNotExist)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxArchive {
		return nil, true
	}
	data, err = io.ReadAll(io.LimitReader(f, maxArchive+1))
	if err != nil || sumOf(data) != sum {
		return nil, true
	}
	return data, false
}

// keep writes an archive into the cache. A cache that cannot be written costs
// the next run a download, nothing else.
func (s *Store) keep(sum string, data []byte) {
	if s.o.Cache == "" {
		return
	}
	name := s.file(sum)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+sum[:16]+"-*")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// archiveURL is the address that an index names, which may be relative to it.
func archiveURL(index *url.URL, ref string) (*url.URL, error) {
	u, err := index.Parse(strings.TrimSpace(ref))
	if err != nil {
		return nil, errors.New("the index names an address that is no URL")
	}
	u.Fragment = ""
	return u, nil
}
