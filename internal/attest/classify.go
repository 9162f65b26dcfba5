package attest

import (
	"iter"
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
)

// classify says what kind of change reaches the scope. Where several kinds
// are mixed, the one that wants the most careful reviewer is named:
//
//	policy-change    configuration, waivers, trust, CODEOWNERS or CI definitions
//	database-change  a managed database
//	secret-change    a Secret or a reference to a secret manager
//	infra-change     any other Terraform resource
//	platform-change  cluster-scoped objects and controllers' own objects
//	app-deploy       everything else
//
// Objects and resources that were judged without a base count as changed.
func classify(f *facts.Facts, s scope, riskClass string) Classification {
	c := Classification{ChangeType: "app-deploy", RiskClass: riskClass}
	rank := -1
	found := func(kind string) {
		if r := slices.Index(changeTypes, kind); r > rank {
			rank, c.ChangeType = r, kind
		}
	}
	for _, file := range f.Change.Files {
		if file.Policy != "" || policyFile(file.Path) || policyFile(file.Previous) {
			found("policy-change")
		}
	}
	for i := range f.Resources {
		r := &f.Resources[i]
		if !s.covers(r.Scope) || r.Mode == "data" || !moves(r.Change) || planned(r) && noOp(r.Actions) {
			continue
		}
		c.Destructive = c.Destructive || slices.Contains(r.Actions, "delete")
		found(resourceChange(r))
	}
	for i := range f.Terraform.DeletedResources {
		if r := &f.Terraform.DeletedResources[i]; s.covers(r.Scope) {
			c.Destructive = c.Destructive || slices.Contains(r.Actions, "delete")
			found(resourceChange(r))
		}
	}
	for i := range f.Terraform.Changes {
		if s.covers(f.Terraform.Changes[i].Scope) {
			found("infra-change")
		}
	}
	for i := range f.Objects {
		o := &f.Objects[i]
		if !s.covers(o.Scope) || !moves(o.Change) {
			continue
		}
		found(objectChange(o))
	}
	for i := range f.DeletedObjects {
		if o := &f.DeletedObjects[i]; s.covers(o.Scope) {
			c.Destructive = c.Destructive || !stays(o.Change)
			found(objectChange(o))
		}
	}
	for sc := range scopes(f) {
		c.RegulatedData = c.RegulatedData || s.covers(sc) && sc.Regulated
	}
	return c
}

// changeTypes from the least to the most careful reviewer.
var changeTypes = []string{"app-deploy", "platform-change", "infra-change", "secret-change", "database-change", "policy-change"}

func moves(t *facts.ResourceChange) bool { return t == nil || t.Action != "unchanged" }

// stays says whether an object that the change deletes is left in the cluster.
func stays(t *facts.ResourceChange) bool {
	return t != nil && (t.Outcome == facts.OutcomeOrphaned || t.Outcome == facts.OutcomeNotApplied)
}

func planned(r *facts.Resource) bool { return r.Origin == "plan" }

func noOp(actions []string) bool {
	return !slices.ContainsFunc(actions, func(a string) bool { return a != "no-op" && a != "read" })
}

func resourceChange(r *facts.Resource) string {
	if database(r.Type) {
		return "database-change"
	}
	return "infra-change"
}

func objectChange(o *facts.Object) string {
	switch o.Kind {
	case "Secret", "SealedSecret", "ExternalSecret", "ClusterExternalSecret", "PushSecret", "SecretStore", "ClusterSecretStore":
		return "secret-change"
	case "Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration",
		"MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "APIService",
		"PriorityClass", "StorageClass", "RuntimeClass", "AppProject", "Application", "ApplicationSet":
		return "platform-change"
	}
	if strings.HasSuffix(o.Group, "toolkit.fluxcd.io") {
		return "platform-change"
	}
	return "app-deploy"
}

// database says whether a resource type is a managed database, by the words
// that providers use in their names.
func database(resourceType string) bool {
	for _, word := range []string{
		"_db_", "_rds_", "_dynamodb_", "_docdb_", "_neptune_", "_redshift_", "_sql_", "_mssql_", "_mysql_", "_postgresql_",
		"_spanner_", "_bigtable_", "_firestore_", "_cosmosdb_", "_mariadb_", "_mongodb",
	} {
		if strings.Contains(resourceType+"_", word) {
			return true
		}
	}
	return false
}

// policyFile says whether a file decides what is allowed.
func policyFile(file string) bool {
	switch path.Base(file) {
	case ".gate.yaml", "CODEOWNERS", ".gitlab-ci.yml", "atlantis.yaml":
		return true
	}
	for _, dir := range []string{".gate/", ".github/workflows/", ".github/actions/"} {
		if strings.HasPrefix(file, dir) || strings.Contains(file, "/"+dir) {
			return true
		}
	}
	return false
}

// summarise counts what becomes of the objects and managed resources in scope.
func summarise(f *facts.Facts, s scope) Summary {
	var out Summary
	for i := range f.Objects {
		if s.covers(f.Objects[i].Scope) {
			out.count(f.Objects[i].Change)
		}
	}
	for i := range f.DeletedObjects {
		if s.covers(f.DeletedObjects[i].Scope) {
			out.Deleted++
		}
	}
	for i := range f.Terraform.DeletedResources {
		if s.covers(f.Terraform.DeletedResources[i].Scope) {
			out.Deleted++
		}
	}
	for i := range f.Resources {
		r := &f.Resources[i]
		if !s.covers(r.Scope) || r.Mode == "data" || r.Crossplane != nil { // the latter is counted as an object
			continue
		}
		deleted, created := slices.Contains(r.Actions, "delete"), slices.Contains(r.Actions, "create")
		switch {
		case !planned(r):
			out.count(r.Change)
		case deleted && created:
			out.Updated++
			out.Replaced++
		case deleted:
			out.Deleted++
		case created:
			out.Created++
		case slices.Contains(r.Actions, "update"):
			out.Updated++
		case r.PreviousAddress != "":
			out.Moved++
		}
	}
	return out
}

func (c *Summary) count(t *facts.ResourceChange) {
	if t == nil {
		c.Unknown++
		return
	}
	switch t.Action {
	case "created":
		c.Created++
	case "updated":
		c.Updated++
	case "deleted":
		c.Deleted++
	case "moved":
		c.Moved++
	}
}

// scopes yields the scope of every subject that a target is made of.
func scopes(f *facts.Facts) iter.Seq[facts.Scope] {
	return func(yield func(facts.Scope) bool) {
		for i := range f.Units {
			if !yield(f.Units[i].Scope) {
				return
			}
		}
		for i := range f.Objects {
			if !yield(f.Objects[i].Scope) {
				return
			}
		}
		for i := range f.DeletedObjects {
			if !yield(f.DeletedObjects[i].Scope) {
				return
			}
		}
		for i := range f.Resources {
			if !yield(f.Resources[i].Scope) {
				return
			}
		}
		for i := range f.Terraform.Stacks {
			if !yield(f.Terraform.Stacks[i].Scope) {
				return
			}
		}
	}
}
