package render

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render/engine"
	"gate/internal/source"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/client-go/kubernetes/scheme"
)

// What bounds how a chart is looked through under other circumstances: how often
// the files are executed once more that asked for what is open, and how many
// variants are judged that render to something else.
const (
	maxExplored = 32
	maxVariants = 12
)

// openVersions is how many minor versions above and below the one that is taken
// for the cluster's are tried, where nothing says which it is.
const openVersions = 4

// exploration looks a chart through under the circumstances that nothing fixes.
type exploration struct {
	ctx      context.Context
	prepared *prepared
	first    *engine.Result
	unit     Unit
	known    engine.Asked // that what is to come tries already
	queue    []circumstance
	tried    map[string]bool
	texts    map[[sha256.Size]byte]bool // of variants
	found    []explored
	open     []OpenBranch
}

// explored is a circumstance under which a chart renders to something else.
type explored struct {
	told  circumstance
	files map[string]string // those that are other
	on    []engine.Branch   // that go the other way
	stand []string          // stand-ins that were handed to templates
	// build makes the objects of the files; place is where a branch stands.
	build func(Unit, *Rendered) error
	place func(engine.Branch) source.Position
}

// OpenBranch is a branch of which one way is not known.
type OpenBranch struct {
	Place source.Position
	Msg   string
	Hint  string // empty: what is said of a template that asks the cluster
	// Beyond says that it was given up because it takes too much.
	Beyond bool
}

// explore tries what is open, each alone and then together, and what is asked
// only then. Nothing of the chart is parsed again.
func (p *prepared) explore(ctx context.Context, u Unit, first *engine.Result) *exploration {
	e := &exploration{
		ctx: ctx, prepared: p, first: first, unit: u, tried: map[string]bool{}, texts: map[[sha256.Size]byte]bool{},
	}
	first.Spoils = engine.Spoilt(p.values, p.fresh(circumstance{}))
	e.ask(circumstance{}, first.Asked)
	for n := 0; len(e.queue) > 0 && ctx.Err() == nil; n++ {
		next := e.queue[0]
		if e.queue = e.queue[1:]; n == maxExplored || len(e.found) == maxVariants {
			e.open = append(e.open, OpenBranch{Place: source.Position{File: path.Join(p.dir, "Chart.yaml")}, Msg: fmt.Sprintf(
				"the chart asks for more that nothing fixes than is tried: %d executions, %d variants that differ", maxExplored, maxVariants)})
			break
		}
		e.try(next)
	}
	return e
}

// ask queues what is to be tried because of what was asked: what was not asked
// before.
func (e *exploration) ask(under circumstance, asked engine.Asked) {
	var parts []circumstance
	if asked.Upgrade && !e.known.Upgrade && !under.upgrade {
		parts = append(parts, circumstance{upgrade: true})
	}
	e.known.Upgrade = e.known.Upgrade || asked.Upgrade
	if apis := e.openAPIs(asked.APIs); len(apis) > 0 {
		parts = append(parts, circumstance{apis: apis})
		if len(apis) > 1 {
			for _, name := range slices.Sorted(maps.Keys(apis)) {
				e.queue = append(e.queue, under.and(circumstance{apis: map[string]bool{name: apis[name]}}))
			}
		}
	}
	turn := engine.Turn{}
	for _, b := range asked.Branches {
		if b.Yes != b.No && !e.turned(b.Key) {
			turn[b.Key] = !b.Yes
			e.known.Branches = append(e.known.Branches, b)
		}
	}
	for _, b := range asked.Prints { // where no branch makes that it is found
		if !slices.ContainsFunc(e.known.Branches, func(other engine.Branch) bool { return other.On&b.On != 0 }) && len(e.known.Prints) == 0 {
			e.queue = append(e.queue, under.and(circumstance{turn: engine.Turn{engine.LookupFinds: true}}))
		}
		e.known.Prints = append(e.known.Prints, b)
	}
	if len(turn) > 0 {
		parts = append(parts, circumstance{turn: turn})
	}
	for _, v := range e.versions(asked) {
		e.queue = append(e.queue, under.and(circumstance{version: v}))
	}
	for _, v := range e.helms(asked) {
		e.queue = append(e.queue, under.and(circumstance{helm: v}))
	}
	together := under
	for _, part := range parts { // each alone, then all of them
		e.queue = append(e.queue, under.and(part))
		together = together.and(part)
	}
	if len(parts) > 1 {
		together.several = under.first()
		e.queue = append(e.queue, together)
	}
}

func (e *exploration) turned(key string) bool {
	return slices.ContainsFunc(e.known.Branches, func(b engine.Branch) bool { return b.Key == key })
}

// openAPIs are the asked APIs that a cluster may serve or not, with the answer
// that was not given at first. What Kubernetes itself has served in its final
// form for as long as anything here runs is there.
func (e *exploration) openAPIs(asked []string) map[string]bool {
	out := map[string]bool{}
	for _, name := range asked {
		if slices.Contains(e.known.APIs, name) {
			continue
		}
		e.known.APIs = append(e.known.APIs, name)
		served := e.prepared.capabilities.APIVersions.Has(name)
		group, rest, _ := strings.Cut(name, "/")
		version, _, _ := strings.Cut(rest, "/")
		builtin := scheme.Scheme.IsGroupRegistered(group) || slices.Contains(aggregatorAPIs, name)
		if rest == "" || builtin && (!served || !strings.ContainsAny(version, "ab")) {
			continue
		}
		out[name] = !served
	}
	return out
}

// versions are those of the cluster to be tried: of those that answer the asked
// constraints differently the nearest, and all of them where it was asked in
// another way.
func (e *exploration) versions(asked engine.Asked) []string {
	first, err := semver.NewVersion(e.prepared.capabilities.KubeVersion.Version)
	if err != nil || !asked.Version && len(asked.Versions) == 0 {
		return nil
	}
	answers := func(v *semver.Version) string {
		var out strings.Builder
		if asked.Version {
			out.WriteString(v.String())
		}
		for _, text := range asked.Versions {
			c, err := semver.NewConstraint(text)
			fmt.Fprint(&out, err == nil && c.Check(v), ";")
		}
		return out.String()
	}
	seen := map[string]bool{answers(first): true}
	var out []string
	for d := 1; d <= openVersions; d++ {
		for _, minor := range []int64{int64(first.Minor()) - int64(d), int64(first.Minor()) + int64(d)} {
			v := semver.New(first.Major(), uint64(max(minor, 0)), 0, "", "")
			name := "v" + v.String()
			if want := e.prepared.chart.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, name) || seen[answers(v)] {
				continue
			}
			seen[answers(v)] = true
			out = append(out, name)
		}
	}
	return out
}

// helms are the versions of Helm to be tried: of those that are in use the first
// that answer the asked constraints differently, and the oldest and the next major
// where it was asked in another way.
func (e *exploration) helms(asked engine.Asked) []string {
	if !asked.Helm && len(asked.Helms) == 0 {
		return nil
	}
	answers := func(v *semver.Version) string {
		var out strings.Builder
		for _, text := range asked.Helms {
			c, err := semver.NewConstraint(text)
			fmt.Fprint(&out, err == nil && c.Check(v), ";")
		}
		return out.String()
	}
	first := semver.MustParse(helmVersion)
	seen := map[string]bool{answers(first): true}
	var out []string
	add := func(major, minor uint64, all bool) {
		v := semver.New(major, minor, 0, "", "")
		if all || !seen[answers(v)] {
			seen[answers(v)] = true
			out = append(out, "v"+v.String())
		}
	}
	add(first.Major()+1, 0, asked.Helm)
	add(first.Major(), 0, asked.Helm)
	for minor := first.Minor() - 1; minor > 0; minor-- {
		add(first.Major(), minor, false)
	}
	return out
}

// try executes what asked for something that is other.
func (e *exploration) try(c circumstance) {
	key := fmt.Sprint(c.name(), slices.Sorted(maps.Keys(c.turn)))
	if c.first() || e.tried[key] {
		return
	}
	e.tried[key] = true
	res, err := e.first.Again(e.ctx, func() chartutil.Values { return e.prepared.fresh(c) }, c.change())
	if res != nil {
		e.ask(c, res.Asked)
	}
	if err != nil {
		var failed map[string]bool
		if res != nil {
			failed = res.Failed
		}
		e.failed(c, failed, err)
		var fault *engine.Error
		if res == nil || errors.As(err, &fault) && fault.Refused && res.Certain(fault.Template) {
			return // nothing of it is applied
		}
	}
	c.whole = res.Spoils
	x := explored{told: c, files: map[string]string{}, on: e.branches(c.turn), stand: res.Placeholders}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(res.Files)) {
		if text := res.Files[name]; text != e.first.Files[name] && !strings.HasSuffix(name, "NOTES.txt") {
			x.files[name] = text
			fmt.Fprintf(sum, "%q%q", name, text)
		}
	}
	if key := [sha256.Size]byte(sum.Sum(nil)); len(x.files) > 0 && !e.texts[key] {
		e.texts[key] = true
		e.found = append(e.found, x)
	}
}

// branches are those that a turn has go the other way.
func (e *exploration) branches(t engine.Turn) []engine.Branch {
	var out []engine.Branch
	if t[engine.LookupFinds] {
		out = slices.Clone(e.known.Prints)
	}
	for _, b := range e.known.Branches {
		if _, turned := t[b.Key]; turned {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b engine.Branch) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return out
}

// failed looks at what cannot be rendered: what refuses to render is not applied.
// Of several branches that were not turned before each is tried without the
// others. What fails for want of what lookup
// would find is tried with something found; where it fails all the same it is not
// known what is there, if anything is.
func (e *exploration) failed(c circumstance, failed map[string]bool, err error) {
	alone := func(turn, added engine.Turn) {
		e.queue = append(e.queue, circumstance{upgrade: c.upgrade, apis: c.apis, version: c.version, turn: turn, added: added, only: failed})
	}
	if added := c.added; len(added) > 1 {
		for _, key := range slices.Sorted(maps.Keys(added)) {
			turn := engine.Turn{key: added[key]}
			for k, way := range c.turn { // what went well without these
				if _, is := added[k]; !is {
					turn[k] = way
				}
			}
			alone(turn, engine.Turn{key: added[key]})
		}
		return
	}
	lookup := e.prepared.options.Watch.Unknown&engine.UnknownLookup != 0
	var fault *engine.Error
	refused := errors.As(err, &fault) && fault.Refused
	switch {
	case exceeds(err):
		e.open = append(e.open, OpenBranch{Place: e.prepared.templatePlace(fault), Beyond: true, Msg: fmt.Sprintf("not rendered where %s: %s", c.words(), err)})
	case len(c.turn) == 0 && lookup:
		alone(engine.Turn{engine.LookupFinds: true}, nil)
	case refused:
	case c.turn[engine.LookupFinds]:
		e.open = append(e.open, OpenBranch{Place: e.prepared.templatePlace(fault), Msg: fmt.Sprintf("what is rendered is not known, as it hangs on what lookup finds: %s", err)})
	default:
		for _, b := range e.branches(c.added) {
			if b.Guards {
				e.open = append(e.open, OpenBranch{Place: e.prepared.position(b.File, b.Line, 0), Msg: fmt.Sprintf(
					"what the branch renders that hangs on %s is not known: %s", b.On, err)})
			}
		}
	}
}

// exceeds says whether something was given up because it exceeds what a unit may:
// others would render it.
func exceeds(err error) bool {
	return errors.Is(err, engine.ErrLimit) || errors.Is(err, context.DeadlineExceeded)
}

// templatePlace is where a template fails.
func (p *prepared) templatePlace(e *engine.Error) source.Position {
	if e == nil {
		return source.Position{File: path.Join(p.dir, "Chart.yaml")}
	}
	return p.position(e.File, e.Line, e.Column)
}

// fresh are the values of the chart as Render gets them, under a circumstance.
func (p *prepared) fresh(c circumstance) chartutil.Values {
	out := chartutil.Values{}
	maps.Copy(out, p.values)
	out["Values"] = doc.Clone(p.unspoilt)
	release := map[string]any{}
	maps.Copy(release, p.values["Release"].(map[string]any))
	release["Name"], release["Namespace"], release["Service"] = p.told.Name, p.told.Namespace, "Helm"
	release["IsUpgrade"], release["IsInstall"], release["Revision"] = p.told.IsUpgrade, p.told.IsInstall, p.told.Revision
	if c.upgrade {
		release["IsUpgrade"], release["IsInstall"], release["Revision"] = true, false, 2
	}
	out["Release"], out["Capabilities"] = release, p.capabilitiesUnder(c)
	return out
}

// capabilitiesUnder are what .Capabilities answers under a circumstance.
func (p *prepared) capabilitiesUnder(c circumstance) *chartutil.Capabilities {
	caps := *p.capabilities
	if v, err := chartutil.ParseKubeVersion(c.version); c.version != "" && err == nil {
		caps.KubeVersion = *v
	}
	if c.helm != "" {
		caps.HelmVersion.Version = c.helm
	}
	if len(c.apis) > 0 {
		caps.APIVersions = slices.DeleteFunc(slices.Clone(caps.APIVersions), func(name string) bool {
			for asked, served := range c.apis {
				if !served && (name == asked || strings.HasPrefix(name, asked+"/")) {
					return true
				}
			}
			return false
		})
		for _, name := range slices.Sorted(maps.Keys(c.apis)) {
			if c.apis[name] {
				caps.APIVersions = append(caps.APIVersions, name)
			}
		}
	}
	return &caps
}

// entry says of a branch that it is not known what it renders: production needs
// to know.
func (o OpenBranch) entry(id string) facts.Entry {
	if o.Beyond {
		return facts.Entry{Kind: "branch", ID: id, State: facts.Failed, Place: o.Place, Reason: o.Msg, Hint: "name the release's circumstances under units in .gate.yaml, or exclude the unit"}
	}
	return facts.Entry{Kind: "branch", ID: id, State: facts.Skipped, Input: "cluster", Place: o.Place, Reason: o.Msg,
		Hint: cmp.Or(o.Hint, "write the template so that it renders without a cluster, or exclude the unit")}
}
