# METADATA
# title: Pruning spares state, and self-heal is on
# description: |-
#   With prune a file that is moved or left out deletes what it described: for a volume, a database or a definition of
#   custom resources that is the data. Protect those objects one by one. Without self-heal a manual change stays until
#   the next commit, and Git no longer says what runs; if it must be off, an annotation says why.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: off}
#   over: {subject: objects}
#   scope: subject
#   params:
#     stateful:
#       type: array
#       default: [PersistentVolumeClaim, PersistentVolume, CustomResourceDefinition, "postgresql.cnpg.io/Cluster", "acid.zalan.do/postgresql", "kafka.strimzi.io/Kafka", "kafka.strimzi.io/KafkaTopic", "mongodbcommunity.mongodb.com/MongoDBCommunity", "psmdb.percona.com/PerconaServerMongoDB", "pxc.percona.com/PerconaXtraDBCluster", "mysql.oracle.com/InnoDBCluster", "rabbitmq.com/RabbitmqCluster", "elasticsearch.k8s.elastic.co/Elasticsearch", "k8ssandra.io/K8ssandraCluster", "redis.redis.opstreelabs.in/RedisCluster", "objectbucket.io/ObjectBucketClaim"]
#       description: "kinds, or group/kinds, that hold data"
#     reasonAnnotation: {type: string, default: gate/self-heal-reason, description: "annotation that says why self-heal is off"}
#   remediation: Annotate the object with argocd.argoproj.io/sync-options Prune=false (Flux kustomize.toolkit.fluxcd.io/prune disabled), and set selfHeal to true.
#   language: yaml
#   before: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata: {name: web, namespace: argocd}
#     spec:
#       project: web
#       source: {repoURL: "https://github.com/example/web", path: deploy, targetRevision: v1.4.2}
#       destination: {server: "https://kubernetes.default.svc", namespace: web}
#       syncPolicy: {automated: {prune: false}}
#   after: |-
#     apiVersion: argoproj.io/v1alpha1
#     kind: Application
#     metadata: {name: web, namespace: argocd}
#     spec:
#       project: web
#       source: {repoURL: "https://github.com/example/web", path: deploy, targetRevision: v1.4.2}
#       destination: {server: "https://kubernetes.default.svc", namespace: web}
#       syncPolicy: {automated: {prune: false, selfHeal: true}}
#   references:
#     - {title: "Argo CD: sync options, no prune resources", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#no-prune-resources"}
#     - {title: "Argo CD: automatic self-healing", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-self-healing"}
#     - {title: "Flux: garbage collection", url: "https://fluxcd.io/flux/components/kustomize/kustomizations/#prune"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.gitops["prune-and-self-heal"]

import data.gate.lib

id := "gitops/prune-and-self-heal"

deny contains finding if {
	some o in input.objects
	o.prunedBy
	stateful(o)
	not protected(o)
	finding := {
		"subject": o.id,
		"path": ["metadata", "name"],
		"msg": sprintf("%s %q holds data and is deleted once it leaves the tree (prune); want an annotation that protects it", [o.kind, o.name]),
	}
}

deny contains finding if {
	some o in input.objects
	o.group == "argoproj.io"
	path := {"Application": ["spec"], "ApplicationSet": ["spec", "template", "spec"]}[o.kind]
	automated := object.get(o.manifest, array.concat(path, ["syncPolicy", "automated"]), null)
	is_object(automated)
	object.get(automated, "enabled", true) == true
	object.get(automated, "selfHeal", false) != true
	not reason(o)
	finding := {
		"subject": o.id,
		"path": array.concat(path, ["syncPolicy", "automated", "selfHeal"]),
		"msg": sprintf("%s %q leaves manual changes in place (selfHeal is off); want true, or the reason in %s", [o.kind, o.name, lib.params(o, id).reasonAnnotation]),
	}
}

stateful(o) if {
	kinds := lib.params(o, id).stateful
	some kind in [o.kind, concat("/", [o.group, o.kind])]
	kind in kinds
}

protected(o) if {
	some option in split(annotation(o, "argocd.argoproj.io/sync-options"), ",")
	trim_space(option) in {"Prune=false", "Prune=confirm", "Delete=false", "Delete=confirm"}
}

protected(o) if annotation(o, "kustomize.toolkit.fluxcd.io/prune") == "disabled"

# Argo CD takes Helm's annotation for its own.
protected(o) if annotation(o, "helm.sh/resource-policy") == "keep"

annotation(o, name) := lib.text(o.manifest, ["metadata", "annotations", name])

reason(o) if {
	some place in [["metadata"], ["spec", "template", "metadata"]]
	object.get(o.manifest, array.concat(place, ["annotations", lib.params(o, id).reasonAnnotation]), "") != ""
}
