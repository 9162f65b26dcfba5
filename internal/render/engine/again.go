package engine

import (
	"context"
	"fmt"
	"reflect"

	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// again is what of a render is needed to execute its templates once more.
type again struct {
	renderer *renderer
	chart    *chart.Chart
	order    []string
}

// Change is what is other in another render of the same chart.
type Change struct {
	Upgrade bool            // whether the release is upgraded
	APIs    map[string]bool // those that are served or not
	Version bool            // the version of the cluster
	Helm    bool            // the version of Helm
	Turn    Turn
	// Several says that each of them was tried alone: only files that asked for
	// more than one of them are of interest.
	Several bool
	// Only are the files that are of interest; nil: all.
	Only map[string]bool
}

// touches says whether a file asked for something that is other.
func (c Change) touches(a *fileAsked) bool {
	n := 0
	for _, asked := range []bool{
		c.Upgrade && a.upgrade, c.Version && (a.version || len(a.versions) > 0), c.Helm && (a.helm || len(a.helms) > 0), a.asksAny(c.APIs), a.hangsOn(c.Turn),
	} {
		if asked {
			n++
		}
	}
	return n > 1 || n == 1 && !c.Several
}

func (a *fileAsked) asksAny(apis map[string]bool) bool {
	for name := range apis {
		if a.apis[name] {
			return true
		}
	}
	return false
}

func (a *fileAsked) hangsOn(t Turn) bool {
	for key := range t {
		if _, ok := a.open[key]; ok || key == LookupFinds && a.looked {
			return true
		}
	}
	return false
}

// Again executes the files once more that asked for what is other now; what they
// render to stands in the result, and what they asked this time. Where templates
// change the values that others read, all files are. fresh returns the values
// that Render gets. A file that fails is left out, and its error stands beside the
// rest.
func (res *Result) Again(ctx context.Context, fresh func() chartutil.Values, what Change) (out *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("template library failed: %s", source.Panicked(p))
		}
	}()
	r := res.again.renderer
	only := map[string]bool{}
	for name, a := range res.askedBy {
		if what.touches(a) && !isNotes(name) && (what.Only == nil || what.Only[name]) {
			only[name] = true
		}
	}
	r.ctx = ctx
	if len(only) == 0 {
		return &Result{}, nil
	}
	run := func(only map[string]bool, values chartutil.Values) (*Result, error) {
		files := map[string]*file{}
		collect(res.again.chart, files, values)
		r.fresh(what.Turn)
		r.watcher.watch.Revised = what.Upgrade
		out, err := r.all(res.again.order, files, only, true)
		if out != nil {
			out.again, out.askedBy, out.Spoils = res.again, r.watcher.asked, only == nil
		}
		return out, err
	}
	if !res.Spoils {
		values := fresh()
		if out, err = run(only, values); out == nil || !Spoilt(values, fresh()) {
			return out, err
		}
	}
	return run(nil, fresh())
}

// Certain says whether a file asks for nothing that nobody knows: it fails, or
// does not, wherever the rest is the same.
func (res *Result) Certain(file string) bool {
	a := res.askedBy[file]
	return a == nil || !a.looked && len(a.open) == 0
}

// Spoilt says whether templates changed what others are given: values is what
// they got, unspoilt a copy from before.
func Spoilt(values, unspoilt chartutil.Values) bool {
	return !reflect.DeepEqual(trackable(values["Values"]), trackable(unspoilt["Values"])) || !reflect.DeepEqual(values["Release"], unspoilt["Release"])
}

// fresh forgets what was rendered before.
func (r *renderer) fresh(turn Turn) {
	r.steps, r.written, r.tplDepth = 0, 0, 0
	clear(r.includes)
	clear(r.seeds.calls)
	r.gaps = newGaps()
	if r.watcher != nil {
		r.watcher.asked = map[string]*fileAsked{}
		r.watcher.turns(turn)
	}
}
