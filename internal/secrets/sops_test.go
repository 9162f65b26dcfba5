package secrets

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

const (
	sopsCipher = "ENC[AES256_GCM,data:p673wCVR,iv:YY9J1yYb,aad:UQ0,tag:A3kUmg==,type:str]"
	sopsTail   = `
sops:
  age:
    - recipient: age1qqq
      enc: "-----BEGIN AGE ENCRYPTED FILE-----"
  lastmodified: "2026-01-01T00:00:00Z"
  mac: ` + sopsCipher + `
  version: 3.11.0
`
)

func outcomes(f *Found) []string {
	var out []string
	for _, a := range f.Assessments {
		at := f.Locators[a.ID].Locate(nil)
		line := fmt.Sprintf("%s %s %s:%d", a.Outcome, a.Control, at.File, at.Line)
		if len(a.Values) > 0 {
			line += " " + strings.Join(a.Values, ",")
		}
		out = append(out, line)
	}
	return out
}

func TestSOPS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, text string
		want             []string
		secrets          []string
	}{
		{"complete", "a.yaml", "db:\n  password: " + sopsCipher + "\n  port: " + sopsCipher + "\n  note_unencrypted: plain\n  none:\n  empty: ''" + sopsTail,
			[]string{"pass encrypted a.yaml:7", "pass mac a.yaml:12", "pass recipients a.yaml:7 age:age1qqq"}, nil},
		{"a value was left", "a.yaml", "db:\n  password: hunter2\n  user: " + sopsCipher + sopsTail,
			[]string{"fail encrypted a.yaml:2", "pass mac a.yaml:9", "pass recipients a.yaml:4 age:age1qqq"}, []string{"a.yaml:2:13 named-value"}},
		{"regex covers", "s.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  a: " + sopsCipher + "\n  b: hunter2" + strings.Replace(sopsTail, "  lastm", "  encrypted_regex: ^(data|stringData)$\n  lastm", 1),
			[]string{"fail encrypted s.yaml:7", "pass mac s.yaml:14", "pass recipients s.yaml:8 age:age1qqq"}, []string{"s.yaml:7:6 kubernetes-secret-data"}},
		{"nothing encrypted", "a.yaml", "db:\n  note_unencrypted: x" + sopsTail,
			[]string{"fail encrypted a.yaml:3", "pass mac a.yaml:8", "pass recipients a.yaml:3 age:age1qqq"}, nil},
		{"no mac, no recipient", "a.yaml", "a: " + sopsCipher + "\nsops:\n  lastmodified: x\n  pgp: []\n",
			[]string{"pass encrypted a.yaml:2", "fail mac a.yaml:2", "fail recipients a.yaml:2"}, nil},
		{"damaged", "a.yaml", "a: ENC[AES256_GCM,data:x]\nb: " + sopsCipher + sopsTail,
			[]string{"fail encrypted a.yaml:1", "pass mac a.yaml:8", "pass recipients a.yaml:3 age:age1qqq"}, nil},
		{"bad regex", "a.yaml", "a: x\nsops: {mac: x, age: [], lastmodified: x, encrypted_regex: '('}\n",
			[]string{"fail mac a.yaml:2", "fail recipients a.yaml:2", "fail settings a.yaml:2"}, nil},
		{"dotenv", "a.env", "PASSWORD=" + sopsCipher + "\nTOKEN=hunter2\nsops_age__list_0__map_recipient=age1q\nsops_mac=" + sopsCipher + "\nsops_version=3\n",
			[]string{"fail encrypted a.env:2", "pass mac a.env:1", "pass recipients a.env:1 age:age1q"}, nil},
		{"ini", "a.ini", "[db]\r\npassword = " + sopsCipher + "\r\n[sops]\r\nmac = " + sopsCipher + "\r\nage__list_0__map_recipient = age1q\r\n",
			[]string{"pass encrypted a.ini:1", "pass mac a.ini:1", "pass recipients a.ini:1 age:age1q"}, nil},
		{"words about SOPS", "README.md", "Encrypt with [SOPS][sops], which sets sops_mac.\n\n[sops]: https://example.com/sops\n[a]: https://example.com/?q=1\n", nil, nil},
		{"no SOPS file", "values.yaml", "sops:\n  enabled: true\n  version: 3\n", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := scanTree(t, sourcetest.Tree{tt.file: tt.text})
			if diff := cmp.Diff(tt.want, outcomes(f)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.secrets, places(f)); diff != "" {
				t.Errorf("secrets: -want +got:\n%s", diff)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	s := newScanner(f)
	f.Add("a.yaml", "a: "+sopsCipher+sopsTail)
	f.Add("a.env", "A=b\nsops_mac=x\nsops_age__list_0__map_recipient=age1q")
	f.Add("a.tf", "variable \"x\" {\n default = \"y\"\n}\npassword = \"hunter2\"")
	f.Add("a.json", `{"kind":"Secret","apiVersion":"v1","data":{"a":"aHVudGVyMg=="}}`)
	f.Add("k.yaml", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: [{remoteRef: {key: a}}]}")
	f.Fuzz(func(t *testing.T, file, text string) {
		r, _ := s.text(file, []byte(text))
		for _, rec := range r.records {
			if rec.place.File != file && !strings.Contains(rec.secret.Rule, "pkcs12") {
				t.Fatalf("%+v", rec)
			}
		}
	})
}
