package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// Options go to another process: whatever is added later has to survive that,
// or to be left out on purpose.
func TestOptionsTravel(t *testing.T) {
	left := map[string]bool{"Catalog": true, "Own": true, "PlainLoopback": true, "Getenv": true, "Stdin": true, "ReadInput": true, "Progress": true, "Compiled": true}
	var o Options
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; !left[name] {
			fill(t, name, v.Field(i))
		}
	}
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var got Options
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, got); diff != "" {
		t.Errorf("(-sent +received):\n%s", diff)
	}
}

// fill gives a field a value that is not zero.
func fill(t *testing.T, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x " + name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, name, v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	default:
		t.Fatalf("field %s of kind %s: say how it goes to a worker", name, v.Kind())
	}
}

func TestFiles(t *testing.T) {
	o := Options{
		Config: "c", Event: "e", Reviews: "e", Contract: "k", Approvals: []string{"a", ""},
		Plans: []Input{{File: "-"}, {Stack: "s", File: "p"}}, PlanFiles: []Input{{File: "p"}},
	}
	if diff := cmp.Diff([]string{"c", "e", "k", "-", "p", "a"}, o.Files()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// recorder is a Progress that writes down.
type recorder struct {
	mu   sync.Mutex
	said []string
}

func (r *recorder) say(words ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 1; i < len(words); i++ {
		words[0] += " " + words[i]
	}
	r.said = append(r.said, words[0])
}

func (r *recorder) Step(name string)              { r.say("step", name) }
func (r *recorder) Started(kind, id string)       { r.say("start", kind, id) }
func (r *recorder) Done(kind, id string)          { r.say("done", kind, id) }
func (r *recorder) Stuck(kind, id, reason string) { r.say("stuck", kind, id, reason) }

func TestGuard(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	r := newHooks(Options{Progress: rec})
	r.guard(KindPolicy, "quick", time.Hour, "it is slow")()
	done := r.guard(KindPolicy, "slow", -stuckGrace, "it is slow")
	for range 200 {
		rec.mu.Lock()
		n := len(rec.said)
		rec.mu.Unlock()
		if n == 4 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	done()
	want := []string{"start policy quick", "done policy quick", "start policy slow", "stuck policy slow it is slow", "done policy slow"}
	if diff := cmp.Diff(want, rec.said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	(hooks{}).guard(KindPolicy, "nobody asks", -stuckGrace, "")()
}

func TestDead(t *testing.T) {
	r := newHooks(Options{Dead: []Dead{
		{Kind: KindUnit, ID: "helm:a", Reason: "stack overflow"},
		{Kind: KindUnit, ID: "helm:b", Reason: "rendering takes longer than 1m0s", Stuck: true},
		{Kind: KindPolicy, ID: "own", Reason: "out of memory"},
	}})
	got := map[string]string{}
	for id, err := range r.killers(KindUnit, "rendered") {
		got[id] = err.Error()
	}
	want := map[string]string{
		"helm:a": "the worker died while it was rendered: stack overflow",
		"helm:b": "rendering takes longer than 1m0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.killers(KindRule, "evaluated") != nil {
		t.Error("no rule is dead")
	}
}

func TestReadInput(t *testing.T) {
	o := Options{Stdin: bytes.NewReader([]byte("in"))}
	if data, err := o.readInput("-"); err != nil || string(data) != "in" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := source.ReadInput("-", nil); err == nil {
		t.Error("no standard input is no error")
	}
	refused := errors.New("refused")
	o.ReadInput = func(string) ([]byte, error) { return nil, refused }
	if _, err := o.readInput("-"); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
}
