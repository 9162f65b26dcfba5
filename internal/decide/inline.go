package decide

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"gate/internal/config"
	"gate/internal/source"
)

// InlineWaiver is a comment "gate:waive" in a file.
type InlineWaiver struct {
	Rule   string
	Until  time.Time // the last day on which it counts, UTC
	Owner  string
	Reason string
	// Comment is the text from "gate:waive" on, word by word, without the end
	// of the comment: what is looked for at policy-ref.
	Comment string
}

const inlineMark = "gate:waive"

// commentStart opens a comment in one of the languages that gate reads: YAML,
// HCL, Dockerfiles and shells (#), HCL, CUE and Jsonnet (//, /*), SQL (--),
// Helm templates ({{/*) and HTML or Markdown (<!--).
var (
	commentStart = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:#|//|/\*|--|<!--)[ \t]*` + inlineMark + `(?:[ \t]|$)`)
	})
	commentEnd  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[ \t]*(?:\*/[ \t]*(?:-?\}\})?|-->)[ \t]*$`) })
	inlineField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z]+)=(?:"([^"]*)"|([^\s"]+))(?:[ \t]+|$)`) })
	inlineRule  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9-]*(?:/[A-Za-z0-9._-]+)+$`) })
)

// maxInline bounds the length of a line that is looked at.
const maxInline = 4096

// Inline reads the waiver in a comment of a line:
//
//	# gate:waive <rule> until=YYYY-MM-DD owner=@x reason="…"
//
// ok is false if there is no such comment. An error says what is wrong with one
// that is there. rule, until, owner and reason are all required.
func Inline(line string) (w *InlineWaiver, ok bool, err error) {
	if !strings.Contains(line, inlineMark) {
		return nil, false, nil
	}
	if len(line) > maxInline {
		return nil, true, fmt.Errorf("line is longer than %d bytes", maxInline)
	}
	at := commentStart().FindStringIndex(line)
	if at == nil {
		return nil, false, nil
	}
	raw := line[at[0]:]
	raw = strings.TrimSpace(commentEnd().ReplaceAllString(strings.TrimRight(raw[strings.Index(raw, inlineMark):], "\r\n"), ""))
	text := strings.TrimSpace(strings.TrimPrefix(raw, inlineMark))
	w = &InlineWaiver{Comment: raw}
	rule, rest := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		rule, rest = text[:i], text[i:]
	}
	if !inlineRule().MatchString(rule) {
		return nil, true, fmt.Errorf("%q is no rule id", clip(rule))
	}
	w.Rule = rule
	if err := w.fields(strings.TrimSpace(rest)); err != nil {
		return nil, true, err
	}
	return w, true, nil
}

func (w *InlineWaiver) fields(rest string) error {
	seen := map[string]string{}
	for rest != "" {
		m := inlineField().FindStringSubmatch(rest)
		if m == nil {
			return fmt.Errorf("%q is no key=value", clip(rest))
		}
		key, value := m[1], strings.TrimSpace(m[2]+m[3])
		if _, dup := seen[key]; dup {
			return fmt.Errorf("%s is given twice", key)
		}
		if key != "until" && key != "owner" && key != "reason" {
			return fmt.Errorf("unknown key %q; expected until, owner or reason", clip(key))
		}
		seen[key] = value
		rest = rest[len(m[0]):]
	}
	for _, key := range []string{"until", "owner", "reason"} {
		if seen[key] == "" {
			return fmt.Errorf("%s is missing", key)
		}
	}
	until, err := time.Parse(time.DateOnly, seen["until"])
	if err != nil {
		return fmt.Errorf("until is %q; expected a date such as 2027-06-30", clip(seen["until"]))
	}
	w.Until, w.Owner, w.Reason = until, seen["owner"], seen["reason"]
	return nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// errPending says that a comment is not at policy-ref yet.
var errPending = errors.New("counts after the merge: it does not stand at policy-ref yet, at this place")

// waiveInline looks for comments at the places of findings that no entry of the
// file waives, and returns findings about comments that do not count.
func (r *ruling) waiveInline() []Finding {
	if r.ReadFile == nil {
		return nil
	}
	_, spec := r.rule(RuleWaiver)
	var made []Finding
	seen := map[string]bool{}
	lines := map[string]int{} // file and comment -> line where it waives
	for i := range r.findings {
		f := &r.findings[i]
		if f.Waived != nil || strings.HasPrefix(f.Rule, "gate/") {
			continue
		}
		for _, c := range r.comments(f) {
			err := c.err
			if err == nil && c.waiver.Rule != f.Rule {
				continue
			}
			if err == nil {
				err = r.inlineProblem(c.waiver, f, c.at)
			}
			if err == nil {
				// A copy of an old comment at a new place is a new waiver.
				key := c.at.File + "\x00" + c.waiver.Comment
				if line, used := lines[key]; used && line != c.at.Line {
					err = fmt.Errorf("stands at line %d of the file as well; each needs its own reason", line)
				} else {
					lines[key] = c.at.Line
				}
			}
			switch {
			case err == nil:
				f.Waived = &WaiverUse{ID: "inline:" + c.at.File + ":" + c.waiver.Rule, Expires: c.waiver.Until.Format(time.DateOnly), Owner: c.waiver.Owner, Reason: c.waiver.Reason, Inline: true, Rule: c.waiver.Rule, Scope: c.at.File}
			case errors.Is(err, errPending):
				r.note("the comment gate:waive at %s %v", c.at, err)
			default:
				msg := fmt.Sprintf("inline waiver %v", err)
				key := fmt.Sprintf("%s\x00%s\x00%s\x00%s", c.at, f.Environment, f.Target, msg)
				if !seen[key] {
					seen[key] = true
					subject := SubjectRef{ID: fmt.Sprintf("waiver:inline:%s:%s", c.at.File, f.Rule), Kind: "Waiver", Name: f.Rule}
					made = append(made, r.builtin(spec, f.Scope, f.Entries, "", msg, subject, c.at))
				}
			}
			if f.Waived != nil {
				break
			}
		}
	}
	return made
}

type comment struct {
	waiver *InlineWaiver
	err    error
	at     source.Position
}

// comments reads the waivers at the places of a finding: its own line and the
// line above, if that one holds nothing but a comment. Places that are only
// near the truth carry none: the comment may be meant for something else.
func (r *ruling) comments(f *Finding) []comment {
	places := []source.Position{f.Location.Position}
	for _, rel := range f.Location.Related {
		if rel.Role == "values" || rel.Role == "patch" || rel.Role == "definition" {
			places = append(places, rel.Position)
		}
	}
	var out []comment
	for _, p := range places {
		if p.Approximate || p.Line < 1 || p.File == "" {
			continue
		}
		lines := []int{p.Line}
		if r.commented(p.File).only(p.Line - 1) {
			lines = append(lines, p.Line-1)
		}
		for _, n := range lines {
			found := r.inline(p.File, n)
			w, err := found.waiver, found.err
			if !found.ok {
				continue
			}
			if err != nil {
				err = fmt.Errorf("is malformed: %w", err)
			}
			out = append(out, comment{waiver: w, err: err, at: source.Position{File: p.File, Line: n}})
		}
	}
	return out
}

// line names a line of a file, inline is the waiver in it. A plan in the tree is
// one line of many megabytes with thousands of findings: it is read once.
type (
	line struct {
		file string
		n    int
	}
	inline struct {
		waiver *InlineWaiver
		ok     bool
		err    error
	}
)

func (r *ruling) inline(file string, n int) inline {
	at := line{file, n}
	found, known := r.lines[at]
	if !known {
		found.waiver, found.ok, found.err = Inline(r.commented(file).comment(n))
		if r.lines == nil {
			r.lines = map[line]inline{}
		}
		r.lines[at] = found
	}
	return found
}

// commented is a file of the judged tree with its comments. One without the word is
// not looked at.
func (r *ruling) commented(file string) *commented {
	c := r.files[file]
	if c == nil {
		text, err := r.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(inlineMark)) {
			text = nil
		}
		c = readComments(file, text)
		if r.files == nil {
			r.files = map[string]*commented{}
		}
		r.files[file] = c
	}
	return c
}

// atPolicyRef says whether a comment stands at policy-ref, as a comment and at the
// same place.
func (r *ruling) atPolicyRef(w *InlineWaiver, at source.Position) bool {
	if r.AtPolicyRef == nil {
		return false
	}
	text, ok := r.AtPolicyRef(at.File)
	if !ok || !bytes.Contains(text, []byte(w.Comment)) {
		return false
	}
	here := r.commented(at.File)
	place := here.waivedPlace(here.waives(at.Line))
	there := readComments(at.File, text)
	for n := range there.lines {
		if found, ok, err := Inline(there.comment(n + 1)); ok && err == nil && found.Comment == w.Comment && there.waivedPlace(there.waives(n+1)) == place {
			return true
		}
	}
	return false
}

// inlineProblem says why a comment waives nothing.
func (r *ruling) inlineProblem(w *InlineWaiver, f *Finding, at source.Position) error {
	rule, _ := r.rule(w.Rule)
	limit := r.Waivers.Days(f.Severity)
	switch {
	case rule.Waivable == "never":
		return fmt.Errorf("is for %s, which cannot be waived", w.Rule)
	case rule.Waivable == "approval":
		return fmt.Errorf("is for %s, whose waiver needs an approval; expected an entry of the waiver file", w.Rule)
	case (config.Waiver{Expires: w.Until}).Expired(r.Now):
		return fmt.Errorf("expired on %s", w.Until.Format(time.DateOnly))
	case w.Until.After(r.Now.AddDate(0, 0, limit)):
		return fmt.Errorf("ends on %s; at most %d days from now for a rule of severity %s", w.Until.Format(time.DateOnly), limit, f.Severity)
	case config.Class(f.Class) == config.Prod && (r.Config == nil || !r.Config.InlineWaivers.Production):
		return fmt.Errorf("does not count in production; expected an entry of the waiver file, or inlineWaivers.production in %s", config.DefaultFile)
	case !r.atPolicyRef(w, at):
		return errPending
	}
	return nil
}
