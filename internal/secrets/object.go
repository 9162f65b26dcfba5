package secrets

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// Typed is a secret value found by what it is for. The value itself stays
// inside the package.
type Typed struct {
	Detector    string
	Description string
	Path        source.Path // of the leaf that holds the value
	Carrier     string      // object, env, values, plan

	value string
	raw   string // the leaf's text where that is an encoding of value
	sure  certainty
	rank  int
	line  int // of the value in a leaf of several lines, from 0
	// hidden says that the value was masked where it was read, and that it is
	// known to be a literal.
	hidden bool
}

// Length returns the bucket of the value's length, as facts.Secret has it; ""
// if it is not known.
func (t Typed) Length() string {
	if t.hidden {
		return ""
	}
	return lengthBucket(t.value)
}

// The typed detectors.
const (
	secretDataID  = "kubernetes-secret-data"
	envValueID    = "env-value"
	namedValueID  = "named-value"
	urlPasswordID = "url-password"
	plainValueID  = "secretproviderclass-plain-value"
	generatorID   = "secret-generator-literal"
	argumentID    = "command-argument"
	sensitiveID   = "terraform-sensitive-argument"
)

var typedDescriptions = map[string]string{
	secretDataID:  "plaintext in the data of a Kubernetes Secret",
	envValueID:    "plaintext in an environment variable whose name says secret",
	namedValueID:  "plaintext in a setting whose name says secret",
	urlPasswordID: "password inside a URL",
	plainValueID:  "plaintext in a SecretProviderClass",
	generatorID:   "plaintext literal of a secret generator",
	argumentID:    "plaintext in a command line argument whose name says secret",
	sensitiveID:   "plaintext in a sensitive argument",
}

// Object returns the secret values that a Kubernetes object carries in the
// clear, sorted by path: Secret data and stringData, environment variables,
// ConfigMap entries, URL passwords, command arguments, plain values of the
// Secrets Store CSI driver, templates of a SealedSecret. References
// and ciphertext are not secrets; filler words are, because an object is
// applied as it stands.
func Object(manifest map[string]any) []Typed {
	kind := doc.Text(manifest, "kind")
	if kind == "CustomResourceDefinition" {
		return nil // schemas and descriptions, not values
	}
	w := &walker{applied: true, carrier: "object"}
	if a, ok := doc.At(manifest, "metadata", "annotations").(map[string]any); ok {
		_, w.vault = a["avp.kubernetes.io/path"]
	}
	w.mapping(nil, manifest, 0)
	return w.sorted()
}

// Settings returns the secret values of a parsed file of settings that is no
// Kubernetes object: Helm values, Compose files, workflows, Terraform
// variables in JSON. A filler word is no secret here.
func Settings(document any) []Typed {
	w := &walker{carrier: "file"}
	w.value(nil, "", document, 0)
	for i, t := range w.found {
		if slices.ContainsFunc(t.Path, func(p any) bool { return p == "example" || p == "examples" }) {
			w.found[i].sure = min(t.sure, possible) // OpenAPI and JSON Schema
		}
	}
	return w.sorted()
}

// walker collects what a document carries.
type walker struct {
	applied bool // the document takes effect as it stands
	vault   bool // <key> is a placeholder of the Argo CD Vault Plugin
	carrier string
	after   map[string]any // of a resource
	public  bool           // a resource that keeps no secret, whatever a reader masks
	found   []Typed
}

func (w *walker) add(sure certainty, id string, p source.Path, value string, line int) {
	if sure == noSecret {
		return
	}
	t := Typed{Detector: id, Description: typedDescriptions[id], Path: slices.Clone(p), Carrier: w.carrier, value: value, sure: sure, rank: rankTyped, line: line}
	if id == envValueID {
		t.Carrier = "env"
	}
	w.found = append(w.found, t)
}

// sorted returns the findings by path, one for each leaf, line and value.
func (w *walker) sorted() []Typed {
	slices.SortStableFunc(w.found, func(a, b Typed) int { // of several for one value the surest stays
		return cmp.Or(comparePaths(a.Path, b.Path), cmp.Compare(a.line, b.line), cmp.Compare(b.sure, a.sure))
	})
	return slices.CompactFunc(w.found, func(a, b Typed) bool {
		return comparePaths(a.Path, b.Path) == 0 && a.line == b.line && (a.hidden || b.hidden ||
			strings.Contains(a.value, b.value) || strings.Contains(b.value, a.value))
	})
}

// maxWalk bounds the depth of a document.
const maxWalk = 100

// value looks at one entry: key is the nearest name above it.
func (w *walker) value(p source.Path, key string, v any, depth int) {
	if depth > maxWalk {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		w.mapping(p, v, depth)
	case []any:
		for i, e := range v {
			w.item(append(p[:len(p):len(p)], i), key, e, depth)
		}
	case string:
		w.text(p, key, v)
	case int64, float64:
		// Only a password is still one when it is a number.
		if class := classify(key); class == secretName {
			if s := fmt.Sprint(v); letters(s) >= 4 {
				w.add(class.judge(s, w.applied), namedValueID, p, s, 0)
			}
		}
	}
}

// mapping looks at the entries of a mapping. Kubernetes objects are known by
// their kind wherever they stand: lists and charts carry them inside.
func (w *walker) mapping(p source.Path, m map[string]any, depth int) {
	name, named := m["name"].(string)
	kind := doc.Text(m, "kind")
	if _, versioned := m["apiVersion"].(string); !versioned {
		kind = ""
	}
	if kind == "CustomResourceDefinition" {
		return
	}
	_, isSOPS := sopsMetadata(m)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		at := append(p[:len(p):len(p)], key)
		s, isText := m[key].(string)
		switch {
		case kind == "Secret" && (key == "data" || key == "stringData"):
			w.secretData(at, m[key], key == "data")
		case kind == "SealedSecret" && key == "spec":
			w.sealed(at, m[key])
		case key == "sops" && isSOPS, kind != "" && key == "status":
		case key == "value" && named && isText:
			if sure := w.judge(classify(name), s); sure != noSecret {
				w.add(sure, envValueID, at, s, 0)
			} else {
				w.text(at, "", s)
			}
		case key == "plainValue" && isText:
			w.add(w.judge(secretName, s), plainValueID, at, s, 0)
		case key == "secretGenerator":
			w.generators(at, m[key])
		case key == "auths":
			if sure := registryLogins(m); sure != noSecret {
				w.logins(at, m[key], sure)
			}
		case key == "encryptedData":
			// ciphertext by name; what looks like a token is the scanner's
		default:
			w.value(at, key, m[key], depth+1)
		}
	}
}

// item looks at one element of a list.
func (w *walker) item(p source.Path, key string, v any, depth int) {
	s, ok := v.(string)
	if !ok {
		w.value(p, key, v, depth+1)
		return
	}
	if len(s) < maxSettingLine {
		id, m := argumentID, flagSecret.regexp().FindStringSubmatch(s)
		if m == nil {
			id, m = envValueID, pairSecret.regexp().FindStringSubmatch(s)
		}
		if m != nil {
			value := strings.Trim(m[2], `"'`)
			if sure := classify(m[1]).judge(value, w.applied); sure != noSecret {
				w.add(sure, id, p, value, 0)
				return
			}
		}
	}
	w.text(p, key, s)
}

// text looks at a leaf.
func (w *walker) text(p source.Path, key, s string) {
	if len(s) == 0 {
		return
	}
	if class := classify(key); !strings.Contains(strings.TrimSpace(s), "\n") || class != plainName && wholePEM(s) {
		if sure := w.judge(class, s); sure != noSecret {
			w.add(sure, namedValueID, p, s, 0)
			return
		}
	}
	if strings.HasPrefix(s, encodedPEM) {
		if plain, ok := decodeBase64(s); ok && strings.Contains(plain, "PRIVATE KEY-----") && wholePEM(plain) {
			w.add(certain, namedValueID, p, s, 0) // of a kubeconfig
			return
		}
	}
	for _, u := range urlSecrets(s, w.applied) {
		w.add(u.sure, urlPasswordID, p, u.value, strings.Count(s[:u.start], "\n"))
	}
	if !strings.Contains(s, "\n") {
		if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			w.embedded(p, s)
		}
		return
	}
	for _, a := range settings(s, shellDialect) {
		w.add(a.class.judge(a.value, false), namedValueID, p, a.value, a.line)
	}
}

// encodedPEM is how the base64 of "-----BEGIN" begins.
const encodedPEM = "LS0tLS1CRUdJTi"

// embedded looks into JSON that a string carries (ECS container definitions,
// annotations); every finding is the leaf's.
func (w *walker) embedded(p source.Path, s string) {
	var v any
	if len(s) > 1<<20 || json.Unmarshal([]byte(s), &v) != nil {
		return
	}
	in := &walker{applied: w.applied, vault: w.vault, carrier: w.carrier}
	in.value(nil, "", v, 1)
	for _, t := range in.sorted() {
		t.Path = slices.Clone(p)
		w.found = append(w.found, t)
	}
}

// judge is nameClass.judge where the document's own placeholders are none.
func (w *walker) judge(class nameClass, s string) certainty {
	if w.safe(s) {
		return noSecret
	}
	return class.judge(s, w.applied)
}

func (w *walker) safe(s string) bool {
	t := strings.TrimSpace(s)
	return safe(s, w.applied) || w.vault && strings.HasPrefix(t, "<") && strings.HasSuffix(t, ">")
}

// comparePaths orders paths: by element, indices before keys.
func comparePaths(a, b source.Path) int {
	return slices.CompareFunc(a, b, func(x, y any) int {
		i, xi := x.(int)
		j, yi := y.(int)
		switch {
		case xi && yi:
			return cmp.Compare(i, j)
		case xi:
			return -1
		case yi:
			return 1
		}
		s, _ := x.(string)
		t, _ := y.(string)
		return cmp.Compare(s, t)
	})
}
