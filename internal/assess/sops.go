package assess

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Plain returns a manifest as a controller applies it after SOPS has decrypted
// it: without the key "sops", and without the ciphertexts, whose values are not
// known (Encrypted says where that matters). Other manifests are returned as they
// are. The paths of what remains are the same. (SOPS's file format:
// https://getsops.io/docs/.)
func Plain(manifest map[string]any) map[string]any {
	if doc.At(manifest, "sops", "mac") == nil && !doc.Any(manifest, ciphertext) { // of a list it is the list that has the key
		return manifest
	}
	out, _ := withoutCiphertext(manifest).(map[string]any)
	if doc.At(manifest, "sops", "mac") != nil {
		delete(out, "sops")
	}
	return out
}

func withoutCiphertext(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if !ciphertext(x) {
				out[k] = withoutCiphertext(x)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			if ciphertext(x) {
				x = nil
			}
			out = append(out, withoutCiphertext(x))
		}
		return out
	}
	return v
}

// ciphertextMark begins what SOPS writes in place of a value. Templates put it
// beside other text.
const ciphertextMark = "ENC[AES256_GCM,"

func ciphertext(v any) bool {
	s, ok := v.(string)
	return ok && strings.HasPrefix(s, ciphertextMark) && strings.HasSuffix(s, "]")
}

// Encrypted says of each object whose fields SOPS encrypts that it is not known
// what is applied, where that hides something that could be judged: everything but
// the data of Secrets and ConfigMaps, the texts that a container is started with,
// and texts of kinds that no rule knows. raw are the manifests by id.
func Encrypted(objects []facts.Object, raw map[string]map[string]any, places source.Index) []facts.Entry {
	var out []facts.Entry
	for _, o := range objects {
		manifest := raw[o.ID]
		if !doc.Any(manifest, holdsCiphertext) {
			continue
		}
		var hidden []source.Path
		encryptedPaths(manifest, nil, func(p source.Path) {
			if !immaterial(o, manifest, p) {
				hidden = append(hidden, p)
			}
		})
		if len(hidden) == 0 {
			continue
		}
		more := ""
		if n := len(hidden) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		out = append(out, facts.Entry{
			Kind: "object", ID: o.ID, State: facts.Failed, Place: source.At(places[o.ID], hidden[0]).Locate(nil).Position,
			Reason: fmt.Sprintf("%s%s is encrypted by SOPS: what is applied is not known", hidden[0], more),
			Hint:   "encrypt nothing but secrets (encrypted_regex: ^(data|stringData)$), and values of a chart only where they end in Secrets",
		})
	}
	return out
}

func holdsCiphertext(v any) bool {
	s, ok := v.(string)
	return ok && strings.Contains(s, ciphertextMark)
}

// encryptedPaths tells where ciphertexts stand, but not those of SOPS's own key.
func encryptedPaths(v any, at source.Path, tell func(source.Path)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k == "sops" && len(at) == 0 && doc.Text(v[k], "mac") != "" {
				continue
			}
			encryptedPaths(v[k], append(at[:len(at):len(at)], k), tell)
		}
	case []any:
		for i, e := range v {
			encryptedPaths(e, append(at[:len(at):len(at)], i), tell)
		}
	default:
		if holdsCiphertext(v) {
			tell(at)
		}
	}
}

// immaterial says whether a ciphertext hides nothing that is judged.
func immaterial(o facts.Object, manifest map[string]any, p source.Path) bool {
	if secretShaped(manifest) {
		return true
	}
	if holdsCiphertext(o.Kind) || holdsCiphertext(o.APIVersion) {
		return false
	}
	for _, pod := range o.Pods {
		if spec := source.Path(pod.Path); len(spec) < len(p) && slices.Equal(spec, p[:len(spec)]) {
			return startText(p[len(spec):])
		}
	}
	value := doc.Text(manifest, p...)
	if !ciphertext(value) && nameLike(p) {
		return true
	}
	text := strings.HasSuffix(value, ",type:str]")
	return text && len(p) > 0 && p[0] != "metadata" && !judgedGroup(o.Group)
}

// nameLike says whether a path is a host name, an annotation or a label, of which one
// part may come from an encrypted variable: the domain that a team does not publish.
func nameLike(p source.Path) bool {
	if len(p) > 2 && p[0] == "metadata" && (p[1] == "annotations" || p[1] == "labels") {
		return true
	}
	for _, e := range slices.Backward(p) {
		if key, ok := e.(string); ok {
			return key == "host" || key == "hosts" || key == "hostname" || key == "hostnames"
		}
	}
	return false
}

// secretShaped says whether an object has nothing but what a Secret or a ConfigMap
// has. Where the whole file is encrypted, only the keys tell.
func secretShaped(manifest map[string]any) bool {
	switch kind := doc.Text(manifest, "kind"); {
	case kind == "Secret", kind == "ConfigMap", holdsCiphertext(kind):
	default:
		return false
	}
	for k := range manifest {
		switch k {
		case "apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData", "binaryData", "sops":
		default:
			return false
		}
	}
	return true
}

// startText says whether a path of a pod spec is an argument, a part of the command
// or the value of a variable of a container.
func startText(p source.Path) bool {
	if len(p) < 4 || p[0] != "containers" && p[0] != "initContainers" && p[0] != "ephemeralContainers" {
		return false
	}
	switch p[2] {
	case "args", "command":
		return len(p) == 4
	case "env":
		return len(p) == 5 && p[4] == "value"
	}
	return false
}

// judgedGroup says whether rules know kinds of an API group: those of Kubernetes
// itself, and of what delivers, admits and provisions.
func judgedGroup(group string) bool {
	if !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") {
		return true
	}
	for _, g := range []string{"argoproj.io", "fluxcd.io", "external-secrets.io", "kyverno.io", "gatekeeper.sh", "crossplane.io", "upbound.io"} {
		if group == g || strings.HasSuffix(group, "."+g) {
			return true
		}
	}
	return false
}
