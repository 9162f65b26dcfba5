package secrets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// Store returns the summary of a SecretStore or ClusterSecretStore
// (external-secrets.io, v1 and v1beta1) or of a VaultAuth
// (secrets.hashicorp.com). Environment and Target are left to the caller, who
// knows where the object goes.
func Store(id string, manifest map[string]any) (facts.StoreSummary, bool) {
	api := doc.Text(manifest, "apiVersion")
	kind := doc.Text(manifest, "kind")
	group, _, _ := strings.Cut(api, "/")
	s := facts.StoreSummary{ID: id, Kind: kind, Conditions: []any{}}
	s.Namespace = doc.Text(manifest, "metadata", "namespace")
	s.Name = doc.Text(manifest, "metadata", "name")
	spec := doc.Map(manifest, "spec")
	switch {
	case group == "external-secrets.io" && (kind == "SecretStore" || kind == "ClusterSecretStore"):
		if list, ok := spec["conditions"].([]any); ok {
			s.Conditions = list
		}
		providers := doc.Map(spec, "provider")
		for _, name := range slices.Sorted(maps.Keys(providers)) {
			s.Provider = name // the API admits exactly one
			p := doc.Map(providers, name)
			storeProvider(&s, p)
			break
		}
		return s, true
	case group == "secrets.hashicorp.com" && kind == "VaultAuth":
		s.Provider = "vault"
		method := doc.Text(spec, "method")
		m := doc.Map(spec, method)
		s.Role = doc.Text(m, "role")
		s.ServiceAccount = doc.Text(m, "serviceAccount")
		s.Static = method == "appRole"
		if list, ok := spec["allowedNamespaces"].([]any); ok {
			s.Conditions = []any{map[string]any{"namespaces": list}}
		}
		return s, true
	}
	return s, false
}

// storeProvider reads identity and prefix of the provider block.
func storeProvider(s *facts.StoreSummary, p map[string]any) {
	at := func(keys ...any) string { return scalar(doc.At(p, keys...)) }
	has := func(keys ...any) bool { return doc.At(p, keys...) != nil }
	switch s.Provider {
	case "aws":
		s.Role, s.Prefix = at("role"), at("prefix")
		s.ServiceAccount = account(doc.At(p, "auth", "jwt", "serviceAccountRef"))
		s.Static = has("auth", "secretRef")
	case "vault":
		s.Prefix = at("path")
		for _, method := range []string{"kubernetes", "jwt", "appRole", "iam"} {
			if !has("auth", method) {
				continue
			}
			s.Role = at("auth", method, "role")
			s.ServiceAccount = account(doc.At(p, "auth", method, "serviceAccountRef"))
			if s.ServiceAccount == "" {
				s.ServiceAccount = account(doc.At(p, "auth", method, "kubernetesServiceAccountToken", "serviceAccountRef"))
			}
		}
		s.Static = has("auth", "tokenSecretRef") || has("auth", "appRole") || has("auth", "userPass") || has("auth", "ldap")
	case "gcpsm":
		s.Prefix = at("projectID")
		s.ServiceAccount = account(doc.At(p, "auth", "workloadIdentity", "serviceAccountRef"))
		s.Static = has("auth", "secretRef")
	case "azurekv":
		s.Prefix, s.Role = at("vaultUrl"), at("identityId")
		s.ServiceAccount = account(doc.At(p, "serviceAccountRef"))
		s.Static = has("authSecretRef")
	}
}

func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// account returns "namespace/name" or "name" of a service account reference.
func account(v any) string {
	m := doc.Map(v)
	name := doc.Text(m, "name")
	if ns, ok := m["namespace"].(string); ok && ns != "" && name != "" {
		return ns + "/" + name
	}
	return name
}
