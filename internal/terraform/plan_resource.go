package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// resources converts one list of resource changes.
func (r *planReader) resources(member string) ([]facts.Resource, error) {
	var out []facts.Resource
	seen := map[[2]string]bool{}
	var state instances // of a member whose entries lack addresses
	err := r.parts.elements(member, func(i int, c any) error {
		change := doc.Map(c)
		if lacksAddress(member, change) {
			if !drifted(change) {
				return nil
			}
			if state == nil {
				var err error
				if state, err = r.instances(); err != nil {
					return err
				}
			}
			state.name(change)
			if id := [2]string{doc.Text(change, "address")}; seen[id] && doc.At(change, "change", "after") == nil {
				return nil // another instance of the same is gone
			}
		}
		if r.link != nil {
			r.link.resource(member, change)
		}
		res, err := r.resource(change)
		if err != nil {
			return planFault(r.name, "%s[%d]: %v", member, i, err)
		}
		id := [2]string{res.Address, res.Deposed}
		if seen[id] {
			return planFault(r.name, "%s[%d]: %s stands there twice", member, i, res.Address)
		}
		seen[id] = true
		out = append(out, res)
		return nil
	})
	return out, err
}

func (r *planReader) deferred() ([]facts.Resource, error) {
	var out []facts.Resource
	for i, d := range doc.List(r.root, "deferred_changes") {
		entry := doc.Map(d)
		if r.link != nil {
			r.link.resource("deferred_changes", doc.Map(entry, "resource_change"))
		}
		res, err := r.resource(doc.Map(entry, "resource_change"))
		if err != nil {
			return nil, planFault(r.name, "deferred_changes[%d]: %v", i, err)
		}
		out = append(out, res)
	}
	return out, nil
}

func (r *planReader) resource(c map[string]any) (facts.Resource, error) {
	raw := doc.Text(c, "address")
	addr, err := ParseAddress(raw)
	if err != nil {
		return facts.Resource{}, err
	}
	change := doc.Map(c, "change")
	actions, err := readActions(change)
	if err != nil {
		return facts.Resource{}, fmt.Errorf("%s: %w", raw, err)
	}
	res := facts.Resource{
		Address:         raw,
		Module:          doc.Text(c, "module_address"),
		Mode:            doc.Text(c, "mode"),
		Type:            doc.Text(c, "type"),
		Name:            doc.Text(c, "name"),
		Index:           addr.Index,
		Provider:        providerType(doc.Text(c, "provider_name")),
		Actions:         actions,
		ActionReason:    doc.Text(c, "action_reason"),
		PreviousAddress: doc.Text(c, "previous_address"),
		Deposed:         doc.Text(c, "deposed"),
		ProviderHost:    providerHost(doc.Text(c, "provider_name")),
		Importing:       change["importing"] != nil,
		Import:          doc.Map(r.mask.plain(change["importing"])),
		ReplacePaths:    paths(doc.List(change, "replace_paths")),
		Origin:          "plan",
	}
	// The address is what apply goes by; members that contradict it are a
	// broken or forged plan.
	if res.Type != addr.Type || res.Name != addr.Name || res.Mode != "" && res.Mode != addr.Mode {
		return facts.Resource{}, fmt.Errorf("%s: type, name or mode contradict the address", raw)
	}
	if res.Mode == "" {
		res.Mode = addr.Mode
	}
	if res.Module == "" {
		res.Module = addr.ModuleAddress()
	} else if res.Module != addr.ModuleAddress() {
		return facts.Resource{}, fmt.Errorf("%s: module_address contradicts the address", raw)
	}
	// What differs is told before it is masked: a changed password is a change.
	var changed []source.Path
	if len(actions) > 1 || actions[0] == "update" {
		unknown, _ := prune(change["after_unknown"]).(map[string]any)
		changed = changedPaths(change["before"], change["after"], unknown)
	}
	if err := r.values(&res, change); err != nil {
		return facts.Resource{}, fmt.Errorf("%s: %w", raw, err)
	}
	res.Change = transition(&res, changed)
	return res, nil
}

// values reads before, after and what is unknown, masking what is sensitive
// before anything else sees it.
func (r *planReader) values(res *facts.Resource, change map[string]any) error {
	before, ok1 := objectOrNil(change["before"])
	after, ok2 := objectOrNil(change["after"])
	if !ok1 || !ok2 {
		return fmt.Errorf("before and after must be objects or null")
	}
	var found pathSet
	res.Before = r.mask.object(before, change["before_sensitive"], res.Type, &found)
	res.After = r.mask.object(after, change["after_sensitive"], res.Type, &found)
	res.Sensitive = found.sorted()
	switch unknown := change["after_unknown"].(type) {
	case map[string]any:
		res.Unknown = r.unknowns.share(prune(unknown))
	case bool:
		if unknown && res.After == nil {
			res.After = map[string]any{}
		}
	}
	if res.Unknown == nil {
		res.Unknown = map[string]any{}
	}
	marks, marked := change["after_sensitive"]
	for _, name := range slices.Sorted(maps.Keys(res.Unknown)) {
		if !marked || marks == true || covers(doc.At(marks, name), res.Unknown[name]) { // old plans have no marks
			res.UnknownSensitive = append(res.UnknownSensitive, name)
		}
	}
	return nil
}

// shared keeps flat trees of marks once: what is unknown of a new resource is
// the same for all of its type, and large plans have thousands.
type shared map[string]map[string]any

func (s shared) share(v any) map[string]any {
	m := doc.Map(v)
	var key strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] != true {
			return m
		}
		key.WriteString(strconv.Quote(k))
	}
	if same, ok := s[key.String()]; ok {
		return same
	}
	if m != nil {
		s[key.String()] = m
	}
	return m
}

// readActions checks the actions against those of the format: an unknown one
// must not look like "nothing happens".
func readActions(change map[string]any) ([]string, error) {
	raw := doc.List(change, "actions")
	if len(raw) == 0 {
		return nil, fmt.Errorf("no actions")
	}
	out := make([]string, 0, len(raw))
	for _, a := range raw {
		s := doc.Text(a)
		switch s {
		case "no-op", "create", "read", "update", "delete", "forget", "open", "renew", "close":
			out = append(out, s)
		default:
			return nil, fmt.Errorf("unknown action %v", a)
		}
	}
	return out, nil
}

// providerType is namespace/type of a provider source address: the host is
// the registry's, which differs between Terraform and OpenTofu.
func providerType(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) > 2 {
		parts = parts[len(parts)-2:]
	}
	if len(parts) == 1 && parts[0] != "" {
		return "hashicorp/" + parts[0] // before Terraform 0.13
	}
	return strings.Join(parts, "/")
}

// providerHost is the registry of a provider source address, "" if it is the one
// of Terraform or OpenTofu, or none is named.
func providerHost(name string) string {
	host, rest, _ := strings.Cut(name, "/")
	if !strings.Contains(rest, "/") || host == "registry.terraform.io" || host == "registry.opentofu.org" {
		return ""
	}
	return host
}

// covers says whether two trees of marks have a leaf in common, or one a leaf
// above one of the other.
func covers(a, b any) bool {
	if a == nil || a == false || b == nil || b == false {
		return false
	}
	if a == true || b == true {
		return anyTrue(a) && anyTrue(b)
	}
	for k, e := range doc.Map(a) {
		if covers(e, doc.At(b, k)) {
			return true
		}
	}
	for i, e := range doc.List(a) {
		if covers(e, doc.At(b, i)) {
			return true
		}
	}
	return false
}

// prune drops false and empty members of a tree of marks. Lists keep their
// length, as their indices are positions.
func prune(v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return true
		}
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if p := prune(e); p != nil {
				out[k] = p
			}
		}
		if len(out) > 0 {
			return out
		}
	case []any:
		out, some := make([]any, len(v)), false
		for i, e := range v {
			if out[i] = prune(e); out[i] != nil {
				some = true
			} else {
				out[i] = map[string]any{}
			}
		}
		if some {
			return out
		}
	}
	return nil
}

func anyTrue(v any) bool { return prune(v) != nil }

func objectOrNil(v any) (map[string]any, bool) {
	if v == nil {
		return nil, true
	}
	o, ok := v.(map[string]any)
	return o, ok
}

// paths reads a list of attribute paths; numbers become int.
func paths(raw []any) [][]any {
	out := make([][]any, 0, len(raw))
	for _, p := range raw {
		steps := doc.List(p)
		path := make([]any, 0, len(steps))
		for _, s := range steps {
			switch s := s.(type) {
			case int64:
				path = append(path, int(s))
			case string:
				path = append(path, s)
			default:
				path = append(path, fmt.Sprint(s))
			}
		}
		out = append(out, path)
	}
	return out
}

func pathKey(p []any) string {
	var b strings.Builder
	for _, e := range p {
		switch e := e.(type) {
		case string:
			b.WriteString(strconv.Quote(e))
		case int:
			b.WriteString(strconv.Itoa(e))
		}
		b.WriteByte('/')
	}
	return b.String()
}
