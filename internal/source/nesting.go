package source

import "errors"

// TooDeep refuses text on which a recursive parser of HCL or JSON could exhaust the
// stack, which no recover can catch, with the line where it is.
func TooDeep(data []byte) (int, error) {
	const limit = 1500
	depth, signs, questions, line := 0, 0, 0, 1
	for _, c := range data {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '?':
			questions++
		case '\n':
			line++
		}
		switch c {
		case '!', '-':
			signs++
		case ' ', '\t', '\r', '\n':
		default:
			signs = 0
		}
		if depth > limit || signs > limit || questions > 20*limit {
			return line, errors.New("expressions are nested too deeply to be read")
		}
	}
	return 0, nil
}
