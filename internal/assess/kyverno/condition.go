package kyverno

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gate/internal/doc"
)

// conditions evaluates preconditions or the conditions of a deny rule: any,
// all, or a list, which means all. Without one they hold
// (https://kyverno.io/docs/policy-types/cluster-policy/preconditions/).
func (c *evaluation) conditions(v any) truth {
	if l, ok := v.([]any); ok {
		return c.allOf(l)
	}
	m, ok := v.(map[string]any)
	if !ok {
		if v == nil {
			return holds(true)
		}
		return unsureOf("its conditions cannot be read")
	}
	if k := unknownKeys(m, []string{"any", "all"}); k != "" {
		return unsureOf(fmt.Sprintf("%q of its conditions is not known", k))
	}
	out := c.allOf(doc.List(m, "all"))
	if l := doc.List(m, "any"); len(l) > 0 {
		any := holds(false)
		for _, e := range l {
			any = any.or(c.condition(doc.Map(e)))
		}
		out = out.and(any)
	}
	return out
}

func (c *evaluation) allOf(l []any) truth {
	out := holds(true)
	for _, e := range l {
		if m := doc.Map(e); m["any"] != nil || m["all"] != nil { // a list of blocks
			out = out.and(c.conditions(m))
			continue
		}
		out = out.and(c.condition(doc.Map(e)))
	}
	return out
}

func (c *evaluation) condition(m map[string]any) truth {
	if k := unknownKeys(m, []string{"key", "operator", "value", "message"}); k != "" {
		return unsureOf(fmt.Sprintf("%q of a condition is not known", k))
	}
	key, err := c.substitute(m["key"])
	if err != nil {
		return unsureOf(err.Error())
	}
	value, err := c.substitute(m["value"])
	if err != nil {
		return unsureOf(err.Error())
	}
	if key == nil || value == nil {
		return unsureOf(fmt.Sprintf("a condition compares with nothing: %s", shown(m["key"])))
	}
	return operate(key, doc.Text(m, "operator"), value)
}

// shown is a key of a condition as it is written in the policy.
func shown(v any) string {
	s := strings.Join(strings.Fields(doc.Text(v)), " ")
	if len(s) > 120 {
		s = s[:120] + "..."
	}
	return strconv.Quote(s)
}

func operate(key any, operator string, value any) truth {
	switch op := strings.ToLower(operator); op {
	case "equal", "equals":
		return equals(key, value)
	case "notequal", "notequals":
		return equals(key, value).not()
	case "in", "allin":
		return members(key, value, func(in, of int) bool { return in == of })
	case "anyin":
		return members(key, value, func(in, _ int) bool { return in > 0 })
	case "anynotin":
		return members(key, value, func(in, of int) bool { return in < of })
	case "notin", "allnotin":
		if _, several := key.([]any); several && op == "notin" {
			return unsureOf("NotIn with a list is not evaluated, AllNotIn or AnyNotIn say what is meant")
		}
		return members(key, value, func(in, _ int) bool { return in == 0 })
	case "greaterthan":
		return numeric(key, ">", value)
	case "greaterthanorequals":
		return numeric(key, ">=", value)
	case "lessthan":
		return numeric(key, "<", value)
	case "lessthanorequals":
		return numeric(key, "<=", value)
	case "durationgreaterthan":
		return durations(key, ">", value)
	case "durationgreaterthanorequals":
		return durations(key, ">=", value)
	case "durationlessthan":
		return durations(key, "<", value)
	case "durationlessthanorequals":
		return durations(key, "<=", value)
	}
	return unsureOf(fmt.Sprintf("the operator %q is not known", operator))
}

// equals compares one key with one value; the value may have wildcards, and
// durations and quantities are compared as such.
func equals(key, value any) truth {
	switch k := key.(type) {
	case string:
		s, ok := written(value)
		if !ok {
			return holds(false)
		}
		if _, isBool := value.(bool); isBool {
			return holds(false)
		}
		if r, ok := order(k, s); ok && r == 0 {
			return holds(true)
		}
		return like(s, k)
	case bool:
		v, ok := value.(bool)
		return holds(ok && k == v)
	case map[string]any, []any:
		return holds(reflect.DeepEqual(key, value))
	}
	k, ok := number(key)
	if !ok {
		return unsureOf("a condition on a type that is not known")
	}
	if v, ok := number(value); ok {
		return holds(k == v)
	}
	if s, isText := value.(string); isText {
		w, _ := written(key)
		r, ok := order(w, s)
		return holds(ok && r == 0)
	}
	return holds(false)
}

// members counts how many keys are found in the values.
func members(key, value any, decide func(in, of int) bool) truth {
	keys, ok := key.([]any)
	if !ok {
		if _, isMap := key.(map[string]any); isMap {
			return unsureOf("an object is no key of a set")
		}
		keys = []any{key}
	}
	values, spread := value.([]any)
	if s, isText := value.(string); isText {
		if strings.HasPrefix(strings.TrimSpace(s), "[") && json.Unmarshal([]byte(s), &values) == nil {
			spread = true
		}
	}
	if _, isMap := value.(map[string]any); isMap {
		return unsureOf("an object is no set")
	}
	if !spread {
		values = []any{value}
	}
	if len(keys)*len(values) > maxElements*100 {
		return unsureOf("a set is too large")
	}
	in := 0
	for _, k := range keys {
		found := holds(false)
		for _, v := range values {
			if found = found.or(member(k, v, !spread)); found.is(yes) {
				break
			}
		}
		switch found.value {
		case unsure:
			return found
		case yes:
			in++
		}
	}
	return holds(decide(in, len(keys)))
}

func member(key, value any, ranges bool) truth {
	k, okK := written(key)
	v, okV := written(value)
	if !okK || !okV {
		return holds(reflect.DeepEqual(key, value))
	}
	if ranges && (within().MatchString(v) || outside().MatchString(v)) {
		return holds(k == v).or(compared(key, v))
	}
	return like(v, k).or(like(k, v))
}

// numeric compares numbers, quantities, durations and versions; what does not
// compare is false.
func numeric(key any, op string, value any) truth {
	if isSet(key) || isSet(value) {
		return unsureOf("a list or object is compared by size")
	}
	k, okK := written(key)
	v, okV := written(value)
	if !okK || !okV {
		return holds(false)
	}
	if r, ok := order(k, v); ok {
		return holds(ordered(r, op))
	}
	if r, ok := orderVersions(k, v); ok {
		return holds(ordered(r, op))
	}
	return holds(false)
}

func isSet(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// durations compares durations; a number is seconds.
func durations(key any, op string, value any) truth {
	k, okK := seconds(key)
	v, okV := seconds(value)
	if !okK || !okV {
		return holds(false)
	}
	r := 0
	switch {
	case k < v:
		r = -1
	case k > v:
		r = 1
	}
	return holds(ordered(r, op))
}

func seconds(v any) (float64, bool) {
	if f, ok := number(v); ok {
		return f, true
	}
	d, err := time.ParseDuration(doc.Text(v))
	return d.Seconds(), err == nil
}
