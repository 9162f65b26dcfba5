package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"gate/internal/source"
)

// ReadConftest fills the entries of policies that name a configuration of conftest with
// what that says and they do not. Its paths are relative to its directory, where conftest
// is run. The error joins the faults of all of them, each a *source.Error; an entry with
// a fault stays as it is.
func (c *Config) ReadConftest(read func(name string) ([]byte, error)) error {
	var faults []error
	for i, p := range c.Policies {
		if p.Conftest == "" {
			continue
		}
		data, err := read(p.Conftest)
		if err != nil {
			msg := fmt.Sprintf("read %s: %v", clip(p.Conftest), err)
			if errors.Is(err, fs.ErrNotExist) {
				msg = fmt.Sprintf("%q: there is no such file", clip(p.Conftest))
			}
			faults = append(faults, &source.Error{Position: c.place(source.Path{"policies", i, "conftest"}), Msg: msg})
			continue
		}
		if p, err = p.withConftest(data); err != nil {
			faults = append(faults, err)
			continue
		}
		c.Policies[i] = p
	}
	return errors.Join(faults...)
}

// place is where a key of the configuration stands.
func (c *Config) place(p source.Path) source.Position {
	if c.Places == nil {
		return source.Position{File: c.File}
	}
	pos := c.Places.Locate(p).Position
	pos.Approximate, pos.EndLine, pos.EndColumn = false, 0, 0
	return pos
}

// conftestConfig is what a configuration of conftest says that changes verdicts: the
// flags of conftest test by their names (conftest.dev, "Configuration").
type conftestConfig struct {
	Policy        oneOrMore `toml:"policy"`
	Data          oneOrMore `toml:"data"`
	Namespace     oneOrMore `toml:"namespace"`
	AllNamespaces bool      `toml:"all-namespaces"`
	Parser        string    `toml:"parser"`
	RegoVersion   string    `toml:"rego-version"`
	Ignore        string    `toml:"ignore"`
	Combine       bool      `toml:"combine"`
	Strict        bool      `toml:"strict"`
	FailOnWarn    bool      `toml:"fail-on-warn"`
	NoFail        bool      `toml:"no-fail"`
	Update        oneOrMore `toml:"update"`
	ProtoFileDirs oneOrMore `toml:"proto-file-dirs"`
}

// conftestElsewhere are the keys that are about what conftest prints, or that gate has
// one answer to for all entries.
var conftestElsewhere = []string{
	"capabilities", "github-hide-passed", "junit-hide-message", "no-color", "output", "quiet", "show-builtin-errors",
	"stdin-filename", "suppress-exceptions", "tls", "trace",
}

// oneOrMore is a list, or text that names its elements with commas between them.
type oneOrMore []string

// UnmarshalTOML implements toml.Unmarshaler.
func (o *oneOrMore) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*o = slices.DeleteFunc(strings.Split(v, ","), func(s string) bool { return s == "" })
		return nil
	case []any:
		for _, e := range v {
			text, ok := e.(string)
			if !ok {
				return fmt.Errorf("expected texts, got %v", e)
			}
			*o = append(*o, text)
		}
		return nil
	}
	return fmt.Errorf("expected texts, got %v", v)
}

// withConftest is the entry with what conftest's configuration says beside it.
func (p Policy) withConftest(data []byte) (Policy, error) {
	var says conftestConfig
	if line, err := source.TooDeep(data); err != nil {
		return p, &source.Error{Position: source.Position{File: p.Conftest, Line: line}, Msg: err.Error()}
	}
	meta, err := toml.Decode(string(data), &says)
	if err != nil {
		return p, p.notTOML(err)
	}
	for _, key := range meta.Undecoded() {
		if known := slices.Contains(conftestElsewhere, strings.ToLower(key.String())); !known {
			return p, p.conftestFault(data, key[0], fmt.Sprintf("unknown key %q%s", clip(key.String()), DidYouMean(key.String(), conftestKeys())))
		}
	}
	for _, wrong := range []struct {
		is       bool
		key, why string
	}{
		{says.NoFail, "no-fail", "nothing would fail; set effects under rules of " + File + " instead"},
		{len(says.Update) > 0, "update", "nothing is fetched; commit the policies"},
		{len(says.ProtoFileDirs) > 0, "proto-file-dirs", "declarations of protocol buffers are not read"},
		{says.Parser != "" && !slices.Contains(parsers, says.Parser), "parser", fmt.Sprintf("parser is %q%s", clip(says.Parser), suggest(says.Parser, parsers))},
		{says.RegoVersion != "" && !slices.Contains(regoVersions, says.RegoVersion), "rego-version", fmt.Sprintf("rego-version is %q%s", clip(says.RegoVersion), suggest(says.RegoVersion, regoVersions))},
		{checkRegexp(says.Ignore) != "", "ignore", checkRegexp(says.Ignore)},
	} {
		if wrong.is {
			return p, p.conftestFault(data, wrong.key, wrong.why)
		}
	}
	if len(says.Policy) == 0 {
		says.Policy = oneOrMore{"policy"}
	}
	for key, list := range map[string]oneOrMore{"policy": says.Policy, "data": says.Data} {
		for i, name := range list {
			list[i] = path.Join(path.Dir(p.Conftest), name)
			if msg := checkPath(list[i]); msg != "" || path.IsAbs(name) {
				return p, p.conftestFault(data, key, cmp.Or(checkPath(name), msg))
			}
		}
	}
	if says.AllNamespaces {
		says.Namespace = oneOrMore{"*"}
	}
	if p.Path == "" {
		p.Path, p.Paths = says.Policy[0], append(slices.Clone(p.Paths), says.Policy[1:]...)
	}
	if p.Data == nil {
		p.Data = says.Data
	}
	if p.Namespaces == nil {
		p.Namespaces = says.Namespace
	}
	p.Parser, p.Rego, p.Ignore = cmp.Or(p.Parser, says.Parser), cmp.Or(p.Rego, says.RegoVersion), cmp.Or(p.Ignore, says.Ignore)
	p.Combine, p.Strict, p.FailOnWarn = p.Combine || says.Combine, p.Strict || says.Strict, p.FailOnWarn || says.FailOnWarn
	return p, nil
}

func (p Policy) notTOML(err error) error {
	pos, fault := source.Position{File: p.Conftest, Line: 1}, toml.ParseError{}
	if errors.As(err, &fault) {
		pos.Line = max(1, fault.Position.Line)
		return &source.Error{Position: pos, Msg: cmp.Or(fault.Message, err.Error())}
	}
	return &source.Error{Position: pos, Msg: err.Error()}
}

// conftestFault is a fault at the line of a key, which is one of the top level.
func (p Policy) conftestFault(data []byte, key, msg string) error {
	pos := source.Position{File: p.Conftest, Line: 1}
	line := regexp.MustCompile(`(?i)^\s*["']?` + regexp.QuoteMeta(key) + `["']?\s*[=.]`)
	for i, text := range strings.Split(string(data), "\n") {
		if key != "" && line.MatchString(text) {
			pos.Line = i + 1
			break
		}
	}
	return &source.Error{Position: pos, Msg: msg}
}

func conftestKeys() []string {
	keys := slices.Clone(conftestElsewhere)
	for t, i := reflect.TypeFor[conftestConfig](), 0; i < t.NumField(); i++ {
		keys = append(keys, t.Field(i).Tag.Get("toml"))
	}
	return keys
}

// checkRegexp says what is wrong with a regular expression, "" if nothing.
func checkRegexp(text string) string {
	if _, err := regexp.Compile(text); err != nil {
		return err.Error()
	}
	return ""
}
