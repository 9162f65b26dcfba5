package compare

import (
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

const (
	hashA = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
	hashB = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"
)

// workload is an object with a pod template.
func workload(kind, metadata, template, rest string) string {
	api := map[string]string{"Job": "batch/v1", "CronJob": "batch/v1", "Rollout": "argoproj.io/v1alpha1"}[kind]
	if api == "" {
		api = "apps/v1"
	}
	pod := "{metadata: {" + template + "}, spec: {containers: [{name: web, image: web}]}}"
	spec := "template: " + pod
	if kind == "CronJob" {
		spec = "jobTemplate: {metadata: {" + metadata + "}, spec: {template: " + pod + "}}"
	}
	return "apiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: web, " + metadata + "}\nspec: {" + rest + spec + "}\n"
}

func TestConsequencesAreFolded(t *testing.T) {
	t.Parallel()
	annotated := func(key string) func(value string) string {
		return func(value string) string {
			return workload("Deployment", "", "annotations: {"+key+": '"+value+"'}", "")
		}
	}
	labelled := func(key string) func(value string) string {
		return func(value string) string { return workload("Deployment", "labels: {"+key+": '"+value+"'}", "", "") }
	}
	inTemplate := func(kind, rest string) func(value string) string {
		return func(value string) string {
			return workload(kind, "labels: {helm.sh/chart: "+value+"}", "labels: {helm.sh/chart: "+value+"}", rest)
		}
	}
	folded := func(of, rest string) []string { return []string{"folded 1 of " + of + ", " + rest + ", low"} }
	step := func(paths string) []string { return []string{"update web, low: " + paths} }
	for _, c := range []struct {
		name          string
		of            func(string) string
		before, after string
		want          []string
	}{
		{"a checksum of the pod template", annotated("checksum/config"), hashA, hashB, folded("checksum", "1 restart")},
		{"by its values alone", annotated("acme.com/settings"), hashA, hashB, folded("checksum", "1 restart")},
		{"with its algorithm", annotated("acme.com/settings"), "sha256:" + hashA, "sha256:" + hashB, folded("checksum", "1 restart")},
		{"a short one, by its name", annotated("config-hash"), "8f3a", "77c1", folded("checksum", "1 restart")},
		{"in decimals, by its name", annotated("checksum/config"), "1932018332", "893321", folded("checksum", "1 restart")},
		{"a random word that rolls out", annotated("rollme"), "aX3kq", "kkP0z", folded("checksum", "1 restart")},
		{"a number is none", annotated("acme.com/settings"), "1700000000000000000", "1800000000000000000", step(`spec.template.metadata.annotations["acme.com/settings"]`)},
		{"a date is none", annotated("kubectl.kubernetes.io/restartedAt"), "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", step(`spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]`)},
		{"a sentence under its name", annotated("checksum/config"), "not yet", "some day", step(`spec.template.metadata.annotations["checksum/config"]`)},
		{"of a kustomization, without vowels", annotated("acme.com/config-hash"), "tkkdd9fftc", "ttchg99576", folded("checksum", "1 restart")},
		{"in base64, by its name", annotated("acme.com/configSHA256"), "a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=", "1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2joma6vIX60=", folded("checksum", "1 restart")},
		{"a role of HashiCorp's", annotated("vault.hashicorp.com/role"), "reader", "administrator", step(`spec.template.metadata.annotations["vault.hashicorp.com/role"]`)},
		{"by what is hashed", annotated("acme.com/upstream-hash-by-subset"), "true", "false", step(`spec.template.metadata.annotations["acme.com/upstream-hash-by-subset"]`)},
		{"how it is hashed", annotated("acme.com/session-cookie-hash"), "sha1", "sha256", step(`spec.template.metadata.annotations["acme.com/session-cookie-hash"]`)},
		{"a size of hashes", annotated("acme.com/hash-bucket-size"), "1024", "4096", step(`spec.template.metadata.annotations["acme.com/hash-bucket-size"]`)},
		{"a check", annotated("acme.com/health-check"), "8080", "9090", step(`spec.template.metadata.annotations["acme.com/health-check"]`)},
		{"a word under its name", annotated("checksum/config"), "enabled", "disabled", step(`spec.template.metadata.annotations["checksum/config"]`)},
		{"a random word elsewhere", func(v string) string {
			return workload("Deployment", "annotations: {rollme: "+v+"}", "", "")
		}, "aX3kq", "kkP0z", step("metadata.annotations.rollme")},
		{"one that appears", annotated("checksum/config"), "", hashB, step(`spec.template.metadata.annotations["checksum/config"]`)},
		{"the version of a chart", labelled("helm.sh/chart"), "web-1.2.3", "web-1.2.4", folded("version", "0 restart")},
		{"the version of what it installs", labelled("app.kubernetes.io/version"), "1.4.0", "2.0.0", folded("version", "0 restart")},
		{"of an old chart", labelled("chart"), "web-1.2.3", "web-1.3.0+4", folded("version", "0 restart")},
		{"another thing called chart", labelled("chart"), "bar", "pie", step("metadata.labels.chart")},
		{"a version that routes may ask for", labelled("version"), "v1", "v2", step("metadata.labels.version")},
		{"another label", labelled("team"), "a", "b", step("metadata.labels.team")},
		{"in the template", inTemplate("Deployment", ""), "web-1.2.3", "web-1.2.4", folded("version", "1 restart")},
		{"of a stateful set", inTemplate("StatefulSet", ""), "web-1.2.3", "web-1.2.4", folded("version", "1 restart")},
		{"of one that waits", inTemplate("StatefulSet", "updateStrategy: {type: OnDelete}, "), "web-1.2.3", "web-1.2.4", folded("version", "0 restart")},
		{"of a rollout", inTemplate("Rollout", ""), "web-1.2.3", "web-1.2.4", folded("version", "1 restart")},
		{"of a cron job, and of its job", inTemplate("CronJob", ""), "web-1.2.3", "web-1.2.4", folded("version", "0 restart")},
		{"of a job, which cannot change", inTemplate("Job", ""), "web-1.2.3", "web-1.2.4", step(`spec.template.metadata.labels["helm.sh/chart"]`)},
		{"beside something else", func(v string) string {
			return workload("Deployment", "labels: {helm.sh/chart: web-1."+v+".0}", "annotations: {checksum/config: '"+v+hashA+"'}", "replicas: "+v+", ")
		}, "1", "2", step("spec.replicas")},
		{"the tool that wrote a definition", func(v string) string {
			return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: web, annotations: {controller-gen.kubebuilder.io/version: " + v + "}}\n"
		}, "v0.17.1", "v0.18.0", folded("version", "0 restart")},
		{"a version that an annotation asks for", func(v string) string {
			return workload("Deployment", "annotations: {config.linkerd.io/proxy-version: "+v+"}", "", "")
		}, "v2.1.0", "v2.2.0", step(`metadata.annotations["config.linkerd.io/proxy-version"]`)},
		{"in a selector", func(v string) string {
			return "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {helm.sh/chart: " + v + "}}\n"
		}, "web-1.2.3", "web-1.2.4", step(`spec.selector["helm.sh/chart"]`)},
		{"in volume claims, which cannot change", func(v string) string {
			return workload("StatefulSet", "", "", "volumeClaimTemplates: [{metadata: {name: data, labels: {helm.sh/chart: "+v+"}}}], ")
		}, "web-1.2.3", "web-1.2.4", []string{`update web, medium: spec.volumeClaimTemplates[0].metadata.labels["helm.sh/chart"]`}},
	} {
		if diff := cmp.Diff(c.want, stepLines(changes(t, [2]string{c.of(c.before), c.of(c.after)}))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// A hook is made anew: its template may change.
func TestConsequencesOfHooksAreFolded(t *testing.T) {
	t.Parallel()
	of := func(v string) string {
		return workload("Job", "", "labels: {helm.sh/chart: web-1."+v+"}", "")
	}
	f := changes(t, [2]string{of("1"), of("2")})
	f.Objects[0].Hook = "pre-upgrade"
	if diff := cmp.Diff([]string{"folded 1 of version, 0 restart, low"}, stepLines(f)); diff != "" {
		t.Error(diff)
	}
}

// What refers to an object with a generated name is rolled out by it: a step.
func TestGeneratedNamesAreSteps(t *testing.T) {
	t.Parallel()
	config := func(name, value string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {a: '" + value + "'}\n"
	}
	web := func(name, config string) string {
		return strings.Replace(workload("Deployment", "", "", ""), "spec: {containers",
			"spec: {volumes: [{name: c, configMap: {name: "+config+"}}], containers", 1)
	}
	f := changes(t, [2]string{config("app-aaa", "1"), config("app-bbb", "2")}, [2]string{web("web", "app-aaa"), web("web", "app-bbb")})
	want := []string{"update app-bbb, low: data.a (was u#app-aaa)", "update web, low: spec.template.spec.volumes[name=c].configMap.name"}
	if diff := cmp.Diff(want, stepLines(f)); diff != "" {
		t.Error(diff)
	}
}

// A secret that is not shown is a change; a checksum that is taken for one is
// still a checksum.
func TestHiddenChangesAreTold(t *testing.T) {
	t.Parallel()
	of := workload("Deployment", "", "annotations: {checksum/secret: x, token: y}", "")
	f := changes(t, [2]string{of, of})
	for _, c := range []struct{ path, want string }{
		{"spec.template.metadata.annotations.token", "update web, low: spec.template.metadata.annotations.token"},
		{`spec.template.metadata.annotations["checksum/secret"]`, "folded 1 of checksum, 1 restart, low"},
	} {
		f.Objects[0].Change.Paths = []string{c.path}
		if diff := cmp.Diff([]string{c.want}, stepLines(f)); diff != "" {
			t.Error(diff)
		}
	}
}

// Where there is more to say of an object than what follows, it is a step.
func TestConsequencesOfWhatIsNotCertainAreTold(t *testing.T) {
	t.Parallel()
	of := func(v string) string { return workload("Deployment", "labels: {helm.sh/chart: web-1."+v+"}", "", "") }
	const label = `metadata.labels["helm.sh/chart"]`
	for _, c := range []struct {
		change facts.ResourceChange
		want   string
	}{
		{facts.ResourceChange{Outcome: facts.OutcomeApplied}, "folded 1 of version, 0 restart, low"},
		{facts.ResourceChange{Outcome: facts.OutcomeNotApplied, Why: "it is suspended"}, "folded 1 of version, 0 restart, low"},
		{facts.ResourceChange{Outcome: facts.OutcomeUnknown, Why: "its generator fails"}, "update web, low: " + label + " (its generator fails)"},
		{facts.ResourceChange{From: "v#web"}, "update web, low: " + label + " (was v#web)"},
		{facts.ResourceChange{From: "v#web", Candidates: []string{"w#web"}}, "update web, low: " + label + " (was v#web or w#web: which of them cannot be told)"},
	} {
		f := changes(t, [2]string{of("1"), of("2")})
		o := &f.Objects[0]
		o.Change.Outcome, o.Change.Why, o.Change.From, o.Change.Candidates = c.change.Outcome, c.change.Why, c.change.From, c.change.Candidates
		if diff := cmp.Diff([]string{c.want}, stepLines(f)); diff != "" {
			t.Error(diff)
		}
	}
}

// What goes to another cluster as it is was nothing else before.
func TestObjectsOfAnotherClusterAreTold(t *testing.T) {
	t.Parallel()
	of := workload("Deployment", "", "", "")
	f := changes(t, [2]string{of, of})
	f.Objects[0].Change = &facts.ResourceChange{Action: "moved", From: f.Objects[0].ID, Outcome: facts.OutcomeMoved, Why: "Application a goes to b"}
	if diff := cmp.Diff([]string{"move web, low (Application a goes to b)"}, stepLines(f)); diff != "" {
		t.Error(diff)
	}
}

// What comes of a change is told, and decides how risky it is.
func TestOutcomesAreTold(t *testing.T) {
	t.Parallel()
	of := func(replicas string) string { return workload("Deployment", "", "", "replicas: "+replicas+", ") }
	for _, c := range []struct{ before, after, outcome, why, want string }{
		{of("1"), of("2"), facts.OutcomeNotApplied, "Kustomization flux-system/apps is suspended",
			"not-applied web, low: spec.replicas (Kustomization flux-system/apps is suspended)"},
		{of("1"), "", facts.OutcomeOrphaned, "Application a does not prune", "orphaned web, medium (Application a does not prune)"},
		{of("1"), "", facts.OutcomeNotApplied, "it is suspended", "not-applied web, low (it is suspended)"},
		{of("1"), of("2"), facts.OutcomeUnknown, "its generator fails", "update web, low: spec.replicas (its generator fails)"},
		{of("1"), "", "", "", "delete web, high"},
	} {
		f := changes(t, [2]string{c.before, c.after})
		for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects} {
			for i := range list {
				list[i].Change.Outcome, list[i].Change.Why = c.outcome, c.why
			}
		}
		if diff := cmp.Diff([]string{c.want}, stepLines(f)); diff != "" {
			t.Error(diff)
		}
		if f.DeletedObjects != nil && c.outcome == facts.OutcomeOrphaned {
			if s := summarised(Steps{Facts: f})[0].Steps[0]; s.Action != "forget" {
				t.Errorf("action %s of what is orphaned", s.Action)
			}
		}
	}
}
