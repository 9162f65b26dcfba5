package engine

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"text/template"
)

func bounded1(r *renderer, f func(any) string) func(any) (string, error) {
	return func(v any) (string, error) {
		if err := r.weigh(v); err != nil {
			return "", err
		}
		return f(v), nil
	}
}

// wide finds the verbs of a format whose width or precision is absurd.
var wide = regexp.MustCompile(`%[^A-Za-z%]*([0-9]{5,}|\*)`)

// boundedLists wraps what can make a long list, or a text of one, out of little.
// base holds sprig's versions.
func (r *renderer) boundedLists(base template.FuncMap) template.FuncMap {
	until := base["until"].(func(int) []int)
	untilStep := base["untilStep"].(func(int, int, int) []int)
	seq := base["seq"].(func(...int) string)
	concat := base["concat"].(func(...any) any)
	join := base["join"].(func(string, any) string)
	return template.FuncMap{
		"until": func(n int) ([]int, error) {
			if err := r.counted(abs(int64(n))); err != nil {
				return nil, err
			}
			return until(n), nil
		},
		"untilStep": func(start, stop, step int) ([]int, error) {
			if err := r.counted(span(start, stop, step)); err != nil {
				return nil, err
			}
			return untilStep(start, stop, step), nil
		},
		"seq": func(p ...int) (string, error) {
			start, stop, step := 1, 1, 1
			switch len(p) {
			case 1:
				stop = p[0]
			case 2:
				start, stop = p[0], p[1]
			case 3:
				start, step, stop = p[0], p[1], p[2]
			}
			if len(p) < 3 && stop < start {
				step = -1
			}
			if err := r.counted(span(start, stop, step)); err != nil {
				return "", err
			}
			return seq(p...), nil
		},
		"concat": func(lists ...any) (any, error) {
			if err := r.weigh(lists...); err != nil {
				return nil, err
			}
			return concat(lists...), nil
		},
		"join": func(sep string, v any) (string, error) {
			if err := r.weigh(v); err != nil {
				return "", err
			}
			s := join(sep, v)
			return s, r.sized(len(s))
		},
	}
}

// boundedTexts wraps what can make a large text out of a small value. base holds
// sprig's versions.
func (r *renderer) boundedTexts(base template.FuncMap) template.FuncMap {
	indent := base["indent"].(func(int, string) string)
	nindent := base["nindent"].(func(int, string) string)
	cat := base["cat"].(func(...any) string)
	quote := base["quote"].(func(...any) string)
	squote := base["squote"].(func(...any) string)
	prettyJSON := base["toPrettyJson"].(func(any) string)
	rawJSON := base["toRawJson"].(func(any) string)
	wrapWith := base["wrapWith"].(func(int, string, string) string)
	text := func(f func() string, values ...any) (string, error) {
		if err := r.weigh(values...); err != nil {
			return "", err
		}
		return f(), nil
	}
	return template.FuncMap{
		"repeat": func(count int, s string) (string, error) {
			if count < 0 {
				return "", fmt.Errorf("negative repeat count %d", count)
			}
			if len(s) > 0 && count > r.limits.StringBytes/len(s) {
				return "", r.sized(r.limits.StringBytes + 1)
			}
			return strings.Repeat(s, count), nil
		},
		"indent": func(n int, s string) (string, error) {
			if err := r.indentable(n, s); err != nil {
				return "", err
			}
			return indent(n, s), nil
		},
		"nindent": func(n int, s string) (string, error) {
			if err := r.indentable(n, s); err != nil {
				return "", err
			}
			return nindent(n, s), nil
		},
		"replace": func(old, repl, s string) (string, error) {
			if n := strings.Count(s, old); n > 0 && len(repl) > len(old) && n > r.limits.StringBytes/len(repl) {
				return "", r.sized(r.limits.StringBytes + 1)
			}
			return strings.ReplaceAll(s, old, repl), nil
		},
		"wrapWith": func(n int, sep, s string) (string, error) {
			if len(sep) > 0 && len(s)/max(n, 1)+1 > r.limits.StringBytes/len(sep) {
				return "", r.sized(r.limits.StringBytes + 1)
			}
			return wrapWith(n, sep, s), nil
		},
		"cat":          func(v ...any) (string, error) { return text(func() string { return cat(v...) }, v...) },
		"quote":        func(v ...any) (string, error) { return text(func() string { return quote(v...) }, v...) },
		"squote":       func(v ...any) (string, error) { return text(func() string { return squote(v...) }, v...) },
		"toPrettyJson": bounded1(r, prettyJSON),
		"toRawJson":    bounded1(r, rawJSON),
		"print":        func(v ...any) (string, error) { return text(func() string { return fmt.Sprint(v...) }, v...) },
		"println":      func(v ...any) (string, error) { return text(func() string { return fmt.Sprintln(v...) }, v...) },
		"printf": func(format string, v ...any) (string, error) {
			if wide.MatchString(format) {
				return "", fmt.Errorf("format %q is too wide: %w", clip(format), ErrLimit)
			}
			return text(func() string { return fmt.Sprintf(format, v...) }, v...)
		},
	}
}

func (r *renderer) indentable(n int, s string) error {
	if n < 0 {
		return fmt.Errorf("negative indentation %d", n)
	}
	if lines := strings.Count(s, "\n") + 1; n > r.limits.StringBytes/lines {
		return r.sized(r.limits.StringBytes + 1)
	}
	return nil
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// span is the number of elements from start to stop. Numbers near the end of
// the range count as too many: sprig's loop would overflow and never end.
func span(start, stop, step int) int64 {
	const far = 1 << 53
	if step == 0 {
		return 0
	}
	for _, n := range []int{start, stop, step} {
		if n > far || n < -far {
			return math.MaxInt64
		}
	}
	return abs((int64(stop) - int64(start)) / int64(step))
}
