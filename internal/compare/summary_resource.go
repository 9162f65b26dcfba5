package compare

import (
	"slices"
	"strings"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

func (s *summary) resource(x *facts.Resource) {
	if x.Origin != "plan" || x.Mode != "managed" {
		return
	}
	action := stepOf(x)
	if action == "" {
		return
	}
	step := decide.Step{
		Subject: decide.SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address}, Action: action, Reason: actionReason(x),
	}
	for _, p := range x.ReplacePaths {
		step.Forces = append(step.Forces, source.Path(p).String())
	}
	slices.Sort(step.Forces)
	if action == "update" || action == "replace" {
		paths, of := changedAttributes(x)
		step.Paths, step.Attributes = paths, s.attributes.Of(x)
		step.Values = changedValues(x.Before, x.After, known(x, paths))
		step.Risk = highest(step.Attributes)
		moved := x.PreviousAddress != "" && x.PreviousAddress != x.Address
		switch {
		case action == "replace" || moved || x.Importing || len(step.Attributes) > 0:
		case s.attributes.orderOnly(x, paths):
			step.Risk, step.Reason, step.Values = "low", joined(step.Reason, orderOnly), nil
		case len(paths) == 0 && of != "":
			step.Risk, step.ConsequenceOf = "low", []string{of}
		}
	}
	s.add(x.Subject, "stack:"+x.Stack, x.Stack, step)
	s.moves(x.Subject, classify.OverResource, x.Type, x.Address, x.Stack, step)
}

// known are the paths of attributes of which the plan says what they will be.
func known(x *facts.Resource, paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return doc.At(x.Unknown, rootOf(p)) != nil })
}

// highest is the highest risk of a resource's attributes, "" if it is low: that
// says nothing of the other ones.
func highest(list []decide.Attribute) string {
	order := []string{"", "medium", "high"}
	risk := ""
	for _, a := range list {
		if slices.Index(order, a.Risk) > slices.Index(order, risk) {
			risk = a.Risk
		}
	}
	return risk
}

// inherited are the attributes in which providers write once more what stands
// in others, together with what they add by themselves: the default tags and
// labels.
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs#default_tags-configuration-block,
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference#default_labels
var inherited = []string{"tags_all", "labels_all", "effective_labels", "terraform_labels", "effective_annotations"}

// changedAttributes are the changed paths that matter of a resource, and of
// what the others are the consequence, "" of nothing. What the provider alone
// computes says nothing, unless nothing else is said.
func changedAttributes(x *facts.Resource) (paths []string, of string) {
	if x.Change == nil {
		return nil, ""
	}
	var noise []string
	for _, p := range x.Change.Paths {
		switch name := rootOf(p); {
		case slices.Contains(inherited, name):
			of = decide.OfInherited
		case doc.At(x.Unknown, name) == true && computed(x, name):
			noise = append(noise, p)
		default:
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 && of == "" {
		paths = noise
	}
	slices.Sort(paths)
	return paths, of
}

// computed says whether the provider alone sets an attribute: the configuration
// does not.
func computed(x *facts.Resource, attribute string) bool {
	_, set := x.Expressions[attribute]
	return !set && len(x.Expressions) > 0
}

// rootOf is the attribute that a path begins with.
func rootOf(path string) string {
	if i := strings.IndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return path
}

// stepOf is the word for what becomes of a resource, "" for nothing.
func stepOf(x *facts.Resource) string {
	has := func(a string) bool { return slices.Contains(x.Actions, a) }
	switch {
	case has("create") && (has("delete") || has("forget")):
		return "replace"
	case has("delete"):
		return "delete"
	case has("forget"):
		return "forget"
	case has("create"):
		return "create"
	case has("update"):
		return "update"
	case x.Importing:
		return "import"
	case x.PreviousAddress != "" && x.PreviousAddress != x.Address:
		return "move"
	}
	return ""
}

// reasons are the plan's action reasons in words:
// https://developer.hashicorp.com/terraform/internals/json-format#change-representation
var reasons = map[string]string{
	"replace_because_tainted":           "it is tainted",
	"replace_by_request":                "asked for with -replace",
	"replace_by_triggers":               "replace_triggered_by",
	"delete_because_no_resource_config": "no longer in the configuration",
	"delete_because_no_module":          "its module is no longer in the configuration",
	"delete_because_wrong_repetition":   "count or for_each was added or removed",
	"delete_because_count_index":        "its index is beyond count",
	"delete_because_each_key":           "its key is no longer in for_each",
	"delete_because_no_move_target":     "what it was moved to does not exist",
	"delete_because_enabled_false":      "it is switched off (enabled)",
}

func actionReason(x *facts.Resource) string {
	var out []string
	if text := reasons[x.ActionReason]; text != "" {
		out = append(out, text)
	}
	if x.Lifecycle["prevent_destroy_removed"] == true {
		out = append(out, "the change removes its prevent_destroy")
	}
	if x.Deposed != "" {
		out = append(out, "left over of an earlier replacement")
	}
	switch strings.Join(x.Actions, ",") {
	case "create,delete":
		out = append(out, "created before it is destroyed")
	case "create,forget", "forget,create":
		out = append(out, "what exists is left behind")
	case "forget":
		out = append(out, "stays and is no longer managed")
	}
	if x.PreviousAddress != "" && x.PreviousAddress != x.Address {
		out = append(out, "was "+x.PreviousAddress)
	}
	return strings.Join(out, "; ")
}
