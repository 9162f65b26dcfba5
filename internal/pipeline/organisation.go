package pipeline

import (
	"context"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// catalogStyle evaluates an entry whose rules are written like the built-in
// ones, over the facts.
func (r *run) catalogStyle(ctx context.Context, p config.Policy, set policy.Set) (*policy.Outcome, []policy.Rule) {
	fail := func(err error) (*policy.Outcome, []policy.Rule) {
		return &policy.Outcome{Ledger: []facts.Entry{{
			Kind: "policy", ID: p.Entry(), State: facts.Failed, Reason: err.Error(), Place: source.Position{File: p.Path},
		}}}, nil
	}
	c, err := set.Catalog()
	if err != nil {
		return fail(err)
	}
	f := r.facts
	f.Params = config.Params(r.policy.Config, specs(ids(c.Rules()), c.Rules()))
	out, err := c.Evaluate(ctx, &f, policy.Options{Provided: r.provided, Timeout: organisationTime, Workers: r.o.Workers})
	if err != nil {
		return fail(cause(ctx, err))
	}
	return out, c.Rules()
}

func ids(rules []policy.Rule) []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = r.ID
	}
	return out
}

// planDocument is what a policy over plans sees: the shape of a plan JSON's
// resource_changes, without sensitive values.
func (r *run) planDocument(s facts.Stack) map[string]any {
	changes := []any{}
	for _, x := range r.facts.Resources {
		if x.Stack != s.Path || x.Origin != "plan" {
			continue
		}
		changes = append(changes, map[string]any{
			"address": x.Address, "module_address": x.Module, "mode": x.Mode, "type": x.Type, "name": x.Name,
			"provider_name": x.Provider, "action_reason": x.ActionReason,
			"change": map[string]any{
				"actions": x.Actions, "before": x.Before, "after": x.After,
				"after_unknown": x.Unknown, "replace_paths": x.ReplacePaths,
			},
		})
	}
	return map[string]any{
		"format_version": s.FormatVersion, "terraform_version": s.TerraformVersion,
		"complete": s.Complete, "errored": s.Errored, "resource_changes": changes,
	}
}
