package config

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadConftest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, entry, file string
		want              Policy
	}{
		{"nothing said", `{conftest: conftest.toml}`, "", Policy{Path: "policy"}},
		{"all of it", `{conftest: conftest.toml}`, `
policy = ["a", "b"]
data = "c,d"
namespace = ["x", "y.*"]
parser = "yaml"
rego-version = "v0"
ignore = "vendor/"
combine = true
strict = true
fail-on-warn = true
output = "json"
trace = true
`, Policy{
			Path: "a", Paths: []string{"b"}, Data: []string{"c", "d"}, Namespaces: []string{"x", "y.*"}, Parser: "yaml", Rego: "v0",
			Ignore: "vendor/", Combine: true, Strict: true, FailOnWarn: true,
		}},
		{"all packages", `{conftest: conftest.toml}`, "all-namespaces = true\nnamespace = ['x']", Policy{Path: "policy", Namespaces: []string{"*"}}},
		{"keys in any case", `{conftest: conftest.toml}`, "Policy = 'p'\nAll-Namespaces = true", Policy{Path: "p", Namespaces: []string{"*"}}},
		{"what the entry says counts", `{conftest: conftest.toml, path: own, data: [e], namespaces: [z], parser: json, rego: v1, ignore: x}`, `
policy = "a"
data = ["c"]
all-namespaces = true
parser = "yaml"
rego-version = "v0"
ignore = "y"
`, Policy{Path: "own", Data: []string{"e"}, Namespaces: []string{"z"}, Parser: "json", Rego: "v1", Ignore: "x"}},
		{"paths are those of its directory", `{conftest: ops/conftest.toml}`, "policy = ['rules', '../shared']\ndata = 'data'", Policy{Path: "ops/rules", Paths: []string{"shared"}, Data: []string{"ops/data"}}},
		{"the directory itself", `{conftest: conftest.toml}`, "policy = './'", Policy{Path: "."}},
	} {
		c, err := Parse(File, []byte("apiVersion: gate/v1\npolicies:\n  - "+tt.entry+"\n"))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		named := c.Policies[0].Conftest
		if err := c.ReadConftest(func(string) ([]byte, error) { return []byte(tt.file), nil }); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		tt.want.Name, tt.want.Conftest = c.Policies[0].Name, named
		if diff := cmp.Diff(tt.want, c.Policies[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestReadConftestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, want string }{
		{"an unknown key", "policy = 'a'\nnamepsace = 'x'\n", `ops/conftest.toml:2: unknown key "namepsace"; did you mean "namespace"?`},
		{"a table", "[plugin]\nx = 1\n", `ops/conftest.toml:1: unknown key "plugin"`},
		{"upwards", "\npolicy = ['../../x']\n", `ops/conftest.toml:2: path "../../x" leads upwards; expected one inside the repository`},
		{"absolute", "data = '/etc'\n", `ops/conftest.toml:1: path "/etc" is absolute; expected one from the root of the repository`},
		{"no parser", "parser = 'yml'\n", `ops/conftest.toml:1: parser is "yml"; did you mean "xml"?`},
		{"no version", "rego-version = 'v3'\n", `ops/conftest.toml:1: rego-version is "v3"; did you mean "v0"?`},
		{"no expression", "ignore = '('\n", "ops/conftest.toml:1: error parsing regexp: missing closing ): `(`"},
		{"what lets all pass", "no-fail = true\n", "ops/conftest.toml:1: nothing would fail; set effects under rules of .gate.yaml instead"},
		{"what would be fetched", "update = ['git::https://x']\n", "ops/conftest.toml:1: nothing is fetched; commit the policies"},
		{"declarations", "proto-file-dirs = ['p']\n", "ops/conftest.toml:1: declarations of protocol buffers are not read"},
		{"no TOML", "a = 1\npolicy = [\n", "ops/conftest.toml:2: unexpected EOF"},
		{"another type", "combine = 'yes'\n", "ops/conftest.toml:1: "},
		{"deep", strings.Repeat("[", 100000), "ops/conftest.toml"},
		{"none", "", `.gate.yaml:3:6: "ops/conftest.toml": there is no such file`},
	} {
		c, err := Parse(File, []byte("apiVersion: gate/v1\npolicies:\n  - {conftest: ops/conftest.toml}\n"))
		if err != nil {
			t.Fatal(err)
		}
		before := c.Policies[0]
		err = c.ReadConftest(func(string) ([]byte, error) {
			if tt.file == "" {
				return nil, fs.ErrNotExist
			}
			return []byte(tt.file), nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
		if diff := cmp.Diff(before, c.Policies[0]); diff != "" {
			t.Errorf("%s: the entry changed:\n%s", tt.name, diff)
		}
	}
}
