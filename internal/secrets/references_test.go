package secrets

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/source"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, manifest string
		want           []string
	}{
		{"ExternalSecret", `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: e, namespace: app}
spec:
  secretStoreRef: {name: main}
  refreshInterval: 15m
  data:
    - {secretKey: a, remoteRef: {key: prod/a, property: p, version: 3}}
    - {secretKey: b, remoteRef: {key: b}, sourceRef: {storeRef: {name: other, kind: ClusterSecretStore}}}
  dataFrom:
    - extract: {key: prod/all}
    - find: {name: {regexp: "^x"}}
    - find: {path: prod/, tags: {a: b}}
      sourceRef: {storeRef: {name: third, kind: ClusterSecretStore}}
    - sourceRef: {generatorRef: {kind: Password, name: g}}
`, []string{
			"spec.data[0].remoteRef.key SecretStore/main prod/a#p@3 15m",
			"spec.data[1].remoteRef.key ClusterSecretStore/other b#@ 15m",
			"spec.dataFrom[0].extract.key SecretStore/main prod/all#@ 15m",
			"spec.dataFrom[1].find SecretStore/main ^x#@ 15m find ",
			"spec.dataFrom[2].find ClusterSecretStore/third #@ 15m find prod/",
		}},
		{"ClusterExternalSecret", `
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: e}
spec: {namespaces: [a, b], externalSecretSpec: {secretStoreRef: {name: s, kind: ClusterSecretStore}, data: [{remoteRef: {key: k}}]}}
`, []string{"spec.externalSecretSpec.data[0].remoteRef.key ClusterSecretStore/s k#@ 1h0m0s [a b]"}},
		{"PushSecret", `
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata: {name: e, namespace: app}
spec: {refreshInterval: 0, secretStoreRefs: [{name: s, kind: ClusterSecretStore}, {name: t}], data: [{match: {secretKey: a, remoteRef: {remoteKey: prod/x}}}]}
`, []string{
			"spec.data[0].match.remoteRef.remoteKey ClusterSecretStore/s prod/x#@ 0 write",
			"spec.data[0].match.remoteRef.remoteKey SecretStore/t prod/x#@ 0 write",
		}},
		{"SecretProviderClass for Azure", `
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: c, namespace: app}
spec:
  provider: azure
  parameters:
    keyvaultName: kv
    objects: |
      array:
        - |
          objectName: db-password
          objectType: secret
          objectVersion: "1"
`, []string{"spec.parameters.objects SecretProviderClass/azure/kv db-password#@1 "}},
		{"SecretProviderClass for Vault and AWS", `
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: c, namespace: app}
spec: {provider: vault, parameters: {roleName: app, objects: "- {objectName: a, secretPath: secret/data/prod/app, secretKey: pw}\n- {objectName: b, secretPath: secret/data/x}"}}
`, []string{"spec.parameters.objects SecretProviderClass/vault secret/data/prod/app#pw@ ", "spec.parameters.objects SecretProviderClass/vault secret/data/x#@ "}},
		{"VaultStaticSecret", `
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultStaticSecret
metadata: {name: c, namespace: app}
spec: {vaultAuthRef: va, mount: kv, type: kv-v2, path: prod/app, refreshAfter: 30s}
`, []string{"spec.path VaultAuth/va kv/prod/app#@ 30s"}},
		{"annotations of the injector", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: app}
spec: {template: {metadata: {annotations: {vault.hashicorp.com/role: app, vault.hashicorp.com/agent-inject-secret-db: database/creds/app}}}}
`, []string{`spec.template.metadata.annotations["vault.hashicorp.com/agent-inject-secret-db"] vault-agent/app database/creds/app#@ `}},
		{"placeholder of the plugin, encoded", `
apiVersion: v1
kind: Secret
metadata: {name: d, namespace: app}
data: {a: ` + b64("<path:secret/data/prod/app#pw#2>") + `}
`, []string{"data.a argocd-vault-plugin/ secret/data/prod/app#pw@2 "}},
		{"none", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, tt.manifest).(map[string]any)
			ids := map[string]bool{}
			var got []string
			for _, r := range References("o", m) {
				line := fmt.Sprintf("%s %s/%s %s#%s@%s %s", source.Path(r.Path), r.StoreKind, r.StoreName, r.Key, r.Property, r.Version, r.Interval)
				if r.Find {
					line += " find " + r.FindPath
				}
				if r.Write {
					line += " write"
				}
				if len(r.Namespaces) > 0 {
					line += fmt.Sprint(" ", r.Namespaces)
				}
				got = append(got, line)
				if ids[r.ID] {
					t.Errorf("id %q twice", r.ID)
				}
				ids[r.ID] = true
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	tests := []struct {
		manifest string
		want     facts.StoreSummary
	}{
		{"apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: s}\nspec: {conditions: [{namespaces: [a]}], provider: {aws: {service: SecretsManager, role: 'arn:aws:iam::1:role/x', prefix: prod/, auth: {jwt: {serviceAccountRef: {name: eso, namespace: eso}}}}}}",
			facts.StoreSummary{ID: "o", Kind: "ClusterSecretStore", Name: "s", Provider: "aws", Prefix: "prod/", Role: "arn:aws:iam::1:role/x", ServiceAccount: "eso/eso",
				Conditions: []any{map[string]any{"namespaces": []any{"a"}}}}},
		{"apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: s, namespace: app}\nspec: {provider: {vault: {server: https://v, path: secret, auth: {kubernetes: {mountPath: k, role: app, serviceAccountRef: {name: app}}}}}}",
			facts.StoreSummary{ID: "o", Kind: "SecretStore", Namespace: "app", Name: "s", Provider: "vault", Prefix: "secret", Role: "app", ServiceAccount: "app", Conditions: []any{}}},
		{"apiVersion: external-secrets.io/v1beta1\nkind: SecretStore\nmetadata: {name: s, namespace: app}\nspec: {provider: {azurekv: {vaultUrl: https://kv, authSecretRef: {clientId: {}}}}}",
			facts.StoreSummary{ID: "o", Kind: "SecretStore", Namespace: "app", Name: "s", Provider: "azurekv", Prefix: "https://kv", Static: true, Conditions: []any{}}},
	}
	for _, tt := range tests {
		got, ok := Store("o", parse(t, tt.manifest).(map[string]any))
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("%v -want +got:\n%s", ok, diff)
		}
	}
	if _, ok := Store("o", map[string]any{"kind": "SecretStore", "apiVersion": "v1"}); ok {
		t.Error("a store of another group")
	}
}

func FuzzReferences(f *testing.F) {
	s := newScanner(f)
	f.Add("apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: [{remoteRef: {key: a}}], dataFrom: [{find: {}}]}")
	f.Add("apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nspec: {provider: azure, parameters: {objects: 'array: [\"objectName: x\"]'}}")
	f.Add("apiVersion: external-secrets.io/v1\nkind: SecretStore\nspec: {conditions: [{}], provider: {aws: {auth: {jwt: []}}}}")
	f.Add("apiVersion: v1\nkind: Secret\ndata: {a: PHBhdGg6YT4=}")
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := source.ParseManifests("f.yaml", []byte(text))
		if err != nil {
			return
		}
		for _, d := range docs {
			m, ok := d.Value.(map[string]any)
			if !ok {
				continue
			}
			ids := map[string]bool{}
			for _, r := range References("o", m) {
				if ids[r.ID] {
					t.Fatalf("id %q twice", r.ID)
				}
				ids[r.ID] = true
			}
			Store("o", m)
			s.Redact(m)
			s.FromObject("o", m, d.Locator(), "a", "b")
			s.RedactResource(facts.Resource{Type: "kubernetes_secret", Before: m, After: m, Expressions: m})
		}
	})
}
