package attest

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/facts"
	"gate/internal/source"
)

// stackFiles are the globs of what is read of a stack and its local modules, and
// the files that their configuration names.
func stackFiles(tree source.Tree, s facts.Stack) (covers, files []string) {
	covers = CoverStack(s.Path)
	dirs := []string{s.Path}
	for _, m := range s.Modules {
		if strings.HasPrefix(m.Source, "./") || strings.HasPrefix(m.Source, "../") {
			dir := path.Join(path.Dir(m.File), m.Source)
			covers, dirs = append(covers, coverModule(escapeGlob(dir))...), append(dirs, dir)
		}
	}
	for _, e := range tree.Entries() {
		dir := path.Dir(e.Path)
		if !slices.Contains(dirs, dir) || !strings.HasSuffix(e.Path, ".tf") && !strings.HasSuffix(e.Path, ".tofu") {
			continue
		}
		data, err := tree.ReadFile(e.Path)
		if err != nil {
			continue
		}
		for _, m := range quoted().FindAllSubmatch(data, -1) {
			name := strings.TrimPrefix(string(m[1]), "/")
			for _, from := range []string{dir, s.Path} { // path.module, path.root
				at := path.Join(from, name)
				if _, ok := tree.Lookup(at); ok && name != "" {
					files = append(files, at)
				}
			}
		}
	}
	return covers, files
}

// quoted are texts of a configuration that may name a file: functions such as
// file and templatefile take it below path.module or path.root, by a text.
var quoted = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"(?:\$\{path\.(?:module|root|cwd)\})?([\w./@ -]{1,200})"`)
})
