package terraform

import (
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
)

// outputs compares what becomes of the outputs of the root module.
func (l *planLink) outputs(said map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if _, known := l.binary.outputs[name]; !known {
			l.differ("the JSON speaks of output %q, of which the binary plan does not know", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.binary.outputs)) {
		b, o := l.binary.outputs[name], doc.Map(said[name])
		where := "output \"" + name + "\""
		if o == nil {
			l.differ("the binary plan does %s to %s, of which the JSON says nothing", strings.Join(binaryActions[b.change.action], "-"), where)
			continue
		}
		var actions []string
		for _, a := range doc.List(o, "actions") {
			actions = append(actions, doc.Text(a))
		}
		if want := b.change.actions(); !slices.Equal(actions, want) {
			l.differ("%s: the JSON says %s, the binary plan does %s", where, strings.Join(actions, "-"), strings.Join(want, "-"))
			continue
		}
		l.values(where, &b.change, o)
		for _, side := range [...]string{"before_sensitive", "after_sensitive"} {
			if mark, told := o[side]; told && anyTrue(mark) != b.sensitive {
				l.differ("%s: whether it is sensitive is not what the binary plan holds", where)
				break
			}
		}
	}
}

// leftUnknown says whether the JSON calls all of an output unknown of which a part is,
// as versions before 1.3 do.
func (c *binaryChange) leftUnknown(v any, change map[string]any) bool {
	return c.output && change["after"] == nil && change["after_unknown"] == true && someUnknown(v)
}

func someUnknown(v any) bool {
	switch v := undynamic(v).(type) {
	case unknownLeaf:
		return true
	case map[string]any:
		for _, e := range v {
			if someUnknown(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, someUnknown)
	}
	return false
}

// providerSource is the source address of the provider that acts, "" if it is not
// told.
func (c *binaryChange) providerSource() string {
	_, source, _ := strings.Cut(c.provider, `provider["`)
	source, _, _ = strings.Cut(source, `"]`)
	return source
}

// providerKeys compares which configuration of its provider each resource uses. A
// key of the module that the resource is in may stand for one that is handed to the
// module.
func (l *planLink) providerKeys(c map[string]any) {
	if c == nil {
		return
	}
	said, entries := readConfiguration(c).providerKeys, doc.Map(c, "provider_config")
	told := map[string]bool{}
	for i := range l.binary.changes {
		b := &l.binary.changes[i]
		addr, err := ParseAddress(b.address)
		if err != nil || b.provider == "" {
			continue
		}
		block := blockKey(addr.ModulePath(), addr.Resource())
		key := said[block]
		p := doc.Map(entries[key])
		if key == "" || told[block] || p == nil || doc.Text(p, "module_address") != "" && len(doc.Map(p, "expressions")) == 0 && ofModule(addr.ModulePath(), doc.Text(p, "module_address")) {
			continue
		}
		told[block] = true
		module, rest, _ := strings.Cut("."+b.provider, `.provider["`)
		_, rest, _ = strings.Cut(rest, `"]`)
		alias, _, _ := strings.Cut(strings.TrimPrefix(rest, "."), "[")
		if doc.Text(p, "module_address") != strings.TrimPrefix(module, ".") || doc.Text(p, "alias") != alias {
			l.differ("%s: the JSON says that provider %s is used, the binary plan %s", b.name(), key, b.provider)
		}
	}
}

// ofModule says whether a module is another one or inside of it; the latter by its
// address.
func ofModule(path, address string) bool {
	above := strings.ReplaceAll(strings.TrimPrefix(address, "module."), ".module.", ".")
	return path == above || strings.HasPrefix(path, above+".")
}
