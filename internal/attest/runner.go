package attest

// Runner is who the job is that applies, as a token of its CI says.
type Runner struct {
	Issuer      string
	Repository  string // "github.com/acme/platform"
	Environment string // of the forge, that the job is deployed to; empty: none
	Ref         string // refs/heads/main
}

// runner refuses a job of another repository.
func (in VerifyInput) runner(v *Verification) {
	r := in.Runner
	if r == nil {
		v.given(CheckRunner)
		return
	}
	if want := in.Decision.Predicate.Identity.Repository; r.Repository != want {
		v.refuse(CheckRunner, ReasonRunner, "the job that applies is of repository %q by its token, the decision is for %q", r.Repository, want)
	}
}
