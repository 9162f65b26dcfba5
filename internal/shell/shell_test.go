package shell

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// follow runs a script in which "check" commands are marked by their argument, and
// says what is known where "apply" begins.
func follow(t *testing.T, text string, errexit, pipefail bool) string {
	t.Helper()
	s := NewState("/root", nil)
	s.Errexit, s.Pipefail = errexit, pipefail
	said := "never"
	_, err := Run(text, false, s, func(c Command, s *State) Outcome {
		switch c.Words[0].Text {
		case "check":
			return Outcome{s.Succeeded("c"), s.Failed("c")}
		case "apply":
			switch p, told := s.Passed["c"]; {
			case s.Done["c"]:
				said = "done"
			case told && p.Certain:
				said = "passed"
			case told:
				said = "doubt"
			default:
				said = "nothing"
			}
		}
		return Outcome{s, s}
	})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return said
}

func TestWhatHasSucceeded(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ script, plain, errexit string }{
		{"apply", "nothing", "nothing"},
		{"check; apply", "passed", "done"},
		{"check && apply", "done", "done"},
		{"check || true; apply", "passed", "passed"},
		{"check || :\napply", "passed", "passed"},
		{"check || exit 1; apply", "done", "done"},
		{"check || exit; apply", "done", "done"},
		{"check || { echo no; exit 1; }; apply", "done", "done"},
		{"check || echo no; apply", "passed", "passed"},
		{"check || apply", "nothing", "nothing"},
		{"check && echo yes; apply", "passed", "passed"},
		{"check && echo yes || exit 1; apply", "done", "done"},
		{"if check; then apply; fi", "done", "done"},
		{"if check; then :; fi; apply", "passed", "passed"},
		{"if check; then echo; else exit 2; fi; apply", "done", "done"},
		{"if ! check; then exit 1; fi; apply", "done", "done"},
		{"if ! check; then echo no; fi; apply", "passed", "passed"},
		{"if check; then ok=1; fi; apply", "doubt", "doubt"},
		{"! check; apply", "passed", "passed"},
		{"check & apply", "passed", "passed"},
		{"check | tee log; apply", "passed", "passed"},
		{"set -o pipefail; check | tee log && apply", "done", "done"},
		{"set -e; check; apply", "done", "done"},
		{"set -euo pipefail; check | tee log; apply", "done", "done"},
		{"set +e; check; apply", "passed", "passed"},
		{"set +e\ncheck\nrc=$?\nset -e\nif [ $rc -ne 0 ]; then exit 1; fi\napply", "doubt", "doubt"},
		{"set +e; check; [ $? -eq 0 ] || exit 1; apply", "doubt", "doubt"},
		{"(check); apply", "passed", "done"},
		{"(check || exit 1); apply", "passed", "done"},
		{"{ check; } && apply", "done", "done"},
		{"x=$(check); apply", "passed", "done"},
		{"x=$(check) && apply", "done", "done"},
		{"echo $(check); apply", "passed", "passed"},
		{"export x=$(check); apply", "passed", "passed"},
		{"local x=\"$(check)\"; apply", "passed", "passed"},
		{"f() { check; }; f; apply", "passed", "done"},
		{"f() { check || return 1; }; f || exit 1; apply", "done", "done"},
		{"f() { check || return 0; }; f; apply", "passed", "passed"},
		{"f() { check; }; apply", "nothing", "nothing"},
		{"function f { apply; }; check; f", "passed", "done"},
		{"for i in a b; do check; done; apply", "passed", "doubt"},
		{"for i in a b; do check && apply; done", "done", "done"},
		{"until check; do sleep 1; done; apply", "done", "done"},
		{"while ! check; do sleep 1; done; apply", "done", "done"},
		{"case $x in a) check;; esac; apply", "passed", "doubt"},
		{"case $x in a) check;; *) exit 1;; esac; apply", "passed", "done"},
		{"if [ -f x ]; then check; fi; apply", "passed", "doubt"},
		{"exit 0; apply", "never", "never"},
		{"exec check; apply", "never", "never"},
		{"exec apply", "nothing", "nothing"},
		{"# check\necho check\napply", "nothing", "nothing"},
		{"cat <<X\ncheck\nX\napply", "nothing", "nothing"},
		{"time check; apply", "passed", "done"},
		{"command check; apply", "passed", "done"},
		{"CHECK=check; $CHECK; apply", "passed", "done"},
		{"check >log 2>&1; apply", "passed", "done"},
	} {
		if got := follow(t, x.script, false, false); got != x.plain {
			t.Errorf("%q: %s, want %s", x.script, got, x.plain)
		}
		if got := follow(t, x.script, true, false); got != x.errexit {
			t.Errorf("%q with errexit: %s, want %s", x.script, got, x.errexit)
		}
	}
}

// Whatever a script looks like, it ends, and takes no stack that is not there.
func TestBounds(t *testing.T) {
	t.Parallel()
	deep := func(open string) string { return strings.Repeat(open, MaxBytes/8/len(open)) }
	many := "f0() { :; }\n"
	for i := range 60 {
		many += fmt.Sprintf("f%d() { f%d; f%d; }\n", i+1, i, i)
	}
	assigns := ""
	for i := range 5000 {
		assigns += fmt.Sprintf("a%d=1\n", i)
	}
	for _, text := range []string{
		deep("("), deep("$("), deep("{ "), deep("! "), deep("if "), deep("while "), deep("`"), deep("\"$("), deep("${a:-"), deep("$(("), deep("((("), deep("a && "), deep("a | "), deep("[[ ( "), deep("case x in a) "), deep("f() { "), deep("time "), deep("\"${a:-"),
		many + "f60", "f() { f; }; f", "f() { f | f; f & f; }; f", assigns,
	} {
		s, begun := NewState("/", nil), time.Now()
		_, _ = Run(text, false, s, func(_ Command, s *State) Outcome { return Outcome{s, s} })
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("%.20q took %v", text, took)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	var got []string
	s := NewState("/root", map[string]string{"A": "a b", "D": "stacks/prod"})
	_, err := Run(`x $A "$A" '$A' "${D}"/x $B ${B:-c} a\ b "it\"s" *.tf {a,b} $'n' "$(y)"; cd $D; x`, false, s, func(c Command, s *State) Outcome {
		for _, w := range c.Words {
			got = append(got, fmt.Sprintf("%s:%v", w.Text, w.Known))
		}
		got = append(got, s.Dir)
		return Outcome{s, s}
	})
	want := []string{
		"y:true", "/root",
		"x:true", "a:true", "b:true", "a b:true", "$A:true", "stacks/prod/x:true", "$B:false", "${B:-c}:false", "a b:true", `it"s:true`, "*.tf:true", "{a,b}:true", "n:true", `"$(y)":false`, "/root",
		"x:true", "/root/stacks/prod",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
}

func FuzzRun(f *testing.F) {
	f.Add("if a; then b | c; else exit 1; fi || d &")
	f.Add("f() { g \"$@\"; }; f $(x) <<E\n${y}\nE\n")
	f.Fuzz(func(_ *testing.T, text string) {
		s := NewState("/", nil)
		s.Errexit = true
		_, _ = Run(text, false, s, func(c Command, s *State) Outcome {
			return Outcome{s.Succeeded(c.Words[0].Text), s.Failed(c.Words[0].Text)}
		})
	})
}
