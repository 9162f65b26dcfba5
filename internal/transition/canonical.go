package transition

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// canonical is the one JSON form of a value: keys sorted, no white space, no
// HTML escapes.
func canonical(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	dec := json.NewDecoder(bytes.NewReader(raw)) // structs become maps, whose keys are sorted
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return "", err
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// valueDigest is "sha256:" and the digest of the canonical JSON of v without
// nulls.
func valueDigest(v any) (string, error) {
	text, err := canonical(withoutNulls(v))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// keyedDigest is "hmac-sha256:" and HMAC-SHA256 over the canonical JSON of a list of the
// place and the value: one secret at two places does not show as one.
func keyedDigest(key []byte, subject, path string, v any) (string, error) {
	text, err := canonical([]any{subject, path, withoutNulls(v)})
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return "hmac-sha256:" + hex.EncodeToString(mac.Sum(nil)), nil
}

// withoutNulls leaves out the members of objects that are null: providers
// write one for each attribute that is not set, more with each version.
// Elements of lists stay, as they count.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if e != nil {
				out[k] = withoutNulls(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = withoutNulls(e)
		}
		return out
	}
	return v
}

// redacted says whether v stands in for a secret (facts.Redacted).
func redacted(v any) bool {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false
	}
	_, ok = m["$redacted"].(string)
	return ok
}
