package terraform

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"gate/internal/source"
)

// unknownLeaf stands for a value that only apply knows.
type unknownLeaf struct{}

// typeText is the type before a value whose type the schema leaves open.
type typeText []byte

// decodeMsgpack reads one value of https://github.com/msgpack/msgpack/blob/master/spec.md
// as Terraform writes them: nil, bool, int64, float64, string, []any,
// map[string]any, typeText for binary data, unknownLeaf for extensions.
// Numbers that are neither int64 nor float64 are written as strings.
func decodeMsgpack(data []byte) (any, error) {
	r := msgpackReader{data: data}
	v, err := r.value(0)
	if err == nil && len(r.data) > 0 {
		err = errors.New("text after the end of a value")
	}
	return v, err
}

type msgpackReader struct{ data []byte }

var errMsgpack = errors.New("a value ends too early")

func (r *msgpackReader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.data)) {
		return nil, errMsgpack
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out, nil
}

// number reads a big-endian unsigned integer of size bytes.
func (r *msgpackReader) number(size uint64) (uint64, error) {
	b, err := r.take(size)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[8-size:], b)
	return binary.BigEndian.Uint64(full[:]), nil
}

func (r *msgpackReader) value(depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("a value is nested more than %d levels deep", maxJSONDepth)
	}
	code, err := r.number(1)
	if err != nil {
		return nil, err
	}
	switch {
	case code <= 0x7f:
		return int64(code), nil
	case code >= 0xe0:
		return int64(int8(code)), nil
	case code <= 0x8f:
		return r.object(code&0x0f, depth)
	case code <= 0x9f:
		return r.array(code&0x0f, depth)
	case code <= 0xbf:
		b, err := r.take(code & 0x1f)
		return string(b), err
	}
	switch code {
	case 0xc0:
		return nil, nil
	case 0xc2, 0xc3:
		return code == 0xc3, nil
	case 0xcc, 0xcd, 0xce, 0xcf: // unsigned of 1, 2, 4, 8 bytes
		n, err := r.number(1 << (code - 0xcc))
		if n > math.MaxInt64 {
			return float64(n), err
		}
		return int64(n), err
	case 0xd0, 0xd1, 0xd2, 0xd3: // signed
		size := uint64(1) << (code - 0xd0)
		n, err := r.number(size)
		shift := 64 - 8*size
		return int64(n<<shift) >> shift, err
	case 0xca:
		n, err := r.number(4)
		return float64(math.Float32frombits(uint32(n))), err
	case 0xcb:
		n, err := r.number(8)
		return math.Float64frombits(n), err
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8: // extensions of 1, 2, 4, 8, 16 bytes and a type
		_, err := r.take(1 + 1<<(code-0xd4))
		return unknownLeaf{}, err
	}
	return r.long(code, depth)
}

// long reads what states its length in 1, 2 or 4 bytes.
func (r *msgpackReader) long(code uint64, depth int) (any, error) {
	sizes := map[uint64]uint64{
		0xc4: 1, 0xc5: 2, 0xc6: 4, 0xc7: 1, 0xc8: 2, 0xc9: 4, 0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4,
	}
	size, ok := sizes[code]
	if !ok {
		return nil, fmt.Errorf("a value has the unknown code 0x%02x", code)
	}
	n, err := r.number(size)
	if err != nil {
		return nil, err
	}
	switch code {
	case 0xdc, 0xdd:
		return r.array(n, depth)
	case 0xde, 0xdf:
		return r.object(n, depth)
	case 0xc7, 0xc8, 0xc9:
		_, err := r.take(n + 1)
		return unknownLeaf{}, err
	}
	b, err := r.take(n)
	if code <= 0xc6 {
		return typeText(b), err
	}
	return string(b), err
}

func (r *msgpackReader) array(n uint64, depth int) (any, error) {
	if n > uint64(len(r.data)) {
		return nil, errMsgpack
	}
	out := make([]any, n)
	for i := range out {
		var err error
		if out[i], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *msgpackReader) object(n uint64, depth int) (any, error) {
	if n > uint64(len(r.data)) {
		return nil, errMsgpack
	}
	out := make(map[string]any, n)
	for range n {
		k, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		if _, dup := out[key]; !ok || dup {
			return nil, errors.New("an object has a key that is no text or stands twice")
		}
		if out[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// undynamic unwraps a value that stands behind its type.
func undynamic(v any) any {
	for {
		pair, ok := v.([]any)
		if !ok || len(pair) != 2 {
			return v
		}
		if _, ok := pair[0].(typeText); !ok {
			return v
		}
		v = pair[1]
	}
}

// differs returns the path at which a value of the binary plan is not what the
// JSON says; ok is true if they agree. Unknown values and nulls may be absent
// from the JSON.
func differs(b, j any, at source.Path) (path source.Path, ok bool) {
	switch b := undynamic(b).(type) {
	case unknownLeaf, nil:
		return at, j == nil
	case map[string]any:
		o, isObject := j.(map[string]any)
		if !isObject {
			return at, j == nil && onlyUnknown(b)
		}
		for _, k := range slices.Sorted(maps.Keys(b)) {
			if p, ok := differs(b[k], o[k], append(at[:len(at):len(at)], k)); !ok {
				return p, false
			}
		}
		for _, k := range slices.Sorted(maps.Keys(o)) {
			if _, known := b[k]; !known {
				return append(at[:len(at):len(at)], k), false
			}
		}
		return nil, true
	case []any:
		l, isList := j.([]any)
		if isList && len(l) < len(b) { // versions before 1.3 leave unknown elements of sets out
			b = slices.DeleteFunc(slices.Clone(b), func(e any) bool { _, unknown := undynamic(e).(unknownLeaf); return unknown })
		}
		if !isList || len(l) != len(b) {
			return at, false
		}
		for i := range b {
			if p, ok := differs(b[i], l[i], append(at[:len(at):len(at)], i)); !ok {
				return p, false
			}
		}
		return nil, true
	case bool:
		return at, j == b
	case string:
		s, isText := j.(string)
		return at, isText && s == b || !isText && sameNumber(b, j)
	case int64:
		i, isInt := j.(int64)
		return at, isInt && i == b || !isInt && sameNumber(strconv.FormatInt(b, 10), j)
	case float64:
		return at, sameNumber(strconv.FormatFloat(b, 'g', -1, 64), j)
	}
	return at, false
}

// mismarked returns the path at which after_unknown does not say what the
// binary plan does: a known value that is called unknown would not be judged,
// an unknown one that is not would be taken for one that is not set.
func mismarked(b, mark any, at source.Path) (path source.Path, ok bool) {
	switch b := undynamic(b).(type) {
	case unknownLeaf:
		return at, mark == true
	case map[string]any:
		m, isObject := mark.(map[string]any)
		if !isObject && anyTrue(mark) {
			return at, false
		}
		for _, k := range slices.Sorted(maps.Keys(b)) {
			if p, ok := mismarked(b[k], m[k], append(at[:len(at):len(at)], k)); !ok {
				return p, false
			}
		}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if _, known := b[k]; !known && anyTrue(m[k]) {
				return append(at[:len(at):len(at)], k), false
			}
		}
		return nil, true
	case []any:
		l, isList := mark.([]any)
		if !isList && anyTrue(mark) || len(l) > len(b) {
			return at, false
		}
		for i := range b {
			var m any
			if i < len(l) {
				m = l[i]
			}
			if p, ok := mismarked(b[i], m, append(at[:len(at):len(at)], i)); !ok {
				return p, false
			}
		}
		return nil, true
	}
	return at, !anyTrue(mark)
}

// onlyUnknown says whether nothing in an object is known.
func onlyUnknown(m map[string]any) bool {
	for _, v := range m {
		if _, unknown := undynamic(v).(unknownLeaf); !unknown {
			return false
		}
	}
	return len(m) > 0
}

// sameNumber compares the text of a number with one of the JSON.
func sameNumber(text string, j any) bool {
	want, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(want, 0) {
		return false
	}
	switch n := j.(type) {
	case int64:
		i, err := strconv.ParseInt(text, 10, 64)
		return err == nil && i == n || err != nil && want == float64(n)
	case float64:
		return want == n
	case json.Number:
		return text == string(n) || math.IsInf(want, 0)
	}
	return false
}
