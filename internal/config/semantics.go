package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/source"
)

// identifier is what names of environments, targets, roles, people, services
// and policies look like: they become parts of ids, file names and keys.
var identifier = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`) })

// checks is a decoder that checks meaning.
type checks struct {
	*decoder
	config *Config
}

func checkConfig(d *decoder, c *Config) {
	k := checks{d, c}
	if c.APIVersion != "" {
		k.word(source.Path{"apiVersion"}, c.APIVersion, apiVersions)
	}
	k.environments()
	k.units()
	k.services()
	k.people()
	k.ruleEffects()
	k.approvals()
	k.excludes()
	k.testData()
	k.times()
	k.policies()
	k.workloads()
	k.standIns()
	k.unique("clusters", len(c.Clusters), func(i int) (string, source.Path) { return c.Clusters[i].Name, source.Path{"name"} })
	for i, in := range c.Optional {
		k.word(source.Path{"optional", i}, in, inputs)
	}
	k.unique("optional", len(c.Optional), func(i int) (string, source.Path) { return c.Optional[i], nil })
	for key, p := range map[string]string{"waivers": c.Waivers, "trust": c.Trust} {
		if p != "" {
			k.path(source.Path{key}, p)
		}
	}
}

func (k checks) environments() {
	envs := k.config.Environments
	k.unique("environments", len(envs), func(i int) (string, source.Path) { return envs[i].Name, source.Path{"name"} })
	globs := map[string]string{}
	for i, e := range envs {
		p := source.Path{"environments", i}
		k.identifier(at(p, "name"), e.Name)
		if e.Class != "" {
			k.word(at(p, "class"), string(e.Class), classes)
		}
		if slices.Contains(classes, e.Name) && string(e.Class) != e.Name && e.Class != "" {
			// "prod" as a key under effect would mean two things.
			k.faultf(at(p, "name"), "environment %q is of class %q; a name that is a class must be of that class", e.Name, e.Class)
		}
		for j, g := range e.Paths {
			k.glob(at(p, "paths", j), g)
			if other, taken := globs[g]; taken && other != e.Name {
				k.faultf(at(p, "paths", j), "glob %q belongs to environment %q already; the same paths cannot be both", clip(g), other)
			}
			globs[g] = e.Name
		}
		k.targets(p, e.Targets)
	}
}

func (k checks) targets(p source.Path, targets []Target) {
	names := map[string]bool{}
	for j, t := range targets {
		q := at(p, "targets", j)
		k.identifier(at(q, "name"), t.Name)
		if names[t.Name] && t.Name != "" {
			k.faultf(at(q, "name"), "target %q is already defined in this environment", t.Name)
		}
		names[t.Name] = true
		for n, g := range t.Paths {
			k.glob(at(q, "paths", n), g)
		}
		k.kubeVersion(at(q, "kubeVersion"), t.KubeVersion)
		for n, g := range t.Namespaces {
			k.pattern(at(q, "namespaces", n), g)
		}
	}
}

// kubeVersion checks a version of Kubernetes.
func (k checks) kubeVersion(p source.Path, v string) {
	if v != "" && !kubeVersion().MatchString(v) {
		k.faultf(p, "%q is no version of Kubernetes; expected one such as \"1.33\"", clip(v))
	}
}

// kubeVersion is what a cluster says of itself, or the beginning of that:
// https://kubernetes.io/releases/version-skew-policy/.
var kubeVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.+-]+)?$`)
})

// place checks that an environment and its target exist.
func (k checks) place(p source.Path, environment, target string) {
	if environment == "" {
		if target != "" {
			k.faultf(at(p, "target"), "target %q is given without an environment", clip(target))
		}
		return
	}
	if !k.knownEnvironment(at(p, "environment"), environment) || target == "" {
		return
	}
	e, _ := k.config.Environment(environment)
	var names []string
	for _, t := range e.Targets {
		names = append(names, t.Name)
	}
	if !slices.Contains(names, target) {
		k.faultf(at(p, "target"), "environment %q has no target %q%s", environment, clip(target), suggest(target, names))
	}
}

func (k checks) knownEnvironment(p source.Path, name string) bool {
	names := k.config.environmentNames()
	if slices.Contains(names, name) {
		return true
	}
	k.faultf(p, "environment %q is not configured%s", clip(name), suggest(name, names))
	return false
}

func (c *Config) environmentNames() []string {
	var names []string
	for _, e := range c.Environments {
		names = append(names, e.Name)
	}
	return names
}

func (k checks) units() {
	seen := map[string]int{}
	for i, u := range k.config.Units {
		p := source.Path{"units", i}
		k.unitSource(p, u)
		for j, v := range u.Values {
			k.path(at(p, "values", j), v)
		}
		k.place(p, u.Environment, u.Target)
		k.kubeVersion(at(p, "kubeVersion"), u.KubeVersion)
		id := strings.Join([]string{u.Chart, u.Kustomization, u.Jsonnet, u.CUE, u.Package, u.Expression, u.Release, u.Namespace, u.Environment, u.Target,
			fmt.Sprint(u.ExtVars, u.ExtCode, u.TLAs, u.TLACode, u.Tags)}, "\x00")
		if first, dup := seen[id]; dup {
			k.faultf(p, "unit is the same as units[%d]: path, release, namespace, environment and target are equal", first)
		}
		seen[id] = i
	}
	k.stacks()
}

// unitSource checks that a unit names one thing, and only what belongs to it.
func (k checks) unitSource(p source.Path, u Unit) {
	type option struct {
		key   string
		given bool
		of    []string
	}
	named := ""
	for _, s := range [][2]string{{"chart", u.Chart}, {"kustomization", u.Kustomization}, {"jsonnet", u.Jsonnet}, {"cue", u.CUE}} {
		switch {
		case s[1] == "":
			continue
		case named != "":
			k.faultf(at(p, s[0]), "unit names both a %s and a %s; expected one of them", named, s[0])
			return
		}
		named = s[0]
		k.path(at(p, s[0]), s[1])
	}
	if named == "" {
		k.faultf(p, "unit names neither a chart nor a kustomization, Jsonnet program or CUE package")
		return
	}
	for _, o := range []option{
		{"release", u.Release != "", []string{"chart", "kustomization"}},
		{"values", len(u.Values) > 0, []string{"chart", "kustomization"}},
		{"libs", len(u.Libs) > 0, []string{"jsonnet"}},
		{"extVars", len(u.ExtVars) > 0, []string{"jsonnet"}},
		{"extCode", len(u.ExtCode) > 0, []string{"jsonnet"}},
		{"tlas", len(u.TLAs) > 0, []string{"jsonnet"}},
		{"tlaCode", len(u.TLACode) > 0, []string{"jsonnet"}},
		{"package", u.Package != "", []string{"cue"}},
		{"expression", u.Expression != "", []string{"cue"}},
		{"tags", len(u.Tags) > 0, []string{"cue"}},
	} {
		if o.given && !slices.Contains(o.of, named) {
			k.faultf(at(p, o.key), "%s does not belong to a unit with %s; expected one with %s", o.key, named, strings.Join(o.of, " or "))
		}
	}
	for j, v := range u.Libs {
		k.path(at(p, "libs", j), v)
	}
	for _, twice := range []struct {
		key        string
		text, code map[string]string
	}{{"extCode", u.ExtVars, u.ExtCode}, {"tlaCode", u.TLAs, u.TLACode}} {
		for name := range twice.code {
			if _, dup := twice.text[name]; dup {
				k.faultf(at(p, twice.key, name), "variable %q is set as text and as code", name)
			}
		}
	}
}

func (k checks) stacks() {
	k.unique("stacks", len(k.config.Stacks), func(i int) (string, source.Path) { return k.config.Stacks[i].Path, source.Path{"path"} })
	for i, s := range k.config.Stacks {
		p := source.Path{"stacks", i}
		if s.Path != "" {
			k.path(at(p, "path"), s.Path)
		}
		for j, f := range s.VarFiles {
			k.path(at(p, "varFiles", j), f)
		}
		k.place(p, s.Environment, s.Target)
	}
}

func (k checks) services() {
	services := k.config.Services
	k.unique("services", len(services), func(i int) (string, source.Path) { return services[i].Name, source.Path{"name"} })
	for i, s := range services {
		p := source.Path{"services", i}
		k.identifier(at(p, "name"), s.Name)
		for j, g := range s.Paths {
			k.glob(at(p, "paths", j), g)
		}
		for j, g := range s.Match.Namespaces {
			k.pattern(at(p, "match", "namespaces", j), g)
		}
	}
}

func (k checks) times() {
	for i, f := range k.config.Freezes {
		p := source.Path{"freezes", i}
		if f.Environment != "" {
			k.knownEnvironment(at(p, "environment"), f.Environment)
		}
		if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
			k.faultf(at(p, "to"), "freeze ends before it begins")
		}
		k.filled(at(p, "reason"), f.Reason)
	}
	if s := k.config.Scope; s != "" {
		k.word(source.Path{"scope"}, s, scopes)
	}
	for i, dir := range k.config.Cache.Decisions {
		if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir {
			k.faultf(source.Path{"cache", "decisions", i}, "directory %q; expected an absolute path, without . and .. and / at its end", dir)
		}
	}
	if e := k.config.Baseline.Existing; e != "" {
		k.word(source.Path{"baseline", "existing"}, e, effects)
	}
	for _, id := range slices.Sorted(maps.Keys(k.config.Baseline.Rules)) {
		k.word(source.Path{"baseline", "rules", id}, k.config.Baseline.Rules[id], effects)
	}
	for i, x := range k.config.Drift {
		p := source.Path{"drift", i}
		if x.Class != "" {
			k.word(at(p, "class"), x.Class, driftClasses)
		}
		k.pattern(at(p, "match"), x.Match)
		k.filled(at(p, "owner"), x.Owner)
		k.filled(at(p, "reason"), x.Reason)
	}
}

func (k checks) policies() {
	list := k.config.Policies
	names := map[string]int{}
	for i, pol := range list {
		p := source.Path{"policies", i}
		switch {
		case pol.Path == "" && pol.Conftest == "":
			k.faultf(p, "policy entry names no policies; expected the key path, or conftest")
			continue
		case pol.Path != "":
			k.path(at(p, "path"), pol.Path)
		}
		if pol.Conftest != "" {
			k.path(at(p, "conftest"), pol.Conftest)
		}
		k.identifier(at(p, "name"), pol.Entry())
		if first, dup := names[pol.Entry()]; dup {
			k.faultf(p, "policy entry %q has the same name as policies[%d]; expected distinct names, since rule ids begin with them", pol.Entry(), first)
		}
		names[pol.Entry()] = i
		if pol.Entry() == "gate" {
			k.faultf(p, "policy entry is named \"gate\"; the name is reserved")
		}
		for key, w := range map[string]struct {
			value string
			known []string
		}{"style": {pol.Style, styles}, "rego": {pol.Rego, regoVersions}, "documents": {pol.Documents, documents}, "parser": {pol.Parser, parsers}} {
			if w.value != "" {
				k.word(at(p, key), w.value, w.known)
			}
		}
		for j, ns := range pol.Namespaces {
			if ns == "gate" || strings.HasPrefix(ns, "gate.") || ns == "" {
				k.faultf(at(p, "namespaces", j), "namespace %q is reserved; expected one outside of gate", clip(ns))
			}
		}
		for j, from := range pol.Paths {
			k.path(at(p, "paths", j), from)
		}
		if msg := checkRegexp(pol.Ignore); msg != "" {
			k.faultf(at(p, "ignore"), "%s", msg)
		}
		if pol.Style == "catalog" {
			k.catalogStyle(p, pol)
		}
		for j, file := range pol.Data {
			k.path(at(p, "data", j), file)
		}
		for j, g := range pol.Match {
			k.glob(at(p, "match", j), g)
		}
	}
}

// catalogStyle refuses what is about documents: rules of style catalog judge the facts.
func (k checks) catalogStyle(p source.Path, pol Policy) {
	for _, x := range []struct {
		set bool
		key string
	}{
		{pol.Secrets, "secrets"}, {pol.Ignore != "", "ignore"}, {pol.FailOnWarn, "failOnWarn"}, {pol.Conftest != "", "conftest"},
		{pol.Combine, "combine"}, {pol.Strict, "strict"}, {pol.Parser != "", "parser"}, {pol.Documents != "", "documents"}, {len(pol.Match) > 0, "match"},
	} {
		if x.set {
			k.faultf(at(p, x.key), "policies of style catalog judge the facts, to which %q means nothing; expected style conftest", x.key)
		}
	}
}

// ---- small checks ----

func at(p source.Path, rest ...any) source.Path { return append(slices.Clone(p), rest...) }

func (k checks) word(p source.Path, got string, known []string) {
	if !slices.Contains(known, got) {
		k.faultf(p, "%s is %q%s", name(p), clip(got), suggest(got, known))
	}
}

func (k checks) glob(p source.Path, g string) {
	if msg := checkGlob(g); msg != "" {
		k.faultf(p, "%s: %s", name(p), msg)
	}
}

func (k checks) path(p source.Path, file string) {
	if msg := checkPath(file); msg != "" {
		k.faultf(p, "%s: %s", name(p), msg)
	}
}

// pattern is a glob over names instead of paths.
func (k checks) pattern(p source.Path, g string) {
	if g == "" && !k.present(p) {
		return // a missing key is a fault already
	}
	if msg := checkGrammar(g); msg != "" {
		k.faultf(p, "%s: %s", name(p), msg)
	}
}

func (k checks) identifier(p source.Path, s string) {
	if s != "" && !identifier().MatchString(s) {
		k.faultf(p, "%s is %q; expected letters, digits, '.', '_' and '-', at most 63", name(p), clip(s))
	}
	if s == "" && k.present(p) {
		k.faultf(p, "%s is empty", name(p))
	}
}

func (k checks) filled(p source.Path, s string) {
	if strings.TrimSpace(s) == "" && k.present(p) {
		k.faultf(p, "%s is empty", name(p))
	}
}

// present says whether the file has the path with a string in it; an absent
// or mistyped one is a fault already.
func (k checks) present(p source.Path) bool {
	_, ok := doc.At(k.doc.Value, p...).(string)
	return ok
}

// unique reports entries of a list with the same name.
func (k checks) unique(list string, n int, entry func(i int) (name string, below source.Path)) {
	first := map[string]int{}
	for i := range n {
		id, below := entry(i)
		if id == "" {
			continue
		}
		if j, dup := first[id]; dup {
			k.faultf(at(source.Path{list, i}, below...), "%q is already %s[%d]", clip(id), list, j)
			continue
		}
		first[id] = i
	}
}
