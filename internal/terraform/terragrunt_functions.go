package terraform

import (
	"encoding/base64"
	"errors"
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"gate/internal/source"
)

// repositoryRoot stands for the absolute path of the repository, which differs
// from machine to machine.
const repositoryRoot = "/__repository__"

func rooted(p string) string {
	if p == "." {
		return repositoryRoot
	}
	return repositoryRoot + "/" + p
}

// unknownFunctions are those of https://terragrunt.gruntwork.io/docs/reference/hcl/functions/
// that run something, ask the cloud or look at the machine.
var unknownFunctions = []string{
	"run_cmd", "get_platform", "get_terraform_command", "get_terraform_commands_that_need_vars", "get_terraform_commands_that_need_input",
	"get_terraform_commands_that_need_locking", "get_terraform_commands_that_need_parallelism", "get_terraform_cli_args", "get_default_retryable_errors",
	"get_aws_account_id", "get_aws_account_alias", "get_aws_caller_identity_arn", "get_aws_caller_identity_user_id", "get_working_dir",
	"get_terragrunt_source_cli_flag", "constraint_check",
}

// functions are Terraform's pure ones and Terragrunt's, as far as the tree can
// answer them. Nothing is run.
func (c *terragruntConfig) functions() map[string]function.Function {
	out := pureFunctions()
	for _, name := range unknownFunctions {
		out[name] = unknownFunc()
	}
	out["sops_decrypt_file"] = anyFunc(func([]cty.Value) (cty.Value, error) { return cty.UnknownVal(cty.String).Mark(sensitiveMark), nil })
	text := func(f func(args []string) (string, error)) function.Function {
		return anyFunc(func(args []cty.Value) (cty.Value, error) {
			words, ok := knownTexts(args)
			if !ok {
				return cty.UnknownVal(cty.String), nil
			}
			s, err := f(words)
			return cty.StringVal(s), err
		})
	}
	constant := func(s string) function.Function {
		return text(func([]string) (string, error) { return s, nil })
	}
	dir := c.unit.dir
	out["get_repo_root"] = constant(repositoryRoot)
	out["get_terragrunt_dir"] = constant(rooted(path.Dir(c.baseFile())))
	out["get_original_terragrunt_dir"] = constant(rooted(dir))
	out["get_path_from_repo_root"] = constant(dir)
	out["get_path_to_repo_root"] = constant(relative(dir, "."))
	out["get_parent_terragrunt_dir"] = text(func(args []string) (string, error) { return rooted(c.parentDir(args)), nil })
	out["path_relative_to_include"] = text(func(args []string) (string, error) { return relative(c.parentDir(args), dir), nil })
	out["path_relative_from_include"] = text(func(args []string) (string, error) { return relative(dir, c.parentDir(args)), nil })
	out["find_in_parent_folders"] = text(c.findInParents)
	out["mark_as_read"] = text(first)
	out["abspath"] = text(func(args []string) (string, error) {
		p, ok := c.inTree(strings.Join(args, ""))
		if !ok {
			return "", errOutside
		}
		return rooted(p), nil
	})
	out["get_env"] = anyFunc(c.environment)
	c.fileFunctions(out, text)
	out["read_tfvars_file"] = text(func(args []string) (string, error) { return c.readVariables(strings.Join(args, "")) })
	out["deep_merge"] = anyFunc(func(args []cty.Value) (cty.Value, error) {
		v := cty.EmptyObjectVal
		for _, a := range args {
			if raw, _ := a.Unmark(); !raw.IsKnown() { // it may replace anything
				return cty.DynamicVal, nil
			}
			v = deepMerge(v, a)
		}
		return v, nil
	})
	out["read_terragrunt_config"] = anyFunc(c.readConfig)
	return out
}

// fileFunctions are those of Terraform that read files. Paths are relative to the
// file that calls them, an included one too, and not to the unit:
// https://terragrunt.gruntwork.io/docs/reference/hcl/functions/#opentofuterraform-built-in-functions
func (c *terragruntConfig) fileFunctions(out map[string]function.Function, text func(func([]string) (string, error)) function.Function) {
	own := path.Dir(c.file)
	out["file"] = text(func(args []string) (string, error) { return c.readText(own, strings.Join(args, "")) })
	out["filebase64"] = text(func(args []string) (string, error) {
		s, err := c.readText(own, strings.Join(args, ""))
		return base64.StdEncoding.EncodeToString([]byte(s)), err
	})
	out["fileexists"] = anyFunc(func(args []cty.Value) (cty.Value, error) {
		words, ok := knownTexts(args)
		if !ok {
			return cty.UnknownVal(cty.Bool), nil
		}
		p, ok := inTreeFrom(own, strings.Join(words, ""))
		c.unit.reading(p)
		_, found := c.loader.tree.Lookup(p)
		return cty.BoolVal(ok && found), nil
	})
	inTemplate := maps.Clone(out) // templates do not read templates
	out["templatefile"] = anyFunc(func(args []cty.Value) (cty.Value, error) {
		if len(args) != 2 {
			return cty.DynamicVal, errors.New("templatefile takes a path and variables")
		}
		name, ok := knownText(args[0])
		vars, _ := args[1].Unmark()
		if !ok || !vars.CanIterateElements() {
			return cty.UnknownVal(cty.String), nil
		}
		content, err := c.readText(own, name)
		if err != nil {
			return cty.UnknownVal(cty.String), err
		}
		return template(content, name, vars.AsValueMap(), inTemplate)
	})
}

// environment is get_env(name[, default]). The environment that Terragrunt will
// run in is not known: the configuration may say what to take for it, else the
// default counts.
func (c *terragruntConfig) environment(args []cty.Value) (cty.Value, error) {
	if len(args) == 0 {
		return cty.DynamicVal, errors.New("an argument is missing")
	}
	name, ok := knownText(args[0])
	if !ok {
		return cty.UnknownVal(cty.String), nil
	}
	if c.loader.standIns != nil {
		if v, ok := c.loader.standIns(c.unit.dir)[name]; ok {
			return cty.StringVal(v), nil
		}
	}
	if len(args) > 1 {
		return args[1], nil
	}
	if c.unit.asked == nil {
		c.unit.asked = map[string]bool{}
	}
	c.unit.asked[name] = true
	return cty.UnknownVal(cty.String), nil
}

// anyFunc takes any arguments, unknown and marked ones too.
func anyFunc(f func(args []cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "args", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl:     func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f(args) },
	})
}

func first(args []string) (string, error) {
	if len(args) == 0 {
		return "", errors.New("an argument is missing")
	}
	return args[0], nil
}

func knownTexts(args []cty.Value) ([]string, bool) {
	var out []string
	for _, a := range args {
		s, ok := knownText(a)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// baseFile is the file whose directory is that of the unit: an included file
// speaks of the unit that includes it, one that is read of itself.
func (c *terragruntConfig) baseFile() string {
	if c.apart {
		return c.file
	}
	return path.Join(c.unit.dir, terragruntFile)
}

// parentDir is the directory of what the unit includes, by name or the first;
// in an included file its own.
func (c *terragruntConfig) parentDir(args []string) string {
	if c.depth > 0 && !c.apart {
		return path.Dir(c.file)
	}
	for _, in := range c.includes {
		if len(args) == 0 || in.name == args[0] {
			return path.Dir(in.file)
		}
	}
	return c.unit.dir
}

// findInParents looks for a file above the unit: by default terragrunt.hcl,
// else what is named; the second argument is the answer if there is none.
func (c *terragruntConfig) findInParents(args []string) (string, error) {
	name := terragruntFile
	if len(args) > 0 && args[0] != "" {
		name = args[0]
	}
	dir := path.Dir(c.baseFile())
	for dir != "." {
		dir = path.Dir(dir)
		p := path.Join(dir, name)
		if p == ".." || strings.HasPrefix(p, "../") {
			break
		}
		c.unit.reading(p)
		if _, ok := c.loader.tree.Lookup(p); ok || c.loader.isDir(p) {
			return rooted(p), nil
		}
	}
	if len(args) > 1 {
		return args[1], nil
	}
	return "", errors.New("no such file in the folders above")
}

func (l *loader) isDir(p string) bool {
	for _, e := range l.tree.Entries() {
		if strings.HasPrefix(e.Path, p+"/") {
			return true
		}
	}
	return false
}

func (c *terragruntConfig) readText(dir, p string) (string, error) {
	full, ok := inTreeFrom(dir, p)
	if !ok {
		return "", errOutside
	}
	c.unit.reading(full)
	data, err := c.loader.tree.ReadFile(full)
	if err == nil && len(data) > maxValueSize {
		err = errors.New("file is too large")
	}
	return string(data), err
}

// readVariables is read_tfvars_file(path): the variables of a file as JSON.
func (c *terragruntConfig) readVariables(p string) (string, error) {
	data, err := c.readText(path.Dir(c.baseFile()), p)
	if err != nil || strings.HasSuffix(p, ".json") {
		return data, err
	}
	if _, err := source.TooDeep([]byte(data)); err != nil {
		return "", err
	}
	f, diags := hclsyntax.ParseConfig([]byte(data), p, hcl.InitialPos)
	if diags.HasErrors() {
		return "", diagnosticError(p, diags)
	}
	values := map[string]cty.Value{}
	for name, a := range attributes(f.Body) {
		v, diags := a.Expr.Value(nil)
		if diags.HasErrors() || !v.IsWhollyKnown() || size(v, maxValueSize) > maxValueSize {
			return "", errors.New("a value of the file cannot be told")
		}
		values[name] = v
	}
	out, err := ctyjson.SimpleJSONValue{Value: cty.ObjectVal(values)}.MarshalJSON()
	return string(out), err
}

// readConfig is read_terragrunt_config(path, default).
func (c *terragruntConfig) readConfig(args []cty.Value) (cty.Value, error) {
	if len(args) == 0 {
		return cty.DynamicVal, nil
	}
	s, ok := knownText(args[0])
	if !ok || c.depth >= maxTerragruntDepth {
		return cty.DynamicVal, nil
	}
	p, ok := c.inTree(s)
	c.unit.reading(p)
	if _, found := c.loader.tree.Lookup(p); !ok || !found {
		if len(args) > 1 {
			return args[1], nil
		}
		return cty.DynamicVal, errors.New("no such file in the tree")
	}
	read := c.loader.terragruntPart(p, c.unit, c.depth+1, true)
	return read.exposed(), nil
}
