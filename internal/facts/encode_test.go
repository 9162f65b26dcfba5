package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	full := Facts{
		Schema: Schema, Params: map[string]map[string]map[string]any{"prod": {"a/b": {"x": []any{1, "<é>"}}}},
		Objects:   []Object{{Kind: "Pod", Manifest: map[string]any{"b": nil, "a": 1.5}}, {}},
		Resources: []Resource{}, Units: nil,
		DeletedObjects: []Object{{Name: "x"}},
	}
	for name, f := range map[string]*Facts{"empty": {}, "full": &full} {
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := f.Encode(&got); err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got.String(), want)
		}
	}
	if err := full.Encode(noSpace{}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

var errFull = errors.New("disk full")

type noSpace struct{}

func (noSpace) Write([]byte) (int, error) { return 0, errFull }
