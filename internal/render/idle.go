package render

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"

	"gate/internal/doc"
	"gate/internal/source"
)

// before are the objects that a build can meet, as they are before any layer
// and as they are built.
type before struct {
	objects []selectable
	texts   []string // of all scalars, sorted
}

// idleNotes look at every kustomization that was built for patches,
// replacements and images that change nothing.
func (s *scout) idleNotes(m *kustomizeMapping, r *Rendered) []Note {
	docs := slices.DeleteFunc(slices.Clone(s.built), func(d *source.Document) bool {
		top := doc.Map(d.Value)
		return top["patches"] == nil && top["patchesJson6902"] == nil && top["replacements"] == nil && top["images"] == nil
	})
	if len(docs) == 0 && len(doc.List(r.Unit.Overlay, "patches")) == 0 && len(doc.List(r.Unit.Overlay, "images")) == 0 {
		return nil
	}
	b := s.before(m, r)
	var out []Note
	for _, document := range docs {
		at := func(p ...any) source.Position {
			pos, _ := document.Locate(p)
			return pos
		}
		top := doc.Map(document.Value)
		out = append(out, unmatched("patch", "target", doc.List(top, "patches"), func(i int) source.Position { return at("patches", i, "target") }, b.objects)...)
		r.Unused = append(r.Unused, b.unusedPatches(m, document.File, doc.List(top, "patches"))...)
		r.Unused = append(r.Unused, b.unusedPatches(m, document.File, doc.List(top, "patchesJson6902"))...)
		out = append(out, b.images(doc.List(top, "images"), func(i int) source.Position { return at("images", i) })...)
		for i, e := range doc.List(top, "replacements") {
			if file := doc.Text(e, "path"); file != "" {
				out = append(out, b.replacementFile(m, path.Join(path.Dir(document.File), file))...)
				continue
			}
			out = append(out, b.replacement(doc.Map(e), func(p ...any) source.Position { return at(append([]any{"replacements", i}, p...)...) })...)
		}
	}
	here := func(int) source.Position { return r.Unit.Place }
	out = append(out, unmatched("patch", "target", doc.List(r.Unit.Overlay, "patches"), here, b.objects)...)
	return append(out, b.images(doc.List(r.Unit.Overlay, "images"), here)...)
}

func (s *scout) before(m *kustomizeMapping, r *Rendered) before {
	var b before
	seen := map[string]bool{}
	add := func(manifest map[string]any) {
		texts(manifest, seen)
		b.objects = append(b.objects, selectableOf(manifest))
	}
	for _, name := range s.resources { // a patch may have deleted an object
		for _, o := range m.objects(name) {
			add(o.manifest)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.made)) {
		for _, o := range m.made[name] {
			add(o.manifest)
		}
	}
	for _, o := range r.Objects {
		versions := []map[string]any{o.Manifest}
		built, ok := o.Locator.(*builtObject)
		if ok && built.base != nil {
			versions = append(versions, built.base.manifest)
		}
		s := selectableOf(versions...)
		s.generated = ok && built.base == nil
		b.objects = append(b.objects, s)
		texts(o.Manifest, seen)
	}
	for _, document := range s.built { // one layer may rename for the next
		for _, e := range doc.List(document.Value, "images") {
			seen[doc.Text(e, "newName")] = true
		}
		texts(doc.At(document.Value, "patches"), seen)
	}
	b.texts = slices.Sorted(maps.Keys(seen))
	return b
}

// texts collects the strings of a value.
func texts(v any, into map[string]bool) {
	switch v := v.(type) {
	case string:
		into[v] = true
	case []any:
		for _, e := range v {
			texts(e, into)
		}
	case map[string]any:
		for _, e := range v {
			texts(e, into)
		}
	}
}

// images returns notes about the entries whose image nothing uses.
func (b before) images(entries []any, place func(i int) source.Position) []Note {
	var out []Note
	for i, e := range entries {
		name := doc.Text(e, "name")
		re, err := regexp.Compile("^(?:" + name + ")(:[^/@]*)?(@.*)?$") // kustomize takes it for an expression, too
		if name == "" || err != nil || slices.ContainsFunc(b.texts, re.MatchString) {
			continue
		}
		out = append(out, Note{Place: place(i), Msg: fmt.Sprintf("the entry of images changes nothing: nothing uses image %q", name),
			Hint: "name the image as it is used, with its registry and without its tag, or remove the entry"})
	}
	return out
}

func (b before) replacement(e map[string]any, at func(...any) source.Position) []Note {
	return unmatched("replacement", "select", doc.List(e, "targets"), func(i int) source.Position { return at("targets", i) }, b.objects)
}

// replacementFile looks at the replacements in a file of their own: one, or a
// list.
func (b before) replacementFile(m *kustomizeMapping, file string) []Note {
	var out []Note
	data, err := m.in.tree.ReadFile(file)
	if err != nil {
		return nil
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return nil // kustomize has read it, so this does not happen
	}
	for _, d := range docs {
		at := func(p ...any) source.Position {
			pos, _ := d.Locate(p)
			return pos
		}
		if list, ok := d.Value.([]any); ok {
			for i, e := range list {
				out = append(out, b.replacement(doc.Map(e), func(p ...any) source.Position { return at(append([]any{i}, p...)...) })...)
			}
			continue
		}
		out = append(out, b.replacement(doc.Map(d.Value), at)...)
	}
	return out
}
