package config

import (
	"regexp"
	"sync"

	"gate/internal/source"
)

var (
	kindForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Z][A-Za-z0-9]*$`) })
	placeForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Za-z_][\w-]*(\[\])?(\.[A-Za-z_][\w-]*(\[\])?)*$`)
	})
)

// workloads checks the kinds that run containers.
func (k checks) workloads() {
	for i, w := range k.config.Workloads {
		p := source.Path{"workloads", i}
		if !kindForm().MatchString(w.Kind) {
			k.faultf(at(p, "kind"), "%q is no kind; want group/Kind, such as example.com/Worker", clip(w.Kind))
		}
		if len(w.Pods) == 0 && len(w.Containers) == 0 {
			k.faultf(p, "workload %q names neither pods nor containers", clip(w.Kind))
		}
		for field, places := range map[string][]string{"pods": w.Pods, "containers": w.Containers} {
			for j, s := range places {
				if !placeForm().MatchString(s) {
					k.faultf(at(p, field, j), "%q is no place; want a path such as spec.template or spec.tasks[].template", clip(s))
				}
			}
		}
	}
	k.unique("workloads", len(k.config.Workloads), func(i int) (string, source.Path) { return k.config.Workloads[i].Kind, source.Path{"kind"} })
}
