package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/strvals"
)

// commonMetadata reads spec.commonMetadata of a Flux object.
func (d deployer) commonMetadata() render.CommonMetadata {
	m := doc.Map(d.obj, "spec", "commonMetadata")
	return render.CommonMetadata{Labels: doc.Map(m, "labels"), Annotations: doc.Map(m, "annotations")}
}

// shortRelease shortens the name of a release as Flux does: 40 characters, a
// dash, 12 digits of the SHA-256 of the whole name.
// https://fluxcd.io/flux/components/helm/helmreleases/#release-name
func shortRelease(name string) string {
	if len(name) <= 53 {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:40] + "-" + hex.EncodeToString(sum[:])[:12]
}

// setPath sets the value of a reference with targetPath: in quotes it stays a
// text, else it is read as helm's --set does.
// https://fluxcd.io/flux/components/helm/helmreleases/#values-references
func setPath(target, text string, values map[string]any) error {
	for _, quote := range []string{`"`, `'`} {
		if len(text) > 1 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			return strvals.ParseIntoString(target+"="+strings.Trim(text, `'"`), values)
		}
	}
	return strvals.ParseInto(target+"="+text, values)
}

// formerPatches are the patches in the fields of v1beta2 that v1 no longer has.
func (d deployer) formerPatches() ([]any, error) {
	var out []any
	for _, e := range doc.List(d.obj, "spec", "patchesStrategicMerge") {
		text, err := yaml.Marshal(e)
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"patch": string(text)})
	}
	for _, e := range doc.List(d.obj, "spec", "patchesJson6902") {
		m := doc.Map(e)
		if doc.Map(m, "target") == nil {
			return nil, fmt.Errorf("an entry of patchesJson6902 has no target")
		}
		text, err := yaml.Marshal(m["patch"])
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"patch": string(text), "target": m["target"]})
	}
	return out, nil
}
