package pipeline

import (
	"sync"

	"gate/internal/assess"
	"gate/internal/compare"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/rules"
)

// admissionRule is the rule about what the admission policies of a tree say.
const admissionRule = "kubernetes/admission-policy"

// assessing are the options of the judges of Kubernetes.
func (s *opened) assessing(side compare.Side) assess.Options {
	fixed := map[string]string{}
	for _, o := range side.Outcomes {
		if v := o.Unit.ClusterVersion(); v != "" {
			fixed[o.Unit.ID] = v
		}
	}
	return assess.Options{KubeVersions: fixed, Stops: s.admissionStops()}
}

// admissionStops returns what says whether an object that a policy rejects stops the
// change in a scope. Without a configuration nobody has said that it is only a
// warning there.
func (s *opened) admissionStops() func(facts.Scope) bool {
	cfg := s.policy.Config
	spec := sync.OnceValues(func() (config.RuleSpec, bool) {
		c, err := policy.Load(rules.FS, func(h policy.Head) bool { return h.ID == admissionRule })
		if err != nil || len(c.Rules()) != 1 {
			return config.RuleSpec{}, false
		}
		return decide.Specs(c.Rules())[0], true
	})
	return func(scope facts.Scope) bool {
		if cfg == nil {
			return true
		}
		if _, said := cfg.Rules[admissionRule]; !said && !cfg.Configured() {
			return true
		}
		of, known := spec()
		return !known || decide.Effect(cfg.EffectOf(of, scope.Environment, config.Class(scope.Class), s.Now)).Rank() >= decide.RequireApproval.Rank()
	}
}
