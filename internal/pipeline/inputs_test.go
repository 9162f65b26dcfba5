package pipeline

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"gate/internal/source"
	"gate/internal/terraform"

	"github.com/google/go-cmp/cmp"
)

// An input is provided if it could be read and is what its flag says.
func TestReadInputs(t *testing.T) {
	t.Parallel()
	const event, push = `{"number":1,"pull_request":{"number":1,"title":"t","base":{"ref":"main","sha":"` + sha + `"},"head":{"ref":"x","sha":"` + sha + `"}},"repository":{"full_name":"a/b"}}`, `{"ref":"refs/heads/main","before":"` + sha + `","after":"` + sha + `","repository":{"full_name":"a/b"}}`
	for _, tt := range []struct {
		name     string
		options  Options
		text     string // of every file; "" cannot be read
		provided map[string]bool
		failed   []string
	}{
		{name: "none", provided: map[string]bool{}},
		{name: "a pull request", options: Options{Event: "e"}, text: event, provided: map[string]bool{"pull-request": true}},
		{name: "a push is no pull request", options: Options{Event: "e"}, text: push, provided: map[string]bool{"pull-request": false}},
		{name: "a broken event", options: Options{Event: "e"}, text: "{", provided: map[string]bool{"pull-request": false}, failed: []string{"input pull-request"}},
		{
			name: "a snapshot", options: Options{Protection: "p"}, text: `{"a": 1}`, provided: map[string]bool{"protection": true},
		},
		{name: "a contract", options: Options{Contract: "c"}, text: "productionChangeContract: {}", provided: map[string]bool{"contract": true}},
		{
			name: "a contract of another name", options: Options{Contract: "c"}, text: `{"a": 1}`, provided: map[string]bool{"contract": false}, failed: []string{"input contract"},
		},
		{
			name: "broken snapshots", options: Options{Protection: "p", Contract: "c"}, text: "[",
			provided: map[string]bool{"protection": false, "contract": false}, failed: []string{"input protection", "input contract"},
		},
		{name: "a contract of nothing", options: Options{Contract: "c"}, text: "{}", provided: map[string]bool{"contract": false}, failed: []string{"input contract"}},
		{name: "a contract of two documents", options: Options{Contract: "c"}, text: "a: 1\n---\nb: 1\n", provided: map[string]bool{"contract": false}, failed: []string{"input contract"}},
		{name: "lost", options: Options{Event: "e", Contract: "c"}, provided: map[string]bool{}, failed: []string{"input pull-request", "input contract"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.ReadInput = func(file string) ([]byte, error) {
				if tt.text == "" {
					return nil, fmt.Errorf("no %s", file)
				}
				return []byte(tt.text), nil
			}
			said := newRecord()
			got := readInputs(&tt.options, &said)
			var failed []string
			for _, e := range said.Ledger {
				failed = append(failed, e.Kind+" "+e.ID)
			}
			if diff := cmp.Diff(tt.provided, got.provided); diff != "" {
				t.Errorf("provided (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.failed, failed); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
		})
	}
}

const sha = "0123456789012345678901234567890123456789"

// What rules with needs are told is there.
func TestProvided(t *testing.T) {
	t.Parallel()
	const managed = "-- a.yaml --\napiVersion: s3.aws.upbound.io/v1beta1\nkind: Bucket\nmetadata: {name: a}\nspec: {forProvider: {region: eu-west-1}}\n"
	for _, tt := range []struct {
		name, tree string
		plan       bool // one is handed in
		want       map[string]bool
	}{
		{name: "nothing but the base", tree: "-- a.yaml --\n" + configA, want: map[string]bool{"base": true, "attestations": false, "plan": false}},
		{name: "a plan", tree: "-- a.yaml --\n" + configA, plan: true, want: map[string]bool{"base": true, "attestations": false, "plan": true}},
		{name: "managed resources are their own plan", tree: managed, want: map[string]bool{"base": true, "attestations": false, "plan": true}},
		{name: "but not that of a stack beside them", tree: managed + "-- main.tf --\nterraform {\n}\n", want: map[string]bool{"base": true, "attestations": false, "plan": false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := changeFacts(t, tt.tree, tt.tree)
			if tt.plan {
				c.read.plans.files = []terraform.PlanFile{{Name: "plan"}}
			}
			g, _, err := gather(context.Background(), c.opened, c.scanned, c.changed, c.rendered, c.read, c.record.Locators)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, g.provided); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A fault is entered where it stands, with what would settle it.
func TestRecordFailed(t *testing.T) {
	t.Parallel()
	r := newRecord()
	if !r.complete() {
		t.Error("nothing is said, yet it is incomplete")
	}
	r.failed("input", "plan", fmt.Errorf("read: %w", &source.Error{Position: source.Position{File: "p", Line: 3}, Msg: "m", Hint: "h"}))
	r.failed("input", "event", errors.New("lost"))
	if e := r.Ledger[0]; e.Place.Line != 3 || e.Hint != "h" || e.Reason != "read: p:3: m" {
		t.Errorf("entry %+v", e)
	}
	if e := r.Ledger[1]; e.Place.File != "" || e.Hint != "" || e.Reason != "lost" || r.complete() {
		t.Errorf("entry %+v", e)
	}
}
