package policy

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/parsers"
	"gate/internal/source"
)

// documents are what an entry's policies judge: the files that it matches, as
// conftest reads them, rendered objects without secret values, or plans. What
// cannot be read is in the ledger, and does not keep the others from being judged.
func (o *Organisation) documents(places source.Index) (docs []Document, unread []facts.Entry) {
	switch o.Entry.Documents {
	case "rendered":
		for _, x := range o.Facts.Objects {
			if file := o.Places[x.ID].Locate(nil).File; o.matches(file) {
				d := Document{ID: x.ID, File: file, Value: x.Manifest, Origin: o.Places[x.ID]}
				if whole, ok := o.Raw[x.ID]; ok {
					d = o.shown(d, whole)
				}
				docs = append(docs, d)
			}
		}
		return docs, nil
	case "plan":
		return o.plans()
	}
	r := reading{Organisation: o, places: places, seen: map[string]bool{}}
	for _, e := range o.Tree.Entries() {
		r.entry(e)
	}
	r.nothing()
	return r.docs, r.unread
}

// ignores says whether the entry leaves a file out, as conftest --ignore does.
func (o *Organisation) ignores(file string) bool {
	return o.ignored != nil && o.ignored.MatchString(file)
}

func (o *Organisation) matches(file string) bool {
	return !o.ignores(file) && (len(o.Entry.Match) == 0 || slices.ContainsFunc(o.Entry.Match, func(g string) bool { return config.Match(g, file) }))
}

// plans are the plans of the stacks that match, as they were handed in.
func (o *Organisation) plans() (docs []Document, unread []facts.Entry) {
	for _, s := range o.Facts.Terraform.Stacks {
		if !s.Plan || !o.matches(s.Path) {
			continue
		}
		file := path.Join(s.Path, "plan.json")
		d := Document{ID: s.ID, File: file}
		var whole any
		var err error
		if d.Value, err = o.Plans(s.Path, false); err == nil && o.Entry.Secrets {
			whole, err = o.Plans(s.Path, true)
		}
		if err != nil {
			unread = append(unread, o.unreadable(file, err))
			continue
		}
		docs = append(docs, o.shown(d, whole))
	}
	return docs, unread
}

// unreadable is the ledger's entry of a document that cannot be read.
func (o *Organisation) unreadable(file string, err error) facts.Entry {
	e := o.Failed(err)
	e.Place = source.Position{File: file}
	if fault, ok := err.(*source.Error); ok && fault.File == file {
		e.Place, e.Reason = fault.Position, fault.Msg
	}
	return e
}

// reading collects the documents of the files of an entry.
type reading struct {
	*Organisation
	places  source.Index
	docs    []Document
	unread  []facts.Entry
	seen    map[string]bool // files, by their real path
	skipped []string        // that match, and that no parser takes
}

// entry reads a file that the entry is about. A link stands for what it leads to, as
// it does to conftest.
func (r *reading) entry(e source.Entry) {
	if !e.Symlink {
		r.file(e.Path, e.Path)
		return
	}
	if r.excludes(e.Path) {
		return
	}
	real, err := r.real(e)
	if err != nil {
		r.broken(e, err)
		return
	}
	if _, isFile := r.Tree.Lookup(real); isFile {
		r.file(e.Path, real)
		return
	}
	below := source.Below(r.Tree, real)
	if len(below) == 0 {
		r.broken(e, fmt.Errorf("read %s: %w", e.Path, fs.ErrNotExist))
	}
	for _, f := range below {
		if !f.Symlink {
			r.file(path.Join(e.Path, strings.TrimPrefix(f.Path, real)), f.Path)
		}
	}
}

// broken is a link that leads to nothing that can be read.
func (r *reading) broken(e source.Entry, err error) {
	if want, _ := r.wants(e.Path); want {
		r.unread = append(r.unread, r.unreadable(e.Path, err))
	}
}

// real is the path that a link leads to.
func (r *reading) real(e source.Entry) (string, error) {
	links, ok := r.Tree.(interface{ Link(string) (string, error) })
	if !ok {
		return e.Path, nil
	}
	at := e.Path
	for range maxLinks {
		text, err := links.Link(at)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", e.Path, err)
		}
		to, inside := source.Join(path.Dir(at), text)
		if !inside || path.IsAbs(text) {
			return "", fmt.Errorf("read %s: %w", e.Path, source.ErrEscapes)
		}
		if next, ok := r.Tree.Lookup(to); !ok || !next.Symlink {
			return to, nil
		}
		at = to
	}
	return "", fmt.Errorf("read %s: it leads to more than %d links", e.Path, maxLinks)
}

// maxLinks is how many links may lead from one to the other, as on Linux.
const maxLinks = 40

// file reads a file that is wanted by the name that leads to it.
func (r *reading) file(name, file string) {
	want, named := r.wants(name)
	if !want || r.seen[file] || r.excludes(file) {
		return
	}
	if name != file {
		if own, _ := r.wants(file); own {
			return // it is read by its own name
		}
	}
	parser := r.Entry.Parser
	if !named && !parsers.Knows(name) {
		r.skipped = append(r.skipped, file)
		return
	}
	r.seen[file] = true
	parts, err := r.parts(file, parser)
	if err != nil {
		if len(r.Entry.Match) == 0 && strings.Contains(file, "/templates/") {
			return // a template is no YAML before it is rendered
		}
		r.unread = append(r.unread, r.unreadable(file, err))
		return
	}
	for _, p := range parts {
		r.docs = append(r.docs, r.document("file:"+file, file, p.Value, p.Origin))
	}
	if _, ok := r.Places["file:"+file]; !ok {
		r.places["file:"+file] = source.Fixed(source.Position{File: file, Line: 1, Approximate: true})
	}
}

func (r *reading) parts(file, parser string) ([]parsers.Part, error) {
	if err := r.Unread[file]; err != nil {
		return nil, err
	}
	data, err := r.Tree.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	f := parsers.File{Path: file, Data: data, Parser: parser, Tree: r.Tree}
	if r.Reading != nil && !f.Bounded() {
		defer r.Reading(file)()
	}
	return parsers.Read(f)
}

// wants says whether the entry is about a file. named says that the file is meant by
// itself, by its name or its ending: it has to be read. Without match, and where a
// glob ends in * or **, files are taken as conftest takes those of a directory: the
// ones whose names a parser knows.
func (r *reading) wants(file string) (want, named bool) {
	if len(r.Entry.Match) == 0 {
		return parsers.Knows(file), false
	}
	for _, g := range r.Entry.Match {
		if config.Match(g, file) {
			want = true
			named = named || strings.Trim(path.Base(g), "*") != ""
		}
	}
	return want, named
}

func (r *reading) excludes(file string) bool {
	return r.Excluded != nil && r.Excluded(file) || r.ignores(file)
}

// nothing says that files match and that none of them is judged.
func (r *reading) nothing() {
	if len(r.docs)+len(r.unread) > 0 || len(r.skipped) == 0 {
		return
	}
	r.unread = append(r.unread, r.unreadable(r.skipped[0], &source.Error{
		Position: source.Position{File: r.skipped[0]},
		Msg:      fmt.Sprintf("no parser reads files of that name, nor any other of the %d files that match; name one with \"parser\"", len(r.skipped)),
	}))
}
