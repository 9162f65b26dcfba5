package discover

import (
	"bytes"
	"errors"
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// foreignTemplate is why a file is not judged by itself that another tool makes
// a manifest of. Whoever takes the file as it stands, a controller or a
// kustomization, fails to read it, and so does the unit.
const foreignTemplate = "a template of another tool, not judged"

// templateName is the name of what a template makes, by the endings that
// templates have beside it; "" if the name is that of none.
func templateName(file string) string {
	switch ext := path.Ext(file); strings.ToLower(ext) {
	case ".j2", ".jinja", ".jinja2":
		return strings.TrimSuffix(file, ext)
	}
	return ""
}

// isTemplate says whether a text that no reader of YAML gets through is a
// template: without its actions it is YAML. What stands before the first of them
// is applied by those who read one document after the other: nothing of that may
// be an object.
func isTemplate(file string, data []byte) bool {
	docs, err := source.ParseLenient(file, data)
	if err == nil || nameable(docs) || objectBefore(file, data, err) {
		return false
	}
	text, found := withoutActions(data)
	if !found {
		return false
	}
	_, err = source.ParseLenient(file, text)
	return err == nil
}

// maxCuts bounds how often a text is read again without its last documents.
const maxCuts = 4

// objectBefore says whether an object stands before the document that cannot be
// read, or may: the reader of a whole text fails on the line behind an object
// already, so that what stands before the fault is read by itself.
func objectBefore(file string, data []byte, err error) bool {
	for range maxCuts {
		var at *source.Error
		if !errors.As(err, &at) {
			return true
		}
		cut := bytes.LastIndex(upTo(data, at.Line+1), []byte("\n---")) // its line may be told one too low, the first as none
		if cut < 0 {
			return false
		}
		data = data[:cut+1]
		var docs []*source.Document
		if docs, err = source.ParseLenient(file, data); nameable(docs) {
			return true
		}
		if err == nil {
			return false
		}
	}
	return true
}

// upTo are the first lines of a text.
func upTo(data []byte, lines int) []byte {
	end := 0
	for range lines {
		n := bytes.IndexByte(data[end:], '\n')
		if n < 0 {
			return data
		}
		end += n + 1
	}
	return data[:end]
}

// nameable says whether an API server could take at least one of the objects,
// as far as the fields tell that say what it is: an action of a template can
// stand in none of them.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
func nameable(docs []*source.Document) bool {
	for _, d := range docs {
		if holdsObjects(d.Value) || lists(d.Value) {
			return true
		}
		group, kind, ok := object(d.Value)
		switch name := doc.Text(d.Value, "metadata", "name"); {
		case !ok || acts(doc.Text(d.Value, "apiVersion")) || acts(kind):
		case !acts(name) || pathNamed[group] && !strings.ContainsAny(name, "/%"):
			return true
		}
	}
	return false
}

// pathNamed are the groups of whose names an API server asks no more than that
// they can stand in a path.
var pathNamed = map[string]bool{"rbac.authorization.k8s.io": true, "certificates.k8s.io": true}

// acts says whether an action begins in a text.
func acts(text string) bool { return strings.Contains(text, "{{") || strings.Contains(text, "{%") }

// The words that begin and divide blocks of Jinja and Go templates; what begins
// with "end" ends one.
// https://jinja.palletsprojects.com/templates/#list-of-control-structures
// https://pkg.go.dev/text/template#hdr-Actions
var (
	opening  = wordSet("if for macro call filter block raw with autoescape trans range define")
	dividing = wordSet("else elif")
	plain    = wordSet("set include import from extends do break continue template")
)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// withoutActions is a template with a word in the place of each value that it
// fills in, and of each block its first branch. found says whether there is an
// action.
func withoutActions(data []byte) (text []byte, found bool) {
	var out bytes.Buffer
	depth, dropped := 0, 0 // of the block in hand, and of the one whose other branches are passed over
	write := func(b []byte) {
		if dropped == 0 {
			out.Write(b)
		}
	}
	for start, i := 0, 0; ; {
		next := bytes.IndexByte(data[i:], '{')
		if next < 0 {
			write(data[start:])
			return out.Bytes(), found
		}
		i += next
		end := actionEnd(data[i:])
		if end == 0 {
			i++
			continue
		}
		found = true
		write(data[start:i])
		action := data[i : i+end]
		alone := blank(data[bytes.LastIndexByte(data[:i], '\n')+1:i]) && blank(line(data[i+end:]))
		switch word := firstWord(action); {
		case action[1] == '#':
		case strings.HasPrefix(word, "end"):
			if depth > 0 {
				depth--
			}
			if depth < dropped {
				dropped = 0
			}
		case opening[word]:
			depth++
		case dividing[word]:
			if dropped == 0 {
				dropped = depth
			}
		case action[1] == '{' && !alone && !plain[word]:
			write([]byte("x"))
		}
		i += end
		start = i
	}
}

// actionEnd is the length of the action that a text begins with, 0 if it begins
// with none.
func actionEnd(text []byte) int {
	if len(text) < 4 {
		return 0
	}
	var closing string
	switch text[1] {
	case '{':
		closing = "}}"
	case '%':
		closing = "%}"
	case '#':
		closing = "#}"
	default:
		return 0
	}
	n := bytes.Index(text[2:], []byte(closing))
	if n < 0 {
		return 0
	}
	return 2 + n + len(closing)
}

// firstWord is the word that an action begins with.
func firstWord(action []byte) string {
	text := bytes.TrimLeft(action[2:], "-+~ \t\r\n")
	n := bytes.IndexFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
	return string(text[:max(n, 0)])
}

func line(text []byte) []byte {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return first
}

func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }
