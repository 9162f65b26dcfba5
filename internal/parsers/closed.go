package parsers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"

	"github.com/go-akka/configuration"
	"github.com/go-akka/configuration/hocon"
	"github.com/google/go-jsonnet"
	conftest "github.com/open-policy-agent/conftest/parser"
)

// jsonnet evaluates a program as conftest does that runs at the root of the tree:
// what it imports is looked for there, beside the file that imports it, and beside
// the file itself.
func (f File) jsonnet() (any, error) {
	vm := jsonnet.MakeVM()
	vm.SetTraceOut(io.Discard)
	i := &importer{file: f, read: map[string]jsonnet.Contents{}}
	vm.Importer(i)
	out, err := vm.EvaluateAnonymousSnippet("", string(f.Data))
	if i.refused != nil {
		return nil, i.refused
	}
	if err != nil {
		return nil, err
	}
	var v any
	err = json.Unmarshal([]byte(out), &v)
	return v, err
}

// importer looks for imports in the tree and nowhere else.
type importer struct {
	file File
	read map[string]jsonnet.Contents // the evaluator wants the same buffer each time
	// refused is why the first import that is none was refused.
	refused error
}

// Import is part of jsonnet.Importer.
func (i *importer) Import(from, name string) (jsonnet.Contents, string, error) {
	contents, found, err := i.find(from, name)
	if err != nil && i.refused == nil {
		i.refused = own{err}
	}
	return contents, found, err
}

func (i *importer) find(from, name string) (jsonnet.Contents, string, error) {
	if i.file.Tree == nil {
		return jsonnet.Contents{}, "", fmt.Errorf("import %q: nothing is imported here", name)
	}
	if path.IsAbs(name) || strings.Contains(name, "://") {
		return jsonnet.Contents{}, "", fmt.Errorf("import %q leaves the repository", name)
	}
	for _, dir := range []string{path.Dir(from), path.Dir(i.file.Path)} {
		found := path.Join(dir, name)
		if c, ok := i.read[found]; ok {
			return c, found, nil
		}
		if _, ok := i.file.Tree.Lookup(found); !ok {
			continue
		}
		data, err := i.file.Tree.ReadFile(found)
		if err != nil {
			return jsonnet.Contents{}, "", fmt.Errorf("import %q: %w", name, err)
		}
		i.read[found] = jsonnet.MakeContentsRaw(data)
		return i.read[found], found, nil
	}
	return jsonnet.Contents{}, "", fmt.Errorf("import %q is not in the repository", name)
}

// includesNothing refuses a HOCON file that includes others: the library would read
// them from the machine.
func (f File) includesNothing() (err error) {
	defer func() { // the library has no way to say that there is no such file
		if p := recover(); p != nil && err == nil {
			panic(p)
		}
	}()
	configuration.ParseString(string(f.Data), func(name string) *hocon.HoconRoot {
		err = f.fault(0, fmt.Sprintf("include %q: nothing is included here", name))
		return nil
	})
	return err
}

// withoutEnvironment parses as if no variable of the environment were set: .env
// files, properties and HOCON take what ${NAME} means from there. Names that are set
// are others while the file is parsed.
func (f File) withoutEnvironment(p conftest.Parser) (any, error) {
	text := string(f.Data)
	var back []string
	for _, name := range setNames() {
		if refers(text, name) {
			other := unsetName(text)
			text = strings.ReplaceAll(text, name, other)
			back = append(back, other, name)
		}
	}
	v, err := unmarshal(p, []byte(text))
	if len(back) == 0 {
		return v, err
	}
	restore := strings.NewReplacer(back...).Replace
	if err != nil {
		return nil, errors.New(restore(err.Error()))
	}
	return renamed(doc.Rewrite(v, restore), restore), nil
}

// refers says whether a text may take the value of a variable.
func refers(text, name string) bool {
	return name != "" && slices.ContainsFunc([]string{"$", "${", "${?"}, func(to string) bool { return strings.Contains(text, to+name) })
}

// setNames are the names of the environment, the longest first.
func setNames() []string {
	var names []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	return names
}

// unsetName is a name that neither the text nor the environment has.
func unsetName(text string) string {
	for n := 0; ; n++ {
		name := fmt.Sprintf("X%dX", n)
		if _, set := os.LookupEnv(name); !set && !strings.Contains(text, name) {
			return name
		}
	}
}

// renamed applies f to the keys of v.
func renamed(v any, f func(string) string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[f(k)] = renamed(e, f)
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = renamed(e, f)
		}
	}
	return v
}
