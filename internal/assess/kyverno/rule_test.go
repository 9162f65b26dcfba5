package kyverno

import (
	"strings"
	"testing"

	"gate/internal/doc"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"
)

func TestOfKind(t *testing.T) {
	t.Parallel()
	q := &Request{Group: "apps", Version: "v1", Kind: "Deployment"}
	for pattern, want := range map[string]bool{
		"Deployment": true, "Pod": false, "*": true, "Deploy*": true, "v1/Deployment": true, "v2/Deployment": false, "*/Deployment": true,
		"apps/v1/Deployment": true, "apps/*/Deployment": true, "apps/*/*": true, "batch/v1/Deployment": false, "apps/v1beta1/Deployment": false,
		"*/*": true, "Deployment/scale": false, "Deployment.scale": false, "apps/v1/Deployment/scale": false, "apps/v1/Deployment.scale": false,
		"Deployment/*": true, "*/Deployment/status": false, "deployment": false, "": false,
	} {
		if got := ofKind(q, pattern); got != want {
			t.Errorf("%q: %t, want %t", pattern, got, want)
		}
	}
}

func manifest(t *testing.T, s string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v\n%s", err, s)
	}
	return doc.Map(normal(v))
}

func TestSelected(t *testing.T) {
	t.Parallel()
	pod := &Request{Version: "v1", Kind: "Pod", Name: "web-1", Namespace: "shop", Namespaced: true, NamespaceLabels: map[string]string{"team": "a"},
		Object: map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": "web"}, "annotations": map[string]any{"x/y": "1"}}}}
	open := &Request{Version: "v1", Kind: "Pod", Name: "web-1", Namespace: "shop", Namespaced: true}
	nowhere := &Request{Version: "v1", Kind: "Pod", Name: "web-1", Namespaced: true}
	space := &Request{Version: "v1", Kind: "Namespace", Name: "shop"}
	for _, c := range []struct {
		q    *Request
		rule string
		want value
	}{
		{pod, "match: {any: [{resources: {kinds: [Pod]}}]}", yes},
		{pod, "match: {resources: {kinds: [Pod]}}", yes},
		{pod, "match: {all: [{resources: {kinds: [Pod]}}, {resources: {names: [web-*]}}]}", yes},
		{pod, "match: {all: [{resources: {kinds: [Pod]}}, {resources: {names: [db-*]}}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Service]}}, {resources: {kinds: [Pod], name: web-1}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], namespaces: [sh*p]}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], namespaces: [other]}}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Pod], operations: [UPDATE, DELETE]}}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Pod], operations: [CREATE]}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], annotations: {'x/*': '?'}}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], annotations: {'x/*': '2'}}}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Pod], selector: {matchLabels: {'a*': 'w?b'}}}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {team: a}}}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {team: b}}}}]}", no},
		{open, "match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {team: b}}}}]}", unsure},
		{nowhere, "match: {any: [{resources: {kinds: [Pod], namespaces: [shop]}}]}", unsure},
		{nowhere, "match: {any: [{resources: {kinds: [Service], namespaces: [shop]}}]}", no},
		{space, "match: {any: [{resources: {kinds: [Namespace], namespaces: [shop]}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod]}, subjects: [{kind: User, name: x}]}]}", unsure},
		{pod, "match: {any: [{resources: {kinds: [Service]}, clusterRoles: [x]}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Pod]}}]}\nexclude: {any: [{resources: {namespaces: [shop]}}]}", no},
		{pod, "match: {any: [{resources: {kinds: [Pod]}}]}\nexclude: {any: [{resources: {namespaces: [other]}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod]}}]}\nexclude: {all: [{resources: {namespaces: [shop]}}, {resources: {names: [db]}}]}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod]}}]}\nexclude: {any: [{clusterRoles: [cluster-admin]}]}", unsure},
		{pod, "match: {any: [{resources: {kinds: [Pod]}}]}\nexclude: {resources: {}}", yes},
		{pod, "match: {any: [{resources: {kinds: [Pod], wishes: [x]}}]}", unsure},
		{pod, "match: {none: []}", unsure},
		{pod, "match: {any: [{resources: {kinds: [Pod], names: ['" + strings.Repeat("*a", 600) + "']}}]}", unsure},
		{pod, "{}", unsure},
	} {
		m := manifest(t, c.rule)
		if got := selected(c.q, m["match"], m["exclude"]); got.value != c.want {
			t.Errorf("%s: %v (%s), want %v", c.rule, got.value, got.why, c.want)
		}
	}
}

// The table follows https://kyverno.io/docs/policy-types/cluster-policy/preconditions/.
func TestOperate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key, operator, value string
		want                 value
	}{
		{`"a"`, "Equals", `"a"`, yes}, {`"a"`, "Equals", `"b"`, no}, {`"host.mycompany.com"`, "Equals", `"*.mycompany.com"`, yes},
		{`"a"`, "NotEquals", `"b"`, yes}, {`"host.mycompany.com"`, "NotEquals", `"*.mycompany.com"`, no}, {`"1h"`, "Equals", `"60m"`, yes},
		{`"1Gi"`, "Equals", `"1024Mi"`, yes}, {`3`, "Equals", `3`, yes}, {`3`, "Equals", `"3"`, yes}, {`true`, "Equals", `true`, yes},
		{`true`, "Equals", `"true"`, no}, {`[1]`, "Equals", `[1]`, yes}, {`{"a":1}`, "Equals", `{"a":2}`, no},
		{`"a"`, "AnyIn", `["a","b"]`, yes}, {`["x","a"]`, "AnyIn", `["a","b"]`, yes}, {`["x"]`, "AnyIn", `["a","b"]`, no}, {`[]`, "AnyIn", `["a"]`, no},
		{`["a","b"]`, "AllIn", `["a","b","c"]`, yes}, {`["a","x"]`, "AllIn", `["a","b"]`, no}, {`"ab"`, "AllIn", `["a*"]`, yes},
		{`["a","x"]`, "AnyNotIn", `["a"]`, yes}, {`["a"]`, "AnyNotIn", `["a"]`, no}, {`[]`, "AnyNotIn", `["a"]`, no},
		{`["x"]`, "AllNotIn", `["a"]`, yes}, {`["x","a"]`, "AllNotIn", `["a"]`, no}, {`[]`, "AllNotIn", `["a"]`, yes},
		{`"a"`, "In", `["a"]`, yes}, {`"a"`, "NotIn", `["a"]`, no}, {`["a"]`, "NotIn", `["a"]`, unsure}, {`"a"`, "AnyIn", `"[\"a\",\"b\"]"`, yes},
		{`5`, "AnyIn", `"1-10"`, yes}, {`11`, "AnyIn", `"1-10"`, no}, {`["1","2"]`, "AllIn", `[1,2]`, yes}, {`{}`, "AnyIn", `["a"]`, unsure},
		{`3`, "GreaterThan", `2`, yes}, {`2`, "GreaterThanOrEquals", `2`, yes}, {`"512Mi"`, "LessThan", `"1Gi"`, yes}, {`"2Gi"`, "LessThanOrEquals", `"1Gi"`, no},
		{`"1.10.0"`, "GreaterThan", `"1.9.0"`, yes}, {`""`, "LessThan", `"1Gi"`, no}, {`[1]`, "GreaterThan", `0`, unsure},
		{`"2h"`, "DurationGreaterThan", `"1h"`, yes}, {`60`, "DurationLessThanOrEquals", `"1m"`, yes}, {`"x"`, "DurationLessThan", `"1m"`, no},
		{`"a"`, "Resembles", `"a"`, unsure},
	} {
		if got := operate(decoded(t, c.key), c.operator, decoded(t, c.value)); got.value != c.want {
			t.Errorf("%s %s %s: %v, want %v", c.key, c.operator, c.value, got.value, c.want)
		}
	}
}

const podYAML = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  initContainers: [{name: init, image: "ghcr.io/acme/init:1"}]
  containers:
    - {name: a, image: "ghcr.io/acme/a:latest", resources: {limits: {memory: 2Gi}}}
    - {name: b, image: "ghcr.io/acme/b@sha256:0000", securityContext: {capabilities: {drop: [ALL]}}}
`

func TestJudge(t *testing.T) {
	t.Parallel()
	const pods = "match: {any: [{resources: {kinds: [Pod]}}]}\n"
	for name, c := range map[string]struct {
		rule   string
		want   Outcome
		detail string // places, or a part of the reason or message
	}{
		"pattern":                           {`validate: {message: m, pattern: {spec: {containers: [{image: "!*:latest"}]}}}`, Fail, "spec.containers[0].image"},
		"anyPattern":                        {`validate: {anyPattern: [{spec: {hostNetwork: true}}, {metadata: {labels: {app: w*}}}]}`, Pass, ""},
		"no pattern of any":                 {`validate: {anyPattern: [{spec: {hostNetwork: true}}, {metadata: {labels: {app: x}}}]}`, Fail, ""},
		"deny":                              {`validate: {deny: {conditions: {any: [{key: "{{ request.object.metadata.labels.app }}", operator: Equals, value: web}]}}}`, Fail, "metadata.labels.app"},
		"deny all":                          {`validate: {deny: {}}`, Fail, ""},
		"deny not met":                      {`validate: {deny: {conditions: {all: [{key: "{{ request.operation }}", operator: Equals, value: DELETE}]}}}`, Pass, ""},
		"preconditions":                     {"preconditions: {all: [{key: \"{{ request.object.metadata.labels.app || '' }}\", operator: Equals, value: db}]}\nvalidate: {deny: {}}", Skip, ""},
		"an absent variable":                {`validate: {deny: {conditions: [{key: "{{ request.object.spec.none }}", operator: Equals, value: x}]}}`, Unknown, "is not set"},
		"a default for it":                  {`validate: {deny: {conditions: [{key: "{{ request.object.spec.none || 'x' }}", operator: Equals, value: x}]}}`, Fail, ""},
		"foreach with a pattern":            {`validate: {foreach: [{list: request.object.spec.initContainers, pattern: {image: "ghcr.io/*"}}, {list: "request.object.spec.containers", pattern: {image: "*:1"}}]}`, Fail, "spec.containers[0].image spec.containers[1].image"},
		"foreach over nothing":              {`validate: {foreach: [{list: request.object.spec.ephemeralContainers, pattern: {image: "x"}}]}`, Skip, ""},
		"foreach with deny":                 {`validate: {foreach: [{list: "request.object.spec.[initContainers, containers][]", preconditions: {all: [{key: "{{ element.name }}", operator: NotEquals, value: init}]}, deny: {conditions: {all: [{key: ALL, operator: AnyNotIn, value: "{{ element.securityContext.capabilities.drop[] || '' }}"}]}}}]}`, Fail, "spec.containers[0]"},
		"foreach within foreach":            {"validate: {foreach: [{list: request.object.spec.containers, foreach: [{list: \"element.securityContext.capabilities.drop || `[]`\", deny: {conditions: {any: [{key: \"{{ element }}\", operator: Equals, value: ALL}]}}}]}]}", Fail, "spec.containers[1].securityContext.capabilities.drop[0]"},
		"context variable":                  {"context: [{name: n, variable: {jmesPath: 'length(request.object.spec.containers)', default: 0}}]\nvalidate: {deny: {conditions: {any: [{key: \"{{ n }}\", operator: GreaterThan, value: 1}]}}}", Fail, ""},
		"context variable with a value":     {"context: [{name: allowed, variable: {value: [a, b]}}, {name: all, variable: {jmesPath: 'request.object.spec.containers[].name'}}]\nvalidate: {deny: {conditions: {any: [{key: \"{{ all }}\", operator: AnyNotIn, value: \"{{ allowed }}\"}]}}}", Pass, ""},
		"context from a ConfigMap":          {"context: [{name: cm, configMap: {name: allowed, namespace: kyverno}}]\nvalidate: {deny: {conditions: {any: [{key: web, operator: AnyIn, value: \"{{ cm.data.names }}\"}]}}}", Fail, ""},
		"a ConfigMap that is not there":     {"context: [{name: cm, configMap: {name: other, namespace: kyverno}}]\nvalidate: {deny: {conditions: {any: [{key: web, operator: AnyIn, value: \"{{ cm.data.names }}\"}]}}}", Unknown, "not in the tree"},
		"apiCall":                           {"context: [{name: n, apiCall: {urlPath: /api/v1/nodes}}]\nvalidate: {deny: {conditions: {any: [{key: \"{{ n }}\", operator: GreaterThan, value: 1}]}}}", Unknown, "apiCall needs a cluster"},
		"an apiCall that nobody uses":       {"context: [{name: n, apiCall: {urlPath: /api/v1/nodes}}]\nvalidate: {pattern: {metadata: {name: '?*'}}}", Pass, ""},
		"who asks":                          {`validate: {deny: {conditions: {any: [{key: "{{ request.userInfo.username }}", operator: Equals, value: x}]}}}`, Unknown, "who asks"},
		"who asks, with a default":          {`validate: {deny: {conditions: {any: [{key: "{{ serviceAccountName || '' }}", operator: Equals, value: x}]}}}`, Unknown, "who asks"},
		"a service account of the pod":      {`validate: {deny: {conditions: {any: [{key: "{{ request.object.spec.serviceAccountName || '' }}", operator: Equals, value: x}]}}}`, Pass, ""},
		"settled beside who asks":           {`validate: {deny: {conditions: {all: [{key: "{{ request.userInfo.username }}", operator: Equals, value: x}, {key: a, operator: Equals, value: b}]}}}`, Pass, ""},
		"images":                            {`validate: {deny: {conditions: {any: [{key: "{{ images.containers.*.registry }}", operator: AnyIn, value: [ghcr.io]}]}}}`, Fail, ""},
		"a variable within a text":          {`validate: {pattern: {metadata: {name: "{{ request.object.metadata.labels.app }}*"}}}`, Pass, ""},
		"a variable within a variable":      {`validate: {deny: {conditions: [{key: "{{ request.object.metadata.labels.{{ request.object.kind == 'Pod' && 'app' || 'x' }} }}", operator: Equals, value: web}]}}`, Fail, ""},
		"an escaped variable":               {`validate: {deny: {conditions: [{key: "\\{{ x }}", operator: Equals, value: "{{ 'a' }}"}]}}`, Pass, ""},
		"a value is no variable":            {`validate: {deny: {conditions: [{key: "x{{ to_string('{{ request.userInfo }}') }}", operator: Equals, value: "y"}]}}`, Unknown, "who asks"},
		"braces of JMESPath":                {"validate: {deny: {conditions: [{key: \"{{ request.object.metadata.{n: name} | n }}\", operator: Equals, value: web}]}}", Fail, ""},
		"functions":                         {"validate: {deny: {conditions: {all: [{key: \"{{ to_upper(trim_prefix(request.object.metadata.name, 'w')) }}\", operator: Equals, value: EB}, {key: \"{{ regex_match('^w.b$', request.object.metadata.name) }}\", operator: Equals, value: true}, {key: \"{{ add(`1`, `2`) }}\", operator: Equals, value: 3}]}}}", Fail, ""},
		"a function of the network":         {"validate: {deny: {conditions: {all: [{key: \"{{ is_external_url('x') }}\", operator: Equals, value: true}]}}}", Unknown, "is_external_url"},
		"the time":                          {"validate: {deny: {conditions: {all: [{key: \"{{ time_now_utc() }}\", operator: Equals, value: x}]}}}", Unknown, "time_now_utc"},
		"references":                        {`validate: {pattern: {spec: {containers: [{name: "$(./../image)"}]}}}`, Unknown, "$( )"},
		"a key that is not known":           {`validate: {pattern: {metadata: {name: "?*"}}, wish: true}`, Unknown, "wish"},
		"manifests":                         {`validate: {manifests: {attestors: []}}`, Unknown, "manifests"},
		"the message":                       {`validate: {message: "{{ request.object.metadata.name }} is wrong {{ request.userInfo }}", deny: {}}`, Fail, ""},
		"many doublings":                    {"validate: {deny: {conditions: [{key: \"{{ [@,@]" + strings.Repeat("|[@,@]", 40) + "|to_string(@) }}\", operator: Equals, value: x}]}}", Unknown, "too large"},
		"the root":                          {"validate: {deny: {conditions: [{key: \"{{ request.object.spec.containers[*].$ }}\", operator: Equals, value: x}]}}", Unknown, "$"},
		"a pad of any width":                {"validate: {deny: {conditions: [{key: \"{{ pad_left('a', `1000000000`) }}\", operator: Equals, value: x}]}}", Unknown, "pad_left"},
		"growing texts":                     {"validate: {deny: {conditions: [{key: \"{{ 'a'" + strings.Repeat("|base64_encode(@)", 90) + " }}\", operator: Equals, value: x}]}}", Unknown, "too large"},
		"an unknown function within a list": {"validate: {deny: {conditions: [{key: \"{{ is_external_url('x')[] || '' }}\", operator: Equals, value: ''}]}}", Unknown, "is_external_url"},
		"a result too large within a list":  {"validate: {deny: {conditions: [{key: \"{{ [replace_all('" + strings.Repeat("a", 1000) + "', 'a', '" + strings.Repeat("b", 1500) + "')][] || '' }}\", operator: Equals, value: ''}]}}", Unknown, "too large"},
		"values have an order":              {"validate: {deny: {conditions: [{key: \"{{ join(',', images.*.*[].name) }}\", operator: Equals, value: 'a,b,init'}]}}", Fail, ""},
		"keys have an order":                {"validate: {deny: {conditions: [{key: \"{{ join(',', keys(request.object.metadata)) }}\", operator: Equals, value: 'labels,name,namespace'}]}}", Fail, ""},
		"a reference of YAML":               {"validate: {deny: {conditions: [{key: \"{{ parse_yaml('{a: &x [1], b: *x}').b[0] }}\", operator: Equals, value: 1}]}}", Unknown, "too large"},
		"YAML without one":                  {"validate: {deny: {conditions: [{key: \"{{ parse_yaml('{a: [1], b: [1]}').b[0] }}\", operator: Equals, value: 1}]}}", Fail, ""},
		"rejects, if it judges the object":  {"preconditions: {all: [{key: \"{{ request.userInfo.username }}\", operator: Equals, value: x}]}\nvalidate: {deny: {}}", Unknown, "rejects objects, and whether it judges them is not known"},
		"passes, if it judges the object":   {"preconditions: {all: [{key: \"{{ request.userInfo.username }}\", operator: Equals, value: x}]}\nvalidate: {pattern: {metadata: {name: '?*'}}}", Pass, ""},
		"does not judge, whoever asks":      {"preconditions: {all: [{key: \"{{ request.userInfo.username }}\", operator: Equals, value: x}, {key: a, operator: Equals, value: b}]}\nvalidate: {deny: {}}", Skip, ""},
		"an element that is what it has":    {"validate: {foreach: [{list: 'request.object.spec.containers[].image', deny: {conditions: [{key: \"{{ element }}\", operator: Equals, value: '*:latest'}]}}]}", Fail, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRule(manifest(t, "name: r\n"+pods+c.rule), 0)
			o := manifest(t, podYAML)
			before := manifest(t, podYAML)
			q := &Request{Version: "v1", Kind: "Pod", Name: "web", Namespace: "shop", Namespaced: true, Object: o, ConfigMap: func(namespace, name string) map[string]any {
				if namespace == "kyverno" && name == "allowed" {
					return map[string]any{"data": map[string]any{"names": `["web","db"]`}}
				}
				return nil
			}}
			v := r.Judge(q)
			if v.Outcome != c.want {
				t.Fatalf("%s (%s), want %s", v.Outcome, v.Reason, c.want)
			}
			switch {
			case c.want == Fail && c.detail != "" && shownPaths(v.Places) != c.detail:
				t.Errorf("places %s, want %s", shownPaths(v.Places), c.detail)
			case c.want == Unknown && !strings.Contains(v.Reason, c.detail):
				t.Errorf("reason %q, want %q", v.Reason, c.detail)
			}
			if diff := cmp.Diff(before, o); diff != "" {
				t.Errorf("the object is changed: %s", diff)
			}
		})
	}
}

// All loops of a rule share one bound, wherever their elements come from.
func TestLoopsAreBounded(t *testing.T) {
	t.Parallel()
	numbers := func(n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = float64(i)
		}
		return out
	}
	const one = "foreach: [{list: request.object.many, pattern: '*'}]"
	const nested = "foreach: [{list: request.object.few, foreach: [{list: request.object.many, pattern: '*'}]}]"
	for name, c := range map[string]struct {
		rule      string
		few, many int
		want      Outcome
	}{
		"one loop at the bound":   {one, 0, maxElements, Pass},
		"one loop beyond it":      {one, 0, maxElements + 1, Unknown},
		"nested loops within it":  {nested, 3, 1000, Pass},
		"nested loops beyond it":  {nested, 11, 1000, Unknown},
		"loops after one another": {"foreach: [{list: request.object.many, pattern: '*'}, {list: request.object.many, pattern: '*'}]", 0, maxElements/2 + 1, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRule(manifest(t, "name: r\nmatch: {any: [{resources: {kinds: [List]}}]}\nvalidate: {"+c.rule+"}"), 0)
			v := r.Judge(&Request{Kind: "List", Object: map[string]any{"few": numbers(c.few), "many": numbers(c.many)}})
			if v.Outcome != c.want || c.want == Unknown && !strings.Contains(v.Reason, "too many elements") {
				t.Errorf("%s (%s), want %s", v.Outcome, v.Reason, c.want)
			}
		})
	}
}

// A loop within the fifth one is not evaluated.
func TestLoopsAreNotDeep(t *testing.T) {
	t.Parallel()
	for depth, want := range map[int]Outcome{5: Fail, 6: Unknown} {
		rule := strings.Repeat("foreach: [{list: request.object.one, ", depth) + "deny: {}" + strings.Repeat("}]", depth)
		r := newRule(manifest(t, "name: r\nmatch: {any: [{resources: {kinds: [List]}}]}\nvalidate: {"+rule+"}"), 0)
		v := r.Judge(&Request{Kind: "List", Object: map[string]any{"one": []any{"x"}}})
		if v.Outcome != want || want == Unknown && !strings.Contains(v.Reason, "nested too deep") {
			t.Errorf("%d loops: %s (%s), want %s", depth, v.Outcome, v.Reason, want)
		}
	}
}

// No reason repeats a value of the object.
func TestReasonsHideValues(t *testing.T) {
	t.Parallel()
	for _, c := range []string{
		`context: [{name: cm, configMap: {name: "{{ request.object.data.k }}", namespace: x}}]
validate: {deny: {conditions: [{key: "{{ cm.data.x }}", operator: Equals, value: x}]}}`,
		`validate: {deny: {conditions: [{key: "{{ {{ request.object.data.k }}(@) }}", operator: Equals, value: x}]}}`,
		`validate: {deny: {conditions: [{key: "{{ request.object.none.{{ request.object.data.k }} }}", operator: Equals, value: x}]}}`,
		`validate: {pattern: {data: {none: "<{{ request.object.data.pin }}"}}}`,
		`validate: {deny: {conditions: [{key: "{{ to_number(request.object.data.k) }}", operator: Equals, value: x}]}}`,
		`validate: {foreach: [{list: "request.object.data.k", pattern: {a: b}}]}`,
		`validate: {foreach: [{list: "request.object.data.{{ request.object.data.k }}(x)", pattern: {a: b}}]}`,
		`context: [{name: v, variable: {jmesPath: "parse_json('{{ request.object.data.k }}')"}}]
validate: {deny: {conditions: [{key: "{{ v }}", operator: Equals, value: x}]}}`,
	} {
		r := newRule(manifest(t, "name: r\nmatch: {any: [{resources: {kinds: [Secret]}}]}\n"+c), 0)
		q := &Request{Version: "v1", Kind: "Secret", Name: "s", Namespace: "shop", Namespaced: true,
			Object: map[string]any{"kind": "Secret", "data": map[string]any{"k": "hunter2", "pin": "90210"}}}
		if v := r.Judge(q); v.Outcome != Unknown || strings.Contains(v.Reason, "hunter2") || strings.Contains(v.Reason, "90210") {
			t.Errorf("%s\n%s %s", c, v.Outcome, v.Reason)
		}
	}
}

func TestOversized(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1<<20)
	if got := scalar(long, "*"+strings.Repeat("a", 100)+"b"); !got.is(unsure) {
		t.Errorf("a long text: %v", got.value)
	}
	if got := scalar(long, "*"); !got.is(yes) {
		t.Errorf("anything: %v", got.value)
	}
	if got := operate(long, "AnyIn", []any{"*" + strings.Repeat("a", 100) + "b"}); !got.is(unsure) {
		t.Errorf("a long key: %v", got.value)
	}
}

func TestAutogen(t *testing.T) {
	t.Parallel()
	const rule = `{name: r, match: {any: [{resources: {kinds: [%]}}]}, validate: {pattern: {spec: {containers: [{image: "!*:latest"}]}}}}`
	for name, c := range map[string]struct {
		annotations, kinds string
		want               []string
	}{
		"all":            {"{}", "Pod", []string{"r", "autogen-r", "autogen-cronjob-r"}},
		"with a version": {"{}", "v1/Pod", []string{"r", "autogen-r", "autogen-cronjob-r"}},
		"none":           {"{pod-policies.kyverno.io/autogen-controllers: none}", "Pod", []string{"r"}},
		"some":           {"{pod-policies.kyverno.io/autogen-controllers: 'Deployment,Job'}", "Pod", []string{"r", "autogen-r"}},
		"not only pods":  {"{}", "Pod, Service", []string{"r"}},
		"other kinds":    {"{}", "Service", []string{"r"}},
		"names":          {"{}", "Pod], names: [web", []string{"r"}},
		"beside a rule about others": {"{}", "Pod]}}]}, validate: {pattern: {spec: {containers: [{image: '!*:latest'}]}}}}, {name: s, match: {any: [{resources: {kinds: [Service",
			[]string{"r", "autogen-r", "autogen-cronjob-r", "s"}},
	} {
		p, err := Parse(manifest(t, "metadata: {name: p, annotations: "+c.annotations+"}\nspec: {rules: ["+strings.Replace(rule, "%", c.kinds, 1)+"]}"), false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range p.Rules {
			got = append(got, r.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("{{ request.object.metadata.name }}", "Equals", "x*")
	f.Add("{{ a.{b: c} }}{{ {{ }} }}\\{{", "AnyIn", "1-2")
	f.Add("{{ sort_by(request.object.spec.containers, &name)[0].name | to_upper(@) }}", "LessThan", "1Gi")
	f.Fuzz(func(t *testing.T, key, operator, value string) {
		r := newRule(map[string]any{
			"name": "r", "match": map[string]any{"resources": map[string]any{"kinds": []any{"Pod"}}},
			"validate": map[string]any{"message": key, "deny": map[string]any{"conditions": []any{map[string]any{"key": key, "operator": operator, "value": value}}}},
		}, 0)
		var o map[string]any
		if err := yaml.Unmarshal([]byte(podYAML), &o); err != nil {
			t.Fatal(err)
		}
		q := &Request{Version: "v1", Kind: "Pod", Name: "web", Namespace: "shop", Namespaced: true, Object: doc.Map(normal(o))}
		if v := r.Judge(q); v.Outcome == Unknown && v.Reason == "" || v.Outcome == Fail && len(v.Places) == 0 {
			t.Fatalf("%+v", v)
		}
	})
}
