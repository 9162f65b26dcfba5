package terraform

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
	"gate/rules"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// TestModuleTables: every table can be read, refers only to what it declares, and
// says all that a rule needs to know beside an attribute that it says.
func TestModuleTables(t *testing.T) {
	t.Parallel()
	rows := tableRows(t)
	n := 0
	err := fs.WalkDir(rules.FS, tablesDir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		n++
		m := readTable(rules.FS, file)
		if m == nil {
			t.Errorf("%s cannot be read", file)
			return nil
		}
		for _, key := range m.module.order {
			b := m.module.resources[key]
			for _, ref := range bodyVariables(b.Body) {
				if ref.RootName() == "var" && m.module.variables[step(ref, 1)] == nil {
					t.Errorf("%s: %s refers to var.%s, which is not declared", file, key, step(ref, 1))
				}
			}
			for _, row := range rows[b.Labels[0]] {
				checkSettled(t, file+": "+key, row, func(attribute string) bool { return says(m, key, attribute) })
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

// checkSettled holds a row against what a table says: beside an attribute stands all
// that may settle it.
func checkSettled(t *testing.T, table string, row any, says func(attribute string) bool) {
	t.Helper()
	at := doc.Texts(row, "path")
	if !says(at[0]) {
		return
	}
	for _, c := range slices.Concat(doc.List(row, "when"), doc.List(row, "unless")) {
		if beside := doc.Texts(c, "at"); len(beside) > 0 && !says(beside[0]) {
			t.Errorf("%s says %s and not %s, which settles it", table, at[0], beside[0])
		}
	}
}

func says(m *moduleTable, key, attribute string) bool {
	b := m.module.resources[key]
	return attributes(b.Body)[attribute] != nil || slices.ContainsFunc(nativeBody(b).Blocks, func(x *hclsyntax.Block) bool { return blockName(x) == attribute })
}

func tableRows(t *testing.T) map[string][]any {
	t.Helper()
	out := map[string][]any{}
	files, err := fs.Glob(rules.FS, "data/iac_*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(rules.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := source.ParseYAML(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range doc.Map(docs[0].Value) {
			for typ, list := range doc.Map(rows) {
				for _, row := range doc.List(list) {
					if len(doc.Texts(row, "path")) > 0 {
						out[typ] = append(out[typ], row)
					}
				}
			}
		}
	}
	return out
}

func TestRegistryOf(t *testing.T) {
	t.Parallel()
	for src, want := range map[string][2]string{
		"terraform-aws-modules/rds/aws":                                                           {"terraform-aws-modules/rds/aws", ""},
		"registry.terraform.io/terraform-aws-modules/rds/aws":                                     {"terraform-aws-modules/rds/aws", ""},
		"registry.opentofu.org/terraform-aws-modules/rds/aws":                                     {"terraform-aws-modules/rds/aws", ""},
		"terraform-aws-modules/iam/aws//modules/iam-role":                                         {"terraform-aws-modules/iam/aws/modules/iam-role", ""},
		"tfr:///terraform-aws-modules/vpc/aws?version=5.0.0":                                      {"terraform-aws-modules/vpc/aws", "5.0.0"},
		"git::https://github.com/terraform-aws-modules/terraform-aws-s3-bucket.git?ref=v4.1.0":    {"terraform-aws-modules/s3-bucket/aws", "4.1.0"},
		"git::ssh://git@github.com/terraform-aws-modules/terraform-aws-rds?ref=main&depth=1":      {"terraform-aws-modules/rds/aws", "main"},
		"git@github.com:terraform-aws-modules/terraform-aws-iam.git//modules/iam-user?ref=v6.0.0": {"terraform-aws-modules/iam/aws/modules/iam-user", "6.0.0"},
		"github.com/terraform-google-modules/terraform-google-sql-db//modules/mysql":              {"terraform-google-modules/sql-db/google/modules/mysql", ""},
		"git::https://git.example.com/terraform-aws-modules/terraform-aws-rds.git":                {},
		"git::https://github.com/terraform-aws-modules/rds.git":                                   {},
		"app.terraform.io/terraform-aws-modules/rds/aws":                                          {},
		"https://github.com.evil.example/terraform-aws-modules/terraform-aws-rds":                 {},
		"./terraform-aws-modules/rds/aws":                                                         {},
		"s3::https://s3-eu-west-1.amazonaws.com/acme/rds.zip":                                     {},
		"": {},
	} {
		module, version := registryOf(src)
		if diff := cmp.Diff(want, [2]string{module, version}); diff != "" {
			t.Errorf("%q: %s", src, diff)
		}
	}
}

func TestModuleVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, version, want string }{
		{"terraform-aws-modules/eks/aws", "", "21.tf"},
		{"terraform-aws-modules/eks/aws", "20.8.0", "19.tf"},
		{"terraform-aws-modules/eks/aws", "~> 20.0", "19.tf"},
		{"terraform-aws-modules/eks/aws", "~> 19.5.1", "19.tf"},
		{"terraform-aws-modules/eks/aws", ">= 19.0", "21.tf"},
		{"terraform-aws-modules/eks/aws", ">= 19.0, < 21.0", "19.tf"},
		{"terraform-aws-modules/eks/aws", "21.3.1-rc1", "21.tf loose"},
		{"terraform-aws-modules/eks/aws", "17.1.0", "21.tf loose"},
		{"terraform-aws-modules/eks/aws", "not a version", "21.tf loose"},
		{"git::https://github.com/terraform-aws-modules/terraform-aws-eks.git?ref=master", "", "21.tf loose"},
		{"git::https://github.com/terraform-aws-modules/terraform-aws-eks.git?ref=v18.2.0", "", "18.tf"},
		{"terraform-aws-modules/eks/aws//modules/karpenter", "21.0.0", ""},
		{"terraform-aws-modules/security-group/aws//modules/ssh", "5.1.0", "5.tf ssh"},
		{"acme/eks/aws", "21.0.0", ""},
		{"../modules/*/aws", "", ""},
		{"*/*/*", "", ""},
	} {
		got := ""
		if m := newModuleTables().of(c.src, c.version); m != nil {
			got = path.Base(m.module.files[0])
			if m.loose {
				got += " loose"
			}
			if m.submodule != "" {
				got += " " + m.submodule
			}
		}
		if got != c.want {
			t.Errorf("%s %q: %s, want %s", c.src, c.version, got, c.want)
		}
	}
}

// TestAssumed: what a table makes of a call is at the arguments of the call; what the
// table does not know is not there.
func TestAssumed(t *testing.T) {
	t.Parallel()
	const config = `-- main.tf --
variable "given" {}
module "known" {
  source            = "terraform-aws-modules/rds/aws"
  version           = "6.1.0"
  storage_encrypted = false
  kms_key_id        = var.given
}
module "newer" {
  source              = "terraform-aws-modules/rds/aws"
  version             = "99.0.0"
  publicly_accessible = true
}
module "none" {
  source             = "terraform-aws-modules/rds/aws"
  version            = "6.1.0"
  create_db_instance = false
}
module "each" {
  source   = "terraform-aws-modules/rds/aws"
  version  = "6.1.0"
  for_each = { a = true, b = false }
  publicly_accessible = each.value
}
module "inner" {
  source = "./inner"
  rules = [
    { rule = "ssh-tcp", cidr_blocks = "10.0.0.0/8" },
    { rule = "ssh-tcp", cidr_blocks = "0.0.0.0/0" },
  ]
}
-- inner/main.tf --
variable "rules" {}
module "sg" {
  source                   = "terraform-aws-modules/security-group/aws"
  version                  = "5.0.0"
  ingress_with_cidr_blocks = var.rules
}
`
	out, err := Collect(context.Background(), sourcetest.Parse(config), Inputs{Stacks: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range out.Resources {
		if !r.Partial {
			t.Errorf("%s is not partial", r.Address)
		}
		if r.Type == "aws_db_instance" {
			got[r.Address] = fmt.Sprint(r.After["publicly_accessible"], " ", r.After["storage_encrypted"], " ", slices.Sorted(maps.Keys(r.Unknown)), len(r.After))
		}
	}
	want := map[string]string{
		"module.known.aws_db_instance.this[0]":     "false false [kms_key_id] 10",
		"module.newer.aws_db_instance.this[0]":     "true <nil> [] 1",
		`module.each["a"].aws_db_instance.this[0]`: "true true [] 11",
		`module.each["b"].aws_db_instance.this[0]`: "false true [] 11",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(config, "\n")
	at := func(address string, p ...any) string {
		pos := out.Locators["terraform:.:"+address].Locate(p).Position
		if pos.File != "main.tf" {
			return pos.String()
		}
		return strings.TrimSpace(lines[pos.Line])
	}
	for _, c := range []struct{ got, want string }{
		{at("module.known.aws_db_instance.this[0]", "storage_encrypted"), "storage_encrypted = false"},
		{at("module.known.aws_db_instance.this[0]", "publicly_accessible"), `module "known" {`},
		{at(`module.each["a"].aws_db_instance.this[0]`, "publicly_accessible"), "publicly_accessible = each.value"},
		{at(`module.inner.module.sg.aws_security_group_rule.ingress_with_cidr_blocks["1"]`, "cidr_blocks", 0), `{ rule = "ssh-tcp", cidr_blocks = "0.0.0.0/0" },`},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
