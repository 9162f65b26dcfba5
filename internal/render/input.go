package render

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"gate/internal/source"
)

// input is what one unit reads: every read is remembered for the closure.
type input struct {
	tree source.Tree
	// run is the context of the whole run, in which positions are asked for
	// when the unit's own time is over; nil: none are.
	run  context.Context
	mu   sync.Mutex
	sums map[string]string // path -> sha256 of the content
	// repeats are the keys that stand twice in the values that it reads.
	repeats []source.Repeat
	// virtual are files that a controller would make.
	virtual map[string][]byte
}

// exists says whether there is a file, made ones included.
func (in *input) exists(name string) bool {
	if _, ok := in.virtual[name]; ok {
		return true
	}
	_, ok := in.tree.Lookup(name)
	return ok
}

// make adds a file that only this unit sees.
func (in *input) make(name string, data []byte) {
	if in.virtual == nil {
		in.virtual = map[string][]byte{}
	}
	in.virtual[name] = data
}

// read returns a file and remembers it. Faults are *source.Error.
func (in *input) read(name string) ([]byte, error) {
	if data, ok := in.virtual[name]; ok {
		return data, nil
	}
	data, err := in.tree.ReadFile(name)
	if err != nil {
		return nil, ReadError(name, err)
	}
	in.note(name, data)
	return data, nil
}

func (in *input) note(name string, data []byte) {
	sum := sha256.Sum256(data)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.sums[name] = hex.EncodeToString(sum[:])
}

func (in *input) noteSum(name, sum string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.sums[name] = sum
}

func ReadError(name string, err error) error {
	e := &source.Error{Position: source.Position{File: name}, Msg: "cannot be read: " + err.Error()}
	switch {
	case errors.Is(err, source.ErrEscapes):
		e.Msg = "leaves the repository, so it is not read"
		e.Hint = "copy what it points to into the repository"
	case errors.Is(err, source.ErrTooLarge):
		e.Msg = "is above the size limit"
	case strings.HasSuffix(err.Error(), "is a directory"): // a link to one
		e.Msg = "is a link to a directory, which is not followed"
		e.Hint = "commit a copy, or name the chart as a file:// dependency"
	}
	return &fault{at: e, cause: err}
}

// fault is a *source.Error with its cause.
type fault struct {
	at    *source.Error
	cause error
}

// Error returns the place and the message.
func (f *fault) Error() string { return f.at.Error() }

// Unwrap returns the place-bearing error and what caused it.
func (f *fault) Unwrap() []error { return []error{f.at, f.cause} }

// closure returns the files that were read and their digest: sha256 over
// sorted "mode path sha256" lines, mode as git writes it.
func (in *input) closure() ([]string, string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	names := make([]string, 0, len(in.sums))
	for n := range in.sums {
		names = append(names, n)
	}
	sort.Strings(names)
	lines := make([]string, 0, len(names))
	for _, n := range names {
		mode := "100644"
		if e, ok := in.tree.Lookup(n); ok {
			switch {
			case e.Symlink:
				mode = "120000"
			case e.Executable:
				mode = "100755"
			}
		}
		lines = append(lines, fmt.Sprintf("%s %s %s\n", mode, source.LineName(n), in.sums[n]))
	}
	sort.Strings(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return names, hex.EncodeToString(sum[:])
}

// digest is sha256 over the objects, one line of canonical JSON each.
func digest(objects []Object) (string, error) {
	h := sha256.New()
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	for _, o := range objects {
		line.Reset()
		if err := enc.Encode(o.Manifest); err != nil {
			return "", fmt.Errorf("digest of an object of %s: %w", o.File, err)
		}
		h.Write(line.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
