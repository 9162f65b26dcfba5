package terraform

import "testing"

func TestSealed(t *testing.T) {
	t.Parallel()
	const enc = "ENC[AES256_GCM,data:eA==,iv:YQ==,tag:YQ==,type:str]"
	for _, tt := range []struct {
		name, file, text string
		want             bool
	}{
		{"binary", "terraform.tfvars", `{"data": "` + enc + `", "sops": {"mac": "` + enc + `"}}`, true},
		{"binary that is called JSON", "a.auto.tfvars.json", `{"data": "` + enc + `", "sops": {"mac": "` + enc + `"}}`, true},
		{"JSON whose values are encrypted", "a.tfvars.json", `{"password": "` + enc + `", "sops": {"mac": "` + enc + `"}}`, false},
		{"JSON with a variable data", "a.tfvars.json", `{"data": "` + enc + `", "b": "c", "sops": {"mac": "` + enc + `"}}`, false},
		{"JSON of which nobody wrote the metadata", "a.tfvars.json", `{"data": "` + enc + `", "sops": {"mac": "x"}}`, false},
		{"YAML", "a.tfvars", "password: " + enc + "\nsops:\n  mac: " + enc + "\n", true},
		{"dotenv", "a.tfvars", "password=" + enc + "\nsops_mac=" + enc + "\nsops_version=3.9.0\n", true},
		{"INI", "a.tfvars", "[a]\npassword = " + enc + "\n\n[sops]\nmac = " + enc + "\n", true},
		{"a value that looks so", "a.tfvars", `password = "` + enc + "\"\n", false},
		{"a remark about it", "a.tfvars", "# ENC[AES256_GCM, was here\na = 1\n", false},
		{"plain", "a.tfvars", "a = 1\n", false},
		{"broken", "a.tfvars", `{"data": "ENC[AES256_GCM,`, false},
	} {
		if got := sealed(tt.file, []byte(tt.text)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
