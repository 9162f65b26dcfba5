package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"gate/internal/facts"
	"gate/internal/source"
)

// Dialect is the forge whose rules a CODEOWNERS file follows.
type Dialect string

// The dialects.
const (
	GitHub Dialect = "github"
	GitLab Dialect = "gitlab"
)

// maxCodeowners is the size above which GitHub ignores the file:
// https://docs.github.com/articles/about-code-owners#codeowners-file-size
const maxCodeowners = 3 << 20

// Codeowners is a parsed CODEOWNERS file. A nil one owns nothing.
type Codeowners struct {
	Path     string
	Dialect  Dialect
	rules    []ownerRule
	problems []facts.Problem
}

type ownerRule struct {
	line      int
	text      string
	pattern   pattern
	owners    []string
	section   string
	optional  bool
	approvals int
	exclude   bool // GitLab: !pattern
}

// searchOrder is where each forge looks, the first file counts:
// https://docs.github.com/articles/about-code-owners#codeowners-file-location
// https://docs.gitlab.com/user/project/codeowners/#codeowners-file
var searchOrder = map[Dialect][]string{
	GitHub: {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"},
	GitLab: {"CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"},
}

// DialectOf guesses the forge: by the remote's host, else by the files that
// only one of the two reads.
func DialectOf(tree source.Tree, remote string) Dialect {
	host, _, _ := strings.Cut(remote, "/")
	switch {
	case strings.Contains(host, "gitlab"):
		return GitLab
	case strings.Contains(host, "github"):
		return GitHub
	}
	_, ci := tree.Lookup(".gitlab-ci.yml")
	_, owners := tree.Lookup(".gitlab/CODEOWNERS")
	_, hub := tree.Lookup(".github/CODEOWNERS")
	if (ci || owners) && !hub {
		return GitLab
	}
	return GitHub
}

// ReadCodeowners reads the file that the forge would read; nil if there is
// none.
func ReadCodeowners(tree source.Tree, d Dialect) (*Codeowners, error) {
	for _, p := range searchOrder[d] {
		data, err := tree.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return ParseCodeowners(p, data, d), nil
	}
	return nil, nil
}

// ParseCodeowners reads a CODEOWNERS file as the forge does: a line that it
// does not understand is left out, and noted.
func ParseCodeowners(file string, data []byte, d Dialect) *Codeowners {
	c := &Codeowners{Path: file, Dialect: d}
	if d == GitHub && len(data) > maxCodeowners {
		c.problem(0, "", "the file is above %d MB: GitHub ignores it", maxCodeowners>>20)
		return c
	}
	if !utf8.Valid(data) {
		c.problem(0, "", "the file is not valid UTF-8")
	}
	section := section{approvals: 1}
	for i, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if d == GitLab {
			if s, ok := parseSection(line); ok {
				section = s
				for _, o := range s.owners {
					if !ownerForm(o, d) {
						c.problem(i+1, o, "owner %q of section %q is no user, group, role or e-mail", o, s.name)
					}
				}
				continue
			}
		}
		c.line(i+1, line, section)
	}
	return c
}

func (c *Codeowners) problem(line int, text, format string, args ...any) {
	c.problems = append(c.problems, facts.Problem{Line: line, Text: text, Message: fmt.Sprintf(format, args...)})
}

func (c *Codeowners) line(n int, line string, s section) {
	text, rest := cutPattern(line)
	r := ownerRule{line: n, text: text, section: s.name, optional: s.optional, approvals: s.approvals}
	if c.Dialect == GitHub {
		switch {
		case strings.HasPrefix(text, "!"):
			c.problem(n, text, "pattern %q: GitHub has no negation with \"!\"", text)
			return
		case strings.HasPrefix(text, `\#`):
			c.problem(n, text, "pattern %q: GitHub cannot escape a leading \"#\"", text)
			return
		case strings.ContainsAny(text, "[]"):
			c.problem(n, text, "pattern %q: GitHub has no character ranges", text)
			return
		}
		r.pattern = githubPattern(text)
	} else {
		if r.exclude = strings.HasPrefix(text, "!"); r.exclude {
			text = text[1:]
		}
		r.pattern = gitlabPattern(text)
	}
	for _, o := range strings.Fields(rest) {
		if strings.HasPrefix(o, "#") { // a comment behind the owners
			break
		}
		if !ownerForm(o, c.Dialect) {
			c.problem(n, o, "owner %q is no user, team or e-mail", o)
			if c.Dialect == GitHub { // which leaves out the line
				return
			}
			continue
		}
		r.owners = append(r.owners, o)
	}
	if len(r.owners) == 0 && !r.exclude {
		r.owners = s.owners
	}
	c.rules = append(c.rules, r)
}

// cutPattern splits a line at the first space that is not escaped.
func cutPattern(line string) (text, rest string) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case ' ', '\t':
			return line[:i], line[i:]
		}
	}
	return line, ""
}

// githubPattern reads a pattern by the rules of .gitignore: one with a slash
// that is not the last character is anchored, and a directory means all that
// is in it; only a last "*" does not reach into directories.
func githubPattern(text string) pattern {
	anchored := strings.Contains(strings.TrimSuffix(text, "/"), "/")
	directory := strings.HasSuffix(text, "/")
	segs := strings.Split(strings.Trim(text, "/"), "/")
	if !anchored {
		segs = append([]string{"**"}, segs...)
	}
	switch last := segs[len(segs)-1]; {
	case directory:
		segs = append(segs, "**", "*")
	case text == "*", last != "*" && last != "**":
		segs = append(segs, "**")
	}
	return pattern{segments: join(segs)}
}

// gitlabPattern reads a pattern as GitLab does: without a leading slash it
// matches at every depth, and only a trailing slash reaches into directories:
// https://docs.gitlab.com/user/project/codeowners/reference/#path-matching
func gitlabPattern(text string) pattern {
	text = strings.TrimPrefix(strings.ReplaceAll(text, `\ `, " "), `\`)
	if text == "*" {
		return pattern{segments: []string{"**"}}
	}
	segs := strings.Split(strings.Trim(text, "/"), "/")
	if !strings.HasPrefix(text, "/") {
		segs = append([]string{"**"}, segs...)
	}
	if strings.HasSuffix(text, "/") {
		segs = append(segs, "**", "*")
	}
	return pattern{segments: join(segs), sets: true}
}

var (
	userForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^@[A-Za-z0-9](?:[A-Za-z0-9._-]*)(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?$`)
	})
	pathForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^@[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*$`)
	})
	roleForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^@@(?:developer|maintainer|owner)s?$`) })
	mailForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s.]+$`) })
)

func ownerForm(o string, d Dialect) bool {
	if mailForm().MatchString(o) {
		return true
	}
	if d == GitLab {
		return pathForm().MatchString(o) || roleForm().MatchString(o)
	}
	return userForm().MatchString(o)
}

type section struct {
	name      string // in lower case: sections of one name are one
	optional  bool
	approvals int
	owners    []string
}

var sectionLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\^)?\[([^\]]+)\](?:\[(\d{1,4})\])?(?:\s+(.*))?$`) })

// parseSection reads ^[Name][2] @owner:
// https://docs.gitlab.com/user/project/codeowners/reference/#sections
func parseSection(line string) (section, bool) {
	m := sectionLine().FindStringSubmatch(line)
	if m == nil {
		return section{}, false
	}
	s := section{name: strings.ToLower(strings.TrimSpace(m[2])), optional: m[1] != "", approvals: 1, owners: strings.Fields(m[4])}
	if n, err := strconv.Atoi(m[3]); err == nil && n > 0 {
		s.approvals = n
	}
	return s, true
}

// Owners returns the owners of a path, as written, each once: with GitHub
// those of the last rule that matches, with GitLab those of the last one of
// each section.
func (c *Codeowners) Owners(path string) []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, i := range c.winners(strings.Split(path, "/")) {
		for _, o := range c.rules[i].owners {
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// winners returns the rules that decide about a path, in their order.
func (c *Codeowners) winners(path []string) []int {
	last := map[string]int{}
	excluded := map[string]bool{}
	for i := range c.rules {
		r := &c.rules[i]
		if !r.pattern.match(path) {
			continue
		}
		if r.exclude {
			excluded[r.section] = true
			continue
		}
		last[r.section] = i
	}
	var out []int
	for s, i := range last {
		if !excluded[s] {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// Facts returns the file as rules see it. paths are the files of the tree,
// which tell dead and shadowed rules from those that work.
func (c *Codeowners) Facts(paths []string) *facts.Codeowners {
	if c == nil {
		return nil
	}
	out := &facts.Codeowners{Path: c.Path, Dialect: string(c.Dialect), Problems: slices.Clone(c.problems), Rules: []facts.CodeownerRule{}}
	if out.Problems == nil {
		out.Problems = []facts.Problem{}
	}
	for _, r := range c.rules {
		text := r.text
		owners := slices.Clone(r.owners)
		if owners == nil {
			owners = []string{}
		}
		out.Rules = append(out.Rules, facts.CodeownerRule{
			Line: r.line, Pattern: text, Owners: owners, Section: r.section, Optional: r.optional, Approvals: r.approvals,
		})
	}
	for _, p := range paths {
		segs := strings.Split(p, "/")
		for i := range c.rules {
			if c.rules[i].pattern.match(segs) {
				out.Rules[i].Matches++
				if c.rules[i].exclude {
					out.Rules[i].Wins++
				}
			}
		}
		for _, i := range c.winners(segs) {
			out.Rules[i].Wins++
		}
	}
	return out
}
