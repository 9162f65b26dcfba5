package secrets

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/results"
	"gate/internal/source"

	"golang.org/x/sync/errgroup"
)

// MaxFileBytes is the largest file that is scanned; a larger one is failed in
// the ledger, never passed.
const MaxFileBytes = 32 << 20

// Files scans every regular file of the tree. It is NewScanner and
// Scanner.Files in one.
func Files(ctx context.Context, tree source.Tree, skip func(path string) bool) (*Found, error) {
	s, err := NewScanner()
	if err != nil {
		return nil, err
	}
	return s.Files(ctx, tree, skip)
}

// Files scans every regular file of the tree but those that skip names (nil:
// none), in parallel, and returns what it found and, in the ledger, the files
// that it could not scan. Symbolic links are not followed: what they lead to
// is a file of the tree itself, or not part of it. The only error is that of
// the context.
func (s *Scanner) Files(ctx context.Context, tree source.Tree, skip func(path string) bool) (*Found, error) {
	return s.FilesBeside(ctx, tree, skip, nil, nil)
}

// FilesBeside is Files for a tree of which another one was scanned already: what
// stands in both, as same says of a path, is not scanned again.
func (s *Scanner) FilesBeside(ctx context.Context, tree source.Tree, skip func(path string) bool, other *Found, same func(path string) bool) (*Found, error) {
	entries := tree.Entries()
	results := make([]*fileResult, len(entries))
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if ctx.Err() != nil {
			break
		}
		if other != nil && other.files[e.Path] != nil && same(e.Path) {
			results[i] = other.files[e.Path]
			continue
		}
		if !e.Symlink && (skip == nil || !skip(e.Path)) {
			workers.Go(func() error {
				results[i] = s.file(tree, e)
				return nil
			})
		}
	}
	_ = workers.Wait() // a file that cannot be scanned stands in the ledger
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("scan files for secrets: %w", err)
	}
	out := &Found{Locators: source.Index{}, files: make(map[string]*fileResult, len(entries))}
	for i, r := range results {
		if r == nil {
			continue
		}
		out.files[entries[i].Path] = r
		out.records, out.keys = append(out.records, r.records...), append(out.keys, r.keys...)
		out.Ledger = append(out.Ledger, r.ledger...)
		if r.sops != nil {
			out.Assessments = append(out.Assessments, r.sops.assessed...)
			for id, at := range r.sops.places {
				out.Locators[id] = source.LocatorFunc(func(source.Path) source.Location { return at })
			}
		}
	}
	out.publish(nil)
	return out, nil
}

// fileResult is what one file gives.
type fileResult struct {
	records []record
	keys    []string // of Secrets that are secrets themselves
	sops    *sopsFile
	ledger  []facts.Entry
}

func (s *Scanner) file(tree source.Tree, e source.Entry) *fileResult {
	tooLarge := fmt.Sprintf("not scanned for secrets: larger than %d MiB", MaxFileBytes>>20)
	if e.Size > MaxFileBytes {
		return failedFile(e.Path, tooLarge)
	}
	data, err := tree.ReadFile(e.Path)
	switch {
	case errors.Is(err, source.ErrTooLarge) || err == nil && len(data) > MaxFileBytes:
		return failedFile(e.Path, tooLarge)
	case err != nil:
		return failedFile(e.Path, "not scanned for secrets: "+err.Error())
	}
	return s.remember(e.Path, data)
}

// remember is what a file gives, or nothing if that is known of it.
func (s *Scanner) remember(file string, data []byte) *fileResult {
	var sum [sha256.Size]byte
	if s.clean != nil {
		if sum = results.Sum([]byte(file), data); s.clean.Has(sum) {
			return &fileResult{}
		}
	}
	r, err := s.content(file, data)
	if err != nil {
		r.ledger = failedFile(file, "not scanned for secrets to its end: "+err.Error()).ledger
	}
	if s.clean != nil && r.empty() {
		s.clean.Add(sum)
	}
	return r
}

// empty says whether there is nothing to say about a file.
func (r *fileResult) empty() bool {
	return len(r.records) == 0 && len(r.keys) == 0 && r.sops == nil && len(r.ledger) == 0
}

func failedFile(file, reason string) *fileResult {
	return &fileResult{ledger: []facts.Entry{{
		Kind: "file", ID: "file:" + file, State: facts.Failed, Reason: reason,
		Hint:  fmt.Sprintf("exclude: [{paths: [%q], reason: …, owner: …, expires: …}]", file),
		Place: source.Position{File: file},
	}}}
}

// Contents returns what takes the secrets that files hold, by their names, out
// of a text: what is said about a file must not say them.
func (s *Scanner) Contents(files map[string][]byte) *Redactor {
	out := &Found{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		r, _ := s.content(name, files[name]) // what was found before the text grew too dense counts
		out.records, out.keys = append(out.records, r.records...), append(out.keys, r.keys...)
	}
	return out.Redactor()
}

// content reads one file in every encoding that it may have.
func (s *Scanner) content(file string, data []byte) (*fileResult, error) {
	views := views(data)
	r, err := s.text(file, views[0])
	for _, v := range views[1:] {
		more, e2 := s.scan(file, v, scanTokens)
		r.add(file, more)
		err = cmp.Or(err, e2)
	}
	return r, err
}

// worthParsing is what a structured file must hold to be read by structure.
var worthParsing = newPattern(`(?i)pass|pwd|secret|token|key|credential|_pat\b|connection.?string|://[^\s/]*:[^\s/]*@|plainValue|"auths"|\bsops\b|-----BEGIN`)

// isWorthParsing is worthParsing, most often without its expression, which takes
// longer than all else of a scan.
func isWorthParsing(text []byte) bool {
	lower := bytes.ToLower(text)
	for _, word := range []string{"key", "secret", "token", "pass", "pwd", "credential", "plainvalue", "-----begin", "\"auths\""} {
		if bytes.Contains(lower, []byte(word)) {
			return true
		}
	}
	for _, part := range []string{"_pat", "connection", "sops", "://"} {
		if bytes.Contains(lower, []byte(part)) {
			return worthParsing.regexp().Match(text)
		}
	}
	return false
}

// text reads one decoded file by structure, by line, and by pattern.
func (s *Scanner) text(file string, text []byte) (*fileResult, error) {
	r := &fileResult{}
	var docs []*source.Document
	parsed, quiet := false, s.quiet(file)
	if structured(file) && !quiet && isWorthParsing(text) {
		var err error
		docs, err = source.ParseLenient(file, text)
		parsed = err == nil && !slices.ContainsFunc(docs, func(d *source.Document) bool { return len(d.Repeated) > 0 })
		if sops := assessSOPS(file, docs); len(sops.assessed) > 0 {
			r.sops = sops
		}
	} else if sops, ok := assessFlatSOPS(file, text); ok {
		r.sops = sops
	}
	mode := scanAll
	switch {
	case quiet:
		mode = scanTokens
	case parsed:
		mode = scanParsed
	}
	var lines []string
	if len(docs) > 0 {
		lines = strings.Split(string(text), "\n")
	}
	for i, d := range docs {
		r.document(file, i, d, lines)
	}
	if d, ok := dialectOf(file); ok && !parsed && !quiet {
		r.lines(file, text, d)
	}
	r.state(file, text)
	found, err := s.scan(file, text, mode)
	r.add(file, slices.DeleteFunc(found, func(d Detection) bool { return d.rank < rankProvider && sealed(docs, d.value) }))
	return r, err
}

// add takes what the scanner found, joined with what is known already.
func (r *fileResult) add(file string, found []Detection) {
	known := len(r.records)
	for _, d := range found {
		r.records = append(r.records, record{
			secret: facts.Secret{Rule: d.Detector, Description: d.Description, Carrier: carrierOf(file), Path: file, Location: file, Length: d.Length()},
			value:  d.value, sure: d.sure, rank: d.rank, subject: file, place: source.Location{Position: d.Position},
		})
	}
	for i := range r.records[known:] {
		joinTyped(r.records[:known], &r.records[known+i])
	}
}

// stateID is the detector of committed Terraform state.
const stateID = "terraform-state"

// stateFile is what every version 4 state begins with, however it is named.
var stateFile = newPattern(`^\s*\{\s*"version":\s*[0-9]+,\s*"terraform_version":\s*"[^"]*",\s*"serial":`)

// state finds Terraform state: it holds every attribute in the clear,
// generated passwords and keys among them, so that the file is the secret.
func (r *fileResult) state(file string, text []byte) {
	if !stateFile.regexp().Match(text[:min(len(text), 4096)]) {
		return
	}
	r.records = append(r.records, record{
		secret: facts.Secret{Rule: stateID, Description: "Terraform state, which holds secrets in the clear", Carrier: "state", Path: file, Location: file, Length: lengthBucket(string(text[:min(len(text), 100)]))},
		sure:   certain, rank: rankTyped, subject: file, place: source.Location{Position: source.Position{File: file, Line: 1, Column: 1, EndLine: 1, EndColumn: 2}},
	})
}

// joinTyped lets a typed record of the same value and place stand for what the
// scanner found.
func joinTyped(typed []record, found *record) {
	for i := range typed {
		t := &typed[i]
		if t.covered || !sameValue(t.value, found.value) && !sameValue(t.raw, found.value) {
			continue
		}
		if last := t.place.Line + 1 + strings.Count(t.value, "\n"); found.place.Line >= t.place.Line && found.place.Line <= last {
			t.join(found)
			return
		}
	}
}

func structured(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// carrierOf says what kind of file carries a value.
func carrierOf(file string) string {
	base := strings.ToLower(path.Base(file))
	switch {
	case strings.HasPrefix(file, ".github/"), strings.HasPrefix(base, ".gitlab-ci"):
		return "workflow"
	case strings.HasPrefix(base, "values") && structured(base):
		return "values"
	case strings.Contains(base, "tfplan") || strings.HasPrefix(base, "plan") && structured(base):
		return "plan"
	}
	return "file"
}

// document reads one parsed document: a Kubernetes object or settings.
func (r *fileResult) document(file string, number int, d *source.Document, lines []string) {
	var found []Typed
	name := fmt.Sprintf("%s#%d", file, number)
	if number == 0 {
		name = file + "#"
	}
	m, _ := d.Value.(map[string]any)
	kind := doc.Text(m, "kind")
	object := kind != "" && doc.Text(m, "apiVersion") != ""
	if object {
		found, r.keys = Object(m), append(r.keys, secretKeys(m)...)
		name = file + "#" + logicalName(m) + "/"
	} else {
		found = Settings(d.Value)
	}
	for _, t := range found {
		at, ok := d.Lookup(t.Path)
		if !ok {
			at, _ = d.Locate(t.Path)
		}
		at = lineInside(at, t, lines)
		if !object && tagged(at, lines) {
			t.sure = doubtful // what the tag's reader puts there
		}
		r.records = append(r.records, record{
			secret: facts.Secret{Rule: t.Detector, Description: t.Description, Carrier: carrierOf(file), Path: file, Location: name, Length: t.Length()},
			value:  t.value, raw: t.raw, sure: t.sure, rank: t.rank, subject: name, path: t.Path, place: source.Location{Position: at},
		})
	}
}

// lineInside moves from the begin of a scalar to the line of it that holds the
// value: a block scalar begins on the line after its indicator. Where that line
// cannot be told (folded and quoted text), the begin stays.
func lineInside(at source.Position, t Typed, lines []string) source.Position {
	value := t.value
	if strings.Contains(value, "\n") {
		return at // the whole scalar: its first line is where a comment can stand
	}
	for _, n := range [...]int{at.Line + t.line, at.Line + t.line + 1} {
		if n > len(lines) || n < 1 || value == "" {
			break
		}
		i := strings.Index(lines[n-1], value)
		switch {
		case i < 0:
		case n == at.Line:
			return at
		default:
			begin := source.Column(lines[n-1], i)
			return source.Position{File: at.File, Line: n, Column: begin, EndLine: n, EndColumn: max(begin+1, source.Column(lines[n-1], i+len(value)))}
		}
	}
	at.Approximate = at.Approximate || t.line > 0
	return at
}

// ownTag is a tag of a program in front of a value (YAML 1.2.2, 6.8.2): !secret,
// !env_var, !Ref. The tags of YAML itself begin with two.
var ownTag = newPattern(`^![A-Za-z_]\S*[ \t]|[:\-,\[{][ \t]+![A-Za-z_]\S*[ \t]+["']?$`)

// tagged says whether a program that reads the file puts something else in the place
// of a value.
func tagged(at source.Position, lines []string) bool {
	if at.Line < 1 || at.Line > len(lines) || at.Approximate {
		return false
	}
	line := lines[at.Line-1]
	if strings.IndexByte(line, '!') < 0 || at.Column < 1 || at.Column > len(line) {
		return false
	}
	before, from := line[:at.Column-1], line[at.Column-1:] // a node begins with its tag
	return ownTag.regexp().MatchString(from) && from[0] == '!' || from[0] != '!' && ownTag.regexp().MatchString(before)
}

// logicalName is kind/namespace/name of an object.
func logicalName(m map[string]any) string {
	return doc.Text(m, "kind") + "/" + doc.Text(m, "metadata", "namespace") + "/" + doc.Text(m, "metadata", "name")
}

// sealed says whether a value is part of the ciphertext of a SealedSecret.
func sealed(docs []*source.Document, value string) bool {
	value = strings.Trim(value, `"'`)
	for _, d := range docs {
		m, _ := d.Value.(map[string]any)
		if m["kind"] != "SealedSecret" {
			continue
		}
		data := doc.Map(m, "spec", "encryptedData")
		for _, v := range data {
			if s, ok := v.(string); ok && strings.Contains(s, value) {
				return true
			}
		}
	}
	return false
}
