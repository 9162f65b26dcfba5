package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

func scanTree(t *testing.T, m sourcetest.Tree) *Found {
	t.Helper()
	f, err := Files(context.Background(), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// places returns file:line:column and detector of every record.
func places(f *Found) []string {
	var out []string
	for _, s := range f.Secrets {
		at := f.Locators[s.ID].Locate(nil)
		out = append(out, fmt.Sprintf("%s %s", at.Position, s.Rule))
	}
	slices.Sort(out)
	return out
}

func TestFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		tree sourcetest.Tree
		want []string
	}{
		{"settings of the repository have no effect", sourcetest.Tree{
			".gitattributes":     "*.tf -diff\n",
			".gitleaks.toml":     "[allowlist]\npaths = ['''.*''']\n",
			"a.tf":               "token = \"" + githubToken + "\"\n",
			"vendor/x/values.md": githubToken,
		}, []string{"a.tf:1:10 github-pat", "vendor/x/values.md:1:1 github-pat"}},
		{"Terraform", sourcetest.Tree{
			"main.tf": `resource "aws_db_instance" "a" {
  username = "app"
  password = "hunter2"
  kms_key  = "alias/key"
}
variable "db_password" {
  type    = string
  default = "hunter3"
}
variable "region" {
  default = "eu-west-1"
}
resource "x" "y" {
  password = var.db_password
  token    = "${var.token}"
  # password = "Zx8kQ1mLp0"
}
`,
			"prod.tfvars": "db_password = \"hunter4\" # why\nregion = \"eu\"\n",
		}, []string{"main.tf:16:16 hashicorp-tf-password", "main.tf:3:15 named-value", "main.tf:8:14 named-value", "prod.tfvars:1:16 named-value"}},
		{"environment and properties", sourcetest.Tree{
			".env":           "DB_PASSWORD=hunter2\nexport API_KEY='k7'\nTOKEN_TTL=30\nURL=postgres://a:hunter3@db/x\n",
			".env.example":   "DB_PASSWORD=changeme\nAPI_KEY=<your key>\n",
			"app.properties": "db.password = hunter2\ndb.password.file=/run/secrets/x\n",
			"run.sh":         "PASSWORD=$1\nexport PGPASSWORD=\"$(cat /run/pw)\"\nDB_PASSWORD=hunter2\n",
			"main.go":        "password = input\n",
		}, []string{".env:1:13 named-value", ".env:2:17 named-value", ".env:4:18 url-password", "app.properties:1:15 named-value", "run.sh:3:13 named-value"}},
		{"Helm values and templates", sourcetest.Tree{
			"charts/web/values.yaml":           "auth:\n  password: hunter2 # want\n  existingSecret: \"\"\n",
			"charts/web/templates/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\nstringData:\n  password: {{ .Values.auth.password | quote }}\n  apiToken: hunter3\n",
		}, []string{"charts/web/templates/secret.yaml:7:13 named-value", "charts/web/values.yaml:2:13 named-value"}},
		{"one record for a value that several detectors see", sourcetest.Tree{
			"s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  password: " + b64("9Xk2LmQ8vRt4Wz7Yb3Pq") + "\nstringData:\n  token: " + githubToken + "\n  tls.key: |\n    " + strings.ReplaceAll(strings.TrimSpace(privateKey), "\n", "\n    ") + "\n",
		}, []string{"s.yaml:5:13 kubernetes-secret-data", "s.yaml:7:10 github-pat", "s.yaml:8:12 private-key"}},
		{"a document after an odd separator", sourcetest.Tree{
			"s.yaml": "a: 1\n--- # more\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: hunter2\n",
		}, []string{"s.yaml:7:6 kubernetes-secret-data"}},
		{"a file that does not parse to its end", sourcetest.Tree{
			"s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n---\na: 1\na: 2\ndb_password: hunter3\n",
		}, []string{"s.yaml:5:13 kubernetes-secret-data", "s.yaml:9:14 named-value"}},
		{"ciphertext", sourcetest.Tree{
			"sealed.yaml": "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK9PiTySYZZA9rO43cGDEqabcdef0123456789\n    api_token: AgCx8f2kLmQ8vRt4Wz7Yb3PqAgCx8f2kLmQ8vRt4Wz7Yb3Pq\n",
			"avp.yaml":    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  password: " + b64("<path:secret/data/app#password>") + "\n",
		}, nil},
		{"JSON", sourcetest.Tree{"c.json": `{"db": {"password": "hunter2", "user": "x"}}`}, []string{"c.json:1:21 named-value"}},
		{"committed state", sourcetest.Tree{
			"terraform.tfstate": "{\n  \"version\": 4,\n  \"terraform_version\": \"1.12.0\",\n  \"serial\": 3,\n  \"resources\": []\n}\n",
			"other.json":        "{\"version\": 4, \"serial\": 1}",
		}, []string{"terraform.tfstate:1:1 terraform-state"}},
		{"workflow", sourcetest.Tree{".github/workflows/d.yaml": "on: push\njobs:\n  a:\n    env:\n      DB_PASSWORD: hunter2\n      API_TOKEN: ${{ secrets.TOKEN }}\n    steps:\n      - run: |\n          export AUTH_TOKEN=hunter3\n          echo hi\n"},
			[]string{".github/workflows/d.yaml:5:20 named-value", ".github/workflows/d.yaml:9:29 named-value"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, places(scanTree(t, tt.tree))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFilesLedger(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Odd{
		Tree:   sourcetest.Tree{"a": "", "b": "", "c": "fine", "d": githubToken},
		Errors: map[string]error{"a": source.ErrTooLarge, "b": source.ErrEscapes},
	}
	f, err := Files(context.Background(), tree, func(p string) bool { return p == "d" })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range f.Ledger {
		got = append(got, fmt.Sprintf("%s %s %s", e.ID, e.State, e.Reason))
	}
	want := []string{
		"file:a failed not scanned for secrets: larger than 32 MiB",
		"file:b failed not scanned for secrets: read b: path leaves the root",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(f.Secrets) != 0 {
		t.Errorf("-want +got:\n%s%v", diff, f.Secrets)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Files(ctx, sourcetest.Tree{"a": "x"}, nil); err == nil {
		t.Error("no error from a cancelled context")
	}
}

// Two runs give the same facts, and no fact holds a value.
func TestFilesAreDeterministicAndSilent(t *testing.T) {
	t.Parallel()
	m := sourcetest.Tree{}
	for i := range 40 {
		m[fmt.Sprintf("d%d/values.yaml", i)] = "a:\n  password: hunter2\n  token: " + githubToken + "\n"
	}
	one, two := scanTree(t, m), scanTree(t, m)
	if diff := cmp.Diff(one.Secrets, two.Secrets); diff != "" || len(one.Secrets) != 80 {
		t.Errorf("%d secrets, %s", len(one.Secrets), diff)
	}
	if text := fmt.Sprintf("%+v", one.Secrets); strings.Contains(text, "hunter2") || strings.Contains(text, githubToken) {
		t.Error("a fact holds a value")
	}
	want := facts.Secret{
		Subject: facts.Subject{ID: "secret:named-value:d0/values.yaml#a.password:1"}, Rule: "named-value", Description: typedDescriptions[namedValueID],
		Carrier: "values", Path: "d0/values.yaml", Location: "d0/values.yaml#a.password", Length: "<8", Certain: true,
	}
	i := slices.IndexFunc(one.Secrets, func(s facts.Secret) bool { return s.ID == want.ID })
	if i < 0 || cmp.Diff(want, one.Secrets[i]) != "" {
		t.Errorf("%+v", one.Secrets)
	}
}

func TestCombine(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	tree := sourcetest.Tree{
		"chart/values.yaml":           "password: hunter2\n",
		"chart/templates/secret.yaml": "kind: Secret\nstringData:\n  pw: {{ .Values.password }}\n",
		"raw.yaml":                    "apiVersion: v1\nkind: Secret\nmetadata: {name: r, namespace: n}\nstringData:\n  a: hunter9\n",
		"docs/other.yaml":             "password: hunter2\n",
	}
	files := scanTree(t, tree)
	rendered := map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "web", "namespace": "n"},
		"data": map[string]any{"pw": b64("hunter2")},
	}
	template := source.Fixed(source.Position{File: "chart/templates/secret.yaml", Line: 1, Approximate: true})
	docs, err := source.ParseManifests("raw.yaml", []byte(tree["raw.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	raw := docs[0].Value.(map[string]any)
	carried := []*Found{
		s.FromObject("helm:chart@prod#/Secret/n/web", rendered, template),
		s.FromObject("helm:chart@dev#/Secret/n/web", rendered, template),
		s.FromObject("manifests:.#/Secret/n/r", raw, docs[0].Locator()),
	}
	all := Combine(files, carried, func(id string) []string {
		if strings.HasPrefix(id, "helm:") {
			return []string{"chart/values.yaml", "chart/templates/secret.yaml"}
		}
		return nil
	})
	var got []string
	for _, r := range all.Secrets {
		at := all.Locators[r.ID].Locate(nil)
		got = append(got, fmt.Sprintf("%s | %s | %s | related %d", r.ID, r.Object, at.Position, len(at.Related)))
	}
	want := []string{
		"secret:kubernetes-secret-data:helm:chart@dev#/Secret/n/web/data.pw:1 | helm:chart@dev#/Secret/n/web | chart/values.yaml:1:11 | related 1",
		"secret:kubernetes-secret-data:helm:chart@prod#/Secret/n/web/data.pw:1 | helm:chart@prod#/Secret/n/web | chart/values.yaml:1:11 | related 1",
		"secret:kubernetes-secret-data:manifests:.#/Secret/n/r/stringData.a:1 | manifests:.#/Secret/n/r | raw.yaml:5:6 | related 0",
		"secret:named-value:docs/other.yaml#password:1 |  | docs/other.yaml:1:11 | related 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A word that stands in several sources of an object is located where it stands for
// this object, else under the same key.
func TestCombineWords(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	tree := sourcetest.Tree{
		"a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\nstringData:\n  password: postgres\n",
		"b.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  admin: x\n  password: postgres\n",
		"c.yaml": "rootPassword: postgres\nuser:\n  password: postgres\n",
	}
	object := func(name, key string) map[string]any {
		return map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name}, "stringData": map[string]any{key: "postgres"}}
	}
	nowhere := source.Fixed(source.Position{File: "overlay/kustomization.yaml", Line: 3, Approximate: true})
	for _, tt := range []struct {
		name, key, want string
		sources         []string
	}{
		{"db", "password", "b.yaml:6:13", []string{"a.yaml", "b.yaml", "c.yaml"}},
		{"new", "password", "c.yaml:3:13", []string{"c.yaml"}},
		{"new", "pw", "c.yaml:1:15", []string{"c.yaml"}},
	} {
		found := Combine(scanTree(t, tree), []*Found{s.FromObject("kustomize:o#/Secret//"+tt.name, object(tt.name, tt.key), nowhere)}, func(string) []string { return tt.sources })
		for _, x := range found.Secrets {
			if x.Object != "" && found.Locators[x.ID].Locate(nil).Position.String() != tt.want {
				t.Errorf("%s.%s is at %s, want %s", tt.name, tt.key, found.Locators[x.ID].Locate(nil).Position, tt.want)
			}
		}
	}
}

// Values in Terraform are found in the file and in the resource: by value on
// the line of the leaf that holds them, and where the reader of plans masked
// the value, by the line.
func TestCombineResources(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	files := scanTree(t, sourcetest.Tree{"main.tf": "resource \"x\" \"a\" {\n  user_data = <<EOF\n#!/bin/sh\nexport DB_PASSWORD=hunter2\nexport TOKEN=" + githubToken + "\nEOF\n}\nresource \"x\" \"b\" {\n  password = \"hunter3\"\n}\n"})
	a := facts.Resource{Subject: facts.Subject{ID: "terraform:.:x.a"}, Address: "x.a", Type: "x", After: map[string]any{
		"user_data": "#!/bin/sh\nexport DB_PASSWORD=hunter2\nexport TOKEN=" + githubToken + "\n",
	}}
	b := facts.Resource{Subject: facts.Subject{ID: "terraform:.:x.b"}, Address: "x.b", Type: "x", Expressions: map[string]any{
		"password": map[string]any{"constant": facts.Redacted("sensitive")},
	}}
	all := Combine(files, []*Found{
		s.FromResource(a, source.Fixed(source.Position{File: "main.tf", Line: 2})),
		s.FromResource(b, source.Fixed(source.Position{File: "main.tf", Line: 9})),
	}, nil)
	var got []string
	for _, r := range all.Secrets {
		got = append(got, fmt.Sprintf("%s %s %s", r.ID, all.Locators[r.ID].Locate(nil).Position, r.Length))
	}
	want := []string{
		"secret:github-pat:terraform:.:x.a/user_data:1 main.tf:5:14 32-63",
		"secret:terraform-sensitive-argument:terraform:.:x.a/user_data:1 main.tf:4:20 <8",
		"secret:terraform-sensitive-argument:terraform:.:x.b/password:1 main.tf:9:15 <8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	s := newScanner(t)
	m := parse(t, `
apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {note: "`+githubToken+`"}}
stringData: {pw: hunter2, user: app}
`).(map[string]any)
	before := fmt.Sprint(m)
	r := s.Redact(m)
	want := map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata":   map[string]any{"name": "s", "annotations": map[string]any{"note": facts.Redacted("secret")}},
		"stringData": map[string]any{"pw": facts.Redacted("secret"), "user": facts.Redacted("secret")},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if fmt.Sprint(m) != before {
		t.Error("the argument was changed")
	}
	resource := facts.Resource{
		Type:        "aws_db_instance",
		Before:      map[string]any{"password": "hunter1"},
		After:       map[string]any{"password": "hunter2", "name": "a"},
		Expressions: map[string]any{"password": map[string]any{"constant": "hunter2"}},
		Documents:   []facts.ResourceDocument{{Path: []any{"password"}, Value: "hunter2"}},
		Companions:  []facts.Companion{{Type: "x", After: map[string]any{"db_password": "hunter3"}}},
		Change:      &facts.ResourceChange{Before: map[string]any{"password": "hunter1"}},
	}
	old := facts.Resource{Type: "aws_lambda_function", Before: map[string]any{"environment": []any{map[string]any{"variables": map[string]any{"API_KEY": "hunter0"}}}}}
	if text := fmt.Sprint(s.RedactResource(old)); strings.Contains(text, "hunter") {
		t.Error("a value that the change removes: " + text)
	}
	redacted := s.RedactResource(resource)
	if text := fmt.Sprint(redacted, redacted.Change.Before); strings.Contains(text, "hunter") {
		t.Error(text)
	}
	if resource.After["password"] != "hunter2" {
		t.Error("the argument was changed")
	}
}

func TestRedactor(t *testing.T) {
	t.Parallel()
	r := NewRedactor([]string{"hunter2", "hunter2-and-more", "ab", privateKey, `quo"te`})
	for text, want := range map[string]string{
		"pw hunter2 is":             "pw [redacted] is",
		"hunter2-and-more":          "[redacted]",
		"b64 " + b64("hunter2"):     "b64 [redacted]",
		`value "ab" of cab`:         `value [redacted] of cab`,
		fmt.Sprintf("%q", `quo"te`): `"[redacted]"`,
		"MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF": "[redacted]",
		"nothing": "nothing",
	} {
		if got := r.Redact(text); got != want {
			t.Errorf("Redact(%q) = %q, want %q", text, got, want)
		}
	}
	var none *Redactor
	if none.Redact("x") != "x" {
		t.Error("nil Redactor")
	}
}

// TestOneLiteralIsOneSecret: what the name beside it and the type of its resource both say
// is a secret is found once, where it stands.
func TestOneLiteralIsOneSecret(t *testing.T) {
	t.Parallel()
	f, err := newScanner(t).Files(t.Context(), sourcetest.Tree{"main.tf": `resource "aws_ssm_parameter" "q" {
  name  = "/x/password"
  type  = "SecureString"
  value = "hunter2hunter"
}
`}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.records) != 1 || f.records[0].place.Line != 4 || f.records[0].place.Column != 12 {
		t.Errorf("got %+v, want one at 4:12", f.records)
	}
}
