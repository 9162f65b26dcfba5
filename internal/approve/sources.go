package approve

import (
	"slices"
	"strings"

	"gate/internal/config"
)

// Sources of approvals.
const (
	SourceReview     = "review"     // the forge's review of exactly the commit that was judged
	SourceDeployment = "deployment" // the forge's approval of a deployment by the run that the decision names
	SourceSignature  = "signature"  // signed by whoever approves
)

// sources from weak to strong: where one is asked for, a stronger one does as well.
var sources = []string{SourceReview, SourceDeployment, SourceSignature}

// strength orders sources; what is none is below all.
func strength(source string) int { return slices.Index(sources, source) }

// Wanted are the sources that a role takes, from weak to strong.
func Wanted(role config.Role) []string {
	if len(role.Source) == 0 {
		return sources
	}
	least := len(sources)
	for _, s := range role.Source {
		if n := strength(s); n >= 0 {
			least = min(least, n)
		}
	}
	return sources[least:]
}

// either lists words of which one will do.
func either(words []string) string { return strings.Join(words, " or ") }
