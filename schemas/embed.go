// Package schemas holds the JSON Schemas of what gate reads and writes.
package schemas

import _ "embed" // for the directive below

// Facts describes the document that rules judge.
//
//go:embed facts.schema.json
var Facts []byte
