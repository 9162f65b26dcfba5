package repository

import "testing"

func TestReadRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		env     map[string]string
		id      string
		attempt int
	}{
		{"nowhere", nil, "", 0},
		{"GitHub", map[string]string{"GITHUB_RUN_ID": "42", "GITHUB_RUN_ATTEMPT": "2"}, "42", 2},
		{"GitHub without an attempt", map[string]string{"GITHUB_RUN_ID": "42"}, "", 0},
		{"no attempt", map[string]string{"GITHUB_RUN_ID": "42", "GITHUB_RUN_ATTEMPT": "0"}, "", 0},
		{"GitLab", map[string]string{"CI_PIPELINE_ID": "7"}, "7", 0},
		{"GitLab, with an attempt that is not its own", map[string]string{"CI_PIPELINE_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}, "7", 0},
		{"no number", map[string]string{"CI_PIPELINE_ID": "7; rm"}, "", 0},
		{"no run", map[string]string{"CI_PIPELINE_ID": "123456789012345678901"}, "", 0},
	} {
		if id, attempt := ReadRun(func(name string) string { return tt.env[name] }); id != tt.id || attempt != tt.attempt {
			t.Errorf("%s: %q, attempt %d; want %q, %d", tt.name, id, attempt, tt.id, tt.attempt)
		}
	}
}
