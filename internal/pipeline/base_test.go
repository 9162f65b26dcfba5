package pipeline

import (
	"context"
	"errors"
	"os"
	"os/exec"
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
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
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
	commit("a: 5\n")
	for _, tt := range []struct {
		name, head, base string
		staged           bool
		event            *repository.Event
		want             string
		usage            bool
		note             string
	}{
		{name: "on a branch", head: "topic", want: third},
		{name: "on the tip of the target branch", head: "main", want: second},
		{name: "what was pushed there", head: "main", event: &repository.Event{Base: first}, want: first},
		{name: "a push that made the branch", head: "main", event: &repository.Event{Base: strings.Repeat("0", 40)}, want: second},
		{name: "a pull request of that commit", head: "main", event: &repository.Event{Base: first, PullRequest: &facts.PullRequest{}}, want: second},
		{name: "staged on the tip", head: "main", staged: true, want: third},
		{name: "named", head: "topic", base: first, want: first},
		{name: "named wrongly", head: "topic", base: "nowhere", usage: true},
		{name: "before the push is not here", head: "main", event: &repository.Event{Base: sha}, note: "is not in this clone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run("checkout", "-q", tt.head)
			repo, err := git.Open(context.Background(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer repo.Close()
			o := Options{Base: tt.base, Staged: tt.staged}
			o.defaults()
			s := &opened{Options: o, repo: repo, inputs: inputs{event: tt.event}}
			said := newRecord()
			got, _, err := s.base(context.Background(), &said)
			if fault := new(UsageError); errors.As(err, &fault) != tt.usage || err != nil && !tt.usage {
				t.Fatalf("error %v", err)
			}
			if got != tt.want {
				t.Errorf("base %q, want %q", got, tt.want)
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
	if got, _, err := (&opened{}).base(context.Background(), &said); got != "" || err != nil {
		t.Errorf("base %q, %v", got, err)
	}
	var fault *UsageError
	if _, _, err := (&opened{Options: Options{Base: "main"}}).base(context.Background(), &said); !errors.As(err, &fault) {
		t.Errorf("error %v", err)
	}
}
