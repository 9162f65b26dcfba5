package terraform

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

const awsccConfig = `-- main.tf --
variable "given" {}
resource "awscc_rds_db_instance" "bare" {
  engine = "postgres"
  tags   = [{ key = "owner", value = "shop" }, { key = "env", value = var.given }]
}
resource "awscc_rds_db_instance" "member" {
  db_cluster_identifier = awscc_rds_db_cluster.c.id
}
resource "awscc_rds_db_instance" "aurora" {
  engine = "aurora-postgresql"
}
resource "awscc_rds_db_instance" "restored" {
  db_snapshot_identifier = var.given
}
resource "awscc_s3_bucket" "store" {
  bucket_name    = "shop"
  access_control = "PublicRead"
  public_access_block_configuration = {
    block_public_acls  = true
    ignore_public_acls = var.given
  }
}
resource "awscc_s3_bucket_policy" "store" {
  bucket          = awscc_s3_bucket.store.id
  policy_document = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = var.given }] })
}
resource "awscc_iam_user" "ci" {
  policies = [
    { policy_name = "a", policy_document = jsonencode({ Statement = [] }) },
    { policy_name = "b", policy_document = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }) },
  ]
}
resource "awscc_ec2_security_group" "open" {
  security_group_ingress = [
    { cidr_ip = "10.0.0.0/8", from_port = 22, to_port = 22, ip_protocol = "tcp" },
    { cidr_ip = "0.0.0.0/0", from_port = 22, to_port = 22, ip_protocol = "tcp" },
  ]
}
resource "awscc_kms_key" "hidden" {
  key_policy          = var.given
  enable_key_rotation = var.given
}
`

// TestAwscc: resources of Cloud Control have the types and attributes of hashicorp/aws,
// and no default where something else may decide.
func TestAwscc(t *testing.T) {
	t.Parallel()
	out, err := Collect(context.Background(), sourcetest.Parse(awsccConfig), Inputs{Stacks: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		Type           string
		After, Unknown map[string]any
		Documents      [][]any
		Companions     []string
	}
	// What the tests of a rule would not see is not looked at here.
	looked := map[string]bool{
		"storage_encrypted": true, "tags": true, "acl": true, "block_public_acls": true, "ignore_public_acls": true, "block_public_policy": true,
		"ingress": true, "policy": true, "enable_key_rotation": true, "bucket": true,
	}
	got := map[string]seen{}
	for _, r := range out.Resources {
		s := seen{Type: r.Type, After: maps.Clone(r.After), Unknown: maps.Clone(r.Unknown)}
		maps.DeleteFunc(s.After, func(name string, v any) bool { return !looked[name] || name == "tags" && len(v.(map[string]any)) == 0 })
		maps.DeleteFunc(s.Unknown, func(name string, _ any) bool { return !looked[name] })
		for _, d := range r.Documents {
			s.Documents = append(s.Documents, d.Path)
		}
		for _, c := range r.Companions {
			s.Companions = append(s.Companions, c.Type)
		}
		slices.Sort(s.Companions)
		got[strings.TrimPrefix(r.ID, "terraform:.:awscc_")] = s
	}
	none := map[string]any{}
	rule := func(cidr string) map[string]any {
		return map[string]any{"cidr_blocks": cidr, "from_port": int64(22), "to_port": int64(22), "protocol": "tcp"}
	}
	want := map[string]seen{
		"rds_db_instance.bare": {
			Type: "aws_db_instance", After: map[string]any{"storage_encrypted": "", "tags": map[string]any{"owner": "shop", "env": nil}},
			Unknown: map[string]any{"tags": true},
		},
		"rds_db_instance.member":   {Type: "aws_rds_cluster_instance", After: none, Unknown: none},
		"rds_db_instance.aurora":   {Type: "aws_rds_cluster_instance", After: none, Unknown: none},
		"rds_db_instance.restored": {Type: "aws_db_instance", After: none, Unknown: none},
		"s3_bucket.store": {
			Type: "aws_s3_bucket", After: map[string]any{"bucket": "shop", "acl": "public-read"}, Unknown: none,
			Companions: []string{"aws_s3_bucket_policy", "aws_s3_bucket_public_access_block"},
		},
		"s3_bucket.store#aws_s3_bucket_public_access_block": {
			Type: "aws_s3_bucket_public_access_block", After: map[string]any{"block_public_acls": true, "block_public_policy": ""},
			Unknown: map[string]any{"ignore_public_acls": true}, Companions: []string{"aws_s3_bucket_policy"},
		},
		"s3_bucket_policy.store": {
			Type: "aws_s3_bucket_policy", After: none, Unknown: map[string]any{"policy": true, "bucket": true}, Documents: [][]any{{"policy"}},
			Companions: []string{"aws_s3_bucket_public_access_block"},
		},
		"iam_user.ci": {Type: "aws_iam_user", After: none, Unknown: none, Documents: [][]any{{"policies", 0, "policy_document"}, {"policies", 1, "policy_document"}}},
		"iam_user.ci#aws_iam_user_policy": {
			Type: "aws_iam_user_policy", After: map[string]any{"policy": []any{`{"Statement":[]}`, `{"Statement":[{"Action":"*","Effect":"Allow","Resource":"*"}]}`}},
			Unknown: none, Documents: [][]any{{"policy", 0}, {"policy", 1}},
		},
		"ec2_security_group.open": {Type: "aws_security_group", After: map[string]any{"ingress": []any{rule("10.0.0.0/8"), rule("0.0.0.0/0")}}, Unknown: none},
		"kms_key.hidden":          {Type: "aws_kms_key", After: none, Unknown: map[string]any{"policy": true, "enable_key_rotation": true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(awsccConfig, "\n")
	for _, c := range []struct {
		id   string
		path source.Path
		want string
	}{
		{"ec2_security_group.open", source.Path{"ingress", 1, "cidr_blocks"}, `{ cidr_ip = "0.0.0.0/0", from_port = 22, to_port = 22, ip_protocol = "tcp" },`},
		{"s3_bucket.store#aws_s3_bucket_public_access_block", source.Path{"block_public_acls"}, "block_public_acls  = true"},
		{"s3_bucket.store", source.Path{"acl"}, `access_control = "PublicRead"`},
		{"rds_db_instance.bare", source.Path{"storage_encrypted"}, `resource "awscc_rds_db_instance" "bare" {`},
		{"iam_user.ci#aws_iam_user_policy", source.Path{"policy", 1, "Statement", 0, "Action"}, `{ policy_name = "b", policy_document = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }) },`},
	} {
		pos := out.Locators["terraform:.:awscc_"+c.id].Locate(c.path).Position
		if line := strings.TrimSpace(lines[pos.Line]); line != c.want {
			t.Errorf("%s %s stands at %s", c.id, c.path, line)
		}
	}
}

// TestAwsccPlan: a plan marks what nobody gives as known after apply.
func TestAwsccPlan(t *testing.T) {
	t.Parallel()
	list := []facts.Resource{
		{
			Mode: "managed", Type: "awscc_rds_db_instance", Origin: "plan", After: map[string]any{"engine": "postgres", "kms_key_id": nil},
			Unknown: map[string]any{"storage_encrypted": true, "db_cluster_identifier": true, "arn": true},
		},
		{
			Mode: "managed", Type: "awscc_rds_db_instance", Origin: "plan", After: map[string]any{}, Unknown: map[string]any{"db_cluster_identifier": true},
			Expressions: map[string]any{"db_cluster_identifier": map[string]any{"references": []any{"awscc_rds_db_cluster.c.id"}}},
		},
		{Mode: "managed", Type: "awscc_rds_db_instance", Origin: "plan", Before: map[string]any{"storage_encrypted": true, "db_cluster_identifier": "x"}},
		{
			Mode: "managed", Type: "awscc_iam_role_policy", Origin: "plan",
			After: map[string]any{"policy_document": map[string]any{"Statement": []any{}}}, Unknown: map[string]any{},
		},
		{
			Mode: "managed", Type: "awscc_eks_cluster", Origin: "plan",
			After: map[string]any{"resources_vpc_config": facts.Redacted("sensitive")}, Unknown: map[string]any{},
		},
		{Mode: "data", Type: "awscc_s3_bucket", Origin: "plan", After: map[string]any{}},
	}
	(&loader{}).translate(list)
	if v, known := list[0].After["storage_encrypted"]; v != "" || !known || len(list[0].Unknown) != 0 || list[0].Type != "aws_db_instance" {
		t.Error(list[0].Type, list[0].After, list[0].Unknown)
	}
	if _, told := list[0].After["kms_key_id"]; told {
		t.Error("what is not set is told")
	}
	for _, i := range []int{1, 2} {
		if list[i].Type != "aws_rds_cluster_instance" {
			t.Error(i, list[i].Type)
		}
	}
	if d := list[3].Documents; len(d) != 1 || d[0].Path[0] != "policy" {
		t.Error(d)
	}
	if !redacted(list[4].After["vpc_config"]) {
		t.Error(list[4].After["vpc_config"])
	}
	if list[5].Type != "awscc_s3_bucket" {
		t.Error("a data source is no resource")
	}
}
