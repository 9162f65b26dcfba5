package render

import (
	"strings"

	"gate/internal/facts"
)

// The grammar of references: https://github.com/distribution/reference and
// the OCI distribution specification v1.1 (pulling manifests).
var (
	imageDomain     = compiled(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$`)
	imageRepository = compiled(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	imageTag        = compiled(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	imageDigest     = compiled(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
)

// ParseImage parses an image reference as container runtimes do: without a
// registry it is docker.io, a single name there is below library/. The tag
// default latest is not made explicit.
func ParseImage(ref string) facts.ImageReference {
	out := facts.ImageReference{Ref: ref}
	rest := ref
	if name, digest, ok := strings.Cut(rest, "@"); ok {
		rest, out.Digest = name, digest
	}
	// A colon before the last slash belongs to the registry's port.
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		rest, out.Tag = rest[:i], rest[i+1:]
		if out.Tag == "" {
			return out
		}
	}
	out.Registry, out.Repository = "docker.io", rest
	if first, remainder, ok := strings.Cut(rest, "/"); ok &&
		(strings.ContainsAny(first, ".:[") || first == "localhost" || first != strings.ToLower(first)) {
		out.Registry, out.Repository = first, remainder
	}
	if out.Registry == "index.docker.io" {
		out.Registry = "docker.io"
	}
	if out.Registry == "docker.io" && out.Repository != "" && !strings.Contains(out.Repository, "/") {
		out.Repository = "library/" + out.Repository
	}
	out.Valid = imageDomain().MatchString(out.Registry) && imageRepository().MatchString(out.Repository) &&
		(out.Tag == "" || imageTag().MatchString(out.Tag)) &&
		(!strings.Contains(ref, "@") || imageDigest().MatchString(out.Digest)) &&
		len(out.Registry)+1+len(out.Repository) <= 255
	return out
}
