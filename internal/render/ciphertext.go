package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chartutil"
)

// sealed is a value of a chart that SOPS encrypts: its place in the values of the
// outermost chart, and whether it is a text. The ciphertext tells the type
// (https://github.com/getsops/sops, aes/cipher.go); a text is never empty, because
// SOPS leaves empty ones as they are.
type sealed struct {
	path []string
	text bool
}

var sealedValue = compiled(`^ENC\[AES256_GCM,.*type:([a-z]+)\]$`)

// sealedValues are the encrypted ones among the values of a chart.
func sealedValues(v any, at []string) []sealed {
	switch v := v.(type) {
	case chartutil.Values:
		return sealedValues(map[string]any(v), at)
	case map[string]any:
		var out []sealed
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, sealedValues(v[k], append(at[:len(at):len(at)], k))...)
		}
		return out
	case []any:
		var out []sealed
		for _, e := range v {
			out = append(out, sealedValues(e, at)...)
		}
		return out
	case string:
		if m := sealedValue().FindStringSubmatch(v); m != nil && len(at) > 0 && !slices.Contains(at, "sops") {
			return []sealed{{at, m[1] == "str"}}
		}
	}
	return nil
}

var (
	templateAction = compiled(`(?s)\{\{.*?\}\}`)
	actionWord     = compiled(`[A-Za-z]+`)
	actionField    = compiled(`(\.Values|\$[A-Za-z0-9_]*)?((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)
	actionText     = compiled("[\"`]([A-Za-z0-9_.-]+)[\"`]")
)

// comparing decide by what a text says; deciding by whether a value is there, true
// or how large.
var (
	comparing = []string{"eq", "ne", "lt", "le", "gt", "ge", "contains", "hasPrefix", "hasSuffix", "has", "hasKey", "ternary", "regexMatch", "mustRegexMatch", "semverCompare", "int", "atoi", "len"}
	deciding  = append([]string{"if", "with", "range", "and", "or", "not", "empty", "default", "coalesce", "until"}, comparing...)
)

// sealedFaults say where a template decides by a value that is encrypted: what it
// renders is not known. Where such a value only ends in an object, the object tells.
func (p *prepared) sealedFaults() []error {
	values := sealedValues(p.values["Values"], nil)
	if len(values) == 0 {
		return nil
	}
	var out []error
	for _, name := range slices.Sorted(maps.Keys(p.templates)) {
		t := p.templates[name]
		text := string(t.data)
		for _, at := range templateAction().FindAllStringIndex(text, -1) {
			action := text[at[0]:at[1]]
			words := actionWord().FindAllString(action, -1)
			for _, v := range values {
				among := deciding
				if v.text {
					among = comparing
				}
				if !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(among, w) }) || !names(action, v.path, t.scope) {
					continue
				}
				line := 1 + strings.Count(text[:at[0]], "\n")
				key := strings.Join(v.path, ".")
				out = append(out, &source.Error{
					Position: p.position(name, line, 1), Msg: fmt.Sprintf("the template decides by the value %s, which SOPS encrypts: what it renders is not known", key),
					Hint: fmt.Sprintf("leave %s out of the encrypted values", key),
				})
				break
			}
		}
	}
	return out
}

// names says whether an action may mean the value at a path, seen from the values
// of the chart at scope: by its whole path, by the end of it behind a variable or
// inside a block, or by its name as a text.
func names(action string, path, scope []string) bool {
	seen := path
	if len(scope) < len(path) && slices.Equal(path[:len(scope)], scope) {
		seen = path[len(scope):]
	} else if path[0] != "global" {
		return false
	}
	for _, m := range actionField().FindAllStringSubmatch(action, -1) {
		root, fields := m[1], strings.Split(m[2][1:], ".")
		if i := slices.Index(fields, "Values"); i >= 0 { // $.Values, .root.Values
			root, fields = ".Values", fields[i+1:]
		}
		switch n := len(fields); {
		case n > len(seen) || n == 0:
		case root == ".Values":
			if slices.Equal(fields, seen) {
				return true
			}
		case slices.Equal(fields, seen[len(seen)-n:]):
			return true
		}
	}
	for _, m := range actionText().FindAllStringSubmatch(action, -1) {
		if m[1] == seen[len(seen)-1] {
			return strings.Contains(action, "index") || strings.Contains(action, "get") || strings.Contains(action, "dig")
		}
	}
	return false
}
