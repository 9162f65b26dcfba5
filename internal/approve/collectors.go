package approve

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/supplychain"
)

// Collector passes on what a forge says of approvals.
type Collector struct {
	Name    string
	Keys    []string // fingerprints, in each form
	Sources []string // that it may pass on
	Here    bool     // for the repository and environment that was asked about
}

// Collectors are those of a trust file; those who are not trusted in a repository and
// environment are among them, as their keys sign no approval of their own either. faults
// are keys that cannot be read.
func Collectors(trust *config.Trust, repository, environment string, readFile func(path string) ([]byte, error)) (out []Collector, faults []error) {
	if trust == nil {
		return nil, nil
	}
	for _, t := range trust.Collectors {
		c := Collector{Name: t.Name, Sources: t.Sources, Here: listed(t.Repositories, repository) && listed(t.Environments, environment)}
		for _, k := range t.Keys {
			key, err := supplychain.LoadKey(k, readFile)
			if err != nil {
				faults = append(faults, fmt.Errorf("key of the collector %q: %w", t.Name, err))
				continue
			}
			c.Keys = append(c.Keys, key.Fingerprints()...)
		}
		out = append(out, c)
	}
	return out, faults
}

func listed(globs []string, name string) bool {
	return len(globs) == 0 || slices.ContainsFunc(globs, func(g string) bool { return config.Match(g, name) })
}

// collectorOf is one of those whose key has one of the fingerprints; nil if it is none's.
func collectorOf(list []Collector, keys []string) *Collector {
	i := slices.IndexFunc(list, func(c Collector) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return slices.Contains(c.Keys, k) })
	})
	if i < 0 {
		return nil
	}
	return &list[i]
}

// relayed is whose approval a collector passes on.
func (p *People) relayed(a *Approval, keys []string, c Case, by authors, collectors []Collector) (v voice, no string) {
	g := a.Predicate
	allowed := slices.ContainsFunc(collectors, func(x Collector) bool {
		return x.Here && slices.Contains(x.Sources, g.Source) && collectorOf([]Collector{x}, keys) != nil
	})
	v, no = p.account(strings.ToLower(g.Identity), isBot(strings.ToLower(g.Identity)), by)
	switch {
	case !allowed:
		return v, fmt.Sprintf("passes on a %s by %s, and its key %s is that of no collector that may: collectors of the trust file of the target branch names those", g.Source, g.Identity, keys[0])
	case no != "":
		return v, fmt.Sprintf("passes on that of %s, who %s", g.Identity, no)
	case g.Verdict == Rejects:
		return v, ""
	case c.Head == "" || g.Head != c.Head:
		return v, fmt.Sprintf("by %s is of commit %s, and the head is %s", v.Person, short(g.Head), short(c.Head))
	case g.Source == SourceDeployment && g.Run != c.Decision.Predicate.Identity.Run.ID:
		return v, fmt.Sprintf("by %s is of run %s, and the decision was made by run %q", v.Person, g.Run, c.Decision.Predicate.Identity.Run.ID)
	}
	return v, ""
}
