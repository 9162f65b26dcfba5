package deploy

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"

	"github.com/bmatcuk/doublestar/v4"
)

// git matches directories or files of the tree:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git/
func (g generators) git(body map[string]any) ([]map[string]any, error) {
	if other, ok := g.planner.elsewhere(doc.Text(body, "repoURL")); ok {
		return nil, fmt.Errorf("the git generator reads %s, which is another repository", other)
	}
	if rev := g.planner.revisionOf(doc.Text(body, "revision")); rev != nil && !rev.Assumed {
		if rev.Tree == nil {
			return nil, fmt.Errorf("the git generator reads revision %q, which is not in the clone", rev.Name)
		}
		defer func(here *layout) { g.planner.layout = here }(g.planner.layout)
		g.planner.layout = g.planner.layoutOf(rev)
	}
	prefix := doc.Text(body, "pathParamPrefix")
	var out []map[string]any
	if dirs := doc.List(body, "directories"); len(dirs) > 0 {
		for _, d := range g.planner.sorted {
			if d != "." && !hidden(d) && inDirectories(dirs, d) {
				out = append(out, g.pathParams(d, "", prefix))
			}
		}
		return g.withValues(out, body)
	}
	var files []filePattern
	for _, f := range doc.List(body, "files") {
		pattern, err := newFilePattern(doc.Text(f, "path"), doc.Bool(f, "exclude"))
		if err != nil {
			return nil, fmt.Errorf("files: %w", err)
		}
		files = append(files, pattern)
	}
	for _, e := range g.planner.tree.Entries() {
		if !meant(files, e.Path) {
			continue
		}
		data, err := g.planner.tree.ReadFile(e.Path)
		if err != nil {
			return nil, render.ReadError(e.Path, err)
		}
		docs, err := source.ParseYAML(e.Path, data)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			list, isList := d.Value.([]any)
			if !isList {
				list = []any{d.Value}
			}
			for _, v := range list {
				if doc.Map(v) == nil && v != nil {
					return nil, fmt.Errorf("%s holds neither a mapping nor a list of mappings", e.Path)
				}
				set := map[string]any{}
				for k, x := range doc.Map(v) {
					set[k] = x
				}
				for k, x := range g.pathParams(path.Dir(e.Path), path.Base(e.Path), prefix) {
					set[k] = x
				}
				if out = append(out, set); len(out) > maxApplications {
					return nil, fmt.Errorf("more than %d Applications are made", maxApplications)
				}
			}
		}
	}
	return g.withValues(out, body)
}

// withValues adds the values of a generator, which may use the parameters.
func (g generators) withValues(sets []map[string]any, body map[string]any) ([]map[string]any, error) {
	values := doc.Map(body, "values")
	if values == nil {
		return sets, nil
	}
	for _, set := range sets {
		v, err := g.expand(values, set)
		if err != nil {
			return nil, fmt.Errorf("values: %w", err)
		}
		set["values"] = v
	}
	return sets, nil
}

// hidden says whether a directory of a path begins with a dot.
func hidden(dir string) bool { return strings.HasPrefix(dir, ".") || strings.Contains(dir, "/.") }

func (g generators) pathParams(dir, file, prefix string) map[string]any {
	segments := []any{}
	for _, s := range strings.Split(dir, "/") {
		segments = append(segments, s)
	}
	p := map[string]any{
		"path": dir, "basename": path.Base(dir), "basenameNormalized": normalized(path.Base(dir)), "segments": segments,
	}
	if file != "" {
		p["filename"], p["filenameNormalized"] = file, normalized(file)
	}
	if prefix != "" {
		return map[string]any{prefix: map[string]any{"path": p}}
	}
	return map[string]any{"path": p}
}

// read is the file that a git generator read for a set of parameters, "" if it
// was another one.
func (g generators) read(params map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(params)) { // a matrix reads several
		p := doc.Map(params[name])
		if below := doc.Map(p, "path"); below != nil { // of a prefix
			p = below
		}
		if name := doc.Text(p, "filename"); name != "" {
			if file := path.Join(doc.Text(p, "path"), name); g.exists(file) {
				return file
			}
		}
	}
	return ""
}

func (g generators) exists(file string) bool {
	_, ok := g.planner.tree.Lookup(file)
	return ok
}

var notName = regexp.MustCompile(`[^a-z0-9.-]`)

func normalized(s string) string {
	return strings.Trim(notName.ReplaceAllString(strings.ToLower(s), "-"), "-.")
}

// inDirectories says whether one of some patterns of directories includes a
// directory and none excludes it. A star stays in its segment, and what cannot be
// read matches nothing.
func inDirectories(patterns []any, dir string) bool {
	in := false
	for _, e := range patterns {
		if ok, err := path.Match(doc.Text(e, "path"), dir); err == nil && ok {
			if doc.Bool(e, "exclude") {
				return false
			}
			in = true
		}
	}
	return in
}

// filePattern is a pattern of files.
type filePattern struct {
	spec    pathspec
	newer   string // the pattern to controllers that are told to use the newer globbing
	exclude bool
}

// maxCombinations bounds what the alternatives of a pattern of files make together:
// matching tries them all.
const maxCombinations = 256

// combinations says about how many ways there are to choose among alternatives.
func combinations(pattern string) int {
	all, these := 1, 1
	for _, c := range []byte(pattern) {
		switch c {
		case '{':
			these = 1
		case ',':
			these++
		case '}':
			all, these = min(all*these, maxCombinations+1), 1
		}
	}
	return all
}

func newFilePattern(text string, exclude bool) (filePattern, error) {
	if combinations(text) > maxCombinations {
		return filePattern{}, fmt.Errorf("the alternatives of %q make more than %d combinations", text, maxCombinations)
	}
	spec, err := newPathspec(text)
	if err != nil {
		return filePattern{}, fmt.Errorf("git takes no files from %q: %w", text, err)
	}
	return filePattern{spec: spec, newer: path.Clean(text), exclude: exclude}, nil
}

// meant says whether one of some patterns includes a file and none excludes it.
// Which globbing a controller uses is not known here: a file is included by
// either, and left out by the one that is the default.
func meant(patterns []filePattern, name string) bool {
	in := false
	for _, p := range patterns {
		listed := p.spec.means(name)
		if p.exclude {
			if listed {
				return false
			}
			continue
		}
		newer, err := doublestar.Match(p.newer, name)
		in = in || listed || err == nil && newer
	}
	return in
}
