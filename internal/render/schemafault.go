package render

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// maxMisfits bounds what one error says about values.
const maxMisfits = 3

// misfit turns what a schema found into an error at the value, without the
// value: it may be a secret.
func misfit(err *jsonschema.ValidationError, file string, scope []string, places *provenance) error {
	found := misfits(err, nil)
	slices.SortStableFunc(found, func(a, b *jsonschema.ValidationError) int {
		return cmp.Or(slices.Compare(a.InstanceLocation, b.InstanceLocation), cmp.Compare(misfitText(a.ErrorKind), misfitText(b.ErrorKind)))
	})
	var texts []string
	for _, f := range found {
		at := slices.Concat(scope, f.InstanceLocation)
		text := misfitText(f.ErrorKind)
		if len(at) > 0 {
			text = strings.Join(at, ".") + " " + text
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if more := len(texts) - maxMisfits; more > 0 {
		texts = append(texts[:maxMisfits], fmt.Sprintf("and %d more", more))
	}
	e := &source.Error{
		Position: source.Position{File: file},
		Msg:      fmt.Sprintf("values do not fit %s: %s", path.Base(file), strings.Join(texts, "; ")),
		Hint:     "correct the value, or the schema in " + file,
	}
	if len(found) > 0 {
		if pos, ok := places.nearest(scope, found[0].InstanceLocation); ok {
			e.Position = pos
		}
	}
	return e
}

// nearest returns where a value is set, or the nearest value around it.
func (v *provenance) nearest(scope, at []string) (source.Position, bool) {
	full := slices.Clone(scope)
	for _, e := range at {
		if _, err := strconv.Atoi(e); err == nil {
			if list, ok := doc.Lookup(v.values, valuePath(full)...); ok {
				if _, isList := list.([]any); isList {
					e = "#" + e
				}
			}
		}
		full = append(full, e)
	}
	for n := len(full); n > 0; n-- {
		if pos, ok := v.locate(full[:n]); ok {
			pos.Approximate = pos.Approximate || n < len(full)
			return pos, true
		}
	}
	file := v.charts[""].file
	if n := len(v.unit.Values); n > 0 {
		file = v.unit.Values[n-1]
	}
	return source.Position{File: file, Line: 1, Approximate: true}, file != ""
}

// misfits are the causes at the leaves. The alternatives of anyOf and oneOf
// are no faults each.
func misfits(err *jsonschema.ValidationError, out []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch err.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		return append(out, err)
	}
	if len(err.Causes) == 0 {
		return append(out, err)
	}
	for _, c := range err.Causes {
		out = misfits(c, out)
	}
	return out
}

// misfitText says what is wrong with a value by what the schema wants.
func misfitText(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("is of type %s, want %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Enum:
		return fmt.Sprintf("is none of %v", k.Want)
	case *kind.Const:
		return fmt.Sprintf("is not %v", k.Want)
	case *kind.Format:
		return "is no valid " + k.Want
	case *kind.Pattern:
		return fmt.Sprintf("does not match %q", k.Want)
	case *kind.Required:
		return "lacks " + quoted(k.Missing)
	case *kind.AdditionalProperties:
		return "has " + quoted(k.Properties) + ", which is not known"
	case *kind.AnyOf, *kind.OneOf:
		return "fits none of the alternatives, or more than one"
	case *kind.FalseSchema:
		return "is not allowed"
	}
	if keyword := strings.Join(k.KeywordPath(), "/"); keyword != "" {
		return "does not fit " + keyword
	}
	return "does not fit"
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range slices.Sorted(slices.Values(names)) {
		out[i] = strconv.Quote(n)
	}
	return strings.Join(out, ", ")
}
