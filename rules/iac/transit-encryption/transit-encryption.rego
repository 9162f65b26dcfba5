# METADATA
# title: Connections are encrypted
# description: |-
#   A listener without TLS, a protocol version that browsers gave up years ago or a cluster whose nodes talk in clear
#   lets anybody on the way read and change what is sent. Redirects from HTTP to HTTPS are no finding.
# custom:
#   severity: medium
#   effects: {prod: warn, non-prod: warn}
#   over: {subject: resources}
#   scope: subject
#   params:
#     exempt: {type: array, default: [], description: "addresses of resources that may speak in clear (globs)"}
#   remediation: Require TLS 1.2 or later, redirect HTTP to HTTPS, and turn on encryption between nodes.
#   language: hcl
#   before: |-
#     resource "azurerm_linux_web_app" "shop" {
#       name                = "shop"
#       resource_group_name = "shop"
#       location            = "westeurope"
#       service_plan_id     = "plan"
#       https_only          = false
#       site_config {}
#     }
#   after: |-
#     resource "azurerm_linux_web_app" "shop" {
#       name                = "shop"
#       resource_group_name = "shop"
#       location            = "westeurope"
#       service_plan_id     = "plan"
#       https_only          = true
#       site_config {
#         minimum_tls_version = "1.2"
#       }
#     }
#   references:
#     - {title: "NIST SP 800-52 Rev. 2", url: "https://csrc.nist.gov/pubs/sp/800/52/r2/final"}
#     - {title: "NIST SP 800-53 SC-8", url: "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final"}
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.iac["transit-encryption"]

import data.gate.lib
import data.gate.lib.iac

deny contains finding if {
	some r in input.resources
	some row in data.iac_transit[r.type]
	iac.live(r)
	some f in iac.failures(r, row)
	not exempt(r)
	finding := {"subject": r.id, "path": f.p, "msg": message(row, f)}
}

deny contains finding if {
	some r in input.resources
	some row in data.iac_transit[r.type]
	row.json_false
	iac.live(r)
	some path in iac.switched_off(r, row)
	not exempt(r)
	finding := {"subject": r.id, "path": path, "msg": sprintf("%s is false: connections are not encrypted", [row.json_false])}
}

# A listener of an application gateway speaks in clear, unless all that it does
# is to send to one that does not.
deny contains finding if {
	some [r, i, listener] in clear_listeners
	not redirected(r, listener)
	not obscure(r)
	msg := sprintf("http_listener.protocol is %q, and nothing redirects it to HTTPS: connections from clients in clear are allowed", [listener.protocol])
	finding := {"subject": r.id, "path": ["http_listener", i, "protocol"], "msg": msg}
}

unknown contains finding if {
	some [r, i, listener] in clear_listeners
	not redirected(r, listener)
	obscure(r)
	msg := sprintf("http_listener.protocol is %q: whether it is redirected to HTTPS is known only after apply", [listener.protocol])
	finding := {"subject": r.id, "path": ["http_listener", i, "protocol"], "msg": msg, "cause": "computed"}
}

unknown contains finding if {
	some r in input.resources
	some row in data.iac_transit[r.type]
	iac.live(r)
	some p in iac.undetermined(r, row)
	not exempt(r)
	msg := sprintf("%s %s: whether %s are encrypted cannot be told", [iac.dotted(p), iac.untold(r, p), connections(row)])
	finding := {"subject": r.id, "path": p, "msg": msg, "cause": "computed"}
}

exempt(r) if lib.matches_any(lib.params(r, "iac/transit-encryption").exempt, r.address, [])

message(row, f) := sprintf("%s is not set: %s", [iac.dotted(f.p), row.say]) if {
	f.unset
	row.say
} else := sprintf("%s is %s: %s", [iac.dotted(f.p), iac.quoted(f.v), row.say]) if {
	row.say
} else := sprintf("%s is not set, and %s in clear or with outdated protocols are allowed by default", [iac.dotted(f.p), connections(row)]) if {
	f.unset
} else := sprintf("%s is %s: %s in clear or with outdated protocols are allowed", [iac.dotted(f.p), iac.quoted(f.v), connections(row)])

# connections are those of the side that a row is about.
connections(row) := sprintf("connections %s", [row.side]) if row.side

connections(row) := "connections" if not row.side

clear_listeners := [[r, i, listener] |
	some r in input.resources
	r.type == "azurerm_application_gateway"
	iac.live(r)
	some i, listener in r.after.http_listener
	iac.text(object.get(listener, "protocol", null)) == "http"
	not exempt(r)
]

# redirected is true if every rule of a listener sends to HTTPS.
redirected(r, listener) if {
	routes := [route |
		some route in r.after.request_routing_rule
		route.http_listener_name == listener.name
	]
	count(routes) > 0
	every route in routes {
		some target in r.after.redirect_configuration
		target.name == route.redirect_configuration_name
		secure(r, target)
	}
}

secure(r, target) if {
	some listener in r.after.http_listener
	listener.name == target.target_listener_name
	iac.text(listener.protocol) == "https"
}

secure(_, target) if startswith(lower(target.target_url), "https://")

# obscure is true if there are redirects, and the names by which blocks find each
# other are not known.
obscure(r) if {
	count(object.get(r.after, "redirect_configuration", [])) > 0
	some [block, key] in [["http_listener", "name"], ["request_routing_rule", "http_listener_name"], ["redirect_configuration", "name"]]
	some b in object.get(r.after, block, [])
	not is_string(object.get(b, key, null))
}

obscure(r) if {
	some block in ["request_routing_rule", "redirect_configuration"]
	iac.hidden(r, {"p": [block], "v": object.get(r.after, block, null)})
}
