package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// judging is what of the three files a verdict depends on.
type judging struct {
	Config  *Config
	MaxDays map[string]int
	Images  []ImageTrust
}

// Judging is sha256 in hex over what verdicts depend on in the configuration, the trust
// file and the waiver file: not who is who and who may approve, how long decisions last,
// when nothing may change, and single waivers, which are looked at as they stand when
// something is applied. Form and comments do not count. It is empty without a configuration
// and without trust.
func (f Files) Judging() (string, error) {
	if f.ConfigDigest == "" && f.TrustDigest == "" {
		return "", nil
	}
	var j judging
	if f.Config != nil {
		c := *f.Config
		c.People, c.Roles, c.Approvals, c.Freezes, c.Decision = nil, nil, nil, nil, DecisionConfig{}
		j.Config = &c
	}
	if f.Waivers != nil {
		j.MaxDays = f.Waivers.MaxDays
	}
	if f.Trust != nil {
		j.Images = f.Trust.Images
	}
	data, err := json.Marshal(j)
	if err != nil {
		return "", fmt.Errorf("digest of the configuration: %w", err)
	}
	return digest(data), nil
}

// Turns are the dates of the configuration after from and up to to, from which on it
// says something else; sorted.
func (c *Config) Turns(from, to time.Time) []string {
	if c == nil {
		return nil
	}
	var out []string
	turn := func(at *time.Time, what string) {
		if at != nil && from.Before(*at) && !to.Before(*at) {
			out = append(out, what+" "+at.UTC().Format(time.RFC3339))
		}
	}
	for id, r := range c.Rules {
		turn(r.EnforceFrom, "rules."+id+".enforceFrom")
	}
	turn(c.Baseline.Until, "baseline.until")
	for i, x := range c.Exclude {
		end := x.Expires.AddDate(0, 0, 1) // it counts on that day
		turn(&end, fmt.Sprintf("exclude[%d].expires", i))
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

// Frozen are the freezes of an environment that are in force, in the order of the file.
func (c *Config) Frozen(environment string, now time.Time) []Freeze {
	if c == nil {
		return nil
	}
	var out []Freeze
	for _, f := range c.Freezes {
		if f.Environment == environment && !now.Before(f.From) && now.Before(f.To) {
			out = append(out, f)
		}
	}
	return out
}
