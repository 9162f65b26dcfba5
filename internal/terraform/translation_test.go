package terraform

import (
	"context"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

const azapiConfig = `-- main.tf --
variable "given" {}
resource "azapi_resource" "object" {
  type = "Microsoft.Storage/storageAccounts@2023-01-01"
  name = "x"
  body = {
    properties = {
      allowBlobPublicAccess = true
      minimumTlsVersion     = var.given
      publicNetworkAccess   = "Disabled"
      networkAcls = {
        defaultAction = "Allow"
        ipRules       = [{ value = "0.0.0.0/0" }]
      }
    }
  }
}
resource "azapi_resource" "text" {
  type = "microsoft.network/networksecuritygroups@2023-04-01"
  body = jsonencode({
    properties = {
      securityRules = [
        { name = "a", properties = { access = "Allow", direction = "Inbound", sourceAddressPrefix = "10.0.0.0/8" } },
        { name = "b", properties = { access = "Allow", direction = "Inbound", sourceAddressPrefix = "*", destinationPortRange = "22" } },
      ]
    }
  })
}
resource "azapi_resource" "partial" {
  type = "Microsoft.Sql/servers@2023-05-01-preview"
  body = jsonencode({ properties = { minimalTlsVersion = "1.0", administratorLogin = var.given } })
}
resource "azapi_resource" "hidden" {
  type = "Microsoft.KeyVault/vaults@2023-07-01"
  body = var.given
}
resource "azapi_update_resource" "update" {
  type = "Microsoft.Cache/redis@2023-08-01"
  body = { properties = { enableNonSslPort = true } }
}
resource "azapi_resource" "other" {
  type = "Microsoft.Quota/quotas@2023-02-01"
  body = { properties = {} }
}
resource "azapi_resource" "case" {
  type = "Microsoft.KeyVault/vaults@2023-07-01"
  body = { Properties = { PUBLICNETWORKACCESS = "enabled" } }
}
`

func TestAzapi(t *testing.T) {
	t.Parallel()
	out, err := Collect(context.Background(), sourcetest.Parse(azapiConfig), Inputs{Stacks: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		Type, Declared string
		After, Unknown map[string]any
	}
	got := map[string]seen{}
	for _, r := range out.Resources {
		s := seen{r.Type, r.DeclaredType, map[string]any{}, map[string]any{}}
		for name, v := range r.After {
			if name != "type" && name != "body" && name != "name" {
				s.After[name] = v
			}
		}
		for name, v := range r.Unknown {
			if name != "body" {
				s.Unknown[name] = v
			}
		}
		got[strings.TrimPrefix(strings.TrimPrefix(r.Address, "azapi_resource."), "azapi_update_resource.")] = s
	}
	rule := func(source, port any) map[string]any {
		r := map[string]any{"access": "Allow", "direction": "Inbound", "source_address_prefix": source}
		if port != nil {
			r["destination_port_range"] = port
		}
		return r
	}
	none := map[string]any{}
	want := map[string]seen{
		"object": {"azurerm_storage_account", "azapi_resource", map[string]any{
			"allow_blob_public_access": true, "allow_nested_items_to_be_public": true, "public_network_access_enabled": false,
			"network_rules": []any{map[string]any{"default_action": "Allow", "ip_rules": []any{"0.0.0.0/0"}}},
		}, map[string]any{"min_tls_version": true}},
		"text":    {"azurerm_network_security_group", "azapi_resource", map[string]any{"security_rule": []any{rule("10.0.0.0/8", nil), rule("*", "22")}}, none},
		"partial": {"azurerm_mssql_server", "azapi_resource", map[string]any{"minimum_tls_version": "1.0", "public_network_access_enabled": true}, none},
		"hidden": {"azurerm_key_vault", "azapi_resource", none, map[string]any{
			"public_network_access_enabled": true, "network_acls": true, "purge_protection_enabled": true,
		}},
		"update": {"azurerm_redis_cache", "azapi_update_resource", map[string]any{"non_ssl_port_enabled": true}, none},
		"other":  {"azapi_resource", "", none, none},
		"case":   {"azurerm_key_vault", "azapi_resource", map[string]any{"public_network_access_enabled": true}, none},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(azapiConfig, "\n")
	for _, c := range []struct {
		address string
		path    source.Path
		want    string
	}{
		{"object", source.Path{"allow_nested_items_to_be_public"}, "allowBlobPublicAccess = true"},
		{"object", source.Path{"network_rules", 0, "ip_rules", 0}, `ipRules       = [{ value = "0.0.0.0/0" }]`},
		{"text", source.Path{"security_rule", 1, "source_address_prefix"}, `{ name = "b", properties = { access = "Allow", direction = "Inbound", sourceAddressPrefix = "*", destinationPortRange = "22" } },`},
	} {
		pos := out.Locators["terraform:.:azapi_resource."+c.address].Locate(c.path).Position
		if line := strings.TrimSpace(lines[pos.Line]); line != c.want {
			t.Errorf("%s %s stands at %s", c.address, c.path, line)
		}
	}
}

// TestTranslations: every row of a table leads to a type and says all that a rule looks
// at beside an attribute that it says.
func TestTranslations(t *testing.T) {
	t.Parallel()
	rows := tableRows(t)
	for _, name := range []string{"azapi", "awscc"} {
		kinds := readTranslations(name)
		if len(kinds) < 30 {
			t.Errorf("the table %s is not read", name)
		}
		for typ, k := range kinds {
			all := []translation{*k}
			for _, p := range k.parts {
				all = append(all, p.translation)
				if k.attributes[p.at[0]].at != nil {
					t.Errorf("%s hides %s, which a part stands in", typ, p.at[0])
				}
			}
			for _, x := range k.instead {
				all = append(all, x.translation)
			}
			for _, one := range all {
				if one.typ == "" {
					t.Errorf("%s has no type", typ)
				}
				if _, ok := one.attributes["type"]; ok && name == "azapi" {
					t.Errorf("%s hides the type", typ)
				}
				for _, row := range rows[one.typ] {
					checkSettled(t, typ, row, func(attribute string) bool { _, ok := one.attributes[attribute]; return ok })
				}
			}
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add(`{"properties": {"networkAcls": [{"ipRules": {"value": 1}}]}}`)
	f.Add(`{"policies": [{"policy_document": "{}"}, 1], "tags": [{"key": 1}], "public_access_block_configuration": true, "engine": {}}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := facts.Resource{Mode: "managed", Type: "azapi_resource", After: map[string]any{"type": "Microsoft.Storage/storageAccounts@1", "body": body}}
		(&loader{}).translate([]facts.Resource{r})
		own, _ := parseDocument(body)
		after, _ := own.(map[string]any)
		for _, typ := range []string{"awscc_s3_bucket", "awscc_rds_db_instance", "awscc_iam_user"} {
			list := []facts.Resource{{Mode: "managed", Type: typ, After: after, Unknown: after, Documents: knownDocuments(after)}}
			l := &loader{}
			l.translate(list)
			l.parts(list)
		}
	})
}
