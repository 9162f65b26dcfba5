package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStandIns(t *testing.T) {
	t.Parallel()
	c, err := Parse(".gate.yaml", []byte(`apiVersion: gate/v1
standIns:
  "live/**": {REGION: eu, STAGE: dev}
  "live/prod/**": {STAGE: prod}
  live/prod/queue: {REGION: us}
  stack:live/dev/queue: {STAGE: test}
`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]map[string]string{
		"live/prod/queue": {"REGION": "us", "STAGE": "prod"},
		"live/prod/other": {"REGION": "eu", "STAGE": "prod"},
		"live/dev/queue":  {"REGION": "eu", "STAGE": "test"},
		"elsewhere":       {},
	} {
		if diff := cmp.Diff(want, c.StandInsOf("stack:"+path, path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for text, want := range map[string]string{
		"standIns: {a: {}}":           `standIns entry "a" names no variable`,
		"standIns: {a: {B: 1}}":       `standIns.a.B is 1; expected a string`,
		"standIns: {a: [B]}":          `standIns.a is a list; expected a mapping`,
		"standIns: {a: {B: x, B: y}}": `key "B" is already defined`,
		"standins: {a: {B: x}}":       `unknown key "standins"`,
	} {
		if _, err := Parse(".gate.yaml", []byte("apiVersion: gate/v1\n"+text+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
