package assess

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// The fixtures that the official library ships: one pod a file, named after
// the control that it passes or fails, for each level and version.
func TestPodSecurityFixtures(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "test", "testdata")
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skipf("the fixtures of k8s.io/pod-security-admission are not in the module cache: %v, %v", err, statErr)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	agreed := 0
	for _, file := range files {
		parts := strings.Split(filepath.ToSlash(file), "/")
		level, version, outcome, name := parts[len(parts)-4], parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := pod(t, name, string(data))
		s.KubeVersion = version
		var broken []string
		for _, a := range PodSecurity([]Object{s}) {
			if level == "restricted" || strings.HasPrefix(a.Control, "baseline/") {
				broken = append(broken, a.Control)
			}
			if a.Outcome != Fail || len(a.Path) < 2 {
				t.Errorf("%s: %s is not localised: %v", file, a.Control, a.Path)
			}
		}
		control := strings.TrimRight(strings.TrimSuffix(name, ".yaml"), "0123456789")
		named := slices.ContainsFunc(broken, func(c string) bool {
			_, id, _ := strings.Cut(strings.ToLower(c), "/")
			return id == control || strings.HasPrefix(id, control+"_") || strings.HasPrefix(control, id)
		})
		switch {
		case outcome == "pass" && len(broken) > 0:
			t.Errorf("%s: passes, but breaks %v", file, broken)
		case outcome == "fail" && len(broken) == 0:
			t.Errorf("%s: fails, but breaks nothing", file)
		case outcome == "fail" && control != "base" && !named:
			t.Errorf("%s: breaks %v", file, broken)
		default:
			agreed++
		}
	}
	if agreed != len(files) || agreed < 4537 {
		t.Errorf("%d of %d fixtures agree, of at least 4537", agreed, len(files))
	}
}

// pod makes a subject of a manifest; its pod template is the object itself.
func pod(t testing.TB, file, text string) Object {
	t.Helper()
	s := object(t, file, text)
	s.PodTemplates = []source.Path{{}}
	return s
}

func object(t testing.TB, file, text string) Object {
	t.Helper()
	docs, err := source.ParseManifests(file, []byte(text))
	if err != nil || len(docs) != 1 {
		t.Fatalf("%s: %d documents: %v", file, len(docs), err)
	}
	m, ok := docs[0].Value.(map[string]any)
	if !ok {
		t.Fatalf("%s: no object", file)
	}
	return subject(m)
}

func subject(m map[string]any) Object {
	meta, _ := m["metadata"].(map[string]any)
	o := facts.Object{Manifest: m}
	o.APIVersion, _ = m["apiVersion"].(string)
	o.Kind, _ = m["kind"].(string)
	if g, _, ok := strings.Cut(o.APIVersion, "/"); ok {
		o.Group = g
	}
	o.Name, _ = meta["name"].(string)
	o.Namespace, _ = meta["namespace"].(string)
	o.ID = o.Group + "/" + o.Kind + "/" + o.Namespace + "/" + o.Name
	return Object{Object: o, Raw: m, KubeVersion: "v1.33.0"}
}

// line is an assessment in short.
func lines(list []facts.Assessment) []string {
	var out []string
	for _, a := range list {
		out = append(out, strings.Join([]string{a.Outcome, a.Control, a.Of, source.Path(a.Path).String(), a.Message}, " | "))
	}
	return out
}

func TestPodSecurityPlaces(t *testing.T) {
	s := pod(t, "pod.yaml", `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  hostNetwork: true
  securityContext: {runAsNonRoot: false, sysctls: [{name: net.ipv4.tcp_syncookies, value: "1"}, {name: kernel.msgmax, value: "1"}]}
  volumes:
    - {name: empty}
    - {name: logs, hostPath: {path: /var/log}}
    - {name: share, nfs: {server: nfs.example.com, path: /}}
  initContainers:
    - name: init
      image: registry.example.com/init:1
      securityContext: {allowPrivilegeEscalation: false, seccompProfile: {type: RuntimeDefault}, capabilities: {drop: [ALL]}}
  containers:
    - name: app
      image: registry.example.com/app:1
      ports: [{containerPort: 80}, {containerPort: 8080, hostPort: 8080}]
      securityContext: {privileged: true, runAsUser: 0, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE, SYS_ADMIN]}}
`)
	s.Container = func(name string) string {
		if name == "app" {
			return "container/app"
		}
		return ""
	}
	const of = "/Pod/shop/web"
	want := []string{
		`fail | baseline/capabilities_baseline | container/app | securityContext.capabilities.add[1] | pod "shop/web": non-default capabilities: container "app" must not include "SYS_ADMIN" in securityContext.capabilities.add`,
		`fail | baseline/hostNamespaces | ` + of + ` | spec.hostNetwork | pod "shop/web": host namespaces: hostNetwork=true`,
		`fail | baseline/hostPathVolumes | ` + of + ` | spec.volumes[1].hostPath | pod "shop/web": hostPath volumes: volume "logs"`,
		`fail | baseline/hostPorts | container/app | ports[1].hostPort | pod "shop/web": hostPort: container "app" uses hostPort 8080`,
		`fail | baseline/privileged | container/app | securityContext.privileged | pod "shop/web": privileged: container "app" must not set securityContext.privileged=true`,
		`fail | baseline/sysctls | ` + of + ` | spec.securityContext.sysctls[1].name | pod "shop/web": forbidden sysctls: kernel.msgmax`,
		`fail | restricted/allowPrivilegeEscalation | container/app | securityContext.allowPrivilegeEscalation | pod "shop/web": allowPrivilegeEscalation != false: container "app" must set securityContext.allowPrivilegeEscalation=false`,
		`fail | restricted/capabilities_restricted | container/app | securityContext.capabilities.add[1] | pod "shop/web": unrestricted capabilities: container "app" must not include "SYS_ADMIN" in securityContext.capabilities.add`,
		`fail | restricted/restrictedVolumes | ` + of + ` | spec.volumes[1].hostPath | pod "shop/web": restricted volume types: volume "logs" uses restricted volume type "hostPath"`,
		`fail | restricted/restrictedVolumes | ` + of + ` | spec.volumes[2].nfs | pod "shop/web": restricted volume types: volume "share" uses restricted volume type "nfs"`,
		`fail | restricted/runAsNonRoot | ` + of + ` | spec.securityContext.runAsNonRoot | pod "shop/web": runAsNonRoot != true: pod must not set securityContext.runAsNonRoot=false`,
		`fail | restricted/runAsUser | container/app | securityContext.runAsUser | pod "shop/web": runAsUser=0: container "app" must not set runAsUser=0`,
		`fail | restricted/seccompProfile_restricted | container/app | securityContext.seccompProfile.type | pod "shop/web": seccompProfile: pod or container "app" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
	}
	got := PodSecurity([]Object{s})
	if diff := cmp.Diff(want, lines(got)); diff != "" {
		t.Error(diff)
	}
	for _, a := range got {
		both := a.Control == "restricted/capabilities_restricted" || a.Control == "restricted/restrictedVolumes" && a.Path[2] == 1
		if both != slices.Equal(a.Values, []string{"baseline"}) {
			t.Errorf("%s %v: values are %v", a.Control, a.Path, a.Values)
		}
	}
}

func TestPodSecurityVersion(t *testing.T) {
	s := pod(t, "pod.yaml", `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {securityContext: {sysctls: [{name: net.ipv4.tcp_rmem, value: "1"}]}, containers: []}}`)
	for v, want := range map[string]int{"1.31": 1, "v1.32.4": 0, "v1.32.1-gke.12": 0, "v1.99": 0, "": 0, "latest": 0} {
		s.KubeVersion = v
		if got := PodSecurity([]Object{s}); len(got) != want {
			t.Errorf("%q: %q", v, lines(got))
		}
	}
}

func TestPodSecurityUnreadable(t *testing.T) {
	s := pod(t, "pod.yaml", `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: {name: a}}}`)
	got := PodSecurity([]Object{s})
	if len(got) != 1 || got[0].Outcome != Unknown || got[0].Control != "baseline/decode" {
		t.Errorf("%q", lines(got))
	}
}
