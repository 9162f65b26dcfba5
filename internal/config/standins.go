package config

import (
	"cmp"
	"maps"
	"slices"

	"gate/internal/source"
)

func (k checks) standIns() {
	for _, of := range slices.Sorted(maps.Keys(k.config.StandIns)) {
		p := source.Path{"standIns", of}
		k.filled(p, of)
		if len(k.config.StandIns[of]) == 0 {
			k.faultf(p, "standIns entry %q names no variable", clip(of))
		}
		for name := range k.config.StandIns[of] {
			k.filled(at(p, name), name)
		}
	}
}

// StandInsOf are the variables that are taken for known of a unit or stack. An
// entry with its id or path wins over globs, a longer glob over a shorter one.
func (c *Config) StandInsOf(id, path string) map[string]string {
	if c == nil {
		return nil
	}
	var keys []string
	for key := range c.StandIns {
		if key == id || key == path || Match(key, path) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		exact := func(key string) int {
			if key == id || key == path {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(exact(a), exact(b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	out := map[string]string{}
	for _, key := range keys {
		maps.Copy(out, c.StandIns[key])
	}
	return out
}
