package secrets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// defaultRefresh is refreshInterval of an ExternalSecret that sets none
// (external-secrets.io/v1, ExternalSecretSpec).
const defaultRefresh = "1h0m0s"

// References returns what a Kubernetes object refers to in secret managers:
// ExternalSecret, ClusterExternalSecret and PushSecret (external-secrets.io),
// SecretProviderClass (secrets-store.csi.x-k8s.io), VaultStaticSecret,
// VaultDynamicSecret and VaultPKISecret (secrets.hashicorp.com), the
// annotations of the Vault agent injector and placeholders of the Argo CD
// Vault Plugin. The id of a reference is "reference:<object id>:<path>", its
// Path stands in the object. The result is sorted by path.
func References(id string, manifest map[string]any) []facts.SecretReference {
	api := doc.Text(manifest, "apiVersion")
	kind := doc.Text(manifest, "kind")
	group, _, _ := strings.Cut(api, "/")
	c := &referenceCollector{object: id, kind: kind, namespaces: []string{}}
	c.namespace = doc.Text(manifest, "metadata", "namespace")
	c.name = doc.Text(manifest, "metadata", "name")
	spec := doc.Map(manifest, "spec")
	switch {
	case group == "external-secrets.io" && kind == "ExternalSecret":
		c.externalSecret(source.Path{"spec"}, spec)
	case group == "external-secrets.io" && kind == "ClusterExternalSecret":
		inner := doc.Map(spec, "externalSecretSpec")
		c.namespaces = append([]string{}, doc.Texts(spec, "namespaces")...)
		c.externalSecret(source.Path{"spec", "externalSecretSpec"}, inner)
	case group == "external-secrets.io" && kind == "PushSecret":
		c.pushSecret(spec)
	case group == "secrets-store.csi.x-k8s.io" && kind == "SecretProviderClass":
		c.providerClass(spec)
	case group == "secrets.hashicorp.com":
		c.vaultSecret(spec)
	default:
		c.annotations(source.Path{"metadata", "annotations"}, doc.At(manifest, "metadata", "annotations"))
		for _, p := range []source.Path{
			{"spec", "template", "metadata", "annotations"}, {"spec", "jobTemplate", "spec", "template", "metadata", "annotations"},
		} {
			c.annotations(p, doc.At(manifest, p...))
		}
		c.placeholders(nil, manifest, 0)
	}
	slices.SortStableFunc(c.out, func(a, b facts.SecretReference) int { return comparePaths(a.Path, b.Path) })
	return c.out
}

// referenceCollector holds what all references of one object share.
type referenceCollector struct {
	object, kind, namespace, name string
	namespaces                    []string
	storeKind, storeName          string
	interval                      string
	out                           []facts.SecretReference
}

func (c *referenceCollector) add(p source.Path, r facts.SecretReference) {
	r.ID = "reference:" + c.object + ":" + p.String()
	if r.Write {
		r.ID += "@" + r.StoreKind + "/" + r.StoreName
	}
	r.Object, r.Kind, r.Namespace, r.Name, r.Path = c.object, c.kind, c.namespace, c.name, p
	r.Namespaces, r.Interval = c.namespaces, c.interval
	if r.StoreKind == "" && r.StoreName == "" {
		r.StoreKind, r.StoreName = c.storeKind, c.storeName
	}
	c.out = append(c.out, r)
}

// externalSecret reads an ExternalSecretSpec. Each item may name another store
// than the spec does.
func (c *referenceCollector) externalSecret(p source.Path, spec map[string]any) {
	c.storeKind, c.storeName = storeRef(spec["secretStoreRef"], "SecretStore")
	c.interval = defaultRefresh
	if s, ok := spec["refreshInterval"]; ok {
		c.interval = fmt.Sprint(s)
	}
	items := doc.List(spec, "data")
	for i, e := range items {
		item := doc.Map(e)
		remote := doc.Map(item, "remoteRef")
		r := remoteRef(remote)
		c.override(&r, item)
		c.add(append(p[:len(p):len(p)], "data", i, "remoteRef", "key"), r)
	}
	from := doc.List(spec, "dataFrom")
	for i, e := range from {
		item := doc.Map(e)
		at := append(p[:len(p):len(p)], "dataFrom", i)
		if extract, ok := item["extract"].(map[string]any); ok {
			r := remoteRef(extract)
			c.override(&r, item)
			c.add(append(at, "extract", "key"), r)
		}
		if find, ok := item["find"].(map[string]any); ok {
			r := facts.SecretReference{Find: true}
			r.FindPath = doc.Text(find, "path")
			r.Key = doc.Text(find, "name", "regexp")
			c.override(&r, item)
			c.add(append(at, "find"), r)
		}
	}
}

func remoteRef(m map[string]any) facts.SecretReference {
	var r facts.SecretReference
	r.Key = doc.Text(m, "key")
	r.Property = doc.Text(m, "property")
	if v := m["version"]; v != nil {
		r.Version = fmt.Sprint(v)
	}
	return r
}

func (c *referenceCollector) override(r *facts.SecretReference, item map[string]any) {
	from := doc.Map(item, "sourceRef")
	if ref, ok := from["storeRef"].(map[string]any); ok {
		r.StoreKind, r.StoreName = storeRef(ref, "SecretStore")
	}
	if ref, ok := from["generatorRef"].(map[string]any); ok {
		kind, name := storeRef(ref, "Generator")
		r.StoreKind, r.StoreName = "generator/"+kind, name
	}
}

func storeRef(v any, kind string) (string, string) {
	m := doc.Map(v)
	if k, ok := m["kind"].(string); ok && k != "" {
		kind = k
	}
	name := doc.Text(m, "name")
	return kind, name
}

// pushSecret: every entry is written to every store.
func (c *referenceCollector) pushSecret(spec map[string]any) {
	c.interval = defaultRefresh
	if s, ok := spec["refreshInterval"]; ok {
		c.interval = fmt.Sprint(s)
	}
	stores := doc.List(spec, "secretStoreRefs")
	items := doc.List(spec, "data")
	for _, s := range stores {
		kind, name := storeRef(s, "SecretStore")
		for i, e := range items {
			item := doc.Map(e)
			r := facts.SecretReference{StoreKind: kind, StoreName: name, Write: true}
			r.Key = doc.Text(item, "match", "remoteRef", "remoteKey")
			r.Property = doc.Text(item, "match", "remoteRef", "property")
			c.add(source.Path{"spec", "data", i, "match", "remoteRef", "remoteKey"}, r)
		}
	}
}

// providerClass reads the parameters of the four providers, whose lists are
// YAML inside a string.
func (c *referenceCollector) providerClass(spec map[string]any) {
	provider := doc.Text(spec, "provider")
	parameters := doc.Map(spec, "parameters")
	text := func(k string) string { return doc.Text(parameters, k) }
	c.storeKind = "SecretProviderClass"
	c.storeName = provider
	for _, k := range []string{"keyvaultName", "vaultAddress", "region"} {
		if s := text(k); s != "" {
			c.storeName = provider + "/" + s
			break
		}
	}
	key := "objects"
	if provider == "gcp" {
		key = "secrets"
	}
	for _, object := range embeddedList(text(key), 0) {
		r := facts.SecretReference{Provider: provider}
		for _, k := range []string{"secretPath", "resourceName", "objectName"} {
			if s, ok := object[k].(string); ok && s != "" {
				r.Key = s
				break
			}
		}
		r.Property = doc.Text(object, "secretKey")
		r.Version = doc.Text(object, "objectVersion")
		p := source.Path{"spec", "parameters", key}
		c.add(p, r)
		last := &c.out[len(c.out)-1]
		last.ID += fmt.Sprintf("[%d]", len(c.out)-1)
	}
}

// embeddedList reads the maps of a YAML list in a string; Azure wraps each in a
// further string, and the list into "array".
func embeddedList(text string, depth int) []map[string]any {
	if text == "" || depth > 3 {
		return nil
	}
	docs, err := source.ParseYAML("", []byte(text))
	if err != nil {
		return nil
	}
	var out []map[string]any
	var read func(v any)
	read = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				read(e)
			}
		case string:
			out = append(out, embeddedList(v, depth+1)...)
		case map[string]any:
			if array, ok := v["array"]; ok {
				read(array)
				return
			}
			out = append(out, v)
		}
	}
	for _, d := range docs {
		if s, ok := d.Value.(string); ok && s == text {
			continue
		}
		read(d.Value)
	}
	return out
}

// vaultSecret reads the kinds of the Vault Secrets Operator.
func (c *referenceCollector) vaultSecret(spec map[string]any) {
	text := func(k string) string { return doc.Text(spec, k) }
	tail := map[string]string{"VaultStaticSecret": "path", "VaultDynamicSecret": "path", "VaultPKISecret": "role"}[c.kind]
	if tail == "" {
		return
	}
	c.storeKind, c.storeName = "VaultAuth", text("vaultAuthRef")
	c.interval = text("refreshAfter")
	r := facts.SecretReference{Provider: "vault", Key: strings.Trim(text("mount"), "/") + "/" + strings.TrimPrefix(text(tail), "/")}
	if v := spec["version"]; v != nil {
		r.Version = fmt.Sprint(v)
	}
	c.add(source.Path{"spec", tail}, r)
}

// annotations reads those of the Vault agent injector:
// vault.hashicorp.com/agent-inject-secret-<file>: <path>.
func (c *referenceCollector) annotations(p source.Path, v any) {
	m := doc.Map(v)
	role := doc.Text(m, "vault.hashicorp.com/role")
	for _, k := range slices.Sorted(maps.Keys(m)) {
		key, ok := m[k].(string)
		if ok && strings.HasPrefix(k, "vault.hashicorp.com/agent-inject-secret-") && key != "" {
			c.add(append(p[:len(p):len(p)], k), facts.SecretReference{StoreKind: "vault-agent", StoreName: role, Provider: "vault", Key: key})
		}
	}
}

// vaultPlugin is <path:mount/data/name#key#version>.
var vaultPlugin = newPattern(`<path:([^<>#]+)(?:#([^<>#]+))?(?:#([^<>]+))?>`)

// placeholders reads those of the Argo CD Vault Plugin, encoded ones too.
func (c *referenceCollector) placeholders(p source.Path, v any, depth int) {
	if depth > maxWalk {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			c.placeholders(append(p[:len(p):len(p)], k), v[k], depth+1)
		}
	case []any:
		for i, e := range v {
			c.placeholders(append(p[:len(p):len(p)], i), e, depth+1)
		}
	case string:
		if c.kind == "Secret" && len(p) == 2 && p[0] == "data" {
			if plain, ok := decodeBase64(v); ok {
				v = plain
			}
		}
		if !strings.Contains(v, "<path:") {
			return
		}
		for n, m := range vaultPlugin.regexp().FindAllStringSubmatch(v, -1) {
			c.add(slices.Clone(p), facts.SecretReference{StoreKind: "argocd-vault-plugin", Provider: "vault", Key: strings.TrimSpace(m[1]),
				Property: strings.TrimSpace(m[2]), Version: strings.TrimSpace(m[3])})
			if n > 0 {
				c.out[len(c.out)-1].ID += fmt.Sprintf("[%d]", n)
			}
		}
	}
}
