package deploy

import (
	"fmt"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// locatedSource is a source of an Application and where it stands in the object.
type locatedSource struct {
	src map[string]any
	at  source.Path
}

// operation adds what an Application syncs because it is asked to in its own
// object, beside its sources: the controller does so once, and takes the field
// away: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
func (p *planner) operation(d deployer, sources []locatedSource) (more []locatedSource) {
	sync := doc.Map(d.obj, "operation", "sync")
	if sync == nil {
		return nil
	}
	at := source.Path{"operation", "sync"}
	in := func(e ...any) source.Path { return append(at[:len(at):len(at)], e...) }
	if len(doc.List(sync, "manifests")) > 0 {
		p.fail(d, render.KindManifests, "operation/"+d.name, d.place(in("manifests")...),
			"operation.sync.manifests holds objects that are applied in the place of the source, which are not judged", "commit them as files of the source, and delete operation")
	}
	if one := doc.Map(sync, "source"); one != nil {
		more = append(more, locatedSource{one, in("source")})
	}
	for i, e := range doc.List(sync, "sources") {
		if one := doc.Map(e); one != nil {
			more = append(more, locatedSource{one, in("sources", i)})
		}
	}
	revise := func(name string, s locatedSource, at source.Path) {
		if name == "" || name == doc.Text(s.src, "targetRevision") {
			return
		}
		if rev := p.revisionOf(name); rev != nil && rev.Tree == nil && doc.Text(s.src, "chart") == "" {
			p.fail(d, render.KindManifests, "operation/"+d.name, d.place(at...),
				fmt.Sprintf("operation.sync deploys revision %q, which is not in the clone", name), "fetch it: git fetch origin REVISION, or delete operation")
			return
		}
		src := doc.Merge(s.src, map[string]any{"targetRevision": name})
		more = append(more, locatedSource{src, s.at})
	}
	if len(more) > 0 {
		sources = more
	}
	if revision := doc.Text(sync, "revision"); len(sources) == 1 {
		revise(revision, sources[0], in("revision"))
	}
	revisions := doc.List(sync, "revisions")
	for i, s := range sources {
		if i < len(revisions) {
			revise(asText(revisions[i]), s, in("revisions", i))
		}
	}
	return more
}
