package report

import (
	"strings"
	"testing"

	"gate/internal/decide"
)

func TestImageText(t *testing.T) {
	t.Parallel()
	digest := func(c string) string { return "@sha256:" + strings.Repeat(c, 64) }
	for _, c := range []struct{ old, new, want string }{
		{"web:1.4.0", "web:2.0.0", "web: 1.4.0 → 2.0.0"},
		{"web:1.4.0" + digest("a"), "web:2.0.0" + digest("b"), "web: 1.4.0@sha256:aaaaaaaaaaaa → 2.0.0@sha256:bbbbbbbbbbbb"},
		{"web:1.4.0" + digest("a"), "web:1.4.0" + digest("b"), "web: 1.4.0@sha256:aaaaaaaaaaaa → 1.4.0@sha256:bbbbbbbbbbbb"},
		{"web" + digest("a"), "web" + digest("b"), "web: @sha256:aaaaaaaaaaaa → @sha256:bbbbbbbbbbbb"},
		{"web", "web:1", "web: without tag → 1"},
		{"docker.io/library/web:1", "web:2", "web: 1 → 2"},
		{"docker.io/acme/web:1", "acme/web:2", "acme/web: 1 → 2"},
		{"localhost:5000/web:1", "localhost:5000/web:2", "localhost:5000/web: 1 → 2"},
		{"ghcr.io/acme/web:1", "quay.io/acme/web:1", "ghcr.io/acme/web:1 → quay.io/acme/web:1"},
		{"", "web:1", "web: 1 added"},
		{"web:1", "", "web: 1 taken away"},
		{"web:1", "web:$TAG", "web:1 → web:$TAG"},
	} {
		if got := imageText(decide.ImageChange{Old: c.old, New: c.new, Objects: 2, Environments: []string{"a", "b"}}); got != c.want+" (2 workloads in a, b)" {
			t.Errorf("%q, %q: got %q, want %q", c.old, c.new, got, c.want)
		}
	}
}
