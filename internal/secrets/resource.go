package secrets

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// sensitiveArguments are arguments whose value is a secret although their name
// does not say so: resource type -> argument. "*" are all entries of a map.
// From the schemas of the providers (hashicorp/aws 6, azurerm 4, google 6,
// kubernetes 2, helm 3, vault 5, integrations/github 6, gitlabhq/gitlab 18).
var sensitiveArguments = map[string]map[string]bool{
	"aws_ssm_parameter":                             set("value"),
	"aws_secretsmanager_secret_version":             set("secret_string", "secret_binary"),
	"azurerm_key_vault_secret":                      set("value"),
	"google_secret_manager_secret_version":          set("secret_data"),
	"google_secret_manager_regional_secret_version": set("secret_data"),
	"kubernetes_secret":                             set("data", "binary_data"),
	"kubernetes_secret_v1":                          set("data", "binary_data"),
	"vault_kv_secret_v2":                            set("data_json"),
	"vault_kv_secret":                               set("data_json"),
	"vault_generic_secret":                          set("data_json"),
	"github_actions_secret":                         set("plaintext_value"),
	"github_actions_organization_secret":            set("plaintext_value"),
	"github_actions_environment_secret":             set("plaintext_value"),
	"github_dependabot_secret":                      set("plaintext_value"),
	"tls_self_signed_cert":                          set("private_key_pem"),
	"aws_acm_certificate":                           set("private_key"),
	"aws_iam_server_certificate":                    set("private_key"),
	"google_compute_ssl_certificate":                set("private_key"),
	"google_compute_region_ssl_certificate":         set("private_key"),
}

// Resource returns the secret values that a Terraform resource carries in the
// clear, sorted by path: constants written into sensitive arguments, and
// values of the plan that are not marked sensitive though their name or place
// says so (environment variables of a function, container definitions). The
// paths are those of Resource.After.
func Resource(r facts.Resource) []Typed {
	w := &walker{applied: true, carrier: "plan", after: r.After}
	if r.Origin == "hcl" {
		w.carrier = "file"
	}
	sensitive := sensitiveArguments[r.Type]
	if public(r) {
		sensitive, w.public = nil, true
	}
	w.expressions(nil, r.Expressions, sensitive, 0)
	for _, key := range slices.Sorted(maps.Keys(r.After)) {
		w.argument(source.Path{key}, key, r.After[key], sensitive[key])
	}
	for i := range w.found {
		if t := &w.found[i]; t.Detector == namedValueID {
			t.Detector, t.Description = sensitiveID, typedDescriptions[sensitiveID]
		}
		switch t := &w.found[i]; {
		case !ignored(r, t.Path):
		case t.hidden:
			t.sure = min(t.sure, possible) // it cannot be seen whether it is one until it is set
		default:
			name, _ := t.Path[0].(string)
			t.sure = untilSet(t.sure, t.value, sensitiveArguments[r.Type][name])
		}
	}
	return w.sorted()
}

// ignored says whether changes of the argument that a path leads into are ignored.
func ignored(r facts.Resource, p source.Path) bool {
	list := r.Lifecycle["ignore_changes"]
	name, _ := p[0].(string)
	return list == "all" || slices.ContainsFunc(doc.Texts(list), func(path string) bool {
		root, _, _ := strings.Cut(path, ".")
		return root == name
	})
}

// keysOfResource are the keys of what a resource holds as Secret, before and after, that
// are secrets themselves.
func keysOfResource(r facts.Resource) []string {
	var out []string
	for _, state := range [...]map[string]any{r.Before, r.After} {
		out = append(out, secretKeys(doc.Map(state, "manifest"))...)
		for arg := range sensitiveArguments[r.Type] {
			for k := range doc.Map(state, arg) {
				if secretKey(k) {
					out = append(out, k)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// argument looks at the value of one argument.
func (w *walker) argument(p source.Path, key string, v any, sensitive bool) {
	if !sensitive {
		w.value(p, key, v, 0)
		return
	}
	switch v := v.(type) {
	case string:
		w.add(w.content(v), sensitiveID, p, v, 0)
	case map[string]any:
		if !isRedacted(v) {
			w.secretData(p, v, false)
		}
	}
}

// public says whether what a type keeps may be read by everybody who may describe
// it, so that it is no place for a secret, and nothing says that one stands there: a
// parameter of AWS Systems Manager of type String, whose name does not say secret.
func public(r facts.Resource) bool {
	return r.Type == "aws_ssm_parameter" && readable(argumentOf(r, "type"), argumentOf(r, "name"))
}

func readable(kind, name string) bool {
	return (kind == "String" || kind == "StringList") && classify(name) == plainName
}

// argumentOf is the text of an argument as it is planned or written.
func argumentOf(r facts.Resource, name string) string {
	return cmp.Or(doc.Text(r.After, name), doc.Text(r.Expressions, name, "constant"))
}

// content judges the text of an argument that exists to hold a secret.
func (w *walker) content(v string) certainty {
	trimmed := strings.TrimSpace(v)
	switch {
	case w.safe(v), elsewhere(trimmed):
		return noSecret
	case strings.HasPrefix(trimmed, "{"), strings.HasPrefix(trimmed, "["), strings.Contains(trimmed, "\n"):
		return max(w.inside(trimmed), possible)
	case words(trimmed) && !strings.ContainsAny(trimmed, "0123456789") && len(trimmed) < 12, quantity.regexp().MatchString(trimmed), strings.ContainsAny(trimmed, " \t"):
		return possible
	}
	return max(secretName.judge(v, w.applied), possible)
}

// expressions looks at the constants of a configuration block.
func (w *walker) expressions(p source.Path, block map[string]any, sensitive map[string]bool, depth int) {
	if depth > maxWalk {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(block)) {
		at := append(p[:len(p):len(p)], key)
		switch v := block[key].(type) {
		case map[string]any:
			if constant, ok := v["constant"]; ok && isRedacted(constant) {
				if !w.public {
					w.masked(at)
				}
			} else if ok {
				w.argument(at, key, constant, depth == 0 && sensitive[key])
			} else if _, refers := v["references"]; !refers {
				w.expressions(at, v, nil, depth+1)
			}
		case []any:
			for i, e := range v {
				if b, ok := e.(map[string]any); ok {
					w.block(append(at[:len(at):len(at)], i), b, depth+1)
				}
			}
		}
	}
}

// masked adds what was masked in a constant: the reader of plans masks what the
// providers call sensitive, and a constant in such an argument is a secret
// written into the configuration. A masked map is told apart by its entries.
func (w *walker) masked(p source.Path) {
	var visit func(p source.Path, v any, depth int)
	visit = func(p source.Path, v any, depth int) {
		m, isMap := v.(map[string]any)
		list := doc.List(v)
		switch {
		case depth > maxWalk:
		case v == nil && depth == 0, isRedacted(v):
			w.add(maskedAs(p), sensitiveID, p, "", 0)
			w.found[len(w.found)-1].hidden = true
		case isMap:
			for _, k := range slices.Sorted(maps.Keys(m)) {
				visit(append(p[:len(p):len(p)], k), m[k], depth+1)
			}
		default:
			for i, e := range list {
				visit(append(p[:len(p):len(p)], i), e, depth+1)
			}
		}
	}
	visit(p, doc.At(w.after, p...), 0)
}

// maskedAs judges by its name what cannot be seen: entries of a masked map may be
// addresses and switches.
func maskedAs(p source.Path) certainty {
	for i := len(p) - 1; i >= 0; i-- {
		if name, ok := p[i].(string); ok {
			if c := classify(name); c == secretName || c == issuedName || len(p) == 1 && !secretMap[name] {
				return certain
			}
			return possible
		}
	}
	return possible
}

// secretMap are arguments whose entries are masked because one of them may be secret.
var secretMap = set("data", "binary_data", "string_data", "variables", "environment", "settings", "app_settings")

func isRedacted(v any) bool {
	m := doc.Map(v)
	_, redacted := m["$redacted"]
	return redacted && len(m) == 1
}

// block looks at one nested block; where it is a pair of name and value, the
// name is what tells (set blocks of helm_release).
func (w *walker) block(p source.Path, b map[string]any, depth int) {
	name, value := constantOf(b["name"]), constantOf(b["value"])
	if sure := classify(name).judge(value, w.applied); sure != noSecret {
		w.add(sure, sensitiveID, append(p[:len(p):len(p)], "value"), value, 0)
		b = without(b, "value")
	}
	w.expressions(p, b, nil, depth)
}

func constantOf(v any) string {
	return doc.Text(v, "constant")
}

func without(m map[string]any, keys ...string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if !slices.Contains(keys, k) {
			out[k] = v
		}
	}
	return out
}
