package render

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"gate/internal/results"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// The kinds of results that builds of kustomizations leave. What a build reads is
// known only when it has run: so the lookups of the last one are kept by
// directory, and what a build made by the digest of its lookups and their answers.
// A build that is asked the same and answered the same goes the same way: what it
// made is right whichever tree it was made from.
const (
	KustomizeBuilds  = "kustomize builds"
	kustomizeLookups = "kustomize lookups"
)

// build builds a kustomization, or takes what it was built to. Schemas that it
// selects are state of the process, and what charts are made from is not seen
// here: those are built each time.
func (s *Renderer) build(ctx context.Context, tfs *treeFS, dir string, sc *scout) ([]builtResource, error) {
	store := s.opts.Results
	if store == nil || sc.schema || len(sc.charts) > 0 {
		return runKustomize(ctx, tfs, dir, sc.schema)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if out, ok := taken(store, tfs, dir); ok {
		return out, nil
	}
	watched := &watchedFS{treeFS: tfs, answers: map[lookup]answer{}, read: map[string][]byte{}}
	out, err := runKustomize(ctx, watched, dir, false)
	if err == nil && s.mayKeep(watched, out) {
		watched.keep(store, dir, out)
	}
	return out, err
}

// taken returns what a kustomization was built to when all that is looked up was
// as it is now.
func taken(store *results.Store, tfs *treeFS, dir string) ([]builtResource, bool) {
	data, ok := store.Get(store.Key(kustomizeLookups, []byte(dir)))
	if !ok {
		return nil, false
	}
	var asked []lookup
	if json.Unmarshal(data, &asked) != nil {
		return nil, false
	}
	// Asked aside: what an older build read is no source of this one.
	aside := &input{tree: tfs.in.tree, virtual: tfs.in.virtual, sums: map[string]string{}}
	w := &watchedFS{treeFS: &treeFS{in: aside, dirs: tfs.dirs, replaced: tfs.replaced}, answers: map[lookup]answer{}}
	for _, l := range asked {
		w.ask(l)
	}
	if data, ok = store.Get(w.key(store, dir)); !ok {
		return nil, false
	}
	var out []builtResource
	if json.Unmarshal(data, &out) != nil {
		return nil, false
	}
	for name, sum := range aside.sums {
		tfs.in.noteSum(name, sum)
	}
	store.Took(KustomizeBuilds)
	return out, true
}

// mayKeep says whether nothing that a build read or made may hold a secret.
func (s *Renderer) mayKeep(w *watchedFS, out []builtResource) bool {
	for l := range w.answers {
		if strings.Contains(l.Path, "\n") { // text that kustomize tried as a path
			return false
		}
	}
	for name, data := range w.read {
		if !s.opts.Clean(name, data) {
			return false
		}
	}
	var all bytes.Buffer
	for _, b := range out {
		if b.Kind == "Secret" || strings.HasSuffix(b.Kind, "List") {
			return false
		}
		all.WriteString("---\n")
		all.WriteString(b.Text)
	}
	return utf8.Valid(all.Bytes()) && s.opts.Clean("kustomize.yaml", all.Bytes())
}

// answer is the digest of what was said.
type answer = [sha256.Size]byte

// lookup is something that a build asks of its tree.
type lookup struct {
	Of   string // method of filesys.FileSystem
	Path string
}

// watchedFS is a treeFS that remembers what it was asked and what it said.
type watchedFS struct {
	*treeFS
	answers map[lookup]answer
	read    map[string][]byte // by path in the tree; nil: contents are not remembered
}

// lookups are what was asked, sorted.
func (w *watchedFS) lookups() []lookup {
	return slices.SortedFunc(maps.Keys(w.answers), func(a, b lookup) int {
		return cmp.Or(strings.Compare(a.Of, b.Of), strings.Compare(a.Path, b.Path))
	})
}

// key is the digest of all that was asked and said.
func (w *watchedFS) key(store *results.Store, dir string) results.Key {
	parts := [][]byte{[]byte(dir)}
	for _, l := range w.lookups() {
		sum := w.answers[l]
		parts = append(parts, []byte(l.Of), []byte(l.Path), sum[:])
	}
	return store.Key(KustomizeBuilds, parts...)
}

func (w *watchedFS) keep(store *results.Store, dir string, out []builtResource) {
	asked, err := json.Marshal(w.lookups())
	if err != nil {
		return
	}
	made, err := json.Marshal(out)
	if err != nil {
		return
	}
	store.Put(w.key(store, dir), made)
	store.Put(store.Key(kustomizeLookups, []byte(dir)), asked)
}

// ask asks once more what a build asked.
func (w *watchedFS) ask(l lookup) {
	switch l.Of {
	case "IsDir":
		w.IsDir(l.Path)
	case "Exists":
		w.Exists(l.Path)
	case "CleanedAbs":
		_, _, _ = w.CleanedAbs(l.Path)
	case "ReadFile":
		_, _ = w.ReadFile(l.Path)
	case "ReadDir":
		_, _ = w.ReadDir(l.Path)
	case "Glob":
		_, _ = w.Glob(l.Path)
	}
}

func (w *watchedFS) said(of, p string, err error, parts ...[]byte) {
	fault := "-"
	if err != nil {
		fault = "+" + err.Error()
	}
	w.answers[lookup{of, p}] = results.Sum(append(parts, []byte(fault))...)
}

// IsDir is part of filesys.FileSystem.
func (w *watchedFS) IsDir(p string) bool {
	is := w.treeFS.IsDir(p)
	w.said("IsDir", p, nil, fmt.Append(nil, is))
	return is
}

// Exists is part of filesys.FileSystem.
func (w *watchedFS) Exists(p string) bool {
	is := w.treeFS.Exists(p)
	w.said("Exists", p, nil, fmt.Append(nil, is))
	return is
}

// CleanedAbs is part of filesys.FileSystem.
func (w *watchedFS) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	dir, name, err := w.treeFS.CleanedAbs(p)
	w.said("CleanedAbs", p, err, []byte(dir), []byte(name))
	return dir, name, err
}

// ReadFile is part of filesys.FileSystem.
func (w *watchedFS) ReadFile(p string) ([]byte, error) {
	data, err := w.treeFS.ReadFile(p)
	w.said("ReadFile", p, err, data)
	if rel, outside := w.rel(p); outside == nil && err == nil && w.read != nil {
		w.read[rel] = bytes.Clone(data)
	}
	return data, err
}

// Open is part of filesys.FileSystem.
func (w *watchedFS) Open(p string) (filesys.File, error) {
	data, err := w.ReadFile(p)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), name: path.Base(p), size: int64(len(data))}, nil
}

// ReadDir is part of filesys.FileSystem.
func (w *watchedFS) ReadDir(p string) ([]string, error) {
	names, err := w.treeFS.ReadDir(p)
	w.said("ReadDir", p, err, inBytes(names)...)
	return names, err
}

// Glob is part of filesys.FileSystem.
func (w *watchedFS) Glob(pattern string) ([]string, error) {
	names, err := w.treeFS.Glob(pattern)
	w.said("Glob", pattern, err, inBytes(names)...)
	return names, err
}

func inBytes(list []string) [][]byte {
	out := make([][]byte, len(list))
	for i, t := range list {
		out[i] = []byte(t)
	}
	return out
}
