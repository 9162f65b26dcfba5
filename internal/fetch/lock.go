// Package fetch gets charts that are deployed from elsewhere: out of a cache,
// or, if that is allowed, from their repositories. What is fetched is used only
// if its bytes are those that a lock file in the tree names.
//
// It is the only package that opens a connection.
package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/source"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
)

// LockFile is the path of the lock file from the root.
const LockFile = ".gate/charts.lock"

// lockVersion is the version of the lock file that this package reads.
const lockVersion = "gate/v1"

// Chart names a chart as an object that deploys it does. Repository is the URL
// of an HTTP repository, or oci:// and what stands before the name. Version may
// be a range; empty means any.
type Chart struct {
	Repository, Name, Version string
}

// String returns the chart for people.
func (c Chart) String() string {
	if c.Version == "" {
		return fmt.Sprintf("chart %q of %s", c.Name, plain(c.Repository))
	}
	return fmt.Sprintf("chart %q %s of %s", c.Name, c.Version, plain(c.Repository))
}

// Entry is one chart of a lock file: the version that was resolved, where its
// archive lies, and what it must be.
type Entry struct {
	Repository string `json:"repository" yaml:"repository"`
	Name       string `json:"name" yaml:"name"`
	Version    string `json:"version" yaml:"version"`
	URL        string `json:"url" yaml:"url"`
	SHA256     string `json:"sha256" yaml:"sha256"` // of the archive, hex
}

// Lock is a lock file. The zero value has no entries.
type Lock struct{ Entries []Entry }

// ParseLock reads a lock file strictly. Errors are *source.Error.
func ParseLock(file string, data []byte) (*Lock, error) {
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return nil, err
	}
	fault := func(p source.Path, format string, args ...any) error {
		e := &source.Error{Position: source.Position{File: file}, Msg: fmt.Sprintf(format, args...), Hint: "write it anew: " + Command}
		if len(docs) > 0 {
			e.Position, _ = docs[0].Locate(p)
			e.EndLine, e.EndColumn = 0, 0
		}
		return e
	}
	if len(docs) != 1 {
		return nil, fault(nil, "lock file has %d documents; expected one", len(docs))
	}
	text, err := json.Marshal(docs[0].Value)
	if err != nil {
		return nil, fault(nil, "lock file: %v", err)
	}
	var got struct {
		APIVersion string  `json:"apiVersion"`
		Charts     []Entry `json:"charts"`
	}
	strict, err := kjson.UnmarshalStrict(text, &got)
	if err = errors.Join(append(strict, err)...); err != nil {
		return nil, fault(nil, "lock file: %v", err)
	}
	if got.APIVersion != lockVersion {
		return nil, fault(source.Path{"apiVersion"}, "apiVersion is %q; expected %q", got.APIVersion, lockVersion)
	}
	seen := map[string]bool{}
	for i, e := range got.Charts {
		if field, msg := e.check(); msg != "" {
			return nil, fault(source.Path{"charts", i, field}, "%s of chart %q %s", field, e.Name, msg)
		}
		key := strings.Join([]string{trim(e.Repository), e.Name, e.Version}, "\x00")
		if seen[key] {
			return nil, fault(source.Path{"charts", i}, "chart %q %s of %s is locked twice", e.Name, e.Version, e.Repository)
		}
		seen[key] = true
	}
	return &Lock{Entries: got.Charts}, nil
}

var (
	digest    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })
	chartName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`) })
)

// check returns the field that is wrong, and why.
func (e Entry) check() (field, msg string) {
	if _, err := repositoryURL(e.Repository); err != nil {
		return "repository", err.Error()
	}
	if _, err := repositoryURL(e.URL); err != nil {
		return "url", err.Error()
	}
	switch {
	case isOCI(e.Repository) != isOCI(e.URL):
		return "url", "is of another kind than the repository"
	case !chartName().MatchString(e.Name):
		return "name", "is no chart name"
	case !digest().MatchString(e.SHA256):
		return "sha256", "is not 64 hexadecimal digits"
	}
	if _, err := semver.NewVersion(e.Version); err != nil {
		return "version", "is no semantic version"
	}
	return "", ""
}

// repositoryURL parses an address and refuses what is never asked.
func repositoryURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no URL")
	case u.Scheme != "https" && u.Scheme != "oci" && u.Scheme != "http" || u.Host == "":
		return nil, fmt.Errorf("is neither an https:// nor an oci:// address")
	case u.User != nil:
		return nil, fmt.Errorf("holds credentials; they are never sent")
	}
	return u, nil
}

func isOCI(address string) bool { return strings.HasPrefix(address, "oci://") }

func trim(repository string) string { return strings.TrimRight(repository, "/") }

// plain is an address without what may be a secret in it.
func plain(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a repository whose address is no URL"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// Find returns the entry of a chart: that of the version, else the newest one
// in the range.
func (l *Lock) Find(c Chart) (Entry, bool) {
	var list []Entry
	for _, e := range l.Entries {
		if trim(e.Repository) == trim(c.Repository) && e.Name == c.Name {
			if e.Version == c.Version {
				return e, true
			}
			list = append(list, e)
		}
	}
	i := newest(len(list), func(i int) string { return list[i].Version }, c.Version)
	if i < 0 {
		return Entry{}, false
	}
	return list[i], true
}

// newest returns the index of the newest version in a range, or -1. An empty
// range is every version but pre-releases, as for Helm.
func newest(n int, version func(int) string, want string) int {
	if want == "" || want == "latest" {
		want = ">=0.0.0"
	}
	constraint, err := semver.NewConstraint(want)
	if err != nil {
		return -1
	}
	best := -1
	var top *semver.Version
	for i := range n {
		v, err := semver.NewVersion(version(i))
		if err != nil || !constraint.Check(v) {
			continue
		}
		if top == nil || v.GreaterThan(top) {
			best, top = i, v
		}
	}
	return best
}

// Keep adds the entries of another lock.
func (l *Lock) Keep(other *Lock) {
	for _, e := range other.Entries {
		if !slices.Contains(l.Entries, e) {
			l.Entries = append(l.Entries, e)
		}
	}
}

// Encode returns the file of a lock, and sorts its entries.
func (l *Lock) Encode() ([]byte, error) {
	slices.SortFunc(l.Entries, func(a, b Entry) int {
		return strings.Compare(a.Repository+"\x00"+a.Name+"\x00"+a.Version, b.Repository+"\x00"+b.Name+"\x00"+b.Version)
	})
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Charts that are deployed from elsewhere. Written by: %s\n", Command)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := enc.Encode(struct {
		APIVersion string  `yaml:"apiVersion"`
		Charts     []Entry `yaml:"charts"`
	}{lockVersion, l.Entries})
	if err != nil {
		return nil, fmt.Errorf("encode lock file: %w", err)
	}
	return b.Bytes(), nil
}
