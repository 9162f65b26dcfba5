package secrets

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/source"
)

func BenchmarkNewScanner(b *testing.B) {
	for b.Loop() {
		if _, err := NewScanner(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	s := newScanner(b)
	unit := "spec:\n  secretName: web-tls\n  containers:\n    - name: web\n      env:\n        - name: API_KEY\n          valueFrom: {secretKeyRef: {name: api, key: token}}\n      image: registry.example.com/web@sha256:8f14e45fceea167a5a36dedd4bea2543\n"
	text := []byte(strings.Repeat(unit, 4<<20/len(unit)))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := s.Scan("a.yaml", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromObject(b *testing.B) {
	s := newScanner(b)
	var env strings.Builder
	for i := range 20 {
		fmt.Fprintf(&env, "            - {name: SETTING_%d, value: some-value-of-it-%d}\n", i, i)
	}
	m := parse(b, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          env:\n"+env.String()).(map[string]any)
	at := source.Fixed(source.Position{File: "a.yaml"})
	for b.Loop() {
		s.FromObject("o", m, at)
	}
}
