package terraform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Address{
		"aws_s3_bucket.b":                    {Mode: "managed", Type: "aws_s3_bucket", Name: "b"},
		"aws_s3_bucket.b[3]":                 {Mode: "managed", Type: "aws_s3_bucket", Name: "b", Index: int64(3)},
		`data.aws_ami.x["a.b]\"c"]`:          {Mode: "data", Type: "aws_ami", Name: "x", Index: `a.b]"c`},
		`aws_x.y["$${z}"]`:                   {Mode: "managed", Type: "aws_x", Name: "y", Index: "${z}"},
		`aws_x.y["a\\b\n\u00e9"]`:            {Mode: "managed", Type: "aws_x", Name: "y", Index: "a\\b\né"},
		`module.m["a.b"].aws_x.y`:            {Module: []ModuleStep{{"m", "a.b"}}, Mode: "managed", Type: "aws_x", Name: "y"},
		`module.a.module.b[0].data.t.n`:      {Module: []ModuleStep{{"a", nil}, {"b", int64(0)}}, Mode: "data", Type: "t", Name: "n"},
		"module.data.module.module.module.x": {Module: []ModuleStep{{"data", nil}, {"module", nil}}, Mode: "managed", Type: "module", Name: "x"},
	} {
		got, err := ParseAddress(text)
		if text == "module.data.module.module.module.x" {
			if err == nil {
				t.Errorf("%s: parsed as %v, expected an error: a module is no resource", text, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", text, diff)
		}
	}
	for _, text := range []string{"", "aws_x", "aws_x.", ".y", "aws_x.y[", "aws_x.y[-1]", "aws_x.y[a]", `aws_x.y["a]`, "aws_x.y[0]z", "module.m", "module.m.", `module.m["a"]x.y`, "data.x", `aws_x.y["\q"]`} {
		if got, err := ParseAddress(text); err == nil {
			t.Errorf("%q: parsed as %v, expected an error", text, got)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{`module.m["a.b"].aws_s3_bucket.this["b.c"]`, "data.a.b[0]", `a.b["$${x}"]`, `a.b["\U0001f600"]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		text := a.Resource() + keySuffix(a.Index)
		if m := a.ModuleAddress(); m != "" {
			text = m + "." + text
		}
		again, err := ParseAddress(text)
		if err != nil {
			t.Fatalf("%q is written as %q, which does not parse: %v", s, text, err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("%q: -first +second\n%s", s, diff)
		}
	})
}
