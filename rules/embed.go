// Package rules embeds the catalog: one directory a rule, the shared Rego
// library in lib, and the fact tables in data.
//
// data/modules holds what well-known modules of Terraform make of their arguments:
// internal/terraform reads it.
package rules

import "embed"

// FS holds the Rego modules and tables, without the fixtures.
//
//go:embed */*/*.rego lib/*.rego data/*.yaml data/modules
var FS embed.FS
