package assess

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/assess/kyverno"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The enforcement of a policy, as it stands in Values of an assessment: the
// strictest of what its bindings ask for.
const (
	enforceDeny  = "deny"
	enforceWarn  = "warn"
	enforceAudit = "audit"
)

// Admission asks the admission policies among the subjects whether they would
// let every object in, as if it were created: ValidatingAdmissionPolicies with
// their bindings and params, Gatekeeper's ConstraintTemplates with their
// constraints, Kyverno's policies with their exceptions. A policy holds
// for the objects of its environment and target, one without an environment
// for all. The pods that a workload creates are judged beside the workload,
// because the same policies reject them later.
//
// What cannot be known without the cluster (labels of a namespace that the
// tree does not declare, params outside of the tree, the authorizer, external
// data), what cannot be evaluated and what costs too much has the outcome
// unknown, once for each policy and cause. Control is "<kind>/<name>" of the
// policy. The ledger has one entry for each policy, and a failed one for the
// objects on which a policy that denies was not evaluated.
//
// Without a policy among the subjects nothing is done.
func Admission(ctx context.Context, subjects []Object, o Options) ([]facts.Assessment, []facts.Entry) {
	a := &admission{subjects: subjects, options: o, entries: map[string]*facts.Entry{}, unknowns: map[string]bool{}, gaps: map[gap]*lacking{}}
	policies := slices.Concat(a.validatingPolicies(), a.constraints(), a.kyvernoPolicies(), a.clusterPolicies())
	if len(policies) > 0 {
		a.prepare()
		for _, p := range policies {
			a.review(ctx, p)
		}
	}
	a.others()
	ledger := a.tell()
	for _, id := range slices.Sorted(maps.Keys(a.entries)) {
		ledger = append(ledger, *a.entries[id])
	}
	slices.SortStableFunc(ledger, func(a, b facts.Entry) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Reason, b.Reason)) })
	return number(a.found), ledger
}

// judge is one policy as one binding or constraint enforces it.
type judge interface {
	// policy is the object that findings about the policy itself belong to.
	policy() *Object
	// control names the policy.
	control() string
	// enforcement is what becomes of an object that the policy rejects.
	enforcement(*admission, *request) string
	// spending is what the policy has cost; nil if its engine has bounds of its own.
	spending() *meter
	// matches says whether the policy judges a request.
	matches(*admission, *request) match
	// judge returns what the policy has against a request it matches.
	judge(context.Context, *admission, *request) []objection
}

// match is an answer, with the reason if it is not known.
type match struct {
	yes     bool
	unknown string
	path    source.Path // in the policy, of what cannot be known
	hint    string      // what would make it known
}

// objection is one reason why a policy rejects an object.
type objection struct {
	path    source.Path // in the object; nil: the object
	msg     string
	enforce string
	unknown string      // why it is not known to be one
	at      source.Path // in the policy, of what cannot be known or evaluated
	hint    string      // what would make it known
	settled bool        // what is not known changes nothing where things are as they are installed
	told    bool        // a finding about the policy says so already
}

// admission is one run.
type admission struct {
	subjects   []Object
	options    Options
	namespaces []*Object
	defs       definitions
	requests   []*request
	found      []facts.Assessment
	entries    map[string]*facts.Entry
	unknowns   map[string]bool
	gaps       map[gap]*lacking
	order      []gap
	mutators   []mutator
	bySubject  map[*Object][]*request
	configMaps map[[2]string][]*Object // by namespace and name, once asked for
}

// request is one object on its way into the cluster.
type request struct {
	s          *Object
	gvk        schema.GroupVersionKind
	resource   schema.GroupVersionResource
	namespaced bool
	namespace  string
	name       string
	labels     map[string]string
	// at is the path in the subject: of the pod template for a pod that a
	// workload creates, else empty.
	at  source.Path
	pod bool // created by a workload

	manifest map[string]any
	formed   map[string]any
	formErr  error
	kyverno  *kyverno.Request // made when a policy of Kyverno needs it
}

// form returns the object as the API server hands it to admission.
func (r *request) form() (map[string]any, error) {
	if r.formed == nil && r.formErr == nil {
		s := *r.s
		s.APIVersion, s.Group, s.Kind = r.gvk.GroupVersion().String(), r.gvk.Group, r.gvk.Kind
		r.formed, r.formErr = apiForm(&s, r.manifest)
	}
	return r.formed, r.formErr
}

// prepare makes the requests; it is only called if there are policies.
func (a *admission) prepare() {
	a.defs = definitionsOf(a.subjects)
	a.bySubject = map[*Object][]*request{}
	defer func() {
		for _, r := range a.requests {
			a.bySubject[r.s] = append(a.bySubject[r.s], r)
		}
	}()
	for i := range a.subjects {
		s := &a.subjects[i]
		if s.Kind == "Namespace" && s.Group == "" {
			a.namespaces = append(a.namespaces, s)
		}
		r := &request{s: s, gvk: gvkOf(s), name: s.Name, namespace: s.Namespace, namespaced: !s.Cluster, manifest: s.Raw, labels: doc.Labels(s.Raw)}
		r.resource, _ = meta.UnsafeGuessKindToResource(r.gvk)
		if d := a.defs.find(s); len(d) > 0 {
			r.namespaced = !d[0].cluster
			if d[0].plural != "" {
				r.resource.Resource = d[0].plural
			}
		}
		a.requests = append(a.requests, r)
		if r.gvk.Kind == "Pod" && r.gvk.Group == "" {
			continue
		}
		for _, at := range s.PodTemplates {
			if p := podOf(s, at); p != nil {
				a.requests = append(a.requests, p)
			}
		}
	}
}

// podOf is the pod that a controller makes from a template.
func podOf(s *Object, at source.Path) *request {
	t := doc.Map(s.Raw, at...)
	if t == nil {
		return nil
	}
	meta := map[string]any{"generateName": s.Name + "-", "namespace": s.Namespace, "ownerReferences": []any{ownerOf(s)}}
	for _, k := range []string{"labels", "annotations"} {
		if v := doc.At(t, "metadata", k); v != nil {
			meta[k] = v
		}
	}
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": t["spec"]}
	return &request{
		s: s, at: at, pod: true, gvk: schema.GroupVersionKind{Version: "v1", Kind: "Pod"},
		resource:   schema.GroupVersionResource{Version: "v1", Resource: "pods"},
		namespaced: true, namespace: s.Namespace, manifest: pod, labels: doc.Labels(pod),
	}
}

// ownerOf is the reference to the controller that makes the pods of a workload.
func ownerOf(s *Object) map[string]any {
	version, kind := s.APIVersion, s.Kind
	switch s.Group + "/" + s.Kind {
	case "apps/Deployment":
		version, kind = "apps/v1", "ReplicaSet"
	case "batch/CronJob":
		version, kind = "batch/v1", "Job"
	}
	return map[string]any{"apiVersion": version, "kind": kind, "name": s.Name, "uid": "", "controller": true, "blockOwnerDeletion": true}
}

// holdsFor says whether what stands in one scope of the tree is there for an
// object of another one.
func holdsFor(policy, object facts.Scope) bool {
	return (policy.Environment == "" || policy.Environment == object.Environment) &&
		(policy.Target == "" || object.Target == "" || policy.Target == object.Target)
}

func (a *admission) review(ctx context.Context, j judge) {
	p := j.policy()
	entry := a.entry(p, facts.Evaluated, "")
	for _, r := range a.requests {
		if !holdsFor(p.Scope, r.s.Scope) || r.s.ID == p.ID {
			continue
		}
		m := j.matches(a, r)
		if m.unknown == "" && !m.yes {
			continue
		}
		if ctx.Err() != nil { // nothing more is asked of this policy
			a.object(j, r, objection{unknown: "the run ended before it was", enforce: j.enforcement(a, r)})
			return
		}
		found := a.ask(ctx, j, r, m)
		if !slices.ContainsFunc(found, func(o objection) bool { return o.unknown != "" && !o.settled }) {
			entry.Count++
		}
		for _, o := range found {
			a.object(j, r, o)
		}
	}
}

// ask returns what a policy has against a request that it may judge. Whether it
// does matters only where it has something.
func (a *admission) ask(ctx context.Context, j judge, r *request, m match) []objection {
	if over := j.spending().over(len(a.requests)); over != "" {
		return []objection{{unknown: over, enforce: j.enforcement(a, r)}}
	}
	found := j.judge(ctx, a, r)
	if m.unknown == "" || !slices.ContainsFunc(found, func(o objection) bool { return !o.settled }) {
		return found
	}
	return []objection{{unknown: m.unknown, at: m.path, hint: m.hint, enforce: j.enforcement(a, r)}}
}

// object writes an objection down.
func (a *admission) object(j judge, r *request, o objection) {
	if o.unknown != "" {
		if !o.told {
			a.unknown(j.policy(), j.control(), o.at, o.unknown)
		}
		a.unjudged(j, r, o)
		return
	}
	what := r.s.titled()
	if r.pod {
		what = "the pod of " + what
	}
	if r.gvk.Kind == "Secret" && r.gvk.Group == "" {
		o.msg = "is rejected" // the message may be made of the value
	}
	x := r.s.assessment(JudgeAdmission, j.control(), Fail, join(r.at, o.path...), fmt.Sprintf("%s: %s %q: %s", what, kindOf(j), nameOf(j), o.msg))
	x.Values = []string{o.enforce}
	a.found = append(a.found, x)
}

func kindOf(j judge) string { kind, _, _ := strings.Cut(j.control(), "/"); return kind }
func nameOf(j judge) string { _, name, _ := strings.Cut(j.control(), "/"); return name }

// unknown writes down once what cannot be known about a policy.
func (a *admission) unknown(p *Object, control string, path source.Path, why string) {
	key := p.ID + "\x00" + control + "\x00" + path.String() + "\x00" + why
	if a.unknowns[key] {
		return
	}
	a.unknowns[key] = true
	a.found = append(a.found, p.assessment(JudgeAdmission, control, Unknown, path, p.titled()+": "+why))
}

func (a *admission) entry(p *Object, state facts.State, reason string) *facts.Entry {
	if a.entries[p.ID] == nil {
		a.entries[p.ID] = &facts.Entry{Kind: "admission", ID: p.ID, State: state, Reason: reason}
	}
	return a.entries[p.ID]
}

// others are policies of engines that are not evaluated here.
func (a *admission) others() {
	for i := range a.subjects {
		s := &a.subjects[i]
		switch {
		case (s.Group == "kyverno.io" || s.Group == "policies.kyverno.io") && strings.HasSuffix(s.Kind, "Policy"):
		case s.Group == "admissionregistration.k8s.io" && slices.Contains([]string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}, s.Kind):
		case s.Group == "admissionregistration.k8s.io" && s.Kind == "MutatingAdmissionPolicy":
		default:
			continue
		}
		a.entry(s, facts.NotApplicable, "policies of this kind are not evaluated")
	}
}
