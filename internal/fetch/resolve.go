package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"gate/internal/source"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"
)

// maxIndex is how many bytes the index of a repository may have.
const maxIndex = 32 << 20

// Resolver finds the charts that a tree asks for and remembers what it found,
// for a new lock file. It may be used from several goroutines.
type Resolver struct {
	store *Store
	old   *Lock // nil: everything is looked up anew

	mu      sync.Mutex
	found   map[Entry]bool
	indexes map[string]*index
}

// Resolver returns a Resolver. Charts that old has are taken from there.
func (s *Store) Resolver(old *Lock) *Resolver {
	return &Resolver{store: s, old: old, found: map[Entry]bool{}, indexes: map[string]*index{}}
}

// Archive returns the archive of a chart and remembers its entry. Errors are
// *source.Error without a place.
func (r *Resolver) Archive(ctx context.Context, c Chart) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.old != nil {
		if e, ok := r.old.Find(c); ok {
			r.found[e] = true
			return r.store.Archive(ctx, r.old, c)
		}
	}
	e, err := r.resolve(ctx, c)
	if err != nil {
		return nil, &source.Error{Msg: fmt.Sprintf("%s cannot be found: %v", c, err), Hint: hintOf(err)}
	}
	data, err := r.store.Archive(ctx, &Lock{Entries: []Entry{e}}, Chart{e.Repository, e.Name, e.Version})
	if err == nil {
		r.found[e] = true
	}
	return data, err
}

// Lock is what was found.
func (r *Resolver) Lock() *Lock {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &Lock{}
	for e := range r.found {
		l.Entries = append(l.Entries, e)
	}
	return l
}

// resolve looks a chart up in its repository.
func (r *Resolver) resolve(ctx context.Context, c Chart) (Entry, error) {
	u, err := repositoryURL(c.Repository)
	if err != nil {
		return Entry{}, fmt.Errorf("the repository %w", err)
	}
	if !chartName().MatchString(c.Name) {
		return Entry{}, errors.New("the name is no chart name")
	}
	if isOCI(c.Repository) {
		return r.inRegistry(ctx, u, c)
	}
	idx, err := r.index(ctx, u)
	if err != nil {
		return Entry{}, err
	}
	list := idx.Entries[c.Name]
	at := -1
	for i, v := range list {
		if v.Version == c.Version {
			at = i
			break
		}
	}
	if at < 0 {
		at = newest(len(list), func(i int) string { return list[i].Version }, c.Version)
	}
	if at < 0 || len(list[at].URLs) == 0 {
		return Entry{}, errors.New("the index of the repository has no such version")
	}
	archive, err := archiveURL(idx.base, list[at].URLs[0])
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Repository: trim(c.Repository), Name: c.Name, Version: list[at].Version, URL: archive.String()}
	if isOCI(e.URL) {
		return Entry{}, errors.New("the index leads to a registry; name that as the repository")
	}
	data, _, err := r.store.client.get(ctx, archive, nil, maxArchive)
	if err != nil {
		return Entry{}, err
	}
	e.SHA256 = sumOf(data)
	if listed := strings.TrimPrefix(list[at].Digest, "sha256:"); listed != "" && listed != e.SHA256 {
		return Entry{}, fmt.Errorf("the archive has sha256 %s, the index says %s", e.SHA256, listed)
	}
	if field, msg := e.check(); msg != "" {
		return Entry{}, fmt.Errorf("%s %s", field, msg)
	}
	r.store.keep(e.SHA256, data)
	return e, nil
}

// index is the part of a repository's index.yaml that is needed.
type index struct {
	base    *url.URL
	Entries map[string][]struct {
		Version string   `json:"version"`
		URLs    []string `json:"urls"`
		Digest  string   `json:"digest"`
	} `json:"entries"`
}

func (r *Resolver) index(ctx context.Context, repository *url.URL) (*index, error) {
	u := repository.JoinPath("index.yaml")
	if have := r.indexes[u.String()]; have != nil {
		return have, nil
	}
	data, _, err := r.store.client.get(ctx, u, nil, maxIndex)
	if err != nil {
		return nil, fmt.Errorf("index.yaml: %w", err)
	}
	idx := &index{base: u}
	if err := yaml.Unmarshal(data, idx); err != nil {
		return nil, errors.New("index.yaml of the repository is no YAML")
	}
	r.indexes[u.String()] = idx
	return idx, nil
}

// inRegistry looks a chart up in a registry. A plus in a version is an
// underscore in its tag.
func (r *Resolver) inRegistry(ctx context.Context, u *url.URL, c Chart) (Entry, error) {
	u = u.JoinPath(c.Name)
	reg := r.store.client.registry(u)
	e := Entry{Repository: trim(c.Repository), Name: c.Name, Version: c.Version, URL: u.String()}
	if _, err := semver.StrictNewVersion(c.Version); err != nil {
		tags, err := reg.tags(ctx)
		if err != nil {
			return Entry{}, err
		}
		at := newest(len(tags), func(i int) string { return strings.ReplaceAll(tags[i], "_", "+") }, c.Version)
		if at < 0 {
			return Entry{}, errors.New("the registry has no such version")
		}
		e.Version = strings.ReplaceAll(tags[at], "_", "+")
	}
	sum, err := reg.chart(ctx, strings.ReplaceAll(e.Version, "+", "_"))
	if err != nil {
		return Entry{}, err
	}
	e.SHA256 = sum
	if field, msg := e.check(); msg != "" {
		return Entry{}, fmt.Errorf("%s %s", field, msg)
	}
	return e, nil
}
