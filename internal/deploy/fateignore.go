package deploy

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/manifest"
	"gate/internal/transition"

	"k8s.io/apimachinery/pkg/labels"
)

// ignoreRules are the fields that a controller leaves as they are in the
// cluster.
type ignoreRules struct {
	pointers []string // https://datatracker.ietf.org/doc/html/rfc6901
	jq       []string // path expressions
	managers []string // owners of fields, which only the cluster knows
}

// argoIgnores are the ignoreDifferences of an Application for an object. Group
// and kind are globs, and a group that is not named is the core's:
// https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/#application-level-configuration
func argoIgnores(app, object map[string]any) ignoreRules {
	var out ignoreRules
	group, kind, _ := strings.Cut(manifest.GroupKind(object), "/")
	for _, rule := range doc.List(app, "spec", "ignoreDifferences") {
		if globbed(doc.Text(rule, "group"), group) && globbed(doc.Text(rule, "kind"), kind) &&
			anyOr(doc.Text(rule, "name"), doc.Text(object, "metadata", "name")) &&
			anyOr(doc.Text(rule, "namespace"), namespaceIn(object, app)) {
			out.add(rule)
		}
	}
	return out
}

// namespaceIn is the namespace that an object has in the cluster: its own, or
// the one that the Application sends it to.
func namespaceIn(object, app map[string]any) string {
	if ns := doc.Text(object, "metadata", "namespace"); ns != "" {
		return ns
	}
	return doc.Text(app, "spec", "destination", "namespace")
}

// setIgnores are the ignoreApplicationDifferences of an ApplicationSet for an
// Application that it makes:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/#ignore-certain-changes-to-applications
func setIgnores(set, app map[string]any) ignoreRules {
	var out ignoreRules
	for _, rule := range doc.List(set, "spec", "ignoreApplicationDifferences") {
		if anyOr(doc.Text(rule, "name"), doc.Text(app, "metadata", "name")) {
			out.add(rule)
		}
	}
	return out
}

// fluxIgnores are the fields of an object that a Kustomization leaves as they
// are, where the object is there:
// https://fluxcd.io/flux/components/kustomize/kustomizations/#ignore-rules
func fluxIgnores(k, object map[string]any) ignoreRules {
	var out ignoreRules
	for _, rule := range doc.List(k, "spec", "ignore") {
		if target := doc.Map(rule, "target"); target == nil || fluxSelects(target, object) {
			out.pointers = append(out.pointers, doc.Texts(rule, "paths")...)
		}
	}
	return out
}

// fluxSelects says whether a selector of Flux means an object: by regular
// expressions for the whole of each text, and by labels and annotations.
func fluxSelects(target, object map[string]any) bool {
	group, kind, _ := strings.Cut(manifest.GroupKind(object), "/")
	version := doc.Text(object, "apiVersion")
	for key, text := range map[string]string{
		"group": group, "version": version[strings.LastIndexByte(version, '/')+1:], "kind": kind,
		"name": doc.Text(object, "metadata", "name"), "namespace": doc.Text(object, "metadata", "namespace"),
	} {
		if pattern := doc.Text(target, key); pattern != "" {
			if re, err := regexp.Compile("^(?:" + pattern + ")$"); err != nil || !re.MatchString(text) {
				return false
			}
		}
	}
	for key, set := range map[string]map[string]string{"labelSelector": doc.Labels(object), "annotationSelector": doc.Annotations(object)} {
		if selector, err := labels.Parse(doc.Text(target, key)); err != nil || !selector.Matches(labels.Set(set)) {
			return false
		}
	}
	return true
}

func (r *ignoreRules) add(rule any) {
	r.pointers = append(r.pointers, doc.Texts(rule, "jsonPointers")...)
	r.jq = append(r.jq, doc.Texts(rule, "jqPathExpressions")...)
	r.managers = append(r.managers, doc.Texts(rule, "managedFieldsManagers")...)
}

func anyOr(want, is string) bool { return want == "" || want == is }

// respecting is the fate of an update whose Application may ignore some of it.
// It does so when it compares; when it syncs, only if it is told to:
// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-differences-configs
func (in FateInput) respecting(app map[string]any) Fate {
	rules := argoIgnores(app, in.After)
	if slices.Contains(doc.Texts(app, "spec", "syncPolicy", "syncOptions"), "RespectIgnoreDifferences=true") {
		return in.ignoring(named(app), rules)
	}
	if gone, rest, _ := in.ignored(rules); len(gone) > 0 && len(rest) == 0 {
		return applied("%s ignores %s when it compares and not when it syncs: the next sync applies it", named(app), list(gone))
	}
	return applied("")
}

// ignoring is the fate of an update of which some paths are left as they are in
// the cluster.
func (in FateInput) ignoring(who string, rules ignoreRules) Fate {
	gone, rest, open := in.ignored(rules)
	switch {
	case len(gone) > 0 && len(rest) == 0:
		return notApplied("%s ignores %s", who, list(gone))
	case len(open) > 0:
		return undecided("whether %s ignores %s cannot be told from %s", who, list(rest), list(open))
	case len(gone) > 0:
		f := applied("but for %s, which %s ignores", list(gone), who)
		f.partly = true
		return f
	}
	return applied("")
}

// ignored parts the changed paths of an update into those that rules take away
// from both manifests, as the controller does with what it wants and what is
// there, and the others. Open are the rules of which cannot be told what they
// take away.
func (in FateInput) ignored(rules ignoreRules) (gone, rest, open []string) {
	before, after := doc.Clone(in.Before), doc.Clone(in.After)
	for _, p := range rules.pointers {
		before, after = removed(before, pointer(p)), removed(after, pointer(p))
	}
	for _, text := range rules.jq {
		path, err := parseJQPath(text)
		b, err1 := plain(before)
		a, err2 := plain(after)
		if errors.Join(err, err1, err2) != nil {
			open = append(open, strconv.Quote(text))
			continue
		}
		before, after = path.deleted(b), path.deleted(a)
	}
	for _, m := range rules.managers {
		open = append(open, "the fields of manager "+strconv.Quote(m))
	}
	differences := transition.Diff(transition.Same(in.Before), transition.Same(in.After))
	left := map[string]bool{}
	for _, d := range transition.Diff(transition.Same(doc.Map(before)), transition.Same(doc.Map(after))) {
		left[d.Path] = !hollow(d.Before) || !hollow(d.After)
	}
	known := map[string]bool{}
	for _, d := range differences {
		known[d.Path] = true
		if left[d.Path] || hollow(d.Before) && hollow(d.After) {
			rest = append(rest, d.Path)
		} else {
			gone = append(gone, d.Path)
		}
	}
	for _, p := range in.Paths { // what the manifests do not show, such as a secret
		if !known[p] {
			rest = append(rest, p)
		}
	}
	return gone, rest, open
}

// hollow says whether a value is what stays of a map or list from which the
// last element is taken.
func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// pointer is a JSON pointer as a path; an index is text still.
func pointer(p string) []string {
	steps := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, s := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
	}
	return steps
}

// removed is a document without what stands at a path of texts. The document
// is changed; what is not there is not removed.
func removed(v any, path []string) any {
	if len(path) == 0 {
		return v
	}
	switch in := v.(type) {
	case map[string]any:
		e, ok := in[path[0]]
		switch {
		case !ok:
		case len(path) == 1:
			delete(in, path[0])
		default:
			in[path[0]] = removed(e, path[1:])
		}
	case []any:
		i, err := strconv.Atoi(path[0])
		switch {
		case err != nil || i < 0 || i >= len(in):
		case len(path) == 1:
			return slices.Delete(in, i, i+1)
		default:
			in[i] = removed(in[i], path[1:])
		}
	}
	return v
}

// list is a few texts in words.
func list(texts []string) string {
	const most = 5
	if len(texts) > most {
		texts = append(slices.Clone(texts[:most]), "and "+strconv.Itoa(len(texts)-most)+" more")
	}
	return strings.Join(texts, ", ")
}
