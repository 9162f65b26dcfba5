package engine

import (
	"context"
	"fmt"
	"reflect"

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
	Turn    Turn
}

// touches says whether a file asked for something that is other.
func (c Change) touches(a *fileAsked) bool {
	if c.Upgrade && a.upgrade || c.Version && (a.version || len(a.versions) > 0) {
		return true
	}
	for name := range c.APIs {
		if a.apis[name] {
			return true
		}
	}
	for key := range c.Turn {
		if _, ok := a.open[key]; ok {
			return true
		}
	}
	return false
}

// Again executes the files once more that asked for what is other now; what they
// render to stands in the result, and what they asked this time. Where templates
// change the values that others read, all files are. fresh returns the values
// that Render gets. An error of a template stands beside a result that says what
// was asked until then.
func (res *Result) Again(ctx context.Context, fresh func() chartutil.Values, what Change) (out *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("template library failed: %v", p)
		}
	}()
	r := res.again.renderer
	only := map[string]bool{}
	for name, a := range res.askedBy {
		if what.touches(a) && !isNotes(name) {
			only[name] = true
		}
	}
	r.ctx = ctx
	run := func(only map[string]bool, values chartutil.Values) (*Result, error) {
		files := map[string]*file{}
		collect(res.again.chart, files, values)
		r.fresh(what.Turn)
		r.watcher.watch.Revised = what.Upgrade
		out, err := r.all(res.again.order, files, only)
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

// Spoilt says whether templates changed what others are given: values is what
// they got, unspoilt a copy from before.
func Spoilt(values, unspoilt chartutil.Values) bool {
	return !reflect.DeepEqual(values["Values"], unspoilt["Values"]) || !reflect.DeepEqual(values["Release"], unspoilt["Release"])
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
