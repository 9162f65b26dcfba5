package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gate/internal/source"

	"github.com/bmatcuk/doublestar/v4"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	selectors "k8s.io/apimachinery/pkg/labels"
)

// generators makes the parameters of an ApplicationSet.
type generators struct {
	planner    *planner
	goTemplate bool
	missingKey string
}

// one runs one generator and keeps what its selector selects.
func (g generators) one(gen map[string]any) ([]map[string]any, error) {
	sets, err := g.run(gen)
	if err != nil || gen["selector"] == nil {
		return sets, err
	}
	selects, err := selector(gen["selector"])
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sets, func(set map[string]any) bool {
		flat := selectors.Set{}
		flatten(set, "", flat)
		return !selects.Matches(flat)
	}), nil
}

// selector reads a label selector.
func selector(v any) (selectors.Selector, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var s meta.LabelSelector
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("selector: %w", err)
	}
	return meta.LabelSelectorAsSelector(&s)
}

// flatten names the scalars of parameters by their paths.
func flatten(v any, at string, into map[string]string) {
	below := func(k string) string { return strings.TrimPrefix(at+"."+k, ".") }
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			flatten(e, below(k), into)
		}
	case []any:
		for i, e := range v {
			flatten(e, below(strconv.Itoa(i)), into)
		}
	default:
		into[at] = asText(orNil(v))
	}
}

func (g generators) run(gen map[string]any) ([]map[string]any, error) {
	for _, kind := range sortedKeys(gen) {
		body := asMap(gen[kind])
		if kind == "selector" {
			continue
		}
		switch kind {
		case "list":
			return g.elements(body)
		case "git":
			return g.git(body)
		case "matrix":
			return g.matrix(asList(body["generators"]))
		case "merge":
			return g.merge(asList(body["generators"]), asList(body["mergeKeys"]))
		default:
			return nil, fmt.Errorf("generator %q is not run: it needs a cluster, a forge or a plugin", kind)
		}
	}
	return nil, errors.New("a generator without a kind")
}

func (g generators) elements(body map[string]any) ([]map[string]any, error) {
	if body["elementsYaml"] != nil {
		return nil, errors.New("elementsYaml is not run")
	}
	var out []map[string]any
	for _, e := range asList(body["elements"]) {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, errors.New("an element of a list generator is no mapping")
		}
		out = append(out, m)
	}
	return out, nil
}

// git matches directories or files of the tree:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git/
func (g generators) git(body map[string]any) ([]map[string]any, error) {
	if other, ok := g.planner.elsewhere(pick(body, "repoURL")); ok {
		return nil, fmt.Errorf("the git generator reads %s, which is another repository", other)
	}
	prefix := pick(body, "pathParamPrefix")
	var out []map[string]any
	if dirs := asList(body["directories"]); len(dirs) > 0 {
		for _, d := range sortedKeys(g.planner.dirs) {
			if d != "." && !hidden(d) && matches(dirs, d, inDirectories, inDirectories) {
				out = append(out, g.pathParams(d, "", prefix))
			}
		}
		return g.withValues(out, body)
	}
	for _, e := range g.planner.tree.Entries() {
		if !matches(asList(body["files"]), e.Path, inFiles, gitGlob) {
			continue
		}
		data, err := g.planner.tree.ReadFile(e.Path)
		if err != nil {
			return nil, readError(e.Path, err)
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
				if asMap(v) == nil && v != nil {
					return nil, fmt.Errorf("%s holds neither a mapping nor a list of mappings", e.Path)
				}
				set := map[string]any{}
				for k, x := range asMap(v) {
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
	values := asMap(body["values"])
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

var notName = regexp.MustCompile(`[^a-z0-9.-]`)

func normalized(s string) string {
	return strings.Trim(notName.ReplaceAllString(strings.ToLower(s), "-"), "-.")
}

// matches says whether an entry of path patterns includes name and none
// excludes it.
func matches(patterns []any, name string, includes, excludes func(pattern, name string) bool) bool {
	in := false
	for _, e := range patterns {
		m := asMap(e)
		if out, _ := m["exclude"].(bool); out {
			if excludes(pick(m, "path"), name) {
				return false
			}
			continue
		}
		in = in || includes(pick(m, "path"), name)
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

// matrix combines two generators; the second may use the parameters of the
// first.
func (g generators) matrix(gens []any) ([]map[string]any, error) {
	if len(gens) != 2 {
		return nil, fmt.Errorf("a matrix of %d generators, expected 2", len(gens))
	}
	first, err := g.one(asMap(gens[0]))
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for _, a := range first {
		inner, err := g.expand(gens[1], a)
		if err != nil {
			return nil, err
		}
		second, err := g.one(asMap(inner))
		if err != nil {
			return nil, err
		}
		for _, b := range second {
			if out = append(out, mergeValues(a, b)); len(out) > maxApplications {
				return nil, fmt.Errorf("more than %d Applications are made", maxApplications)
			}
		}
	}
	return out, nil
}

// merge lays the sets of later generators over those of the first that have
// the same keys; no two sets of a generator may have the same.
func (g generators) merge(gens, keys []any) ([]map[string]any, error) {
	if len(gens) < 2 || len(keys) == 0 {
		return nil, errors.New("a merge generator needs two generators and mergeKeys")
	}
	var out []map[string]any
	index := map[string]int{} // key -> set of the first generator
	for n, gen := range gens {
		sets, err := g.one(asMap(gen))
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for i, set := range sets {
			key := mergeKey(set, keys)
			if seen[key] {
				return nil, errors.New("two sets of parameters have the same values of mergeKeys")
			}
			seen[key] = true
			if n == 0 {
				out, index[key] = append(out, set), i
			} else if i, ok := index[key]; ok {
				out[i] = mergeValues(out[i], set)
			}
		}
	}
	return out, nil
}

func mergeKey(set map[string]any, keys []any) string {
	var b strings.Builder
	for _, k := range keys {
		v, ok := set[asText(k)]
		if !ok {
			v, _ = lookup(set, dotted(asText(k)))
		}
		fmt.Fprintf(&b, "%q ", asText(orNil(v)))
	}
	return b.String()
}

func dotted(s string) source.Path {
	var p source.Path
	for _, e := range strings.Split(s, ".") {
		p = append(p, e)
	}
	return p
}
