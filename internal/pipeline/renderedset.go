package pipeline

import (
	"crypto/sha256"
	"fmt"
	"reflect"

	"gate/internal/attest"
	"gate/internal/facts"
	"gate/internal/printed"
	"gate/internal/render"
)

// written is an object as gate render --out writes it.
type written struct {
	scope facts.Scope
	file  string
	sum   [sha256.Size]byte
	fault error // why those bytes are not what is applied
}

// writeAll are all objects as they would be written.
func writeAll(got *render.Collected) []written {
	var out []written
	for _, o := range got.Objects {
		w := written{scope: o.Scope, file: printed.File(o.ID)}
		text, err := printed.YAML(o.Manifest)
		if w.fault = err; err == nil && !reflect.DeepEqual(o.Manifest, got.Raw[o.ID]) {
			w.fault = fmt.Errorf("%s holds a secret, which gate render does not write: what is applied is something else", o.ID)
		}
		w.sum = sha256.Sum256([]byte(text))
		out = append(out, w)
	}
	return out
}

// renderedSet is the subject of what gate render --out writes for a scope: the bytes that
// are applied where a rendered branch or directory is; nil if nothing is rendered there.
// What is written without its secrets, or differs from run to run, is none.
func (c *chain) renderedSet(covers func(facts.Scope) bool) (*attest.Artifact, error) {
	for _, u := range c.facts().Units {
		switch {
		case !covers(u.Scope):
		case u.Variant != nil:
			return nil, fmt.Errorf("%s is judged in variants, as it is not fixed what it is rendered with: no set of bytes is applied", u.ID)
		case u.Seeded:
			return nil, fmt.Errorf("%s makes random values: what is rendered is another set with each run", u.ID)
		case !u.Rendered:
			return nil, fmt.Errorf("%s was not rendered, as the change does not reach it: leave out --changed-only", u.ID)
		}
	}
	files := map[string][sha256.Size]byte{}
	for _, w := range c.rendered.written {
		if !covers(w.scope) {
			continue
		}
		if w.fault != nil {
			return nil, w.fault
		}
		files[w.file] = w.sum
	}
	if len(files) == 0 {
		return nil, nil
	}
	set := attest.CloseContents(attest.SubjectRendered, files)
	return &set, nil
}
