package approve

import (
	"errors"

	"gate/internal/config"
)

// Missing says which evidence the configuration requires and was not handed in: it could
// hold a rejection. nil where all of it was.
func Missing(c *config.Config, e Evidence) error {
	if c == nil {
		return nil
	}
	var out []error
	for _, kind := range c.Decision.Require {
		switch kind {
		case config.EvidenceReviews:
			if e.Reviews == nil {
				out = append(out, errors.New("the target branch requires the reviews (decision.require), which may hold a rejection: --reviews FILE"))
			}
		case config.EvidenceDeployments:
			if e.Deployments == nil {
				out = append(out, errors.New("the target branch requires the deployments (decision.require), which may hold a rejection: --deployments FILE"))
			}
		default:
			if !e.Whole {
				out = append(out, errors.New("the target branch requires the directory of signed approvals (decision.require), which may hold a rejection: --approval DIR/"))
			}
		}
	}
	return errors.Join(out...)
}
