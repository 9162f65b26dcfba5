package engine

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Branch is a place in a template where it hangs on something that nobody knows
// which way is taken.
type Branch struct {
	Key  string // of the place; the same in every render of the chart
	File string // template path, as in Result.Files; "" in the text of a value
	Line int
	On   Unknown
	// Yes and No say which ways were taken.
	Yes, No bool
	// Guards says that keys of an object stand behind it.
	Guards bool
}

// Asked is what templates asked of what is open.
type Asked struct {
	Upgrade  bool     // whether a release is installed or upgraded
	APIs     []string // which of these are served
	Versions []string // whether the cluster's fits these constraints
	Version  bool     // what it is, in another way
	Helms    []string // whether the version of Helm fits these constraints
	Helm     bool     // what that is, in another way
	Branches []Branch // that hang on what nobody knows, sorted by Key
	Prints   []Branch // places that write down what is outside of the chart, likewise
}

// Nothing says whether nothing was asked.
func (a Asked) Nothing() bool {
	return !a.Upgrade && !a.Version && !a.Helm && len(a.APIs)+len(a.Versions)+len(a.Helms)+len(a.Branches)+len(a.Prints) == 0
}

// Watch says what of the circumstances of a render is open, so that it is
// watched who asks for it.
type Watch struct {
	Upgrade bool
	APIs    bool
	// Version is what .Capabilities.KubeVersion.Version says; empty: it is fixed.
	Version string
	// Helm is the same of .Capabilities.HelmVersion.Version.
	Helm    string
	Unknown Unknown
	// Revised says that the revision of the release is unknown: it is upgraded.
	Revised bool
}

// Turn says of branches that hang on something unknown, by their keys, which way
// they go. Others go as they would.
type Turn map[string]bool

// LookupFinds is no branch: with it, lookup finds something, so that what fails
// for want of that is rendered.
const LookupFinds = ""

// The functions inside rewritten templates that tell what is asked.
const (
	noteFunc   = "__note"   // what, value: hands the value on
	branchFunc = "__branch" // key, value: the value, or what makes the branch go the other way
	rootFunc   = "__root"   // value: tells whether it is what a template sees as a whole
	printFunc  = "__print"  // key, value: hands on what is written down
)

// What is noted.
const (
	noteUpgrade = "upgrade"
	noteAPI     = "api"
	noteVersion = "version"
	noteRelease = "release" // all of it
	noteCluster = "cluster" // all of .Capabilities
	noteAPIs    = "apis"    // the list of what is served
)

// watcher is what is watched of one parsed chart, and what was asked so far.
type watcher struct {
	renderer *renderer
	watch    Watch
	flow     *flow
	texts    map[string]string // of the files, to count lines
	branches map[string]*branch
	apis     map[string]bool // that the chart names

	turn  Turn
	finds bool // lookup finds something, getHostByName resolves
	asked map[string]*fileAsked
}

type branch struct {
	Branch
	kind branchKind
}

// branchKind says what stands in the place of a value that has to be there.
type branchKind int

const (
	condition branchKind = iota
	dotted               // of with
	ranged
	printed // none: what stands there is written down
)

// fileAsked is what was asked while a file was rendered.
type fileAsked struct {
	upgrade, version, helm bool
	looked                 bool // lookup was called
	apis, versions, helms  map[string]bool
	open, prints           map[string]Branch
}

func newWatcher(r *renderer, w Watch) *watcher {
	return &watcher{
		renderer: r, watch: w, flow: newFlow(w.flowing()), texts: map[string]string{}, branches: map[string]*branch{}, apis: map[string]bool{},
		asked: map[string]*fileAsked{},
	}
}

// flowing is what is followed through the templates.
func (w Watch) flowing() Unknown {
	u := w.Unknown
	if w.Version != "" {
		u |= askedVersion
	}
	if w.Helm != "" {
		u |= askedHelm
	}
	return u
}

// current is what the file asked that is rendered.
func (w *watcher) current() *fileAsked {
	a := w.asked[w.renderer.current]
	if a == nil {
		a = &fileAsked{apis: map[string]bool{}, versions: map[string]bool{}, helms: map[string]bool{}, open: map[string]Branch{}, prints: map[string]Branch{}}
		w.asked[w.renderer.current] = a
	}
	return a
}

func (w *watcher) functions(semverCompare func(string, string) (bool, error)) template.FuncMap {
	return template.FuncMap{
		noteFunc: func(what string, v any) any {
			w.note(what, v)
			return v
		},
		rootFunc: func(v any) any {
			m, _ := v.(map[string]any)
			if _, whole := m["Capabilities"].(*chartutil.Capabilities); whole {
				w.note(noteRelease, nil)
				w.note(noteCluster, nil)
			}
			return v
		},
		branchFunc: w.branch,
		printFunc: func(key string, v any) any {
			if b := w.branches[key]; b != nil {
				w.current().prints[key] = b.Branch
			}
			return v
		},
		"semverCompare": func(constraint, version string) (bool, error) {
			if w.watch.Version != "" && sameVersion(version, w.watch.Version) {
				w.current().versions[constraint] = true
			}
			if w.watch.Helm != "" && sameVersion(version, w.watch.Helm) {
				w.current().helms[constraint] = true
			}
			return semverCompare(constraint, version)
		},
	}
}

// sameVersion says whether a text is the version of the cluster or of Helm,
// whatever was taken off it.
func sameVersion(text, version string) bool {
	a, err := semver.NewVersion(text)
	if err != nil {
		return false
	}
	b, err := semver.NewVersion(version)
	return err == nil && a.Major() == b.Major() && a.Minor() == b.Minor()
}

// maxAsked bounds the APIs of one file that are told.
const maxAsked = 64

func (w *watcher) note(what string, v any) {
	a := w.current()
	switch what {
	case noteUpgrade, noteRelease:
		a.upgrade = a.upgrade || w.watch.Upgrade
	case noteAPI:
		if name, ok := v.(string); ok && w.watch.APIs && len(a.apis) < maxAsked {
			a.apis[stripMarks(name)] = true
		}
	case noteVersion:
		a.version = a.version || w.watch.Version != ""
	case noteCluster, noteAPIs:
		if w.watch.APIs {
			for name := range w.apis {
				if len(a.apis) < maxAsked {
					a.apis[name] = true
				}
			}
		}
		a.version = a.version || what == noteCluster && w.watch.Version != ""
		a.helm = a.helm || what == noteCluster && w.watch.Helm != ""
	}
}

// branch hands on the value that a branch hangs on, turned if that is asked for.
func (w *watcher) branch(key string, v any) any {
	b := w.branches[key]
	if b == nil {
		return v
	}
	truth, ok := template.IsTrue(v)
	if !ok {
		return v
	}
	a := w.current()
	if b.On&askedVersion != 0 {
		a.version = true
	}
	a.helm = a.helm || b.On&askedHelm != 0
	on := b.On &^ asked
	if !w.watch.Revised {
		on &^= UnknownRevision
	}
	if on == 0 {
		return v
	}
	taken := a.open[key]
	if taken.Key == "" {
		taken = b.Branch
		taken.On = on
	}
	want, turned := w.turn[key]
	if !turned || want == truth {
		want, turned = truth, false
	}
	taken.Yes, taken.No = taken.Yes || want, taken.No || !want
	a.open[key] = taken
	if !turned {
		return v
	}
	return b.instead(want, w.renderer.found)
}

// instead is a value that makes a branch go the one way or the other.
func (b *branch) instead(truth bool, found func() map[string]any) any {
	switch {
	case b.kind == condition:
		return truth
	case b.kind == ranged && truth:
		return []any{found()}
	case b.kind == ranged:
		return []any{}
	case truth && b.On&^asked == UnknownHost:
		return someHost
	case truth:
		return found()
	}
	return map[string]any{}
}

// isNotes says whether a file is told to people, and applied by nobody.
func isNotes(name string) bool { return path.Base(name) == "NOTES.txt" }

// questions joins what files asked.
func (w *watcher) questions() Asked {
	var out Asked
	apis, versions, helms, open, prints := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]Branch{}, map[string]Branch{}
	for name, a := range w.asked {
		if isNotes(name) {
			continue
		}
		out.Upgrade, out.Version, out.Helm = out.Upgrade || a.upgrade, out.Version || a.version, out.Helm || a.helm
		maps.Copy(apis, a.apis)
		maps.Copy(versions, a.versions)
		maps.Copy(helms, a.helms)
		maps.Copy(prints, a.prints)
		for key, b := range a.open {
			b.Yes, b.No = b.Yes || open[key].Yes, b.No || open[key].No
			open[key] = b
		}
	}
	out.APIs, out.Versions = slices.Sorted(maps.Keys(apis)), slices.Sorted(maps.Keys(versions))
	out.Helms = slices.Sorted(maps.Keys(helms))
	for _, key := range slices.Sorted(maps.Keys(open)) {
		out.Branches = append(out.Branches, open[key])
	}
	for _, key := range slices.Sorted(maps.Keys(prints)) {
		out.Prints = append(out.Prints, prints[key])
	}
	return out
}

// prepare follows what is unknown through the templates of the chart and puts
// the watching functions into them.
func (w *watcher) prepare() {
	trees := map[string]*parse.Tree{}
	for _, t := range w.renderer.root.Templates() {
		if t.Tree != nil && t.Root != nil {
			trees[t.Name()] = t.Tree
		}
	}
	names := slices.Sorted(maps.Keys(trees))
	if w.flow.open != 0 {
		for _, name := range names {
			w.flow.add(trees[name])
		}
		w.flow.settle()
	}
	for _, name := range names {
		literalOf(trees[name].Root, func(s string) {
			if isAPI(s) && len(w.apis) < maxAsked {
				w.apis[s] = true
			}
		})
		w.rewrite(trees[name])
	}
}

// turns sets which way branches go. What lookup finds counts where one of them
// hangs on that.
func (w *watcher) turns(t Turn) {
	w.turn, w.finds = t, false
	for key := range t {
		b := w.branches[key]
		w.finds = w.finds || w.watch.Unknown&outside != 0 && (b == nil || b.On&outside != 0)
	}
}

// text follows what is unknown through a text that a value holds, when it is
// about to be executed.
func (w *watcher) text(trees []*parse.Tree) {
	for range 2 {
		for _, t := range trees {
			w.flow.list(t.Name, t.Root, w.flow.dots[t.Name])
		}
	}
	for _, t := range trees {
		w.rewrite(t)
	}
}

// isAPI says whether a text can be the name of an API: group/version, or
// group/version/kind.
func isAPI(s string) bool {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || strings.ContainsAny(s, " \n%{") {
		return false
	}
	v := parts[1]
	return len(v) > 1 && v[0] == 'v' && v[1] >= '0' && v[1] <= '9'
}

// at names the place of a branch; p is its offset in the text.
func (w *watcher) at(t *parse.Tree, p parse.Pos, kind branchKind, on Unknown, guards bool) string {
	key := fmt.Sprintf("%s:%d:%d", t.ParseName, p, kind)
	if w.branches[key] == nil {
		b := &branch{Branch: Branch{Key: key, On: on, Guards: guards}, kind: kind}
		if text, ok := w.texts[t.ParseName]; ok {
			b.File, b.Line = t.ParseName, 1+strings.Count(text[:min(int(p), len(text))], "\n")
		} else {
			b.File = w.renderer.current
		}
		w.branches[key] = b
	}
	return key
}
