package terraform

import "sort"

// renderPolicy writes the arguments of aws_iam_policy_document as the provider
// does: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
func renderPolicy(after, unknown map[string]any) (map[string]any, bool) {
	var statements []any
	for _, member := range [...]string{"source_policy_documents", "override_policy_documents"} {
		docs := list(after, member)
		for _, d := range docs {
			text, _ := d.(string)
			doc, ok := parseDocument(text)
			if !ok {
				statements = append(statements, map[string]any{"Sid": unknownText, "Effect": "Allow", "Action": unknownText, "Resource": unknownText})
				continue
			}
			if o, ok := doc.(map[string]any); ok {
				statements = append(statements, asList(o["Statement"])...)
			}
		}
		if unknown[member] == true {
			statements = append(statements, map[string]any{"Sid": unknownText, "Effect": "Allow", "Action": unknownText, "Resource": unknownText})
		}
	}
	marks := asList(unknown["statement"])
	for i, v := range asList(after["statement"]) {
		st, _ := v.(map[string]any)
		var mark map[string]any
		if i < len(marks) {
			mark, _ = marks[i].(map[string]any)
		}
		statements = append(statements, renderStatement(st, mark))
	}
	doc := map[string]any{"Version": "2012-10-17", "Statement": statements}
	if v := text(after, "version"); v != "" {
		doc["Version"] = v
	}
	if statements == nil {
		doc["Statement"] = []any{}
	}
	return doc, partial(doc)
}

func renderStatement(st, unknown map[string]any) map[string]any {
	out := map[string]any{"Effect": "Allow"}
	if e := text(st, "effect"); e != "" {
		out["Effect"] = e
	} else if unknown["effect"] == true {
		out["Effect"] = unknownText
	}
	if sid := text(st, "sid"); sid != "" {
		out["Sid"] = sid
	}
	for _, m := range [...][2]string{{"actions", "Action"}, {"not_actions", "NotAction"}, {"resources", "Resource"}, {"not_resources", "NotResource"}} {
		if l := texts(st[m[0]], unknown[m[0]]); len(l) > 0 {
			out[m[1]] = single(l)
		}
	}
	for _, m := range [...][2]string{{"principals", "Principal"}, {"not_principals", "NotPrincipal"}} {
		byType := map[string]any{}
		marks := asList(unknown[m[0]])
		for i, v := range asList(st[m[0]]) {
			p, _ := v.(map[string]any)
			var mark map[string]any
			if i < len(marks) {
				mark, _ = marks[i].(map[string]any)
			}
			typ := text(p, "type")
			ids := texts(p["identifiers"], mark["identifiers"])
			if typ == "*" {
				out[m[1]] = "*"
				continue
			}
			byType[typ] = append(asList(byType[typ]), ids...)
		}
		if len(byType) > 0 && out[m[1]] == nil {
			out[m[1]] = byType
		}
	}
	conditions := map[string]any{}
	marks := asList(unknown["condition"])
	for i, v := range asList(st["condition"]) {
		c, _ := v.(map[string]any)
		var mark map[string]any
		if i < len(marks) {
			mark, _ = marks[i].(map[string]any)
		}
		test, _ := conditions[text(c, "test")].(map[string]any)
		if test == nil {
			test = map[string]any{}
			conditions[text(c, "test")] = test
		}
		variable := text(c, "variable")
		test[variable] = append(asList(test[variable]), texts(c["values"], mark["values"])...)
	}
	if len(conditions) > 0 {
		out["Condition"] = conditions
	}
	return out
}

// texts lists a list's texts with placeholders for unknown elements, sorted as
// the provider writes them.
func texts(v, unknown any) []any {
	if unknown == true {
		return []any{unknownText}
	}
	marks := asList(unknown)
	var out []any
	for i, e := range asList(v) {
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

// asList returns a list as it is and anything else, nil apart, as its one
// element.
func asList(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}
