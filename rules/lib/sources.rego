# Package gate.lib.sources reads where Argo CD and Flux objects take their
# content from. Each source is {what, url, urlPath, path, revision, chart}; what
# is git, chart, oci, range (a semantic version range) or url (nothing to pin).
package gate.lib.sources

# of lists the sources of an object.
of(o) := argo(o) if {
	o.group == "argoproj.io"
	o.kind in {"Application", "ApplicationSet"}
}

of(o) := [git(o)] if {
	o.group == "source.toolkit.fluxcd.io"
	o.kind == "GitRepository"
}

of(o) := [oci(o)] if {
	o.group == "source.toolkit.fluxcd.io"
	o.kind == "OCIRepository"
}

of(o) := [object.union(base(o), {"what": "url", "path": []})] if {
	o.group == "source.toolkit.fluxcd.io"
	o.kind in {"HelmRepository", "Bucket"}
}

of(o) := charts(o, ["spec", "chart", "spec"]) if {
	o.group == "helm.toolkit.fluxcd.io"
	o.kind == "HelmRelease"
}

of(o) := charts(o, ["spec"]) if {
	o.group == "source.toolkit.fluxcd.io"
	o.kind == "HelmChart"
}

# bare is a URL without scheme, user and ".git".
bare(url) := trim_suffix(trim_suffix(regex.replace(remote, `^([a-z+]+://)?([^@/]*@)?`, ""), "/"), ".git") if {
	remote := regex.replace(url, `^[^@/:]+@([^:/]+):`, "$1/") # git@host:path
}

argo(o) := [source |
	spec := {"Application": ["spec"], "ApplicationSet": ["spec", "template", "spec"]}[o.kind]
	some at in array.concat(
		[array.concat(spec, ["source"])],
		[array.concat(spec, ["sources", i]) | some i, _ in object.get(o.manifest, array.concat(spec, ["sources"]), [])],
	)
	s := object.get(o.manifest, at, null)
	s.repoURL
	source := {
		"what": argo_kind(s), "url": s.repoURL, "urlPath": array.concat(at, ["repoURL"]),
		"path": array.concat(at, ["targetRevision"]), "revision": object.get(s, "targetRevision", ""), "chart": object.get(s, "chart", ""),
	}
]

argo_kind(s) := "chart" if s.chart

else := "range" if startswith(s.repoURL, "oci://")

else := "git"

base(o) := {
	"url": object.get(o.manifest, ["spec", "url"], object.get(o.manifest, ["spec", "endpoint"], "")),
	"urlPath": ["spec", "url"], "insecure": object.get(o.manifest, ["spec", "insecure"], false),
}

# The reference of the highest rank counts: name, commit, semver, tag, branch.
git(o) := object.union(base(o), {"what": "git", "path": ["spec", "ref", field], "revision": revision}) if {
	ref := object.get(o.manifest, ["spec", "ref"], {})
	field := [f | some f in ["commit", "name", "semver", "tag", "branch"]; ref[f]][0]
	field != "semver"
	revision := git_revision(field, ref[field])
} else := object.union(base(o), {"what": "range", "path": ["spec", "ref", "semver"], "revision": o.manifest.spec.ref.semver}) if {
	o.manifest.spec.ref.semver
} else := object.union(base(o), {"what": "git", "path": ["spec", "ref"], "revision": ""})

# What stands under tag is one, whatever its name.
git_revision("tag", value) := sprintf("refs/tags/%s", [value])

git_revision(field, value) := value if field != "tag"

oci(o) := object.union(base(o), {"what": "url", "path": []}) if {
	o.manifest.spec.ref.digest
} else := object.union(base(o), {"what": "range", "path": ["spec", "ref", "semver"], "revision": o.manifest.spec.ref.semver}) if {
	o.manifest.spec.ref.semver
} else := object.union(base(o), {"what": "oci", "path": ["spec", "ref", "tag"], "revision": object.get(o.manifest, ["spec", "ref", "tag"], "")})

# A chart from a Git source is pinned by that source.
charts(o, at) := [source |
	c := object.get(o.manifest, at, null)
	c.chart
	object.get(c, ["sourceRef", "kind"], "HelmRepository") == "HelmRepository"
	source := {
		"what": "chart", "chart": c.chart, "url": "", "urlPath": [],
		"path": array.concat(at, ["version"]), "revision": object.get(c, "version", "*"),
	}
]
