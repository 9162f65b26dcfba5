package repository

import (
	"encoding/json"
	"errors"
	"fmt"

	"gate/internal/doc"
)

// ReadSnapshot reads settings of a forge as its API gives them. An object is
// taken as it is; a list, such as GitHub's
// GET /repos/{owner}/{repo}/rules/branches/{branch}, stands under "rules", and one of
// GET /projects/{id}/protected_environments under "protected_environments". What of
// the environments is asked for has to be there: an answer that was cut short must
// not look like one that protects nothing.
func ReadSnapshot(data []byte) (map[string]any, error) {
	v, err := decodeJSON(data)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	var out map[string]any
	switch v := v.(type) {
	case map[string]any:
		out = v
	case []any:
		out = map[string]any{"rules": v}
		if len(v) > 0 && doc.At(v[0], "deploy_access_levels") != nil {
			out = map[string]any{"protected_environments": v}
		}
	default:
		return nil, fmt.Errorf("read the settings: want a JSON object or list")
	}
	if err := errors.Join(githubEnvironments(out), gitlabEnvironments(out)); err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return out, nil
}

// githubEnvironments checks the answer of GET /repos/{owner}/{repo}/environments:
// https://docs.github.com/en/rest/deployments/environments#list-environments
func githubEnvironments(settings map[string]any) error {
	v, given := settings["environments"]
	if !given {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return errors.New("environments is no list")
	}
	if n := number(settings, "total_count"); n > len(list) {
		return fmt.Errorf("%d of %d environments are there; ask for all pages", len(list), n)
	}
	for i, e := range list {
		name := doc.Text(e, "name")
		if name == "" {
			return fmt.Errorf("environment %d has no name", i)
		}
		if _, ok := doc.At(e, "can_admins_bypass").(bool); !ok {
			return fmt.Errorf("environment %q: can_admins_bypass is no boolean", name)
		}
		rules, ok := doc.At(e, "protection_rules").([]any)
		if !ok {
			return fmt.Errorf("environment %q: protection_rules is no list", name)
		}
		for _, r := range rules {
			if doc.Text(r, "type") == "" {
				return fmt.Errorf("environment %q: a protection rule has no type", name)
			}
			if doc.Text(r, "type") != "required_reviewers" {
				continue
			}
			_, self := doc.At(r, "prevent_self_review").(bool)
			if _, ok := doc.At(r, "reviewers").([]any); !ok || !self {
				return fmt.Errorf("environment %q: required_reviewers lacks reviewers or prevent_self_review", name)
			}
		}
		policy, there := doc.Lookup(e, "deployment_branch_policy")
		if _, ok := policy.(map[string]any); !there || !ok && policy != nil {
			return fmt.Errorf("environment %q: deployment_branch_policy is neither an object nor null", name)
		}
	}
	return nil
}

// gitlabEnvironments checks the answer of GET /projects/{id}/protected_environments:
// https://docs.gitlab.com/api/protected_environments/
func gitlabEnvironments(settings map[string]any) error {
	v, given := settings["protected_environments"]
	if !given {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return errors.New("protected_environments is no list")
	}
	for i, e := range list {
		if doc.Text(e, "name") == "" {
			return fmt.Errorf("protected environment %d has no name", i)
		}
		if _, ok := doc.At(e, "deploy_access_levels").([]any); !ok {
			return fmt.Errorf("protected environment %q: deploy_access_levels is no list", doc.Text(e, "name"))
		}
		for _, r := range doc.List(e, "approval_rules") {
			if _, ok := doc.At(r, "required_approvals").(json.Number); !ok {
				return fmt.Errorf("protected environment %q: an approval rule has no required_approvals", doc.Text(e, "name"))
			}
		}
	}
	return nil
}
