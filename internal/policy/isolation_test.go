package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// manifests are documents of a name and a field each, as one file after the other.
func manifests(values ...any) []Document {
	var out []Document
	for i, v := range values {
		file := fmt.Sprintf("k8s/%c.yaml", 'a'+i)
		out = append(out, Document{ID: "file:" + file, File: file, Value: map[string]any{"v": v}})
	}
	return out
}

// said is what an outcome holds, one line each.
func said(out *Outcome) []string {
	var lines []string
	for _, r := range out.Results {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", r.Verdict, strings.TrimPrefix(r.Subject, "file:k8s/"), strings.TrimPrefix(r.Rule, "team/"), r.Message)))
	}
	for _, e := range out.Ledger {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", e.State, strings.TrimPrefix(e.ID, "team/"), e.Count, e.Reason)))
	}
	return lines
}

// What fails over one document fails there alone: by an error, by a function that is
// refused, by a message that is none, or because it does not end.
func TestSetJudgeFailsAlone(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, rule, want string }{
		{"an error of a function", `to_number(input.v) > 5`, "eval_builtin_error: to_number"},
		{"a function that is refused", "input.v != 7\n\thttp.send({\"method\": \"get\", \"url\": \"http://127.0.0.1:1\"}).status_code == 200", "http.send: refused"},
		{"in a term", "input.v != 7\n\tcount(opa.runtime().env.PATH) > 0", "opa.runtime: refused"},
		{"a file of the machine", "input.v != 7\n\tparse_config_file(\"/etc/passwd\")", "parse_config_file: refused"},
		{"a conflict", "x := input.v\n\tf(x) == 1", "functions must not produce multiple outputs"},
		{"an endless loop", "input.v != 7\n\tcount([1 | some i in numbers.range(1, 90000); some j in numbers.range(1, 90000); i == j + 99999]) > 0", "it takes more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := set("package main\n\nimport rego.v1\n\ndeny contains \"bad\" if {\n\t" + tt.rule + "\n}\n\ndeny contains \"seven\" if input.v == 7\n\nwarn contains \"seen\"\n\nf(x) := 1 if x != 7\n\nf(x) := 2 if x == \"z\"\n\nf(x) := 3 if x == 7\n")
			got, _ := s.Judge(t.Context(), manifests(7, "z", 7), Options{Steps: 200_000})
			lines := said(got)
			if len(lines) < 2 || !strings.Contains(lines[len(lines)-1], tt.want) || !strings.HasPrefix(lines[len(lines)-1], "failed main 0 evaluate k8s/b.yaml: ") {
				t.Fatalf("%s\nwant the second document failed because of %q", strings.Join(lines, "\n"), tt.want)
			}
			if !strings.Contains(strings.Join(lines, "\n"), "evaluated main 2") {
				t.Errorf("%s\nwant the others judged", strings.Join(lines, "\n"))
			}
			for _, want := range []string{"fail a.yaml main/deny: seven", "fail c.yaml main/deny: seven", "fail a.yaml main/warn: seen"} {
				if !strings.Contains(strings.Join(lines, "\n"), want) {
					t.Errorf("%s\nwant %q", strings.Join(lines, "\n"), want)
				}
			}
		})
	}
}

// A document that takes long is judged after the others, within what its package has.
func TestSetJudgeHeavy(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\ndeny contains sprintf(\"%d\", [n]) if {\n\tn := count([1 | some i in numbers.range(1, input.v); i > 0])\n\tn > 10\n}\n")
	got, _ := s.Judge(t.Context(), manifests(5, 30_000, 20_000, 90_000_000, 40), Options{Steps: 400_000})
	lines := said(got)
	want := []string{"fail b.yaml main/deny: 30000", "fail c.yaml main/deny: 20000", "fail e.yaml main/deny: 40", "evaluated main 4"}
	if diff := cmp.Diff(want, lines[:len(lines)-1]); diff != "" || !strings.HasPrefix(lines[len(lines)-1], "failed main 0 evaluate k8s/d.yaml: it takes more than 500000 steps") {
		t.Errorf("(-want +got):\n%s\n%s", diff, lines[len(lines)-1])
	}
}

// Every document is judged with its own name, however many are judged at once.
func TestSetJudgeFileName(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\ndeny contains data.conftest.file.name if data.conftest.file.dir == \"/k8s\"\n")
	var docs []Document
	for i := range 500 {
		docs = append(docs, Document{ID: fmt.Sprint(i), File: fmt.Sprintf("k8s/%d.yaml", i), Value: map[string]any{}})
	}
	got, _ := s.Judge(t.Context(), docs, Options{Workers: 8})
	for _, r := range got.Results {
		if r.Message != r.Subject+".yaml" {
			t.Fatalf("%s was told that it is %s", r.Subject, r.Message)
		}
	}
	if len(got.Results) != 500 {
		t.Errorf("%d results", len(got.Results))
	}
}

// conftest asks main where it is told nothing, and takes patterns.
func TestSetNamespaces(t *testing.T) {
	t.Parallel()
	s := Set{Entry: "team", Modules: map[string][]byte{}}
	for _, name := range []string{"main", "main.gke", "team.net", "lib"} {
		s.Modules["policy/"+name+".rego"] = []byte("package " + name + "\n\nimport rego.v1\n\ndeny contains \"m\"\n")
	}
	s.Modules["policy/lib.rego"] = []byte("package lib\n\nimport rego.v1\n\nx := 1\n")
	tests := []struct {
		name  string
		names []string
		want  string
	}{
		{"none", nil, "main"},
		{"one", []string{"team.net"}, "team.net"},
		{"a pattern", []string{"main.*"}, "main.gke"},
		{"all", []string{"*"}, "main main.gke team.net"},
		{"two", []string{"team.*", "main"}, "main team.net"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s
			s.Namespaces = tt.names
			got, _ := s.Judge(t.Context(), manifests(1), Options{})
			var names, others []string
			for _, e := range got.Ledger {
				if e.State == facts.Evaluated {
					names = append(names, strings.TrimPrefix(e.ID, "team/"))
				} else if strings.Contains(e.Reason, "not one of the entry's namespaces") {
					others = append(others, strings.TrimPrefix(e.ID, "team/"))
				}
			}
			if strings.Join(names, " ") != tt.want || len(names)+len(others) != 3 {
				t.Errorf("evaluated %q, not named %q; want %q", names, others, tt.want)
			}
		})
	}
	s.Namespaces = []string{"nowhere.*"}
	if got, _ := s.Judge(t.Context(), manifests(1), Options{}); len(got.Ledger) != 1 || !strings.Contains(got.Ledger[0].Reason, `no package "nowhere.*"; there are lib, main, main.gke, team.net`) {
		t.Errorf("a name without a package: %q", said(got))
	}
}

// The names of rules are conftest's, and so is what a rule may say.
func TestSetRulesAndMessages(t *testing.T) {
	t.Parallel()
	s := set(`package main

import rego.v1

deny_a_b contains "named"

deny_ contains "no rule of conftest's"

denying contains "neither"

violation contains {"msg": "an object", "details": {"x": 1}}

violation contains 7

violation contains ""

warn contains {"msg": ""}

deny := true
`)
	got, rules := s.Judge(t.Context(), manifests(1), Options{})
	want := []string{"fail a.yaml main/deny_a_b: named", "fail a.yaml main/violation: an object", "evaluated main 1"}
	if diff := cmp.Diff(want, said(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var names []string
	for _, r := range rules {
		names = append(names, r.ID)
	}
	if diff := cmp.Diff([]string{"team/main/deny", "team/main/deny_a_b", "team/main/violation", "team/main/warn"}, names); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	s = set("package main\n\nimport rego.v1\n\ndeny contains {\"message\": \"m\"}\n")
	if got, _ := s.Judge(t.Context(), manifests(1), Options{}); !strings.Contains(strings.Join(said(got), "\n"), `failed main 0 evaluate k8s/a.yaml: rule deny: a result has no text "msg"`) {
		t.Errorf("an object without msg: %q", said(got))
	}
}

// Functions that a package defines are its own, whatever OPA calls so, and what a
// test mocks is no fault.
func TestSetOwnFunctions(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\nparse_config_file(x) := x + 1\n\ndeny contains \"own\" if parse_config_file(1) == 2\n")
	s.Modules["policy/main_test.rego"] = []byte("package main\n\nimport rego.v1\n\nmock(_) := {\"status_code\": 200}\n\ntest_it if http.send({}) with http.send as mock\n\ndeny contains \"of a file of tests\"\n")
	got, _ := s.Judge(t.Context(), manifests(1), Options{})
	want := []string{"fail a.yaml main/deny: of a file of tests", "fail a.yaml main/deny: own", "evaluated main 1"}
	if diff := cmp.Diff(want, said(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What ended a worker is left out by its document; a package that ends one over two is
// not asked again.
func TestSetSkips(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\ndeny contains \"m\"\n")
	dead := fmt.Errorf("the worker died")
	skip := map[string]error{"team/main over k8s/b.yaml": dead, "other/main over k8s/a.yaml": dead}
	got, _ := s.Judge(t.Context(), manifests(1, 2, 3), Options{Skip: skip})
	want := []string{"fail a.yaml main/deny: m", "fail c.yaml main/deny: m", "evaluated main 2", "failed main 0 evaluate k8s/b.yaml: the worker died"}
	if diff := cmp.Diff(want, said(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	skip["team/main over k8s/c.yaml"] = dead
	got, _ = s.Judge(t.Context(), manifests(1, 2, 3), Options{Skip: skip})
	if len(got.Results) != 0 || got.Documents != 0 {
		t.Errorf("after two: %q", said(got))
	}
}

// What counts no step for long is named; what does is not.
func TestRoundWatch(t *testing.T) {
	t.Parallel()
	stuck := make(chan string, 10)
	r := newRound(Set{Entry: "team"}, &compiledSet{}, manifests(1, 2), Options{Workers: 1, Stuck: func(id string) { stuck <- id }})
	r.patience = 20 * time.Millisecond
	stands, moves := CountSteps(t.Context(), 1<<40), CountSteps(t.Context(), 1<<40)
	r.running.begin(stands, r, "main", &r.docs[0])
	r.running.begin(moves, r, "main", &r.docs[1])
	stop := r.watch()
	for end := time.Now().Add(time.Minute); len(stuck) < 2 && time.Now().Before(end); {
		moves.Cancelled()
	}
	r.running.end(stands)
	stop()
	if len(stuck) == 0 {
		t.Error("nothing is stuck")
	}
	for len(stuck) > 0 {
		if id := <-stuck; id != "team/main over k8s/a.yaml" {
			t.Errorf("%q is stuck", id)
		}
	}
}

// To conftest a function that fails is undefined: what a rule says then is told beside
// the failure. Over one that is refused it would say something that it says nowhere else.
func TestSetJudgeSaysBesideErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, rule, want string }{
		{"another body", `to_number(input.v) > 5`, "also"},
		{"a negation", `not startswith(input.v, "x")`, "also said"},
		{"a negation of what is refused", `not http.send({"method": "get", "url": input.v})`, ""},
		{"a conflict", `f(input.v) == 1`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := set("package main\n\nimport rego.v1\n\ndeny contains \"also\"\n\ndeny contains \"said\" if " + tt.rule + "\n\nf(x) := 1 if x\n\nf(x) := 2 if x != 3\n")
			got, _ := s.Judge(t.Context(), manifests([]any{}), Options{})
			var messages []string
			for _, r := range got.Results {
				messages = append(messages, r.Message)
			}
			if said := strings.Join(messages, " "); said != tt.want {
				t.Errorf("said %q, want %q", said, tt.want)
			}
			if last := got.Ledger[len(got.Ledger)-1]; last.State != facts.Failed {
				t.Errorf("%+v, want failed", last)
			}
		})
	}
}
