package kyverno

import (
	"encoding/json"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func decoded(t *testing.T, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

// The table follows the operators, wildcards and their notes in
// https://kyverno.io/docs/policy-types/cluster-policy/validate/.
func TestScalar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, pattern string // JSON
		want           value
	}{
		{`"nginx:latest"`, `"*:latest"`, yes},
		{`"nginx:1.0"`, `"!*:latest"`, yes},
		{`"nginx:latest"`, `"!*:latest"`, no},
		{`""`, `"*"`, yes},
		{`""`, `"?*"`, no},
		{`"ab"`, `"?"`, no},
		{`"a"`, `"?"`, yes},
		{`"b"`, `"a | b"`, yes},
		{`"c"`, `"a | b"`, no},
		{`"web-1"`, `"web-* & !web-2"`, yes},
		{`"web-2"`, `"web-* & !web-2"`, no},
		{`"x"`, `"web-* & *1 | x"`, yes},
		{`3`, `">2"`, yes},
		{`2`, `">2"`, no},
		{`2`, `">=2"`, yes},
		{`2`, `"<= 2"`, yes},
		{`"100Mi"`, `"<=1Gi"`, yes},
		{`"2Gi"`, `"<=1Gi"`, no},
		{`"1024Mi"`, `"1Gi"`, yes},
		{`"500m"`, `"<1"`, yes},
		{`"90s"`, `">1m"`, yes},
		{`"1h"`, `"60m"`, yes},
		{`"1h"`, `"<30m"`, no},
		{`5`, `"1-10"`, yes},
		{`11`, `"1-10"`, no},
		{`10`, `"1-10"`, yes},
		{`5`, `"1!-10"`, no},
		{`11`, `"1!-10"`, yes},
		{`"512Mi"`, `"256Mi-1Gi"`, yes},
		{`-3`, `"-5--1"`, yes},
		{`"2-alpine"`, `"2-alpine"`, yes},
		{`true`, `true`, yes},
		{`"true"`, `true`, no},
		{`false`, `"false"`, yes},
		{`true`, `"false"`, no},
		{`true`, `"!true"`, no},
		{`3`, `3`, yes},
		{`3.5`, `3`, no},
		{`"3"`, `3`, yes},
		{`"three"`, `3`, no},
		{`null`, `null`, yes},
		{`""`, `null`, yes},
		{`0`, `null`, yes},
		{`{}`, `null`, no},
		{`"x"`, `null`, no},
		{`null`, `"?*"`, no},
		{`null`, `"!latest"`, no},
		{`null`, `"<5"`, unsure},
		{`null`, `">5"`, no},
		{`null`, `"0"`, unsure},
		{`null`, `5`, no},
		{`{}`, `"*x"`, no},
		{`"abc"`, `">a"`, no},
		{`"1"`, `">1e999999999"`, no},
	} {
		if got := scalar(decoded(t, c.value), decoded(t, c.pattern)); got.value != c.want {
			t.Errorf("%s against %s: %v, want %v", c.value, c.pattern, got.value, c.want)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	t.Parallel()
	at := func(p ...any) []source.Path { return []source.Path{p} }
	for name, c := range map[string]struct {
		object, pattern string
		want            Outcome
		places          []source.Path
	}{
		"a missing field fails at what is there":   {`{"spec":{}}`, `{"spec":{"replicas":">1"}}`, Fail, at("spec")},
		"undefined fields are free":                {`{"a":1,"b":2}`, `{"a":1}`, Pass, nil},
		"every element":                            {`{"c":[{"i":"a"},{"i":"b"}]}`, `{"c":[{"i":"a"}]}`, Fail, at("c", 1, "i")},
		"each element that fails":                  {`{"c":[{"i":"x"},{"i":"a"},{"i":"y"}]}`, `{"c":[{"i":"a"}]}`, Fail, []source.Path{{"c", 0, "i"}, {"c", 2, "i"}}},
		"an empty list has nothing that fails":     {`{"c":[]}`, `{"c":[{"i":"a"}]}`, Pass, nil},
		"a list of scalars":                        {`{"d":["ALL","X"]}`, `{"d":["ALL"]}`, Fail, at("d", 1)},
		"a scalar pattern on a list":               {`{"d":["ALL"]}`, `{"d":"ALL"}`, Pass, nil},
		"an object is expected":                    {`{"a":"x"}`, `{"a":{"b":"x"}}`, Fail, at("a")},
		"a list is expected":                       {`{"a":"x"}`, `{"a":[{"b":"x"}]}`, Fail, at("a")},
		"star needs the field":                     {`{}`, `{"a":"*"}`, Fail, at()},
		"star takes an object":                     {`{"a":{}}`, `{"a":"*"}`, Pass, nil},
		"condition not met":                        {`{"image":"a:1","pull":"Never"}`, `{"(image)":"*:latest","pull":"!Never"}`, Skip, nil},
		"condition met":                            {`{"image":"a:latest","pull":"Never"}`, `{"(image)":"*:latest","pull":"!Never"}`, Fail, at("pull")},
		"condition absent":                         {`{"pull":"Never"}`, `{"(image)":"*:latest","pull":"!Never"}`, Skip, nil},
		"condition takes an element out":           {`{"c":[{"i":"a:1"},{"i":"b:latest","p":"x"}]}`, `{"c":[{"(i)":"*:latest","p":"Always"}]}`, Fail, at("c", 1, "p")},
		"condition takes all elements out":         {`{"c":[{"i":"a:1"}],"x":1}`, `{"c":[{"(i)":"*:latest","p":"Always"}],"x":2}`, Skip, nil},
		"the child of a condition is of the if":    {`{"metadata":{},"spec":{"volumes":[{"hostPath":{"path":"/var/run/docker.sock"}}]}}`, `{"metadata":{"labels":{"allow-docker":"true"}},"(spec)":{"(volumes)":[{"(hostPath)":{"path":"/var/run/docker.sock"}}]}}`, Fail, at("metadata")},
		"the child of a condition is not met":      {`{"metadata":{},"spec":{"volumes":[{"emptyDir":{}}]}}`, `{"metadata":{"labels":{"allow-docker":"true"}},"(spec)":{"(volumes)":[{"(hostPath)":{"path":"/var/run/docker.sock"}}]}}`, Skip, nil},
		"equality absent":                          {`{}`, `{"=(hostPath)":{"path":"!/var/lib"}}`, Pass, nil},
		"equality met":                             {`{"hostPath":{"path":"/data"}}`, `{"=(hostPath)":{"path":"!/var/lib"}}`, Pass, nil},
		"equality not met":                         {`{"hostPath":{"path":"/var/lib"}}`, `{"=(hostPath)":{"path":"!/var/lib"}}`, Fail, at("hostPath", "path")},
		"the child of an equality is of the then":  {`{"v":[{"hostPath":{"path":"/var/run/docker.sock"}}]}`, `{"=(v)":[{"=(hostPath)":{"path":"!/var/run/docker.sock"}}]}`, Fail, at("v", 0, "hostPath", "path")},
		"existence met":                            {`{"c":[{"i":"a"},{"i":"nginx:latest"}]}`, `{"^(c)":[{"i":"nginx:latest"}]}`, Pass, nil},
		"existence not met":                        {`{"c":[{"i":"a"}]}`, `{"^(c)":[{"i":"nginx:latest"}]}`, Fail, at("c")},
		"existence absent":                         {`{}`, `{"^(c)":[{"i":"a"}]}`, Pass, nil},
		"existence of no list":                     {`{"c":"a"}`, `{"^(c)":[{"i":"a"}]}`, Fail, at("c")},
		"negation absent":                          {`{}`, `{"X(hostPath)":"null"}`, Pass, nil},
		"negation present":                         {`{"hostPath":{}}`, `{"X(hostPath)":"null"}`, Fail, at("hostPath")},
		"global met":                               {`{"c":[{"name":"w","image":"corp.reg.com/a"}],"s":[{"name":"other"}]}`, `{"c":[{"name":"*","<(image)":"corp.reg.com/*"}],"s":[{"name":"mine"}]}`, Fail, at("s", 0, "name")},
		"global not met":                           {`{"c":[{"name":"w","image":"docker.io/a"}],"s":[{"name":"other"}]}`, `{"c":[{"name":"*","<(image)":"corp.reg.com/*"}],"s":[{"name":"mine"}]}`, Skip, nil},
		"a key with a wildcard":                    {`{"metadata":{"annotations":{"fluxcd.io/x":"1"}}}`, `{"metadata":{"=(annotations)":{"X(fluxcd.io/*)":"*?"}}}`, Fail, at("metadata", "annotations", "fluxcd.io/x")},
		"no key of a wildcard":                     {`{"metadata":{"labels":{"a":"1"}}}`, `{"metadata":{"labels":{"app.*":"?*"}}}`, Fail, at("metadata", "labels")},
		"the anchor of mutate rules is not known":  {`{}`, `{"+(a)":"x"}`, Unknown, nil},
		"a list within a list is not known":        {`{"a":[["x"]]}`, `{"a":[["x"]]}`, Unknown, nil},
		"what is not known is not what fails here": {`{"a":{},"b":1}`, `{"a":{"n":"<5"},"b":2}`, Unknown, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := match(decoded(t, c.object), decoded(t, c.pattern), source.Path{}, 0)
			if got.outcome != c.want {
				t.Fatalf("outcome %s, want %s", got.outcome, c.want)
			}
			if diff := cmp.Diff(shownPaths(c.places), shownPaths(got.places)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func shownPaths(list []source.Path) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, " ")
}

func FuzzPattern(f *testing.F) {
	for _, s := range [][2]string{
		{`{"a":[{"b":"1Gi"}]}`, `{"a":[{"(b)":"1-2 | >3 & !x"}]}`}, {`null`, `{"X(a)":"null","^(b)":[{}]}`}, {`[1,"2",true]`, `"1!-2"`}, {`"*"`, `"****?*?*"`},
		{`{"metadata":{"labels":{"a":""}}}`, `{"metadata":{"labels":{"=(a*)":"?"}}}`},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, object, pattern string) {
		var o, p any
		if len(object)+len(pattern) > 4096 || json.Unmarshal([]byte(object), &o) != nil || json.Unmarshal([]byte(pattern), &p) != nil {
			return
		}
		first := match(o, p, source.Path{}, 0)
		if second := match(o, p, source.Path{}, 0); first.outcome != second.outcome || shownPaths(first.places) != shownPaths(second.places) {
			t.Fatalf("not the same twice: %v, %v", first, second)
		}
		if (first.outcome == Fail) != (len(first.places) > 0) {
			t.Fatalf("%s with %d places", first.outcome, len(first.places))
		}
	})
}
