package terraform

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gate/internal/source"
)

// extraArguments reads which files of variables a terraform block has the command
// line name: https://terragrunt.gruntwork.io/docs/reference/hcl/blocks/#terraform
// (extra_arguments). Variables that are given in another way leave it open what else
// is given.
func (u *terragruntUnit) extraArguments(c *terragruntConfig, terraform *hcl.Block) {
	content, _, _ := terraform.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "extra_arguments", LabelNames: []string{"name"}}}})
	for _, b := range content.Blocks {
		attrs := attributes(b.Body)
		if !c.planning(attrs["commands"]) {
			continue
		}
		u.whole = u.whole && attrs["env_vars"] == nil && c.noVariables(attrs["arguments"])
		for _, name := range [...]string{"required_var_files", "optional_var_files"} {
			if a := attrs[name]; a != nil {
				u.variableFiles(c, a, name == "required_var_files")
			}
		}
	}
}

// planning says whether extra arguments are those of a plan, too.
func (c *terragruntConfig) planning(commands *hcl.Attribute) bool {
	if commands == nil {
		return true
	}
	names, known := c.texts(commands)
	for _, name := range names {
		if name == "plan" || name == "apply" {
			return true
		}
	}
	return !known
}

// noVariables says whether arguments set no variable, as far as is known.
func (c *terragruntConfig) noVariables(arguments *hcl.Attribute) bool {
	if arguments == nil {
		return true
	}
	words, known := c.texts(arguments)
	for _, w := range words {
		if strings.HasPrefix(strings.TrimLeft(w, "-"), "var") {
			return false
		}
	}
	return known
}

// texts are the known texts of a list, and whether these are all.
func (c *terragruntConfig) texts(a *hcl.Attribute) (out []string, all bool) {
	v, _ := c.value(a.Expr).Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType() {
		return nil, false
	}
	all = true
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		text, ok := knownText(e)
		if all = all && ok; ok {
			out = append(out, text)
		}
	}
	return out, all
}

// variableFiles takes in the files that extra arguments name. One that may be missing
// counts where it is there.
func (u *terragruntUnit) variableFiles(c *terragruntConfig, a *hcl.Attribute, required bool) {
	names, all := c.texts(a)
	if !all {
		u.whole = false
		u.faults = append(u.faults, &source.Error{
			Position: c.loader.position(a.Range), Msg: fmt.Sprintf("which files %s names is only known when Terragrunt runs", a.Name),
		})
	}
	for _, name := range names {
		file, inside := inTreeFrom(u.dir, name)
		u.reading(file)
		if _, there := c.loader.tree.Lookup(file); inside && there {
			u.varFiles = append(u.varFiles, file)
			continue
		}
		u.whole = false
		if required {
			u.faults = append(u.faults, &source.Error{Position: c.loader.position(a.Range), Msg: fmt.Sprintf("the file of variables %q is not in the tree", name)})
		}
	}
}
