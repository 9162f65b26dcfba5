package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func framed(header string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(header)))
	return append(out, header...)
}

func TestFollow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stream []string
		tail   string
		answer *Answer
		during []Dead
		err    string
	}{
		{name: "nothing", err: "EOF"},
		{name: "cut in the length", tail: "\x00\x00", err: "unexpected EOF"},
		{name: "cut in the header", tail: "\x00\x00\x00\x10{", err: "unexpected EOF"},
		{name: "too long", tail: "\xff\xff\xff\xff", err: "the worker's answer is not understood: a frame of 4294967295 bytes is above 16777216"},
		{name: "unknown field", stream: []string{`{"type":"start","x":1}`}, err: `the worker's answer is not understood: frame: json: unknown field "x"`},
		{name: "two values", stream: []string{`{"type":"start"} {}`}, err: "the worker's answer is not understood: frame: something follows the value"},
		{name: "unknown event", stream: []string{`{"type":"begin"}`}, err: `the worker's answer is not understood: event "begin"`},
		{
			name: "ends out of order and twice", err: "EOF",
			stream: []string{
				`{"type":"start","kind":"unit","id":"a"}`, `{"type":"start","kind":"unit","id":"b"}`, `{"type":"start","kind":"unit","id":"a"}`,
				`{"type":"done","kind":"unit","id":"a"}`, `{"type":"done","kind":"unit","id":"c"}`,
			},
			during: []Dead{{Kind: "unit", ID: "a"}, {Kind: "unit", ID: "b"}},
		},
		{name: "answer", stream: []string{`{"type":"answer","payload":{"x":1},"blobs":[2,0,1]}`}, tail: "abc", answer: &Answer{Payload: json.RawMessage(`{"x":1}`), Blobs: [][]byte{[]byte("ab"), {}, []byte("c")}}},
		{name: "blob cut short", stream: []string{`{"type":"answer","blobs":[4]}`}, tail: "abc", err: "unexpected EOF"},
		{name: "blob that is announced only", stream: []string{`{"type":"answer","blobs":[4000000000]}`}, tail: "abc", err: "unexpected EOF"},
		{name: "negative blob", stream: []string{`{"type":"answer","blobs":[-1]}`}, err: "the worker's answer is not understood: blobs are above 4294967296 bytes"},
		{name: "blobs above the limit", stream: []string{`{"type":"answer","blobs":[9223372036854775807,9223372036854775807]}`}, err: "the worker's answer is not understood: blobs are above 4294967296 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var in bytes.Buffer
			for _, s := range tt.stream {
				in.Write(framed(s))
			}
			in.WriteString(tt.tail)
			answer, d, err := follow(&in)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(tt.err, text); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.answer, answer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if len(tt.during) != 0 || len(d.during) != 0 {
				if diff := cmp.Diff(tt.during, d.during); diff != "" {
					t.Errorf("in work (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestWriteFrameIsRead(t *testing.T) {
	var buf bytes.Buffer
	want := taskFrame{Version: 1, Memory: 5, Dead: []Dead{{Kind: "unit", ID: "a\x00b", Reason: "…", Stuck: true}}, Payload: json.RawMessage(`{"a":1}`), Blobs: []int64{1}}
	if err := writeFrame(&buf, want, [][]byte{{7}}); err != nil {
		t.Fatal(err)
	}
	var got taskFrame
	if err := readHeader(&buf, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if blobs, err := readBlobs(&buf, got.Blobs); err != nil || !bytes.Equal(blobs[0], []byte{7}) || buf.Len() != 0 {
		t.Errorf("blobs %v, error %v, %d bytes left", blobs, err, buf.Len())
	}
	if err := writeFrame(io.Discard, eventFrame{ID: strings.Repeat("x", maxHeader)}, nil); err == nil {
		t.Error("a frame above the limit was written")
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"8GiB": 8 << 30, "512MiB": 512 << 20, "1TiB": 1 << 40, "1536KiB": 1536 << 10, "7": 7, "0": 0} {
		n, err := ParseSize(text)
		if err != nil || n != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", text, n, err, want)
		}
		if got := Size(want); text != "1536KiB" && got != text {
			t.Errorf("Size(%d) = %q, want %q", want, got, text)
		}
	}
	for _, text := range []string{"", "GiB", "8GB", "8 GiB", "-1GiB", "1.5GiB", "99999999999999TiB", "9999999999999999", "8gib"} {
		if n, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, n)
		}
	}
}

func FuzzFollow(f *testing.F) {
	f.Add(append(framed(`{"type":"start","kind":"unit","id":"a"}`), framed(`{"type":"answer","payload":1,"blobs":[1]}`)...))
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, d, err := follow(bytes.NewReader(data))
		if (answer == nil) == (err == nil) || d == nil {
			t.Errorf("answer %v, error %v", answer, err)
		}
	})
}
