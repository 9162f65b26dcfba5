package report

import (
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/source"
)

// group is one finding as a person sees it: the same fault at the same place,
// found once for each environment, target or rendering.
type group struct {
	decide.Finding                  // the first and strictest of them
	members        []decide.Finding // all of them
	scopes         []string         // prod/eu, sorted; empty if none has an environment
	subjects       []string         // names of the things that were judged, sorted
	approved       bool             // every one of them asks for an approval that was given
}

// collapse puts equal findings of one effect together. The order of the input
// is kept.
func (v *view) collapse(findings []decide.Finding) []*group {
	return v.groups(findings, func(f decide.Finding) decide.Effect { return f.Effect })
}

// alerts puts equal findings together whatever they lead to: code scanning
// knows one alert for a rule and a line.
func (v *view) alerts(findings []decide.Finding) []*group {
	return v.groups(findings, func(decide.Finding) decide.Effect { return "" })
}

func (v *view) groups(findings []decide.Finding, effect func(decide.Finding) decide.Effect) []*group {
	type key struct {
		rule, verdict, message, kind, path, waiver string
		effect                                     decide.Effect
		position                                   source.Position
	}
	var groups []*group
	index := map[key]*group{}
	for _, f := range findings {
		k := key{rule: f.Rule, verdict: f.Verdict, message: f.Message, kind: f.Subject.Kind, path: f.Path.String(), effect: effect(f), position: f.Location.Position}
		if f.Waived != nil {
			k.waiver = f.Waived.ID
		}
		g := index[k]
		if g == nil {
			g = &group{Finding: f, approved: true}
			index[k] = g
			groups = append(groups, g)
		}
		g.members = append(g.members, f)
		g.approved = g.approved && v.satisfied(f)
		if s := scopeName(f.Environment, f.Target); s != "" {
			g.scopes = insert(g.scopes, s)
		}
		if s := subjectName(f.Subject); s != "" {
			g.subjects = insert(g.subjects, s)
		}
	}
	return groups
}

// outcome says in clean text what a group leads to and where: "deny in
// prod/eu, prod/us; warn in staging".
func (g *group) outcome() string {
	var parts []string
	for i := 0; i < len(g.members); {
		effect := g.members[i].Effect
		var scopes []string
		for ; i < len(g.members) && g.members[i].Effect == effect; i++ {
			if s := scopeName(g.members[i].Environment, g.members[i].Target); s != "" {
				scopes = insert(scopes, s)
			}
		}
		part := string(effect)
		if len(scopes) > 0 {
			part += " in " + brief(listed(scopes, maxScopes))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// insert adds s to a sorted set.
func insert(set []string, s string) []string {
	i, found := slices.BinarySearch(set, s)
	if found {
		return set
	}
	return slices.Insert(set, i, s)
}

// subjectName is how a person calls a subject: "Deployment payments/web", a
// Terraform address, or the subject's id.
func subjectName(s decide.SubjectRef) string {
	if s.Address != "" {
		return s.Address
	}
	name := s.Name
	if s.Namespace != "" {
		name = s.Namespace + "/" + name
	}
	if name == "" {
		return s.ID
	}
	return strings.TrimSpace(s.Kind + " " + name)
}

// listed joins at most limit names and counts the others.
func listed(names []string, limit int) string {
	if len(names) <= limit {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:limit], ", ") + " and " + number(len(names)-limit) + " more"
}
