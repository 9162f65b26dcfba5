package fetch

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const sum0 = "0000000000000000000000000000000000000000000000000000000000000000"

func TestLockRoundTrip(t *testing.T) {
	t.Parallel()
	l := &Lock{Entries: []Entry{
		{"oci://ghcr.io/acme", "web", "2.0.0", "oci://ghcr.io/acme/web", sum0},
		{"https://charts.example.com", "redis", "1.2.3", "https://charts.example.com/redis-1.2.3.tgz", sum0},
	}}
	data, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `# Charts that are deployed from elsewhere. Written by: gate vendor --allow-network=helm
apiVersion: gate/v1
charts:
  - repository: https://charts.example.com
    name: redis
    version: 1.2.3
    url: https://charts.example.com/redis-1.2.3.tgz
    sha256: "` + sum0 + `"
  - repository: oci://ghcr.io/acme
    name: web
    version: 2.0.0
    url: oci://ghcr.io/acme/web
    sha256: "` + sum0 + `"
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	got, err := ParseLock(LockFile, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseLockFaults(t *testing.T) {
	t.Parallel()
	entry := func(change ...string) string {
		e := "apiVersion: gate/v1\ncharts:\n  - repository: https://charts.example.com\n    name: redis\n    version: 1.2.3\n    url: https://charts.example.com/redis.tgz\n    sha256: \"" + sum0 + "\"\n"
		return strings.NewReplacer(change...).Replace(e)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "l: lock file has 0 documents; expected one"},
		{"another version", "apiVersion: gate/v2\ncharts: []\n", `l:1:1: apiVersion is "gate/v2"; expected "gate/v1"`},
		{"a duplicate key", entry("    name: redis\n", "    name: redis\n    name: redis\n"), `l:5:5: key "name" is already defined`},
		{"an unknown field", entry("name: redis", "names: redis"), `l:1:1: lock file: unknown field "charts[0].names"`},
		{"a case variant", entry("sha256", "SHA256"), `l:1:1: lock file: unknown field "charts[0].SHA256"`},
		{"a short digest", entry(sum0, "00"), `l:7:5: sha256 of chart "redis" is not 64 hexadecimal digits`},
		{"plain text", entry("https://charts.example.com/redis.tgz", "redis.tgz"), `l:6:5: url of chart "redis" is neither an https:// nor an oci:// address`},
		{"credentials", entry("https://charts.example.com/redis.tgz", "https://a:b@c/redis.tgz"), `l:6:5: url of chart "redis" holds credentials; they are never sent`},
		{"two kinds", entry("https://charts.example.com/redis.tgz", "oci://c/redis"), `l:6:5: url of chart "redis" is of another kind than the repository`},
		{"a version range", entry("version: 1.2.3", "version: 1.x"), `l:5:5: version of chart "redis" is no semantic version`},
		{"a name that climbs", entry("name: redis", "name: ../redis"), `l:4:5: name of chart "../redis" is no chart name`},
		{"a list", "- a\n", "l:1:1: lock file: json: cannot unmarshal array"},
		{"twice", entry() + strings.SplitN(entry(), "charts:\n", 2)[1], `l:8:5: chart "redis" 1.2.3 of https://charts.example.com is locked twice`},
	} {
		_, err := ParseLock("l", []byte(tt.text))
		var at *source.Error
		if !errors.As(err, &at) || !strings.HasPrefix(at.Error(), tt.want) {
			t.Errorf("%s: got %v\nwant %s", tt.name, err, tt.want)
		}
	}
}

func FuzzParseLock(f *testing.F) {
	f.Add([]byte("apiVersion: gate/v1\ncharts:\n  - {repository: \"https://c\", name: a, version: 1.0.0, url: \"https://c/a\", sha256: \"" + sum0 + "\"}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseLock(LockFile, data)
		if err != nil {
			var at *source.Error
			if !errors.As(err, &at) {
				t.Fatalf("got %v, want a *source.Error", err)
			}
			return
		}
		text, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseLock(LockFile, text)
		if err != nil {
			t.Fatalf("what is written cannot be read: %v\n%s", err, text)
		}
		if diff := cmp.Diff(l, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// No other package of this module can open a connection.
func TestOnlyPackageWithNetwork(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	found := 0
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return nil // the compiler says so
			}
			for _, i := range f.Imports {
				name, _ := strconv.Unquote(i.Path.Value)
				if name != "net/http" && (name != "net" || !connects(t, file)) {
					continue
				}
				switch filepath.Base(filepath.Dir(file)) {
				case "fetch":
				case "sshagent": // on this machine, and no other way
					if text, err := os.ReadFile(file); err != nil || strings.Count(string(text), "net.") != strings.Count(string(text), `net.Dial("unix", socket)`) {
						t.Errorf("%s connects to more than a socket of this machine", file)
					}
				default:
					t.Errorf("%s imports %s", file, name)
				}
				found++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Error("no import was found: the test looks in the wrong place")
	}
}

// connects says whether a file uses more of package net than the parsing of
// addresses.
func connects(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\bnet\.(Dial|Listen|Lookup|Resolve|Resolver|FileConn)`).Match(text)
}
