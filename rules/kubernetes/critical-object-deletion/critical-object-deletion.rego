# METADATA
# title: Deleting what holds data is approved
# description: |-
#   A removed file, a renamed release or a changed selector is one line in a diff, and a controller with pruning deletes a
#   namespace, a database or its volumes minutes after the merge. What the base renders to is compared with the change:
#   deleting, renaming or forcing the recreation of such an object, shrinking a volume, scaling to zero and taking away
#   what keeps an object from being pruned need the approval of people with elevated rights. So does deleting a managed
#   resource of Crossplane whose policies delete with it what it manages, and a change of these policies that would.
#   What the deployer does not do is none of this: an object that leaves Git where nothing is pruned, or changes below a
#   controller that is suspended, is as it was.
# custom:
#   severity: critical
#   effects: {prod: require-approval, non-prod: warn}
#   requires: elevated
#   over: {subject: transitions}
#   scope: subject
#   needs: [base]
#   params:
#     kinds: {type: array, default: [], description: "further kinds whose deletion is critical, as group/Kind (globs)"}
#     labels: {type: object, default: {criticality: [critical]}, description: "label -> values that make an object of any kind critical"}
#     exempt: {type: array, default: [], description: "objects that may go, as Kind/namespace/name, Kind//name without a namespace (globs)"}
#   remediation: Keep the object, or keep its data before it is removed (Prune=false where Argo CD deploys it, kustomize.toolkit.fluxcd.io/prune disabled where Flux does, helm.sh/resource-policy keep where Helm does, reclaim policy Retain), or have the deletion approved with a tested backup.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata:
#       name: orders
#     spec:
#       accessModes: [ReadWriteOnce]
#       resources: {requests: {storage: 10Gi}}   # was 20Gi
#   after: |-
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata:
#       name: orders
#     spec:
#       accessModes: [ReadWriteOnce]
#       resources: {requests: {storage: 20Gi}}
#   references:
#     - {title: "Kubernetes: StatefulSet limitations", url: "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations"}
#     - {title: "Argo CD: no prune resources", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#no-prune-resources"}
#     - {title: "NIST SP 800-53 CP-9, CM-3", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["critical-object-deletion"]

import data.gate.lib

deny contains finding if {
	some o in input.deletedObjects
	lib.applied(o)
	loss := lost(o)
	not kept(o)
	not exempt(o)
	finding := {"subject": o.id, "path": [], "msg": sprintf("%s is deleted, and with it %s; expected it to stay, or an elevated approval%s", [what(o), loss, lib.doubt(o)])}
}

# What goes to another deployer or cluster may be deleted on the way.
deny contains finding if {
	some o in input.objects
	o.change.deletes
	loss := lost(o)
	not kept(o)
	not exempt(o)
	finding := {"subject": o.id, "path": [], "msg": sprintf("%s may be deleted on its way to another deployer, and with it %s: %s; expected it to stay, or an elevated approval", [what(o), loss, o.change.why])}
}

deny contains finding if {
	some o in input.objects
	before := o.change.before
	is_object(before)
	lib.applied(o)
	not exempt(o)
	some step in steps(o, before)
	finding := {"subject": o.id, "path": step.path, "msg": sprintf("%s %s%s", [what(o), step.msg, lib.doubt(o)])}
}

# lost says what goes with an object. What a managed resource stands for goes by
# its policies alone.
lost(o) := sprintf("the %s (%s) that it manages", [class, o.managed.type]) if {
	o.managed.deletes
	class := data.iac_critical[o.managed.type].class
} else := row.class if {
	not o.managed.deletes == false
	row := data.critical_objects.kinds[group_kind(o)]
	row.class != "workload"
} else := "the objects that it deployed" if {
	cascades(o)
} else := "what it holds" if {
	lib.matches_any(params(o).kinds, group_kind(o), [])
} else := "what it holds" if {
	some label, values in params(o).labels
	o.manifest.metadata.labels[label] in values
}

# cascades is true for the objects of controllers whose deletion deletes what
# they deployed.
cascades(o) if {
	group_kind(o) == "argoproj.io/Application"
	some finalizer in o.manifest.metadata.finalizers
	finalizer in {"resources-finalizer.argocd.argoproj.io", "resources-finalizer.argocd.argoproj.io/foreground", "resources-finalizer.argocd.argoproj.io/background"}
}

cascades(o) if {
	group_kind(o) == "argoproj.io/ApplicationSet"
	not o.manifest.spec.syncPolicy.preserveResourcesOnDeletion == true
}

cascades(o) if {
	group_kind(o) == "kustomize.toolkit.fluxcd.io/Kustomization"
	not o.manifest.spec.suspend == true
	collects(o.manifest)
}

cascades(o) if {
	group_kind(o) == "helm.toolkit.fluxcd.io/HelmRelease"
	not o.manifest.spec.suspend == true
}

# collects is true for a Kustomization whose deletionPolicy deletes what it
# deployed.
collects(manifest) if lib.text(manifest, ["spec", "deletionPolicy"]) in {"Delete", "WaitForTermination"}

collects(manifest) if {
	lib.text(manifest, ["spec", "deletionPolicy"]) in {"", "MirrorPrune"}
	manifest.spec.prune == true
}

# kept is true for an object that says that it stays in the cluster when Git or
# the release no longer has it, where nothing is said of what deploys it.
kept(o) if {
	lib.text(o, ["change", "outcome"]) == ""
	some k in data.critical_objects.keeping
	count(words(o.manifest, k)) > 0
}

# The ways in which a change of an object loses what it holds.
steps(o, before) := {step |
	some path in data.critical_objects.kinds[group_kind(o)].immutable
	was := object.get(before, path, null)
	is := object.get(o.manifest, path, null)
	was != is
	not unset(was, is)
	step := {"path": path, "msg": sprintf("must be deleted and made again, as %s cannot be changed; expected it to stay, or an elevated approval", [concat(".", path)])}
} | {step |
	some path in data.critical_objects.kinds[group_kind(o)].sizes
	was := object.get(before, path, null)
	is := object.get(o.manifest, path, null)
	bytes(is) < bytes(was)
	step := {"path": path, "msg": sprintf("shrinks: %s was %v and is %v; expected a size that does not fall", [concat(".", path), was, is])}
} | {step |
	path := data.critical_objects.kinds[group_kind(o)].scale
	object.get(o.manifest, path, 1) == 0
	was := object.get(before, path, 1)
	was != 0
	step := {"path": path, "msg": sprintf("is scaled to 0 from %v; expected at least 1, or an elevated approval", [was])}
} | {step |
	some k in data.critical_objects.keeping
	some word in words(before, k) - words(o.manifest, k)
	step := {"path": ["metadata", "annotations", k.annotation], "msg": sprintf("loses the annotation %s %q, which kept it from being deleted", [k.annotation, word])}
} | {step |
	class := data.iac_critical[o.managed.type].class
	deletes(o.manifest)
	not deletes(before)
	some path in [["spec", "deletionPolicy"], ["spec", "managementPolicies"]]
	object.get(before, path, null) != object.get(o.manifest, path, null)
	step := {"path": path, "msg": sprintf("is deleted with the %s (%s) that it manages from now on: %s has changed; expected it to keep it, or an elevated approval", [class, o.managed.type, concat(".", path)])}
} | {step |
	not o.managed
	some k in data.critical_objects.retaining
	was := object.get(before, k.path, null)
	was in k.values
	is := object.get(o.manifest, k.path, "")
	not is in k.values
	step := {"path": k.path, "msg": sprintf("no longer keeps its data: %s was %q and is %q", [concat(".", k.path), was, is])}
}

# deletes is true for a managed resource that deletes what it manages: Orphan and
# policies without Delete do not, and none at all pause it.
deletes(manifest) if {
	object.get(manifest, ["spec", "deletionPolicy"], "Delete") != "Orphan"
	some policy in object.get(manifest, ["spec", "managementPolicies"], ["*"])
	policy in {"*", "Delete"}
}

# A field that the API server fills in may be written down later, or left out
# again.
unset(null, is) if is_string(is)

unset(was, null) if is_string(was)

# words are the words of a protective annotation that an object carries.
words(manifest, k) := {word |
	text := object.get(manifest, ["metadata", "annotations", k.annotation], "")
	is_string(text)
	some part in split(text, ",")
	word := trim_space(part)
	word in k.words
}

# bytes is a quantity as a number; undefined for what is none.
bytes(q) := q if is_number(q)

bytes(q) := units.parse(q) if {
	is_string(q)
	regex.match(`^[0-9]+(\.[0-9]+)?([kMGTPE]i?)?$`, q)
}

params(o) := lib.params(o, "kubernetes/critical-object-deletion")

exempt(o) if {
	name := sprintf("%s/%s/%s", [o.kind, o.namespace, o.name])
	some pattern in params(o).exempt
	glob.match(pattern, ["/"], name)
}

group_kind(o) := sprintf("%s/%s", [o.group, o.kind])

what(o) := sprintf("%s %q", [lower(o.kind), concat("/", [part | some part in [o.namespace, o.name]; part != ""])])
