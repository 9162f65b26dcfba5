package terraform

import (
	"testing"

	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// What cannot be told is the same where what decides on it is.
func TestPrints(t *testing.T) {
	t.Parallel()
	const rest = "resource \"aws_vpc\" \"v\" {\n  name = \"v\"\n}\nvariable \"n\" {}\nvariable \"secret\" {\n  sensitive = true\n}\nmodule \"far\" {\n  source = \"acme/far/aws\"\n}\nmodule \"near\" {\n  source = \"./near\"\n  x = aws_vpc.v.id\n}\n"
	tree := func(locals, value string) sourcetest.Tree {
		return sourcetest.Tree{
			"s/main.tf":          "locals {\n" + locals + "\n}\nresource \"t\" \"t\" {\n  a = " + value + "\n}\n" + rest,
			"s/near/main.tf":     "variable \"x\" {}\noutput \"o\" {\n  value = \"o-${var.x}\"\n}\noutput \"p\" {\n  value = \"p-${var.x}\"\n}\n",
			"s/terraform.tfvars": "secret = \"planted-value\"\n",
			"s/a.txt":            "one\n", "s/b.txt": "two\n", "s/c.txt": "one\n",
		}
	}
	for _, c := range []struct {
		name                         string
		locals, before, other, after string
		same                         bool
	}{
		{"the same", "", "aws_vpc.v.id", "", "aws_vpc.v.id", true},
		{"another attribute", "", "aws_vpc.v.id", "", "aws_vpc.v.arn", false},
		{"parentheses and layout", "", "\"a-${aws_vpc.v.id}\"", "", "( \"a-${ aws_vpc.v.id }\" ) # why", true},
		{"a local in between", "x = aws_vpc.v.id", "local.x", "y = aws_vpc.v.id", "local.y", true},
		{"a local that stands for something else", "x = aws_vpc.v.id", "local.x", "x = aws_vpc.v.arn", "local.x", false},
		{"a known part of a text", "x = \"a\"", "\"${local.x}-${aws_vpc.v.id}\"", "y = \"a\"", "\"${local.y}-${aws_vpc.v.id}\"", true},
		{"another known part", "x = \"a\"", "\"${local.x}-${aws_vpc.v.id}\"", "x = \"b\"", "\"${local.x}-${aws_vpc.v.id}\"", false},
		{"a variable that nobody gives", "", "var.n", "", "var.n", true},
		{"a computation with it", "", "var.n", "", "var.n + 1", false},
		{"another computation", "", "var.n - 1", "", "var.n + 1", false},
		{"the order of members", "", "jsonencode({ a = aws_vpc.v.id, b = 1 })", "", "jsonencode({\n b = 1\n a = aws_vpc.v.id\n})", true},
		{"another member", "", "jsonencode({ a = aws_vpc.v.id, b = 1 })", "", "jsonencode({ a = aws_vpc.v.id, b = 2 })", false},
		{"the order of elements", "", "join(\",\", [aws_vpc.v.id, \"x\"])", "", "join(\",\", [\"x\", aws_vpc.v.id])", false},
		{"a condition", "", "var.n > 1 ? \"a\" : \"b\"", "", "var.n > 2 ? \"a\" : \"b\"", false},
		{"a loop", "", "[for x in var.n : x.a]", "", "[for x in var.n : x.b]", false},
		{"a splat", "", "var.n[*].a", "", "var.n[*].b", false},
		{"a secret", "", "var.secret", "x = var.secret", "local.x", true},
		{"another secret", "", "\"${var.secret}1\"", "", "\"${var.secret}2\"", false},
		{"a module from elsewhere", "", "module.far.a", "", "module.far.b", false},
		{"an output of a module", "", "module.near.o", "", "module.near.o", true},
		{"what an output stands for", "", "module.near.o", "", "\"o-${aws_vpc.v.id}\"", false}, // a text of a text
		{"another output", "", "module.near.o", "", "module.near.p", false},
		{"a file by its sum", "", "filesha256(\"a.txt\")", "", "filesha256(\"b.txt\")", false},
		{"a local that refers to itself", "x = \"${local.x}-${var.n}\"", "local.x", "x = \"${local.x}-${var.n}\"", "local.x", true},
	} {
		head, h := declaredIn(t, tree(c.other, c.after), nil)
		_, b := declaredIn(t, tree(c.locals, c.before), h)
		list, doubts, err := head.Differences(t.Context(), b, h, func(string) bool { return true })
		if err != nil || len(doubts) > 0 {
			t.Fatalf("%s: %v %v", c.name, err, doubts)
		}
		var got []string
		for _, x := range list {
			if x.Address == "t.t" {
				got = x.Paths
			}
		}
		var want []string
		if !c.same {
			want = []string{"a"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// A key of a path leads back to it.
func TestPathOfKey(t *testing.T) {
	t.Parallel()
	for _, p := range [][]any{{"a"}, {"a", 0, "b/c", 12}, {"\"", "1", 1}, {"a\"/\"b"}} {
		if d := cmp.Diff(p, []any(pathOfKey(pathKey(p)))); d != "" {
			t.Error(d)
		}
	}
}

// Whatever a configuration says, it is compared to an end, and with itself nothing
// differs.
func FuzzDifferences(f *testing.F) {
	f.Add("variable \"n\" {}\nresource \"t\" \"t\" {\n  count = var.n\n  a = [for x in var.n : x.y]\n  dynamic \"b\" {\n    for_each = var.n\n    content {}\n  }\n}\n", "resource \"t\" \"t\" {\n  a = \"${t.u.id}\"\n}\n")
	f.Add("moved {\n  from = t.t\n  to = module.m[0].t.t\n}\nmodule \"m\" {\n  source = \"./\"\n}\n", "removed {\n  from = t.t\n}\nimport {\n  to = t.t[each.key]\n}\n")
	f.Add("terraform {\n  backend \"s3\" {}\n}\nprovider \"aws\" {\n  alias = \"x\"\n}\n", "locals {\n  a = local.b\n  b = local.a\n}\nresource \"t\" \"t\" {\n  for_each = local.a\n  x = each.value\n}\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		head, h := declaredIn(t, sourcetest.Tree{"s/main.tf": after}, nil)
		_, b := declaredIn(t, sourcetest.Tree{"s/main.tf": before}, h)
		differences(b, h, func(string) bool { return false })
		_, same := declaredIn(t, sourcetest.Tree{"s/main.tf": after}, h)
		list, _, err := head.Differences(t.Context(), same, h, func(string) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Action != "unchanged" {
				t.Fatalf("%s %s: %v", x.Action, x.Address, x.Paths)
			}
		}
	})
}
