package terraform

import (
	"fmt"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Plan is a plan JSON (`terraform show -json PLAN`, `tofu show -json PLAN`)
// as facts. Its resources and stack have no id and no path until Collect has
// found the stack that the plan belongs to.
type Plan struct {
	Name      string
	Stack     facts.Stack
	Resources []facts.Resource
	// Problems says why the plan cannot be trusted to hold the whole change:
	// errored, incomplete, deferred or empty although it declares resources.
	Problems []string

	// unplanned says why a plan that tells of drift alone is none of a change, ""
	// for others.
	unplanned string
	variables map[string]planVariable
	modules   map[string]string // module path -> source, "" is not listed
	binary    *PlanBinary       // that it belongs to, nil without one
}

type planVariable struct {
	value     any
	sensitive bool
}

// ReadPlan reads a plan JSON. It accepts UTF-8 with or without a byte order
// mark, UTF-16 and gzip, of Terraform 0.12 and later and of OpenTofu. What is
// no plan, truncated or of an unknown major format version is an error with
// its place (a *source.Error where there is a line).
//
// binary is the binary plan that it is said to be of, nil without one: a
// difference is a problem of the plan.
func ReadPlan(name string, data []byte, binary *PlanBinary) (*Plan, error) {
	text, err := planText(data)
	if err != nil {
		return nil, fmt.Errorf("read plan %s: %w", name, err)
	}
	// planned_values and prior_state repeat what resource_changes says.
	value, parts, err := readJSONParts(name, text, map[string]bool{
		"planned_values": true, "prior_state": true, "relevant_attributes": true,
		"resource_changes": true, "resource_drift": true, // read one by one
	})
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, planFault(name, "the file is not a plan: expected a JSON object")
	}
	if err := checkFormat(name, root); err != nil {
		return nil, err
	}
	r := planReader{name: name, root: root, parts: parts, plan: &Plan{Name: name, modules: map[string]string{}, binary: binary}, unknowns: shared{}}
	if binary != nil {
		r.link = newPlanLink(binary)
	}
	if err := r.read(); err != nil {
		return nil, err
	}
	return r.plan, nil
}

func planFault(name, format string, args ...any) error {
	return &source.Error{
		Position: source.Position{File: name, Line: 1},
		Msg:      fmt.Sprintf(format, args...),
		Hint:     "write it with `terraform show -json PLANFILE`",
	}
}

// checkFormat admits the format versions of
// https://developer.hashicorp.com/terraform/internals/json-format: 0.x and 1.x,
// whose minor versions only add members.
func checkFormat(name string, root map[string]any) error {
	version, ok := root["format_version"].(string)
	if !ok {
		return planFault(name, "the file is not a plan: format_version is missing")
	}
	if major, _, _ := strings.Cut(version, "."); major != "0" && major != "1" {
		return planFault(name, "plan format_version %q is not supported, expected 0.x or 1.x", version)
	}
	has := func(member string) bool { _, ok := root[member]; return ok }
	if has("values") && !has("resource_changes") && !has("planned_values") && !has("configuration") {
		return planFault(name, "the file is a state, not a plan")
	}
	return checkMembers(name, root)
}

// checkMembers refuses a plan whose members have other shapes than the format
// gives them: `"errored": "true"` is not a plan without errors.
func checkMembers(name string, root map[string]any) error {
	object := func(v any) bool { _, ok := v.(map[string]any); return ok }
	array := func(v any) bool { _, ok := v.([]any); return ok }
	boolean := func(v any) bool { _, ok := v.(bool); return ok }
	for _, m := range []struct {
		name, want string
		is         func(any) bool
	}{
		{"applyable", "true or false", boolean}, {"checks", "a list", array}, {"complete", "true or false", boolean},
		{"configuration", "an object", object}, {"deferred_changes", "a list", array}, {"errored", "true or false", boolean},
		{"output_changes", "an object", object}, {"variables", "an object", object},
	} {
		if v := root[m.name]; v != nil && !m.is(v) {
			return planFault(name, "%s is not %s", m.name, m.want)
		}
	}
	configuration := doc.Map(root, "configuration")
	if v := configuration["root_module"]; v != nil && !object(v) {
		return planFault(name, "configuration.root_module is not an object")
	}
	return nil
}

type planReader struct {
	name string
	root map[string]any
	// parts holds the lists that are too long for root.
	parts *jsonReader
	plan  *Plan

	config configuration
	mask   *masker
	link   *planLink // nil without a binary plan

	unknowns shared
}

func (r *planReader) read() error {
	r.config = readConfiguration(doc.Map(r.root, "configuration"))
	r.plan.modules = r.config.sources
	r.readVariables()
	r.mask = newMasker(r.plan.variables)
	var err error
	if r.plan.Resources, err = r.resources("resource_changes"); err != nil {
		return err
	}
	drift, err := r.resources("resource_drift")
	if err != nil {
		return err
	}
	deferred, err := r.deferred()
	if err != nil {
		return err
	}
	r.plan.Resources = append(r.plan.Resources, deferred...)
	r.expressions()
	sortResources(r.plan.Resources)
	sortResources(drift)
	r.plan.Stack = facts.Stack{
		Plan:             true,
		TerraformVersion: doc.Text(r.root, "terraform_version"),
		FormatVersion:    doc.Text(r.root, "format_version"),
		Complete:         true,
		Providers:        r.config.providers(r.mask),
		Modules:          r.config.calls,
		Drift:            drift,
		Outputs:          r.outputs(),
		Variables:        r.variables(),
	}
	r.state(len(deferred))
	r.linked()
	return nil
}

// state fills what the plan says about itself. A member that old versions do
// not write means nothing.
func (r *planReader) state(deferred int) {
	s := &r.plan.Stack
	if doc.Bool(r.root, "errored") {
		s.Errored = true
		r.plan.Problems = append(r.plan.Problems, "the plan is errored: it holds only what was planned before the error")
	}
	if complete, said := r.root["complete"].(bool); said && !complete {
		s.Complete = false
		r.plan.Problems = append(r.plan.Problems, "the plan is incomplete: another plan and apply must follow (deferred or targeted)")
	}
	if deferred > 0 {
		s.Complete = false
		r.plan.Problems = append(r.plan.Problems, fmt.Sprintf("the plan defers %d changes", deferred))
	}
	if declared := r.config.unconditional; len(r.plan.Resources) == 0 && declared > 0 {
		switch planned, state := r.holds("planned_values"), r.holds("prior_state"); {
		case planned:
			s.Complete = false
			r.plan.Problems = append(r.plan.Problems, fmt.Sprintf("the plan lists no resource although its configuration declares %d", declared))
		case state:
			r.plan.unplanned = fmt.Sprintf("the plan lists no resource although its configuration declares %d and the state holds some: it was made with -refresh-only", declared)
		} // else -destroy found nothing to destroy
	}
	if len(r.plan.Resources) == 0 && len(s.Drift) == 0 && deferred == 0 && r.root["configuration"] == nil {
		s.Complete = false
		r.plan.Problems = append(r.plan.Problems, "the plan holds neither resources nor a configuration")
	}
	sort.Strings(r.plan.Problems)
}

// holds says whether a member that describes resources as they are, or will be,
// describes any. One that is missing may have been left out: a plan has values of
// what it plans, and none of what is not there.
func (r *planReader) holds(member string) bool {
	v, err := r.parts.member(member)
	values := doc.Map(v)
	if member == "prior_state" {
		values = doc.Map(values, "values")
	}
	if err != nil || v == nil {
		return member == "planned_values"
	}
	module := doc.Map(values, "root_module")
	return len(doc.List(module, "resources"))+len(doc.List(module, "child_modules")) > 0
}

// linked says whether the JSON is that of the binary plan.
func (r *planReader) linked() {
	s := &r.plan.Stack
	s.PlanLink = facts.PlanUnverified
	if r.link == nil {
		return
	}
	r.link.finish(r.root)
	if problem := r.link.problem(r.name); problem != "" {
		s.PlanLink, s.Complete = facts.PlanDiffers, false
		r.plan.Problems = append(r.plan.Problems, problem)
		return
	}
	s.PlanLink = facts.PlanVerified
	if r.link.binary.targeted && s.Complete { // versions before 1.8 do not say it in the JSON
		s.Complete = false
		r.plan.Problems = append(r.plan.Problems, "the plan was made for chosen addresses only (-target or -exclude)")
	}
}

func (r *planReader) readVariables() {
	r.plan.variables = map[string]planVariable{}
	for name, v := range doc.Map(r.root, "variables") {
		o := doc.Map(v)
		r.plan.variables[name] = planVariable{value: o["value"], sensitive: r.config.sensitiveVariables[name]}
	}
}

// variables are the values of the root module's variables, masked.
func (r *planReader) variables() map[string]any {
	out := make(map[string]any, len(r.plan.variables))
	for name, v := range r.plan.variables {
		out[name] = r.mask.walk(doc.Clone(v.value), v.sensitive, "", source.Path{name}, nil)
		if s, ok := v.value.(string); ok && s != "" && sensitiveName("", name, true) {
			out[name] = facts.Redacted("sensitive")
		}
	}
	return out
}

// outputs lists root outputs: sensitive, references and, where the plan shows
// it and it is not sensitive, the value.
func (r *planReader) outputs() map[string]any {
	out := map[string]any{}
	for name, v := range r.config.outputs {
		o := doc.Map(v)
		sensitive := doc.Bool(o, "sensitive")
		entry := map[string]any{"sensitive": sensitive, "references": []any{}}
		if e, ok := o["expression"].(map[string]any); ok {
			if refs, ok := e["references"].([]any); ok {
				entry["references"] = refs
			}
		}
		out[name] = entry
	}
	for name, v := range doc.Map(r.root, "output_changes") {
		o := doc.Map(v)
		entry := doc.Map(out, name)
		if entry == nil {
			entry = map[string]any{"sensitive": false, "references": []any{}}
			out[name] = entry
		}
		if anyTrue(o["after_sensitive"]) || anyTrue(o["before_sensitive"]) {
			entry["sensitive"] = true
		}
		if entry["sensitive"] == true {
			entry["value"] = facts.Redacted("sensitive")
		} else if after, ok := o["after"]; ok && after != nil {
			entry["value"] = r.mask.plain(after)
		}
		entry["actions"] = o["actions"]
	}
	return out
}

func sortResources(rs []facts.Resource) {
	sort.SliceStable(rs, func(i, j int) bool {
		if rs[i].Address != rs[j].Address {
			return rs[i].Address < rs[j].Address
		}
		return rs[i].Deposed < rs[j].Deposed
	})
}
