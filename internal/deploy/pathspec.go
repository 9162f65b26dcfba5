package deploy

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// pathspec is what a Git generator's pattern of files is to `git ls-files`,
// which Argo CD runs for it in the root of the clone:
// https://git-scm.com/docs/gitglossary#Documentation/gitglossary.txt-aiddefpathspecapathspec
// Git itself is not asked, since the tree may be of a commit that is in no index,
// or of no clone at all, and no library that is kept has its wildcards without
// segments; FuzzPathspec compares with git. Names are bytes to git; a character of
// the expressions here is one byte.
type pathspec struct {
	match   string         // the path or pattern, "" for all
	top     bool           // it was written from the root, and is taken as it is
	fold    bool           // letters match without case
	exclude bool           // what does not match is meant
	pattern *regexp.Regexp // nil where there is no wildcard
}

// wildcards are the characters that a pathspec reads as more than themselves.
const wildcards = `*?[\`

// newPathspec reads a pattern; git refuses one that leads out of the clone.
func newPathspec(text string) (pathspec, error) {
	spec, glob, err := magic(text)
	if err != nil {
		return spec, err
	}
	if !spec.top {
		if spec.match, err = inClone(spec.match); err != nil {
			return spec, err
		}
	}
	if glob != literally && strings.ContainsAny(spec.match, wildcards) {
		spec.pattern = wildmatch(spec.match, glob == inSegments, spec.fold)
	}
	return spec, nil
}

// globbing is what wildcards of a pathspec mean.
type globbing int

const (
	anywhere   globbing = iota // a star crosses slashes
	inSegments                 // a star stays in its segment, two cross them
	literally                  // no character is more than itself
)

// magic reads the signature that a pathspec may begin with: :(top,icase)a or
// :/!a. The attributes of files are not read here.
func magic(text string) (spec pathspec, glob globbing, err error) {
	rest, ok := strings.CutPrefix(text, ":")
	if !ok {
		return pathspec{match: text}, anywhere, nil
	}
	words, long := strings.CutPrefix(rest, "(")
	if !long {
		for rest != "" && strings.IndexByte("/!^", rest[0]) >= 0 {
			spec.exclude = spec.exclude || rest[0] != '/'
			spec.top = spec.top || rest[0] == '/'
			rest = rest[1:]
		}
		if rest != "" && strings.IndexByte(`"#%&',-;<=>@_`+"`~", rest[0]) >= 0 {
			return spec, glob, fmt.Errorf("git knows no magic %q in %q", rest[:1], text)
		}
		spec.match = strings.TrimPrefix(rest, ":")
		return spec, glob, nil
	}
	words, spec.match, ok = strings.Cut(words, ")")
	if !ok {
		return spec, glob, fmt.Errorf("the magic of %q has no end", text)
	}
	var has struct{ glob, literal bool }
	for _, word := range strings.Split(words, ",") {
		switch word {
		case "":
		case "top":
			spec.top = true
		case "icase":
			spec.fold = true
		case "exclude":
			spec.exclude = true
		case "glob":
			has.glob, glob = true, inSegments
		case "literal":
			has.literal, glob = true, literally
		default:
			return spec, glob, fmt.Errorf("magic %q of %q is not read", word, text)
		}
	}
	if has.glob && has.literal {
		return spec, glob, fmt.Errorf("%q is both a glob and literal", text)
	}
	return spec, glob, nil
}

// inClone is a path as git takes it from the root: without dots and repeated
// slashes. A slash at the end stays: it asks for a directory.
func inClone(text string) (string, error) {
	if strings.HasPrefix(text, "/") {
		return "", errors.New("an absolute path is outside of the clone")
	}
	clean := path.Clean(text)
	switch {
	case text == "" || clean == ".":
		return "", nil
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "", errors.New("the path leads out of the clone")
	}
	if strings.HasSuffix(text, "/") || strings.HasSuffix(text, "/.") || strings.HasSuffix(text, "/..") {
		clean += "/"
	}
	return clean, nil
}

// means says whether a file of the clone is meant.
func (s pathspec) means(name string) bool { return s.matches(name) != s.exclude }

func (s pathspec) matches(name string) bool {
	if s.match == "" {
		return true
	}
	head, tail := name, ""
	if len(name) > len(s.match) {
		head, tail = name[:len(s.match)], name[len(s.match):]
	}
	if head == s.match || s.fold && lowered(head) == lowered(s.match) {
		if tail == "" || tail[0] == '/' || strings.HasSuffix(s.match, "/") {
			return true
		}
	}
	return s.pattern != nil && s.pattern.MatchString(latin(name))
}

// lowered is a text with the letters of ASCII in lower case.
func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

// latin is a text of which each byte is a character.
func latin(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
