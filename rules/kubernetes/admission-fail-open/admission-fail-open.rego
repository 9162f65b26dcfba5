# METADATA
# title: Admission fails closed
# description: |-
#   A webhook with failurePolicy Ignore lets everything through while it is down, and taking it down is then the way past
#   it. A policy that only audits or warns stops nothing. Webhooks and policies of Kubernetes, Kyverno and Gatekeeper.
#   Mutating webhooks count too: what they would have put in is missing.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: off}
#   over: {subject: objects}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "names (globs) of webhook configurations and policies that may fail open"}
#   remediation: Set failurePolicy to Fail and the action to Deny, with a namespaceSelector that leaves out what the webhook itself needs to start.
#   language: yaml
#   before: |-
#     apiVersion: admissionregistration.k8s.io/v1
#     kind: ValidatingWebhookConfiguration
#     metadata: {name: policy}
#     webhooks:
#       - name: policy.example.com
#         failurePolicy: Ignore
#   after: |-
#     apiVersion: admissionregistration.k8s.io/v1
#     kind: ValidatingWebhookConfiguration
#     metadata: {name: policy}
#     webhooks:
#       - name: policy.example.com
#         failurePolicy: Fail
#   references:
#     - {title: "Kubernetes: admission webhooks, failure policy", url: "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy"}
#     - {title: "Kubernetes: validation actions of a policy binding", url: "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#validation-actions"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["admission-fail-open"]

import data.gate.lib

deny contains finding if {
	some o in input.objects
	o.group in {"admissionregistration.k8s.io", "constraints.gatekeeper.sh", "kyverno.io", "policies.kyverno.io"}
	some fault in faults(o)
	not lib.matches_any(lib.params(o, "kubernetes/admission-fail-open").exempt, o.name, ["/"])
	finding := {"subject": o.id, "path": fault.path, "msg": sprintf("%s %q %s", [o.kind, o.name, fault.what])}
}

faults(o) := webhooks(o) | policies(o) | bindings(o) | constraints(o) | kyverno(o)

webhooks(o) := {{"path": ["webhooks", i, "failurePolicy"], "what": sprintf("lets everything through while webhook %q is down (failurePolicy \"Ignore\"); want Fail", [w.name])} |
	o.kind in {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
	some i, w in o.manifest.webhooks
	w.failurePolicy == "Ignore"
}

policies(o) := {{"path": ["spec", "failurePolicy"], "what": "admits what it cannot evaluate (failurePolicy \"Ignore\"); want Fail"} |
	o.kind in {"ValidatingAdmissionPolicy", "MutatingAdmissionPolicy", "ClusterPolicy", "Policy", "ValidatingPolicy"}
	o.group in {"admissionregistration.k8s.io", "kyverno.io", "policies.kyverno.io"}
	o.manifest.spec.failurePolicy == "Ignore"
}

bindings(o) := {{"path": ["spec", "validationActions"], "what": sprintf("only says %s; want Deny", [concat(" and ", actions)])} |
	o.kind in {"ValidatingAdmissionPolicyBinding", "ValidatingPolicy"}
	actions := [a | some a in lib.list(o.manifest, ["spec", "validationActions"]); is_string(a)]
	count(actions) > 0
	not "Deny" in actions
}

constraints(o) := {{"path": ["spec", "enforcementAction"], "what": sprintf("only reports (enforcementAction %q); want deny", [action])} |
	o.group == "constraints.gatekeeper.sh"
	action := o.manifest.spec.enforcementAction
	action in {"dryrun", "warn"}
}

# Without a word Kyverno audits; each rule may say so for itself.
kyverno(o) := {{"path": ["spec", "validationFailureAction"], "what": "only audits; want Enforce"} |
	validating(o)
	lower(lib.text(o.manifest, ["spec", "validationFailureAction"])) in {"", "audit"}
	some rule in o.manifest.spec.rules
	rule.validate
	not rule.validate.failureAction
} | {{"path": ["spec", "rules", i, "validate", "failureAction"], "what": sprintf("only audits by rule %q; want Enforce", [rule.name])} |
	validating(o)
	some i, rule in o.manifest.spec.rules
	rule.validate.failureAction == "Audit"
}

validating(o) if {
	o.group == "kyverno.io"
	o.kind in {"ClusterPolicy", "Policy"}
}
