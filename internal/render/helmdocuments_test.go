package render

import (
	"testing"

	"gate/internal/doc"

	"github.com/google/go-cmp/cmp"
)

// What a chart renders is cut into documents as Helm cuts it, which decides about
// the line breaks at the end of a block scalar; each line keeps its place.
func TestRenderedDocuments(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
	type object struct {
		Value string
		Line  int // of the value's key
	}
	for name, c := range map[string]struct {
		text string
		want []object
	}{
		"a break at the end":                  {head + "  v: |\n    x\n", []object{{"x\n", 5}}},
		"no break at the end":                 {head + "  v: |\n    x", []object{{"x\n", 5}}},
		"an action takes the break":           {head + "  v: |\n    {{ \"x\" }}\n{{- \"\" -}}\n", []object{{"x\n", 5}}},
		"no break at the end, folded":         {head + "  v: >\n    x\n    y", []object{{"x y\n", 5}}},
		"no break at the end, stripped":       {head + "  v: |-\n    x", []object{{"x", 5}}},
		"breaks that are kept":                {head + "  v: |+\n    x\n\n\n", []object{{"x\n", 5}}},
		"breaks that are kept in the middle":  {head + "  v: |+\n    x\n\n\n  w: y\n", []object{{"x\n\n\n", 5}}},
		"breaks that are kept before another": {head + "  v: |+\n    x\n\n\n---\n" + head + "  v: |+\n    y\n \n", []object{{"x\n", 5}, {"y\n", 14}}},
		"indented space at the end":           {head + "  v: |\n    x\n      \n---\n" + head + "  v: z", []object{{"x\n", 5}, {"z", 13}}},
		"carriage returns":                    {"\r\n---\r\n" + head + "  v: |\r\n    x\r\n\r\n---\r\n" + head + "  v: z", []object{{"x\n", 7}, {"z", 15}}},
		"space before and between":            {"\n\n---\n\n" + head + "  v: |\n    x\n\n---\n\n\n---   \n# c\n" + head + "  v: z\n---\n", []object{{"x\n", 9}, {"z", 21}}},
		"text behind the dashes":              {"---apiVersion: v1\n" + head[len("apiVersion: v1\n"):] + "  v: |\n    x\n---apiVersion: v1\n" + head[len("apiVersion: v1\n"):] + "  v: z\n", []object{{"x\n", 5}, {"z", 11}}},
		"a document behind the dashes":        {"--- {apiVersion: v1, kind: ConfigMap, data: {v: x}}\n---\n" + head + "  v: z\n", []object{{"x", 1}, {"z", 7}}},
		"dashes inside a scalar":              {head + "  v: |\n    x\n    ---\n    y\n", []object{{"x\n---\ny\n", 5}}},
		"dashes alone":                        {"---\n" + head + "  v: |\n    x\n---\n" + head + "  v: z\n---\n", []object{{"x\n", 6}, {"z", 13}}},
		"an indent before the first document": {"  {apiVersion: v1, kind: ConfigMap, data: {v: x}}\n", []object{{"x", 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Render(t.Context(), tree(t, map[string]string{"c/Chart.yaml": chartYAML, "c/templates/a.yaml": c.text}), chartAt("c"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []object
			for _, o := range r.Objects {
				loc := o.Locator.Locate([]any{"data", "v"})
				if loc.Approximate || loc.File != "c/templates/a.yaml" {
					t.Errorf("place: %+v", loc)
				}
				got = append(got, object{doc.Text(o.Manifest, "data", "v"), loc.Line})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
