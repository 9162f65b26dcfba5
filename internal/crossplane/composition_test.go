package crossplane

import (
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/rules"

	"github.com/google/go-cmp/cmp"
)

const pipeline = `apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata:
  name: store
spec:
  mode: Pipeline
  pipeline:
    - step: patch
      functionRef: {name: function-patch-and-transform}
      input:
        apiVersion: pt.fn.crossplane.io/v1beta1
        kind: Resources
        patchSets:
          - name: region
            patches:
              - {type: FromCompositeFieldPath, fromFieldPath: spec.region, toFieldPath: spec.forProvider.region}
        resources:
          - name: bucket
            base:
              apiVersion: s3.aws.upbound.io/v1beta2
              kind: Bucket
              metadata: {labels: {role: main}}
              spec:
                forProvider:
                  region: eu-west-1
                  forceDestroy: true
                  tags: {team: a, env: b}
            patches:
              - {type: PatchSet, patchSetName: region}
              - {fromFieldPath: spec.env, toFieldPath: 'spec.forProvider.tags["env"]'}
              - {type: ToCompositeFieldPath, fromFieldPath: status.arn, toFieldPath: spec.forProvider.forceDestroy}
          - name: group
            base:
              apiVersion: ec2.aws.upbound.io/v1beta1
              kind: SecurityGroupRule
              spec:
                forProvider:
                  cidrBlocks: [0.0.0.0/0]
                  type: ingress
            patches:
              - {type: CombineFromComposite, toFieldPath: "spec.forProvider.cidrBlocks[0]"}
          - name: table
            base:
              apiVersion: dynamodb.aws.upbound.io/v1beta1
              kind: Table
              spec:
                forProvider:
                  serverSideEncryption:
                    - enabled: false
                      kmsKeyArn: x
                  ttl: {enabled: true, attributeName: t}
            patches:
              - {fromFieldPath: spec.on, toFieldPath: "spec.forProvider.serverSideEncryption[0].enabled"}
              - {fromFieldPath: spec.ttl, toFieldPath: spec.forProvider.ttl.attributeName}
          - name: whole
            base:
              apiVersion: sqs.aws.upbound.io/v1beta1
              kind: Queue
              spec: {forProvider: {region: x}}
            patches:
              - {fromFieldPath: spec.queue, toFieldPath: spec.forProvider}
          - name: block
            base:
              apiVersion: s3.aws.upbound.io/v1beta1
              kind: BucketPublicAccessBlock
              spec:
                forProvider:
                  bucketSelector: {matchControllerRef: true}
                  blockPublicAcls: true
          - name: config
            base: {apiVersion: v1, kind: ConfigMap}
    - step: more
      functionRef: {name: function-go-templating}
      input: {apiVersion: gotemplating.fn.crossplane.io/v1beta1, kind: GoTemplate}
    - step: ready
      functionRef: {name: crossplane-contrib-function-auto-ready}
`

func TestComposition(t *testing.T) {
	got, by := read(t, pipeline)
	ids := []string{}
	for _, r := range got.Resources {
		ids = append(ids, r.ID)
	}
	const prefix = "crossplane:u#apiextensions.crossplane.io/Composition//store/"
	if diff := cmp.Diff([]string{prefix + "block", prefix + "bucket", prefix + "group", prefix + "table", prefix + "whole"}, ids); diff != "" {
		t.Fatal(diff)
	}
	from := func(path string) map[string]any { return map[string]any{"references": []any{path}} }
	bucket := by["store/bucket"]
	if diff := cmp.Diff(map[string]any{"force_destroy": true, "tags": map[string]any{"team": "a"}}, bucket.After); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"region": true, "tags": map[string]any{"env": true}}, bucket.Unknown); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"region": from("spec.region"), "tags": from("spec.env")}, bucket.Expressions); diff != "" {
		t.Error(diff)
	}
	if bucket.Address != "s3.aws.upbound.io/Bucket/store/bucket" || len(bucket.Companions) != 1 || bucket.Companions[0].Type != "aws_s3_bucket_public_access_block" {
		t.Errorf("bucket: %s %v", bucket.Address, bucket.Companions)
	}
	if diff := cmp.Diff(map[string]any{"cidr_blocks": true}, by["store/group"].Unknown); diff != "" {
		t.Error(diff)
	}
	table := by["store/table"]
	if diff := cmp.Diff(map[string]any{
		"server_side_encryption": []any{map[string]any{"kms_key_arn": "x"}},
		"ttl":                    []any{map[string]any{"enabled": true}},
	}, table.After); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{
		"server_side_encryption": []any{map[string]any{"enabled": true}}, "ttl": []any{map[string]any{"attribute_name": true}},
	}, table.Unknown); diff != "" {
		t.Error(diff)
	}
	if by["store/whole"].After != nil {
		t.Errorf("whole: %v", by["store/whole"].After)
	}
	var skipped []string
	for _, e := range got.Ledger {
		if e.State == facts.Skipped {
			skipped = append(skipped, e.ID)
		}
	}
	if diff := cmp.Diff([]string{prefix + "whole", prefix + "step more"}, skipped); diff != "" {
		t.Error(diff)
	}
	if pos := got.Locators[bucket.ID].Locate(source.Path{"force_destroy"}); pos.Line != 26 {
		t.Errorf("force_destroy stands in line %d, want 26", pos.Line)
	}
}

func TestFieldPath(t *testing.T) {
	for in, want := range map[string]source.Path{
		"spec.a[0].b":          {"spec", "a", 0, "b"},
		`a["x.y"].c`:           {"a", "x.y", "c"},
		"a[x.y]":               {"a", "x.y"},
		"a[*].b":               {"a", "*", "b"},
		"":                     nil,
		"a[":                   {"a"},
		"..a":                  {"a"},
		"a[99999999999999999]": {"a", 99999999999999999},
	} {
		if diff := cmp.Diff(want, fieldPath(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

// FuzzComposition: no manifest makes the reader panic, and every resource has
// a place.
func FuzzComposition(f *testing.F) {
	f.Add([]byte(pipeline))
	f.Add([]byte("apiVersion: s3.aws.upbound.io/v1\nkind: Bucket\nspec: {forProvider: {a: [{b: {c: d}}], bRef: {name: x}, tags: [1]}}"))
	table, err := Load(rules.FS)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := source.ParseManifests("a.yaml", data)
		if err != nil {
			return
		}
		for _, d := range docs {
			m, ok := d.Value.(map[string]any)
			if !ok {
				continue
			}
			for _, kind := range []string{"Composition", "Bucket"} {
				o := facts.Object{Subject: facts.Subject{ID: "x"}, Group: "apiextensions.crossplane.io", Kind: kind, Manifest: m, Change: &facts.ResourceChange{Action: "updated", Before: m}}
				table.Managed(&o)
				got := table.Read([]facts.Object{o}, source.Index{"x": d.Locator()})
				for _, r := range got.Resources {
					for name := range r.After {
						got.Locators[r.ID].Locate(source.Path{name, 0, name})
					}
				}
			}
		}
	})
}

// A resource that leaves a composition is deleted with all claims' copies.
func TestCompositionChange(t *testing.T) {
	o, _ := objectOf(t, pipeline)
	before, _ := objectOf(t, pipeline)
	input := doc.Map(before.Manifest, "spec", "pipeline", 0, "input")
	now := doc.Map(o.Manifest, "spec", "pipeline", 0, "input")
	list := doc.List(now, "resources")
	now["resources"] = list[1:] // without the bucket
	doc.Map(list, 1, "base", "spec", "forProvider")["type"] = "egress"
	input["resources"] = doc.List(input, "resources")[:3]
	o.Change = &facts.ResourceChange{Action: "updated", Before: before.Manifest}
	got := map[string][]string{}
	for _, r := range load(t).Read([]facts.Object{o}, nil).Resources {
		got[r.Name] = r.Actions
	}
	want := map[string][]string{
		"store/bucket": {"delete"}, "store/group": {"update"}, "store/table": {"no-op"}, "store/whole": {"create"}, "store/block": {"create"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
