package config

import (
	"cmp"
	"path"
	"time"

	"gate/internal/source"
)

// Parse reads .gate.yaml. Its error joins every fault of the file, each a
// *source.Error, in the order of their lines; the configuration is nil then.
// What can only be told with the catalog at hand is left to Check.
func Parse(file string, data []byte) (*Config, error) {
	c := &Config{}
	d, err := read(file, data, c)
	if err != nil {
		return nil, err
	}
	c.File, c.Places = file, d.doc.Locator()
	for i := range c.Exclude {
		pos, _ := d.doc.Locate(source.Path{"exclude", i})
		c.Exclude[i].Line = pos.Line
	}
	checkConfig(d, c)
	if err := d.err(); err != nil {
		return nil, err
	}
	c.Waivers = cmp.Or(c.Waivers, DefaultWaivers)
	c.Trust = cmp.Or(c.Trust, DefaultTrust)
	for i, p := range c.Policies {
		c.Policies[i].Name = p.Entry()
	}
	return c, nil
}

// Configured says whether there is a configuration that names environments:
// from then on a subject without an environment is of class prod.
func (c *Config) Configured() bool { return c != nil && len(c.Environments) > 0 }

// Environment returns the environment of that name.
func (c *Config) Environment(name string) (Environment, bool) {
	if c != nil {
		for _, e := range c.Environments {
			if e.Name == name {
				return e, true
			}
		}
	}
	return Environment{}, false
}

// ClassOf is the class of an environment. Subjects without an environment, and
// environments that are not configured, are prod once any environment is
// configured, else non-prod.
func (c *Config) ClassOf(environment string) Class {
	if e, ok := c.Environment(environment); ok {
		return e.Class
	}
	if c.Configured() {
		return Prod
	}
	return NonProd
}

// How long a decision may be used at most, whatever the configuration says.
const (
	MaxValidity     = 7 * 24 * time.Hour
	MaxValidityProd = 24 * time.Hour // of class prod
)

// MaxValidity is how long a decision for a class may be used at most. The
// configuration, which may be nil, can only shorten it.
func (c *Config) MaxValidity(class Class) time.Duration {
	most := MaxValidity
	if class == Prod {
		most = MaxValidityProd
	}
	if c != nil {
		if d, err := time.ParseDuration(c.Decision.MaxValidity); err == nil && d > 0 {
			most = min(most, d)
		}
	}
	return most
}

// Entry is the first element of the rule ids of a policy entry.
func (p Policy) Entry() string {
	if p.Name != "" {
		return p.Name
	}
	if name := path.Base(path.Clean(p.Path)); name != "." {
		return name
	}
	return "policy"
}
