# METADATA
# title: Delivery source is pinned
# description: |-
#   A source that follows HEAD, a branch or a range of chart versions is changed by somebody else's push: what was judged
#   and approved is not what is delivered the next minute. A tag, a commit or an exact version stands still. A source over
#   plain HTTP can be changed on the way. Objects that follow the judged repository are one finding for each environment
#   and revision. Whether a name is a tag cannot be seen; it counts as one if it holds a version.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects, kinds: [Application, ApplicationSet, GitRepository, OCIRepository, HelmRelease, HelmChart, HelmRepository, Bucket]}
#   scope: subject
#   params:
#     branches: {type: array, default: [], description: "sources that may follow a branch because merges into it are gated, as globs over URL@branch without scheme, such as github.com/acme/apps@main"}
#     tags: {type: array, default: ['^(refs/tags/.+|(.*[-_/])?v?\d+(\.\d+)+([-+.].*)?|.*\d+\.\d+.*|v\d+)$'], description: "regular expressions of revisions that are tags"}
#     verify: {type: array, default: [], description: "URLs (globs without scheme) of Flux sources that must verify signatures"}
#   remediation: Name a tag, a commit or an exact version, over https or ssh; a branch into which only gated merges go may stand in the parameter branches.
#   language: yaml
#   before: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata: {name: web, namespace: argocd}
#     spec:
#       project: web
#       source: {repoURL: "https://github.com/example/web", path: deploy, targetRevision: HEAD}
#       destination: {server: "https://kubernetes.default.svc", namespace: web}
#   after: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata: {name: web, namespace: argocd}
#     spec:
#       project: web
#       source: {repoURL: "https://github.com/example/web", path: deploy, targetRevision: v1.4.2}
#       destination: {server: "https://kubernetes.default.svc", namespace: web}
#   references:
#     - {title: "Argo CD: tracking strategies", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/"}
#     - {title: "Flux: GitRepository, reference", url: "https://fluxcd.io/flux/components/source/gitrepositories/#reference"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.gitops["source-pinned"]

import data.gate.lib
import data.gate.lib.place
import data.gate.lib.sources

id := "gitops/source-pinned"

# Few objects have a source; asking each of the others would take time.
delivering := [o |
	some o in input.objects
	o.group in {"argoproj.io", "source.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"}
]

deny contains finding if {
	some o in delivering
	some s in sources.of(o)
	fault := fault_of(lib.params(o, id), s)
	not own(s)
	finding := {"subject": o.id, "path": s.path, "msg": sprintf("%s %q %s", [o.kind, o.name, fault])}
}

deny contains finding if {
	some o in delivering
	some s in sources.of(o)
	insecure(s)
	finding := {
		"subject": o.id,
		"path": s.urlPath,
		"msg": sprintf("%s %q reads %q, which can be changed on the way; want https or ssh", [o.kind, o.name, s.url]),
	}
}

deny contains finding if {
	some o in delivering
	o.kind in {"GitRepository", "OCIRepository", "HelmChart"}
	some s in sources.of(o)
	lib.matches_any(lib.params(o, id).verify, sources.bare(s.url), ["/"])
	not lib.has_value(o.manifest, ["spec", "verify"])
	finding := {"subject": o.id, "path": ["spec", "verify"], "msg": sprintf("%s %q does not verify signatures of %q", [o.kind, o.name, s.url])}
}

# That merges into the judged repository are delivered at once is one decision,
# and one entry of a parameter.
deny contains finding if {
	some o in delivering
	some s in sources.of(o)
	own(s)
	fault_of(lib.params(o, id), s)
	finding := {
		"subject": place.subject(o), "path": ["revision", s.revision],
		"msg": sprintf(
			"objects %s deliver %s of this repository; want a tag or commit, or %q among the parameter branches if merges into it are gated",
			[place.name(o), named(s.revision), sprintf("%s@%s", [sources.bare(s.url), s.revision])],
		),
	}
}

# own is true for the repository that is judged.
own(s) if {
	s.what == "git"
	input.change.repository != ""
	lower(sources.bare(s.url)) == lower(input.change.repository)
}

# A revision that a generator fills in is not known here.
unknown contains finding if {
	some o in delivering
	some s in sources.of(o)
	contains(lib.text(s, "revision"), "{{")
	finding := {"subject": o.id, "path": s.path, "cause": "computed", "msg": sprintf("%s %q has a revision that a generator fills in: %q", [o.kind, o.name, s.revision])}
}

fault_of(params, s) := sprintf("follows %s of %q; want a tag or commit", [named(s.revision), s.url]) if {
	s.what == "git"
	not contains(s.revision, "{{")
	not regex.match(`^[0-9a-f]{40}([0-9a-f]{24})?$`, s.revision)
	every pattern in params.tags {
		not regex.match(pattern, s.revision)
	}
	not lib.matches_any(params.branches, sprintf("%s@%s", [sources.bare(s.url), s.revision]), ["/"])
}

fault_of(_, s) := sprintf("takes version %q of chart %q; want an exact version", [s.revision, s.chart]) if {
	s.what == "chart"
	not contains(s.revision, "{{")
	not semver.is_valid(trim_prefix(s.revision, "v"))
}

fault_of(_, s) := sprintf("follows the tag %q of %q; want a version or digest", [tag(s), s.url]) if {
	s.what == "oci"
	s.revision in {"", "latest", "main", "master", "stable", "edge", "dev"}
}

fault_of(_, s) := sprintf("takes any version in %q; want an exact one", [s.revision]) if {
	s.what == "range"
	not regex.match(`^sha256:[0-9a-f]{64}$`, s.revision) # Argo CD takes digests of OCI artifacts
	not semver.is_valid(trim_prefix(s.revision, "v"))
}

tag(s) := "latest" if s.revision == ""

tag(s) := s.revision if s.revision != ""

named("") := "the default branch"

named("HEAD") := "HEAD"

named(revision) := sprintf("the branch %q", [trim_prefix(revision, "refs/heads/")]) if not revision in {"", "HEAD"}

insecure(s) if regex.match(`^(http|git|ftp)://`, s.url)

insecure(s) if s.insecure == true
