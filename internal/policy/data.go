package policy

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/loader"
)

// dataEndings are those of files that hold data of policies, in any case.
var dataEndings = []string{".yaml", ".yml", ".json"}

func isData(file string) bool { return slices.Contains(dataEndings, strings.ToLower(path.Ext(file))) }

// readData adds what stands at or below a path to the data of the set. A path that
// holds none is an error: policies would be judged without what they compare with.
func (o *Organisation) readData(set *Set, from string) error {
	files, err := o.below(from, isData)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no data at %s: expected a file or a directory of files that end in %s, at %s", from, strings.Join(dataEndings, ", "), o.Label)
	}
	set.DataPaths = append(set.DataPaths, clean(from))
	for name, data := range files {
		set.Data[name] = data
	}
	return nil
}

// writeData writes the data into a directory and returns the paths that conftest
// and opa take for --data: a file is merged at the root of data, a directory with
// its directories as keys. Without paths it is the directory of all.
func (s Set) writeData(dir string) ([]string, error) {
	if err := write(dir, s.Data); err != nil {
		return nil, err
	}
	if len(s.DataPaths) == 0 && len(s.Data) > 0 {
		return []string{dir}, nil
	}
	paths := make([]string, len(s.DataPaths))
	for i, p := range s.DataPaths {
		paths[i] = filepath.Join(dir, filepath.FromSlash(p))
	}
	return paths, nil
}

// documents are the data as policies see them below data.
func (s Set) documents() (data map[string]any, err error) {
	dir, err := os.MkdirTemp("", "gate-policy-")
	if err != nil {
		return nil, fmt.Errorf("load data: %w", err)
	}
	defer os.RemoveAll(dir)
	paths, err := s.writeData(filepath.Join(dir, "data"))
	if err != nil {
		return nil, fmt.Errorf("load data: %w", err)
	}
	read, err := loader.NewFileLoader().Filtered(paths, func(_ string, info os.FileInfo, _ int) bool {
		return !info.IsDir() && !isData(info.Name())
	})
	if err != nil {
		return nil, fmt.Errorf("load data: %s", public(err.Error()))
	}
	return read.Documents, nil
}

// clean is a path of the repository as its files are named; "." is the root.
func clean(name string) string { return path.Clean(strings.TrimSuffix(name, "/")) }
