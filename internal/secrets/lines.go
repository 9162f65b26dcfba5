package secrets

import (
	"bytes"
	"path"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// lines reads settings and URLs line by line.
func (r *fileResult) lines(file string, text []byte, d dialect) {
	structured := r.records // of the documents before the one that does not parse
	add := func(sure certainty, id, key, value string, at source.Position) {
		if sure == noSecret {
			return
		}
		for i := range structured {
			if structured[i].place.Line == at.Line && sameValue(structured[i].value, value) {
				return
			}
		}
		r.records = append(r.records, record{
			secret: facts.Secret{Rule: id, Description: typedDescriptions[id], Carrier: carrierOf(file), Path: file, Location: file + "#", Length: lengthBucket(value)},
			value:  value, sure: sure, rank: rankTyped, subject: file + "#", path: source.Path{key}, place: source.Location{Position: at},
		})
	}
	var starts []int // of lines
	for at := 0; at <= len(text); {
		starts = append(starts, at)
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
	}
	cursor := newCursor(text)
	literals, parsed := parsedLiterals(file, text, d)
	if !parsed {
		for _, a := range settings(string(text), d) {
			literals = append(literals, literalSetting{name: a.key, value: a.value, class: a.class, start: starts[a.line] + a.start, end: starts[a.line] + a.end})
		}
	}
	if strings.HasSuffix(strings.ToLower(path.Base(file)), "pgpass") {
		literals = append(literals, pgpass(text)...)
	}
	shown := sampleFile.regexp().MatchString(path.Base(file))
	for _, a := range literals {
		sure := a.judge()
		if shown {
			sure = min(sure, possible)
		}
		add(sure, namedValueID, a.name, a.value, cursor.region(file, a.start, a.end))
	}
	cursor = newCursor(text)
	for _, u := range urlSecrets(string(text), false) {
		add(u.sure, urlPasswordID, "url", u.value, cursor.region(file, u.start, u.start+len(u.value)))
	}
}

// parsedLiterals reads a text by the grammar of its format.
func parsedLiterals(file string, text []byte, d dialect) ([]literalSetting, bool) {
	switch {
	case d != quotedDialect:
		return nil, false
	case strings.EqualFold(path.Ext(file), ".toml"):
		return tomlSettings(text)
	}
	return hclSettings(text)
}

// pgpassLine is host:port:database:user:password (PostgreSQL, "The Password File").
var pgpassLine = newPattern(`(?m)^[^#:\n]+:[^:\n]*:[^:\n]*:[^:\n]*:(.+)$`)

func pgpass(text []byte) []literalSetting {
	var out []literalSetting
	for _, m := range pgpassLine.regexp().FindAllSubmatchIndex(text, -1) {
		out = append(out, literalSetting{name: "password", value: string(text[m[2]:m[3]]), class: secretName, start: m[2], end: m[3]})
	}
	return out
}
