package discover

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkCollect reads 10,000 objects of 60 lines in 1,000 files.
func BenchmarkCollect(b *testing.B) {
	dir := b.TempDir()
	object := "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec:\n  template:\n    spec:\n      containers:\n" +
		strings.Repeat("      - name: a\n        image: registry.example.com/a:1\n        env:\n        - {name: A, value: b}\n", 13)
	for i := range 1000 {
		write(b, dir, map[string]string{fmt.Sprintf("d%d/f%d.yaml", i%50, i): strings.Repeat("---\n"+object, 10)})
	}
	w, err := Open(b.Context(), dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Collect(b.Context(), w, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
