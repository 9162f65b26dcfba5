package config

import (
	"fmt"
	"slices"
	"strings"
)

// target tells the target inside the environment: the explicit one, else the
// one that cluster, account and region fit, else the one whose paths fit best,
// else the one whose name or cluster is a segment of the primary path. ""
// means that the subject reaches all of them, which is the strict answer and
// therefore also the one where several targets fit a destination alike.
func (e Environment) target(to destination, h Hint) (target, conflict string) {
	if h.Target != "" {
		if slices.ContainsFunc(e.Targets, func(t Target) bool { return t.Name == h.Target }) {
			return h.Target, ""
		}
		return "", fmt.Sprintf("environment %q has no target %q", e.Name, h.Target)
	}
	if len(e.Targets) == 0 {
		return "", ""
	}
	if names := e.byDestination(to, h); len(names) > 0 {
		if len(names) == 1 {
			return names[0], ""
		}
		return "", ""
	}
	for _, path := range h.Paths {
		if target, conflict = e.byPath(path); target != "" || conflict != "" {
			return target, conflict
		}
	}
	if len(h.Paths) > 0 {
		return e.bySegment(h.Paths[0])
	}
	return "", ""
}

// Serves is what the clusters of a target serve, of an empty one those of all
// targets: their version, and APIs beside the built-in ones. What is not said of
// each of them, or not the same, is not known.
func (e Environment) Serves(target string) (kubeVersion string, apiVersions []string) {
	first := true
	for _, t := range e.Targets {
		if target != "" && t.Name != target {
			continue
		}
		apis := slices.Sorted(slices.Values(t.APIVersions))
		if first {
			kubeVersion, apiVersions, first = t.KubeVersion, apis, false
			continue
		}
		if t.KubeVersion != kubeVersion {
			kubeVersion = ""
		}
		if !slices.Equal(apis, apiVersions) {
			apiVersions = nil
		}
	}
	return kubeVersion, apiVersions
}

func (e Environment) byDestination(to destination, h Hint) []string {
	var names, listed []string
	anywhere := h
	anywhere.Namespace = ""
	for _, t := range e.Targets {
		regionOnly := len(to.names)+len(to.servers) == 0 && h.Account == "" && h.Region != "" && t.Region == h.Region
		if t.fits(to, h) || regionOnly {
			names = append(names, t.Name)
		}
		if t.fits(to, anywhere) {
			listed = append(listed, t.Name)
		}
	}
	if len(names) == 0 { // in a namespace of nobody
		return listed
	}
	return names
}

func (e Environment) byPath(path string) (target, conflict string) {
	var globs []namedGlob
	for _, t := range e.Targets {
		globs = append(globs, named(t.Name, t.Paths)...)
	}
	target, tie := mostSpecific(path, globs)
	if tie != nil {
		return "", fmt.Sprintf("target cannot be told: path %q fits %q and %q of environment %q alike", path, tie[0].name, tie[1].name, e.Name)
	}
	return target, ""
}

func (e Environment) bySegment(path string) (target, conflict string) {
	segments := strings.Split(path, "/")
	var found []string
	for _, t := range e.Targets {
		if slices.Contains(segments, t.Name) || (t.Cluster != "" && slices.Contains(segments, t.Cluster)) {
			found = append(found, t.Name)
		}
	}
	switch len(found) {
	case 0:
		return "", ""
	case 1:
		return found[0], ""
	}
	return "", fmt.Sprintf("target cannot be told: path %q names %s of environment %q", path, strings.Join(quoted(found), " and "), e.Name)
}
