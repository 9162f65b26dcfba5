package terraform

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestUnsealed(t *testing.T) {
	t.Parallel()
	enc := func(kind string) cty.Value {
		return cty.StringVal("ENC[AES256_GCM,data:eA==,iv:YQ==,tag:YQ==,type:" + kind + "]")
	}
	for name, c := range map[string]struct{ in, want cty.Value }{
		"a text":        {enc("str"), cty.UnknownVal(cty.String)},
		"a truth value": {enc("bool"), cty.DynamicVal},
		"inside":        {cty.ObjectVal(map[string]cty.Value{"a": enc("str"), "b": cty.True}), cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String), "b": cty.True})},
		"other text":    {cty.StringVal("ENC[x]"), cty.StringVal("ENC[x]")},
		"nothing":       {cty.NullVal(cty.String), cty.NullVal(cty.String)},
		"not known":     {cty.DynamicVal, cty.DynamicVal},
	} {
		if got := unsealed(c.in); !got.RawEquals(c.want) {
			t.Errorf("%s: %#v", name, got)
		}
	}
}
