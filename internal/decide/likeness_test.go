package decide

import (
	"testing"

	"gate/internal/source"
)

// TestLikeness says of two findings of one rule whether they are one.
func TestLikeness(t *testing.T) {
	t.Parallel()
	type finding struct {
		id, words string
		path      source.Path
		kind      string
		text      string // at its place
		effect    Effect
	}
	const web, site = "helm:c@web#apps/Deployment/shop/web", "helm:c@site#apps/Deployment/shop/site"
	renamed := map[string]string{web: site, "helm:c@web": "helm:c@site", "file:a.yaml": "file:b.yaml", "terraform:s:module.a": "terraform:s:module.b", "stack:s": "stack:t"}
	path := func(steps ...any) source.Path { return steps }
	for _, c := range []struct {
		name       string
		base, head finding
		want       bool
	}{
		{"the same", finding{id: "x", words: "m"}, finding{id: "x", words: "m"}, true},
		{"another subject", finding{id: "x", words: "m"}, finding{id: "y", words: "m"}, false},
		{"other words", finding{id: "x", words: `opens "10.0.0.0/8"`}, finding{id: "x", words: `opens "0.0.0.0/0"`}, false},
		{"another field", finding{id: "x", words: "m", path: path("a")}, finding{id: "x", words: "m", path: path("b")}, false},
		{"another index", finding{id: "x", words: "m", path: path("a", 0, "b")}, finding{id: "x", words: "m", path: path("a", 3, "b")}, true},
		{"another index under another key", finding{id: "x", words: "m", path: path("jobs", "a", "steps", 0)}, finding{id: "x", words: "m", path: path("jobs", "b", "steps", 0)}, false},
		{"an index in the subject", finding{id: "assessment:j:c:x:spec.containers[0].ports[1]", words: "m"}, finding{id: "assessment:j:c:x:spec.containers[2].ports[0]", words: "m"}, true},
		{"a key in brackets in the subject", finding{id: `assessment:j:c:x:data["a"]`, words: "m"}, finding{id: `assessment:j:c:x:data["b"]`, words: "m"}, false},
		{"renamed", finding{id: web, words: `Deployment "web" runs`}, finding{id: site, words: `Deployment "site" runs`}, true},
		{"renamed, with its container of the same name", finding{id: web + "/web", words: `container "web" of "shop/web"`}, finding{id: site + "/web", words: `container "web" of "shop/site"`}, true},
		{"renamed, another container", finding{id: web + "/a", words: `container "a"`}, finding{id: site + "/b", words: `container "b"`}, false},
		{"renamed, and worse", finding{id: web, words: `"web" mounts "/var/log"`}, finding{id: site, words: `"site" mounts "/"`}, false},
		{"renamed, and its image as well", finding{id: web + "/c", words: `image "web:1" of "web"`}, finding{id: site + "/c", words: `image "site:1" of "site"`}, false},
		{"not renamed to that", finding{id: web, words: "m"}, finding{id: "helm:c@other#apps/Deployment/shop/other", words: "m"}, false},
		{"its assessment", finding{id: "assessment:j:c:" + web + ":spec", words: "m"}, finding{id: "assessment:j:c:" + site + ":spec", words: "m"}, true},
		{"its reference", finding{id: "reference:" + web + ":spec", words: "m"}, finding{id: "reference:" + site + ":spec", words: "m"}, true},
		{"its unit", finding{id: "helm:c@web", words: `"web"`}, finding{id: "helm:c@site", words: `"site"`}, true},
		{"a file", finding{id: "file:a.yaml", words: `"a.yaml" is bad`}, finding{id: "file:b.yaml", words: `"b.yaml" is bad`}, true},
		{"a stack and a module in it", finding{id: "stack:s", kind: "stack", words: "m", path: path("requirements", "module.a", "aws")}, finding{id: "stack:t", kind: "stack", words: "m", path: path("requirements", "module.a", "aws")}, true},
		{"a version of an image", finding{id: "x", words: `image "r.example.com:5000/a:1" is`}, finding{id: "x", words: `image "r.example.com:5000/a:2" is`}, true},
		{"a tag that comes", finding{id: "x", words: `image "r.example.com:5000/a" is`}, finding{id: "x", words: `image "r.example.com:5000/a:2" is`}, true},
		{"another image", finding{id: "x", words: `image "a:1" is`}, finding{id: "x", words: `image "b:1" is`}, false},
		{"another registry", finding{id: "x", words: `image "r.example.com:5000/a:1" is`}, finding{id: "x", words: `image "r.example.com:6000/a:1" is`}, false},
		{"another digest", finding{id: "x", words: `image "a@sha256:0" is`}, finding{id: "x", words: `image "a@sha256:1" is`}, false},
		{"another ref of an action", finding{id: "x", words: `"a/b@v1" is`}, finding{id: "x", words: `"a/b@v2" is`}, true},
		{"another action", finding{id: "x", words: `"a/b@v1" is`}, finding{id: "x", words: `"a/c@v1" is`}, false},
		{"another group", finding{id: "x", words: `binds "system:masters"`}, finding{id: "x", words: `binds "system:anonymous"`}, false},
		{"another right", finding{id: "x", words: `allows "iam:GetUser"`}, finding{id: "x", words: `allows "iam:PassRole"`}, false},
		{"another member", finding{id: "x", words: `"user:a@example.com"`}, finding{id: "x", words: `"user:a@example.org"`}, false},
		{"another port", finding{id: "x", words: "port 80"}, finding{id: "x", words: "port 22"}, false},
		{"another count of a stack", finding{id: "x", kind: "stack", words: "owns 200 resources"}, finding{id: "x", kind: "stack", words: "owns 201 resources"}, true},
		{"another name in a stack", finding{id: "x", kind: "stack", words: `owns "200"`}, finding{id: "x", kind: "stack", words: `owns "201"`}, false},
		{"it leads to more", finding{id: "x", words: "m", effect: Warn}, finding{id: "x", words: "m", effect: Deny}, false},
		{"it leads to less", finding{id: "x", words: "m", effect: Deny}, finding{id: "x", words: "m", effect: Warn}, true},
		{"a secret", finding{id: "secret:d:f:1", kind: "secret", words: "m", text: "v"}, finding{id: "secret:d:f:2", kind: "secret", words: "m", text: "v"}, true},
		{"another value of a secret", finding{id: "secret:d:f:1", kind: "secret", words: "m", text: "v"}, finding{id: "secret:d:f:1", kind: "secret", words: "m", text: "w"}, false},
		{"another object of the namespace", finding{id: "x", words: `namespace "a" has`, path: path("metadata", "namespace")}, finding{id: "y", words: `namespace "a" has`, path: path("metadata", "namespace")}, true},
		{"another namespace", finding{id: "x", words: `namespace "a" has`, path: path("metadata", "namespace")}, finding{id: "y", words: `namespace "b" has`, path: path("metadata", "namespace")}, false},
		{"another object in the default namespace", finding{id: "x", words: `Pod "a" has`, path: path("metadata", "namespace")}, finding{id: "y", words: `Pod "b" has`, path: path("metadata", "namespace")}, false},
		{"a secret that was moved", finding{id: "secret:d:f:1", kind: "secret", words: `at "f"`, text: "v"}, finding{id: "secret:d:g:1", kind: "secret", words: `at "g"`, text: "v"}, true},
		{"a secret elsewhere whose value is not known", finding{id: "secret:d:f:1", kind: "secret", words: `at "f"`}, finding{id: "secret:d:g:1", kind: "secret", words: `at "g"`}, false},
		{"a permutation of a chart", finding{id: "helm:c@ci/b#/Pod/a/b", words: "m"}, finding{id: "helm:c@ci/a#/Pod/a/b", words: "m"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			made := func(x finding, line int) Finding {
				f := Finding{Rule: "a/b", Message: x.words, Path: x.path, Effect: x.effect, Subject: SubjectRef{ID: x.id, Kind: x.kind}}
				f.Location.Line = line
				return f
			}
			base, head := made(c.base, 1), made(c.head, 2)
			texts := map[int]string{1: c.base.text, 2: c.head.text}
			at := func(p source.Position) string { return texts[p.Line] }
			b := &Before{Findings: []Finding{base}, Renamed: renamed, Was: at, Is: at}
			got := false
			k := newKnown(b)
			for _, like := range likenesses {
				k.index(like)
				got = got || k.take(like, &head)
			}
			if got != c.want {
				t.Errorf("one finding: %v, want %v", got, c.want)
			}
		})
	}
}

// TestFingerprintsBesideABase: what is existing keeps its fingerprint, and what is
// new has none of the base.
func TestFingerprintsBesideABase(t *testing.T) {
	t.Parallel()
	at := func(words string, index int) Finding {
		return Finding{Rule: "a/b", Message: words, Subject: SubjectRef{ID: "x"}, Path: source.Path{"ports", index}}
	}
	before := []Finding{at("port 80", 0)}
	fingerprints(before)
	r := &ruling{Input: Input{Before: &Before{Findings: before}}, findings: []Finding{at("port 22", 0), at("port 80", 1)}}
	fingerprints(r.findings)
	own := r.findings[1].Fingerprint
	r.states()
	if got := r.findings[1].Fingerprint; got != before[0].Fingerprint || got == own {
		t.Errorf("the existing one has %s, want %s", got, before[0].Fingerprint)
	}
	if got := r.findings[0].Fingerprint; got == before[0].Fingerprint || len(got) != 32 {
		t.Errorf("the new one has %s", got)
	}
}
