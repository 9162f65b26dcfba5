package decide

import (
	"slices"
	"strconv"
	"strings"

	"gate/internal/source"
)

// A finding of the head is one of the base if it says the same of the same
// thing: rule, environment, target, subject, field and words. The words are what
// a rule makes of the value that it judged, so that another value at the same
// field is another fault: who mends 10.0.0.0/8 to 0.0.0.0/0, or lets another
// image take the place of an unpinned one, brings something new. What does not
// make another fault:
//
//   - another name of what was renamed, in the subject and in the words;
//   - another index: a list was renumbered. The keys beside it stay, so that what
//     goes from one job, statement or policy to another is new;
//   - another version of what the words name: an image that nobody pins is the
//     same debt after its next update, and another image is not;
//   - another count of what a whole stack or repository holds;
//   - another object that speaks for its namespace;
//   - others that a rule over the whole tree names beside what the change leaves
//     alone: who uses a role as well.
//
// Of a secret the value counts that stands at its place, and not its subject,
// whose number is the order of all secrets of one file: another value under the
// same key is another secret, and the same value elsewhere is not. A finding that leads to
// more than the one of the base, or is more severe, is none of the base.

// likeness is in which way a finding of the base may be one of the head.
type likeness struct {
	name, index, version bool // that do not count in words and paths
	others               bool // words do not count, of rules that join the tree over what the change leaves alone
}

// likenesses are the ways, the surest first.
var likenesses = []likeness{
	{}, {name: true}, {index: true}, {name: true, index: true},
	{version: true}, {name: true, version: true}, {index: true, version: true}, {name: true, index: true, version: true},
}

// besideOthers is the last way, for rules over the whole tree only.
var besideOthers = likeness{others: true}

// counts says whether a finding of the head may be one of the base in some way.
func (r *ruling) counts(f *Finding, like likeness) bool {
	return !like.others || r.rules[f.Rule].Scope == "tree" && !r.Before.touched(f)
}

// side is where findings come from: the base, whose names lead to those of the
// head, or the head itself.
type side struct {
	*Before
	base  bool
	names map[string]string // of subjects that were renamed: from this side to the other
	said  map[string]string // messages without the secrets of both sides, once they are asked for
}

// sides are the base and the head.
func (b *Before) sides() (base, head side) {
	back := make(map[string]string, len(b.Renamed))
	for from, to := range b.Renamed {
		back[to] = from
	}
	return side{b, true, b.Renamed, map[string]string{}}, side{b, false, back, map[string]string{}}
}

// identity is what two findings have in common that are one.
func (s side) identity(f *Finding, like likeness) string {
	id, words, path := f.Subject.ID, s.words(f), f.Path
	if s.base {
		id = s.renamed(id)
	}
	if like.name {
		words, path = s.unnamed(f)
	}
	if like.index {
		id, path = withoutIndices(id), keys(path)
	}
	if like.version {
		words = withoutVersions(words)
	}
	if like.others {
		words = ""
	}
	if f.Subject.Kind == "stack" || f.Subject.Kind == "repository" {
		words = withoutCounts(words)
	}
	parts := []string{f.Rule, f.Environment, f.Target}
	switch value := s.value(f); {
	case secret(f) && like.name && value != "": // it is the same one, wherever it is kept now
		parts = append(parts, value)
	case secret(f):
		parts = append(parts, value, words)
	case like.name && path.String() == "metadata.namespace": // what is said of a namespace is said at one of its objects
		parts = append(parts, path.String(), words)
	default:
		parts = append(parts, id, path.String(), words)
	}
	return strings.Join(parts, "\x00")
}

// words are what a finding says, without what either side knows as a secret.
func (s side) words(f *Finding) string {
	if s.Redact == nil {
		return f.Message
	}
	words, known := s.said[f.Message]
	if !known {
		words = s.Redact(f.Message)
		s.said[f.Message] = words
	}
	return words
}

// value is what stands at the place of a secret; "" if that is not known.
func (s side) value(f *Finding) string {
	if !secret(f) {
		return ""
	}
	text := s.Is
	if s.base {
		text = s.Was
	}
	if text == nil || f.Location.Approximate {
		return ""
	}
	return text(f.Location.Position)
}

// secret says whether a finding is about a secret that stands in the open.
func secret(f *Finding) bool { return f.Subject.Kind == "secret" }

// renamed is the id that a subject has on the other side: that of its object with
// what stands around it, for a container, an assessment or a reference.
func (s side) renamed(id string) string {
	carrier, head, tail := s.carrier(id)
	if carrier == "" {
		return id
	}
	return head + s.names[carrier] + tail
}

// carrier finds the renamed subject in an id, and what stands around it.
func (s side) carrier(id string) (carrier, head, tail string) {
	if s.names[id] != "" {
		return id, "", ""
	}
	rest := bare(id)
	head = strings.TrimSuffix(id, rest)
	for end := len(rest); end > 0; end = strings.LastIndexAny(rest[:end], "/:") {
		if s.names[rest[:end]] != "" {
			return rest[:end], head, rest[end:]
		}
		if head == "" && end < len(rest) {
			break // a container stands right behind its object
		}
	}
	return "", "", ""
}

// derived are the ids that hold another one, behind so many fields.
var derived = []struct {
	text   string
	fields int
}{{"assessment:", 3}, {"reference:", 1}, {"secret:", 2}}

// bare is an id without what stands before the one that it holds.
func bare(id string) string {
	for _, prefix := range derived {
		if strings.HasPrefix(id, prefix.text) {
			parts := strings.SplitN(id, ":", prefix.fields+1)
			return parts[len(parts)-1]
		}
	}
	return id
}

// mark stands for a name that differs between the sides. It is of Unicode's
// private use area, so that nothing is called so.
const mark = "\ue000"

// unnamed are the words and the path of a finding with a mark for the names of
// its subject that differ between the sides, in what rules quote. Both names are
// marked on both sides: what is called as its subject was may keep the name. What
// runs is not called as its subject is.
func (s side) unnamed(f *Finding) (words string, path source.Path) {
	words, path = s.words(f), f.Path
	for _, id := range []string{f.Subject.ID, "file:" + f.Location.File} {
		carrier, _, _ := s.carrier(id)
		if carrier == "" {
			continue
		}
		own, other := names(carrier), names(s.names[carrier])
		for i := range min(len(own), len(other)) {
			if own[i] != other[i] {
				words = quoted(words, func(before, word string) string {
					if strings.HasSuffix(before, "image ") {
						return word
					}
					return source.ReplaceWord(source.ReplaceWord(word, own[i], mark), other[i], mark)
				})
			}
		}
	}
	if stack, ok := strings.CutPrefix(f.Subject.ID, "stack:"); ok {
		path = slices.Clone(path)
		for i, step := range path { // a module that was moved
			if address, ok := step.(string); ok && s.names["terraform:"+stack+":"+address] != "" {
				path[i] = mark
			}
		}
	}
	return words, path
}

// names are the names in the id of a subject, the longest first: the path of a
// file, the address of a resource, the stack or directory, the namespace and name
// of an object.
func names(id string) []string {
	if file, ok := strings.CutPrefix(id, "file:"); ok {
		return []string{file}
	}
	if rest, ok := strings.CutPrefix(id, "terraform:"); ok {
		stack, address, _ := strings.Cut(rest, ":")
		return []string{address, stack}
	}
	if stack, ok := strings.CutPrefix(id, "stack:"); ok {
		return []string{stack}
	}
	unit, object, _ := strings.Cut(id, "#")
	_, unit, _ = strings.Cut(unit, ":")
	path, release, _ := strings.Cut(unit, "@")
	parts := strings.Split(object, "/") // group, kind, namespace, name
	if len(parts) < 4 {
		return []string{path, release}
	}
	namespace, name := parts[2], strings.Join(parts[3:], "/")
	both := ""
	if namespace != "" {
		both = namespace + "/" + name
	}
	return []string{path, both, name, namespace}
}

// withoutVersions takes the tag from an image and the ref from an action, as
// words name them: image "NAME:TAG", "OWNER/NAME@REF". A digest is no version of
// something but its content.
func withoutVersions(text string) string {
	return quoted(text, func(before, word string) string {
		name, ref, ok := strings.Cut(word, "@")
		switch {
		case strings.ContainsAny(word, " \t"), strings.Contains(ref, ":"):
			return word
		case ok && strings.Contains(name, "/") && !strings.Contains(name, ":"):
			return name + "@"
		case ok || !strings.HasSuffix(before, "image "):
			return word
		}
		if name, tag, ok := cutLast(word, ":"); ok && !strings.Contains(tag, "/") { // else it is the port of a registry
			return name
		}
		return word
	})
}

// quoted changes what stands in double quotes; it is told what stands before.
func quoted(text string, change func(before, word string) string) string {
	parts := strings.Split(text, `"`)
	for i := 1; i < len(parts)-1; i += 2 {
		parts[i] = change(parts[i-1], parts[i])
	}
	return strings.Join(parts, `"`)
}

// withoutCounts takes the whole numbers away that stand outside of quotes.
func withoutCounts(text string) string {
	parts := strings.Split(text, `"`)
	for i := 0; i < len(parts); i += 2 {
		fields := strings.Fields(parts[i])
		for j, w := range fields {
			if _, err := strconv.Atoi(w); err == nil {
				fields[j] = "#"
			}
		}
		parts[i] = strings.Join(fields, " ")
	}
	return strings.Join(parts, `"`)
}

// keys are the steps of a path that name something, with a mark for each index.
func keys(p source.Path) source.Path {
	out := slices.Clone(p)
	for i, step := range out {
		if _, ok := step.(string); !ok {
			out[i] = -1
		}
	}
	return out
}

// withoutIndices takes the indices from the path in the id of a subject, and the
// values file that makes a permutation of a chart: the findings of all are one.
func withoutIndices(id string) string {
	if before, rest, ok := strings.Cut(id, "@ci/"); ok {
		if _, object, ok := strings.Cut(rest, "#"); ok {
			id = before + "@ci/#" + object
		}
	}
	var out strings.Builder
	for i := 0; i < len(id); i++ {
		out.WriteByte(id[i])
		if id[i] != '[' {
			continue
		}
		end := strings.IndexByte(id[i:], ']')
		if end < 0 {
			continue
		}
		if _, err := strconv.Atoi(id[i+1 : i+end]); err == nil {
			i += end - 1
		}
	}
	return out.String()
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
