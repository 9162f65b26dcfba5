package kyverno

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gate/internal/source"
)

// question is one line of input of the program in interop/kyverno.
type question struct {
	Resource any    `json:"resource,omitempty"`
	Pattern  any    `json:"pattern,omitempty"`
	Key      any    `json:"key,omitempty"`
	Operator string `json:"operator,omitempty"`
	Value    any    `json:"value,omitempty"`
}

func (q question) String() string {
	text, err := json.Marshal(q)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// TestKyvernoOracle lays a generated table of patterns and conditions before
// Kyverno's own engine (interop/README.md). Where the interpreter is sure of an
// answer it is the engine's, but for the differences that known names: they are
// printed with their number, and a new kind fails.
func TestKyvernoOracle(t *testing.T) {
	program := os.Getenv("GATE_KYVERNO")
	if program == "" {
		t.Skip("GATE_KYVERNO names no program: see interop/README.md")
	}
	for name, questions := range map[string][]question{
		"scalars": scalarQuestions(t), "anchors": anchorQuestions(t), "conditions": conditionQuestions(t),
	} {
		t.Run(name, func(t *testing.T) {
			theirs := ask(t, program, questions)
			unsure, differ := 0, map[string]int{}
			for i, q := range questions {
				ours := answer(q)
				switch why := known(q, theirs[i]); {
				case ours == "unknown":
					unsure++
				case ours == theirs[i]:
				case why != "":
					differ[why]++
				default:
					t.Errorf("%s: %s, Kyverno says %s", q, ours, theirs[i])
				}
			}
			t.Logf("%d questions, %d of them not answered", len(questions), unsure)
			for _, why := range slices.Sorted(maps.Keys(differ)) {
				t.Logf("%d times: %s", differ[why], why)
			}
			if unsure*4 > len(questions) {
				t.Errorf("%d of %d questions are not answered", unsure, len(questions))
			}
		})
	}
}

// ask runs the program once for all questions.
func ask(t *testing.T, program string, questions []question) []string {
	t.Helper()
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, q := range questions {
		if err := enc.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		var a struct {
			Outcome string `json:"outcome"`
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a.Outcome)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// answer is what the interpreter says, in the words of the program.
func answer(q question) string {
	if q.Operator == "" {
		return string(match(q.Resource, q.Pattern, source.Path{}, 0).outcome)
	}
	switch operate(q.Key, q.Operator, q.Value).value {
	case yes:
		return "yes"
	case no:
		return "no"
	}
	return "unknown"
}

// known names a difference between the interpreter and the engine that is not
// settled yet, "" if there is none.
func known(q question, theirs string) string {
	if q.Operator == "" {
		return knownOfPattern(fmt.Sprint(q.Pattern))
	}
	key, value := kindOf(q.Key), kindOf(q.Value)
	text, _ := q.Value.(string)
	switch {
	case theirs == "panic":
		return "the engine panics over a list of others than texts"
	case strings.HasSuffix(q.Operator, "In"):
		switch {
		case value == "number" || value == "boolean":
			return "a number or truth value is no set for the engine"
		case value == "text" && json.Valid([]byte(text)):
			return "a text that is JSON, but no list of texts, is no set for the engine"
		case value == "text" && strings.Contains(fmt.Sprint(q.Key), "*"):
			return "the engine does not lay a key over a text"
		case value == "text" && (q.Operator == "In" || q.Operator == "NotIn"):
			return "a text is a set of In and NotIn only as JSON"
		case key == "list" && q.Operator == "AnyNotIn" && text == "1-10":
			return "what is no number is neither in a range nor out of it for the engine"
		case key == "list" && q.Operator == "In":
			return "In looks for texts of a list without wildcards"
		}
	case strings.HasPrefix(q.Operator, "Duration"):
		return "the engine cuts fractions of seconds"
	case strings.HasPrefix(q.Operator, "Greater") || strings.HasPrefix(q.Operator, "Less"):
		if key == "text" || value == "text" {
			return "a number beside a duration is seconds for the engine, and no quantity; versions have no v"
		}
	case key == "text" && value == "number": // Equals, NotEquals
		return "a text is never equal to a number for the engine"
	}
	return ""
}

func knownOfPattern(pattern string) string {
	switch {
	case strings.Contains(pattern, " - "):
		return "a range with blanks is a text for the engine"
	case strings.Contains(pattern, "!"):
		return "a quantity or duration that is not to be equal is compared as such"
	case strings.Contains(pattern, "^(a):["):
		return "the engine lays no scalar over the elements of an existence anchor"
	}
	return ""
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "list"
	}
	return "object"
}

// leaves are values as documents have them.
var leaves = []string{
	`"nginx:latest"`, `"nginx:1.0"`, `""`, `"a"`, `"b"`, `"abc"`, `"web-1"`, `"web-2"`, `"2-alpine"`, `"1-10"`, `"true"`, `"false"`, `"null"`,
	`0`, `1`, `2`, `3`, `5`, `10`, `11`, `-3`, `1.5`, `3.5`, `1000000`, `true`, `false`, `null`, `"0"`, `"3"`, `"3.0"`, `"-3"`, `"007"`,
	`"100Mi"`, `"1Gi"`, `"1024Mi"`, `"2Gi"`, `"500m"`, `"0.5"`, `"1e3"`, `"90s"`, `"1h"`, `"60m"`, `"1m"`, `"30m"`, `"1.2.3"`, `"1.10.0"`, `"v1.2.3"`,
	`{}`, `[]`, `["a","b"]`, `["a","abc"]`, `{"a":"b"}`, `[1,2]`, `[true]`,
}

func scalarQuestions(t *testing.T) []question {
	t.Helper()
	patterns := []string{
		`"*"`, `"?*"`, `"?"`, `"a"`, `"a | b"`, `"a|abc"`, `"web-* & !web-2"`, `"!a"`, `"! a"`, `"!*:latest"`, `"*:latest"`, `"!?*"`, `" a "`, `"a*c"`, `"??c"`,
		`"2"`, `"3"`, `"3.0"`, `"0"`, `"-3"`, `">2"`, `">=2"`, `"<=2"`, `"<2"`, `"!2"`, `"> 2"`, `"1-10"`, `"1!-10"`, `"1 - 10"`, `"-5--1"`, `"-5-11"`, `">1 & <5"`, `"<1 | >5"`,
		`"1Gi"`, `"<=1Gi"`, `">1Gi"`, `"!1Gi"`, `"256Mi-1Gi"`, `"256Mi!-1Gi"`, `"<1"`, `"500m"`, `"1k"`, `">1m"`, `"<1h"`, `"1h"`, `"60m"`, `"!60m"`, `"1m-1h"`,
		`"1.2.3"`, `">1.2.0"`, `"true"`, `"!true"`, `"false"`, `"null"`, `""`, `true`, `false`, `null`, `0`, `3`, `3.5`, `-3`, `1000000`, `">a"`, `"2-alpine"`,
	}
	var out []question
	for _, p := range patterns {
		pattern := map[string]any{"f": decoded(t, p)}
		out = append(out, question{Resource: map[string]any{}, Pattern: pattern})
		for _, v := range leaves {
			out = append(out, question{Resource: map[string]any{"f": decoded(t, v)}, Pattern: pattern})
		}
	}
	return out
}

// anchorQuestions lay each anchor on fields, on fields of fields and on fields
// of elements, beside a field that fits and one that does not.
func anchorQuestions(t *testing.T) []question {
	t.Helper()
	anchors := []string{"%s", "(%s)", "=(%s)", "X(%s)", "<(%s)", "^(%s)"}
	objects := []string{
		`{}`, `{"a":"x"}`, `{"a":"y"}`, `{"a":null}`, `{"a":{}}`, `{"a":{"b":"x"}}`, `{"a":{"b":"y"}}`, `{"a":{"b":"x","c":"z"}}`, `{"a":{"b":"y","c":"z"}}`,
		`{"a":[]}`, `{"a":["x"]}`, `{"a":["x","y"]}`, `{"a":[{"b":"x"}]}`, `{"a":[{"b":"y"}]}`, `{"a":[{"b":"x"},{"b":"y"}]}`, `{"a":[{"b":"y"},{"b":"y"}]}`,
		`{"a":[{"b":"x","c":"z"},{"b":"y","c":"q"}]}`, `{"a":[{"b":"x","c":"q"},{"b":"y","c":"z"}]}`, `{"a":[{"c":"z"}]}`, `{"a":[{}]}`,
	}
	var patterns []string
	for _, a := range anchors {
		key := fmt.Sprintf(a, "a")
		for _, leaf := range []string{`"x"`, `"?*"`, `"*"`, `null`, `"!x"`, `["x"]`} {
			patterns = append(patterns, fmt.Sprintf(`{%q:%s}`, key, leaf))
		}
		for _, b := range anchors {
			inner := fmt.Sprintf(b, "b")
			for _, rest := range []string{``, `,"c":"z"`} {
				patterns = append(patterns, fmt.Sprintf(`{%q:{%q:"x"%s}}`, key, inner, rest), fmt.Sprintf(`{%q:[{%q:"x"%s}]}`, key, inner, rest))
			}
		}
	}
	var out []question
	for _, p := range patterns {
		for _, o := range objects {
			for _, beside := range []string{"", "v", "w"} {
				object, pattern := decoded(t, o).(map[string]any), decoded(t, p).(map[string]any)
				if beside != "" {
					object["k"], pattern["k"] = "v", beside
				}
				out = append(out, question{Resource: object, Pattern: pattern})
			}
		}
	}
	return out
}

func conditionQuestions(t *testing.T) []question {
	t.Helper()
	operators := []string{
		"Equals", "NotEquals", "In", "AllIn", "AnyIn", "NotIn", "AllNotIn", "AnyNotIn", "GreaterThan", "GreaterThanOrEquals", "LessThan", "LessThanOrEquals",
		"DurationGreaterThan", "DurationGreaterThanOrEquals", "DurationLessThan", "DurationLessThanOrEquals",
	}
	values := append([]string{`["a*"]`, `["1","2"]`, `["a","b","c"]`, `["*"]`, `"a*"`, `"[\"a\",\"b\"]"`, `[1]`, `["1h"]`, `["a",1]`}, leaves...)
	var out []question
	for _, op := range operators {
		for _, k := range values {
			for _, v := range values {
				if k == `null` || v == `null` {
					continue // a variable that is not set has no value
				}
				out = append(out, question{Key: decoded(t, k), Operator: op, Value: decoded(t, v)})
			}
		}
	}
	return out
}
