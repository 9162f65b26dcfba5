package kyverno

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/version"
)

// scalar says whether a value matches a pattern that is no object or list
// (https://kyverno.io/docs/policy-types/cluster-policy/validate/#operators).
// A field that is absent has the value nil.
func scalar(v, pattern any) truth {
	switch p := pattern.(type) {
	case nil:
		switch v := v.(type) {
		case map[string]any, []any:
			return holds(false)
		case bool:
			return holds(!v)
		case string:
			return holds(v == "")
		}
		n, ok := number(v)
		return holds(v == nil || ok && n == 0)
	case bool:
		b, ok := v.(bool)
		return holds(ok && b == p)
	case string:
		return alternatives(v, p)
	}
	want, ok := number(pattern)
	if !ok {
		return unsureOf("a pattern of a type that is not known")
	}
	if s, isText := v.(string); isText {
		have, err := strconv.ParseFloat(s, 64)
		return holds(err == nil && have == want)
	}
	have, ok := number(v)
	return holds(ok && have == want)
}

// alternatives reads "a | b & c": and binds closer.
func alternatives(v any, pattern string) truth {
	if v == any(pattern) {
		return holds(true)
	}
	if pattern == "" && v == nil {
		return unsureOf(`an absent field against the pattern ""`)
	}
	out := holds(false)
	for _, either := range strings.Split(pattern, "|") {
		t := holds(true)
		for _, p := range strings.Split(either, "&") {
			t = t.and(compared(v, strings.TrimSpace(p)))
		}
		out = out.or(t)
	}
	return out
}

// An end of a range may be negative and have a unit.
var (
	within = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([-+]?\d+(?:\.\d+)?[A-Za-z]*)\s*-\s*([-+]?\d+(?:\.\d+)?[A-Za-z]*)$`)
	})
	outside = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([-+]?\d+(?:\.\d+)?[A-Za-z]*)\s*!-\s*([-+]?\d+(?:\.\d+)?[A-Za-z]*)$`)
	})
)

func compared(v any, pattern string) truth {
	if m := outside().FindStringSubmatch(pattern); m != nil {
		return operated(v, "<", m[1]).or(operated(v, ">", m[2]))
	}
	if m := within().FindStringSubmatch(pattern); m != nil {
		return operated(v, ">=", m[1]).and(operated(v, "<=", m[2]))
	}
	for _, op := range []string{">=", "<=", ">", "<", "!"} {
		if rest, ok := strings.CutPrefix(pattern, op); ok {
			return operated(v, op, strings.TrimSpace(rest))
		}
	}
	return operated(v, "", pattern)
}

// operated compares as durations, as quantities and as texts; what compares in
// one way holds. "" is equal, "!" is not equal.
func operated(v any, op, pattern string) truth {
	if v == nil {
		// The documentation says that an absent field fails, the engine
		// compares it as 0.
		if r, ok := order("0", pattern); ok && ordered(r, op) {
			return unsureOf("it compares an absent field with a number")
		}
		return holds(false)
	}
	s, ok := written(v)
	if !ok {
		return holds(false)
	}
	if _, isBool := v.(bool); !isBool {
		if r, ok := order(s, pattern); ok && ordered(r, op) {
			return holds(true)
		}
	}
	switch op {
	case "":
		return like(pattern, s)
	case "!":
		return like(pattern, s).not()
	}
	return holds(false)
}

// like matches wildcards in texts of objects, which may be of any size.
func like(pattern, s string) truth {
	if len(pattern)*len(s) > maxWildcard && len(pattern) > 1 {
		return unsureOf("a text is too large to be matched")
	}
	return holds(Wildcard(pattern, s))
}

// order compares two texts as durations, else as quantities, else as versions.
func order(a, b string) (int, bool) {
	if x, err := time.ParseDuration(a); err == nil {
		if y, err := time.ParseDuration(b); err == nil {
			return compareInt(int64(x), int64(y)), true
		}
	}
	x, okA := quantity(a)
	y, okB := quantity(b)
	if okA && okB {
		return x.Cmp(y), true
	}
	return 0, false
}

// orderVersions compares two semantic versions.
func orderVersions(a, b string) (int, bool) {
	x, errA := version.ParseSemantic(a)
	y, errB := version.ParseSemantic(b)
	switch {
	case errA != nil || errB != nil:
		return 0, false
	case x.LessThan(y):
		return -1, true
	case y.LessThan(x):
		return 1, true
	}
	return 0, true
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func ordered(r int, op string) bool {
	switch op {
	case ">":
		return r > 0
	case ">=":
		return r >= 0
	case "<":
		return r < 0
	case "<=":
		return r <= 0
	case "!":
		return r != 0
	}
	return r == 0
}

// The library computes with as many digits as an exponent asks for.
var quantityForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[-+]?[0-9.]{1,40}(?:[eE][-+]?[0-9]{1,2}|[numkKMGTPE]i?)?$`)
})

func quantity(s string) (resource.Quantity, bool) {
	if !quantityForm().MatchString(s) {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(s)
	return q, err == nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// written is a scalar as text.
func written(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	}
	if f, ok := number(v); ok {
		if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return strconv.FormatInt(int64(f), 10), true
		}
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	return "", false
}
