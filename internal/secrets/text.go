package secrets

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"gate/internal/source"
)

// views returns the texts that data may be read as. UTF-16, told by its byte
// order mark or by its zero bytes, comes first, but the bytes themselves are
// read as well: a mark in front of other text must not hide it.
func views(data []byte) [][]byte {
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return [][]byte{data[3:]}
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return order(decodeUTF16(data[2:], binary.LittleEndian), data)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return order(decodeUTF16(data[2:], binary.BigEndian), data)
	}
	head := data[:min(len(data), 4096)&^1]
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	// ASCII in UTF-16 is half zeros, all on one side.
	half := len(head) / 2
	switch {
	case half < 4:
	case zeros[1]*10 >= half*8 && zeros[0]*20 <= half:
		return order(decodeUTF16(data, binary.LittleEndian), data)
	case zeros[0]*10 >= half*8 && zeros[1]*20 <= half:
		return order(decodeUTF16(data, binary.BigEndian), data)
	}
	return [][]byte{data}
}

// order puts the decoded text first unless it is not text at all.
func order(decoded, data []byte) [][]byte {
	ascii := 0
	head := decoded[:min(len(decoded), 4096)]
	for _, c := range head {
		if c >= ' ' && c < utf8.RuneSelf || c == '\n' || c == '\r' || c == '\t' {
			ascii++
		}
	}
	if bytes.IndexByte(data, 0) < 0 && ascii*10 < len(head) {
		return [][]byte{data, decoded}
	}
	return [][]byte{decoded, data}
}

func decodeUTF16(data []byte, order binary.ByteOrder) []byte {
	out := make([]byte, 0, len(data))
	for len(data) >= 2 {
		r := rune(order.Uint16(data))
		data = data[2:]
		if utf16.IsSurrogate(r) && len(data) >= 2 {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(data))); pair != utf8.RuneError {
				r, data = pair, data[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// cursor turns byte offsets, asked for in ascending order, into positions
// without counting a line twice: files of one line of megabytes exist.
type cursor struct {
	text         []byte
	offset       int
	line, column int
}

func newCursor(text []byte) *cursor { return &cursor{text: text, line: 1, column: 1} }

// to moves forward to offset.
func (c *cursor) to(offset int) {
	for c.offset < offset {
		b := c.text[c.offset]
		switch {
		case b == '\n':
			c.line, c.column = c.line+1, 1
			c.offset++
		case b < utf8.RuneSelf:
			c.column++
			c.offset++
		default:
			r, size := utf8.DecodeRune(c.text[c.offset:])
			if c.column++; r > 0xffff {
				c.column++
			}
			c.offset += size
		}
	}
}

// region returns the first line of text[start:end].
func (c *cursor) region(file string, start, end int) source.Position {
	if i := bytes.IndexByte(c.text[start:end], '\n'); i >= 0 {
		end = start + i
		if end > start && c.text[end-1] == '\r' {
			end--
		}
	}
	c.to(start)
	p := source.Position{File: file, Line: c.line, Column: c.column, EndLine: c.line}
	c.to(end)
	p.EndColumn = max(c.column, p.Column+1)
	return p
}
