package terraform

import (
	"testing"

	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

func TestLocator(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"live/main.tf": `module "a" {
  source   = "../modules/net"
  for_each = toset(["x.y"])
  cidr     = "10.0.0.0/8"
}

module "remote" {
  source  = "example.com/acme/db/aws"
  version = "1.2.3"
  publicly_accessible = true
}

module "outside" {
  source = "../../elsewhere"
}

resource "aws_security_group" "sg" { # é
  /* 😀 */ name = "x"
  ingress {
    from_port = 443
    cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"]
  }
  ingress {
    from_port = 22
    cidr_blocks = ["::/0"]
  }
  dynamic "egress" {
    for_each = [1]
    content {
      to_port = egress.value
    }
  }
}

resource "aws_iam_policy" "p" {
  policy = jsonencode({
    Statement = [
      { Action = "*" },
    ]
  })
}
`,
		"live/bucket.tf.json":                    "{\n \"resource\": {\n  \"aws_s3_bucket\": {\n   \"b\": {\n    \"acl\": \"public-read\",\n    \"logging\": [{\"target\": \"x\"}]\n   }\n  }\n }\n}\n",
		"modules/net/main.tf":                    "variable \"cidr\" {}\nresource \"aws_vpc\" \"v\" {\n  cidr_block = var.cidr\n}\nmodule \"deep\" {\n  source = \"./deep\"\n}\n",
		"modules/net/deep/main.tf":               "data \"aws_ami\" \"x\" {\n  owners = [\"self\"]\n}\n",
		"live/o_override.tf":                     "resource \"aws_iam_policy\" \"p\" {\n  name = \"other\"\n}\n",
		"live/.terraform/modules/modules.json":   `{"Modules":[{"Key":"","Dir":"."},{"Key":"remote","Dir":".terraform/modules/remote"},{"Key":"evil","Dir":"../../../etc"}]}`,
		"live/.terraform/modules/remote/main.tf": "resource \"aws_db_instance\" \"this\" {\n  engine = \"x\"\n}\n",
	}
	s, err := Locate(tree, "live")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, address string
		path          source.Path
		want          string
		related       string
		approximate   bool
	}{
		{"block", "aws_security_group.sg", nil, "live/main.tf:17:1", "", false},
		{"attribute after wide characters", "aws_security_group.sg", source.Path{"name"}, "live/main.tf:18:12", "", false},
		{"unset attribute", "aws_security_group.sg", source.Path{"vpc_id"}, "live/main.tf:17:1", "", false},
		{"nested block", "aws_security_group.sg", source.Path{"ingress", 1, "cidr_blocks", 0}, "live/main.tf:25:20", "", false},
		{"unset in a nested block", "aws_security_group.sg", source.Path{"ingress", 1, "self"}, "live/main.tf:23:3", "", false},
		{"list element", "aws_security_group.sg", source.Path{"ingress", 0, "cidr_blocks", 1}, "live/main.tf:21:34", "", false},
		{"dynamic block", "aws_security_group.sg", source.Path{"egress", 0, "to_port"}, "live/main.tf:30:7", "", false},
		{"inside jsonencode", "aws_iam_policy.p", source.Path{"policy", "Statement", 0, "Action"}, "live/main.tf:38:9", "", false},
		{"override", "aws_iam_policy.p", source.Path{"name"}, "live/o_override.tf:2:3", "", false},
		{"JSON attribute", "aws_s3_bucket.b", source.Path{"acl"}, "live/bucket.tf.json:5:5", "", false},
		{"JSON block", "aws_s3_bucket.b", source.Path{"logging", 0, "target"}, "live/bucket.tf.json:6:18", "", false},
		{"module", `module.a["x.y"].aws_vpc.v`, source.Path{"cidr_block"}, "live/main.tf:4:3", "modules/net/main.tf:3:3", false},
		{"module of a module", `module.a["x.y"].module.deep.data.aws_ami.x[0]`, source.Path{"owners", 0}, "modules/net/deep/main.tf:2:13", "modules/net/main.tf:5:1", false},
		{"remote module", "module.remote.aws_db_instance.this", source.Path{"engine"}, "live/main.tf:7:1", "live/.terraform/modules/remote/main.tf:2:3", false},
		{"argument of a remote module", "module.remote.aws_db_instance.this", source.Path{"publicly_accessible"}, "live/main.tf:10:3", "live/.terraform/modules/remote/main.tf:1:1", false},
		{"not in the remote module", "module.remote.module.x.aws_db_instance.y", nil, "live/main.tf:7:1", "", true},
		{"module outside the repository", "module.outside.aws_db_instance.y", nil, "live/main.tf:13:1", "", true},
		{"gone resource", "aws_sqs_queue.gone", nil, "live/main.tf:1", "", true},
		{"no address", "???", nil, "live/main.tf:1", "", true},
	} {
		got := s.Locator(c.address).Locate(c.path)
		if got.String() != c.want || got.Approximate != c.approximate {
			t.Errorf("%s: got %s (approximate %v), want %s (%v)", c.name, got, got.Approximate, c.want, c.approximate)
		}
		related := ""
		for _, r := range got.Related {
			if want := map[bool]string{true: "definition", false: "module"}[c.name == "module"]; r.Role != want {
				t.Errorf("%s: role %q", c.name, r.Role)
			}
			related = r.String()
			break
		}
		if len(got.Related) > 0 && c.name == "remote module" {
			related = got.Related[len(got.Related)-1].String()
		}
		if related != c.related {
			t.Errorf("%s: related is %q, want %q", c.name, related, c.related)
		}
	}
}

// Sets are sorted by their values in a plan: the block is found by content.
func TestLocatorFollowsValues(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"main.tf": `resource "aws_security_group" "sg" {
  ingress {
    from_port   = 443
    cidr_blocks = ["10.0.0.0/8"]
  }
  ingress {
    from_port   = 22
    cidr_blocks = ["203.0.113.0/24", "0.0.0.0/0"]
  }
}
`}
	s, _ := Locate(tree, ".")
	values := map[string]any{"ingress": []any{
		map[string]any{"from_port": int64(22), "cidr_blocks": []any{"0.0.0.0/0", "203.0.113.0/24"}},
		map[string]any{"from_port": int64(443), "cidr_blocks": []any{"10.0.0.0/8"}},
	}}
	got := s.locator("aws_security_group.sg", values).Locate(source.Path{"ingress", 0, "cidr_blocks", 0})
	if want := "main.tf:8:38"; got.String() != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLocateWithoutSource(t *testing.T) {
	t.Parallel()
	s, err := Locate(sourcetest.Tree{"readme.md": ""}, "live")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Locator("aws_x.y").Locate(nil); got.File != "" {
		t.Errorf("got %s, want no place", got)
	}
}
