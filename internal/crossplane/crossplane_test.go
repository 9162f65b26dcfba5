package crossplane

import (
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) (map[string]any, *source.Document) {
	t.Helper()
	docs, err := source.ParseManifests("a.yaml", []byte(text))
	if err != nil || len(docs) != 1 {
		t.Fatalf("parse: %d documents, %v", len(docs), err)
	}
	return docs[0].Value.(map[string]any), docs[0]
}

func objectOf(t *testing.T, text string) (facts.Object, source.Locator) {
	t.Helper()
	m, parsed := parse(t, text)
	meta := doc.Map(m, "metadata")
	o := facts.Object{APIVersion: doc.Text(m, "apiVersion"), Kind: doc.Text(m, "kind"), Name: doc.Text(meta, "name"), Namespace: doc.Text(meta, "namespace"), Manifest: m, Unit: "u"}
	for i, r := range o.APIVersion {
		if r == '/' {
			o.Group = o.APIVersion[:i]
		}
	}
	o.ID = "u#" + o.Group + "/" + o.Kind + "/" + o.Namespace + "/" + o.Name
	return o, parsed.Locator()
}

func read(t *testing.T, manifests ...string) (*Collected, map[string]facts.Resource) {
	t.Helper()
	var objects []facts.Object
	locators := source.Index{}
	for _, m := range manifests {
		o, l := objectOf(t, m)
		objects = append(objects, o)
		locators[o.ID] = l
	}
	got := load(t).Read(objects, locators)
	byName := map[string]facts.Resource{}
	for _, r := range got.Resources {
		byName[r.Name] = r
	}
	return got, byName
}

func TestAttributes(t *testing.T) {
	got, by := read(t, `
apiVersion: rds.aws.upbound.io/v1beta3
kind: Instance
metadata:
  name: orders
spec:
  deletionPolicy: Orphan
  managementPolicies: [Observe, Create, Update, LateInitialize]
  providerConfigRef: {name: prod}
  initProvider:
    allocatedStorage: 20
    engine: mysql
  forProvider:
    engine: postgres
    storageEncrypted: false
    kmsKeyIdRef:
      name: data
    vpcSecurityGroupIdRefs:
      - name: a
      - name: b
    passwordSecretRef: {name: orders, namespace: db, key: password}
    iamDatabaseAuthenticationEnabled: true
    s3Import:
      - bucketName: x
        bucketNameSelector: {matchLabels: {a: b}}
    blueGreenUpdate:
      enabled: true
    tags:
      camelCase: "1"
      Team/Name: x
`)
	r := by["orders"]
	want := facts.Resource{
		Subject: facts.Subject{ID: "crossplane:u#rds.aws.upbound.io/Instance//orders"},
		Address: "rds.aws.upbound.io/Instance/orders", Mode: "managed", Type: "aws_db_instance", Name: "orders", Provider: "hashicorp/aws",
		Origin: "crossplane", Actions: []string{}, ReplacePaths: [][]any{}, Lifecycle: map[string]any{}, Companions: []facts.Companion{},
		Documents: []facts.ResourceDocument{}, InheritedTags: map[string]any{},
		After: map[string]any{
			"engine": "postgres", "allocated_storage": int64(20), "storage_encrypted": false, "iam_database_authentication_enabled": true,
			"s3_import":         []any{map[string]any{"bucket_name": "x"}},
			"blue_green_update": []any{map[string]any{"enabled": true}},
			"tags":              map[string]any{"camelCase": "1", "Team/Name": "x"},
		},
		Unknown: map[string]any{
			"kms_key_id": true, "vpc_security_group_ids": true, "password": true,
			"s3_import": []any{map[string]any{"bucket_names": true}},
		},
		Expressions: map[string]any{
			"kms_key_id":             map[string]any{"references": []any{"kmsKeyIdRef.data"}},
			"vpc_security_group_ids": map[string]any{"references": []any{"vpcSecurityGroupIdRefs.a,b"}},
			"password":               map[string]any{"references": []any{"passwordSecretRef.orders"}},
			"s3_import":              []any{map[string]any{"bucket_names": map[string]any{"references": []any{"bucketNameSelector"}}}},
		},
		Sensitive: [][]any{{"password"}},
		Crossplane: &facts.Crossplane{
			Object: "u#rds.aws.upbound.io/Instance//orders", DeletionPolicy: "Orphan",
			ManagementPolicies: []string{"Observe", "Create", "Update", "LateInitialize"}, ProviderConfig: "prod",
		},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		path source.Path
		line int
	}{
		{source.Path{"storage_encrypted"}, 15},
		{source.Path{"allocated_storage"}, 11},
		{source.Path{"kms_key_id"}, 16},
		{source.Path{"vpc_security_group_ids", 1}, 20},
		{source.Path{"s3_import", 0, "bucket_name"}, 24},
		{source.Path{"blue_green_update", 0, "enabled"}, 27},
		{source.Path{"tags", "camelCase"}, 29},
		{source.Path{"publicly_accessible"}, 13},
		{nil, 13},
	} {
		if pos := got.Locators[r.ID].Locate(tt.path); pos.Line != tt.line {
			t.Errorf("%s stands in line %d, want %d", tt.path, pos.Line, tt.line)
		}
	}
	if !got.Locators[r.ID].Locate(source.Path{"publicly_accessible"}).Approximate {
		t.Error("the place of a field that is not set must be approximate")
	}
}

func TestManagement(t *testing.T) {
	const head = "apiVersion: sqs.aws.upbound.io/v1beta1\nkind: Queue\nmetadata: {name: q}\nspec:\n  forProvider: {region: x}\n"
	for _, tt := range []struct {
		spec, mode string
		deletes    bool
	}{
		{"", "managed", true},
		{"  deletionPolicy: Delete\n", "managed", true},
		{"  deletionPolicy: Orphan\n", "managed", false},
		{"  managementPolicies: ['*']\n", "managed", true},
		{"  managementPolicies: [Observe]\n", "data", false},
		{"  managementPolicies: [Create, Observe]\n", "managed", false},
	} {
		_, by := read(t, head+tt.spec)
		if r := by["q"]; r.Mode != tt.mode || r.Crossplane.Deletes != tt.deletes {
			t.Errorf("%q: mode %s, deletes %v", tt.spec, r.Mode, r.Crossplane.Deletes)
		}
	}
}

func TestNoManagedResource(t *testing.T) {
	got, _ := read(t,
		"apiVersion: aws.upbound.io/v1beta1\nkind: ProviderConfig\nmetadata: {name: default}\nspec: {credentials: {source: IRSA}}\n",
		"apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nmetadata: {name: o}\nspec: {forProvider: {manifest: {}}}\n",
		"apiVersion: s3.aws.crossplane.io/v1beta1\nkind: Bucket\nmetadata: {name: b}\nspec: {forProvider: {acl: public-read}}\n",
		"apiVersion: s3.aws.upbound.io/v1beta1\nkind: Bucket\nmetadata: {name: c}\nspec: {forProvider: 3}\n",
	)
	if len(got.Resources) != 0 {
		t.Errorf("resources: %v", got.Resources)
	}
	if len(got.Ledger) != 1 || got.Ledger[0].State != facts.Skipped || got.Ledger[0].ID != "crossplane:u#s3.aws.crossplane.io/Bucket//b" {
		t.Errorf("ledger: %+v", got.Ledger)
	}
}

func TestCompanions(t *testing.T) {
	_, by := read(t,
		"apiVersion: s3.aws.upbound.io/v1beta2\nkind: Bucket\nmetadata: {name: logs, labels: {app: logs}}\nspec: {forProvider: {region: x}}\n",
		"apiVersion: s3.aws.upbound.io/v1beta1\nkind: BucketPublicAccessBlock\nmetadata: {name: block}\nspec: {forProvider: {blockPublicAcls: true, bucketRef: {name: logs}}}\n",
		"apiVersion: s3.aws.upbound.io/v1beta1\nkind: BucketACL\nmetadata: {name: acl}\nspec: {forProvider: {acl: private, bucketSelector: {matchLabels: {app: logs}}}}\n",
		"apiVersion: s3.aws.upbound.io/v1beta1\nkind: BucketPolicy\nmetadata: {name: policy}\nspec: {forProvider: {policy: '{\"Statement\": []}', bucket: logs}}\n",
		"apiVersion: s3.aws.upbound.io/v1beta1\nkind: BucketPolicy\nmetadata: {name: other}\nspec: {forProvider: {policy: '{}', bucket: elsewhere}}\n",
	)
	names := func(r facts.Resource) []string {
		out := []string{}
		for _, c := range r.Companions {
			out = append(out, c.Type)
		}
		return out
	}
	if diff := cmp.Diff([]string{"aws_s3_bucket_acl", "aws_s3_bucket_policy", "aws_s3_bucket_public_access_block"}, names(by["logs"])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"aws_s3_bucket_public_access_block"}, names(by["acl"])); diff != "" {
		t.Error(diff)
	}
	if n := names(by["other"]); len(n) != 0 {
		t.Errorf("other has companions %v", n)
	}
	if d := by["policy"].Documents; len(d) != 1 || !cmp.Equal(d[0].Path, []any{"policy"}) {
		t.Errorf("documents: %v", d)
	}
}

func TestChange(t *testing.T) {
	manifest := func(fields string) map[string]any {
		m, _ := parse(t, "apiVersion: rds.aws.upbound.io/v1beta3\nkind: Instance\nmetadata: {name: db}\nspec: {forProvider: {"+fields+"}}\n")
		return m
	}
	base := facts.Object{Subject: facts.Subject{ID: "o"}, Group: "rds.aws.upbound.io", Kind: "Instance", Name: "db", Manifest: manifest("deletionProtection: false")}
	one := func(o facts.Object) facts.Resource { return load(t).Read([]facts.Object{o}, nil).Resources[0] }

	o := base
	o.Change = &facts.ResourceChange{Action: "updated", Before: manifest("deletionProtection: true")}
	if r := one(o); !cmp.Equal(r.Actions, []string{"update"}) || r.Before["deletion_protection"] != true || r.Change.Action != "updated" {
		t.Errorf("updated: %v %v", r.Actions, r.Before)
	}
	o.Change = &facts.ResourceChange{Action: "created"}
	if r := one(o); !cmp.Equal(r.Actions, []string{"create"}) || r.Before != nil {
		t.Errorf("created: %v %v", r.Actions, r.Before)
	}
	o.Change = &facts.ResourceChange{Action: "unchanged"}
	if r := one(o); !cmp.Equal(r.Actions, []string{"no-op"}) {
		t.Errorf("unchanged: %v", r.Actions)
	}
	for policy, want := range map[string]bool{"Delete": true, "Orphan": false} {
		o := base
		o.Manifest = manifest("engine: mysql")
		doc.Map(o.Manifest, "spec")["deletionPolicy"] = policy
		if diff := cmp.Diff(&facts.ManagedObject{Type: "aws_db_instance", Deletes: want}, load(t).Managed(&o)); diff != "" {
			t.Errorf("%s: %s", policy, diff)
		}
	}
	for _, policies := range [][]any{{}, {"Observe"}, {"Create", "Update"}} { // paused, only looked at, kept
		o := base
		o.Manifest = manifest("engine: mysql")
		doc.Map(o.Manifest, "spec")["managementPolicies"] = policies
		if m := load(t).Managed(&o); m == nil || m.Deletes {
			t.Errorf("%v: %+v", policies, m)
		}
	}
}
