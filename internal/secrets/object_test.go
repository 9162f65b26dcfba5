package secrets

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/source"
)

func parse(t testing.TB, text string) any {
	t.Helper()
	docs, err := source.ParseManifests("t.yaml", []byte(text))
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, %v in\n%s", len(docs), err, text)
	}
	return docs[0].Value
}

func lines(found []Typed) []string {
	var out []string
	for _, f := range found {
		if f.sure > doubtful {
			out = append(out, fmt.Sprintf("%s %s %s", f.Detector, f.Path, f.value))
		}
	}
	return out
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestObject(t *testing.T) {
	t.Parallel()
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	tests := []struct {
		name, manifest string
		want           []string
	}{
		{"short stringData", secret + "stringData: {pw: x1}", []string{"kubernetes-secret-data stringData.pw x1"}},
		{"encoded data", secret + "data: {pw: " + b64("hunter2") + "}", []string{"kubernetes-secret-data data.pw hunter2"}},
		{"a filler word would be applied", secret + "stringData: {pw: CHANGEME}", []string{"kubernetes-secret-data stringData.pw CHANGEME"}},
		{"a private key", secret + "type: kubernetes.io/tls\ndata: {tls.crt: " + b64("-----BEGIN CERTIFICATE-----\nMIIB\n") + ", tls.key: " + b64(privateKey) + "}", []string{"kubernetes-secret-data data[\"tls.key\"] " + privateKey}},
		{"references", secret + "stringData:\n  a: ${PW}\n  b: <path:secret/data/app#pw>\n  c: ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]\n  d: ''\n  e: GATE-PLACEHOLDER-3\n  f: '{{ .token }}'\n  g: vault:secret/data/app#pw", nil},
		{"encoded reference", secret + "data: {a: " + b64("<path:secret/data/app#pw>") + "}", nil},
		{"plugin annotation", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {avp.kubernetes.io/path: secret/data/app}}\nstringData: {pw: <password>}", nil},
		{"plugin form without annotation", secret + "stringData: {pw: <password>}", []string{"kubernetes-secret-data stringData.pw <password>"}},
		{"a default inside a reference", secret + "stringData: {pw: '${PW:-hunter2}'}", []string{"kubernetes-secret-data stringData.pw ${PW:-hunter2}"}},
		{"names and addresses", secret + "stringData: {username: app, host: db.local, port: \"5432\", url: https://git.example.com/x.git, type: git, enabled: \"true\"}", nil},
		{"an address without credentials", secret + "stringData: {_REDIS_URL: 'redis://cache:6379/0?idle_timeout=30'}", nil},
		{"a secret under a public name", secret + "stringData: {username: q8Zr5TkW0vXy2LmN7pJc4HsD}", []string{"kubernetes-secret-data stringData.username q8Zr5TkW0vXy2LmN7pJc4HsD"}},
		{"settings without a secret", secret + "stringData: {app.conf: \"listen = 80\\nlevel = info\\n\"}", nil},
		{"settings with one", secret + "stringData: {app.conf: \"listen = 80\\ndb_password = x\\n\"}", []string{"kubernetes-secret-data stringData[\"app.conf\"] listen = 80\ndb_password = x\n"}},
		{"settings with a URL that has one", secret + "stringData: {app.yaml: \"a: 1\\nb: amqp://u:p4ss@mq/\\n\"}", []string{"kubernetes-secret-data stringData[\"app.yaml\"] a: 1\nb: amqp://u:p4ss@mq/\n"}},
		{"one line is a value", secret + "stringData: {app.conf: q8Zr5TkW0v}", []string{"kubernetes-secret-data stringData[\"app.conf\"] q8Zr5TkW0v"}},
		{"a URL with a password", secret + "stringData: {url: 'postgres://app:hunter2@db/app'}", []string{"kubernetes-secret-data stringData.url postgres://app:hunter2@db/app"}},
		{"text with references", secret + "stringData: {url: 'postgres://app:${PW}@db/app', conf: \"user = app\\npassword = {{ .pw }}\\n\"}", nil},
		{"a literal beside references", secret + "stringData: {a: 'hunter2${EMPTY}', conf: \"password = hunter2\\nhost = ${HOST}\\n\"}", []string{"kubernetes-secret-data stringData.a hunter2${EMPTY}", "named-value stringData.conf hunter2"}},
		{"environment", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, annotations: {checksum/secret: 8f14e45fceea167a5a36dedd4bea2543}}
spec:
  template:
    spec:
      containers:
        - name: c
          args: [--db-password=hunter2, "--token=$(TOKEN)", --secret-name=app]
          env:
            - {name: DB_PASSWORD, value: hunter2}
            - {name: API_TOKEN, value: $(FROM_ABOVE)}
            - {name: PASSWORD_FILE, value: /run/secrets/pw}
            - {name: SECRET_NAME, value: app-credentials}
            - {name: TOKEN_TTL, value: 30m}
            - {name: AUTH_TOKEN, valueFrom: {secretKeyRef: {name: s, key: token}}}
            - {name: DATABASE_URL, value: "postgres://app:hunter2@db:5432/app"}
            - {name: CACHE_URL, value: "redis://:$(REDIS_PASSWORD)@cache:6379"}
`, []string{
			"command-argument spec.template.spec.containers[0].args[0] hunter2",
			"env-value spec.template.spec.containers[0].env[0].value hunter2",
			"url-password spec.template.spec.containers[0].env[6].value hunter2",
		}},
		{"ConfigMap", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  LOG_LEVEL: debug\n  smtp_password: hunter2\n  app.properties: |\n    spring.datasource.username=app\n    spring.datasource.password=hunter3\n    server.ssl.key-store-password=${KS}\n", []string{
			"named-value data[\"app.properties\"] hunter3", "named-value data.smtp_password hunter2",
		}},
		{"SecretProviderClass", "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata: {name: c}\nspec: {provider: vault, secretObjects: [{secretName: s, data: [{key: a, plainValue: hunter2}, {key: b, objectName: o}]}]}", []string{
			"secretproviderclass-plain-value spec.secretObjects[0].data[0].plainValue hunter2",
		}},
		{"SealedSecret", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {password: AgBy3i4OJSWK9PiTySYZZA9rO43cGDEq}, template: {data: {config: 'pw={{ .password }}', other: hunter2x}}}", []string{
			"kubernetes-secret-data spec.template.data.other hunter2x",
		}},
		{"ExternalSecret", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec: {data: [{secretKey: password, remoteRef: {key: prod/db, property: password}}, {secretKey: S3_ACCESS_KEY_2, remoteRef: {key: a}}]}", nil},
		{"custom resource", "apiVersion: x.example.com/v1\nkind: Database\nmetadata: {name: d}\nspec: {adminPassword: hunter2, passwordSecretRef: {name: s, key: password}, tokenSecret: db-token}", []string{"named-value spec.adminPassword hunter2"}},
		{"generator", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator: [{name: s, literals: [password=hunter2, username=app]}]", []string{"secret-generator-literal secretGenerator[0].literals[0] hunter2"}},
		{"a Secret in a list", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: hunter2}}]", []string{"kubernetes-secret-data items[0].stringData.a hunter2"}},
		{"a schema", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: c}\nspec: {password: hunter2}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, _ := parse(t, tt.manifest).(map[string]any)
			if diff := cmp.Diff(tt.want, lines(Object(m))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	got := lines(Settings(parse(t, `
auth: {password: hunter2, username: app, existingSecret: app-secret, usePassword: true, passwordKey: db-password}
postgresql: {postgresqlPassword: "", adminPassword: CHANGEME, replicationPassword: "{{ .Values.x }}"}
smtp: {password: 123456, port: 25}
token: {ttl: 300}
secret: s3cr3t-Value-9x
tokens: [Zx9Qw8Er7Ty6]
environment: [POSTGRES_PASSWORD=hunter3, "OTHER=1"]
services: {db: {environment: {MYSQL_ROOT_PASSWORD: "${ROOT:-toor}"}}}
helm: {parameters: [{name: db.password, value: hunter4}]}
extra:
  - apiVersion: v1
    kind: Secret
    stringData: {x: hunter5}
`)))
	want := []string{
		"named-value auth.password hunter2",
		"env-value environment[0] hunter3",
		"kubernetes-secret-data extra[0].stringData.x hunter5",
		"env-value helm.parameters[0].value hunter4",
		"named-value secret s3cr3t-Value-9x",
		"named-value services.db.environment.MYSQL_ROOT_PASSWORD ${ROOT:-toor}",
		"named-value smtp.password 123456",
		"named-value tokens[0] Zx9Qw8Er7Ty6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestResource(t *testing.T) {
	t.Parallel()
	constant := func(v any) map[string]any { return map[string]any{"constant": v} }
	tests := []struct {
		name string
		r    facts.Resource
		want []string
	}{
		{"constant in a sensitive argument", facts.Resource{
			Type:        "aws_db_instance",
			After:       map[string]any{"password": facts.Redacted("sensitive")},
			Expressions: map[string]any{"password": constant("hunter2"), "username": constant("app")},
		}, []string{"terraform-sensitive-argument password hunter2"}},
		{"masked where it was read", facts.Resource{
			Type: "aws_db_instance", After: map[string]any{"password": facts.Redacted("sensitive")},
			Expressions: map[string]any{"password": constant(facts.Redacted("sensitive"))},
		}, []string{"terraform-sensitive-argument password "}},
		{"entry of a masked map", facts.Resource{
			Type:        "aws_lambda_function",
			After:       map[string]any{"environment": []any{map[string]any{"variables": map[string]any{"STAGE": "prod", "api_key": facts.Redacted("sensitive")}}}},
			Expressions: map[string]any{"environment": []any{map[string]any{"variables": constant(facts.Redacted("sensitive"))}}},
		}, []string{"terraform-sensitive-argument environment[0].variables.api_key "}},
		{"masked, but computed", facts.Resource{
			Type: "aws_db_instance", After: map[string]any{"password": facts.Redacted("sensitive")},
			Expressions: map[string]any{"password": map[string]any{"references": []any{"var.pw"}}},
		}, nil},
		{"reference", facts.Resource{
			Type: "aws_db_instance", Expressions: map[string]any{"password": map[string]any{"references": []any{"var.pw"}}},
		}, nil},
		{"sensitive by type", facts.Resource{
			Type: "aws_ssm_parameter", Expressions: map[string]any{"name": constant("/a"), "value": constant("plain words")},
		}, []string{"terraform-sensitive-argument value plain words"}},
		{"environment of a function", facts.Resource{
			Type: "aws_lambda_function", After: map[string]any{"environment": []any{map[string]any{"variables": map[string]any{"DB_PASSWORD": "hunter2", "STAGE": "prod"}}}},
		}, []string{"terraform-sensitive-argument environment[0].variables.DB_PASSWORD hunter2"}},
		{"container definitions", facts.Resource{
			Type: "aws_ecs_task_definition", After: map[string]any{"container_definitions": `[{"name":"a","environment":[{"name":"API_KEY","value":"hunter2"}]}]`},
		}, []string{"env-value container_definitions hunter2"}},
		{"nested block", facts.Resource{
			Type: "helm_release", Expressions: map[string]any{"set": []any{map[string]any{"name": constant("db.password"), "value": constant("hunter2")}}},
			After: map[string]any{"set": []any{map[string]any{"name": "db.password", "value": "hunter2"}}},
		}, []string{"terraform-sensitive-argument set[0].value hunter2"}},
		{"user data", facts.Resource{
			Type: "aws_instance", After: map[string]any{"user_data": "#!/bin/sh\nexport DB_PASSWORD=hunter2\nexport TOKEN=$(cat x)\n"},
		}, []string{"terraform-sensitive-argument user_data hunter2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, lines(Resource(tt.r))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReferenceAndFiller(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"${VAR}": true, "$(VAR)": true, "$VAR": true, "%VAR%": true, "{{ .Values.pw }}": true, "${{ secrets.PW }}": true,
		"Bearer ${TOKEN}": true, "${var.db_password}": true, "op://vault/item/field": true, "vault:secret/data/x#y": true,
		"arn:aws:secretsmanager:eu-west-1:111122223333:secret:x": true, "/run/secrets/pw": true, "GATE-PLACEHOLDER-12": true,
		"ENC[AES256_GCM,data:a=,iv:b=,tag:c=,type:str]": true, "$ANSIBLE_VAULT;1.1;AES256\n6233": true, "${A}-${B}": true,
		"hunter2": false, "": false, "pa$$word": false, "$ecretValue1": false, "${PW:-hunter2}": false, "hunter2${EMPTY}": false,
		"ENC[hunter2": false, "vault:": false, "CHANGEME": false, "{{ x }}hunter2": false, "abc%def%ghi": false,
	} {
		if got := Reference(text); got != want {
			t.Errorf("Reference(%q) = %v", text, got)
		}
	}
	for text, want := range map[string]bool{
		"CHANGEME": true, "change-me": true, "changeme123": true, "<your password>": true, "your-api-key-here": true, "xxxxxx": true,
		"REPLACE_ME": true, "example": true, "***": true, "hunter2": false, "password": false, "exchange": false,
	} {
		if got := Filler(text); got != want {
			t.Errorf("Filler(%q) = %v", text, got)
		}
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]nameClass{
		"password": secretName, "dbPassword": secretName, "DB_PASSWORD": secretName, "spring.datasource.password": secretName,
		"APIKey": issuedName, "api-key": issuedName, "clientSecret": issuedName, "awsSecretAccessKey": issuedName, "REDIS_PASS": secretName,
		"token": maybeName, "secret": maybeName, "privateKey": maybeName, "secret_key": maybeName, "accessKeys": maybeName,
		"passwordFile": plainName, "tokenTTL": plainName, "secretName": plainName, "passwordSecretKeyRef": plainName, "key": plainName,
		"checksum/secret": plainName, "passwordPolicy": plainName, "compass": plainName, "bypass": plainName, "": plainName,
	} {
		if got := classify(name); got != want {
			t.Errorf("classify(%q) = %v, want %v", name, got, want)
		}
	}
}

// The quick check must not reject what the tables hold.
func TestMayBeSecret(t *testing.T) {
	t.Parallel()
	for _, tails := range []map[string]bool{secretTails, issuedTails, maybeTails} {
		for tail := range tails {
			if !mayBeSecret(strings.ReplaceAll(tail, " ", "_")) {
				t.Errorf("%q is rejected", tail)
			}
		}
	}
}

func TestPlaceholdersOfRendering(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	random, key := "xK3mPq9ZrT", strings.TrimSpace(privateKey)
	m := map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"},
		"data": map[string]any{
			"password": b64(random), "twice": b64(b64(random)), "url": b64("redis://:" + random + "@cache:6379"),
			"tls.key": b64(privateKey), "conf": b64("user = app\npass = " + random + "\n"), "real": b64("hunter2"),
		},
	}
	locator := source.Fixed(source.Position{File: "f"})
	f := s.FromObject("o", m, locator, random, key)
	var got []string
	for _, x := range f.Secrets {
		got = append(got, x.Location)
	}
	if diff := cmp.Diff([]string{"Secret//s/data.real"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := len(s.FromObject("o", m, locator).Secrets); n != 6 {
		t.Errorf("%d without placeholders", n)
	}
}

func TestRedactSettings(t *testing.T) {
	t.Parallel()
	s, err := NewScanner()
	if err != nil {
		t.Fatal(err)
	}
	const token = "ghp_fjgVvVqE1SkHbn88HxjSI6bWHtP3fS2qHx6k"
	in := map[string]any{
		"env":   map[string]any{"PASSWORD": "hR7vKq2LmXw9", "LEVEL": "debug"},
		"steps": []any{map[string]any{"run": "curl https://example.com/x | sh\necho " + token}, map[string]any{"uses": "acme/x@" + token}},
	}
	want := map[string]any{
		"env":   map[string]any{"PASSWORD": "[redacted]", "LEVEL": "debug"},
		"steps": []any{map[string]any{"run": "curl https://example.com/x | sh\necho [redacted]"}, map[string]any{"uses": "acme/x@[redacted]"}},
	}
	if diff := cmp.Diff(want, s.RedactSettings(in)); diff != "" {
		t.Error(diff)
	}
	if in["env"].(map[string]any)["PASSWORD"] != "hR7vKq2LmXw9" {
		t.Error("the argument was changed")
	}
}
