package repository

import "testing"

func TestReadSnapshot(t *testing.T) {
	t.Parallel()
	const whole = `{"name": "prod", "can_admins_bypass": false, "protection_rules": [], "deployment_branch_policy": null}`
	for text, ok := range map[string]bool{
		`[]`: true, `{}`: true, `{"rules": []}`: true, `7`: false, `{"a": 1, "a": 2}`: false,
		`{"environments": []}`:                                true,
		`{"environments": {}}`:                                false,
		`{"environments": null}`:                              false,
		`{"total_count": 1, "environments": [` + whole + `]}`: true,
		`{"total_count": 2, "environments": [` + whole + `]}`: false,
		`{"environments": [{"name": "prod"}]}`:                false,
		`{"environments": [{"name": 7, "can_admins_bypass": true, "protection_rules": [], "deployment_branch_policy": null}]}`:                                                                 false,
		`{"environments": [{"name": "prod", "can_admins_bypass": "no", "protection_rules": [], "deployment_branch_policy": null}]}`:                                                            false,
		`{"environments": [{"name": "prod", "can_admins_bypass": true, "protection_rules": []}]}`:                                                                                              false,
		`{"environments": [{"name": "prod", "can_admins_bypass": true, "protection_rules": [{"type": "required_reviewers", "reviewers": []}], "deployment_branch_policy": null}]}`:             false,
		`{"environments": [{"name": "prod", "can_admins_bypass": true, "protection_rules": [{"type": "wait_timer"}, {"type": "new", "x": 1}], "deployment_branch_policy": {}, "more": true}]}`: true,
		`[{"name": "prod", "deploy_access_levels": []}]`:                                                           true,
		`{"protected_environments": [{"name": "prod"}]}`:                                                           false,
		`{"protected_environments": [{"name": "prod", "deploy_access_levels": [], "approval_rules": [{"x": 1}]}]}`: false,
	} {
		if got, err := ReadSnapshot([]byte(text)); (err == nil) != ok || ok && got == nil {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}
