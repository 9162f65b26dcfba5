package engine

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"github.com/Masterminds/sprig/v3"
	"helm.sh/helm/v3/pkg/chartutil"
)

// TestDeepCopyIsSprigs holds the copy of values of every shape that a template may have
// against sprig's own.
func TestDeepCopyIsSprigs(t *testing.T) {
	must := sprig.TxtFuncMap()["mustDeepCopy"].(func(any) (any, error))
	rnd := rand.New(rand.NewPCG(1, 2))
	var value func(depth int) any
	value = func(depth int) any {
		n := 22
		if depth == 0 {
			n = 14
		}
		switch rnd.IntN(n) {
		case 0:
			return nil
		case 1:
			return "text"
		case 2:
			return true
		case 3:
			return 7
		case 4:
			return int64(7)
		case 5:
			return 1.5
		case 6:
			return []string{"a", "b"}
		case 7:
			return []any{}
		case 8:
			return []any(nil)
		case 9:
			return map[string]any{}
		case 10:
			return map[string]any(nil)
		case 11:
			return fileSet{"a": []byte("x"), "b": {}, "c": nil}
		case 12:
			return &chartutil.KubeVersion{Version: "v1.30.0"}
		case 13:
			return chartutil.VersionSet{"v1", "apps/v1"}
		}
		size := rnd.IntN(4)
		switch rnd.IntN(3) {
		case 0:
			list := make([]any, size)
			for i := range list {
				list[i] = value(depth - 1)
			}
			return list
		case 1:
			m := chartutil.Values{}
			for i := range size {
				m[strconv.Itoa(i)] = value(depth - 1)
			}
			return m
		}
		m := map[string]any{}
		for i := range size {
			m[strconv.Itoa(i)] = value(depth - 1)
		}
		return m
	}
	for range 5000 {
		v := map[string]any{"v": value(4)} // of nil alone sprig panics
		want, wantErr := must(v)
		got, err := deepCopy(v, must)
		if (err != nil) != (wantErr != nil) || !reflect.DeepEqual(got, want) {
			t.Fatalf("deepCopy(%#v) = %#v, %v; sprig has %#v, %v", v, got, err, want, wantErr)
		}
	}
}

func BenchmarkDeepCopyOfFiles(b *testing.B) {
	context := map[string]any{"Files": fileSet{"dashboard.json": make([]byte, 1<<20)}}
	must := sprig.TxtFuncMap()["mustDeepCopy"].(func(any) (any, error))
	for b.Loop() {
		if _, err := deepCopy(context, must); err != nil {
			b.Fatal(err)
		}
	}
}
