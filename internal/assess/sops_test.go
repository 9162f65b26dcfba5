package assess

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestEncrypted(t *testing.T) {
	t.Parallel()
	const enc = `"ENC[AES256_GCM,data:eA==,iv:YQ==,tag:YQ==,type:str]"`
	const yes = `"ENC[AES256_GCM,data:eA==,iv:YQ==,tag:YQ==,type:bool]"`
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"a truth value of a container":       {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, securityContext: {privileged: " + yes + "}}]}, sops: {mac: " + enc + "}}", "spec.containers[0].securityContext.privileged is encrypted by SOPS"},
		"without SOPS's own key":             {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: " + yes + "}}", "spec.hostNetwork is encrypted by SOPS"},
		"beside other text":                  {`{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: "web:ENC[AES256_GCM,data:eA==,type:str]"}]}}`, "spec.containers[0].image is encrypted by SOPS"},
		"what a container is started with":   {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, args: [" + enc + "], env: [{name: A, value: " + enc + "}]}]}}", ""},
		"the name of a variable":             {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, env: [{name: " + enc + "}]}]}}", "spec.containers[0].env[0].name is encrypted by SOPS"},
		"several":                            {"{apiVersion: v1, kind: Service, metadata: {name: a, labels: {a: " + enc + "}}, spec: {type: " + enc + "}}", "metadata.labels.a (and 1 more) is encrypted by SOPS"},
		"a Secret":                           {"{apiVersion: v1, kind: Secret, metadata: {name: a, labels: {a: " + enc + "}}, type: " + enc + ", data: {a: " + enc + "}}", ""},
		"a ConfigMap":                        {"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: " + enc + "}}", ""},
		"a Secret that is encrypted whole":   {"{apiVersion: " + enc + ", kind: " + enc + ", metadata: {name: " + enc + "}, stringData: {a: " + enc + "}, sops: {mac: " + enc + "}}", ""},
		"a Pod that is encrypted whole":      {"{apiVersion: " + enc + ", kind: " + enc + ", metadata: {name: " + enc + "}, spec: {}, sops: {mac: " + enc + "}}", "apiVersion (and 2 more) is encrypted by SOPS"},
		"a text of a kind that nobody knows": {"{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: a}, spec: {acme: {email: " + enc + "}}}", ""},
		"a path of what is delivered":        {"{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a}, spec: {source: {path: " + enc + "}}}", "spec.source.path is encrypted by SOPS"},
		"a part of a host name":              {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {tls: [{hosts: ["a.ENC[AES256_GCM,data:eA==,type:str]"]}]}}`, ""},
		"a host name":                        {"{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: " + enc + "}]}}", "spec.rules[0].host is encrypted by SOPS"},
		"a role":                             {"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {name: " + enc + "}}", "roleRef.name is encrypted by SOPS"},
		"nothing":                            {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: false}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := object(t, "a.yaml", c.text)
			if o.Kind == "Pod" {
				o.Object.Pods = []facts.Pod{{Path: source.Path{"spec"}}}
			}
			o.ID = "a"
			at := source.Fixed(source.Position{File: "a.yaml", Line: 1})
			var got string
			for _, e := range Encrypted([]facts.Object{o.Object}, map[string]map[string]any{"a": o.Raw}, source.Index{"a": at}) {
				got += e.Reason
			}
			want := c.want
			if want != "" {
				want += ": what is applied is not known"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
