package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/repository"
)

// What a change is compared with: the target branch, on its tip what stood there
// before the push, and only what --base names if it names anything.
func TestBase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := checkout{t, dir}.git
	commit := func(text string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run("add", "-A")
		run("commit", "-q", "-m", text)
		return run("rev-parse", "HEAD")
	}
	run("init", "-q", "-b", "main")
	first := commit("a: 1\n")
	second, third := commit("a: 2\n"), commit("a: 3\n")
	run("checkout", "-q", "-b", "topic")
	commit("a: 4\n")
	fifth := commit("a: 5\n")
	for _, tt := range []struct {
		name, head, base string
		staged           bool
		event            *repository.Event
		commit           string
		want             string
		review           bool
		usage            bool
		note             string
	}{
		{name: "on a branch", head: "topic", want: third, review: true},
		{name: "on the tip of the target branch", head: "main", want: second},
		{name: "what was pushed there", head: "main", event: &repository.Event{Base: first}, want: first},
		{name: "a push that made the branch", head: "main", event: &repository.Event{Base: strings.Repeat("0", 40)}, want: second},
		{name: "a pull request of that commit", head: "main", event: &repository.Event{Base: first, PullRequest: &facts.PullRequest{}}, want: second},
		{name: "staged on the tip", head: "main", staged: true, want: third, review: true},
		{name: "staged on a branch", head: "topic", staged: true, want: fifth, review: true},
		{name: "staged on no branch", head: first, staged: true, want: first, review: true},
		{name: "staged, and named", head: "main", staged: true, base: first, want: first, review: true},
		{name: "named", head: "topic", base: first, want: first, review: true},
		{name: "another commit than the work tree's", head: "topic", commit: "main", want: second},
		{name: "another commit, and its base", head: "main", commit: "topic", base: second, want: second, review: true},
		{name: "named wrongly", head: "topic", base: "nowhere", usage: true},
		{name: "before the push is not here", head: "main", event: &repository.Event{Base: sha}, note: "is not in this clone"},
		{name: "staged before the first commit", head: "--orphan=new", staged: true, want: git.Nothing, review: true}, // the last one: it leaves what it staged
	} {
		t.Run(tt.name, func(t *testing.T) {
			run("checkout", "-q", tt.head)
			repo, err := git.Open(context.Background(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer repo.Close()
			o := Options{Base: tt.base, Staged: tt.staged, Commit: tt.commit}
			o.defaults()
			s := &opened{Options: o, repo: repo, inputs: inputs{event: tt.event}}
			said := newRecord()
			got, err := s.base(context.Background(), &said)
			if fault := new(UsageError); errors.As(err, &fault) != tt.usage || err != nil && !tt.usage {
				t.Fatalf("error %v", err)
			}
			if got.commit != tt.want || got.review != tt.review {
				t.Errorf("base %q, proposed %v, want %q, %v", got.commit, got.review, tt.want, tt.review)
			}
			if notes := strings.Join(said.Notes, "\n"); !strings.Contains(notes, tt.note) || (notes == "") != (tt.note == "") {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
		})
	}
}

// Outside of a repository there is no base, and none can be asked for.
func TestBaseWithoutRepository(t *testing.T) {
	t.Parallel()
	said := newRecord()
	if got, err := (&opened{}).base(context.Background(), &said); got.commit != "" || err != nil {
		t.Errorf("base %q, %v", got.commit, err)
	}
	var fault *UsageError
	if _, err := (&opened{Options: Options{Base: "main"}}).base(context.Background(), &said); !errors.As(err, &fault) {
		t.Errorf("error %v", err)
	}
}
