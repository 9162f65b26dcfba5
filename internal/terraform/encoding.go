package terraform

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// maxPlanBytes limits a plan after decompression.
const maxPlanBytes = 512 << 20

// planText returns the UTF-8 text of a plan that may be gzip-compressed
// (RFC 1952) and may be UTF-16 or start with a byte order mark, as the
// redirections of Windows shells write it.
func planText(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		var err error
		if data, err = gunzip(data); err != nil {
			return nil, err
		}
	}
	if len(data) > maxPlanBytes {
		return nil, fmt.Errorf("plan is larger than %d MiB", maxPlanBytes>>20)
	}
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return fromUTF16(data[2:], binary.BigEndian)
	case len(data) >= 2 && data[0] == '{' && data[1] == 0:
		return fromUTF16(data, binary.LittleEndian)
	case len(data) >= 2 && data[0] == 0 && data[1] == '{':
		return fromUTF16(data, binary.BigEndian)
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil, errors.New("this is the binary plan; expected the output of `terraform show -json` on it")
	}
	return data, nil
}

func gunzip(data []byte) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(zr, maxPlanBytes+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if n > maxPlanBytes {
		return nil, fmt.Errorf("plan is larger than %d MiB", maxPlanBytes>>20)
	}
	return out.Bytes(), nil
}

func fromUTF16(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data)%2 != 0 {
		return nil, errors.New("UTF-16 text ends in the middle of a character")
	}
	out := make([]byte, 0, len(data)/2)
	for i := 0; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			if i+4 > len(data) {
				return nil, errors.New("UTF-16 text ends in the middle of a character")
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(data[i+2:]))); r == utf8.RuneError {
				return nil, errors.New("UTF-16 text holds an unpaired surrogate")
			}
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}
