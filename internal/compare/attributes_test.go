package compare

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/rules"

	"github.com/google/go-cmp/cmp"
)

func attributeTable(t *testing.T) *Attributes {
	t.Helper()
	a, err := LoadAttributes(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func attributeLines(list []decide.Attribute) []string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s %s -> %s (%s, %s)", a.Path, a.Before, a.After, a.Class, a.Risk))
	}
	return out
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	table := attributeTable(t)
	for _, c := range []struct{ typ, before, after, want string }{
		// Sizes.
		{"aws_db_instance", "instance_class: db.t3.medium", "instance_class: db.t3.large", "instance_class db.t3.medium -> db.t3.large (size, medium)"},
		{"aws_db_instance", "allocated_storage: 20", "allocated_storage: 100", "allocated_storage 20 -> 100 (size, medium)"},
		{"aws_autoscaling_group", "desired_capacity: 2, min_size: 1", "desired_capacity: 0, min_size: 0", "desired_capacity 2 -> 0 (size, medium)\nmin_size 1 -> 0 (size, medium)"},
		{"aws_eks_node_group", "scaling_config: [{desired_size: 2}]", "scaling_config: [{desired_size: 3}]", "scaling_config[0].desired_size 2 -> 3 (size, medium)"},
		{"google_container_node_pool", "node_count: 1, node_config: [{machine_type: a}]", "node_count: 2, node_config: [{machine_type: b}]",
			"node_config[0].machine_type a -> b (size, medium)\nnode_count 1 -> 2 (size, medium)"},
		{"azurerm_linux_virtual_machine", "size: a", "size: b", "size a -> b (size, medium)"},
		{"google_sql_database_instance", "settings: [{tier: a}]", "settings: [{tier: b}]", "settings[0].tier a -> b (size, medium)"},
		// Protections, by what the attribute is called.
		{"aws_db_instance", "deletion_protection: true", "deletion_protection: false", "deletion_protection true -> false (protection, high)"},
		{"aws_db_instance", "deletion_protection: false", "deletion_protection: true", "deletion_protection false -> true (protection, low)"},
		{"aws_db_instance", "deletion_protection: true", "deletion_protection: null", "deletion_protection true ->  (protection, high)"},
		{"aws_db_instance", "deletion_protection: null", "deletion_protection: false", "deletion_protection  -> false (protection, low)"},
		{"acme_database", "deletion_protection_enabled: true", "deletion_protection_enabled: false", "deletion_protection_enabled true -> false (protection, high)"},
		{"aws_cognito_user_pool", "deletion_protection: ACTIVE", "deletion_protection: INACTIVE", "deletion_protection ACTIVE -> INACTIVE (protection, high)"},
		{"aws_instance", "disable_api_termination: true", "disable_api_termination: false", "disable_api_termination true -> false (protection, high)"},
		{"aws_lb", "enable_deletion_protection: true", "enable_deletion_protection: false", "enable_deletion_protection true -> false (protection, high)"},
		{"aws_db_instance", "skip_final_snapshot: false", "skip_final_snapshot: true", "skip_final_snapshot false -> true (protection, high)"},
		{"aws_s3_bucket", "force_destroy: null", "force_destroy: true", "force_destroy  -> true (protection, high)"},
		{"aws_s3_bucket", "force_destroy: null", "force_destroy: false", "force_destroy  -> false (protection, low)"},
		{"aws_kms_key", "deletion_window_in_days: 30", "deletion_window_in_days: 7", "deletion_window_in_days 30 -> 7 (protection, high)"},
		{"aws_db_instance", "backup_retention_period: 7", "backup_retention_period: 0", "backup_retention_period 7 -> 0 (protection, high)"},
		{"aws_db_instance", "backup_retention_period: 7", "backup_retention_period: 3", "backup_retention_period 7 -> 3 (protection, medium)"},
		{"aws_db_instance", "backup_retention_period: 3", "backup_retention_period: 7", "backup_retention_period 3 -> 7 (protection, low)"},
		{"aws_cloudwatch_log_group", "retention_in_days: 30", "retention_in_days: 0", ""}, // 0 is for ever
		{"aws_s3_bucket_versioning", "versioning_configuration: [{status: Enabled}]", "versioning_configuration: [{status: Suspended}]",
			"versioning_configuration[0].status Enabled -> Suspended (protection, high)"},
		{"aws_s3_bucket", "versioning: [{enabled: true}]", "versioning: []", "versioning[0].enabled true ->  (protection, high)"},
		{"google_storage_bucket", "versioning: [{enabled: true}]", "versioning: [{enabled: false}]", "versioning[0].enabled true -> false (protection, high)"},
		{"aws_db_instance", "storage_encrypted: true", "storage_encrypted: false", "storage_encrypted true -> false (protection, high)"},
		{"aws_db_instance", "storage_encrypted: false", "storage_encrypted: true", "storage_encrypted false -> true (protection, low)"},
		{"aws_ebs_volume", "kms_key_id: a", "kms_key_id: b", "kms_key_id a -> b (protection, medium)"},
		{"aws_elasticsearch_domain", "node_to_node_encryption: [{enabled: true}]", "node_to_node_encryption: [{enabled: false}]", "node_to_node_encryption[0].enabled true -> false (protection, high)"},
		// Exposures.
		{"aws_db_instance", "publicly_accessible: false", "publicly_accessible: true", "publicly_accessible false -> true (exposure, high)"},
		{"aws_db_instance", "publicly_accessible: true", "publicly_accessible: false", "publicly_accessible true -> false (exposure, low)"},
		{"aws_s3_bucket_public_access_block", "block_public_acls: true", "block_public_acls: false", "block_public_acls true -> false (exposure, high)"},
		{"aws_lb", "internal: true", "internal: false", "internal true -> false (exposure, high)"},
		{"acme_thing", "internal: true", "internal: false", ""},
		{"google_compute_forwarding_rule", "load_balancing_scheme: INTERNAL", "load_balancing_scheme: EXTERNAL", "load_balancing_scheme INTERNAL -> EXTERNAL (exposure, high)"},
		{"azurerm_storage_account", "network_rules: [{default_action: Deny}]", "network_rules: [{default_action: Allow}]", "network_rules[0].default_action Deny -> Allow (exposure, high)"},
		{"aws_security_group_rule", "type: ingress, cidr_blocks: [10.0.0.0/8]", "type: ingress, cidr_blocks: [10.0.0.0/8, 0.0.0.0/0]", "cidr_blocks 10.0.0.0/8 -> 10.0.0.0/8, 0.0.0.0/0 (exposure, high)"},
		{"aws_security_group_rule", "type: ingress, cidr_blocks: [10.0.0.0/8]", "type: ingress, cidr_blocks: [10.0.0.0/8, 10.1.0.0/16]", "cidr_blocks 10.0.0.0/8 -> 10.0.0.0/8, 10.1.0.0/16 (exposure, medium)"},
		{"aws_security_group_rule", "type: ingress, cidr_blocks: [10.0.0.0/8, 0.0.0.0/0]", "type: ingress, cidr_blocks: [10.0.0.0/8]", "cidr_blocks 10.0.0.0/8, 0.0.0.0/0 -> 10.0.0.0/8 (exposure, low)"},
		{"aws_security_group_rule", "type: ingress, cidr_blocks: [a, b]", "type: ingress, cidr_blocks: [b, a]", ""},
		{"aws_security_group_rule", "type: egress, cidr_blocks: []", "type: egress, cidr_blocks: [0.0.0.0/0]", ""},
		{"aws_vpc_security_group_egress_rule", "cidr_ipv4: 10.0.0.0/8", "cidr_ipv4: 0.0.0.0/0", ""},
		{"aws_vpc_security_group_ingress_rule", "cidr_ipv4: 10.0.0.0/8", "cidr_ipv4: 0.0.0.0/0", "cidr_ipv4 10.0.0.0/8 -> 0.0.0.0/0 (exposure, high)"},
		{"aws_security_group", "egress: [{cidr_blocks: []}]", "egress: [{cidr_blocks: [0.0.0.0/0]}]", ""},
		{"aws_security_group", "ingress: [{from_port: 443, cidr_blocks: [a]}]", "ingress: [{from_port: 22, cidr_blocks: [0.0.0.0/0]}, {from_port: 443, cidr_blocks: [a]}]",
			"ingress.cidr_blocks a -> 0.0.0.0/0, a (exposure, high)\ningress[0].from_port  -> 22 (exposure, medium)"},
		{"aws_security_group", "ingress: [{from_port: 443, cidr_blocks: [0.0.0.0/0]}]", "ingress: [{from_port: 22, cidr_blocks: [0.0.0.0/0]}]", "ingress[0].from_port 443 -> 22 (exposure, medium)"},
		{"aws_security_group", "ingress: [{from_port: 1}, {from_port: 2}]", "ingress: [{from_port: 2}, {from_port: 1}]", ""}, // a set
		{"aws_route_table", "route: [{cidr_block: a}]", "route: [{cidr_block: 0.0.0.0/0}]", ""},
		{"google_compute_firewall", "direction: INGRESS, source_ranges: [10.0.0.0/8]", "direction: INGRESS, source_ranges: [0.0.0.0/0]", "source_ranges 10.0.0.0/8 -> 0.0.0.0/0 (exposure, high)"},
		{"google_compute_firewall", "direction: EGRESS, source_ranges: [10.0.0.0/8]", "direction: EGRESS, source_ranges: [0.0.0.0/0]", ""},
		{"google_container_cluster", "master_authorized_networks_config: [{cidr_blocks: [{cidr_block: 10.0.0.0/8}]}]", "master_authorized_networks_config: []",
			"master_authorized_networks_config.cidr_blocks.cidr_block 10.0.0.0/8 ->  (exposure, high)"},
		{"azurerm_network_security_rule", "access: Allow, direction: Inbound, source_address_prefix: VirtualNetwork", "access: Allow, direction: Inbound, source_address_prefix: Internet",
			"source_address_prefix VirtualNetwork -> Internet (exposure, high)"},
		{"azurerm_network_security_rule", "access: Deny, direction: Inbound, source_address_prefix: VirtualNetwork", "access: Deny, direction: Inbound, source_address_prefix: '*'", ""},
		{"google_storage_bucket_iam_binding", "members: ['user:a']", "members: ['user:a', allUsers]", "members user:a -> user:a, allUsers (exposure, high)"},
		{"google_storage_bucket_iam_member", "member: 'user:a'", "member: 'user:b'", "member user:a -> user:b (exposure, medium)"},
		{"aws_s3_bucket_policy", `policy: '{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["a", "b"]}, "Action": "x"}}'`, `policy: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "x"}]}'`,
			"policy.Principal a, b -> * (exposure, high)"},
		{"aws_s3_bucket_policy", `policy: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "x", "Condition": {"a": {}}}]}'`, `policy: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "x"}]}'`,
			"policy.Principal * (with conditions) -> * (exposure, high)"},
		{"aws_s3_bucket_policy", `policy: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "x"}]}'`, `policy: '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "x"}]}'`, "policy.Principal * ->  (exposure, low)"},
		{"aws_s3_bucket_policy", `policy: '{"Statement": [{"Effect": "Allow", "Principal": "a", "Action": "x"}]}'`, `policy: '{"Statement": [{"Effect": "Allow", "Principal": "a", "Action": "y"}]}'`, ""},
		{"aws_iam_role", `assume_role_policy: '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "a"}}]}'`, `assume_role_policy: '{"Statement": [{"Effect": "Allow", "Principal": {"Service": ["a", "b"]}}]}'`,
			"assume_role_policy.Principal a -> a, b (exposure, medium)"},
		{"aws_s3_bucket_policy", "policy: no JSON", "policy: neither", ""},
		// Nothing of the kind, and what is not to be seen.
		{"aws_instance", "ami: a, user_data: b", "ami: c, user_data: d", ""},
		{"aws_db_instance", "kms_key_id: {$redacted: sensitive}", "kms_key_id: b", "kms_key_id secret -> b (protection, medium)"},
		{"aws_db_instance", "kms_key_id: {$redacted: sensitive}", "kms_key_id: {$redacted: sensitive}", ""},
	} {
		r := &facts.Resource{Type: c.typ, Before: manifestOf(t, "{"+c.before+"}"), After: manifestOf(t, "{"+c.after+"}")}
		if diff := cmp.Diff(c.want, strings.Join(attributeLines(table.Of(r)), "\n")); diff != "" {
			t.Errorf("%s: %s, then %s: %s", c.typ, c.before, c.after, diff)
		}
	}
}

// What only apply knows is told where the configuration sets it.
func TestAttributesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	r := &facts.Resource{
		Type: "aws_db_instance", Before: map[string]any{"instance_class": "a", "kms_key_id": "k", "endpoint": "e"}, After: map[string]any{},
		Unknown: map[string]any{"instance_class": true, "kms_key_id": true, "endpoint": true}, Expressions: map[string]any{"instance_class": map[string]any{}},
	}
	want := []string{"instance_class a -> known after apply (size, medium)"}
	if diff := cmp.Diff(want, attributeLines(attributeTable(t).Of(r))); diff != "" {
		t.Error(diff)
	}
	r.Origin, want = "hcl", []string{"instance_class a -> not known (size, medium)"}
	if diff := cmp.Diff(want, attributeLines(attributeTable(t).Of(r))); diff != "" {
		t.Error(diff)
	}
}

// What was a protection and is not known any more may be none.
func TestProtectionsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, attribute, before, want string }{
		{"aws_db_instance", "deletion_protection", "true", "deletion_protection true -> known after apply (protection, high)"},
		{"aws_db_instance", "deletion_protection", "false", "deletion_protection false -> known after apply (protection, low)"},
		{"acme_server", "deletion_protection", "true", "deletion_protection true -> known after apply (protection, high)"},
		{"acme_server", "deletion_protection", "false", "deletion_protection false -> known after apply (protection, low)"},
		{"aws_db_instance", "publicly_accessible", "false", "publicly_accessible false -> known after apply (exposure, high)"},
		{"aws_db_instance", "publicly_accessible", "true", "publicly_accessible true -> known after apply (exposure, low)"},
		{"aws_db_instance", "skip_final_snapshot", "false", "skip_final_snapshot false -> known after apply (protection, high)"},
	} {
		r := &facts.Resource{
			Type: c.typ, Before: map[string]any{c.attribute: c.before == "true"}, After: map[string]any{},
			Unknown: map[string]any{c.attribute: true}, Expressions: map[string]any{c.attribute: map[string]any{}},
		}
		if diff := cmp.Diff(c.want, strings.Join(attributeLines(attributeTable(t).Of(r)), "\n")); diff != "" {
			t.Errorf("%s %s: %s", c.typ, c.attribute, diff)
		}
	}
}

func TestStepsOfResources(t *testing.T) {
	t.Parallel()
	table := attributeTable(t)
	for _, c := range []struct {
		name          string
		before, after string
		with          func(*facts.Resource)
		want          string
	}{
		{"resized", "instance_class: a, x: 1", "instance_class: b, x: 2", nil, "update, medium: instance_class x"},
		{"moved and resized", "instance_class: a", "instance_class: b", func(r *facts.Resource) { r.PreviousAddress = "db.old" }, "update, medium: instance_class (was db.old)"},
		{"nothing of weight", "x: 1", "x: 2", nil, "update, medium: x"},
		{"nothing of weight, regulated", "x: 1", "x: 2", func(r *facts.Resource) { r.Regulated = true }, "update, medium: x"},
		{"a protection switched on, regulated", "deletion_protection: false", "deletion_protection: true", func(r *facts.Resource) { r.Regulated = true }, "update, medium: deletion_protection"},
		{"a protection switched off", "deletion_protection: true", "deletion_protection: false", nil, "update, high: deletion_protection"},
		{"the last protection taken away", "x: 1", "x: 2", func(r *facts.Resource) { r.Lifecycle = map[string]any{"prevent_destroy_removed": true} }, "update, high: x (the change removes its prevent_destroy)"},
		{"inherited tags", "tags_all: {a: 1}", "tags_all: {a: 2}", nil, "folded inherited, low"},
		{"inherited tags, and what the provider computes", "tags_all: {a: 1}", "tags_all: {a: 2}, arn: x", func(r *facts.Resource) {
			r.Unknown, r.Expressions = map[string]any{"arn": true}, map[string]any{"x": true}
		}, "folded inherited, low"},
		{"tags, and inherited ones", "tags: {a: 1}, tags_all: {a: 1}", "tags: {a: 2}, tags_all: {a: 2}", nil, "update, low: tags.a"},
		{"inherited tags of what moves", "tags_all: {a: 1}", "tags_all: {a: 2}", func(r *facts.Resource) { r.PreviousAddress = "db.old" }, "update, medium:  (was db.old)"},
		{"replaced", "zone: a, instance_class: a", "zone: b, instance_class: b", func(r *facts.Resource) {
			r.Actions, r.ReplacePaths = []string{"delete", "create"}, [][]any{{"zone"}}
		}, "replace, high: instance_class zone"},
		{"another order", "cidr_blocks: [a, b]", "cidr_blocks: [b, a]", nil, "update, low: cidr_blocks[0] cidr_blocks[1] (order only)"},
		{"another order where it counts", "layers: [a, b]", "layers: [b, a]", nil, "update, medium: layers[0] layers[1]"},
		{"another order, and more", "subnet_ids: [a, b], x: 1", "subnet_ids: [b, a], x: 2", nil, "update, medium: subnet_ids[0] subnet_ids[1] x"},
		{"one more in the list", "subnet_ids: [a, b]", "subnet_ids: [b, a, c]", nil, "update, medium: subnet_ids"},
	} {
		r := facts.Resource{
			Subject: facts.Subject{ID: "r"}, Stack: "s", Address: "aws_db_instance.db", Type: "aws_db_instance", Name: "db", Mode: "managed", Origin: "plan",
			Actions: []string{"update"}, Before: manifestOf(t, "{"+c.before+"}"), After: manifestOf(t, "{"+c.after+"}"),
		}
		if c.with != nil {
			c.with(&r)
		}
		paths := []string{}
		for k := range r.After {
			paths = append(paths, planPaths(k, r.Before[k], r.After[k])...)
		}
		r.Change = &facts.ResourceChange{Action: "updated", Paths: paths}
		var got string
		for _, s := range summarised(Steps{Facts: &facts.Facts{Resources: []facts.Resource{r}}, Attributes: table}) {
			for _, x := range s.Steps {
				got = fmt.Sprintf("%s, %s: %s", x.Action, x.Risk, strings.Join(x.Paths, " "))
				if x.Reason != "" {
					got += " (" + x.Reason + ")"
				}
			}
			if s.Folded.Count > 0 {
				got = "folded " + strings.Join(s.Folded.Of, " ") + ", " + s.Folded.Risk
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// planPaths are the paths at which two values differ, as a plan is read.
func planPaths(path string, before, after any) []string {
	if b, ok := before.([]any); ok && len(b) == len(doc.List(after)) {
		var out []string
		for i := range b {
			out = append(out, planPaths(fmt.Sprintf("%s[%d]", path, i), b[i], doc.At(after, i))...)
		}
		return out
	}
	if b, ok := before.(map[string]any); ok {
		var out []string
		for k := range b {
			out = append(out, planPaths(path+"."+k, b[k], doc.At(after, k))...)
		}
		return out
	}
	if fmt.Sprint(before) == fmt.Sprint(after) {
		return nil
	}
	return []string{path}
}
