package config

import (
	"slices"
	"strings"

	"gate/internal/source"
)

// testDirectories are the names that the input of tests has by custom: of the go
// command (go help packages), of Rails and Jest, of test suites that drive a whole
// system.
var testDirectories = []string{"testdata", "test-data", "test_data", "fixtures", "__fixtures__", "e2e"}

// IsTestData says whether a file or directory is input of tests: as the configuration
// says, or, without a configuration, by the name of a directory that it lies in.
func (c *Config) IsTestData(path string) bool {
	if c == nil || c.APIVersion == "" {
		return slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool {
			return slices.Contains(testDirectories, segment)
		})
	}
	return slices.ContainsFunc(c.TestData, func(g string) bool { return Match(g, path) || Match(g, path+"/.") })
}

// Names says whether an entry of units or stacks names a path.
func (c *Config) Names(path string) bool {
	return c != nil && (slices.ContainsFunc(c.Units, func(u Unit) bool { return u.Source() == path }) ||
		slices.ContainsFunc(c.Stacks, func(s Stack) bool { return s.Path == path }))
}

func (k checks) testData() {
	for i, g := range k.config.TestData {
		p := source.Path{"testData", i}
		k.glob(p, g)
		if newGlob(g).segments == 0 && g != "" {
			k.faultf(p, "glob %q makes test data of nearly everything; expected at least one literal segment", clip(g))
		}
	}
}
