package terraform

import "gate/internal/doc"

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
	marks := listOrOne(unknown["binding"])
	for i, v := range listOrOne(after["binding"]) {
		b := doc.Map(v)
		mark := doc.Map(marks, i)
		out := map[string]any{"role": doc.Text(b, "role"), "members": append([]any{}, textsOrUnknown(b["members"], mark["members"])...)}
		if mark["role"] == true {
			out["role"] = unknownText
		}
		if c := listOrOne(b["condition"]); len(c) > 0 {
			out["condition"] = c[0]
		}
		bindings = append(bindings, out)
	}
	policy := map[string]any{"bindings": bindings}
	return policy, partial(policy)
}
