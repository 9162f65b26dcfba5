package repository

import (
	"bytes"
	"encoding/json"
	"fmt"

	"gate/internal/doc"
	"gate/internal/envelope"
)

// maxJSONBytes limits a JSON input.
const maxJSONBytes = 64 << 20

// decodeJSON reads one JSON value of a forge, which may begin with a byte order
// mark. It is as strict as with signed bytes: of two equal keys, a reader and
// the forge could each take another one.
func decodeJSON(data []byte) (any, error) {
	if len(data) > maxJSONBytes {
		return nil, fmt.Errorf("input is above %d MiB", maxJSONBytes>>20)
	}
	var v any
	err := envelope.DecodeStrict(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &v)
	return v, err
}

// number returns the number at a path if it can be that of a pull request or a
// project: not negative, whole and exact in every JSON reader. Else it is 0.
func number(v any, path ...any) int {
	n, _ := doc.At(v, path...).(json.Number)
	i, err := n.Int64()
	if err != nil || i < 0 || i > 1<<53 {
		return 0
	}
	return int(i)
}
