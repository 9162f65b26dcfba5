package render

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"gate/internal/source"
)

// telling are the places where kustomize repeats its input, which may be a
// secret, and what is said instead.
var telling = []struct {
	found func() *regexp.Regexp
	text  string
}{
	{compiled(`(?s)literal sources \[.*\]: invalid literal source .*, expected key=value`), "a literal is not key=value"},
	{compiled(`(?s)file sources: \[.*\]: .*key name or file path contains '='`), "a file source is not [key=]path"},
	{compiled(`(?s)(env source files: \[.*?\]: ).*has invalid utf8 bytes.*`), "${1}a line is no UTF-8"},
	{compiled(`(?s)(env source files: \[.*?\]: ).*is not a valid key name.*`), "${1}a line is not KEY=value"},
	{compiled("(?s) with config: `.*`: "), ": "},
	{compiled(`(?s)(unable to parse SM or JSON patch) from \[.*\]`), "$1"},
}

var treePrefix = compiled(regexp.QuoteMeta(fsRoot) + `(/|\b)`)

// kustomizeError says what kustomize found, with paths of the tree. Its
// errors repeat every attempt to read a reference as file, as directory and
// as repository; the first is the one that helps.
func kustomizeError(file string, err error) error {
	if e := asError(err); e != nil {
		return err
	}
	msg := strings.TrimSpace(treePrefix().ReplaceAllString(err.Error(), ""))
	for _, t := range telling {
		msg = t.found().ReplaceAllString(msg, t.text)
	}
	if m, ok := missingReference(msg); ok {
		return &fault{at: &source.Error{Position: source.Position{File: file}, Msg: m, Hint: "commit it, or remove the reference"}, cause: err}
	}
	e := &source.Error{Position: source.Position{File: file}, Msg: "kustomize: " + msg}
	switch {
	case errors.Is(err, source.ErrEscapes):
		e.Hint = "a path leaves the repository; copy what it names into it"
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = "commit the file, or remove the reference"
	}
	return &fault{at: e, cause: err}
}

var (
	tried       = compiled(`accumulating resources(?: from '([^']*)')?: `)
	missingFile = compiled(`(?:evalsymlink failure on|open|read|find) '?([^\s':]+)'?`)
)

// missingReference recognises the long error about a resource that is neither
// a file nor a directory.
func missingReference(msg string) (string, bool) {
	if !strings.Contains(msg, "accumulation err='") || !strings.Contains(msg, fs.ErrNotExist.Error()) {
		return "", false
	}
	refs := tried().FindAllStringSubmatch(msg, -1)
	name := ""
	for _, r := range refs {
		if r[1] != "" {
			name = r[1]
		}
	}
	if name == "" {
		if m := missingFile().FindStringSubmatch(msg); m != nil {
			name = m[1]
		}
	}
	if name == "" {
		return "", false
	}
	return fmt.Sprintf("resource %q does not exist", path.Clean(name)), true
}
