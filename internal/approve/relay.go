package approve

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"gate/internal/attest"
)

// Relay is what a forge said of a decision, as approvals that a collector may sign: of the
// reviews each approval of exactly its head and each rejection, of the deployments those of
// its run and place. left says what is not passed on, and why.
func Relay(d *attest.Decision, reviews *Snapshot, deployments *Deployments) (given []Given, left []string) {
	head := d.Predicate.Identity.Head
	skip := func(handle, why string) { left = append(left, handle+" "+why) }
	if reviews != nil {
		for _, r := range reviews.Reviews {
			g := Given{Verdict: Approves, Source: SourceReview, Identity: r.Handle, Head: r.Commit}
			switch {
			case r.Bot:
				skip(r.Handle, "is a program")
				continue
			case r.Rejects:
				g.Verdict, g.Head = Rejects, head // until it is taken back, whatever it was given for
			case !r.Approves:
				continue
			case r.Commit != head:
				skip(r.Handle, fmt.Sprintf("approved commit %s, and the head is %s", short(r.Commit), short(head)))
				continue
			}
			given = append(given, g)
		}
	}
	if deployments == nil {
		return given, left
	}
	if no := deployments.about(d); no != "" {
		return given, append(left, no)
	}
	for _, r := range deployments.of(d) {
		g := Given{Verdict: Approves, Source: SourceDeployment, Identity: r.Handle, Head: head, Run: deployments.Run}
		switch {
		case r.Bot:
			skip(r.Handle, "is a program")
			continue
		case r.Rejects:
			g.Verdict = Rejects
		case r.no != "":
			skip(r.Handle, r.no)
			continue
		}
		given = append(given, g)
	}
	return given, left
}

// FileName is that of an approval that is passed on, by what it is of.
func (g Given) FileName(d *attest.Decision) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, g.Source+"-"+g.Identity)
	sum := sha256.Sum256([]byte(g.Source + "\x00" + g.Identity + "\x00" + d.Digest))
	return name[:min(len(name), 80)] + "-" + hex.EncodeToString(sum[:6]) + ".sigstore.json"
}
