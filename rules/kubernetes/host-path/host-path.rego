# METADATA
# title: No hostPath volume
# description: |-
#   A hostPath volume hands a directory of the node to a pod. With the right one (the container socket, /etc, kubelet's
#   directory) the pod owns the node, and through its credentials often the cluster; with any other one the pod depends
#   on which node it lands. Directories that an agent must read can be listed; they count only if every container
#   mounts them read-only.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: objects}
#   scope: subject
#   params:
#     allowed: {type: array, default: [], description: "path prefixes that may be mounted read-only, such as /var/log"}
#     writable: {type: array, default: [], description: "path prefixes that may also be mounted writable"}
#     exempt: {type: array, default: [], description: "workloads that may mount anything, as globs over namespace/name"}
#   remediation: Use an emptyDir, a persistent volume, a projected volume or a CSI driver; list the directory under allowed if an agent must read it.
#   language: yaml
#   before: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           volumeMounts: [{name: data, mountPath: /data}]
#       volumes:
#         - name: data
#           hostPath: {path: /srv/data}
#   after: |-
#     apiVersion: v1
#     kind: Pod
#     metadata: {name: web}
#     spec:
#       containers:
#         - name: web
#           image: registry.example.com/web:1.0.0
#           volumeMounts: [{name: data, mountPath: /data}]
#       volumes:
#         - name: data
#           persistentVolumeClaim: {claimName: data}
#   references:
#     - {title: "Pod Security Standards, baseline: hostPath volumes", url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/"}
#     - {title: "Kubernetes: hostPath", url: "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath"}
#     - {title: "CIS Kubernetes Benchmark 5.2.12", url: "https://www.cisecurity.org/benchmark/kubernetes"}
#   waivable: approval
#   since: 0.1.0
package gate.rules.kubernetes["host-path"]

import data.gate.lib
import data.gate.lib.kubernetes

deny contains finding if {
	some o in input.objects
	some pod in o.pods
	spec := object.get(o.manifest, pod.path, {})
	some i, volume in spec.volumes
	is_object(volume.hostPath)
	host := lib.text(volume, ["hostPath", "path"])
	params := lib.params(o, "kubernetes/host-path")
	not kubernetes.exempt(params.exempt, o.namespace, o.name)
	name := lib.text(volume, "name")
	fault := fault_of(params, host, writable(spec, name))
	finding := {
		"subject": o.id,
		"path": array.concat(pod.path, ["volumes", i, "hostPath", "path"]),
		"msg": sprintf("volume %q of %s %q mounts %q of the node%s", [name, o.kind, o.name, host, fault]),
	}
}

# What a pod gets by a claim is the node's directory as well.
deny contains finding if {
	some o in input.objects
	o.group == ""
	o.kind == "PersistentVolume"
	is_object(o.manifest.spec.hostPath)
	host := lib.text(o.manifest, ["spec", "hostPath", "path"])
	params := lib.params(o, "kubernetes/host-path")
	not kubernetes.exempt(params.exempt, "", o.name)
	fault := fault_of(params, host, {mode | some mode in lib.list(o.manifest, ["spec", "accessModes"])} != {"ReadOnlyMany"})
	finding := {
		"subject": o.id,
		"path": ["spec", "hostPath", "path"],
		"msg": sprintf("PersistentVolume %q mounts %q of the node%s", [o.name, host, fault]),
	}
}

fault_of(params, host, true) := ", writable; want readOnly in every container" if {
	below(params.allowed, host)
	not below(params.writable, host)
}

fault_of(params, host, _) := "" if {
	not below(params.allowed, host)
	not below(params.writable, host)
}

# below is true for a directory or what stands in it; ".." leads elsewhere.
below(prefixes, host) if {
	not ".." in split(host, "/")
	some prefix in prefixes
	startswith(sprintf("%s/", [trim_right(host, "/")]), sprintf("%s/", [trim_right(prefix, "/")]))
}

default writable(_, _) := false

writable(spec, volume) if {
	some c in kubernetes.containers(spec)
	some mount in c.volumeMounts
	mount.name == volume
	object.get(mount, "readOnly", false) != true
}
