package secrets

import (
	"path"
	"strings"
)

// assignment is one key and literal value that a line of text gives.
type assignment struct {
	key, value string
	class      nameClass
	line       int // from 0
	start, end int // of the value, bytes in the line
}

// dialect says how a text writes values.
type dialect int

const (
	shellDialect  dialect = iota // .env, properties, ini, scripts: bare words are values
	yamlDialect                  // a template of YAML, or YAML that cannot be parsed
	quotedDialect                // HCL, TOML: only quoted text is a literal
)

// dialectOf tells by its name whether a file consists of settings. Program
// source is none: there, "password = input" is the rule, and the scanner's
// patterns look for tokens.
func dialectOf(file string) (dialect, bool) {
	base := strings.ToLower(path.Base(file))
	switch {
	case base == ".env", strings.HasPrefix(base, ".env."), strings.HasSuffix(base, ".env"),
		base == "dockerfile", strings.HasPrefix(base, "dockerfile."), base == "containerfile",
		strings.HasSuffix(base, "npmrc"), base == ".pypirc", strings.HasSuffix(base, "netrc"), strings.HasSuffix(base, ".pgpass"), base == ".my.cnf",
		base == ".git-credentials", base == "credentials":
		return shellDialect, true
	}
	switch path.Ext(base) {
	case ".properties", ".ini", ".cfg", ".cnf", ".conf", ".env", ".envrc", ".sh", ".bash":
		return shellDialect, true
	case ".yaml", ".yml", ".tpl", ".gotmpl":
		return yamlDialect, true
	case ".tf", ".tofu", ".tfvars", ".hcl", ".toml", ".nomad":
		return quotedDialect, true
	}
	return 0, false
}

var (
	setting  = newPattern(`^(\s*(?:(?:export|ENV|ARG|set|-|\+)\s+)*["']?([A-Za-z_][A-Za-z0-9_./-]*)["']?\s*(?:=>|:=|\?=|\+=|=|:)\s*)(.*)$`)
	variable = newPattern(`^\s*variable\s+"([^"]+)"`)
	// secretWord is what a line must hold to be looked at.
	secretWord = newPattern(`(?i)pass|pwd|secret|token|key|credential|_pat\b|connection.?string`)
)

// instruction is what gives one value to one name without a sign between them: the
// older form of ENV (Dockerfile reference), the password of a machine (netrc(5)).
var instruction = newPattern(`^\s*ENV\s+([A-Za-z_]\w*)\s+([^\s=]+)\s*$|^\s*(?:machine|login|default)\s.*\b(password)\s+(\S+)\s*$`)

// maxSettingLine bounds a line that is read as a setting.
const maxSettingLine = 4096

// settings returns the assignments of secret-named keys in a text. Whether the
// values are secrets is for the caller.
func settings(text string, d dialect) []assignment {
	var out []assignment
	block := "" // name of the Terraform variable whose default is read
	number := -1
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		number++
		line = strings.TrimSuffix(line, "\r")
		if d == quotedDialect && block == "" || strings.HasPrefix(line, "variable") {
			if m := variable.regexp().FindStringSubmatch(line); m != nil {
				block = m[1]
			}
		}
		if strings.HasPrefix(line, "}") {
			block = ""
		}
		if len(line) > maxSettingLine || block == "" && !secretWord.regexp().MatchString(line) || comment(line) {
			continue
		}
		if d == shellDialect {
			if m := instruction.regexp().FindStringSubmatchIndex(line); m != nil {
				if m[2] < 0 {
					m = m[4:] // of netrc
				}
				out = append(out, assignment{line[m[2]:m[3]], line[m[4]:m[5]], classify(line[m[2]:m[3]]), number, m[4], m[5]})
				continue
			}
		}
		if d == shellDialect && strings.Contains(line, "=") {
			if pairs := shellPairs(line); len(pairs) > 0 {
				for _, a := range pairs {
					a.line = number
					out = append(out, a)
				}
				continue
			}
		}
		m := setting.regexp().FindStringSubmatch(line)
		if m == nil {
			continue
		}
		key := m[2]
		if key == "default" && block != "" {
			key = block
		}
		class := classify(key)
		if class == plainName {
			continue
		}
		value, offset, ok := literal(m[3], d)
		if !ok {
			continue
		}
		start := len(m[1]) + offset
		out = append(out, assignment{key, value, class, number, start, start + len(value)})
	}
	return out
}

func comment(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, ";") ||
		strings.HasPrefix(line, "/*") || strings.HasPrefix(line, "{{/*")
}

// literal returns the literal value that begins text, and where it begins.
func literal(text string, d dialect) (value string, offset int, ok bool) {
	text = strings.TrimRight(text, " \t,;")
	if text == "" {
		return "", 0, false
	}
	if q := text[0]; q == '"' || q == '\'' {
		end := quoted(text)
		return text[1:max(1, end)], 1, end > 1
	}
	if d == quotedDialect {
		return "", 0, false
	}
	if i := strings.Index(text, " #"); i >= 0 {
		text = strings.TrimRight(text[:i], " \t")
	}
	switch {
	case text == "", strings.ContainsAny(text[:1], "[{|>&*!`"), strings.ContainsAny(text, "()"):
		return "", 0, false // a structure, a block, a call
	}
	if rest, _ := withoutSubstitutions(text); strings.ContainsAny(rest, " \t") {
		return "", 0, false // a sentence or a command
	}
	return text, 0, true
}

// quoted returns where the string that begins text ends: the index of its closing
// quote, -1 if it has none or runs a command ("$(cat "$FILE")").
func quoted(text string) int {
	q := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && q == '"':
			i++
		case text[i] == q:
			return i
		case q == '"' && (strings.HasPrefix(text[i:], "${") || strings.HasPrefix(text[i:], "{{")):
			i += interpolated(text[i:])
		case q == '"' && (text[i] == '`' || strings.HasPrefix(text[i:], "$(")):
			return -1
		}
	}
	return -1
}

// interpolated returns the length of the expression that begins text and what it quotes
// ("${names["db"]}", "{{ index .Values "db" }}"), less one; 0 if it does not end.
func interpolated(text string) int {
	depth := 0
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				if text[0] == '{' && i+1 < len(text) && text[i+1] == '}' {
					i++
				}
				return i
			}
		case '"', '\'':
			if end := strings.IndexByte(text[i+1:], text[i]); end >= 0 && strings.IndexByte(text[i+1+end:], '}') >= 0 {
				i += end + 1
			}
		}
	}
	return 0
}

// flagSecret finds --password=value among command arguments.
var flagSecret = newPattern(`^--?([A-Za-z][A-Za-z0-9_.-]*)=(.+)$`)

// pairSecret finds NAME=value among list items.
var pairSecret = newPattern(`^([A-Za-z_][A-Za-z0-9_.-]*)=(.+)$`)
