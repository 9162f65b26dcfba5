package git

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCommit(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{"a": "1"})
	id := s.commit("Fix the limit\n\nWhy.\n\nIncident: INC-1\nChange-Id: I1")
	got, err := s.open().Commit(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	want := Commit{
		ID: id, Tree: s.git("rev-parse", "HEAD^{tree}"), AuthorName: "Ada", AuthorEmail: "ada@example.com",
		Time: time.Unix(1700000000, 0).UTC(), Message: "Fix the limit\n\nWhy.\n\nIncident: INC-1\nChange-Id: I1\n",
		Trailers: map[string]string{"incident": "INC-1", "change-id": "I1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseCommit(t *testing.T) {
	t.Parallel()
	const tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	raw := "tree " + tree + "\nparent " + tree + "\nauthor A <B> <a@x> 12 +0000\ncommitter C <c@x> 99 -0800\n" +
		"gpgsig -----BEGIN PGP SIGNATURE-----\n parent 0000000000000000000000000000000000000000\n tree x\n\nSubject \xff\n"
	got, err := parseCommit(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := Commit{
		Tree: tree, Parents: []string{tree}, AuthorName: "A", AuthorEmail: "B> <a@x", Time: time.Unix(99, 0).UTC(),
		Message: "Subject \uFFFD\n", Trailers: map[string]string{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := parseCommit("author x\n\nmessage"); err == nil {
		t.Error("a commit without a tree is read")
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@x> 1 +0\n\nx\n\nA: b\n c\n")
	f.Fuzz(func(t *testing.T, raw string) { _, _ = parseCommit(raw) })
}

func TestTrailers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     map[string]string
	}{
		{"title only", "Incident: INC-1", map[string]string{}},
		{"last paragraph", "x\n\nIncident: INC-1\n", map[string]string{"incident": "INC-1"}},
		{"not the last paragraph", "x\n\nIncident: INC-1\n\nmore text\n", map[string]string{}},
		{"repeated, any case, CRLF", "x\r\n\r\nincident: INC-1\r\nINCIDENT: INC-2\r\n", map[string]string{"incident": "INC-1, INC-2"}},
		{"continued", "x\n\nReason: one\n  two\n", map[string]string{"reason": "one two"}},
		{"text with a colon", "x\n\nNote that this: is text\nand more\n", map[string]string{}},
		{"mixed without git's own", "x\n\nsome text\nIncident: INC-1\n", map[string]string{}},
		{"mixed with git's own", "x\n\nsome text\nIncident: INC-1\nSigned-off-by: A <a@x>\n", map[string]string{"incident": "INC-1", "signed-off-by": "A <a@x>"}},
	} {
		if diff := cmp.Diff(c.want, Trailers(c.in)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestAuthors(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.write(map[string]string{"a": "1", ".mailmap": "Nobody <nobody@example.com> <ada@example.com>\n"})
	base := s.commit("One")
	s.commit("Two\n\nCo-Authored-By: Bob <Bob@Example.com>\n\nMore text.\n\nco-authored-by: Eve <eve@example.com>\nSigned-off-by: X <x@example.com>")
	s.git("-c", "user.name=Dan", "commit", "-q", "--allow-empty", "--author", "Dan <dan@example.com>", "-m", "Three\n\nCo-authored-by: nobody at all")
	head := s.git("rev-parse", "HEAD")
	for from, want := range map[string][]string{
		base:    {"ada@example.com", "bob@example.com", "dan@example.com", "eve@example.com"},
		Nothing: {"ada@example.com", "bob@example.com", "dan@example.com", "eve@example.com"},
		head:    nil,
	} {
		got, err := s.open().Authors(t.Context(), from, head)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("since %s: %s", from, diff)
		}
	}
}
