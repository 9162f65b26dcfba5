// Package repository turns what a forge and git say about a change into facts:
// CODEOWNERS, workflows, the change itself, the evidence that it will leave.
package repository

import (
	"strings"
	"unicode/utf8"
)

// pattern is a path pattern of CODEOWNERS or .gitattributes, split at slashes.
// A segment "**" stands for any number of segments; in any other, "*" stands
// for any characters and "?" for one, and with sets "[a-z]" for one of a set.
type pattern struct {
	segments []string
	sets     bool
}

// match says whether the pattern matches the whole path. Both scans go back to
// the last star only, so that time is at most pattern times path.
func (p pattern) match(path []string) bool {
	pi, si := 0, 0
	star, from := -1, 0
	for si < len(path) {
		switch {
		case pi < len(p.segments) && p.segments[pi] == "**":
			star, from = pi, si
			pi++
		case pi < len(p.segments) && p.segment(p.segments[pi], path[si]):
			pi, si = pi+1, si+1
		case star >= 0:
			from++
			pi, si = star+1, from
		default:
			return false
		}
	}
	for pi < len(p.segments) && p.segments[pi] == "**" {
		pi++
	}
	return pi == len(p.segments)
}

// segment matches one element of a path.
func (p pattern) segment(pat, s string) bool {
	pi, si := 0, 0
	star, from := -1, 0
	for si < len(s) {
		if pi < len(pat) && pat[pi] == '*' {
			star, from = pi, si
			pi++
			continue
		}
		if n, m, ok := p.one(pat[pi:], s[si:]); ok {
			pi, si = pi+n, si+m
			continue
		}
		if star < 0 {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[from:])
		from += size
		pi, si = star+1, from
	}
	return strings.Trim(pat[pi:], "*") == ""
}

// one matches the first element of pat, which is no star, with the first
// character of s and returns the lengths of both.
func (p pattern) one(pat, s string) (n, m int, ok bool) {
	if pat == "" {
		return 0, 0, false
	}
	r, size := utf8.DecodeRuneInString(s)
	switch pat[0] {
	case '?':
		return 1, size, true
	case '\\':
		if len(pat) > 1 {
			q, width := utf8.DecodeRuneInString(pat[1:])
			return 1 + width, size, q == r
		}
	case '[':
		if p.sets {
			if n, in, ok := set(pat, r); ok {
				return n, size, in
			}
		}
	}
	q, width := utf8.DecodeRuneInString(pat)
	return width, size, q == r
}

// set reads a bracket expression (fnmatch(3)) at the start of pat. ok is false
// if there is no closing bracket: then the bracket stands for itself.
func set(pat string, r rune) (n int, in, ok bool) {
	i := 1
	negated := i < len(pat) && (pat[i] == '!' || pat[i] == '^')
	if negated {
		i++
	}
	for first := true; i < len(pat); first = false {
		if pat[i] == ']' && !first {
			return i + 1, in != negated, true
		}
		if pat[i] == '\\' && i+1 < len(pat) {
			i++
		}
		lo, size := utf8.DecodeRuneInString(pat[i:])
		i += size
		hi := lo
		if i+1 < len(pat) && pat[i] == '-' && pat[i+1] != ']' {
			hi, size = utf8.DecodeRuneInString(pat[i+1:])
			i += 1 + size
		}
		in = in || lo <= r && r <= hi
	}
	return 0, false, false
}

// join merges neighbouring "**", which mean the same as one.
func join(segments []string) []string {
	var out []string
	for _, s := range segments {
		if s == "**" && len(out) > 0 && out[len(out)-1] == "**" {
			continue
		}
		out = append(out, s)
	}
	return out
}
