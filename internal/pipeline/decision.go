package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/repository"
)

// Decision is the payload of one decision: an in-toto statement.
type Decision struct {
	Environment, Target string
	Payload             []byte
}

// usualValidity is how long a decision may be used, unless something else is said.
const usualValidity = 24 * time.Hour

// Decisions builds one decision for each environment and target that the run
// reaches. Its subjects are the bytes that apply consumes there: plans, and
// the source closure of what a controller renders from Git. reports are the
// digests of written reports by format. validFor is how long they may be used; 0: 24
// hours, or less where the configuration says so. More than it allows is a *UsageError.
func (o *Outcome) Decisions(validFor time.Duration, reports map[string]string) ([]Decision, error) {
	var out []Decision
	for i, e := range o.Result.Environments {
		payload, err := o.decision(i, validFor, reports)
		if err != nil {
			return nil, err
		}
		if payload == nil {
			continue // nothing of this run is applied there
		}
		if e.Scope == decide.ScopeChange && e.Class == string(config.Prod) && o.chain.opened.policy.Config.Scope != decide.ScopeChange {
			return nil, fmt.Errorf("a decision for %s would cover no more than what the change reaches: not everything there could be judged before it either; "+
				"mend that, or allow such decisions with \"scope: change\" in %s of the target branch", strings.TrimSuffix(e.Environment+"/"+e.Target, "/"), config.File)
		}
		if err := o.unheld(e); err != nil {
			return nil, usage(err)
		}
		out = append(out, Decision{Environment: e.Environment, Target: e.Target, Payload: payload})
	}
	if len(out) == 0 && o.chain.cut != nil {
		return nil, fmt.Errorf("there is nothing to decide about: %w", o.chain.cut)
	}
	if len(out) == 0 {
		return nil, usage(errors.New("there is nothing to decide about: no unit was rendered and no plan was handed in"))
	}
	return out, nil
}

// unheld refuses a decision for production that nobody could ever approve.
func (o *Outcome) unheld(e decide.EnvironmentDecision) error {
	for _, q := range e.Requirements {
		if _, held := o.chain.opened.policy.Config.Roles[q.Role]; held || q.Role == "" || q.Role == config.OwnersRole || e.Class != string(config.Prod) {
			continue
		}
		return fmt.Errorf("the decision for %s would ask for an approval by the role %q, because of %s, and nobody holds it: roles: {%s: {members: [NAME]}} in %s of the target branch says who does",
			strings.TrimSuffix(e.Environment+"/"+e.Target, "/"), q.Role, strings.Join(q.Because, ", "), q.Role, config.File)
	}
	return nil
}

// decision is the payload of one, nil where nothing of the run is applied.
func (o *Outcome) decision(entry int, validFor time.Duration, reports map[string]string) ([]byte, error) {
	e := o.Result.Environments[entry]
	subjects, link, err := o.chain.subjectsOf(e.Environment, e.Target)
	if err != nil || len(subjects) == 0 {
		return nil, err
	}
	most := o.chain.opened.policy.Config.MaxValidity(config.Class(e.Class))
	if validFor > most {
		return nil, usage(fmt.Errorf("--valid-for %s: decisions for class %s last %s at most (decision.maxValidity of %s of the target branch can only shorten that)", validFor, e.Class, most, config.File))
	}
	if validFor == 0 {
		validFor = min(usualValidity, most)
	}
	return attest.Build(attest.Input{
		Result: o.Result, Facts: o.Facts, Entry: entry, PlanLink: link, Subjects: subjects, Reports: reports, ValidFor: validFor,
		Handle: o.handle, Authors: o.mails, Run: o.chain.opened.run(), FingerprintKey: o.chain.opened.key, Secret: o.chain.secretValue(),
	})
}

// run is the run of a CI system that this one belongs to.
func (s *opened) run() attest.Run {
	id, attempt := repository.ReadRun(s.Getenv)
	return attest.Run{ID: id, Attempt: attempt}
}

// subjectsOf are the subjects of one environment and target.
func (c *chain) subjectsOf(environment, target string) ([]attest.Artifact, attest.PlanLink, error) {
	covers := func(s facts.Scope) bool {
		return s.Environment == environment && (s.Target == "" || s.Target == target)
	}
	link := attest.NoPlan
	var out []attest.Artifact
	f := c.facts()
	for _, s := range f.Terraform.Stacks {
		if !s.Plan || !covers(s.Scope) {
			continue
		}
		i, known := c.read.planOf[s.Path]
		if !known {
			continue
		}
		plan, digests := c.read.plans.files[i], c.read.plans.digests
		if plan.Binary != nil {
			out = append(out, attest.Artifact{Name: attest.SubjectName(attest.SubjectPlan, s.Path), SHA256: digests[plan.Binary.Name]})
		}
		out = append(out, attest.Artifact{Name: attest.SubjectName(attest.SubjectPlanJSON, s.Path), SHA256: digests[plan.Name]})
		// One pair that was not compared, or does not fit, spoils the link.
		if s.PlanLink != facts.PlanVerified {
			link = attest.PlanUnverified
		} else if link == attest.NoPlan {
			link = attest.PlanVerified
		}
	}
	units := c.deployedUnits(covers)
	if c.opened.RenderedSet {
		set, err := c.renderedSet(covers)
		if err != nil {
			return nil, link, usage(fmt.Errorf("--rendered-set: %q %q: %w", environment, target, err))
		}
		if units = nil; set != nil {
			out = append(out, *set)
		}
	}
	closure, err := attest.CloseUnits(c.opened.tree, units, unplanned(f.Terraform.Stacks, covers))
	if err != nil {
		return nil, link, fmt.Errorf("bind the sources of %q %q: %w", environment, target, err)
	}
	if closure != nil {
		out = append(out, *closure)
	}
	return out, link, nil
}

// deployedUnits are the units of a scope, and how they are deployed. What files
// make of them that nothing names may be applied by somebody; another circumstance
// has the sources of its unit.
func (c *chain) deployedUnits(covers func(facts.Scope) bool) []attest.Unit {
	var out []attest.Unit
	for _, u := range c.facts().Units {
		if covers(u.Scope) && (u.Variant == nil || u.Variant.By != facts.VariantCircumstance) {
			unit := attest.Unit{}
			if c.rendered != nil {
				unit = c.rendered.deployers[u.ID]
			}
			unit.Unit = u
			out = append(out, unit)
		}
	}
	return out
}

// unplanned are the stacks of a scope that are applied as they stand: no plan is
// a subject of them.
func unplanned(stacks []facts.Stack, covers func(facts.Scope) bool) []facts.Stack {
	var out []facts.Stack
	for _, s := range stacks {
		if !s.Plan && s.Source && covers(s.Scope) {
			out = append(out, s)
		}
	}
	return out
}
