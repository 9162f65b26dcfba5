package policy

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed capabilities.txt
var allowedBuiltins string

// Capabilities returns what Rego may call here: the built-in functions named
// in capabilities.txt, no network (AllowNet is an empty list; nil would mean
// "any host"), nothing that depends on time, chance, the environment or files.
// Only a name on the list is allowed, so a function that a new OPA brings is
// not. The value is shared and not to be changed.
func Capabilities() *ast.Capabilities { return capabilities() }

// capabilities are worked out once: every module is parsed with them.
var capabilities = sync.OnceValue(func() *ast.Capabilities {
	allowed := map[string]bool{}
	for line := range strings.Lines(allowedBuiltins) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			allowed[line] = true
		}
	}
	registered()
	all := ast.CapabilitiesForThisVersion()
	out := &ast.Capabilities{
		FutureKeywords: all.FutureKeywords,
		Features:       all.Features,
		AllowNet:       []string{},
	}
	for _, b := range all.Builtins {
		if allowed[b.Name] {
			out.Builtins = append(out.Builtins, b)
		}
	}
	return out
})
