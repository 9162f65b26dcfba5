package kyverno

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
)

// Bounds of expressions: the library has none, and cannot be stopped.
const (
	maxExpression = 4096    // bytes of one expression
	maxResult     = 1 << 20 // bytes of a result, roughly
	maxWildcard   = 1 << 26 // steps of matching a text with wildcards
	maxSelector   = 1024    // bytes of a text in match or exclude
	maxCompiled   = 1000    // expressions that a rule keeps
)

// evaluation is one rule on one request: what its variables stand for.
type evaluation struct {
	request  *Request
	data     map[string]any // as JMESPath sees it
	entries  []any          // context entries of the policy
	resolved map[string]error
	depth    int
	counted  *int // elements of loops so far
	language *language
}

func (c *evaluation) count() *int {
	if c.counted == nil {
		c.counted = new(int)
	}
	return c.counted
}

func newContext(q *Request, entries any) *evaluation {
	o, _ := normal(q.Object).(map[string]any)
	name := doc.Text(q.Object, "metadata", "name")
	request := map[string]any{
		"operation": "CREATE", "object": o, "oldObject": nil, "dryRun": false, "name": name,
		"kind": map[string]any{"group": q.Group, "version": q.Version, "kind": q.Kind},
	}
	if q.Namespace != "" || !q.Namespaced {
		request["namespace"] = q.Namespace
	}
	return &evaluation{request: q, data: map[string]any{"request": request, "images": images(o)}, entries: doc.List(entries), resolved: map[string]error{}}
}

// inner is an evaluation that has more variables and context entries.
func (c *evaluation) inner(more map[string]any, entries any) *evaluation {
	data := map[string]any{}
	for k, v := range c.data {
		data[k] = v
	}
	for k, v := range more {
		data[k] = v
	}
	resolved := map[string]error{}
	for k, v := range c.resolved {
		resolved[k] = v
	}
	return &evaluation{request: c.request, data: data, entries: slices.Concat(c.entries, doc.List(entries)), resolved: resolved, depth: c.depth, counted: c.count(), language: c.language}
}

// normal returns a value as encoding/json decodes it: JMESPath knows numbers
// only as float64.
func normal(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// substitute replaces the variables of all texts in a value. A text that is one
// variable becomes its value. Keys are not replaced.
func (c *evaluation) substitute(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return c.replaced(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			x, err := c.substitute(e)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if strings.Contains(k, "{{") {
				return nil, errors.New("a variable in a key is not evaluated")
			}
			x, err := c.substitute(e)
			if err != nil {
				return nil, err
			}
			out[k] = x
		}
		return out, nil
	}
	return v, nil
}

func (c *evaluation) replaced(s string) (any, error) {
	as := shown(s) // errors say what the policy has, never a value
	for n := range 64 {
		from, to, ok := variable(s)
		if !ok {
			return strings.ReplaceAll(s, `\{{`, "{{"), nil
		}
		v, err := c.query(strings.TrimSpace(s[from+2 : to-2]))
		if err != nil && n > 0 { // what was replaced before is a part of the expression
			return nil, fmt.Errorf("the variables of %s cannot be evaluated", as)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", as, err)
		}
		if from == 0 && to == len(s) {
			if v == nil {
				return nil, fmt.Errorf("the variable %s is not set", as)
			}
			return v, nil
		}
		t, err := spelled(v)
		if err != nil {
			return nil, fmt.Errorf("a variable of %s: %w", as, err)
		}
		// What a value holds is no variable.
		s = s[:from] + strings.ReplaceAll(t, "{{", `\{{`) + s[to:]
		if len(s) > maxResult {
			return nil, errors.New("a text with variables is too large")
		}
	}
	return nil, errors.New("a text has too many variables")
}

// variable returns the bounds of the innermost {{ }} that comes first, braces
// of JMESPath within it being balanced.
func variable(s string) (from, to int, ok bool) {
	from = -1
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\{{`):
			i += 2
		case strings.HasPrefix(s[i:], "{{"):
			from, depth = i, 0
			i++
		case from >= 0 && s[i] == '{':
			depth++
		case from >= 0 && s[i] == '}' && depth > 0:
			depth--
		case from >= 0 && strings.HasPrefix(s[i:], "}}"):
			return from, i + 2, true
		}
	}
	return 0, 0, false
}

// spelled is a value within a text.
func spelled(v any) (string, error) {
	if s, ok := written(v); ok {
		return s, nil
	}
	if v == nil {
		return "", errors.New("it is not set")
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

var (
	literal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("'(?:\\\\.|[^'\\\\])*'|`(?:\\\\.|[^`\\\\])*`") })
	asksWho = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\buserInfo\b|\brequest"?\s*\.\s*"?(?:roles|clusterRoles|uid)\b|(?:^|[^.\w"])"?serviceAccountName(?:space)?\b`)
	})
	namespace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bnamespace\b`) })
	imagePath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|[^.\w"])images\b`) })
)

// query evaluates one expression.
func (c *evaluation) query(expr string) (any, error) {
	if len(expr) > maxExpression {
		return nil, errExpression
	}
	words := literal().ReplaceAllString(expr, "''")
	switch {
	case asksWho().MatchString(words):
		return nil, errors.New("it depends on who asks")
	case c.request.Namespaced && c.request.Namespace == "" && namespace().MatchString(words):
		return nil, errors.New("objects without a namespace go where they are applied")
	case imagePath().MatchString(words) && c.data["images"] == nil:
		return nil, errors.New("an image of the object has no registry or cannot be read, and its parts depend on the installation")
	}
	for _, e := range c.entries {
		name := doc.Text(e, "name")
		if name != "" && regexp.MustCompile(`(?:^|[^.\w])"?`+regexp.QuoteMeta(name)+`\b`).MatchString(words) {
			if err := c.resolve(name); err != nil {
				return nil, fmt.Errorf("the variable %q: %w", name, err)
			}
		}
	}
	v, err := c.language.search(expr, c.data)
	if err != nil {
		return nil, fmt.Errorf("the expression %w", err)
	}
	return v, nil
}

// built evaluates an expression that may itself have variables.
func (c *evaluation) built(written string, ask func(string) (any, error)) (any, error) {
	expr, err := c.replaced(written)
	if err != nil {
		return nil, err
	}
	v, err := ask(doc.Text(expr))
	if err != nil && doc.Text(expr) != written {
		return nil, fmt.Errorf("the expression %s cannot be evaluated", shown(written))
	}
	return v, err
}

// resolve computes the context entries of a name, once, in their order; the
// last one holds.
func (c *evaluation) resolve(name string) error {
	if err, done := c.resolved[name]; done {
		return err
	}
	c.resolved[name] = nil // a field of that name within its own expression
	if c.depth++; c.depth > 32 {
		return errors.New("variables are nested too deep")
	}
	defer func() { c.depth-- }()
	var err error
	for _, e := range c.entries {
		m := doc.Map(e)
		if doc.Text(m, "name") != name {
			continue
		}
		var v any
		if v, err = c.entry(m); err != nil {
			break
		}
		if raw, failed := json.Marshal(v); failed != nil || len(raw) > maxResult {
			err = errors.New("its value is too large")
			break
		}
		c.data[name] = v
	}
	c.resolved[name] = err
	return err
}

// entry is the value of one context entry.
func (c *evaluation) entry(m map[string]any) (any, error) {
	switch {
	case m["variable"] != nil:
		return c.defined(doc.Map(m, "variable"))
	case m["configMap"] != nil:
		return c.configMap(doc.Map(m, "configMap"))
	}
	for _, k := range []string{"apiCall", "imageRegistry", "globalReference"} {
		if m[k] != nil {
			return nil, fmt.Errorf("%s needs a cluster or a network", k)
		}
	}
	return nil, errors.New("a context entry of this kind is not known")
}

func (c *evaluation) defined(m map[string]any) (any, error) {
	if k := unknownKeys(m, []string{"value", "jmesPath", "default"}); k != "" {
		return nil, fmt.Errorf("%q of a variable is not known", k)
	}
	fallback := func() (any, error) {
		v, err := c.substitute(m["default"])
		return normal(v), err
	}
	var v any
	if m["value"] != nil {
		x, err := c.substitute(m["value"])
		if err != nil {
			return nil, err
		}
		v = normal(x)
	}
	if path := doc.Text(m, "jmesPath"); path != "" {
		ask := c.query
		if m["value"] != nil {
			ask = func(expr string) (any, error) { return c.language.search(expr, v) }
		}
		var err error
		if v, err = c.built(path, ask); err != nil {
			return nil, err
		}
	}
	if v == nil && m["default"] != nil {
		return fallback()
	}
	return v, nil
}

func (c *evaluation) configMap(m map[string]any) (any, error) {
	name, err := c.substitute(m["name"])
	if err != nil {
		return nil, err
	}
	namespace, err := c.substitute(m["namespace"])
	if err != nil {
		return nil, err
	}
	if doc.Text(namespace) == "" {
		namespace = "default"
	}
	if c.request.ConfigMap != nil {
		if found := c.request.ConfigMap(doc.Text(namespace), doc.Text(name)); found != nil {
			return map[string]any{"data": normal(doc.Map(found, "data")), "metadata": normal(found["metadata"])}, nil
		}
	}
	return nil, fmt.Errorf("the ConfigMap %s is not in the tree", shown(m["name"]))
}

// message replaces the variables of a message; one that cannot be replaced
// stays as it is written.
func (c *evaluation) message(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	v, err := c.replaced(s)
	if err != nil {
		return s
	}
	t, err := spelled(v)
	if err != nil {
		return s
	}
	return t
}
