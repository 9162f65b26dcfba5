package terraform

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/rules"
)

// rowTables are the tables whose keys are types of resources.
var rowTables = [...]string{"data/iac_*.yaml", "data/secrets_state.yaml"}

// judgedByRule are types that rules look at by themselves; a test finds those that are
// missing.
var judgedByRule = [...]string{
	// iac/static-key-created
	"aws_iam_access_key", "aws_iam_service_specific_credential", "aws_iam_signing_certificate", "aws_iam_user_login_profile", "aws_transfer_ssh_key",
	"azuread_application_certificate", "azuread_application_password", "azuread_service_principal_certificate", "azuread_service_principal_password",
	"azurerm_container_registry_token_password", "azurerm_storage_account_local_user", "azurerm_storage_account_sas",
	"github_actions_runner_registration_token", "github_repository_deploy_key",
	"gitlab_deploy_token", "gitlab_group_access_token", "gitlab_personal_access_token", "gitlab_project_access_token",
	"google_apikeys_key", "google_service_account_key", "google_storage_hmac_key",
	// others
	"azuread_application_federated_identity_credential", "azuread_application_flexible_federated_identity_credential",
	"azurerm_federated_identity_credential", "google_iam_workload_identity_pool_provider", "local_file",
}

// rowTypes are the types that some table has a row for, those with a star for
// families, and the names of the tables.
type rowTypes struct {
	types    map[string]bool
	families []string
	tables   []string
}

// readRowTypes finds the types as the keys of the tables, without reading what their
// rows say.
func readRowTypes() *rowTypes {
	out := &rowTypes{types: map[string]bool{}}
	for _, typ := range judgedByRule {
		out.types[typ] = true
	}
	for _, pattern := range rowTables {
		files, _ := fs.Glob(rules.FS, pattern)
		for _, file := range files {
			data, err := fs.ReadFile(rules.FS, file)
			if err != nil {
				continue
			}
			out.tables = append(out.tables, strings.TrimSuffix(path.Base(file), ".yaml"))
			for line := range bytes.Lines(data) {
				name, _, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
				name = strings.Trim(name, `"'`)
				switch {
				case !ok || !bytes.HasPrefix(line, []byte("  ")) || !strings.Contains(name, "_") || strings.ContainsAny(name, " {[-#\"'"):
				case strings.Contains(name, "*"):
					out.families = append(out.families, name)
				default:
					out.types[name] = true
				}
			}
		}
	}
	return out
}

// has says whether a table has a row for a type.
func (t *rowTypes) has(typ string) bool {
	return t.types[typ] || slices.ContainsFunc(t.families, func(family string) bool {
		ok, _ := path.Match(family, typ)
		return ok
	})
}

// entries are what the ledger says of the resources of a stack: what no table has a
// row for is not judged, though its stack was read.
func (c *collector) entries(resources []facts.Resource) []facts.Entry {
	out := make([]facts.Entry, 0, len(resources))
	for i := range resources {
		r := &resources[i]
		e := facts.Entry{Kind: "resource", ID: r.ID, State: facts.Evaluated}
		if r.Mode == "managed" {
			if c.rows == nil {
				c.rows, c.rowless = readRowTypes(), map[string]int{}
			}
			if !c.rows.has(r.Type) {
				name := rowlessName(r)
				e.State, e.Reason = facts.NotApplicable, fmt.Sprintf("no table has a row for %s", name)
				c.rowless[name]++
			}
		}
		out = append(out, e)
	}
	return out
}

// rowlessName is a type as a table would have to name it: a resource of azapi is of a
// type of Azure.
func rowlessName(r *facts.Resource) string {
	if typ := azapiType(r); azapiResource(r.Type) && typ != "" {
		return r.Type + " " + typ
	}
	return r.Type
}

// rowlessEntries say once for each type that nothing judged it.
func (c *collector) rowlessEntries() []facts.Entry {
	var out []facts.Entry
	for _, name := range slices.Sorted(maps.Keys(c.rowless)) {
		out = append(out, facts.Entry{
			Kind: "table", ID: name, State: facts.NotApplicable, Count: c.rowless[name],
			Reason: "not judged by " + strings.Join(c.rows.tables, ", ") + ": none has a row for the type",
		})
	}
	return out
}

// programEntries name the programs that a resource runs on the machine of whoever plans
// or applies: no rule knows what they do.
func (s *stackInput) programEntries(r *facts.Resource, at source.Locator) []facts.Entry {
	var out []facts.Entry
	entry := func(name, reason string, p source.Path) {
		out = append(out, facts.Entry{Kind: "program", ID: r.ID + "#" + name, State: facts.NotApplicable, Reason: reason, Place: at.Locate(p).Position})
	}
	if r.Mode == "data" && r.Type == "external" {
		entry("external", "a program that runs whenever Terraform plans: no rule knows what it does", source.Path{"program"})
	}
	for _, p := range r.Provisioners {
		when := "when the resource is created"
		if p.When == "destroy" {
			when = "when the resource is destroyed"
		}
		entry(p.Type, fmt.Sprintf("%s runs %s: no rule knows what it does", p.Type, when), source.Path{"provisioner"})
	}
	return out
}
