package standing

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/attest"
	"gate/internal/doc"
	"gate/internal/git"
	"gate/internal/source"
)

// ReadObserved reads what controllers report: objects as the Kubernetes API gives them
// (kubectl get -o json or -o yaml), single, as a List or as documents. Of Argo CD
// Applications (https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml,
// status), of Flux Kustomizations and GitRepositories
// (https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status,
// https://fluxcd.io/flux/components/source/gitrepositories/#gitrepository-status). repository
// is that of the decision.
func ReadObserved(file string, data []byte, repository string) (*attest.Observed, error) {
	docs, err := source.ParseYAML(file, data) // JSON is YAML
	if err != nil {
		return nil, err
	}
	var objects []any
	for _, d := range docs {
		if items, isList := doc.At(d.Value, "items").([]any); isList {
			objects = append(objects, items...)
		} else {
			objects = append(objects, d.Value)
		}
	}
	r := &observation{repository: repository}
	for _, x := range objects {
		if err := r.add(x); err != nil {
			return nil, err
		}
	}
	if r.seen == 0 {
		return nil, errors.New("there is no Application of Argo CD and no Kustomization or GitRepository of Flux in it")
	}
	slices.Sort(r.Revisions)
	r.Revisions = slices.Compact(r.Revisions)
	return &r.Observed, nil
}

type observation struct {
	attest.Observed
	repository string
	seen       int
}

func (r *observation) add(x any) error {
	api, kind, name := doc.Text(x, "apiVersion"), doc.Text(x, "kind"), doc.Text(x, "metadata", "name")
	what := fmt.Sprintf("%s %s", kind, cmp.Or(strings.TrimPrefix(doc.Text(x, "metadata", "namespace")+"/"+name, "/"), "without a name"))
	group, _, _ := strings.Cut(api, "/")
	switch {
	case group == "argoproj.io" && kind == "Application":
		r.application(what, x)
	case group == "kustomize.toolkit.fluxcd.io" && kind == "Kustomization":
		r.ready(what, x)
		r.revision(what, doc.Text(x, "status", "lastAppliedRevision"))
		r.path(doc.Text(x, "spec", "path"))
	case group == "source.toolkit.fluxcd.io" && kind == "GitRepository":
		r.ready(what, x)
		r.from(what, doc.Text(x, "spec", "url"))
		r.revision(what, doc.Text(x, "status", "artifact", "revision"))
	default:
		return fmt.Errorf("%s of %q tells no revision of Git; want Application, Kustomization of Flux, or GitRepository", what, api)
	}
	r.seen++
	return nil
}

// application reads an Application: in sync, healthy, its last operation ended well, and of
// which revisions.
func (r *observation) application(what string, x any) {
	for _, want := range []struct {
		path []any
		is   string
	}{{[]any{"status", "sync", "status"}, "Synced"}, {[]any{"status", "health", "status"}, "Healthy"}} {
		r.is(what, x, want.is, want.path...)
	}
	if phase := doc.Text(x, "status", "operationState", "phase"); phase != "" && phase != "Succeeded" {
		r.Mismatches = append(r.Mismatches, fmt.Sprintf("%s: its last operation is %s", what, phase))
	}
	sources := doc.List(x, "spec", "sources")
	if len(sources) == 0 {
		sources = []any{doc.At(x, "spec", "source")}
		r.from(what, doc.Text(sources[0], "repoURL"))
		r.path(doc.Text(sources[0], "path"))
		r.revision(what, doc.Text(x, "status", "sync", "revision"))
		return
	}
	ours := false
	revisions := doc.Texts(doc.At(x, "status", "sync", "revisions"))
	for i, s := range sources {
		if doc.Text(s, "chart") != "" {
			continue // of a registry of charts
		}
		if i >= len(revisions) {
			r.Unknown = append(r.Unknown, what+" does not tell the revisions of all its sources")
			return
		}
		if strings.EqualFold(git.Identity(doc.Text(s, "repoURL")), r.repository) {
			ours = true
			r.path(doc.Text(s, "path"))
			r.revision(what, revisions[i])
		}
	}
	if !ours {
		r.Mismatches = append(r.Mismatches, fmt.Sprintf("%s: none of its sources is of repository %q", what, r.repository))
	}
}

func (r *observation) is(what string, x any, want string, path ...any) {
	switch got := doc.Text(x, path...); got {
	case want:
	case "":
		r.Unknown = append(r.Unknown, fmt.Sprintf("%s does not tell %v", what, path[1:]))
	default:
		r.Mismatches = append(r.Mismatches, fmt.Sprintf("%s is %s, want %s", what, got, want))
	}
}

// ready reads the condition Ready of the generation that stands in the object.
func (r *observation) ready(what string, x any) {
	if seen, is := fmt.Sprint(doc.At(x, "status", "observedGeneration")), fmt.Sprint(doc.At(x, "metadata", "generation")); seen != is || doc.At(x, "metadata", "generation") == nil {
		r.Unknown = append(r.Unknown, fmt.Sprintf("%s: its controller has seen generation %s, and it is of %s", what, seen, is))
		return
	}
	for _, c := range doc.List(x, "status", "conditions") {
		if doc.Text(c, "type") != "Ready" {
			continue
		}
		if status := doc.Text(c, "status"); status != "True" {
			r.Mismatches = append(r.Mismatches, fmt.Sprintf("%s is not ready: %s", what, cmp.Or(doc.Text(c, "message"), doc.Text(c, "reason"), status)))
		}
		return
	}
	r.Unknown = append(r.Unknown, what+" does not tell whether it is ready")
}

// from refuses what comes of another repository.
func (r *observation) from(what, url string) {
	if got := git.Identity(url); url == "" {
		r.Unknown = append(r.Unknown, what+" does not tell its repository")
	} else if !strings.EqualFold(got, r.repository) {
		r.Mismatches = append(r.Mismatches, fmt.Sprintf("%s is of repository %q, the decision is for %q", what, got, r.repository))
	}
}

// path takes the directory that an object applies; the root tells nothing apart.
func (r *observation) path(dir string) {
	if dir != "" && !slices.Contains(r.Paths, dir) {
		r.Paths = append(r.Paths, dir)
	}
}

var fullRevision = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:.*[@/:])?([0-9a-f]{40}|[0-9a-f]{64})$`) })

// revision takes a commit as controllers write it: alone, main@sha1:…, main/….
func (r *observation) revision(what, text string) {
	m := fullRevision().FindStringSubmatch(text)
	if m == nil {
		r.Unknown = append(r.Unknown, fmt.Sprintf("%s tells revision %q, which is no commit", what, text))
		return
	}
	r.Revisions = append(r.Revisions, m[1])
}
