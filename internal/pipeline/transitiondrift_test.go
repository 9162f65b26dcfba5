package pipeline

import (
	"testing"
	"time"

	"gate/internal/config"
)

func TestDriftClasses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	past, today := now.AddDate(0, 0, -1), now
	classes := []config.Drift{
		{Class: "unauthorised", Match: "**", Owner: "@acme/security"},
		{Class: "emergency", Match: "aws_db_instance.main", Owner: "@acme/db", ReviewBy: &past},
		{Class: "controller", Match: "aws_autoscaling_group.*.desired_capacity", Owner: "@acme/platform", ReviewBy: &today},
		{Class: "external", Match: "module.net.**", Owner: "@acme/net"},
	}
	for _, c := range []struct {
		address string
		paths   []string
		want    string
	}{
		{"aws_autoscaling_group.web", []string{"desired_capacity"}, "class controller (@acme/platform)"},
		{"aws_autoscaling_group.web", []string{"desired_capacity", "max_size"}, "class controller (@acme/platform), class unauthorised"},
		{"aws_autoscaling_group.web", nil, "class unauthorised"},
		{"aws_db_instance.main", nil, "class unauthorised"}, // its review is overdue
		{"module.net.aws_route.a[0]", []string{"gateway_id"}, "class external (@acme/net)"},
	} {
		if got := classesOf(classes, c.address, c.paths, now); got != c.want {
			t.Errorf("%s %v: got %q, want %q", c.address, c.paths, got, c.want)
		}
	}
}
