// Package assess asks the judges of Kubernetes that exist only as Go
// libraries: the Pod Security Standards, the types and schemas of the API, its
// lifecycle, and the admission policies that the tree itself holds. Each
// outcome is a facts.Assessment at a path of an object; rules turn them into
// findings.
//
// What a judge cannot decide without a cluster has the outcome "unknown": it
// is never left out.
package assess

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gate/internal/facts"
	"gate/internal/source"
)

// Judges, as they stand in facts.Assessment.
const (
	JudgePodSecurity = "pod-security"
	JudgeSchema      = "schema"
	JudgeLifecycle   = "lifecycle"
	JudgeAdmission   = "admission"
)

// Outcomes, as they stand in facts.Assessment.
const (
	Pass    = "pass"
	Fail    = "fail"
	Unknown = "unknown"
)

// Object is one object with what judges need beside its facts.
type Object struct {
	facts.Object
	// Raw is the manifest before redaction: a judge of types must see a secret
	// as what it is. No message repeats its values.
	Raw map[string]any
	// KubeVersion is that of the cluster, such as "v1.33.0". What cannot be
	// read as a version counts as the newest one.
	KubeVersion string
	// ClusterVersion is that version as far as somebody fixed it, else empty.
	ClusterVersion string
	// Cluster says that the kind has no namespace. Definitions of the tree are
	// looked up here.
	Cluster bool
	// PodTemplates are the paths of the pod templates in the object.
	PodTemplates []source.Path
	// Container returns the id of the container of that name, or "" if none or
	// more than one has it. Nil is a function that knows none.
	Container func(name string) string
}

// assessment is an outcome at a path of the object; ids are given by collect.
func (s *Object) assessment(judge, control, outcome string, path source.Path, message string) facts.Assessment {
	return facts.Assessment{
		Subject: facts.Subject{Scope: s.Scope},
		Judge:   judge, Control: control, Of: s.ID, Path: pathOrEmpty(path), Outcome: outcome, Message: message,
		Kind: s.Kind, Namespace: s.Namespace, Name: s.Name, Values: []string{},
	}
}

func pathOrEmpty(p source.Path) []any {
	if p == nil {
		return []any{}
	}
	return []any(p)
}

// titled names an object in a message: deployment "shop/web".
func (s *Object) titled() string {
	name := s.Name
	if s.Namespace != "" {
		name = s.Namespace + "/" + name
	}
	return fmt.Sprintf("%s %q", strings.ToLower(s.Kind), name)
}

// number sorts assessments and gives them their ids: judge, control, subject
// and path, with an ordinal where these are equal.
func number(list []facts.Assessment) []facts.Assessment {
	slices.SortFunc(list, func(a, b facts.Assessment) int {
		return cmp.Or(cmp.Compare(a.Judge, b.Judge), cmp.Compare(a.Control, b.Control), cmp.Compare(a.Of, b.Of),
			cmp.Compare(source.Path(a.Path).String(), source.Path(b.Path).String()), cmp.Compare(a.Message, b.Message))
	})
	list = slices.CompactFunc(list, func(a, b facts.Assessment) bool {
		return a.Judge == b.Judge && a.Control == b.Control && a.Of == b.Of && a.Outcome == b.Outcome && a.Message == b.Message &&
			slices.Equal(a.Path, b.Path)
	})
	seen := map[string]int{}
	for i, a := range list {
		id := fmt.Sprintf("assessment:%s:%s:%s:%s", a.Judge, a.Control, a.Of, source.Path(a.Path).String())
		if seen[id]++; seen[id] > 1 {
			id = fmt.Sprintf("%s~%d", id, seen[id])
		}
		list[i].ID = id
	}
	return list
}

// version is a minor version of Kubernetes.
type version struct{ major, minor int }

// newest stands for every version that is not known here.
var newest = version{1, 1 << 20}

var versionForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^v?(\d{1,3})\.(\d{1,4})(?:[.+\-].*)?$`) })

// parseVersion reads "v1.33.0", "1.33" or "v1.29.4-gke.100".
func parseVersion(s string) version {
	m := versionForm().FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return newest
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}
}

func (v version) before(o version) bool {
	return v.major < o.major || v.major == o.major && v.minor < o.minor
}

func (v version) String() string {
	if v == newest {
		return "the newest version"
	}
	return fmt.Sprintf("%d.%d", v.major, v.minor)
}

// join returns a path of its own that continues p.
func join(p source.Path, more ...any) source.Path {
	return append(append(make(source.Path, 0, len(p)+len(more)), p...), more...)
}

// guarded turns a panic of a library on hostile input into an error.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("library failed: %s", source.Panicked(p))
		}
	}()
	return do()
}

// Passed says which units a judge had nothing against: one assessment for each
// unit with an object that it judged and no other outcome among found. So a
// rule about a judge is seen to be evaluated where all is well.
func Passed(judge string, subjects []Object, found []facts.Assessment) []facts.Assessment {
	objected := map[string]bool{}
	for _, a := range found {
		unit, _, _ := strings.Cut(a.Of, "#")
		objected[unit] = true
	}
	count := map[string]int{}
	scopes := map[string]facts.Scope{}
	for _, s := range subjects {
		if unit, _, _ := strings.Cut(s.Unit, "#"); objected[unit] || judge == JudgePodSecurity && len(s.PodTemplates) == 0 {
			continue
		}
		if count[s.Unit]++; count[s.Unit] == 1 {
			scopes[s.Unit] = facts.Scope{Environment: s.Environment, Class: s.Class, Target: s.Target}
		}
	}
	var out []facts.Assessment
	for _, unit := range slices.Sorted(maps.Keys(count)) {
		out = append(out, facts.Assessment{
			Subject: facts.Subject{Scope: scopes[unit]}, Judge: judge, Control: "unit", Of: unit, Path: []any{}, Outcome: Pass,
			Message: fmt.Sprintf("%d objects are judged, nothing is found", count[unit]), Values: []string{},
		})
	}
	return number(out)
}
