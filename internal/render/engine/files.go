package engine

import (
	"encoding/base64"
	"path"
	"sort"
	"strings"

	"github.com/gobwas/glob"
	"helm.sh/helm/v3/pkg/chart"
)

// fileSet is what templates see as .Files: the files of the chart that were
// loaded, never the disk. https://helm.sh/docs/chart_template_guide/accessing_files/
type fileSet map[string][]byte

func chartFiles(c *chart.Chart) fileSet {
	s := make(fileSet, len(c.Files))
	for _, f := range c.Files {
		s[f.Name] = f.Data
	}
	return s
}

// GetBytes returns a file's content, empty if there is none.
func (s fileSet) GetBytes(name string) []byte {
	if b, ok := s[stripMarks(name)]; ok {
		return b
	}
	return []byte{}
}

// Get returns a file's content as text.
func (s fileSet) Get(name string) string { return string(s.GetBytes(name)) }

// Glob returns the files whose names match. A pattern that does not compile
// matches every file, as in Helm.
func (s fileSet) Glob(pattern string) fileSet {
	g, err := glob.Compile(stripMarks(pattern), '/')
	if err != nil {
		g = glob.MustCompile("**")
	}
	out := fileSet{}
	for name, data := range s {
		if g.Match(name) {
			out[name] = data
		}
	}
	return out
}

// names returns the names in order: of two files with one base name the last wins.
func (s fileSet) names() []string {
	out := make([]string, 0, len(s))
	for n := range s {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// AsConfig returns the files as the data of a ConfigMap.
func (s fileSet) AsConfig() string {
	if s == nil {
		return ""
	}
	m := make(map[string]string, len(s))
	for _, n := range s.names() {
		m[path.Base(n)] = string(s[n])
	}
	return toYAML(m)
}

// AsSecrets returns the files as the data of a Secret.
func (s fileSet) AsSecrets() string {
	if s == nil {
		return ""
	}
	m := make(map[string]string, len(s))
	for _, n := range s.names() {
		m[path.Base(n)] = base64.StdEncoding.EncodeToString(s[n])
	}
	return toYAML(m)
}

// Lines returns the lines of a file.
func (s fileSet) Lines(name string) []string {
	name = stripMarks(name)
	if s == nil || len(s[name]) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(s[name]), "\n"), "\n")
}
