// Package rules embeds the catalog: one directory a rule, the shared Rego
// library in lib, and the fact tables in data.
package rules

import "embed"

// FS holds the Rego modules and tables, without the fixtures.
//
//go:embed */*/*.rego lib/*.rego data/*.yaml
var FS embed.FS
