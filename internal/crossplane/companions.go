package crossplane

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// addCompanions puts beside each resource those that complete it, and beside
// these the other ones of the same resource: a bucket's policy is public only
// if its public access block lets it. They meet where one names, selects or
// writes down the other.
func (t *Table) addCompanions(all []*managed) {
	targets := map[string][]*managed{} // by place and type
	for _, m := range all {
		key := place(m) + "\x00" + m.Type
		targets[key] = append(targets[key], m)
	}
	groups := map[string][]*managed{} // what is completed -> those that complete it
	keys := map[*managed][]string{}   // the groups that each belongs to
	join := func(key string, m *managed) {
		groups[key], keys[m] = append(groups[key], m), append(keys[m], key)
	}
	for _, m := range all {
		c, ok := t.companions[m.Type]
		if !ok || m.Mode != "managed" || m.After == nil {
			continue
		}
		if literal := doc.Text(m.After, c.attribute); literal != "" {
			join(place(m)+"\x00="+literal, m)
		}
		if ref, refers := m.refs[c.attribute]; refers {
			for _, target := range targets[place(m)+"\x00"+c.of] {
				if ref.meets(m, target) {
					join(target.ID, m)
				}
			}
		}
	}
	if len(groups) == 0 {
		return
	}
	for _, m := range all {
		seen := map[*managed]bool{m: true}
		for _, key := range append(keys[m], m.ID, place(m)+"\x00="+m.externalName()) {
			for _, c := range groups[key] {
				if !seen[c] {
					seen[c] = true
					m.Companions = append(m.Companions, facts.Companion{Address: c.Address, Type: c.Type, After: c.After, Unknown: c.Unknown})
				}
			}
		}
		slices.SortStableFunc(m.Companions, func(a, b facts.Companion) int { return strings.Compare(a.Address, b.Address) })
	}
}

// place is where names of managed resources are one's own: a composition, or
// an environment and target.
func place(m *managed) string {
	if m.within != "" {
		return "composition " + m.within
	}
	where := m.Environment + "\x00" + m.Target
	if m.Environment == "" { // overlays for several clusters hold the same names
		where = "unit " + m.object.Unit
	}
	return where + "\x00" + m.object.Namespace
}

// externalName is the name that the resource has at its provider.
func (m *managed) externalName() string {
	if m.within != "" {
		return ""
	}
	return cmp.Or(doc.Text(m.object.Manifest, "metadata", "annotations", "crossplane.io/external-name"), m.Name)
}

// meets says whether a reference of m is to target.
func (r reference) meets(m, target *managed) bool {
	if slices.Contains(r.names, target.Name) {
		return true
	}
	if r.selector == nil {
		return false
	}
	wanted := doc.TextMap(r.selector, "matchLabels")
	if doc.Bool(r.selector, "matchControllerRef") && m.within == "" {
		return false // what the controller is, only the cluster knows
	}
	for k, v := range wanted {
		if target.labels[k] != v {
			return false
		}
	}
	return len(wanted) > 0 || m.within != ""
}
