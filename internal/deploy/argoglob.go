package deploy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gobwas/glob"
)

// globbed matches with the library of Argo CD, in which a star also stands for
// slashes and dots.
func globbed(pattern, text string) bool {
	g, err := glob.Compile(pattern)
	return err == nil && g.Match(text)
}

// directoryGlobs are the patterns of a directory source, for the path of a file
// below it: https://argo-cd.readthedocs.io/en/stable/user-guide/directory/#includingexcluding-files
type directoryGlobs struct{ include, exclude string }

// takes says whether Argo CD reads a file. Releases of Argo CD have the library in
// v0.2.3, which has faults, or in v1.0.0: doubted is the pattern that leaves the
// file out to one of them only, as far as can be told; the file is taken then.
func (g directoryGlobs) takes(file string) (takes bool, doubted string) {
	if g.exclude != "" && globbed(g.exclude, file) {
		if settled(g.exclude, file) {
			return false, ""
		}
		doubted = g.exclude
	}
	if g.include != "" && !globbed(g.include, file) {
		if settled(g.include, file) {
			return false, ""
		}
		doubted = g.include
	}
	return true, doubted
}

// maxPatterns bounds what alternatives of a pattern are tried.
const maxPatterns = 64

// settled says whether all releases are known to agree on a pattern and a text.
// They do not on what is malformed, on empty alternatives and on nested ones, on
// wildcards in alternatives that are not the whole pattern ({*/a,b}.yaml does not mean
// x/a.yaml to v0.2.3) or that are nothing without them ({*a,a}), on one character that
// takes several bytes, and where what stands on both sides of a star overlaps in
// the text (a*a means a to v0.2.3).
func settled(pattern, text string) bool {
	if !utf8.ValidString(text) || !utf8.ValidString(pattern) || strings.ContainsRune(pattern, 0) {
		return false
	}
	variants, ok := variantsOf(pattern, true)
	if !ok || strings.ContainsAny(pattern, "?[") && strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return false
	}
	return !slices.ContainsFunc(variants, func(v string) bool { return overlaps(v, text) })
}

// variantsOf are the patterns without alternatives that a pattern stands for; whole
// says that it is no rest of another.
func variantsOf(pattern string, whole bool) (out []string, ok bool) {
	before, rest, braced := strings.Cut(pattern, "{")
	if strings.ContainsAny(before, `}\`) || strings.Contains(before, "[") && braced {
		return nil, false
	}
	if !braced {
		return []string{pattern}, true
	}
	inner, after, closed := strings.Cut(rest, "}")
	if !closed || strings.ContainsAny(inner, `{\[`) {
		return nil, false
	}
	alternatives := strings.Split(inner, ",")
	if strings.ContainsAny(inner, "*?") && (!whole || before+after != "" || !apart(alternatives)) {
		return nil, false
	}
	behind, ok := variantsOf(after, false)
	for _, a := range alternatives {
		if a == "" || len(out) > maxPatterns {
			return nil, false
		}
		for _, b := range behind {
			out = append(out, before+a+b)
		}
	}
	return out, ok && len(out) <= maxPatterns
}

// apart says whether alternatives of one star at most differ by literals when what
// all of them begin and end with, which v0.2.3 takes out, is gone.
func apart(alternatives []string) bool {
	var all [][]string
	for _, a := range alternatives {
		t := tokens(a)
		if wild := slices.DeleteFunc(slices.Clone(t), literal); len(wild) > 1 || len(wild) == 1 && wild[0] != "*" {
			return false
		}
		if !slices.ContainsFunc(all, func(o []string) bool { return slices.Equal(o, t) }) {
			all = append(all, t)
		}
	}
	for shared(all, func(t []string) string { return t[0] }) {
		for i := range all {
			all[i] = all[i][1:]
		}
	}
	follows := false
	for shared(all, func(t []string) string { return t[len(t)-1] }) {
		follows = true
		for i := range all {
			all[i] = all[i][:len(all[i])-1]
		}
	}
	return !slices.ContainsFunc(all, func(t []string) bool {
		if follows { // nothing wild is left before it; nothing at all may be
			return len(t) > 1 || len(t) == 1 && !literal(t[0])
		}
		return !slices.ContainsFunc(t, literal)
	})
}

func literal(token string) bool { return !strings.ContainsAny(token, "*?") }

// shared says whether several lists have the same token at their beginning or end.
func shared(all [][]string, of func([]string) string) bool {
	return len(all) > 1 && !slices.ContainsFunc(all, func(t []string) bool { return len(t) == 0 || len(all[0]) == 0 || of(t) != of(all[0]) })
}

// tokens parts a pattern into literals and runs of wildcards; two stars are one.
func tokens(pattern string) (out []string) {
	for pattern != "" {
		i := strings.IndexAny(pattern, "*?")
		switch {
		case i < 0:
			i = len(pattern)
		case i == 0:
			i = len(pattern) - len(strings.TrimLeft(pattern, "*?"))
		}
		token := pattern[:i]
		if token == "**" {
			token = "*"
		}
		out, pattern = append(out, token), pattern[i:]
	}
	return out
}

// overlaps says whether the literals of a pattern stand in a text one after another
// without it matching: two of them share characters.
func overlaps(variant, text string) bool {
	pieces := strings.FieldsFunc(variant, func(r rune) bool { return strings.ContainsRune("*?[]", r) })
	if !strings.Contains(variant, "*") || len(pieces) < 2 {
		return false
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	if strings.HasPrefix(variant, first) && !strings.HasPrefix(text, first) || strings.HasSuffix(variant, last) && !strings.HasSuffix(text, last) {
		return false
	}
	for rest := text; len(pieces) > 0; pieces = pieces[1:] {
		i := strings.Index(rest, pieces[0])
		if i < 0 {
			return false
		}
		rest = rest[i:]
	}
	return !globbed(variant, text)
}
