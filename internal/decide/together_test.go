package decide

import (
	"fmt"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestTogether(t *testing.T) {
	t.Parallel()
	at := func(rule string, effect Effect, line int, message string, path ...any) Finding {
		return Finding{
			Rule: rule, Effect: effect, Verdict: "fail", Message: message, Subject: SubjectRef{ID: "u#Pod/web"}, Path: source.Path(path),
			Location: source.Location{Position: source.Position{File: "a.yaml", Line: line}}, Fingerprint: rule + message,
		}
	}
	with := func(f Finding, change func(*Finding)) Finding {
		change(&f)
		return f
	}
	secret := func(unit string, column int) Finding {
		return Finding{
			Rule: "secrets/plaintext-secret", Effect: Deny, Verdict: "fail", Message: "secret in " + unit, Subject: SubjectRef{ID: "secret:github-pat:" + unit}, Fingerprint: fmt.Sprint(unit, column),
			Location: source.Location{Position: source.Position{File: "values.yaml", Line: 2, Column: column}},
		}
	}
	instance := func(id string, line int, verdict, message string) Finding {
		return Finding{
			Rule: "iac/iam-wildcard", Effect: Warn, Verdict: verdict, Message: message, Subject: SubjectRef{ID: "terraform:" + id, Address: id[2:]}, Fingerprint: fmt.Sprint(id, line),
			Location: source.Location{Position: source.Position{File: "main.tf", Line: line, Column: 3}},
		}
	}
	const privileged, baseline, restricted = "kubernetes/privileged-container", "kubernetes/pod-security-baseline", "kubernetes/pod-security-restricted"
	const backend, owner = "iac/state-backend", "repository/one-owner"
	const wildcard, exposure = "iac/iam-wildcard", "iac/public-exposure"
	const hostPath, latest, digest = "kubernetes/host-path", "kubernetes/latest-tag", "kubernetes/image-digest"
	for _, c := range []struct {
		name string
		list []Finding
		want []string // what is said
		also [][]string
	}{
		{"two rules at one field", []Finding{at(baseline, Warn, 3, "base", "securityContext", "privileged"), at(privileged, Deny, 3, "is privileged", "securityContext", "privileged")},
			[]string{"is privileged (also kubernetes/pod-security-baseline)"}, [][]string{{baseline + "base"}}},
		{"the broader is stricter", []Finding{at(privileged, Warn, 3, "is privileged", "p"), at(baseline, Deny, 3, "base", "p")},
			[]string{"base (also kubernetes/privileged-container)"}, [][]string{{privileged + "is privileged"}}},
		{"the field around it", []Finding{at(baseline, Warn, 3, "base", "volumes", 0, "hostPath"), at(hostPath, Warn, 4, "mounts", "volumes", 0, "hostPath", "path")},
			[]string{"mounts (also kubernetes/pod-security-baseline)"}, [][]string{{baseline + "base"}}},
		{"another field", []Finding{at(baseline, Warn, 3, "base", "volumes", 1, "hostPath"), at(hostPath, Warn, 4, "mounts", "volumes", 0, "hostPath", "path")},
			[]string{"base", "mounts"}, [][]string{nil, nil}},
		{"an image", []Finding{at(digest, Warn, 3, "no digest", "image"), at(latest, Warn, 3, "latest", "image")},
			[]string{"latest (also kubernetes/image-digest)"}, [][]string{{digest + "no digest"}}},
		{"a state of two stacks", []Finding{at(backend, Deny, 3, "is also that of b", "backend", "key"), at(owner, Deny, 2, "is managed by a and b", "backend")},
			[]string{"is also that of b (also repository/one-owner)"}, [][]string{{owner + "is managed by a and b"}}},
		{"something else of a state of two stacks", []Finding{at(owner, Deny, 2, "is managed by a and b", "backend"), at(backend, Deny, 2, "is not one of s3", "backend"), at(backend, Deny, 4, "is not locked", "backend", "use_lockfile")},
			[]string{"is managed by a and b", "is not one of s3", "is not locked"}, [][]string{nil, nil, nil}},
		{"one rule at one place", []Finding{at(restricted, Warn, 3, `pod "web": a: b`, "a"), at(restricted, Warn, 3, `pod "web": c: d`, "c"), at(restricted, Warn, 4, `pod "web": e`, "e")},
			[]string{`pod "web": a: b; c: d`, `pod "web": e`}, [][]string{{restricted + `pod "web": c: d`}, nil}},
		{"rules that have nothing in common", []Finding{at(restricted, Warn, 3, "a", "p"), at(privileged, Warn, 3, "b", "p")}, []string{"a", "b"}, [][]string{nil, nil}},
		{"one is waived", []Finding{with(at(privileged, Deny, 3, "a", "p"), func(f *Finding) { f.Waived = &WaiverUse{} }), at(baseline, Deny, 3, "b", "p")}, []string{"a", "b"}, [][]string{nil, nil}},
		{"one is of the base", []Finding{with(at(privileged, Deny, 3, "a", "p"), func(f *Finding) { f.State = Existing }), with(at(baseline, Deny, 3, "b", "p"), func(f *Finding) { f.State = New })}, []string{"a", "b"}, [][]string{nil, nil}},
		{"one asks for an approval beside what warns", []Finding{at(privileged, RequireApproval, 3, "a", "p"), at(baseline, Warn, 3, "b", "p")}, []string{"a", "b"}, [][]string{nil, nil}},
		{"both ask for an approval", []Finding{at(privileged, RequireApproval, 3, "a", "p"), at(baseline, RequireApproval, 3, "b", "p")}, []string{"a", "b"}, [][]string{nil, nil}},
		{"one asks for an approval of what is denied", []Finding{at(privileged, RequireApproval, 3, "a", "p"), at(baseline, Deny, 3, "b", "p")}, []string{"b (also kubernetes/privileged-container)"}, [][]string{{privileged + "a"}}},
		{"everybody in a policy", []Finding{at(exposure, RequireApproval, 5, "anybody", "policy", "Statement", 0, "Principal"), at(wildcard, Deny, 4, "every action", "policy", "Statement", 0, "Action"), at(wildcard, Deny, 5, "everybody", "policy", "Statement", 0, "Principal")},
			[]string{"everybody (also iac/public-exposure)", "every action"}, [][]string{{exposure + "anybody"}, nil}},
		{"everybody in a policy of one line", []Finding{at(wildcard, Deny, 3, "every action", "policy", "Statement", "Action"), at(wildcard, Deny, 3, "everybody", "policy", "Statement", "Principal"), at(exposure, Warn, 3, "anybody", "policy", "Statement", "Principal")},
			[]string{"every action; everybody (also iac/public-exposure)"}, [][]string{{wildcard + "everybody", exposure + "anybody"}}},
		{"one secret in two units", []Finding{secret("a", 7), secret("b", 7), secret("a", 8)}, []string{"secret in a", "secret in a"}, [][]string{{"b7"}, nil}},
		{"a secret whose column is not known", []Finding{secret("a", 0), secret("b", 0)}, []string{"secret in a", "secret in b"}, [][]string{nil, nil}},
		{"a secret in an argument", []Finding{
			with(secret("a", 12), func(f *Finding) { f.Fingerprint = "s" }),
			with(at("iac/sensitive-output", Warn, 2, "written", "value"), func(f *Finding) {
				f.Subject.ID, f.Location = "terraform:s:x.a", source.Location{Position: source.Position{File: "values.yaml", Line: 2, Column: 3}}
			})}, []string{"secret in a (also iac/sensitive-output)"}, [][]string{{"iac/sensitive-outputwritten"}}},
		{"one statement of two instances of a module", []Finding{instance("s:module.a.x.p", 3, "fail", "module.a.x.p allows s3:*"), instance("s:module.b.x.p", 3, "fail", "module.b.x.p allows s3:*"), instance("s:module.c.x.p", 3, "fail", "allows ec2:*"), instance("s:module.d.x.p", 4, "fail", "allows s3:*")},
			[]string{"module.a.x.p allows s3:*", "allows ec2:*", "allows s3:*"}, [][]string{{"s:module.b.x.p3"}, nil, nil}},
		{"one reason in a stack", []Finding{instance("s:x.a", 3, "unknown", "member depends on x"), instance("s:x.b", 9, "unknown", "members depends on x"), instance("s:x.c", 9, "unknown", "member depends on y"), instance("t:x.a", 3, "unknown", "member depends on x")},
			[]string{"member depends on x; so it is elsewhere (1)", "member depends on y", "member depends on x"}, [][]string{{"s:x.b9"}, nil, nil}},
		{"another subject", []Finding{at(privileged, Deny, 3, "a", "p"), with(at(baseline, Deny, 3, "b", "p"), func(f *Finding) { f.Subject.ID = "v" })}, []string{"a", "b"}, [][]string{nil, nil}},
		{"a place that is not known", []Finding{at(restricted, Warn, 0, "a", "a"), at(restricted, Warn, 0, "b", "b")}, []string{"a", "b"}, [][]string{nil, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var said []string
			var also [][]string
			for _, f := range Together(c.list) {
				said = append(said, f.Message)
				var prints []string
				for _, other := range f.Also {
					prints = append(prints, other.Fingerprint)
				}
				also = append(also, prints)
			}
			if diff := cmp.Diff(c.want, said); diff != "" {
				t.Errorf("said: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.also, also); diff != "" {
				t.Errorf("also: -want +got:\n%s", diff)
			}
		})
	}
}
