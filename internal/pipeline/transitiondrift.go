package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/gobwas/glob"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
)

// drift tells what was changed outside of Terraform, and of which class it is.
func (s *transitionSummary) drift(st *facts.Stack) {
	for i := range st.Drift {
		x := &st.Drift[i]
		if x.Mode != "managed" {
			continue
		}
		var paths []string
		if x.Change != nil && !slices.Contains(x.Actions, "delete") {
			paths = x.Change.Paths
		}
		step := decide.TransitionStep{Subject: decide.SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address}, Action: "drift", Reason: "changed outside of Terraform"}
		if slices.Contains(x.Actions, "delete") {
			step.Reason = "deleted outside of Terraform"
		} else if len(paths) > 0 {
			step.Reason += ": " + strings.Join(paths, ", ")
		}
		step.Reason += "; " + classesOf(s.run.knownDrift(st.Environment), x.Address, paths, s.run.o.Now)
		s.add(facts.Subject{ID: x.ID, Scope: st.Scope}, st.ID, st.Path, step)
	}
}

// knownDrift are the classes that iac/drift-unclassified goes by.
func (r *run) knownDrift(environment string) (out []config.Drift) {
	list, _ := r.facts.Params[environment]["iac/drift-unclassified"]["classes"].([]any)
	for _, e := range list {
		c, _ := e.(map[string]any)
		d := config.Drift{Class: doc.Text(c, "class"), Match: doc.Text(c, "match"), Owner: doc.Text(c, "owner")}
		if text := doc.Text(c, "reviewBy"); text != "" {
			by, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))])
			if err != nil {
				continue
			}
			d.ReviewBy = &by
		}
		out = append(out, d)
	}
	return out
}

// classesOf names the classes of what drifted, with their owners. It goes by
// the order and the globs of iac/drift-unclassified, in which dots part names.
func classesOf(classes []config.Drift, address string, paths []string, now time.Time) string {
	candidates := make([][]string, 0, len(paths)+1)
	for _, p := range paths {
		candidates = append(candidates, []string{address, address + "." + p})
	}
	if len(paths) == 0 {
		candidates = append(candidates, []string{address})
	}
	var out []string
	for _, names := range candidates {
		if c := driftClass(classes, names, now); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return strings.Join(out, ", ")
}

func driftClass(classes []config.Drift, names []string, now time.Time) string {
	for _, c := range classes {
		if c.Class == "unauthorised" || c.ReviewBy != nil && c.ReviewBy.Format(time.DateOnly) < now.Format(time.DateOnly) {
			continue
		}
		g, err := glob.Compile(c.Match, '.')
		if err == nil && slices.ContainsFunc(names, g.Match) {
			if c.Owner == "" {
				return "class " + c.Class
			}
			return "class " + c.Class + " (" + c.Owner + ")"
		}
	}
	return "class unauthorised"
}
