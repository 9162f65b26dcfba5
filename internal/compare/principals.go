package compare

import (
	"encoding/json"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/doc"
)

// everybody is the principal that anybody is.
const everybody = "*"

// policy tells of a policy whom it allows something now and whom it did; false
// if they are the same or it is no policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (row *attributeRow) policy(t *decide.Attribute, x leaf) bool {
	was, ok1 := allowed(x.before)
	is, ok2 := allowed(x.after)
	if !ok1 || !ok2 || slices.Equal(was, is) {
		return false
	}
	gained := withoutValues(is, was)
	t.Path += ".Principal"
	t.Before, t.After = firstValues(was), firstValues(is)
	switch {
	case slices.Contains(gained, everybody):
		t.Risk = "high"
	case len(gained) > 0:
		t.Risk = "medium"
	}
	return true
}

// allowed are the principals that a policy allows something, sorted, each once;
// none of what there is not. A condition restricts them, and is told.
func allowed(v any) ([]string, bool) {
	if v == nil {
		return nil, true
	}
	var policy any
	text, ok := v.(string)
	if !ok || json.Unmarshal([]byte(text), &policy) != nil {
		return nil, ok && strings.TrimSpace(text) == ""
	}
	statements := doc.List(policy, "Statement")
	if one := doc.Map(policy, "Statement"); one != nil {
		statements = []any{one}
	}
	var out []string
	for _, s := range statements {
		if doc.Text(s, "Effect") != "Allow" {
			continue
		}
		end := ""
		if len(doc.Map(s, "Condition")) > 0 {
			end = " (with conditions)"
		}
		for _, p := range principals(doc.At(s, "Principal")) {
			out = append(out, p+end)
		}
		if doc.At(s, "NotPrincipal") != nil {
			out = append(out, everybody+end)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

func principals(v any) []string {
	switch e := v.(type) {
	case string:
		return []string{e}
	case []any:
		return doc.Texts(e)
	case map[string]any:
		var out []string
		for _, list := range e {
			out = append(out, principals(list)...)
		}
		return out
	}
	return nil
}
