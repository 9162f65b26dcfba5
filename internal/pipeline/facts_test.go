package pipeline

import (
	"bytes"
	"context"
	"testing"

	"gate/internal/facts"
)

// What check writes of its facts is what their digest is of, and is read back as it was.
func TestFactsAreReadBack(t *testing.T) {
	out, err := Check(context.Background(), Options{Dir: "../../fixtures/platform", Local: true})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var was, is bytes.Buffer
	if err := out.Facts.Encode(&was); err != nil {
		t.Fatal(err)
	}
	if got := digest(was.Bytes()); got != out.Result.Digests.Facts {
		t.Errorf("the facts have digest %s, and the result says %s", got, out.Result.Digests.Facts)
	}
	back, err := facts.Decode(was.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Encode(&is); err != nil {
		t.Fatal(err)
	}
	if a, b := was.Bytes(), is.Bytes(); !bytes.Equal(a, b) {
		i := 0
		for i < min(len(a), len(b)) && a[i] == b[i] {
			i++
		}
		t.Errorf("at %d: %.200s\nread back: %.200s", i, a[max(0, i-80):], b[max(0, i-80):])
	}
	if _, err := facts.Decode(append(was.Bytes(), '{')); err == nil {
		t.Error("something behind the document is passed over")
	}
}
