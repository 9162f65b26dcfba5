package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// where is the subject of a result and the path there: what the policy says in "_loc",
// as conftest knows it, a line of the file or a path, or as "path" beside the message or
// below "details", if the document has such a place. Without any the document itself is
// meant. Of combined documents "_loc" names one by its file.
func (a *askedDocument) where(fields map[string]any) (subject string, at source.Path) {
	loc, _ := fields["_loc"].(map[string]any)
	details, _ := fields["details"].(map[string]any)
	d := a.Document
	file, named := loc["file"].(string)
	file = strings.TrimPrefix(file, "/")
	for i := range d.parts {
		if d.parts[i].File == file {
			d = &d.parts[i]
			break
		}
	}
	for _, m := range []map[string]any{loc, fields, details} {
		at, ok := pathOf(m["path"])
		if _, there := doc.Lookup(d.Value, at...); ok && len(at) > 0 && there {
			return d.ID, append(d.Prefix[:len(d.Prefix):len(d.Prefix)], at...)
		}
	}
	if line, ok := wholeNumber(loc["line"]); ok && d.Origin != nil && (!named || file == d.File) {
		return d.ID, append(d.Prefix[:len(d.Prefix):len(d.Prefix)], atLine(d, line)...)
	}
	return d.ID, d.Prefix
}

// atLine is the outermost path that begins in a line, else the last one that begins
// before it.
func atLine(d *Document, line int) (found source.Path) {
	best := 0
	var walk func(v any, at source.Path)
	visit := func(v any, at source.Path) {
		if p := d.Origin.Locate(at).Position; !p.Approximate && p.File == d.File && p.Line > best && p.Line <= line {
			best, found = p.Line, slices.Clone(at)
		}
		walk(v, at)
	}
	walk = func(v any, at source.Path) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				visit(v[k], append(at, k))
			}
		case []any:
			for i, e := range v {
				visit(e, append(at, i))
			}
		}
	}
	walk(d.Value, nil)
	return found
}

// named gives the documents of one file their prefixes, and says where they are: kind
// and name where only one has them, else how many stand before it.
func named(docs []Document, known, places source.Index) {
	byID := map[string][]int{}
	for i, d := range docs {
		byID[d.ID] = append(byID[d.ID], i)
	}
	for id, list := range byID {
		if len(list) > 1 {
			count := map[string]int{}
			for _, i := range list {
				count[title(docs[i].Value)]++
			}
			for n, i := range list {
				if name := title(docs[i].Value); name != "" && count[name] == 1 {
					docs[i].Prefix = source.Path{name}
				} else {
					docs[i].Prefix = source.Path{n}
				}
			}
		}
		if docs[list[0]].Origin != nil {
			places[id] = located(docs, list, known[id])
		}
	}
}

// title is what the documents of a file are told apart by.
func title(document any) string {
	kind, name := doc.Text(document, "kind"), doc.Text(document, "metadata", "name")
	if kind == "" || name == "" {
		return ""
	}
	if ns := doc.Text(document, "metadata", "namespace"); ns != "" {
		name = ns + "/" + name
	}
	return kind + "/" + name
}

// located leads to the documents of one file. What is no place of theirs stands where it
// stood before, but for a file that was only known as a whole.
func located(docs []Document, list []int, before source.Locator) source.Locator {
	return source.LocatorFunc(func(at source.Path) source.Location {
		for _, i := range list {
			if n := len(docs[i].Prefix); n > 0 && len(at) >= n && docs[i].Prefix.String() == at[:n].String() {
				return inDocument(docs[i].Origin, at[n:])
			}
		}
		if before != nil {
			if l := before.Locate(at); len(at) > 0 && len(docs[list[0]].Prefix) > 0 || !l.Approximate {
				return l
			}
		}
		return inDocument(docs[list[0]].Origin, at)
	})
}

// inDocument is a place in a document. Where a policy names none it is about the document
// as a whole: two things that it says there are two, though they stand at one line.
func inDocument(origin source.Locator, at source.Path) source.Location {
	l := origin.Locate(at)
	l.Approximate = l.Approximate || len(at) == 0
	return l
}

// pathOf reads the forms in which policies write a path: ["spec", "ports", 0],
// spec.ports[0], and /spec/ports/0 (RFC 6901).
func pathOf(v any) (source.Path, bool) {
	switch v := v.(type) {
	case []any:
		out := make(source.Path, 0, len(v))
		for _, e := range v {
			switch e := e.(type) {
			case string:
				out = append(out, e)
			default:
				n, ok := wholeNumber(e)
				if !ok {
					return nil, false
				}
				out = append(out, n)
			}
		}
		return out, true
	case string:
		if pointer, ok := strings.CutPrefix(v, "/"); ok {
			var out source.Path
			for e := range strings.SplitSeq(pointer, "/") {
				out = append(out, element(strings.NewReplacer("~1", "/", "~0", "~").Replace(e)))
			}
			return out, true
		}
		return dotted(v)
	}
	return nil, false
}

// dotted reads spec.ports[0].name and metadata.labels["app.kubernetes.io/name"].
func dotted(text string) (out source.Path, ok bool) {
	for text != "" {
		if text[0] == '[' {
			end := strings.IndexByte(text, ']')
			if end < 0 {
				return nil, false
			}
			inner := text[1:end]
			if quoted := strings.Trim(inner, `"'`); quoted != inner {
				out = append(out, quoted)
			} else {
				out = append(out, element(inner))
			}
			text = strings.TrimPrefix(text[end+1:], ".")
			continue
		}
		end := strings.IndexAny(text, ".[")
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return nil, false
		}
		out = append(out, element(text[:end]))
		text = strings.TrimPrefix(text[end:], ".")
	}
	return out, len(out) > 0
}

// element is an index where it is written as one.
func element(text string) any {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && strconv.Itoa(n) == text {
		return n
	}
	return text
}

// wholeNumber is a number of Rego that is an index or a line.
func wholeNumber(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return int(i), err == nil && i >= 0
}
