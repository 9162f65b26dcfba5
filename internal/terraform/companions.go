package terraform

import (
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// companionOf names, for each type that completes another resource, the
// attributes that may refer to it.
var companionOf = map[string][]string{
	"aws_s3_bucket_public_access_block":                  {"bucket"},
	"aws_s3_bucket_acl":                                  {"bucket"},
	"aws_s3_bucket_policy":                               {"bucket"},
	"aws_s3_bucket_server_side_encryption_configuration": {"bucket"},
	"aws_s3_bucket_logging":                              {"bucket", "target_bucket"},
	"azurerm_storage_account_network_rules":              {"storage_account_id", "storage_account_name"},
	"azurerm_storage_account_customer_managed_key":       {"storage_account_id"},
	"azurerm_cognitive_account_customer_managed_key":     {"cognitive_account_id"},
	"azurerm_data_factory_customer_managed_key":          {"data_factory_id"},
	"azurerm_mssql_server_transparent_data_encryption":   {"server_id"},
	"azurerm_servicebus_namespace_customer_managed_key":  {"namespace_id"},
	"azurerm_mssql_server_extended_auditing_policy":      {"server_id"},
	"azurerm_monitor_diagnostic_setting":                 {"target_resource_id"},
	"aws_flow_log":                                       {"vpc_id", "subnet_id"},
	"aws_redshift_logging":                               {"cluster_identifier"},
	"aws_iam_role_policy_attachment":                     {"role"},
	"aws_iam_role_policy":                                {"role"},
	"aws_load_balancer_listener_policy":                  {"load_balancer_name"},
	"aws_lb_ssl_negotiation_policy":                      {"load_balancer"},
}

// completedBy names the types that are completed by what they refer to: a proxy does
// what its URL map says, and who reaches a search domain is said by its network, too.
var completedBy = map[string]string{
	"google_compute_target_http_proxy":        "url_map",
	"google_compute_region_target_http_proxy": "url_map",
	"aws_opensearch_domain_policy":            "domain_name",
	"aws_elasticsearch_domain_policy":         "domain_name",
}

// addCompanions attaches to each resource those that complete it, and to
// those the other ones of the same resource: a bucket's policy is public only
// if the bucket's public access block lets it. They meet at the resource that
// both refer to, or at the literal name that both give.
func addCompanions(resources []facts.Resource) {
	named := namedResources(resources)
	groups := map[string][]int{}
	key := func(r *facts.Resource, name string) string { return r.Module + "\x00" + name }
	for i := range resources {
		r := &resources[i]
		if r.Mode != "managed" || r.After == nil {
			continue
		}
		for _, attr := range companionOf[r.Type] {
			for _, target := range named.resolve(r, targets(r, attr)) {
				groups[key(r, target)] = append(groups[key(r, target)], i)
			}
		}
	}
	addCompleted(resources)
	if len(groups) == 0 {
		return
	}
	for i := range resources {
		r := &resources[i]
		if r.Mode != "managed" || r.After == nil {
			continue
		}
		var names []string
		for _, attr := range companionOf[r.Type] {
			names = append(names, named.resolve(r, targets(r, attr))...)
		}
		declared := declaredType(r) + "." + r.Name
		names = append(names, declared+keySuffix(r.Index), declared)
		if v := ownName(r); v != "" {
			names = append(names, "="+v)
		}
		seen := map[int]bool{i: true}
		for _, name := range names {
			for _, j := range groups[key(r, name)] {
				if !seen[j] && sameInstance(r, &resources[j]) {
					seen[j] = true
					c := &resources[j]
					r.Companions = append(r.Companions, facts.Companion{Address: c.Address, Type: c.Type, After: c.After, Unknown: c.Unknown})
				}
			}
		}
		sort.Slice(r.Companions, func(i, j int) bool { return r.Companions[i].Address < r.Companions[j].Address })
	}
}

// addCompleted attaches to each resource of completedBy what it refers to.
func addCompleted(resources []facts.Resource) {
	var byName map[string][]int // made for the first that needs it
	for i := range resources {
		r := &resources[i]
		attr := completedBy[r.Type]
		if attr == "" || r.Mode != "managed" || r.After == nil {
			continue
		}
		if byName == nil {
			byName = managedByName(resources)
		}
		for _, name := range targets(r, attr) {
			for _, j := range byName[r.Module+"\x00"+name] {
				c := &resources[j]
				if sameInstance(r, c) {
					r.Companions = append(r.Companions, facts.Companion{Address: c.Address, Type: c.Type, After: c.After, Unknown: c.Unknown})
				}
			}
		}
	}
}

// managedByName indexes what exists after apply by module and name.
func managedByName(resources []facts.Resource) map[string][]int {
	out := map[string][]int{}
	for i := range resources {
		if r := &resources[i]; r.Mode == "managed" && r.After != nil {
			k := r.Module + "\x00" + r.Type + "." + r.Name
			out[k] = append(out[k], i)
		}
	}
	return out
}

// aliases lead from the literal name of a resource to its address, by module.
type aliases map[string][]string

// namedResources indexes the resources that are referred to by a name.
func namedResources(resources []facts.Resource) aliases {
	out := aliases{}
	for i := range resources {
		r := &resources[i]
		if v := ownName(r); v != "" {
			k := r.Module + "\x00=" + v
			out[k] = append(out[k], declaredType(r)+"."+r.Name)
		}
	}
	return out
}

// resolve adds the addresses that literal names stand for.
func (a aliases) resolve(r *facts.Resource, names []string) []string {
	for _, n := range names {
		if strings.HasPrefix(n, "=") {
			names = append(names, a[r.Module+"\x00"+n]...)
		}
	}
	return names
}

// ownName is the name by which others may refer to a resource.
func ownName(r *facts.Resource) string {
	attr := ""
	switch r.Type {
	case "aws_s3_bucket":
		attr = "bucket"
	case "azurerm_storage_account", "azurerm_mssql_server", "aws_iam_role":
		attr = "name"
	default:
		return ""
	}
	if r.Mode != "managed" || r.After == nil {
		return ""
	}
	v := doc.Text(r.After, attr)
	return v
}

// sameInstance keeps instances of count and for_each apart: the n-th block
// belongs to the n-th bucket.
func sameInstance(a, b *facts.Resource) bool {
	return a.Index == nil || b.Index == nil || a.Index == b.Index
}

// targets names what an attribute refers to: resources of the module and,
// where the value is known, the value itself.
func targets(r *facts.Resource, attr string) []string {
	var out []string
	if e, ok := r.Expressions[attr].(map[string]any); ok {
		for _, v := range doc.List(e, "references") {
			ref := doc.Text(v)
			parts := strings.SplitN(ref, ".", 3)
			if len(parts) >= 2 && strings.Contains(parts[0], "_") {
				name := parts[0] + "." + parts[1]
				if open := strings.IndexByte(name, '['); open >= 0 {
					name = name[:open]
				}
				out = append(out, name)
			}
		}
	}
	if v, ok := r.After[attr].(string); ok && v != "" {
		out = append(out, "="+v)
	}
	return out
}
