package boundaries

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// stacks are the states of Terraform's root modules.
func (t *tableBuilder) stacks() {
	for _, s := range t.f.Terraform.Stacks {
		backend, known := backendOf(s)
		b := Boundary{Kind: TerraformState, State: "resources of " + s.Path, Tool: "Terraform", Desired: s.Path, Backend: backend, subjects: []string{s.ID}}
		if known {
			b.identity = backend
		}
		t.add(b, s.Scope)
	}
}

// places are the members of a backend's configuration that say where the state
// is, by type (https://developer.hashicorp.com/terraform/language/backend).
var places = map[string][]string{
	"s3":         {"bucket", "key"},
	"gcs":        {"bucket", "prefix"},
	"azurerm":    {"storage_account_name", "container_name", "key"},
	"remote":     {"hostname", "organization", "workspaces"},
	"cloud":      {"hostname", "organization", "workspaces"},
	"http":       {"address"},
	"consul":     {"address", "path"},
	"kubernetes": {"namespace", "secret_suffix"},
	"pg":         {"schema_name"},
	"oss":        {"bucket", "prefix", "key"},
	"cos":        {"bucket", "prefix", "key"},
	"local":      {"path"},
}

// backendOf names where a stack records its state; known says that the name is
// that of one state only.
func backendOf(s facts.Stack) (text string, known bool) {
	typ := doc.Text(s.Backend, "type")
	if typ == "" {
		return "local file", false
	}
	values := []string{}
	for _, key := range places[typ] {
		switch v := doc.At(s.Backend, "config", key).(type) {
		case string:
			if v != "" {
				values = append(values, v)
			}
		case nil:
		default:
			values = append(values, compact(v))
		}
	}
	if len(values) == 0 {
		return typ + " (place not told)", false
	}
	last := places[typ][len(places[typ])-1]
	return typ + " " + strings.Join(values, "/"), typ != "local" && doc.At(s.Backend, "config", last) != nil
}

// compact writes a small value: names of workspaces.
func compact(v any) string {
	switch v := v.(type) {
	case map[string]any:
		parts := []string{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+"="+compact(v[k]))
		}
		return strings.Join(parts, ",")
	case []any:
		parts := []string{}
		for _, e := range v {
			parts = append(parts, compact(e))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

// crossplane are the claims and managed resources. What a composition makes is
// no state by itself.
func (t *tableBuilder) crossplane() {
	claims := t.claimKinds()
	for i := range t.f.Objects {
		o := &t.f.Objects[i]
		spec := doc.At(o.Manifest, "spec")
		_, defined := claims[o.Group+"/"+o.Kind]
		if !defined && doc.At(spec, "compositionRef") == nil && doc.At(spec, "compositionSelector") == nil && doc.At(spec, "crossplane", "compositionSelector") == nil && doc.At(spec, "crossplane", "compositionRef") == nil {
			continue
		}
		t.add(Boundary{Kind: Claim, State: "resources of " + objectName(o), Tool: "Crossplane", Desired: t.units[o.Unit].Path,
			Backend: t.cluster(o.Scope), subjects: []string{o.ID}}, o.Scope)
	}
	for _, r := range t.f.Resources {
		if r.Crossplane == nil || r.Mode != "managed" || r.After == nil {
			continue
		}
		o := t.objects[r.Crossplane.Object]
		if o == nil || o.Kind == "Composition" {
			continue
		}
		t.add(Boundary{Kind: ManagedResource, State: r.Type + " " + r.Name, Tool: "Crossplane", Desired: t.units[o.Unit].Path,
			Backend: cmp.Or(t.cluster(o.Scope), r.Crossplane.ProviderConfig), subjects: []string{o.ID}}, r.Scope)
	}
}

// claimKinds are the kinds that definitions of the tree make: "group/kind".
func (t *tableBuilder) claimKinds() map[string]bool {
	out := map[string]bool{}
	for _, o := range t.f.Objects {
		if o.Group != "apiextensions.crossplane.io" || o.Kind != "CompositeResourceDefinition" {
			continue
		}
		group := doc.Text(o.Manifest, "spec", "group")
		for _, names := range []string{"names", "claimNames"} {
			if kind := doc.Text(o.Manifest, "spec", names, "kind"); kind != "" {
				out[group+"/"+kind] = true
			}
		}
	}
	return out
}

// zones and records are the types of DNS resources, with the attribute that
// names them.
var (
	zones = map[string]string{
		"aws_route53_zone": "name", "google_dns_managed_zone": "dns_name", "azurerm_dns_zone": "name", "azurerm_private_dns_zone": "name",
		"cloudflare_zone": "name", "digitalocean_domain": "name",
	}
	records = map[string]string{
		"aws_route53_record": "name", "google_dns_record_set": "name", "cloudflare_record": "name", "cloudflare_dns_record": "name",
		"digitalocean_record": "name", "dnsimple_record": "name", "dnsimple_zone_record": "name", "ns1_record": "domain",
	}
)

// dns are the zones and records that Terraform, Crossplane and external-dns
// make.
func (t *tableBuilder) dns() {
	for _, r := range t.f.Resources {
		if r.Mode != "managed" || r.After == nil {
			continue
		}
		attribute, what := zones[r.Type], "zone"
		if attribute == "" {
			attribute, what = records[r.Type], "record"
		}
		if attribute == "" && strings.HasPrefix(r.Type, "azurerm_") && strings.Contains(r.Type, "dns_") && strings.HasSuffix(r.Type, "_record") {
			attribute = "name"
		}
		if attribute == "" {
			continue
		}
		b := Boundary{Kind: DNS, Tool: "Terraform", Desired: r.Stack, subjects: []string{r.ID}}
		if r.Crossplane != nil {
			b.Tool = "Crossplane"
			if o := t.objects[r.Crossplane.Object]; o != nil {
				b.Desired = t.units[o.Unit].Path
			}
		}
		name := host(doc.Text(r.After, attribute))
		if zone := host(doc.Text(r.After, "zone_name")); name != "" && zone != "" && what == "record" {
			name += "." + zone
		}
		b.State = "DNS " + what + " " + name
		if name == "" {
			b.State = "DNS " + what + " of " + r.Address
		} else if strings.Contains(name, ".") {
			b.identity = what + " " + name
		}
		t.add(b, r.Scope)
	}
	for i := range t.f.Objects {
		o := &t.f.Objects[i]
		for _, name := range externalNames(o) {
			t.add(Boundary{Kind: DNS, State: "DNS record " + name, Tool: "external-dns", Desired: t.units[o.Unit].Path,
				subjects: []string{o.ID}, identity: "record " + name}, o.Scope)
		}
	}
}

// externalNames are the host names that external-dns makes records for: those
// of a DNSEndpoint, and of the annotation.
func externalNames(o *facts.Object) []string {
	var out []string
	if o.Group == "externaldns.k8s.io" && o.Kind == "DNSEndpoint" {
		for _, e := range doc.List(o.Manifest, "spec", "endpoints") {
			out = append(out, host(doc.Text(e, "dnsName")))
		}
	}
	for _, h := range strings.Split(doc.Text(o.Manifest, "metadata", "annotations", "external-dns.alpha.kubernetes.io/hostname"), ",") {
		if h = host(h); h != "" {
			out = append(out, h)
		}
	}
	return out
}

func host(s string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
}

// secretValues are the secret managers behind the stores: the values are
// theirs, whoever refers to them.
func (t *tableBuilder) secretValues() {
	for _, s := range t.f.Index.SecretStores {
		name := s.Kind + " " + s.Name
		if s.Namespace != "" {
			name = s.Kind + " " + s.Namespace + "/" + s.Name
		}
		b := Boundary{Kind: SecretValues, State: "values behind " + name, Tool: "secret manager (" + cmp.Or(s.Provider, "unknown") + ")",
			Desired: "outside of Git", Backend: strings.TrimSpace(s.Provider + " " + s.Prefix), subjects: []string{s.ID}}
		scope := facts.Scope{Environment: s.Environment, Target: s.Target}
		if o := t.objects[s.ID]; o != nil {
			scope.Owner = o.Owner
		}
		t.add(b, scope)
	}
}
