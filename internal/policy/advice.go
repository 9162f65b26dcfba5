package policy

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/config"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed refused.txt
var refusedBuiltins string

// Builtin is a built-in function of Rego as policies may or may not call it.
type Builtin struct {
	Name    string
	Refused string // why; "" for one that may be called
	Instead string // what to use
}

// Builtins are those that policies may call, and those that they may not, by name.
func Builtins() []Builtin {
	allowed := map[string]bool{}
	for _, b := range Capabilities().Builtins {
		allowed[b.Name] = true
	}
	var out []Builtin
	for _, name := range everyBuiltin() {
		b := Builtin{Name: name}
		if !allowed[name] {
			b.Refused, b.Instead = refusal(name)
		}
		if !strings.HasPrefix(name, "internal.") {
			out = append(out, b)
		}
	}
	return out
}

// everyBuiltin names what OPA and conftest define, sorted.
var everyBuiltin = sync.OnceValue(func() []string {
	names := []string{parseConfig.Name, "parse_config_file", "parse_combined_config_files"}
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
})

// refusal is why a function may not be called, and what to use instead.
func refusal(name string) (why, instead string) {
	for line := range strings.Lines(refusedBuiltins) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(parts) != 3 {
			continue
		}
		if prefix, all := strings.CutSuffix(parts[0], "*"); parts[0] == name || all && strings.HasPrefix(name, prefix) {
			return parts[1], parts[2]
		}
	}
	return "nobody has found it to be free of the clock, files, the network and chance", ""
}

var undefinedFunction = regexp.MustCompile(`undefined function ([A-Za-z_][\w.]*)`)

// advise adds to why a set does not load what leads on: that its language is the other
// one, that a function is refused and what to use, that a name is misspelt.
func (s Set) advise(err error) error {
	if advised := (advised{}); errors.As(err, &advised) {
		return err
	}
	text := undefinedFunction.ReplaceAllStringFunc(err.Error(), func(found string) string {
		return found + adviceOn(strings.TrimPrefix(found, "undefined function "))
	})
	if hint := s.otherLanguage(); hint != "" {
		text += hint
	}
	if text == err.Error() {
		return err
	}
	return advised{text}
}

// advised is an error that leads on already.
type advised struct{ text string }

// Error returns the text.
func (e advised) Error() string { return e.text }

// adviceOn a function that the compiler does not know.
func adviceOn(name string) string {
	if strings.HasPrefix(name, "data."+libraryRoot) {
		return fmt.Sprintf(": import the package of the library that has it (style catalog), such as import data.%s", libraryRoot)
	}
	if !slices.Contains(everyBuiltin(), name) {
		return config.DidYouMean(name, everyBuiltin())
	}
	why, instead := refusal(name)
	text := fmt.Sprintf(": refused, because %s", why)
	if instead != "" {
		text += "; " + instead
	}
	return text + " (gate policy builtins lists what may be called)"
}

// hintMark stands before what leads on, behind what is wrong.
const hintMark = "\n  = hint: "

// otherLanguage says that modules parse in the other version of Rego, if they do and do
// not in that of the set.
func (s Set) otherLanguage() string {
	other := ast.RegoV0
	if s.version() == ast.RegoV0 {
		other = ast.RegoV1
	}
	var foreign []string // files of the other language
	alone := true        // no file is of the set's alone
	for _, file := range slices.Sorted(maps.Keys(s.Modules)) {
		in, inOther := s.parses(file, s.version()), s.parses(file, other)
		alone = alone && inOther
		switch {
		case !in && !inOther:
			return ""
		case !in:
			foreign = append(foreign, file)
		}
	}
	switch {
	case len(foreign) == 0:
		return ""
	case other == ast.RegoV0 && alone:
		return hintMark + "this is the older language: set rego: v0 on the entry, or rewrite the files with opa fmt --write --v0-v1"
	case other == ast.RegoV0:
		return hintMark + strings.Join(foreign, ", ") + ": the older language, beside files of the newer: rewrite with opa fmt --write --v0-v1"
	case alone:
		return hintMark + "this is the newer language: leave out rego: v0 on the entry"
	}
	return hintMark + strings.Join(foreign, ", ") + ": the newer language, beside files of the older: rewrite those with opa fmt --write --v0-v1, and leave out rego: v0"
}

func (s Set) parses(file string, version ast.RegoVersion) bool {
	_, err := ast.ParseModuleWithOpts(file, string(s.Modules[file]), ast.ParserOptions{RegoVersion: version})
	return err == nil
}
