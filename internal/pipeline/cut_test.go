package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gate/internal/decide"

	"github.com/google/go-cmp/cmp"
)

// ender is a Progress that lets the deadline pass when a step begins.
type ender struct {
	recorder
	at  string
	end context.CancelCauseFunc
}

func (e *ender) Step(name string) {
	e.recorder.Step(name)
	if name == e.at {
		e.end(DeadlineError(time.Minute))
	}
}

// cutOptions are those of a run whose deadline passes when a step begins; "" is
// before the run does anything.
func cutOptions(t *testing.T, step string) (context.Context, Options) {
	t.Helper()
	ctx, end := context.WithCancelCause(context.Background())
	t.Cleanup(func() { end(nil) })
	if step == "" {
		end(DeadlineError(time.Minute))
	}
	dir := t.TempDir()
	o := Options{Dir: dir, Local: true, Progress: &ender{at: step, end: end}, Rules: []string{"kubernetes/privileged-container"}}
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: web}\nspec:\n  containers:\n    - {name: web, image: \"x:1\", securityContext: {privileged: true}}\n"
	if err := os.WriteFile(filepath.Join(dir, "pod.yaml"), []byte(pod), 0o600); err != nil {
		t.Fatal(err)
	}
	return ctx, o
}

// steps are all that Check says it begins before it decides.
var steps = []string{"", "look for secrets", "discover files", "render", "read Terraform", "look for secrets in what was read", "assess objects", "judge"}

// Wherever its deadline cuts a run, what it has is reported: incomplete, and
// neither allowed nor "nothing to check", whatever was asked for.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run("at "+step, func(t *testing.T) {
			t.Parallel()
			ctx, o := cutOptions(t, step)
			out, err := Check(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			res := out.Result
			if res.Complete || !res.Cut {
				t.Errorf("complete %v, cut %v", res.Complete, res.Cut)
			}
			for _, e := range res.Environments {
				if e.Complete {
					t.Errorf("environment %q, target %q is complete", e.Environment, e.Target)
				}
			}
			for _, failOn := range []decide.Effect{"", decide.Deny, decide.RequireApproval, decide.Warn} {
				for _, allowEmpty := range []bool{false, true} {
					if code := res.ExitCode(failOn, allowEmpty); code != decide.ExitIncomplete {
						t.Errorf("exit code %d with --fail-on %q, --allow-empty %v", code, failOn, allowEmpty)
					}
				}
			}
			var said []string
			for _, e := range res.Coverage.Entries {
				if e.Kind == "run" {
					said = append(said, e.Reason)
				}
			}
			if diff := cmp.Diff([]string{"the run took more than --deadline 1m0s: what stands behind that was not judged"}, said); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// A decision about it would be one about nothing, which is no fault
			// of usage here.
			if out.Facts.Units == nil {
				_, err := out.Decisions(time.Hour, nil)
				if fault := new(UsageError); err == nil || errors.As(err, &fault) || !strings.Contains(err.Error(), "the run took more than --deadline 1m0s") {
					t.Errorf("decisions: %v", err)
				}
			}
		})
	}
}

// What ends after the last judgement is complete, and the steps above are all.
func TestCutTooLate(t *testing.T) {
	t.Parallel()
	ctx, o := cutOptions(t, "decide")
	out, err := Check(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if code := out.Result.ExitCode("", false); code != decide.ExitDenied || !out.Result.Complete || out.Result.Cut {
		t.Errorf("exit code %d, complete %v", code, out.Result.Complete)
	}
	var said []string
	for _, s := range o.Progress.(*ender).said {
		if name, ok := strings.CutPrefix(s, "step "); ok {
			said = append(said, name)
		}
	}
	if diff := cmp.Diff(append(steps[1:len(steps):len(steps)], "decide"), said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A run that is interrupted, and one that is no check, reports nothing: its
// error says why it ended, and no step's own words.
func TestCutWithoutReport(t *testing.T) {
	t.Parallel()
	const want = "the run did not end: the run took more than --deadline 1m0s"
	for _, step := range steps {
		ctx, o := cutOptions(t, step)
		if _, _, err := Facts(ctx, o); step != "judge" && (err == nil || err.Error() != want) {
			t.Errorf("facts at %q: %v", step, err)
		}
	}
	ctx, end := context.WithCancelCause(context.Background())
	end(context.Canceled)
	_, o := cutOptions(t, "none")
	if out, err := Check(ctx, o); err == nil || out != nil || err.Error() != "the run did not end: context canceled" {
		t.Errorf("interrupted: %v", err)
	}
}

// What is not searched for secrets yet is not said, where no more than a change is
// looked at and the deadline passes in between.
func TestCutChangedOnly(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-Tr0ub4dor"
	for _, step := range []string{"discover files", "render", "look for secrets", "read Terraform", "judge"} {
		ctx, o := cutOptions(t, step)
		o.ChangedOnly, o.Base = true, "HEAD^"
		repo := checkout{t, o.Dir}
		repo.git("init", "-q", "-b", "main")
		repo.commit("a.yaml")
		chart := map[string]string{
			"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0", "values.yaml": "password: " + secret,
			"templates/c.yaml": "{{ fail (printf \"no %s\" .Values.password) }}",
		}
		for name, text := range chart {
			file := filepath.Join(o.Dir, "c", name)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		repo.commit("b.yaml")
		out, err := Check(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(out.Result.Coverage, out.Result.Notes)
		if strings.Contains(text, secret) {
			t.Errorf("cut at %q the secret is said: %s", step, text)
		}
		if out.Result.Complete || !strings.Contains(text, "the run took more than --deadline 1m0s") {
			t.Errorf("cut at %q: complete %v, %s", step, out.Result.Complete, text)
		}
		out.Close()
	}
}
