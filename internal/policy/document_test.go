package policy

import (
	"fmt"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
)

// deleted are facts of a change that deletes n objects and leaves one.
func deleted(n int) *facts.Facts {
	f := &facts.Facts{Objects: []facts.Object{{Subject: facts.Subject{ID: "kept"}, Manifest: map[string]any{"kind": "Pod"}}}}
	for i := range n {
		f.DeletedObjects = append(f.DeletedObjects, facts.Object{
			Subject: facts.Subject{ID: fmt.Sprintf("gone%04d", i)}, Kind: "ConfigMap", Manifest: map[string]any{"data": map[string]any{"n": i}},
		})
	}
	return f
}

// idsAndManifests lists a document's deleted objects, and says how many of
// them have a manifest.
func idsAndManifests(t *testing.T, document ast.Value) (ids []string, manifests int) {
	t.Helper()
	list, err := document.Find(ast.Ref{ast.StringTerm("deletedObjects")})
	if err != nil {
		t.Fatal(err)
	}
	if _, none := list.(ast.Null); none {
		return nil, 0
	}
	list.(*ast.Array).Foreach(func(o *ast.Term) {
		ids = append(ids, string(o.Get(ast.StringTerm("id")).Value.(ast.String)))
		if _, none := o.Get(ast.StringTerm("manifest")).Value.(ast.Null); !none {
			manifests++
		}
	})
	return ids, manifests
}

// Each deleted object stands in one batch, as it was, whatever rules are over:
// those over transitions read it beside the objects that are there.
func TestBatchesHoldDeletedObjects(t *testing.T) {
	t.Parallel()
	const n = 2*batchSize + 1
	for _, over := range []map[string]bool{{"transitions": true}, {"containers": true}} {
		f := deleted(n)
		in := inputs{f: f, over: over}
		var got, want []string
		manifests, batches := 0, 0
		if err := in.batches(func(v ast.Value) error {
			ids, m := idsAndManifests(t, v)
			got, manifests, batches = append(got, ids...), manifests+m, batches+1
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, o := range f.DeletedObjects {
			want = append(want, o.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("over %v: deleted objects of all batches (-want +got):\n%s", over, diff)
		}
		if manifests != n || batches != 3 {
			t.Errorf("over %v: %d manifests of %d in %d batches of 3", over, manifests, n, batches)
		}
	}
}

// A rule of scope tree sees which objects are deleted and not their content,
// and the rules that come after it still do.
func TestTreeHasNoManifests(t *testing.T) {
	t.Parallel()
	f := deleted(2)
	in := inputs{f: f, whole: true}
	v, err := in.tree()
	if err != nil {
		t.Fatal(err)
	}
	ids, manifests := idsAndManifests(t, v)
	if diff := cmp.Diff([]string{"gone0000", "gone0001"}, ids); diff != "" || manifests != 0 {
		t.Errorf("%d manifests; deleted objects (-want +got):\n%s", manifests, diff)
	}
	if objects, err := v.Find(ast.Ref{ast.StringTerm("objects")}); err != nil || objects.Compare(ast.Null{}) != 0 {
		t.Errorf("objects = %v, %v; their joins stand in the index", objects, err)
	}
	if diff := cmp.Diff(deleted(2), f); diff != "" {
		t.Errorf("the facts themselves were changed:\n%s", diff)
	}
}
