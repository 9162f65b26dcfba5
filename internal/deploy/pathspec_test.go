package deploy

import (
	"cmp"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestPathspec says in words what FuzzPathspec compares.
func TestPathspec(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"a/*.json", "a/b/c.json", true}, {"a/**/c.json", "a/b/d/c.json", true}, {"a/**/c.json", "a/c.json", false},
		{"a", "a/b", true}, {"a", "ab", false}, {"a/", "a/b/c", true}, {"a/", "a", false}, {"a/*", "a/b/c", true}, {"*.json", "x.yaml", false},
		{"[ab]/x", "b/x", true}, {"[!ab]/x", "b/x", false}, {"[ab", "a", false}, {`a\*`, "a*", true}, {"[]", "]", false},
		{"", "a/b", true}, {".", "a", true}, {"./a//b/../c", "a/c", true},
		{"a/?.json", "a/é.json", false}, {"a/??.json", "a/é.json", true}, // a byte each
		{"*/conf", "a/conf", true}, {"*/conf", "a/conf/x.json", false}, // only what is written out is a directory, too
		{"[[:digit:]]/x", "7/x", true}, {"[]-]", "]", true}, {`[\]]`, "]", true}, {"a[/]b", "a/b", true}, {"[b-", "b", false},
		{":(glob)a/*.json", "a/b/c.json", false}, {":(glob)a/**/c.json", "a/c.json", true}, {":(glob)a?b", "a/b", false},
		{":(icase)A/*.JSON", "a/x.json", true}, {":(literal)a*", "ab", false}, {":/a", "a/b", true}, {":!a", "b", true}, {":!a", "a", false},
		{":(exclude,icase)A*", "ab", false}, {"{a,b}/x", "a/x", false},
	} {
		spec, err := newPathspec(tc.pattern)
		if err != nil {
			t.Errorf("%q: %v", tc.pattern, err)
		} else if got := spec.means(tc.name); got != tc.want {
			t.Errorf("%q, %q: %t", tc.pattern, tc.name, got)
		}
	}
	for _, pattern := range []string{"../a", "/a", "a/../..", ":(attr:x)a", ":(glob", ":(glob,literal)a", ":(none)a", ":%a"} {
		if _, err := newPathspec(pattern); err == nil {
			t.Errorf("%q is taken", pattern)
		}
	}
}

// TestMeant checks what both ways of globbing mean together, and that hostile
// alternatives end.
func TestMeant(t *testing.T) {
	for _, tc := range []struct {
		include, exclude, name string
		want                   bool
	}{
		{"conf/{a,b}.json", "none", "conf/b.json", true}, {"conf/*.json", "none", "conf/d/x.json", true}, {"./conf//*.json", "none", "conf/x.json", true},
		{"conf/*", "con?", "conf/x.json", true}, {"conf/*", "conf/*/x.json", "conf/d/e/x.json", false}, {"conf/*", "conf/{x,y}.json", "conf/x.json", true},
		{"{{.a}}/{{.b}}/{{.c}}/{{.d}}/{{.e}}", "none", "a", false},
	} {
		in, err := newFilePattern(tc.include, false)
		if err != nil {
			t.Fatal(err)
		}
		out, err := newFilePattern(tc.exclude, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := meant([]filePattern{in, out}, tc.name); got != tc.want {
			t.Errorf("%q without %q, %q: %t", tc.include, tc.exclude, tc.name, got)
		}
	}
	if _, err := newFilePattern(strings.Repeat("{a,b}", 60), false); err == nil {
		t.Error("alternatives without end are tried")
	}
}

// lister asks git which of its names a pathspec means.
type lister struct {
	dir   string
	names []string
}

func newLister(tb testing.TB, names []string) lister {
	l := lister{dir: tb.TempDir(), names: names}
	if _, err := l.git("", "init", "-q"); err != nil {
		tb.Fatal(err)
	}
	blob, err := l.git("", "hash-object", "-w", "--stdin")
	if err != nil {
		tb.Fatal(err)
	}
	var index strings.Builder
	for _, n := range names {
		index.WriteString("100644 " + strings.TrimSpace(blob) + "\t" + n + "\x00")
	}
	if _, err := l.git(index.String(), "update-index", "-z", "--index-info"); err != nil {
		tb.Fatal(err)
	}
	if all, err := l.list("."); err != nil || len(all) != len(names) {
		missing := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return all[n] })
		tb.Fatalf("%q are not in the index: %v", missing, err)
	}
	return l
}

func (l lister) git(stdin string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = l.dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C")
	out, err := cmd.Output()
	return string(out), err
}

func (l lister) list(pattern string) (map[string]bool, error) {
	out, err := l.git("", "ls-files", "--full-name", "-z", "--", pattern)
	listed := map[string]bool{}
	for n := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		listed[n] = true
	}
	delete(listed, "")
	return listed, err
}

// shortNames are the texts of a few characters that can be files beside each
// other, some for each of what a pattern may be about.
func shortNames(alphabet []string, length int) []string {
	texts, last := []string{}, []string{""}
	for range length {
		var next []string
		for _, t := range last {
			for _, c := range alphabet {
				next = append(next, t+c)
			}
		}
		texts, last = append(texts, next...), next
	}
	var out []string
	taken := map[string]bool{} // files, and the directories of files
	for i := range texts {
		t := texts[len(texts)-1-i] // the longer first: they need directories
		if taken[t] || path.Clean("/"+t) != "/"+t || slices.Contains(strings.Split(t, "/"), ".") || t == ".git" {
			continue
		}
		if i%3 == 2 && strings.Contains(t, "/") {
			continue // leave room for files of the directories' names
		}
		blocked := false
		for d := path.Dir(t); d != "."; d = path.Dir(d) {
			blocked = blocked || slices.Contains(out, d)
		}
		if !blocked {
			out = append(out, t)
			for d := t; d != "."; d = path.Dir(d) {
				taken[d] = true
			}
		}
	}
	slices.Sort(out)
	return out
}

// FuzzPathspec compares what a pattern means here with what git lists. Dense
// patterns are made of the characters that mean something.
func FuzzPathspec(f *testing.F) {
	for _, p := range []string{
		"a/*.json", "a/**/c.json", "a/[!b]*", "[]a-c]", "[[:alpha:]-z]/?", `\*`, ":(glob)**/c.json", ":(glob)a**/b", ":(icase)[A-C]*", ":(icase,exclude)A",
		":/a", ":!a", ":(literal)*", "./a//b/..", "a/", "[a\\]b]", "[b-\\]]", "[^a]", "[[:x:]]", "[[:alpha]", "*[", `a\`, ":(glob)a/*/c.json", ":(glob)***/c.json", ":(icase)[[:upper:]]", "é?",
		`:(glob)**\/b`, ":(icase)[A-z]", `:(icase)\A`, ":(glob)[/]", "a/.", "/", ":/./a", ":(top)a/",
	} {
		f.Add(p, false)
		f.Add(p, true)
	}
	l := newLister(f, append(shortNames([]string{"a", "B", "b", "/", "]", "-", "*", `\`}, 3), "a0/b/*b]", "a0/b/c.json", "a0/c.json", "é", "e/é", "7", ":", "[", "[[:x"))
	signs := []string{"a", "B", "b", "/", "]", "-", "*", `\`, "*", "**", "?", "[", "[!", "[^", "[:alpha:]", ".", "[[:upper:]]", "/**/"}
	f.Fuzz(func(t *testing.T, pattern string, dense bool) {
		if len(pattern) > 40 || strings.ContainsRune(pattern, 0) {
			return
		}
		if dense {
			var b strings.Builder
			for i := range len(pattern) {
				if i == 0 {
					b.WriteString([]string{"", ":(glob)", ":(icase)", ":(icase,glob)", ":/"}[int(pattern[0])%5])
				} else {
					b.WriteString(signs[int(pattern[i])%len(signs)])
				}
			}
			pattern = b.String()
		}
		spec, err := newPathspec(pattern)
		if strings.HasPrefix(pattern, ":(") && (strings.Contains(pattern, "attr:") || strings.Contains(pattern, "prefix:")) {
			return // known: what the attributes of files say, and what git tells itself, is not read
		}
		want, gitErr := l.list(cmp.Or(pattern, ".")) // as Argo CD does
		if (err != nil) != (gitErr != nil) {
			t.Fatalf("%q: error %v, of git %v", pattern, err, gitErr)
		}
		if err != nil {
			return
		}
		got := map[string]bool{}
		for _, n := range l.names {
			if spec.means(n) {
				got[n] = true
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%q: -git +here\n%s", pattern, diff)
		}
	})
}
