package assess

import (
	"strings"

	"gate/internal/doc"
)

// Plain returns a manifest as a controller applies it after SOPS has decrypted
// it: without the key "sops", and without the ciphertexts, whose values are not
// known. Other manifests are returned as they are. The paths of what remains
// are the same. (SOPS's file format: https://getsops.io/docs/.)
func Plain(manifest map[string]any) map[string]any {
	if doc.At(manifest, "sops", "mac") == nil {
		return manifest
	}
	out, _ := withoutCiphertext(manifest).(map[string]any)
	delete(out, "sops")
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
		out := make([]any, len(v))
		for i, x := range v {
			if !ciphertext(x) {
				out[i] = withoutCiphertext(x)
			}
		}
		return out
	}
	return v
}

func ciphertext(v any) bool {
	s, ok := v.(string)
	return ok && strings.HasPrefix(s, "ENC[AES256_GCM,") && strings.HasSuffix(s, "]")
}
