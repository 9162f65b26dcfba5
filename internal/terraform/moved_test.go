package terraform

import (
	"testing"

	"gate/internal/source/sourcetest"
)

// declaredIn is what the stack "s" of a tree declares.
func declaredIn(t *testing.T, tree sourcetest.Tree, head *Declared) (*Collected, *Declared) {
	t.Helper()
	c := collect(t, tree, Inputs{Stacks: []string{"s"}})
	d, err := c.Declared(t.Context(), "s", head)
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}

func TestMoved(t *testing.T) {
	t.Parallel()
	const module = "module \"m\" {\n  source = \"./m\"\n}\n"
	for _, c := range []struct{ name, root, child, from, want string }{
		{"a resource keeps its keys", "from = aws_x.a\nto = aws_x.b", "", "aws_x.a[\"k\"]", "aws_x.b[\"k\"]"},
		{"one instance", "from = aws_x.a[0]\nto = aws_x.a[\"k\"]", "", "aws_x.a[0]", "aws_x.a[\"k\"]"},
		{"and no other", "from = aws_x.a[0]\nto = aws_x.a[\"k\"]", "", "aws_x.a[1]", "aws_x.a[1]"},
		{"the one without a key", "from = aws_x.a\nto = aws_x.a[\"k\"]", "", "aws_x.a", "aws_x.a[\"k\"]"},
		{"not those with one", "from = aws_x.a\nto = aws_x.a[\"k\"]", "", "aws_x.a[0]", "aws_x.a[0]"},
		{"a module keeps its keys", "from = module.a\nto = module.b", "", "module.a[\"k\"].aws_x.x", "module.b[\"k\"].aws_x.x"},
		{"one instance of a module", "from = module.a\nto = module.b[\"k\"]", "", "module.a.module.c.aws_x.x", "module.b[\"k\"].module.c.aws_x.x"},
		{"into a module", "from = aws_x.a\nto = module.b.aws_x.c", "", "aws_x.a", "module.b.aws_x.c"},
		{"out of an instance", "from = module.b[0].aws_x.c\nto = aws_x.a", "", "module.b[0].aws_x.c", "aws_x.a"},
		{"another type", "from = aws_x.a\nto = aws_y.a", "", "aws_x.a", "aws_y.a"},
		{"a chain", "from = aws_x.a\nto = aws_x.b\n}\nmoved {\nfrom = aws_x.b\nto = aws_x.c", "", "aws_x.a", "aws_x.c"},
		{"there and back", "from = aws_x.a\nto = aws_x.b\n}\nmoved {\nfrom = aws_x.b\nto = aws_x.a", "", "aws_x.a", "aws_x.a"},
		{"inside of any instance of a module", "from = aws_x.q\nto = aws_x.r", "from = aws_x.a\nto = aws_x.b", "module.m[3].aws_x.a", "module.m[3].aws_x.b"},
		{"not outside of it", "from = aws_x.q\nto = aws_x.r", "from = aws_x.a\nto = aws_x.b", "aws_x.a", "aws_x.a"},
		{"a module to a resource", "from = module.a\nto = aws_x.a", "", "module.a.aws_x.a", "module.a.aws_x.a"},
		{"no address", "from = \"aws_x.a\"\nto = aws_x.a.b.c", "", "aws_x.a", "aws_x.a"},
	} {
		tree := sourcetest.Tree{"s/main.tf": module + "moved {\n" + c.root + "\n}\n", "s/m/main.tf": "locals {}\n"}
		if c.child != "" {
			tree["s/m/main.tf"] = "moved {\n" + c.child + "\n}\n"
		}
		_, d := declaredIn(t, tree, nil)
		a, err := ParseAddress(c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.moved(a).text(); got != c.want {
			t.Errorf("%s: %s becomes %s, want %s", c.name, c.from, got, c.want)
		}
	}
}

func TestRemoved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		block, address string
		forgets        bool
	}{
		{"from = aws_x.a\nlifecycle {\ndestroy = false\n}", "aws_x.a[\"k\"]", true},
		{"from = aws_x.a\nlifecycle {\ndestroy = true\n}", "aws_x.a", false},
		{"from = aws_x.a", "aws_x.a", false}, // Terraform's default
		{"from = module.m\nlifecycle {\ndestroy = false\n}", "module.m[0].module.n.aws_x.a", true},
		{"from = module.m.aws_x.a\nlifecycle {\ndestroy = false\n}", "module.m[0].aws_x.a", true},
		{"from = module.m.aws_x.a\nlifecycle {\ndestroy = false\n}", "module.m.aws_x.b", false},
	} {
		_, d := declaredIn(t, sourcetest.Tree{"s/main.tf": "removed {\n" + c.block + "\n}\n"}, nil)
		a, err := ParseAddress(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.forgets(a); got != c.forgets {
			t.Errorf("%q forgets %s: %v", c.block, c.address, got)
		}
	}
}
