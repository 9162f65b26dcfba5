package terraform

import (
	_ "embed" // the table of sensitive attributes
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/source"
)

// sensitiveMarks compares the marks of one side with those of the binary plan.
// A mark that is missing would print a secret. One that only the JSON has is
// the provider's, by its schema, which is not at hand: it hides a value from
// the rules, so that it must be on one that can be a secret at all.
func (l *planLink) sensitiveMarks(name, typ string, value, unknown, marks any, paths []source.Path) {
	for _, p := range paths {
		if (doc.At(value, p...) != nil || doc.At(unknown, p...) == true) && !markedAt(marks, p) {
			l.differ("%s: %s is sensitive in the binary plan only", name, attributeOr(p))
			return
		}
	}
	if p, ok := hides(typ, value, marks, nil, paths); !ok {
		l.differ("%s: the JSON hides %s, which is not sensitive", name, attributeOr(p))
	}
}

// hides finds a value that the marks cover, that the binary plan does not call
// sensitive and that no provider would.
func hides(typ string, value, mark any, at source.Path, known []source.Path) (path source.Path, ok bool) {
	if mark == nil || mark == false {
		return nil, true
	}
	for _, p := range known {
		if len(p) <= len(at) && pathKey(p) == pathKey(at[:len(p)]) {
			return nil, true
		}
	}
	switch v := value.(type) {
	case map[string]any:
		sub := doc.Map(mark)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			m := sub[k]
			if mark == true {
				m = true
			}
			if p, ok := hides(typ, v[k], m, append(at[:len(at):len(at)], k), known); !ok {
				return p, false
			}
		}
	case []any:
		sub := doc.List(mark)
		for i, e := range v {
			m := mark
			if mark != true {
				if i >= len(sub) {
					break
				}
				m = sub[i]
			}
			if p, ok := hides(typ, e, m, append(at[:len(at):len(at)], i), known); !ok {
				return p, false
			}
		}
	case bool, int64, float64, json.Number:
		return at, mark != true
	case string:
		return at, mark != true || !plainText(v) || sensitiveBySchema(typ, at)
	}
	return nil, true
}

// openText is what is no secret wherever it stands: networks, wildcards,
// policies, names of everybody, and words such as public-read or Disabled.
var openText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\*|[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*/[0-9]+|allUsers|allAuthenticatedUsers|(arn|roles|projects|user|group|serviceAccount)[:/].*|[A-Za-z][A-Za-z_-]{1,31}|TLS[A-Za-z0-9_.-]*)$`)
})

func plainText(s string) bool {
	return openText().MatchString(s) || strings.HasPrefix(strings.TrimSpace(s), "{") && strings.Contains(s, `"Statement"`)
}

//go:embed sensitive.txt
var sensitiveTable string

var sensitiveAttributes = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(sensitiveTable) {
		out[strings.TrimSpace(line)] = true
	}
	return out
})

// sensitiveBySchema says whether a provider may mark a text of this name. The
// schemas of other providers than the three clouds' are not known: theirs may.
func sensitiveBySchema(typ string, at source.Path) bool {
	cloud, _, _ := strings.Cut(typ, "_")
	if cloud != "aws" && cloud != "azurerm" && cloud != "google" {
		return true
	}
	for i, e := range at {
		if name, ok := e.(string); ok && (sensitiveName(typ, name, i == 0) || sensitiveAttributes()[typ+" "+name]) {
			return true
		}
	}
	return false
}

// markedAt says whether a mark covers the path.
func markedAt(marks any, p source.Path) bool {
	for _, e := range p {
		if marks == true {
			return true
		}
		switch e := e.(type) {
		case string:
			marks = doc.Map(marks)[e]
		case int:
			l := doc.List(marks)
			if e < 0 || e >= len(l) {
				return false
			}
			marks = l[e]
		}
	}
	return marks == true
}
