package terraform

import (
	"cmp"
	"sort"

	"gate/internal/doc"
)

// renderPolicy writes the arguments of aws_iam_policy_document as the provider
// does: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
func renderPolicy(after, unknown map[string]any) (map[string]any, bool) {
	var statements []any
	for _, member := range [...]string{"source_policy_documents", "override_policy_documents"} {
		for _, d := range doc.List(after, member) {
			other, ok := parseDocument(doc.Text(d))
			if !ok {
				statements = append(statements, map[string]any{"Sid": unknownText, "Effect": "Allow", "Action": unknownText, "Resource": unknownText})
				continue
			}
			statements = append(statements, listOrOne(doc.At(other, "Statement"))...)
		}
		if unknown[member] == true {
			statements = append(statements, map[string]any{"Sid": unknownText, "Effect": "Allow", "Action": unknownText, "Resource": unknownText})
		}
	}
	marks := listOrOne(unknown["statement"])
	for i, v := range listOrOne(after["statement"]) {
		statements = append(statements, renderStatement(doc.Map(v), doc.Map(marks, i)))
	}
	policy := map[string]any{"Version": cmp.Or(doc.Text(after, "version"), "2012-10-17"), "Statement": statements}
	if statements == nil {
		policy["Statement"] = []any{}
	}
	return policy, partial(policy)
}

func renderStatement(st, unknown map[string]any) map[string]any {
	out := map[string]any{"Effect": "Allow"}
	if e := doc.Text(st, "effect"); e != "" {
		out["Effect"] = e
	} else if unknown["effect"] == true {
		out["Effect"] = unknownText
	}
	if sid := doc.Text(st, "sid"); sid != "" {
		out["Sid"] = sid
	}
	for _, m := range [...][2]string{{"actions", "Action"}, {"not_actions", "NotAction"}, {"resources", "Resource"}, {"not_resources", "NotResource"}} {
		if l := textsOrUnknown(st[m[0]], unknown[m[0]]); len(l) > 0 {
			out[m[1]] = single(l)
		}
	}
	for _, m := range [...][2]string{{"principals", "Principal"}, {"not_principals", "NotPrincipal"}} {
		byType := map[string]any{}
		marks := listOrOne(unknown[m[0]])
		for i, v := range listOrOne(st[m[0]]) {
			p := doc.Map(v)
			mark := doc.Map(marks, i)
			typ := doc.Text(p, "type")
			ids := textsOrUnknown(p["identifiers"], mark["identifiers"])
			if typ == "*" {
				out[m[1]] = "*"
				continue
			}
			byType[typ] = append(listOrOne(byType[typ]), ids...)
		}
		if len(byType) > 0 && out[m[1]] == nil {
			out[m[1]] = byType
		}
	}
	conditions := map[string]any{}
	marks := listOrOne(unknown["condition"])
	for i, v := range listOrOne(st["condition"]) {
		c := doc.Map(v)
		mark := doc.Map(marks, i)
		test, _ := conditions[doc.Text(c, "test")].(map[string]any)
		if test == nil {
			test = map[string]any{}
			conditions[doc.Text(c, "test")] = test
		}
		variable := doc.Text(c, "variable")
		test[variable] = append(listOrOne(test[variable]), textsOrUnknown(c["values"], mark["values"])...)
	}
	if len(conditions) > 0 {
		out["Condition"] = conditions
	}
	return out
}

// textsOrUnknown lists a list's texts with placeholders for unknown elements,
// sorted as the provider writes them.
func textsOrUnknown(v, unknown any) []any {
	if unknown == true {
		return []any{unknownText}
	}
	marks := listOrOne(unknown)
	var out []any
	for i, e := range listOrOne(v) {
		s, ok := e.(string)
		if !ok && i < len(marks) && anyTrue(marks[i]) || !ok && e == nil {
			s = unknownText
		}
		out = append(out, s)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].(string) > out[j].(string) })
	return out
}

func single(l []any) any {
	if len(l) == 1 {
		return l[0]
	}
	return l
}

// listOrOne returns a list as it is and anything else, nil apart, as its one
// element.
func listOrOne(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}
