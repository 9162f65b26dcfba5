// Package terraform turns Terraform and OpenTofu inputs into facts: the JSON
// of a plan, or the configuration itself where no plan was handed in, each
// resource with the place in the tree where a person would change it.
//
// A plan is read once, sensitive values are masked while it is read, and
// nothing of it is judged here. What cannot be read ends in the ledger as
// failed; it is never left out silently.
package terraform
