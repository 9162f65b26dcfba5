package ruletest

import (
	"path/filepath"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
)

// TestMessagesOfConnections holds that ICMP is no port, and that it is said whose
// connections are in clear.
func TestMessagesOfConnections(t *testing.T) {
	t.Parallel()
	query, err := rego.New(
		rego.Query(`msgs := {f.msg | some f in data.gate.rules.iac["public-exposure"].deny | data.gate.rules.iac["transit-encryption"].deny}`),
		rego.Load([]string{
			filepath.Join("..", "..", "rules", "lib"), filepath.Join("..", "..", "rules", "data"),
			filepath.Join("..", "..", "rules", "iac", "public-exposure", "public-exposure.rego"),
			filepath.Join("..", "..", "rules", "iac", "transit-encryption", "transit-encryption.rego"),
		}, nil),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	type obj = map[string]any
	type list = []any
	everybody := list{"0.0.0.0/0"}
	const open = ` open to "0.0.0.0/0"`
	const clear = " in clear or with outdated protocols are allowed"
	ingress := func(protocol string, from, to any) obj {
		return obj{"type": "ingress", "protocol": protocol, "from_port": from, "to_port": to, "cidr_blocks": everybody}
	}
	firewall := func(allow ...any) obj { return obj{"allow": allow, "source_ranges": everybody} }
	for _, c := range []struct {
		typ   string
		after obj
		want  string
	}{
		{"aws_security_group_rule", ingress("icmp", 8, 0), "ICMP type 8, code 0" + open},
		{"aws_security_group_rule", ingress("ICMP", 3, -1), "ICMP type 3" + open},
		{"aws_security_group_rule", ingress("1", -1, -1), "ICMP" + open},
		{"aws_security_group_rule", ingress("58", "128", "0"), "ICMPv6 type 128, code 0" + open},
		{"aws_security_group_rule", ingress("icmpv6", nil, nil), "ICMPv6" + open},
		{"aws_security_group_rule", ingress("icmp", 22, 22), "ICMP type 22, code 22" + open}, // no port 22
		{"aws_security_group_rule", ingress("tcp", 22, 22), ""},
		{"aws_security_group_rule", ingress("tcp", 8, 80), "ports 8-80 (tcp)" + open},
		{"aws_security_group_rule", ingress("-1", 0, 0), "all ports" + open},
		{"aws_network_acl_rule", obj{"rule_action": "allow", "protocol": "icmp", "icmp_type": 3, "icmp_code": 4, "from_port": 0, "to_port": 0, "cidr_block": "0.0.0.0/0"}, "ICMP type 3, code 4" + open},
		{"azurerm_network_security_rule", obj{"access": "Allow", "direction": "Inbound", "protocol": "Icmp", "destination_port_range": "22", "source_address_prefix": "0.0.0.0/0"}, "ICMP" + open},
		{"google_compute_firewall", firewall(obj{"protocol": "icmp"}), "ICMP" + open},
		{"google_compute_firewall", firewall(obj{"protocol": "icmp", "ports": list{}}, obj{"protocol": "tcp", "ports": list{"22"}}), "ports 22 (tcp) and ICMP" + open},
		{"google_compute_firewall", firewall(obj{"protocol": "udp"}), "all ports (udp)" + open},
		{"google_compute_firewall", firewall(obj{"protocol": "udp", "ports": nil}), "all ports (udp)" + open},
		{"google_compute_firewall", firewall(obj{"protocol": "all"}), "all ports" + open},
		{"aws_lb_listener", obj{"port": 80, "protocol": "HTTP"}, `protocol is "HTTP": connections from clients` + clear},
		{"aws_cloudfront_distribution", obj{"default_cache_behavior": list{obj{"viewer_protocol_policy": "allow-all"}}}, `default_cache_behavior.viewer_protocol_policy is "allow-all": connections from viewers` + clear},
		{"aws_cloudfront_distribution", obj{"origin": list{obj{"custom_origin_config": list{obj{"origin_protocol_policy": "http-only"}}}}}, `origin.custom_origin_config.origin_protocol_policy is "http-only": connections to the origin` + clear},
		{"azurerm_api_management_backend", obj{"url": "http://a"}, `url is "http://a": connections to the backend` + clear},
		{"azurerm_mssql_server", obj{"minimum_tls_version": "1.0", "public_network_access_enabled": false}, `minimum_tls_version is "1.0": connections` + clear},
	} {
		input := obj{
			"params": obj{"default": obj{"iac/public-exposure": obj{"allowedPorts": list{22}, "exempt": list{}}, "iac/transit-encryption": obj{"exempt": list{}}}},
			"resources": list{obj{
				"id": "terraform:.:r", "address": c.typ + ".r", "type": c.typ, "mode": "managed", "after": c.after, "environment": "default",
				"unknown": obj{}, "expressions": obj{}, "hidden": list{}, "companions": list{}, "documents": list{}, "partly": list{},
			}},
		}
		got, err := query.Eval(t.Context(), rego.EvalInput(input))
		if err != nil || len(got) != 1 {
			t.Fatal(c.typ, err)
		}
		var said string
		for _, m := range got[0].Bindings["msgs"].([]any) {
			said += m.(string)
		}
		if said != c.want {
			t.Errorf("%s %v:\n got %s\nwant %s", c.typ, c.after, said, c.want)
		}
	}
}
