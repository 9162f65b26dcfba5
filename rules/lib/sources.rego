# Package gate.lib.sources reads where Argo CD and Flux objects take their
# content from. Each source is {what, url, urlPath, path, revision, chart}; what
# is git, chart, oci, range (a semantic version range) or url (nothing to pin).
package gate.lib.sources

import data.gate.lib

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
		[array.concat(spec, ["source"]), array.concat(spec, ["sourceHydrator", "drySource"])],
		[array.concat(spec, ["sources", i]) | some i, _ in lib.list(o.manifest, array.concat(spec, ["sources"]))],
	)
	s := object.get(o.manifest, at, null)
	is_object(s)
	source := {
		"what": argo_kind(s), "url": lib.text(s, "repoURL"), "urlPath": array.concat(at, ["repoURL"]),
		"path": array.concat(at, ["targetRevision"]), "revision": lib.text(s, "targetRevision"), "chart": lib.text(s, "chart"),
	}
]

argo_kind(s) := "chart" if lib.text(s, "chart") != ""

else := "range" if startswith(lib.text(s, "repoURL"), "oci://")

else := "git"

base(o) := {
	"url": concat("", [lib.text(o.manifest, ["spec", field]) | some field in ["url", "endpoint"]]), # a Bucket has an endpoint
	"urlPath": ["spec", "url"], "insecure": object.get(o.manifest, ["spec", "insecure"], false),
}

# The reference of the highest rank counts: name, commit, semver, tag, branch.
git(o) := object.union(base(o), {"what": "git", "path": ["spec", "ref", field], "revision": revision}) if {
	ref := object.get(o.manifest, ["spec", "ref"], {})
	field := [f | some f in ["commit", "name", "semver", "tag", "branch"]; lib.text(ref, f) != ""][0]
	field != "semver"
	revision := git_revision(field, ref[field])
} else := object.union(base(o), {"what": "range", "path": ["spec", "ref", "semver"], "revision": semver(o)}) if {
	semver(o) != ""
} else := object.union(base(o), {"what": "git", "path": ["spec", "ref"], "revision": ""})

# What stands under tag is one, whatever its name.
git_revision("tag", value) := sprintf("refs/tags/%s", [value])

git_revision(field, value) := value if field != "tag"

oci(o) := object.union(base(o), {"what": "url", "path": []}) if {
	lib.text(o.manifest, ["spec", "ref", "digest"]) != ""
} else := object.union(base(o), {"what": "range", "path": ["spec", "ref", "semver"], "revision": semver(o)}) if {
	semver(o) != ""
} else := object.union(base(o), {"what": "oci", "path": ["spec", "ref", "tag"], "revision": lib.text(o.manifest, ["spec", "ref", "tag"])})

semver(o) := lib.text(o.manifest, ["spec", "ref", "semver"])

# A chart from a Git source is pinned by that source.
charts(o, at) := [source |
	c := object.get(o.manifest, at, null)
	lib.text(c, "chart") != ""
	lib.text(c, ["sourceRef", "kind"]) in {"", "HelmRepository"}
	source := {
		"what": "chart", "chart": c.chart, "url": "", "urlPath": [],
		"path": array.concat(at, ["version"]), "revision": [v | some v in [lib.text(c, "version"), "*"]; v != ""][0],
	}
]
