package terraform

import (
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// lifecycle reads what a lifecycle block says statically.
func lifecycle(b *hcl.Block) map[string]any {
	native, ok := b.Body.(*hclsyntax.Body)
	out := map[string]any{}
	if !ok {
		a := attributes(b.Body)["lifecycle"]
		if a == nil {
			return out
		}
		pairs, _ := hcl.ExprMap(a.Expr)
		for _, kv := range pairs {
			if key, known := constant(kv.Key); known {
				if name, ok := key.(string); ok {
					lifecycleEntry(out, name, kv.Value)
				}
			}
		}
		return out
	}
	for _, l := range native.Blocks {
		if l.Type == "lifecycle" {
			for name, a := range l.Body.Attributes {
				lifecycleEntry(out, name, a.Expr)
			}
		}
	}
	return out
}

func lifecycleEntry(out map[string]any, name string, expr hcl.Expression) {
	switch name {
	case "prevent_destroy", "create_before_destroy":
		out[name] = truth(&hcl.Attribute{Expr: expr})
	case "ignore_changes":
		if hcl.ExprAsKeyword(expr) == "all" {
			out[name] = "all"
			return
		}
		items, diags := hcl.ExprList(expr)
		if diags.HasErrors() {
			if v, known := constant(expr); known && v == "all" {
				out[name] = "all"
			}
			return
		}
		names := []string{}
		for _, it := range items {
			if t, diags := hcl.RelTraversalForExpr(it); !diags.HasErrors() {
				names = append(names, dotted(t))
			} else if v, known := constant(it); known {
				names = append(names, scalarText(v))
			}
		}
		sort.Strings(names)
		list := make([]any, len(names))
		for i, n := range names {
			list[i] = n
		}
		out[name] = list
	}
}

func dotted(t hcl.Traversal) string {
	var parts []string
	for _, st := range t {
		switch st := st.(type) {
		case hcl.TraverseAttr:
			parts = append(parts, st.Name)
		case hcl.TraverseIndex:
			parts = append(parts, scalarText(mustGo(st.Key)))
		}
	}
	return strings.Join(parts, ".")
}
