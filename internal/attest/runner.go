package attest

import (
	"fmt"
	"strings"
)

// Runner is who the job is that applies, by a token of its CI.
type Runner struct {
	Repository string // "github.com/acme/platform"; empty: there was no token that counts
	// Refused is why no entry of the target branch lets the job apply; empty: one does.
	Refused string
	// Unread is why the token or the keys of who issued it could not be read; nil: they could.
	Unread error
}

// runner refuses a job that the target branch does not let apply.
func (in VerifyInput) runner(v *Verification) {
	r := in.Runner
	switch {
	case r == nil:
		v.given(CheckRunner)
	case r.Unread != nil:
		v.refuse(CheckRunner, ReasonUnknown, "who the job is that applies is not known: %v", r.Unread)
	case r.Refused != "":
		v.refuse(CheckRunner, ReasonRunner, "the job that applies %s", r.Refused)
	case !strings.EqualFold(r.Repository, in.Decision.Predicate.Identity.Repository):
		v.refuse(CheckRunner, ReasonRunner, "%s", fmt.Sprintf("the job that applies is of repository %q by its token, the decision is for %q", r.Repository, in.Decision.Predicate.Identity.Repository))
	}
}
