package git

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gate/internal/source"
)

// Commit is one commit. Parents are those that the commit names, also if a
// shallow clone does not have them.
type Commit struct {
	ID          string
	Tree        string
	Parents     []string
	AuthorName  string
	AuthorEmail string
	Time        time.Time // of the committer, UTC
	Message     string
	// Trailers holds the trailers of the last paragraph (git
	// interpret-trailers), keys in lower case, values of a repeated key
	// joined by ", ".
	Trailers map[string]string
}

// Commit reads the commit that ref names.
func (r *Repo) Commit(ctx context.Context, ref string) (Commit, error) {
	id, err := r.Resolve(ctx, ref)
	if err != nil {
		return Commit{}, err
	}
	out, err := r.run(ctx, nil, "cat-file", "commit", id)
	if err != nil {
		return Commit{}, fmt.Errorf("read commit %s: %w", id, err)
	}
	c, err := parseCommit(string(out))
	if err != nil {
		return Commit{}, fmt.Errorf("read commit %s: %w", id, err)
	}
	c.ID = id
	return c, nil
}

// parseCommit reads the content of a commit object: header lines, where a
// line that begins with a space continues the one before (a signature), an
// empty line, the message.
func parseCommit(raw string) (Commit, error) {
	var c Commit
	head, message, _ := strings.Cut(raw, "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.Tree = value
		case "parent":
			c.Parents = append(c.Parents, value)
		case "author":
			c.AuthorName, c.AuthorEmail, _ = parseSignature(value)
		case "committer":
			_, _, c.Time = parseSignature(value)
		}
	}
	if !objectID().MatchString(c.Tree) {
		return Commit{}, fmt.Errorf("no tree in the commit")
	}
	c.Message = strings.ToValidUTF8(message, "\uFFFD")
	c.Trailers = Trailers(c.Message)
	return c, nil
}

// parseSignature reads "Name <mail> seconds zone".
func parseSignature(s string) (name, mail string, at time.Time) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	i, j := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if i < 0 || j < i {
		return strings.TrimSpace(s), "", time.Time{}
	}
	name, mail = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:j])
	if f := strings.Fields(s[j+1:]); len(f) > 0 {
		if sec, err := strconv.ParseInt(f[0], 10, 64); err == nil {
			at = time.Unix(sec, 0).UTC()
		}
	}
	return name, mail, at
}

var (
	trailerLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)$`) })
	emptyLines  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\n[ \t]*\n`) })
)

// Trailers returns the trailers of a commit message, keys in lower case. The
// last paragraph, unless it is the title, is a trailer block if every line is
// a trailer or continues one, or if it holds a line that git itself writes and
// at least a quarter of trailers: git-interpret-trailers(1).
func Trailers(message string) map[string]string {
	out := map[string]string{}
	paragraphs := emptyLines().Split(strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n")), -1)
	if len(paragraphs) < 2 {
		return out
	}
	var last string
	trailers, others, own := 0, 0, false
	for line := range strings.SplitSeq(strings.TrimSpace(paragraphs[len(paragraphs)-1]), "\n") {
		m := trailerLine().FindStringSubmatch(line)
		switch {
		case m != nil:
			trailers++
			last = strings.ToLower(m[1])
			own = own || last == "signed-off-by"
			if v := strings.TrimSpace(m[2]); out[last] == "" {
				out[last] = v
			} else {
				out[last] += ", " + v
			}
		case strings.HasPrefix(line, "(cherry picked from commit "):
			trailers, own, last = trailers+1, true, ""
		case last != "" && (line[0] == ' ' || line[0] == '\t'):
			out[last] += " " + strings.TrimSpace(line)
		default:
			others, last = others+1, ""
		}
	}
	if others > 0 && !(own && trailers*3 >= others) {
		return map[string]string{}
	}
	return out
}

// maxAuthored bounds the commits whose authors are read.
const maxAuthored = 10_000

// Authors returns the e-mail addresses of those who wrote the commits that to has and
// from has not, in lower case and sorted: of the authors, and of those that a line
// Co-authored-by names, wherever in the message it stands. from may be Nothing. A mailmap
// is not asked: it is part of what is judged. In a shallow clone, where commits may be
// missing in between, the error is a *MissingRef.
func (r *Repo) Authors(ctx context.Context, from, to string) ([]string, error) {
	if err := checkRef(to); err != nil {
		return nil, err
	}
	if r.Shallow(ctx) {
		return nil, &MissingRef{Ref: "all commits of " + to, Fetch: "git fetch --no-tags --unshallow " + source.ShellOperand(r.remoteName(ctx))}
	}
	args := []string{"log", "-z", "--format=%ae%n%B", "-n", strconv.Itoa(maxAuthored + 1), "--end-of-options", to}
	if from != Nothing {
		if err := checkRef(from); err != nil {
			return nil, err
		}
		args = append(args, "^"+from)
	}
	out, err := r.run(ctx, nil, append(args, "--")...)
	if err != nil {
		return nil, fmt.Errorf("read the authors of %s: %w", to, err)
	}
	found := map[string]bool{}
	commits := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(commits) > maxAuthored {
		return nil, fmt.Errorf("read the authors of %s: more than %d commits", to, maxAuthored)
	}
	for _, c := range commits {
		mail, message, _ := strings.Cut(c, "\n")
		if mail = strings.ToLower(strings.TrimSpace(mail)); mail != "" {
			found[strings.ToValidUTF8(mail, "\uFFFD")] = true
		}
		for _, m := range coAuthor().FindAllStringSubmatch(message, -1) {
			found[strings.ToValidUTF8(strings.ToLower(strings.TrimSpace(m[1])), "\uFFFD")] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

var coAuthor = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^[ \t]*co-authored-by[ \t]*:[^<\n]*<([^<>\n]+)>`)
})
