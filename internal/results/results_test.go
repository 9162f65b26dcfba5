package results

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func opened(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func fileOf(cache string, k Key) string {
	return filepath.Join(cache, Directory, hex.EncodeToString(k[:]))
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	cache := filepath.Join(t.TempDir(), "made", "here")
	s := opened(t, Options{Cache: cache, Tool: "1"})
	key := s.Key("build", []byte("a"), []byte("b"))
	for _, payload := range [][]byte{{}, []byte("x"), []byte("two\n\nparts\n"), bytes.Repeat([]byte{0}, 1<<20)} {
		s.Put(key, payload)
		got, ok := opened(t, Options{Cache: cache, Tool: "1"}).Get(key)
		if !ok || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes came back as %d, %v", len(payload), len(got), ok)
		}
	}
	if err := s.Flush(); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]fs.FileMode{filepath.Join(cache, Directory): 0o700 | fs.ModeDir, fileOf(cache, key): 0o600} {
		if info, err := os.Lstat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode(), err, want)
		}
	}
}

// Nothing that the key or its parts say can be taken for something else.
func TestKeys(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	one, two := opened(t, Options{Cache: cache, Tool: "1"}), opened(t, Options{Cache: cache, Tool: "2"})
	other := opened(t, Options{Cache: cache, Tool: "1"})
	other.build += " other"
	seen := map[Key]string{}
	for what, k := range map[string]Key{
		"ab": one.Key("k", []byte("ab")), "a b": one.Key("k", []byte("a"), []byte("b")), "a and nothing": one.Key("k", []byte("ab"), nil),
		"another kind": one.Key("ka", []byte("b")), "another version": two.Key("k", []byte("ab")), "another build": other.Key("k", []byte("ab")),
		"nothing": one.Key("k"),
	} {
		if seen[k] != "" {
			t.Errorf("%q and %q share a key", what, seen[k])
		}
		seen[k] = what
	}
}

// What is not, byte for byte, what was written is not taken, and is replaced.
func TestPoisoned(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	s := opened(t, Options{Cache: cache})
	key, other := s.Key("k"), s.Key("other")
	payload := []byte("what was worked out\n\nin two parts\n")
	whole := append(header(key, payload), payload...)
	poisoned := map[string][]byte{
		"empty":            {},
		"another format":   bytes.Replace(whole, []byte("/v1"), []byte("/v2"), 1),
		"another key":      append(header(other, payload), payload...),
		"key in capitals":  bytes.Replace(whole, []byte(fmt.Sprintf("key %x", key)), []byte(fmt.Sprintf("key %X", key)), 1),
		"a greater length": bytes.Replace(whole, []byte("length 3"), []byte("length 4"), 1),
		"length of zeros":  bytes.Replace(whole, []byte("length "), []byte("length 0"), 1),
		"no length":        bytes.Replace(whole, []byte("length "), []byte("length x"), 1),
		"another sum":      append(header(key, []byte("other")), payload...),
		"another payload":  append(header(key, payload), bytes.ToUpper(payload)...),
		"a longer payload": append(bytes.Clone(whole), '\n'),
		"a line more":      bytes.Replace(whole, []byte("\n\n"), []byte("\nmore 1\n\n"), 1),
		"no header":        payload,
		"other line ends":  bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")),
	}
	for n := range whole {
		poisoned[fmt.Sprintf("cut at %d", n)] = whole[:n]
		flipped := bytes.Clone(whole)
		flipped[n] ^= 1
		poisoned[fmt.Sprintf("flipped at %d", n)] = flipped
	}
	for what, data := range poisoned {
		if err := os.WriteFile(fileOf(cache, key), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Get(key); ok {
			t.Errorf("%s: taken as %q", what, got)
		}
		s.Put(key, payload)
		if got, ok := s.Get(key); !ok || !bytes.Equal(got, payload) {
			t.Errorf("%s: not replaced", what)
		}
	}
}

// What another could have laid there is not taken.
func TestNotOurs(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	payload := []byte("x")
	lay := func(t *testing.T) (string, Key) {
		cache := t.TempDir()
		s := opened(t, Options{Cache: cache})
		k := s.Key("k")
		s.Put(k, payload)
		return cache, k
	}
	entries := map[string]func(file string) error{
		"readable by the group": func(f string) error { return os.Chmod(f, 0o640) },
		"writable by the group": func(f string) error { return os.Chmod(f, 0o660) },
		"readable by all":       func(f string) error { return os.Chmod(f, 0o604) },
		"executable":            func(f string) error { return os.Chmod(f, 0o700) },
		"a link": func(f string) error {
			if err := os.Rename(f, f+".x"); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(f)+".x", f)
		},
		"a directory": func(f string) error {
			if err := os.Remove(f); err != nil {
				return err
			}
			return os.Mkdir(f, 0o700)
		},
	}
	if os.Geteuid() == 0 {
		entries["of another user"] = func(f string) error { return os.Lchown(f, 4711, -1) }
	}
	for what, spoil := range entries {
		cache, k := lay(t)
		if err := spoil(fileOf(cache, k)); err != nil {
			t.Fatal(err)
		}
		if _, ok := opened(t, Options{Cache: cache}).Get(k); ok {
			t.Errorf("%s: an entry is taken", what)
		}
	}
	directories := map[string]func(dir string) error{
		"writable by the group": func(d string) error { return os.Chmod(d, 0o770) },
		"writable by all":       func(d string) error { return os.Chmod(d, 0o702) },
		"a link": func(d string) error {
			if err := os.Rename(d, d+".x"); err != nil {
				return err
			}
			return os.Symlink(d+".x", d)
		},
		"a file": func(d string) error {
			if err := os.RemoveAll(d); err != nil {
				return err
			}
			return os.WriteFile(d, nil, 0o600)
		},
	}
	if os.Geteuid() == 0 {
		directories["of another user"] = func(d string) error { return os.Lchown(d, 4711, -1) }
	}
	for what, spoil := range directories {
		for _, at := range []string{".", Directory} {
			cache, _ := lay(t)
			if err := spoil(filepath.Join(cache, at)); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(Options{Cache: cache}); err == nil {
				s.Close()
				t.Errorf("%s: %s is opened", what, at)
			}
		}
	}
}

// A cache that cannot be written is said once, and ends no run.
func TestFaultOfWriting(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	s := opened(t, Options{Cache: cache})
	k := s.Key("k")
	if err := os.Mkdir(fileOf(cache, k), 0o700); err != nil {
		t.Fatal(err)
	}
	s.Put(k, []byte("x"))
	s.Put(s.Key("other"), []byte("x"))
	if err := s.Flush(); err == nil || !strings.Contains(err.Error(), "results are not kept in "+filepath.Join(cache, Directory)) {
		t.Errorf("got %v", err)
	}
	if _, ok := s.Get(s.Key("other")); ok {
		t.Error("written after a fault")
	}
	if list, err := os.ReadDir(filepath.Join(cache, Directory)); err != nil || len(list) != 1 {
		t.Errorf("something is left: %v %v", list, err)
	}
}

func TestNothingKept(t *testing.T) {
	t.Parallel()
	var none *Store
	none.Put(Key{}, nil)
	if _, ok := none.Get(Key{}); ok || none.Flush() != nil || none.Close() != nil || none.Taken("k") != 0 {
		t.Error("nothing is something")
	}
	set := none.Set("k")
	set.Add([32]byte{})
	if set.Has([32]byte{}) {
		t.Error("nothing holds something")
	}

	cache := t.TempDir()
	s := opened(t, Options{Cache: cache})
	s.Put(s.Key("large"), make([]byte, maxPayload+1))
	if _, ok := s.Get(s.Key("large")); ok || s.Flush() != nil {
		t.Error("what is too large is kept, or a fault")
	}

	s.Put(s.Key("k"), []byte("x"))
	blind := opened(t, Options{Cache: cache, Blind: true})
	blind.Put(blind.Key("other"), []byte("y"))
	if _, ok := blind.Get(s.Key("k")); ok {
		t.Error("a blind one sees")
	}
	if got, ok := s.Get(s.Key("other")); !ok || string(got) != "y" {
		t.Error("a blind one does not write")
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	a, b, c := Sum([]byte("a")), Sum([]byte("b")), Sum([]byte("c"))
	first := opened(t, Options{Cache: cache})
	first.Set("clean").Add(a)
	if !first.Set("clean").Has(a) || first.Set("clean").Has(b) || first.Set("dirty").Has(a) || first.Taken("clean") != 0 {
		t.Error("a set is not what was put into it")
	}
	second := opened(t, Options{Cache: cache}) // beside the first
	if second.Set("clean").Has(a) {
		t.Error("there before it is written")
	}
	second.Set("clean").Add(b)
	for _, s := range []*Store{first, second} {
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	third, blind := opened(t, Options{Cache: cache}), opened(t, Options{Cache: cache, Blind: true})
	got := []bool{third.Set("clean").Has(a), third.Set("clean").Has(a), third.Set("clean").Has(b), third.Set("clean").Has(c), blind.Set("clean").Has(a)}
	if diff := cmp.Diff([]bool{true, true, true, false, false}, got); diff != "" || third.Taken("clean") != 2 || blind.Taken("clean") != 0 {
		t.Errorf("%s %d taken", diff, third.Taken("clean"))
	}
	blind.Set("clean").Add(c)
	if err := blind.Flush(); err != nil {
		t.Fatal(err)
	}
	last := opened(t, Options{Cache: cache}).Set("clean")
	if !last.Has(a) || !last.Has(c) {
		t.Error("what a blind one wrote is not there beside the rest")
	}
	if n := len(digests(make([]byte, 33))); n != 0 {
		t.Errorf("%d digests in 33 bytes", n)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	s := opened(t, Options{Cache: cache})
	lay := func(name string, size int64, age time.Duration) {
		file := filepath.Join(cache, Directory, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	name := func(c string) string { return strings.Repeat(c, 64) }
	lay(name("a"), 1, maxAge+time.Hour)
	lay(name("b"), 200<<20, 3*time.Hour)
	lay(name("c"), 200<<20, 2*time.Hour)
	lay(name("d"), 200<<20, time.Hour)
	lay("."+name("e")[:16]+"-LEFT", 1, 2*tempAge)
	lay("."+name("f")[:16]+"-WRITING", 1, 0)
	lay("of-somebody", 1, 2*maxAge)
	s.Put(s.Key("new"), nil)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	k := s.Key("new")
	want := []string{"." + name("f")[:16] + "-WRITING", hex.EncodeToString(k[:]), name("d"), "of-somebody"}
	var got []string
	list, _ := os.ReadDir(filepath.Join(cache, Directory))
	for _, e := range list {
		got = append(got, e.Name())
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, n := range want {
		if _, err := os.Stat(filepath.Join(cache, Directory, n)); err != nil {
			t.Error(err)
		}
	}
}

// An entry that is used stays young.
func TestTouch(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	s := opened(t, Options{Cache: cache})
	k := s.Key("k")
	s.Put(k, nil)
	old := time.Now().Add(-maxAge)
	if err := os.Chtimes(fileOf(cache, k), old, old); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Get(k); !ok {
		t.Fatal("not there")
	}
	if info, err := os.Stat(fileOf(cache, k)); err != nil || time.Since(info.ModTime()) > touchAge {
		t.Errorf("still of %v: %v", info.ModTime(), err)
	}
}

// Runs beside each other see whole entries or none.
func TestBesideEachOther(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	var group sync.WaitGroup
	for range 8 {
		s := opened(t, Options{Cache: cache})
		group.Go(func() {
			for i := range 50 {
				k := s.Key("k", []byte{byte(i)})
				want := bytes.Repeat([]byte{byte(i)}, 1000)
				if got, ok := s.Get(k); ok && !bytes.Equal(got, want) {
					t.Errorf("entry %d is not whole", i)
				}
				s.Put(k, want)
			}
			if err := s.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestNamed(t *testing.T) {
	t.Parallel()
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}, {Key: "vcs.modified", Value: modified}}
	}
	main := debug.Module{Path: "gate"}
	for _, c := range []struct {
		what string
		info debug.BuildInfo
		want bool
	}{
		{"a commit", debug.BuildInfo{Main: main, Settings: vcs("false")}, true},
		{"a commit with changes", debug.BuildInfo{Main: main, Settings: vcs("true")}, false},
		{"nothing known", debug.BuildInfo{Main: main}, false},
		{"a module of the proxy", debug.BuildInfo{Main: debug.Module{Path: "gate", Sum: "h1:x"}}, true},
		{"another program", debug.BuildInfo{Main: debug.Module{Path: "other"}, Settings: vcs("false")}, false},
		{"a library by its sum", debug.BuildInfo{Main: main, Settings: vcs("false"), Deps: []*debug.Module{{Path: "x", Sum: "h1:y"}}}, true},
		{"a library from a directory", debug.BuildInfo{Main: main, Settings: vcs("false"), Deps: []*debug.Module{{Path: "x", Sum: "h1:y", Replace: &debug.Module{Path: "../x"}}}}, false},
	} {
		if got := named(&c.info); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
