package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// collection is a repository of policies.
type collection struct {
	Name   string       `json:"name"` // owner/name
	Commit string       `json:"commit"`
	Borrow []borrowed   `json:"borrow"`
	Runs   []run        `json:"runs"`
	Differ []difference `json:"differ"`
}

// borrowed are files of another collection, for one that keeps no inputs. They stand
// below "borrowed/".
type borrowed struct {
	From  string   `json:"from"`
	Files []string `json:"files"` // globs
}

// run is one command line of conftest, or one for each directory that Each names.
type run struct {
	// Each is a glob of directories. {0} in the other fields is the directory, {1} and
	// so on are what its stars stand for.
	Each string `json:"each"`
	// Policy, Data are paths, Inputs globs of files.
	Policy []string `json:"policy"`
	Data   []string `json:"data"`
	Inputs []string `json:"inputs"`
	// From says what the inputs are made of: see parts.
	From string `json:"from"`
	// Namespaces are all if there are none.
	Namespaces []string `json:"namespaces"`
	Parser     string   `json:"parser"`
	Rego       string   `json:"rego"`
	Combine    bool     `json:"combine"`
	// Secrets shows gate's policies what is secret, as conftest's are shown it.
	Secrets bool `json:"secrets"`
	Strict  bool `json:"strict"`
	// Plan hands the inputs to gate as plans of Terraform.
	Plan bool `json:"plan"`
	// Untested leaves the tests out, where another run has them.
	Untested bool `json:"untested"`
}

// difference is one that is meant. Says is whose result it is: gate's or conftest's.
// Rule, File and Message are regular expressions over package and rule, the file, and
// the level before the message. A test is the rule "test" of no package, and its state
// the level.
type difference struct {
	Says    string `json:"says"`
	Rule    string `json:"rule"`
	File    string `json:"file"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
}

func readTable(file string) ([]collection, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var t struct {
		Collections []collection `json:"collections"`
	}
	if err := yaml.UnmarshalStrict(data, &t); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return t.Collections, nil
}

// files are the files below a directory, sorted, without those of git.
func files(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && e.Name() == ".git" {
			return filepath.SkipDir
		}
		if e.Type().IsRegular() {
			name, err = filepath.Rel(dir, name)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	})
	slices.Sort(out)
	return out, err
}

// expand is the run for each of its directories.
func (r run) expand(all []string) []run {
	if r.Each == "" {
		return []run{r}
	}
	glob := pattern(r.Each)
	seen := map[string]bool{}
	var out []run
	for _, f := range all {
		for dir := filepath.Dir(f); dir != "."; dir = filepath.Dir(dir) {
			found := glob.FindStringSubmatch(dir)
			if found == nil || seen[dir] {
				continue
			}
			seen[dir] = true
			var pairs []string
			for i, text := range found {
				pairs = append(pairs, "{"+strconv.Itoa(i)+"}", text)
			}
			fill := strings.NewReplacer(pairs...).Replace
			one := r
			one.Policy, one.Data, one.Inputs, one.Namespaces = filled(r.Policy, fill), filled(r.Data, fill), filled(r.Inputs, fill), filled(r.Namespaces, fill)
			out = append(out, one)
		}
	}
	return out
}

func filled(list []string, fill func(string) string) []string {
	var out []string
	for _, s := range list {
		out = append(out, fill(s))
	}
	return out
}

// matching are the files that one of the globs matches, but for those of globs that
// begin with "!".
func matching(globs, all []string) []string {
	var out []string
	for _, f := range all {
		in := false
		for _, g := range globs {
			if not, ok := strings.CutPrefix(g, "!"); ok {
				in = in && !pattern(not).MatchString(f)
			} else {
				in = in || pattern(g).MatchString(f)
			}
		}
		if in {
			out = append(out, f)
		}
	}
	return out
}

// pattern is a glob: "*" stands for what has no slash, "**" for anything.
func pattern(glob string) *regexp.Regexp {
	text := regexp.QuoteMeta(glob)
	text = strings.NewReplacer(`\*\*/`, `(?:.*/)?`, `\*\*`, `.*`, `\*`, `([^/]*)`).Replace(text)
	return regexp.MustCompile("^" + text + "$")
}
