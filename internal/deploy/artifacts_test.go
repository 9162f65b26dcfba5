package deploy

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

// TestArtifacts deploys from what ArtifactGenerators make of the tree.
func TestArtifacts(t *testing.T) {
	t.Parallel()
	const generator = `apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: split, namespace: flux-system}
spec:
  sources:
    - {alias: repo, kind: GitRepository, name: here}
    - {alias: other, kind: OCIRepository, name: elsewhere}
  artifacts:
    - name: infra
      copy: [COPY]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: here, namespace: flux-system}
spec: {url: "https://github.com/acme/platform"}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infra, namespace: flux-system}
spec: {path: PATH, sourceRef: {kind: ExternalArtifact, name: infra}}
`
	for _, c := range []struct {
		name, copies, path, want string
	}{
		{"a directory as the whole artifact", `{from: "@repo/infra/**", to: "@artifact/"}`, "./controllers", "infra/controllers"},
		{"the root of it", `{from: "@repo/infra/controllers/**", to: "@artifact/"}`, "", "infra/controllers"},
		{"at a path of the artifact", `{from: "@repo/infra/**", to: "@artifact/deploy/"}`, "./deploy/controllers", "infra/controllers"},
		{"the whole repository", `{from: "@repo/**", to: "@artifact/"}`, "infra/controllers", "infra/controllers"},
		{"two directories", `{from: "@repo/infra/**", to: "@artifact/a"}, {from: "@repo/apps/**", to: "@artifact/b"}`, "a/controllers", "infra/controllers"},
		{"two that overlap", `{from: "@repo/infra/**", to: "@artifact/"}, {from: "@repo/apps/**", to: "@artifact/controllers"}`, "controllers", "fails, watches infra apps"},
		{"single files", `{from: "@repo/infra/*.yaml", to: "@artifact/"}`, "controllers", "fails, watches infra"},
		{"without some", `{from: "@repo/infra/**", to: "@artifact/", exclude: ["*.md"]}`, "controllers", "fails, watches infra"},
		{"with another source", `{from: "@repo/infra/**", to: "@artifact/"}, {from: "@other/**", to: "@artifact/x"}`, "controllers", "fails, watches infra"},
		{"of another source alone", `{from: "@other/**", to: "@artifact/"}`, "controllers", "fails, watches "},
		{"out of the tree", `{from: "@repo/infra/**", to: "@artifact/"}`, "../../x", "fails, watches infra"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := tree(t, map[string]string{
				"flux/sync.yaml":           strings.NewReplacer("COPY", c.copies, "PATH", fmt.Sprintf("%q", c.path)).Replace(generator),
				"infra/controllers/c.yaml": configMap, "apps/c.yaml": configMap,
			})
			inv, err := discover.Collect(t.Context(), w, discover.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := "none"
			for _, o := range Tree(t.Context(), w, inv, nil, render.Options{Repositories: []string{"github.com/acme/platform"}}, nil).Outcomes {
				switch {
				case o.Unit.Controller != "Kustomization/infra":
				case o.Err != nil:
					got = "fails, watches " + strings.Join(o.Unit.Watches, " ")
				default:
					got = o.Unit.Path
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
