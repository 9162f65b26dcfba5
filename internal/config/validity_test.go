package config

import (
	"testing"
	"time"
)

// TestMaxValidity shows that the configuration shortens the limits, and nothing lifts them.
func TestMaxValidity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text    string
		prod    time.Duration
		nonProd time.Duration
	}{
		{"", 24 * time.Hour, 168 * time.Hour},
		{"1h", time.Hour, time.Hour},
		{"72h", 24 * time.Hour, 72 * time.Hour},
		{"168h", 24 * time.Hour, 168 * time.Hour},
		{"9999h", 24 * time.Hour, 168 * time.Hour}, // built in code: no file can say it
	} {
		c := &Config{Decision: DecisionConfig{MaxValidity: tt.text}}
		if got := c.MaxValidity(Prod); got != tt.prod {
			t.Errorf("%q: %s for class prod, want %s", tt.text, got, tt.prod)
		}
		if got := c.MaxValidity(NonProd); got != tt.nonProd {
			t.Errorf("%q: %s for class non-prod, want %s", tt.text, got, tt.nonProd)
		}
	}
	if got := (*Config)(nil).MaxValidity(Prod); got != MaxValidityProd {
		t.Errorf("%s without a configuration", got)
	}
}

func TestRevoked(t *testing.T) {
	t.Parallel()
	list := []Revocation{{Decision: "a", Reason: "one"}, {Approval: "b", Reason: "two"}, {Key: "c", Reason: "three"}}
	for _, tt := range []struct{ kind, id, want string }{
		{RevokedDecision, "a", "one"}, {RevokedApproval, "b", "two"}, {RevokedKey, "c", "three"},
		{RevokedApproval, "a", ""}, {RevokedKey, "b", ""}, {RevokedDecision, "", ""}, {"", "", ""}, {"other", "a", ""},
	} {
		if reason, revoked := Revoked(list, tt.kind, tt.id); reason != tt.want || revoked != (tt.want != "") {
			t.Errorf("%s %q: %q, %v; want %q", tt.kind, tt.id, reason, revoked, tt.want)
		}
	}
}
