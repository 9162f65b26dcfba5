package deploy

import (
	"errors"
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
			if d != "." && !hidden(d) && matches(dirs, d, inDirectories, inDirectories) {
				out = append(out, g.pathParams(d, "", prefix))
			}
		}
		return g.withValues(out, body)
	}
	for _, e := range g.planner.tree.Entries() {
		if !matches(doc.List(body, "files"), e.Path, inFiles, gitGlob) {
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

// matches says whether an entry of path patterns includes name and none
// excludes it.
func matches(patterns []any, name string, includes, excludes func(pattern, name string) bool) bool {
	in := false
	for _, e := range patterns {
		m := doc.Map(e)
		if doc.Bool(m, "exclude") {
			if excludes(doc.Text(m, "path"), name) {
				return false
			}
			continue
		}
		in = in || includes(doc.Text(m, "path"), name)
	}
	return in
}

// inDirectories matches as path.Match does: a star stays in its segment.
func inDirectories(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// inFiles matches as `git ls-files` does, or as controllers do that are told
// to use the newer globbing; which one is not known here.
func inFiles(pattern, name string) bool {
	ok, err := doublestar.Match(pattern, name)
	return err == nil && ok || gitGlob(pattern, name)
}

// gitGlob matches a pathspec of git: a star crosses slashes, and a directory
// stands for what is below it.
func gitGlob(pattern, name string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	if pattern == name || strings.HasPrefix(name, pattern+"/") {
		return true
	}
	if !strings.ContainsAny(pattern, `*?[\`) {
		return false
	}
	r, err := pathspec(pattern)
	return err == nil && r.MatchString(name)
}

// pathspec translates a pattern of git; matching takes linear time.
func pathspec(pattern string) (*regexp.Regexp, error) {
	var re strings.Builder
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; c {
		case '*':
			re.WriteString(`.*`)
		case '?':
			re.WriteString(`.`)
		case '[':
			end := i + 2
			for end < len(runes) && runes[end] != ']' {
				end++
			}
			if end >= len(runes) {
				return nil, errors.New("a class without an end")
			}
			class := string(runes[i+1 : end])
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			re.WriteString("[" + strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(class) + "]")
			i = end
		case '\\':
			if i++; i < len(runes) {
				re.WriteString(regexp.QuoteMeta(string(runes[i])))
			}
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.Compile(`(?s)^` + re.String() + `(/|$)`)
}
