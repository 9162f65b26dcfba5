package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/classify"
	"gate/internal/facts"
	"gate/rules"
)

// labelled are changes with the type and risk that an operator of the platform
// gives them, by the words of the production change contract: by how much is lost,
// how many depend on it, and whether there is a way back.
var labelled = []struct {
	name       string
	change     func(*making)
	changeType string
	risk       string
	because    string // the row that decides
}{
	{"image of a Deployment", func(c *making) { c.object("apps/Deployment", "updated", "spec.template.spec.containers[0].image") }, "app-deploy", "low", ""},
	{"replicas of a Deployment", func(c *making) { c.object("apps/Deployment", "updated", "spec.replicas") }, "app-deploy", "low", ""},
	{"a setting in a ConfigMap", func(c *making) { c.object("/ConfigMap", "updated", "data.LOG_LEVEL") }, "app-deploy", "low", ""},
	{"a new application", func(c *making) {
		c.object("apps/Deployment", "created")
		c.object("/Service", "created")
		c.object("networking.k8s.io/Ingress", "created")
		c.object("policy/PodDisruptionBudget", "created")
	}, "app-deploy", "low", ""},
	{"a Deployment of a regulated service", func(c *making) {
		c.regulated = true
		c.object("apps/Deployment", "updated", "spec.template.spec.containers[0].image")
	}, "app-deploy", "medium", "regulated-object"},
	{"a Job that is done goes", func(c *making) { c.object("batch/Job", "deleted") }, "app-deploy", "low", ""},
	{"an autoscaler goes", func(c *making) { c.object("autoscaling/HorizontalPodAutoscaler", "deleted") }, "app-deploy", "medium", "light-object-deleted"},
	{"a Service goes", func(c *making) { c.object("/Service", "deleted") }, "app-deploy", "high", "object-deleted"},
	{"a Deployment goes", func(c *making) { c.object("apps/Deployment", "deleted") }, "app-deploy", "high", "object-deleted"},
	{"a Deployment leaves the repository, and nothing prunes it", func(c *making) { c.outcome("apps/Deployment", "deleted", facts.OutcomeOrphaned) }, "app-deploy", "medium", "object-forgotten"},
	{"a Namespace goes that its deployer keeps", func(c *making) { c.outcome("/Namespace", "deleted", facts.OutcomeNotApplied) }, "app-deploy", "low", ""},
	{"a volume and its data", func(c *making) { c.object("/PersistentVolumeClaim", "deleted") }, "app-deploy", "critical", "object-data-lost"},
	{"the same where nobody works", func(c *making) { c.class = "non-prod"; c.object("/PersistentVolumeClaim", "deleted") }, "app-deploy", "high", "object-deleted"},
	{"a namespace with all in it", func(c *making) { c.object("/Namespace", "deleted") }, "platform-change", "critical", "object-data-lost"},
	{"a new namespace", func(c *making) { c.object("/Namespace", "created") }, "platform-change", "low", ""},
	{"a field of a definition", func(c *making) {
		c.object("apiextensions.k8s.io/CustomResourceDefinition", "updated", "spec.versions[0].schema")
	}, "platform-change", "medium", "cluster-object-changed"},
	{"a definition goes", func(c *making) { c.object("apiextensions.k8s.io/CustomResourceDefinition", "deleted") }, "platform-change", "critical", "definition-deleted"},
	{"a role of one namespace", func(c *making) { c.object("rbac.authorization.k8s.io/Role", "updated", "rules[0].verbs[2]") }, "app-deploy", "medium", "object-permission-changed"},
	{"a role of the cluster", func(c *making) { c.object("rbac.authorization.k8s.io/ClusterRole", "updated", "rules") }, "platform-change", "medium", "cluster-object-changed"},
	{"an admission webhook", func(c *making) {
		c.object("admissionregistration.k8s.io/ValidatingWebhookConfiguration", "updated", "webhooks[0].failurePolicy")
	}, "platform-change", "high", "admission-changed"},
	{"a Secret gets another value", func(c *making) { c.object("/Secret", "updated", "data.password") }, "secret-change", "medium", "secret-changed"},
	{"where a secret comes from", func(c *making) {
		c.object("external-secrets.io/ExternalSecret", "updated", "spec.data[0].remoteRef.key")
	}, "secret-change", "medium", "secret-changed"},
	{"a revision of an Application", func(c *making) { c.object("argoproj.io/Application", "updated", "spec.source.targetRevision") }, "platform-change", "medium", "delivery-changed"},
	{"a database of an operator grows", func(c *making) { c.object("postgresql.cnpg.io/Cluster", "updated", "spec.storage.size") }, "database-change", "medium", "database-object-changed"},

	{"a new bucket", func(c *making) { c.resource("aws_s3_bucket", "create") }, "infra-change", "low", ""},
	{"a tag of an instance", func(c *making) { c.update("aws_instance", "tags", "a", "b") }, "infra-change", "low", ""},
	{"a random name is made again", func(c *making) { c.resource("random_pet", "delete", "create") }, "infra-change", "low", ""},
	{"a task definition, as with each deploy", func(c *making) { c.resource("aws_ecs_task_definition", "create", "delete") }, "infra-change", "medium", "resource-renewed"},
	{"a rule of a security group is made again", func(c *making) { c.resource("aws_security_group_rule", "delete", "create") }, "infra-change", "medium", "resource-renewed"},
	{"a policy of a role", func(c *making) { c.update("aws_iam_role_policy", "name", "a", "b") }, "infra-change", "medium", "permission-changed"},
	{"a role of the whole organisation", func(c *making) { c.resource("google_organization_iam_member", "create") }, "infra-change", "high", "wide-permission-changed"},
	{"a role assignment goes", func(c *making) { c.resource("azurerm_role_assignment", "delete") }, "infra-change", "high", "resource-deleted"},
	{"a route", func(c *making) { c.update("aws_route", "nat_gateway_id", "nat-1", "nat-2") }, "infra-change", "high", "routing-changed"},
	{"a name leads elsewhere", func(c *making) { c.update("cloudflare_record", "content", "192.0.2.1", "192.0.2.2") }, "infra-change", "medium", "names-changed"},
	{"a zone goes", func(c *making) { c.resource("google_dns_managed_zone", "delete") }, "infra-change", "critical", "data-lost"},
	{"a key goes", func(c *making) { c.resource("aws_kms_key", "delete") }, "infra-change", "critical", "data-lost"},
	{"who may use a key", func(c *making) { c.update("aws_kms_key", "policy", "{}", "[]") }, "infra-change", "high", "key-policy-changed"},
	{"when a database is maintained", func(c *making) { c.update("aws_db_instance", "maintenance_window", "a", "b") }, "database-change", "medium", "database-changed"},
	{"the version of a database", func(c *making) {
		c.update("google_sql_database_instance", "database_version", "POSTGRES_15", "POSTGRES_16")
	}, "database-change", "high", "database-upgraded"},
	{"a database is made again", func(c *making) { c.resource("azurerm_postgresql_flexible_server", "delete", "create") }, "database-change", "critical", "data-lost"},
	{"a database of a smaller cloud goes", func(c *making) { c.resource("digitalocean_database_cluster", "delete") }, "database-change", "critical", "other-data-lost"},
	{"a database loses its protection", func(c *making) { c.update("aws_db_instance", "deletion_protection", true, false) }, "database-change", "high", "protection-lost"},
	{"a database is protected", func(c *making) { c.update("aws_db_instance", "deletion_protection", false, true) }, "database-change", "medium", "database-changed"},
	{"parameters of a database are made again", func(c *making) { c.resource("aws_db_parameter_group", "create", "delete") }, "database-change", "medium", "resource-renewed"},
	{"a database is taken out of the state", func(c *making) { c.resource("aws_db_instance", "forget") }, "database-change", "medium", "resource-forgotten"},
	{"the version of a cluster", func(c *making) { c.update("aws_eks_cluster", "version", "1.32", "1.33") }, "infra-change", "high", "cluster-upgraded"},
	{"a cluster goes", func(c *making) { c.resource("azurerm_kubernetes_cluster", "delete") }, "infra-change", "critical", "platform-lost"},
	{"a password is made again", func(c *making) { c.resource("random_password", "delete", "create") }, "secret-change", "medium", "resource-renewed"},
	{"the state is kept elsewhere", func(c *making) { c.configuration("backend", "updated") }, "infra-change", "high", "state-moved"},
	{"a version of a provider", func(c *making) { c.configuration("provider", "updated") }, "infra-change", "medium", "settings-changed"},

	{"a workflow", func(c *making) { c.file(".github/workflows/deploy.yaml", "modified") }, "policy-change", "medium", "ci-file"},
	{"the owners of code", func(c *making) { c.file("CODEOWNERS", "modified") }, "policy-change", "high", "policy-file"},
	{"what gate allows", func(c *making) { c.file(".gate.yaml", "modified") }, "policy-change", "high", "policy-file"},
	{"a policy goes", func(c *making) { c.file("policies/a.rego", "deleted") }, "policy-change", "high", "policy-file"},
	{"the manual", func(c *making) { c.file("docs/manual.md", "modified") }, "app-deploy", "low", ""},
	{"a bucket, an image and a workflow", func(c *making) {
		c.resource("aws_s3_bucket", "create")
		c.object("apps/Deployment", "updated", "spec.template.spec.containers[0].image")
		c.file(".gitlab-ci.yml", "modified")
	}, "policy-change", "medium", "ci-file"},
	{"an image and a database that is made again", func(c *making) {
		c.object("apps/Deployment", "updated", "spec.template.spec.containers[0].image")
		c.resource("aws_rds_cluster", "delete", "create")
	}, "database-change", "critical", "data-lost"},
	{"one image in four clusters", func(c *making) {
		c.everywhere()
		c.object("apps/Deployment", "updated", "spec.template.spec.containers[0].image")
	}, "app-deploy", "medium", "many-clusters"},
	{"a storage class in four clusters", func(c *making) {
		c.everywhere()
		c.object("storage.k8s.io/StorageClass", "updated", "parameters.type")
	}, "platform-change", "high", "platform-of-many-clusters"},
	{"networks of two regions", func(c *making) {
		c.everywhere()
		c.update("aws_security_group", "revoke_rules_on_delete", false, true)
	}, "infra-change", "high", "networks-of-regions"},
	{"sixty things at once", func(c *making) {
		for range 60 {
			c.resource("aws_sns_topic", "delete")
		}
	}, "infra-change", "critical", "many-resources-lost"},
	{"nothing to compare with", func(c *making) {
		c.facts.Objects = append(c.facts.Objects, facts.Object{Subject: c.subject("o"), Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "a"})
	}, "platform-change", "low", "cluster-object"},
	{"nothing changes", func(c *making) { c.object("apps/Deployment", "unchanged"); c.resource("aws_db_instance", "no-op") }, "app-deploy", "low", ""},
}

// making are the facts of a change in the making, in prod/eu.
type making struct {
	facts         facts.Facts
	class, target string
	regulated     bool
	n             int
}

func (c *making) subject(id string) facts.Subject {
	c.n++
	return facts.Subject{
		ID: fmt.Sprintf("%s%d", id, c.n), Scope: facts.Scope{Environment: "prod", Class: c.class, Target: c.target, Service: "shop", Owner: "@acme/shop", Regulated: c.regulated},
	}
}

// everywhere lets what follows reach all targets.
func (c *making) everywhere() { c.target = "" }

func (c *making) outcome(kind, action, outcome string, paths ...string) {
	group, name, _ := strings.Cut(kind, "/")
	o := facts.Object{
		Subject: c.subject("object"), Group: group, Kind: name, Namespace: "shop", Name: fmt.Sprintf("x%d", c.n),
		Change: &facts.ResourceChange{Action: action, Outcome: outcome, Paths: paths},
	}
	if action == "updated" {
		o.Change.Before = map[string]any{}
	}
	if action == "deleted" {
		c.facts.DeletedObjects = append(c.facts.DeletedObjects, o)
		return
	}
	c.facts.Objects = append(c.facts.Objects, o)
}

func (c *making) object(kind, action string, paths ...string) {
	c.outcome(kind, action, facts.OutcomeApplied, paths...)
}

func (c *making) resource(kind string, actions ...string) {
	c.facts.Resources = append(c.facts.Resources, facts.Resource{
		Subject: c.subject("resource"), Stack: "stacks/a", Address: fmt.Sprintf("%s.x%d", kind, c.n), Mode: "managed", Type: kind, Origin: "plan", Actions: actions,
	})
}

func (c *making) update(kind, attribute string, before, after any) {
	c.resource(kind, "update")
	r := &c.facts.Resources[len(c.facts.Resources)-1]
	r.Before, r.After = map[string]any{attribute: before}, map[string]any{attribute: after}
	r.Change = &facts.ResourceChange{Action: "updated", Paths: []string{attribute}}
}

func (c *making) configuration(kind, action string) {
	c.facts.Terraform.Changes = append(c.facts.Terraform.Changes, facts.DeclaredChange{
		Subject: c.subject("terraform"), Stack: "stacks/a", Kind: kind, Address: kind, Change: facts.ResourceChange{Action: action, Outcome: facts.OutcomeUnknown},
	})
}

func (c *making) file(path, status string) {
	c.facts.Change.Files = append(c.facts.Change.Files, facts.File{Subject: facts.Subject{ID: "file:" + path}, Path: path, Status: status})
}

func classifiedOf(t *testing.T, change func(*making)) classify.Classification {
	t.Helper()
	table, err := classify.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := LoadAttributes(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	c := &making{class: "prod", target: "eu"}
	c.facts.Environments = []facts.Environment{{Name: "prod", Targets: []facts.Target{
		{Name: "eu", Account: "1", Region: "eu-west-1", Cluster: "eu-1"}, {Name: "eu2", Account: "1", Region: "eu-west-1", Cluster: "eu-2"},
		{Name: "us", Account: "2", Region: "us-east-1", Cluster: "us-1"}, {Name: "us2", Account: "2", Region: "us-east-1", Cluster: "us-2"},
	}}}
	change(c)
	told := Tell(Steps{Facts: &c.facts, Attributes: attributes})
	return table.Evaluate(told.Moved(), &c.facts).Of("prod", "eu")
}

func TestLabelledChanges(t *testing.T) {
	t.Parallel()
	for _, tc := range labelled {
		got := classifiedOf(t, tc.change)
		if got.ChangeType != tc.changeType || got.RiskClass != tc.risk {
			t.Errorf("%s: %s, %s; an operator says %s, %s; rows %+v", tc.name, got.ChangeType, got.RiskClass, tc.changeType, tc.risk, got.Rows)
		}
		if tc.because == "" {
			continue
		}
		i := slices.IndexFunc(got.Rows, func(r classify.Row) bool { return r.ID == tc.because })
		if i < 0 || got.Rows[i].RiskClass != got.RiskClass {
			t.Errorf("%s: %s does not decide it: %+v", tc.name, tc.because, got.Rows)
		}
	}
}

// What is told is bounded, and the same in whatever order subjects come.
func TestClassificationIsStable(t *testing.T) {
	t.Parallel()
	change := func(c *making) {
		for i := range 40 {
			c.object("apps/Deployment", "deleted")
			c.update("aws_db_instance", "engine_version", "1", fmt.Sprint(i))
		}
		c.file("CODEOWNERS", "modified")
	}
	want, err := json.Marshal(classifiedOf(t, change))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(classifiedOf(t, func(c *making) {
		change(c)
		slices.Reverse(c.facts.DeletedObjects)
		slices.Reverse(c.facts.Resources)
	}))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n%s\n%s", err, want, got)
	}
	c := classifiedOf(t, change)
	if i := slices.IndexFunc(c.Rows, func(r classify.Row) bool { return r.ID == "object-deleted" }); i < 0 || c.Rows[i].Count != 40 || len(c.Rows[i].Subjects) != 5 {
		t.Errorf("rows %+v", c.Rows)
	}
	wantReach := classify.BlastRadius{
		Environments: classify.Reach{Count: 1, Names: []string{"prod"}}, Accounts: classify.Reach{Count: 1, Names: []string{"1"}},
		Regions: classify.Reach{Count: 1, Names: []string{"eu-west-1"}}, Clusters: classify.Reach{Count: 1, Names: []string{"eu-1"}},
		Namespaces: classify.Reach{Count: 1, Names: []string{"shop"}}, Services: classify.Reach{Count: 1, Names: []string{"shop"}},
		Owners: classify.Reach{Count: 1, Names: []string{"@acme/shop"}}, Resources: classify.Reach{Count: 80, Names: c.BlastRadius.Resources.Names},
	}
	if diff := cmp.Diff(wantReach, c.BlastRadius); diff != "" || len(c.BlastRadius.Resources.Names) != 10 {
		t.Errorf("%s %d names", diff, len(c.BlastRadius.Resources.Names))
	}
}

// A deletion that its deployer does not carry out destroys nothing, and neither
// does one of another target.
func TestDestructive(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]bool{
		"": true, facts.OutcomeApplied: true, facts.OutcomeUnknown: true, facts.OutcomeOrphaned: false, facts.OutcomeNotApplied: false,
	} {
		if got := classifiedOf(t, func(c *making) { c.outcome("/ConfigMap", "deleted", outcome) }); got.Destructive != want {
			t.Errorf("%q: %v", outcome, got.Destructive)
		}
	}
	other := classifiedOf(t, func(c *making) { c.target = "us"; c.object("/ConfigMap", "deleted") })
	if other.Destructive || len(other.Rows) != 0 || other.BlastRadius.Clusters.Names[0] != "us-1" {
		t.Errorf("%+v", other)
	}
}

// What Crossplane manages is what it is outside of the cluster, where the deletion of
// the object deletes it.
func TestManagedIsClassified(t *testing.T) {
	t.Parallel()
	for deletes, want := range map[bool]string{true: "critical", false: "high"} {
		got := classifiedOf(t, func(c *making) {
			c.object("kms.aws.upbound.io/Key", "deleted")
			c.facts.DeletedObjects[0].Managed = &facts.ManagedObject{Type: "aws_kms_key", Deletes: deletes}
		})
		if got.RiskClass != want || got.ChangeType != "infra-change" || got.BlastRadius.Resources.Count != 1 {
			t.Errorf("deletes %v: %+v", deletes, got)
		}
	}
}
