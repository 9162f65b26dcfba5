package render

import (
	"cmp"
	"fmt"
	"maps"
	"sort"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render/jsonnet"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// Collected are the facts of rendered units. Scopes (environment, service,
// owner) are left empty. Slices are sorted by id.
type Collected struct {
	Units      []facts.Unit
	Objects    []facts.Object
	Containers []facts.Container
	Locators   source.Index // objects and containers
	// Raw holds the manifests before redaction, by object id.
	Raw    map[string]map[string]any
	Ledger []facts.Entry
	// Repeats are the keys that stand twice in one mapping.
	Repeats []Repeat
	// Placeholders are the stand-ins for random values and keys by unit id:
	// what looks like a secret and is none.
	Placeholders map[string][]string
}

// Facts collects the facts of units. redact is applied to each manifest before
// anything is taken from it; nil leaves it as it is.
//
// Workloads are kinds that the configuration knows, beside those of the tables.
func Facts(outs []Outcome, redact func(map[string]any) map[string]any, workloads ...config.Workload) *Collected {
	c := &collector{
		Collected: &Collected{Locators: source.Index{}, Raw: map[string]map[string]any{}, Placeholders: map[string][]string{}},
		redact:    redact, workloads: workloads, scopes: scopes{}, ids: map[string]int{},
	}
	for _, o := range outs { // definitions first: they say what has a namespace
		if o.Rendered != nil {
			for _, obj := range o.Rendered.Objects {
				c.scopes.learn(obj.Manifest)
			}
		}
	}
	for _, o := range outs {
		c.unit(o)
	}
	c.finish()
	return c.Collected
}

type collector struct {
	*Collected
	redact func(map[string]any) map[string]any
	// workloads are the kinds that the configuration adds to the tables.
	workloads []config.Workload
	scopes    scopes
	ids       map[string]int
}

// unique returns id, numbered if it was given before.
func (c *collector) unique(id string) string {
	if c.ids[id]++; c.ids[id] > 1 {
		return c.unique(fmt.Sprintf("%s~%d", id, c.ids[id]))
	}
	return id
}

func (c *collector) unit(o Outcome) {
	u := o.Unit
	f := facts.Unit{
		Subject: facts.Subject{ID: u.ID}, Kind: u.Kind, Path: u.Path, Release: u.Release, Namespace: u.Namespace,
		Values: append([]string{}, u.Values...), Sources: []string{}, Undeployed: u.Undeployed,
		Inputs: []facts.Input{}, Variant: u.Variant,
	}
	if u.Kind == KindHelm {
		f.Namespace, f.KubeVersion = namespaceOf(u), u.ClusterVersion()
		if f.KubeVersion == "" {
			f.KubeVersion = DefaultKubeVersion
		}
	}
	if r := o.Rendered; r != nil {
		f.Rendered, f.Seeded, f.Closure, f.Digest = !r.AsBefore, r.Seeded, r.Closure, r.Digest
		f.Inputs = append(f.Inputs, r.Inputs...)
		f.Sources, f.ObjectCount = append(f.Sources, r.Sources...), len(r.Objects)
		if len(r.Placeholders) > 0 {
			c.Placeholders[u.ID] = r.Placeholders
		}
		for _, repeat := range r.Repeats {
			c.Repeats = append(c.Repeats, Repeat{Of: u.ID, Path: valuesPath(repeat), Keys: repeat.Path, File: repeat.First.File})
		}
		for _, obj := range r.Objects {
			if doc.Text(obj.Manifest, "metadata", "namespace") == "" {
				obj.Locator = inNamespace(obj.Locator, u.NamespaceAt)
			}
			c.object(f, obj, u.refusesRepeats())
		}
	}
	c.Units = append(c.Units, f)
	c.ledger(o)
}

func (c *collector) ledger(o Outcome) {
	e := facts.Entry{Kind: "unit", ID: o.Unit.ID, State: facts.Evaluated, Place: o.Unit.Place}
	if v := o.Unit.Variant; v != nil && v.By == facts.VariantCircumstance { // no unit more
		e.Kind = "variant"
	}
	if o.Err != nil {
		failed(&e, o.Err)
	}
	if o.Rendered != nil {
		e.Count = len(o.Rendered.Objects)
		for i, err := range o.Rendered.Faults {
			f := facts.Entry{Kind: "unit", ID: o.Unit.ID, Place: o.Unit.Place, Count: e.Count}
			failed(&f, err)
			if i == 0 {
				e = f
				continue
			}
			c.Ledger = append(c.Ledger, f)
		}
	}
	c.Ledger = append(c.Ledger, e)
	if o.Rendered != nil {
		for _, b := range o.Rendered.Open {
			c.Ledger = append(c.Ledger, b.entry(o.Unit.ID))
		}
		for _, n := range o.Rendered.Notes {
			c.Ledger = append(c.Ledger, facts.Entry{
				Kind: "render", ID: o.Unit.ID, State: facts.NotApplicable, Reason: n.Msg, Hint: n.Hint, Place: n.Place,
			})
		}
	}
}

func failed(e *facts.Entry, err error) {
	e.State, e.Reason = facts.Failed, err.Error()
	if at := asError(err); at != nil {
		e.Reason, e.Hint, e.Cause = at.Msg, at.Hint, at.Cause
		if at.Cause == source.CauseElsewhere { // it is judged there
			e.State, e.Input = facts.Skipped, "repositories"
		}
		if at.File != "" {
			e.Place = at.Position
		}
	}
}

// object adds an object; refused says that who applies it refuses keys that stand
// twice.
func (c *collector) object(u facts.Unit, obj Object, refused bool) {
	m := obj.Manifest
	if c.redact != nil {
		m = c.redact(m)
	}
	o := facts.Object{Unit: u.ID, Manifest: m, Hook: obj.Hook}
	o.APIVersion = doc.Text(m, "apiVersion")
	o.Kind = doc.Text(m, "kind")
	o.Group = manifest.Group(o.APIVersion)
	meta := doc.Map(m, "metadata")
	if o.Name = doc.Text(meta, "name"); o.Name == "" {
		o.Name = doc.Text(meta, "generateName")
	}
	if !c.scopes.cluster(o.APIVersion, o.Kind) {
		if o.Namespace = doc.Text(meta, "namespace"); o.Namespace == "" {
			o.Namespace = u.Namespace
		}
	}
	o.ID = c.unique(fmt.Sprintf("%s#%s/%s/%s/%s", u.ID, o.Group, o.Kind, o.Namespace, o.Name))
	if u.Kind != KindManifests && u.Kind != KindApplicationSet || obj.made || jsonnet.IsProgram(obj.File) {
		obj.Locator = source.InRendered(obj.Locator, o.ID)
	}
	for _, p := range obj.Repeats {
		c.Repeats = append(c.Repeats, Repeat{Of: o.ID, Path: p, Keys: p, Refused: refused})
	}
	templates := podTemplates(m, c.workloads)
	for _, t := range templates {
		_, at := t.spec()
		o.Pods = append(o.Pods, facts.Pod{Path: at, Labels: doc.Labels(t.template), Budgets: []facts.Budget{}})
	}
	c.Objects = append(c.Objects, o)
	c.Locators[o.ID] = obj.Locator
	c.Raw[o.ID] = obj.Manifest
	c.Ledger = append(c.Ledger, facts.Entry{Kind: "object", ID: o.ID, State: facts.Evaluated, Place: obj.Place})
	for _, t := range templates {
		c.containers(o, obj.Locator, t)
	}
	for _, s := range steps(m, c.workloads) {
		c.step(o, obj.Locator, s)
	}
}

func (c *collector) containers(o facts.Object, locator source.Locator, t podTemplate) {
	spec, at := t.spec()
	pod := maps.Clone(spec)
	for _, f := range containerFields {
		delete(pod, f.field)
	}
	workload := facts.Workload{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Labels: doc.Labels(o.Manifest)}
	if n, ok := doc.Lookup(o.Manifest, "spec", "replicas"); ok {
		if n, ok := n.(int64); ok {
			workload.Replicas = &n
		}
	}
	for _, f := range containerFields {
		for i, e := range doc.List(spec, f.field) {
			m, ok := e.(map[string]any)
			if !ok {
				continue
			}
			name := doc.Text(m, "name")
			if name == "" {
				name = fmt.Sprintf("%s[%d]", f.field, i)
			}
			image := doc.Text(m, "image")
			id := c.unique(o.ID + "/" + name)
			c.Containers = append(c.Containers, facts.Container{
				Subject: facts.Subject{ID: id}, Object: o.ID, Unit: o.Unit, Type: f.kind, Name: name,
				Workload: workload, Image: ParseImage(image), Container: m, Pod: pod,
			})
			c.Locators[id] = containerLocator(locator, at, append(at[:len(at):len(at)], f.field, i))
		}
	}
}

// containerLocator leads from a path inside a container to the object: "$pod"
// as first element means the pod spec, "$object" the object.
func containerLocator(l source.Locator, pod, container source.Path) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		prefix := container
		if len(p) > 0 {
			switch p[0] {
			case "$pod":
				prefix, p = pod, p[1:]
			case "$object":
				prefix, p = nil, p[1:]
			}
		}
		return l.Locate(append(prefix[:len(prefix):len(prefix)], p...))
	})
}

func (c *collector) finish() {
	sort.Slice(c.Units, func(i, j int) bool { return c.Units[i].ID < c.Units[j].ID })
	sort.Slice(c.Objects, func(i, j int) bool { return c.Objects[i].ID < c.Objects[j].ID })
	sort.Slice(c.Containers, func(i, j int) bool { return c.Containers[i].ID < c.Containers[j].ID })
	sort.SliceStable(c.Ledger, func(i, j int) bool {
		a, b := c.Ledger[i], c.Ledger[j]
		if a.Kind != b.Kind {
			return a.Kind > b.Kind // units before objects
		}
		return a.ID < b.ID
	})
}

// NamespaceOf is the namespace that an object of a unit goes to, or that it makes,
// and false if it has none; "" if nothing names one.
func NamespaceOf(u Unit, object map[string]any) (name string, namespaced bool) {
	version, kind := doc.Text(object, "apiVersion"), doc.Text(object, "kind")
	switch {
	case kind == "Namespace" || kind == "Project":
		return doc.Text(object, "metadata", "name"), true
	case (scopes{}).cluster(version, kind):
		return "", false
	}
	return cmp.Or(doc.Text(object, "metadata", "namespace"), u.Namespace), true
}

// inNamespace leads to where the namespace of an object that names none is said.
func inNamespace(l source.Locator, at source.Position) source.Locator {
	if l == nil || at.File == "" {
		return l
	}
	return source.LocatorFunc(func(p source.Path) source.Location {
		loc := l.Locate(p)
		if len(p) != 2 || p[0] != "metadata" || p[1] != "namespace" {
			return loc
		}
		return source.Location{Position: at, Related: append([]source.Related{{Role: "definition", Position: loc.Position}}, loc.Related...)}
	})
}
