package render

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"gate/internal/doc"

	"sigs.k8s.io/kustomize/api/hasher"
	"sigs.k8s.io/kustomize/api/konfig"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

var (
	// hashed is a name with the suffix that kustomize makes of the content:
	// https://pkg.go.dev/sigs.k8s.io/kustomize/api/hasher
	hashed = regexp.MustCompile(`^(.+-)([bcdfghkmt2456789]{10})$`)
	// summed is a name that ends in a checksum, as charts make them with
	// sha256sum and trunc.
	summed = regexp.MustCompile(`^(.+-)([0-9a-f]{6,64})$`)
)

// GeneratedName returns the name of an object with stars in the place of what
// a tool makes anew for each content, "" if the name is as a person wrote it.
// file is where the object comes from, read returns its text.
//
// Only what can be made anew without a loss has such a name for us: ConfigMaps
// and Secrets, and the Jobs of charts. A volume claim with another name is
// another volume.
func GeneratedName(u Unit, manifest map[string]any, file string, read func(file string) ([]byte, error)) string {
	kind, name := doc.Text(manifest, "apiVersion")+"/"+doc.Text(manifest, "kind"), doc.Text(manifest, "metadata", "name")
	config := kind == "v1/ConfigMap" || kind == "v1/Secret"
	if m := hashed.FindStringSubmatch(name); m != nil && config {
		// What is substituted in the built object is not what was hashed.
		generator := u.Kind == KindKustomize && slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(file))
		if generator || isHashOf(manifest, m[2]) {
			return starred(m)
		}
	}
	if m := summed.FindStringSubmatch(name); m != nil && u.Kind == KindHelm && (config || kind == "batch/v1/Job") {
		letters, digits := strings.ContainsAny(m[2], "abcdef"), strings.ContainsAny(m[2], "0123456789")
		if text, err := read(file); err == nil && letters && digits && !bytes.Contains(text, []byte(m[2])) {
			return starred(m)
		}
	}
	return ""
}

func starred(m []string) string { return m[1] + strings.Repeat("*", len(m[2])) }

// isHashOf says whether hash is what kustomize makes of a ConfigMap or Secret:
// of its kind, type and data.
func isHashOf(manifest map[string]any, hash string) bool {
	node, err := kyaml.FromMap(manifest)
	if err != nil {
		return false
	}
	got, err := (&hasher.Hasher{}).Hash(node)
	return err == nil && got == hash
}
