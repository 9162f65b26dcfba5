package report

import (
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
	rendered "gate/internal/render" // for its reader of image references
)

// maxEnvironments bounds the environments that one line names.
const maxEnvironments = 6

// imageText is "web: 1.4.0 → 2.0.0 (3 workloads in prod, staging)".
func imageText(c decide.ImageChange) string {
	old, image := rendered.ParseImage(c.Old), rendered.ParseImage(c.New)
	var out string
	switch {
	case c.Old == "":
		out = imageName(image) + ": " + imageVersion(image) + " added"
	case c.New == "":
		out = imageName(old) + ": " + imageVersion(old) + " taken away"
	case old.Valid && image.Valid && imageName(old) == imageName(image):
		out = imageName(image) + ": " + imageVersion(old) + " → " + imageVersion(image)
	default:
		out = c.Old + " → " + c.New
	}
	out = brief(out) + " (" + counted(c.Objects, "workload")
	if len(c.Environments) > 0 {
		out += " in " + brief(listed(c.Environments, maxEnvironments))
	}
	return out + ")"
}

// imageName is a repository as people write it: the registry of Docker and its
// library go without saying.
func imageName(r facts.ImageReference) string {
	if !r.Valid {
		return r.Ref
	}
	if r.Registry == "docker.io" {
		return strings.TrimPrefix(r.Repository, "library/")
	}
	return r.Registry + "/" + r.Repository
}

// imageVersion is the tag, and the digest to the length that tells digests
// apart.
func imageVersion(r facts.ImageReference) string {
	const digits = 12
	out := r.Tag
	if algorithm, digest, ok := strings.Cut(r.Digest, ":"); ok {
		out += "@" + algorithm + ":" + digest[:min(len(digest), digits)]
	}
	if out == "" {
		return "without tag"
	}
	return out
}
