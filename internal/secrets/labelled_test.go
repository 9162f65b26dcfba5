package secrets

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

//go:embed testdata/labelled.tsv
var labelled string

// What the labelled set must be judged as. Whoever makes one of them better writes
// the better figure here; none may fall.
const (
	minDenyRecall     = 0.99 // of the secrets, those that deny
	minReportRecall   = 0.99 // of the secrets, those that are reported
	maxWarnedNotShare = 0.00 // of what is no secret, what is reported all the same
)

// TestLabelled states precision and recall on the labelled set: nothing denies that is
// no secret, or debatable.
func TestLabelled(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	count := map[string]map[certainty]int{"secret": {}, "debatable": {}, "not": {}}
	for i, line := range strings.Split(strings.TrimSpace(labelled), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || count[f[1]] == nil {
			t.Fatalf("line %d is no row: %q", i+1, line)
		}
		got := judgeRow(t, s, f[0], made(f[2]))
		count[f[1]][got]++
		wrong := f[1] != "secret" && got == certain || f[1] == "not" && got == possible
		if wrong || f[1] == "secret" && got != certain {
			t.Logf("line %d, %s: %s is %s (%s): %s", i+1, f[0], f[1], [...]string{"silent", "silent", "a warning", "a deny"}[got], f[3], f[2])
		}
	}
	secret, not, debatable := count["secret"], count["not"], count["debatable"]
	all := secret[noSecret] + secret[doubtful] + secret[possible] + secret[certain]
	denyRecall := float64(secret[certain]) / float64(all)
	reportRecall := float64(secret[certain]+secret[possible]) / float64(all)
	nots := not[noSecret] + not[doubtful] + not[possible] + not[certain]
	denied := secret[certain] + not[certain] + debatable[certain]
	reported := secret[certain] + secret[possible] + not[certain] + not[possible]
	t.Logf("deny: precision %.3f, recall %.3f; deny and warn: precision %.3f, recall %.3f; %d secrets, %d debatable (%d warned of), %d not (%d warned of)",
		float64(secret[certain])/float64(denied), denyRecall, float64(secret[certain]+secret[possible])/float64(reported), reportRecall,
		all, debatable[noSecret]+debatable[doubtful]+debatable[possible]+debatable[certain], debatable[possible], nots, not[possible])
	if denied != secret[certain] {
		t.Errorf("%d of %d denies are wrong", denied-secret[certain], denied)
	}
	if denyRecall < minDenyRecall || reportRecall < minReportRecall || float64(not[possible]) > maxWarnedNotShare*float64(nots) {
		t.Error("recall fell, or warnings of what is no secret rose")
	}
}

// labelledNames are the files in which the formats are read.
var labelledNames = map[string]string{
	"object": "o.yaml", "yaml": "conf/values.yaml", "template": "chart/templates/t.yaml", "workflow": ".github/workflows/w.yaml", "hcl": "main.tf",
	"toml": "c.toml", "dotenv": ".env", "ini": "app.properties", "shell": "run.sh", "dockerfile": "Dockerfile", "json": "c.json",
}

// judgeRow is the surest of what is found.
func judgeRow(t *testing.T, s *Scanner, format, text string) certainty {
	t.Helper()
	var found *Found
	if format == "resource" {
		var r facts.Resource
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err, text)
		}
		found = s.FromResource(r, source.Fixed(source.Position{File: "main.tf", Line: 1}))
	} else {
		name, isFile := strings.CutPrefix(format, "file:")
		if !isFile {
			name = labelledNames[format]
		}
		if name == "" {
			t.Fatalf("no format %q", format)
		}
		f, err := s.Files(t.Context(), sourcetest.Tree{name: text}, nil)
		if err != nil {
			t.Fatal(err)
		}
		found = f
	}
	sure := noSecret
	for _, r := range found.records {
		if !r.covered {
			sure = max(sure, r.sure)
		}
	}
	return sure
}

var (
	placeholderMark = regexp.MustCompile(`⟦([a-z]+)(\d*)⟧`)
	encodedMark     = regexp.MustCompile(`(?s)⟦enc (.*?) enc⟧`)
)

// made is a row's text with its values, which depend on nothing but the text.
func made(text string) string {
	rng := rand.New(rand.NewPCG(7, uint64(len(text))))
	text = strings.ReplaceAll(text, "⏎", "\n")
	text = strings.ReplaceAll(text, "⟦b64:bot:hR7vKq2LmXw9⟧", base64.StdEncoding.EncodeToString([]byte("bot:hR7vKq2LmXw9")))
	text = placeholderMark.ReplaceAllStringFunc(text, func(mark string) string {
		m := placeholderMark.FindStringSubmatch(mark)
		n := 0
		if m[2] != "" {
			fmt.Sscan(m[2], &n)
		}
		return value(rng, m[1], n)
	})
	return encodedMark.ReplaceAllStringFunc(text, func(mark string) string {
		return base64.StdEncoding.EncodeToString([]byte(encodedMark.FindStringSubmatch(mark)[1]))
	})
}

// value is one made-up value of a shape.
func value(rng *rand.Rand, shape string, n int) string {
	const (
		digits, hex  = "0123456789", "0123456789abcdef"
		lower, upper = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		alnum        = digits + lower + upper
	)
	of := func(letters string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[rng.IntN(len(letters))]
		}
		return string(b)
	}
	pem := func(sep string) string {
		return "-----BEGIN PRIVATE " + "KEY-----" + sep + of(alnum+"+/", 64) + sep + of(alnum+"+/", 63) + "=" + sep + "-----END PRIVATE " + "KEY-----" + sep
	}
	switch shape {
	case "a":
		return of(alnum, n-3) + "4kQ"
	case "pw":
		return "tR7" + of(alnum, 9)
	case "hex":
		return of(hex, n)
	case "hexup":
		return of("0123456789ABCDEF", n)
	case "b":
		return of(alnum+"+/", n%100-1) + "="
	case "uuid":
		return of(hex, 8) + "-" + of(hex, 4) + "-4" + of(hex, 3) + "-a" + of(hex, 3) + "-" + of(hex, 12)
	case "awssecret":
		return of(alnum, 12) + "/" + of(alnum, 13) + "+" + of(alnum, 13)
	case "awsid":
		return "AKI" + "A" + of(upper+"234567", 16)
	case "ghp":
		return "gh" + "p_" + of(alnum, 36)
	case "glpat":
		return "glp" + "at-" + of(alnum, 20)
	case "slack":
		return "xox" + "b-" + of(digits, 12) + "-" + of(digits, 13) + "-" + of(alnum, 24)
	case "slackhook":
		return "T" + of(digits+upper, 10) + "/B" + of(digits+upper, 10) + "/" + of(alnum, 24)
	case "stripe":
		return "sk_" + "live_" + of(alnum, 24)
	case "sendgrid":
		return "SG" + "." + of(alnum, 22) + "." + of(alnum, 43)
	case "npm":
		return "npm" + "_" + of(alnum, 36)
	case "hvs":
		return "hv" + "s." + of(alnum, 95)
	case "gcp":
		return "AIz" + "a" + of(alnum, 35)
	case "jwt":
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(`{"sub":"`+of(alnum, 12)+`","role":"admin"}`)) + "." + of(alnum, 43)
	case "pem", "pemraw":
		return pem("\n")
	case "pemindent":
		return pem("\n  ")
	case "pemesc":
		return pem(`\n`)
	case "cert":
		return `"-----BEGIN CERTIFICATE-----\n` + of(alnum, 64) + `\n-----END CERTIFICATE-----\n"`
	}
	return "?" + shape + "?"
}
