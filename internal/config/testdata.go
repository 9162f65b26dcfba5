package config

import (
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"gate/internal/source"
)

// testDirectories are the names that the input of tests has by custom: of the go
// command (go help packages), of Rails and Jest, of test suites that drive a whole
// system.
var testDirectories = []string{"testdata", "test-data", "test_data", "fixtures", "__fixtures__", "e2e", "__tests__", "golden", "__snapshots__"}

// testPrograms are the names of files that only a test runs, by the defaults of what runs
// them: the go command (go help test), Terraform and OpenTofu (test), pytest
// (python_files), Jest (testMatch) and RSpec (pattern).
var testPrograms = []string{
	"*_test.go",
	"*.{tf,tofu}test.{hcl,json}",
	"{test_*,*_test}.py",
	"*.{test,spec}.{js,jsx,ts,tsx,mjs,cjs,mts,cts}",
	"*_spec.rb",
}

// testSources is where Maven and Gradle look for what tests are made of.
const testSources = "/src/test/"

// IsTestData says whether a file or directory is input of tests: as the configuration
// says, or, without a configuration, by its name or that of a directory that it lies in.
func (c *Config) IsTestData(file string) bool {
	if c == nil || c.APIVersion == "" {
		segments := strings.Split(file, "/")
		return slices.ContainsFunc(segments, func(s string) bool { return slices.Contains(testDirectories, s) }) ||
			slices.ContainsFunc(testPrograms, func(g string) bool { return doublestar.MatchUnvalidated(g, segments[len(segments)-1]) }) ||
			strings.Contains("/"+file, testSources)
	}
	return c.isFixture(file) || slices.ContainsFunc(c.TestData, func(g string) bool { return Match(g, file) || Match(g, file+"/.") })
}

// isFixture says whether a path lies in a directory testdata of the organisation's own
// rules, where their fixtures stand.
func (c *Config) isFixture(file string) bool {
	return slices.ContainsFunc(c.Policies, func(p Policy) bool {
		rest, below := strings.CutPrefix(file, path.Clean(p.Path)+"/")
		return below && p.Style == "catalog" && slices.Contains(strings.Split(rest, "/"), "testdata")
	})
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
