package secrets

import "strings"

// pair begins an assignment among the words of a command: NAME=, or a flag.
var pair = newPattern(`^(?:--?)?([A-Za-z_][A-Za-z0-9_.-]*)=`)

// commandFlag is the option of a shell that takes a command (POSIX, sh).
var commandFlag = newPattern(`^-[a-z]*c$`)

// shellPairs returns the assignments and flags of a line of a shell, a dotenv file
// or an instruction of a Dockerfile, of which there may be several, where at least
// one is under a name that says secret.
func shellPairs(line string) []assignment {
	var out []assignment
	command := false // the word before says that the next is a command
	for start := 0; start < len(line); {
		if line[start] == ' ' || line[start] == '\t' {
			start++
			continue
		}
		if line[start] == '#' {
			break
		}
		end := wordEnd(line, start)
		if m := pair.regexp().FindStringSubmatch(line[start:end]); m != nil {
			if class := classify(m[1]); class != plainName {
				begin, stop := start+len(m[0]), end
				for stop > begin && (line[stop-1] == ';' || line[stop-1] == ',') {
					stop--
				}
				if stop-begin >= 2 && (line[begin] == '"' || line[begin] == '\'') && line[stop-1] == line[begin] && begin+quoted(line[begin:stop]) == stop-1 {
					begin, stop = begin+1, stop-1
				} else if mark := escapedQuote(line[begin:stop]); mark != "" {
					begin += len(mark)
					if strings.HasSuffix(line[begin:stop], mark) {
						stop -= len(mark)
					}
				}
				if value := line[begin:stop]; value != "" && !strings.ContainsAny(value, "`()") {
					out = append(out, assignment{key: m[1], value: value, class: class, start: begin, end: begin + len(value)})
				}
			}
		} else if inner := strings.Trim(line[start:end], `"'`); command && end-start == len(inner)+2 {
			for _, a := range shellPairs(inner) {
				a.start, a.end = a.start+start+1, a.end+start+1
				out = append(out, a)
			}
		}
		command = commandFlag.regexp().MatchString(line[start:end])
		start = end
	}
	return out
}

// wordEnd returns where the word ends that begins at start: quotes and substitutions
// belong to it with the blanks in them.
func wordEnd(line string, start int) int {
	depth := 0
	for i := start; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			i++
		case (c == '"' || c == '\'') && depth == 0:
			end := quoted(line[i:])
			if end < 0 {
				return len(line)
			}
			i += end
		case c == '<' && i > start && line[i-1] == '=' && strings.Contains(line[i:], ">"): // NAME=<your key>
			i += strings.IndexByte(line[i:], '>')
		case c == '(' || c == '{':
			depth++
		case (c == ')' || c == '}') && depth > 0:
			depth--
		case (c == ' ' || c == '\t') && depth == 0:
			return i
		}
	}
	return len(line)
}

// escapedQuote returns the quote that a word begins with inside of the quotes of another
// command (bash -c "TOKEN=\"$OTHER\""), or "".
func escapedQuote(word string) string {
	rest := strings.TrimLeft(word, `\`)
	if n := len(word) - len(rest); n > 0 && rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		return word[:n+1]
	}
	return ""
}
