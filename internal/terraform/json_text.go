package terraform

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string; without build it is checked and dropped.
func (r *jsonReader) text(build bool) (string, error) {
	r.pos++
	start := r.pos
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '"':
			raw := r.data[start:r.pos]
			if !utf8.Valid(raw) {
				return "", r.fault("text is not valid UTF-8")
			}
			r.pos++
			if !build {
				return "", nil
			}
			return r.intern(raw), nil
		case c == '\\':
			return r.escaped(start, build)
		case c < 0x20:
			return "", r.fault("control character in a string")
		default:
			r.pos++
		}
	}
	return "", r.fault("JSON ends inside a string")
}

// escaped goes on where text met its first backslash.
func (r *jsonReader) escaped(start int, build bool) (string, error) {
	out := append([]byte(nil), r.data[start:r.pos]...)
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		switch {
		case c == '"':
			r.pos++
			if !utf8.Valid(out) {
				return "", r.fault("text is not valid UTF-8")
			}
			if !build {
				return "", nil
			}
			return r.intern(out), nil
		case c < 0x20:
			return "", r.fault("control character in a string")
		case c != '\\':
			out = append(out, c)
			r.pos++
			continue
		}
		r.pos++
		if r.pos >= len(r.data) {
			break
		}
		switch c = r.data[r.pos]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			u, ok := r.hex()
			if !ok {
				return "", r.fault("malformed \\u escape")
			}
			if utf16.IsSurrogate(u) {
				u = r.pair(u)
			}
			out = utf8.AppendRune(out, u)
		default:
			return "", r.fault("unknown escape \\%c", c)
		}
		r.pos++
	}
	return "", r.fault("JSON ends inside a string")
}

// hex reads the four digits after a 'u' and leaves pos on the last of them.
func (r *jsonReader) hex() (rune, bool) {
	if r.pos+4 >= len(r.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.data[r.pos+1:r.pos+5]), 16, 16)
	if err != nil {
		return 0, false
	}
	r.pos += 4
	return rune(n), true
}

// pair reads the second half of a surrogate pair, or gives the replacement
// character as encoding/json does.
func (r *jsonReader) pair(high rune) rune {
	at := r.pos
	if r.pos+2 < len(r.data) && r.data[r.pos+1] == '\\' && r.data[r.pos+2] == 'u' {
		r.pos += 2
		if low, ok := r.hex(); ok {
			if u := utf16.DecodeRune(high, low); u != utf8.RuneError {
				return u
			}
		}
		r.pos = at
	}
	return utf8.RuneError
}

func (r *jsonReader) intern(b []byte) string {
	if len(b) > maxInternSize {
		return string(b)
	}
	if s, ok := r.strings[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(r.strings) < maxInterned {
		r.strings[s] = s
	}
	return s
}
