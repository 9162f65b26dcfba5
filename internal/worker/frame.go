package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// The protocol: frames of four bytes length (big endian), so many bytes of
// JSON, and the blobs whose lengths the JSON says. The parent sends one task;
// the worker sends events and ends with an answer.
const (
	maxHeader = 16 << 20
	maxBlobs  = 4 << 30 // all blobs of one frame
)

// protocolVersion is refused if it is another: both sides are one program.
const protocolVersion = 1

// taskFrame is Task on the wire.
type taskFrame struct {
	Version  int             `json:"version"`
	Memory   int64           `json:"memory"`
	Deadline time.Time       `json:"deadline"`
	Dead     []Dead          `json:"dead"`
	OneByOne bool            `json:"oneByOne"`
	Payload  json.RawMessage `json:"payload"`
	Blobs    []int64         `json:"blobs"`
}

// The types of events.
const (
	eventStep   = "step"
	eventStart  = "start"
	eventDone   = "done"
	eventStuck  = "stuck"
	eventAnswer = "answer"
)

// eventFrame is what a worker says.
type eventFrame struct {
	Type    string          `json:"type"`
	Kind    string          `json:"kind,omitempty"`
	ID      string          `json:"id,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
	Blobs   []int64         `json:"blobs,omitempty"`
}

func sizes(blobs [][]byte) []int64 {
	out := make([]int64, len(blobs))
	for i, b := range blobs {
		out[i] = int64(len(b))
	}
	return out
}

// writeFrame writes the header in one piece, so that frames of several
// goroutines behind one lock never mix, and then the blobs.
func writeFrame(w io.Writer, header any, blobs [][]byte) error {
	data, err := json.Marshal(header)
	if err != nil {
		return err
	}
	if len(data) > maxHeader {
		return fmt.Errorf("a frame of %d bytes is above %d", len(data), maxHeader)
	}
	buf := make([]byte, 4, 4+len(data))
	binary.BigEndian.PutUint32(buf, uint32(len(data)))
	if _, err := w.Write(append(buf, data...)); err != nil {
		return err
	}
	for _, b := range blobs {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// readHeader reads the JSON of one frame. io.EOF means that there is none; a
// frame that is cut short is another error.
func readHeader(r io.Reader, header any) error {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxHeader {
		return fmt.Errorf("a frame of %d bytes is above %d", n, maxHeader)
	}
	data, err := readBytes(r, int64(n))
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(header); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("frame: something follows the value")
	}
	return nil
}

func readBlobs(r io.Reader, lengths []int64) ([][]byte, error) {
	var out [][]byte
	left := int64(maxBlobs)
	for _, n := range lengths {
		if n < 0 || n > left {
			return nil, fmt.Errorf("blobs are above %d bytes", int64(maxBlobs))
		}
		left -= n
		b, err := readBytes(r, n)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// readBytes reads exactly n bytes. Memory is taken as they come, not as they
// are announced.
func readBytes(r io.Reader, n int64) ([]byte, error) {
	if n <= 1<<20 {
		data := make([]byte, n)
		_, err := io.ReadFull(r, data)
		return data, short(err)
	}
	var buf bytes.Buffer
	_, err := io.CopyN(&buf, r, n)
	return buf.Bytes(), short(err)
}

func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
