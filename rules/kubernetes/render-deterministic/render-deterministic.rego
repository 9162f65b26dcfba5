# METADATA
# title: The same input renders the same objects
# description: |-
#   A chart that calls random, time or key functions renders other bytes each time: what was judged and approved is not
#   what the controller applies, no digest binds the two, and a password is made anew with every sync. The gate renders
#   such a chart with stand-ins and says so.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: off}
#   over: {subject: units}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "paths (globs) of charts that may render differently"}
#   remediation: Hand the value in (existingSecret, an ExternalSecret, cert-manager) instead of making it in the template.
#   language: text
#   before: |-
#     password: {{ randAlphaNum 20 | b64enc }}
#   after: |-
#     # an ExternalSecret makes the Secret; the chart refers to it
#     existingSecret: web-credentials
#   references:
#     - {title: "Argo CD: Helm, random data", url: "https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#random-data"}
#     - {title: "Helm: template functions", url: "https://helm.sh/docs/chart_template_guide/function_list/"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["render-deterministic"]

import data.gate.lib

deny contains finding if {
	some u in input.units
	u.seeded
	not lib.matches_any(lib.params(u, "kubernetes/render-deterministic").exempt, u.path, ["/"])
	finding := {
		"subject": u.id,
		"path": [],
		"msg": sprintf("chart %q calls random, time or key functions, so that it renders differently each time", [u.path]),
	}
}
