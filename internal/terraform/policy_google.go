package terraform

// documentSource is a data source that writes its arguments as one JSON
// document, which resources then refer to.
type documentSource struct {
	attribute string
	render    func(after, unknown map[string]any) (doc map[string]any, partial bool)
}

// documentSources are those that are rendered, by type.
var documentSources = map[string]documentSource{
	"aws_iam_policy_document": {"json", renderPolicy},
	"google_iam_policy":       {"policy_data", renderBindings},
}

// renderBindings writes the arguments of google_iam_policy as the provider
// does: https://registry.terraform.io/providers/hashicorp/google/latest/docs/data-sources/iam_policy
func renderBindings(after, unknown map[string]any) (map[string]any, bool) {
	bindings := []any{}
	marks := asList(unknown["binding"])
	for i, v := range asList(after["binding"]) {
		b, _ := v.(map[string]any)
		var mark map[string]any
		if i < len(marks) {
			mark, _ = marks[i].(map[string]any)
		}
		out := map[string]any{"role": text(b, "role"), "members": append([]any{}, texts(b["members"], mark["members"])...)}
		if mark["role"] == true {
			out["role"] = unknownText
		}
		if c := asList(b["condition"]); len(c) > 0 {
			out["condition"] = c[0]
		}
		bindings = append(bindings, out)
	}
	doc := map[string]any{"bindings": bindings}
	return doc, partial(doc)
}
