package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/approve"
	"gate/internal/attest"
	"gate/internal/envelope"
)

// damages are what may become of a document on its way, whatever it holds.
var damages = map[string]func([]byte) []byte{
	"nothing":          func([]byte) []byte { return nil },
	"half of it":       func(b []byte) []byte { return b[:len(b)/2] },
	"without its end":  func(b []byte) []byte { return bytes.TrimRight(b, "\n")[:len(bytes.TrimRight(b, "\n"))-1] },
	"twice":            func(b []byte) []byte { return append(bytes.Clone(b), b...) },
	"a null":           func([]byte) []byte { return []byte("null\n") },
	"a number":         func([]byte) []byte { return []byte("1\n") },
	"a text":           func([]byte) []byte { return []byte("\"approved\"\n") },
	"an empty object":  func([]byte) []byte { return []byte("{}\n") },
	"a list of itself": func(b []byte) []byte { return slices.Concat([]byte("["), b, []byte("]")) },
	"zeros":            func(b []byte) []byte { return make([]byte, len(b)) },
	"not UTF-8":        func(b []byte) []byte { return bytes.Replace(b, []byte("e"), []byte("\xff"), 1) },
	"a byte order mark": func(b []byte) []byte {
		return append([]byte("\xef\xbb\xbf"), b...)
	},
	"nested": func([]byte) []byte { return []byte(strings.Repeat("[", 100000)) },
	"a key twice": func(b []byte) []byte {
		i := bytes.IndexByte(b, '{')
		key, _, _ := bytes.Cut(bytes.TrimLeft(b[i+1:], " \n"), []byte(":"))
		return slices.Concat(b[:i+1], key, []byte(": 1,"), b[i+1:])
	},
	"oversized": func(b []byte) []byte {
		return append(bytes.Repeat([]byte(" "), envelope.MaxBytes), b...)
	},
}

// wrongTypes are a document with each of its values in turn of another type.
func wrongTypes(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	var walk func(v any, at string, set func(any))
	walk = func(v any, at string, set func(any)) {
		for _, other := range []any{nil, "x", json.Number("-1"), true, []any{}, map[string]any{}} {
			if fmt.Sprintf("%T", other) == fmt.Sprintf("%T", v) {
				continue
			}
			set(other)
			text, err := envelope.Canonical(root)
			if err != nil {
				t.Fatal(err)
			}
			out[fmt.Sprintf("%T at %s", other, at)] = text
		}
		set(v)
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(e, at+"."+k, func(x any) { v[k] = x })
			}
		case []any:
			for i, e := range v {
				walk(e, fmt.Sprintf("%s[%d]", at, i), func(x any) { v[i] = x })
			}
		}
	}
	walk(root, "", func(x any) { root = x })
	return out
}

// TestBadInput: whatever is wrong with what is handed in, it is named, and nothing is
// authorised, approved or passed for it.
func TestBadInput(t *testing.T) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "GIT_") || strings.HasPrefix(name, "GITHUB_") || strings.HasPrefix(name, "CI_") {
			t.Setenv(name, "") // restored afterwards
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Alice", "GIT_AUTHOR_EMAIL": "alice@example.com",
		"GIT_COMMITTER_NAME": "Alice", "GIT_COMMITTER_EMAIL": "alice@example.com",
	} {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	if err := layThreatened(dir, nil); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "repo"))
	run := func(args string) (code int, said string) {
		t.Helper()
		var out, errs bytes.Buffer
		code = Main(strings.Fields(args), &streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		return code, out.String() + errs.String()
	}
	must := func(args string) {
		t.Helper()
		if code, said := run(args); code != exitOK {
			t.Fatalf("gate %s: exit %d\n%s", args, code, said)
		}
	}
	const change = " --event ../event.json --base origin/main"
	must("check ." + change + " --decision ../d/ --sign-key ../ci.key")
	const decision, subject = "../d/prod.sigstore.json", " --env prod --subject source-closure=."
	must("approve " + decision + " --sign-key ../bob.key --out ../bob.approval --yes")
	must("exec " + decision + subject + " --reviews ../reviews.json --record ../records --sign-key ../ci.key -- true {source-closure}")
	must("verify " + decision + subject + " --approval ../bob.approval --reviews ../carol.json")
	must("verify " + decision + subject + " --trust .gate/trust.yaml --accept-given-trust --policy-ref main --approval ../bob.approval --reviews ../carol.json")

	const verify, exec = "verify ", "exec "
	for _, in := range []struct {
		file     string
		commands map[string]int // with BAD for the file: the exit code
		passes   []string       // damages that are none to it
	}{
		{decision, map[string]int{
			"verify BAD" + subject + " --approval ../bob.approval --reviews ../carol.json":                                exitDenied,
			"exec BAD" + subject + " --approval ../bob.approval --reviews ../carol.json -- touch ../ran {source-closure}": exitRefused,
			"approve BAD --sign-key ../bob.key --out ../ran --yes":                                                        exitIncomplete,
			"show BAD": exitIncomplete,
		}, nil},
		{"../bob.approval", map[string]int{
			verify + decision + subject + " --approval BAD --reviews ../reviews.json":                                exitDenied,
			exec + decision + subject + " --approval BAD --reviews ../reviews.json -- touch ../ran {source-closure}": exitRefused,
			"check ." + change + " --approval BAD":                                                                   exitIncomplete,
		}, nil},
		{"../reviews.json", map[string]int{
			verify + decision + subject + " --reviews BAD": exitDenied,
			"check ." + change + " --reviews BAD":          exitIncomplete,
		}, []string{"a list of itself", "oversized"}}, // pages of it, and with white space before it
		{"../records/ended.json", map[string]int{
			verify + decision + subject + " --approval BAD --reviews ../reviews.json": exitDenied,
			"verify BAD" + subject + " --reviews ../reviews.json":                     exitDenied,
		}, nil},
		{".gate/trust.yaml", map[string]int{
			verify + decision + subject + " --trust BAD --accept-given-trust --policy-ref main --reviews ../reviews.json": exitUsage,
		}, []string{"a byte order mark"}},
		{"../ci.pub", map[string]int{
			verify + decision + subject + " --key BAD --accept-given-trust --policy-ref main --reviews ../reviews.json": exitUsage,
		}, []string{"twice", "a list of itself", "a key twice", "oversized"}}, // what is around a PEM block is a comment
	} {
		data, err := os.ReadFile(in.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(damages)) {
			if slices.Contains(in.passes, name) || name == "a key twice" && !bytes.Contains(data, []byte("{")) {
				continue
			}
			if err := os.WriteFile("../bad", damages[name](data), 0o644); err != nil {
				t.Fatal(err)
			}
			for command, want := range in.commands {
				if (strings.HasPrefix(command, "check") || strings.HasPrefix(command, exec)) && name != "nothing" && name != "half of it" && name != "twice" {
					continue // it does all else as well
				}
				code, said := run(strings.ReplaceAll(command, "BAD", "../bad"))
				if code != want || len(strings.TrimSpace(said)) < 20 || strings.Contains(said, "internal error") || strings.Contains(said, "authorised: ") {
					t.Errorf("%s, %s: gate %s: exit %d, want %d\n%.300s", in.file, name, command, code, want, said)
				}
				if !strings.Contains(said, "bad") && !strings.Contains(said, "reviews") {
					t.Errorf("%s, %s: gate %s does not say what is wrong: %.300s", in.file, name, command, said)
				}
			}
		}
		for command, want := range in.commands { // no file, and none that can be read
			if want == exitDenied {
				want = exitIncomplete
			}
			for _, file := range []string{"../none", ".."} {
				if file == ".." && strings.Contains(command, "--approval BAD") {
					continue // a directory of approvals
				}
				if code, said := run(strings.ReplaceAll(command, "BAD", file)); code != want {
					t.Errorf("gate %s of %s: exit %d, want %d\n%.300s", command, file, code, want, said)
				}
			}
		}
	}
	if _, err := os.Stat("../ran"); err == nil {
		t.Error("something was run or signed")
	}

	// Of another type at one place, and signed by whom it should be.
	for _, in := range []struct {
		file, key string
		parse     func([]byte) error
	}{
		{decision, "ci", func(b []byte) error { _, err := attest.Parse(b); return err }},
		{"../bob.approval", "bob", func(b []byte) error { _, err := approve.Parse(b); return err }},
	} {
		data, err := os.ReadFile(in.file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := threatKey(in.key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := envelope.ReadBundle(data)
		if err != nil {
			t.Fatal(err)
		}
		bad := wrongTypes(t, data)
		// To protobuf a null is a field that is not there; these two carry no trust.
		delete(bad, "<nil> at .dsseEnvelope.signatures[0].keyid")
		delete(bad, "<nil> at .verificationMaterial.publicKey.hint")
		for what, payload := range wrongTypes(t, b.Payload) {
			if bad["payload: "+what], err = envelope.SignBundle(payload, envelope.PayloadType, s); err != nil {
				t.Fatal(err)
			}
		}
		for what, content := range bad {
			if err := in.parse(content); !errors.Is(err, attest.ErrMalformed) && !errors.Is(err, approve.ErrMalformed) {
				t.Errorf("%s, %s: %v", in.file, what, err)
			}
		}
		if len(bad) < 150 {
			t.Errorf("%s: only %d were tried", in.file, len(bad))
		}
	}
}
