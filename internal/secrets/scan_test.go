package secrets

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"gate/internal/source"
)

// Tokens are put together here, so that no scanner of this repository takes
// them for real ones.
var (
	githubToken = "gh" + "p_" + "R8kPq2XvL0mZ7cJ4tYw1NbE6hUa3SdF5gKxQ"
	awsKey      = "AKI" + "A" + "Z7QWERTYPLM4XKJV"
	privateKey  = "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n"
	slackToken  = "xox" + "b-" + "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"
)

func newScanner(t testing.TB) *Scanner {
	t.Helper()
	s, err := NewScanner()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scan(t testing.TB, s *Scanner, path, text string) []Detection {
	t.Helper()
	found, err := s.Scan(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func detectors(found []Detection) []string {
	var ids []string
	for _, d := range found {
		ids = append(ids, d.Detector)
	}
	return ids
}

func TestScan(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	utf16le := func(text string) string {
		b := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(text)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	utf16be := func(text string) string { // without a byte order mark
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = binary.BigEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	tests := []struct {
		name, path, text string
		want             []string
	}{
		{"a token in prose", "notes.md", "use " + githubToken + " for now", []string{"github-pat"}},
		{"upper-case keyword", "a.txt", "TOKEN " + strings.ToUpper(awsKey), []string{"aws-access-token"}},
		{"a private key", "k.txt", privateKey, []string{"private-key"}},
		{"a private key in JSON", "k.json", `{"k":"` + strings.ReplaceAll(privateKey, "\n", `\n`) + `"}`, []string{"private-key"}},
		{"an abbreviated key", "README.md", "-----BEGIN RSA PRIVATE KEY-----\nMIIEogIBAAKCAQEAvLYcyu8f3skuRyUgeeNpeDvYBCDcgq+LsWap6zbX5f8oLqp4\n...\n-----END RSA PRIVATE KEY-----\n", nil},
		{"prose about keys", "values.yaml", "## -----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("## the name should line up with a TLS secret\n", 9) + "## -----END RSA PRIVATE KEY-----\n", nil},
		{"PDF header", "a.pdf", "%PDF-1.7\n" + githubToken + "\n", []string{"github-pat"}},
		{"zip header", "a.bin", "PK\x03\x04\x00\x00" + githubToken + "\x00", []string{"github-pat"}},
		{"UTF-16 with mark", "a.ps1", utf16le("$t = \"" + githubToken + "\"\r\n"), []string{"github-pat"}},
		{"UTF-16 without mark", "a.ps1", utf16be("$t = \"" + githubToken + "\"\r\n"), []string{"github-pat"}},
		{"UTF-8 with mark", "a.txt", "\xef\xbb\xbf" + githubToken, []string{"github-pat"}},
		{"broken UTF-8", "a.txt", "\xff\xfe\xff" + "\xc3 " + githubToken + " \xe2\x82", []string{"github-pat"}},
		{"node_modules", "web/node_modules/x/index.js", "t('" + githubToken + "')", []string{"github-pat"}},
		{"lock file", "package-lock.json", `"resolved": "https://x/` + githubToken + `/y"`, []string{"github-pat"}},
		{"svg", "logo.svg", "<svg><!-- " + slackToken + " --></svg>", []string{"slack-bot-token"}},
		{"vendor", "vendor/github.com/x/y.go", "var t = `" + awsKey + "`", []string{"aws-access-token"}},
		{"hash in a lock file", "yarn.lock", "token: 8f14e45fceea167a5a36dedd4bea2543", nil},
		{"no settings of the repository", "a.go", "x := \"" + githubToken + "\" // gitleaks:allow", []string{"github-pat"}},
		{"value that contains a word of the global list", "a.txt", "api_key = 'false9Xk2LmQ8vRt4Wz7Yb3'", []string{"generic-api-key"}},
		{"the words themselves", "a.txt", "api_key = 'false'", nil},
		{"documented example", "a.txt", "AKIA" + "IOSFODNN7EXAMPLE", nil},
		{"reference", "a.sh", "api_key=\"${SOME_LONG_VARIABLE_9X8Y7Z}\"", nil},
		{"base64 of a placeholder", "s.txt", "password: PHBhdGg6c2VjcmV0L2RhdGEvYXBwI3Bhc3N3b3JkPg==", nil},
		{"a checksum of a secret", "d.yaml", "checksum/secret: 8f14e45fceea167a5a36dedd4bea25438f14e45f", nil},
		{"path alone", "certs/client.p12", "\x30\x82", []string{"pkcs12-file"}},
		{"generic and provider: one", "a.txt", "token = '" + githubToken + "'", []string{"github-pat"}},
		{"empty", "a.txt", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, detectors(scan(t, s, tt.path, tt.text))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestScanPositions(t *testing.T) {
	t.Parallel()
	found := scan(t, newScanner(t), "dir/a.txt", "first\r\n😀é token "+githubToken+"\n"+privateKey+githubToken)
	var got []source.Position
	var ordinals []int
	for _, d := range found {
		got, ordinals = append(got, d.Position), append(ordinals, d.Ordinal)
	}
	want := []source.Position{
		{File: "dir/a.txt", Line: 2, Column: 11, EndLine: 2, EndColumn: 51}, // the emoji is two units
		{File: "dir/a.txt", Line: 3, Column: 1, EndLine: 3, EndColumn: 28},
		{File: "dir/a.txt", Line: 6, Column: 1, EndLine: 6, EndColumn: 41},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("positions: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 1, 2}, ordinals); diff != "" {
		t.Errorf("ordinals: -want +got:\n%s", diff)
	}
	if got := found[0].Redact("bad: " + githubToken); got != "bad: [redacted]" {
		t.Errorf("Redact = %q", got)
	}
	if got := found[0].Length(); got != "32-63" {
		t.Errorf("Length = %q", got)
	}
}

// A file without white space is read in pieces by others, and what lies across
// an edge is lost.
func TestScanHasNoEdges(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	for _, offset := range []int{0, 1, 4096, 65500, 99990, 124980, 131050, 262130} {
		text := strings.Repeat("ab,", offset/3) + strings.Repeat(",", offset%3) + githubToken + strings.Repeat(",cd", 50000)
		found := scan(t, s, "bundle.js", text)
		if len(found) != 1 || found[0].Position.Column != offset+1 {
			t.Errorf("offset %d: %v", offset, found)
		}
	}
}

// Text made to be slow takes more work in proportion to its length, not more,
// and a search gives up when its work is used up: a file takes seconds at most.
func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	for name, unit := range map[string]string{
		"keywords":     "key=",
		"curl":         "curl ",
		"begin lines":  "-----BEGIN PRIVATE KEY-----\n",
		"begin only":   "-----BEGIN ",
		"jwt":          "eyJ",
		"one long run": "password=aaaaaaaa",
		"many finds":   githubToken + " ",
		"kind secret":  "kind: Secret\ndata:\n ",
	} {
		work := func(length int) int {
			return maxWork - s.search("x.yaml", []byte(strings.Repeat(unit, length/len(unit))), scanAll).work
		}
		short, long := work(2<<10), work(4<<10)
		if long > 5*short/2 || short > maxWork/32 {
			t.Errorf("%s: 2 KiB took %d, 4 KiB %d of %d", name, short, long, maxWork)
		}
	}
	r := &search{s: s, path: "x.yaml", text: []byte("token: " + githubToken), states: make([]detectorState, len(s.detectors)), work: -1}
	s.literals(r.text).each(r.text, r.hit)
	if len(r.found) > 0 {
		t.Errorf("without work left %d values were found", len(r.found))
	}
}

func TestScannerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := scan(t, s, "a.txt", "token "+githubToken+"\n"+privateKey); len(got) != 2 {
				t.Errorf("found %d", len(got))
			}
		})
	}
	wg.Wait()
}

// What has been searched before makes no difference: detectors wake up one by
// one, and all at once when many do.
func TestAwakeDetectorsFindTheSame(t *testing.T) {
	t.Parallel()
	texts := []string{"nothing", "token: " + githubToken, "x", "password: hR7vKq2LmXw9dF5sJt1B\n"}
	for _, d := range newScanner(t).detectors {
		texts = append(texts, strings.Join(d.keywords, " ")+"\ntoken: "+githubToken+"\n")
	}
	used := newScanner(t)
	for i, text := range texts {
		want, err := newScanner(t).Scan("a.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := used.Scan("a.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Detection{})); diff != "" {
			t.Errorf("text %d (-fresh scanner +used one):\n%s", i, diff)
		}
	}
	if now := used.awake.now.Load(); now.count != len(used.detectors) {
		t.Errorf("%d of %d detectors are awake", now.count, len(used.detectors))
	}
}

// Patterns are compiled when they are needed: one that does not compile would
// panic in the middle of a scan. All are compiled here.
func TestEveryPatternCompiles(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	if len(s.detectors) < 200 {
		t.Fatalf("%d detectors", len(s.detectors))
	}
	compile := func(p *pattern) {
		if p != nil {
			p.regexp()
		}
	}
	for _, p := range slices.Concat(references, fillers, []*pattern{
		address, configurationFile, filePath, flagSecret, flatIndex, identifier, keyMaterial, pairSecret, percentEncoded,
		quantity, resource, secretWord, serverURL, setting, settingName, sopsValue, stateFile, substitution, urlPassword,
		uuid, variable, vaultPlugin, wordLike, worthParsing,
	}) {
		compile(p)
	}
	lists := s.global
	for _, d := range s.detectors {
		lists = append(lists, d.allow...)
		compile(d.path)
		if d.pattern == nil {
			continue
		}
		plan := d.plan()
		for _, p := range []*pattern{d.pattern, plan.gate, plan.inContext, plan.atStart} {
			compile(p)
		}
		if have := d.pattern.regexp().NumSubexp(); d.group > have {
			t.Errorf("%s: the value is group %d of %d", d.id, d.group, have)
		}
	}
	for _, a := range lists {
		for _, p := range append(a.paths, a.regexes...) {
			compile(p)
		}
	}
}

func FuzzScan(f *testing.F) {
	s := newScanner(f)
	f.Add("a.yaml", []byte("password: hunter2\ntoken: "+githubToken))
	f.Add("b.tf", []byte("variable \"p\" {\n default = \"x\"\n}"))
	f.Add("c.ps1", []byte{0xff, 0xfe, 'a', 0, 0xd8, 0xd8})
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		texts := views(data)
		found, _ := s.Scan(path, data)
		for _, d := range found {
			if d.pathOnly || len(texts) > 1 {
				continue
			}
			text := texts[0]
			if d.start < 0 || d.end > len(text) || string(text[d.start:d.end]) != d.value {
				t.Fatalf("%s: %d..%d of %d is not %q", d.Detector, d.start, d.end, len(text), d.value)
			}
			if d.Position.Line < 1 || d.Position.EndColumn <= d.Position.Column {
				t.Fatalf("%s: position %+v", d.Detector, d.Position)
			}
		}
	})
}
