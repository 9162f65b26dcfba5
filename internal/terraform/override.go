package terraform

import (
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// overrideFile says whether what a file declares replaces parts of what others
// do: https://developer.hashicorp.com/terraform/language/files/override
func overrideFile(f string) bool {
	stem, _, _ := strings.Cut(path.Base(f), ".")
	return stem == "override" || strings.HasSuffix(stem, "_override")
}

// merged is a block with what an override says of it: arguments one by one,
// nested blocks of a type all together, lifecycle argument by argument. Each
// part keeps its place. It is false for a block in JSON syntax.
func merged(base, over *hcl.Block) (*hcl.Block, bool) {
	a, ok1 := base.Body.(*hclsyntax.Body)
	b, ok2 := over.Body.(*hclsyntax.Body)
	if !ok1 || !ok2 {
		return nil, false
	}
	out := *base
	out.Body = mergedBody(a, b)
	return &out, true
}

func mergedBody(a, b *hclsyntax.Body) *hclsyntax.Body {
	out := &hclsyntax.Body{Attributes: maps.Clone(a.Attributes), SrcRange: a.SrcRange, EndRange: a.EndRange}
	if out.Attributes == nil {
		out.Attributes = hclsyntax.Attributes{}
	}
	maps.Copy(out.Attributes, b.Attributes)
	replaced := map[string]bool{}
	for _, x := range b.Blocks {
		replaced[blockName(x)] = true
	}
	lifecycle := -1
	for _, x := range a.Blocks {
		switch {
		case x.Type == "lifecycle":
			lifecycle = len(out.Blocks)
		case replaced[blockName(x)]:
			continue
		}
		out.Blocks = append(out.Blocks, x)
	}
	for _, x := range b.Blocks {
		if x.Type == "lifecycle" && lifecycle >= 0 {
			both := *out.Blocks[lifecycle]
			both.Body = mergedBody(both.Body, x.Body)
			out.Blocks[lifecycle] = &both
			continue
		}
		out.Blocks = append(out.Blocks, x)
	}
	return out
}

// blockName is what a block is called in its values; dynamic blocks are called
// by their label.
func blockName(b *hclsyntax.Block) string {
	if b.Type == "dynamic" && len(b.Labels) == 1 {
		return b.Labels[0]
	}
	return b.Type
}
