package source

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
)

type odd struct{ value string }

func TestPanicked(t *testing.T) {
	t.Parallel()
	const value = "Vq7plumHarbor91xTide"
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"index", func() { _ = make([]int, 1)[len(value)] }, "runtime error: index out of range [20] with length 1"},
		{"type", func() { _ = any(value).(int) }, "interface conversion: interface {} is string, not int"},
		{"plain words", func() { panic("strings: negative Repeat count") }, "strings: negative Repeat count"},
		{"quoted", func() { panic("regexp: Compile(`" + value + "`): missing closing )") }, "regexp: … missing closing )"},
		{"quoted in two ways", func() { panic(fmt.Sprintf("no %q and '%s' here", value, value)) }, "no … and … here"},
		{"cut quote", func() { panic(`no "` + value) }, "no …"},
		{"in a word", func() { panic(errors.New("bad value " + value)) }, "bad value …"},
		{"capital word", func() { panic(errors.New("Bad value Harbor")) }, "Bad value Harbor"},
		{"several lines", func() { panic("bad\nvalue " + value) }, "bad"},
		{"a long word", func() { panic("bad " + strings.Repeat("a", 30)) }, "bad …"},
		{"after a sign", func() { panic("password=" + value) }, "…"},
		{"runtime's words before the value", func() { panic(fmt.Errorf("runtime error: %s", value)) }, "runtime error: …"},
		{"a value of its own type", func() { panic(odd{value}) }, "a source.odd"},
		{"nothing", func() { panic("") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := Panicked(recover()); got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
				if in := PanickedIn(string(debug.Stack())); !strings.HasPrefix(in, "gate/internal/source.TestPanicked.func") {
					t.Errorf("in %q", in)
				}
			}()
			tt.do()
		})
	}
}

func TestUnquoted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"runtime error: index out of range [5] with length 1": "runtime error: index out of range [5] with length 1",
		"no such thing at 0xc000123456":                       "no such thing at 0xc000123456",
		"no such thing at 0x…":                                "no such thing at 0x…",
		"x [recovered]":                                       "x …",
	} {
		if got := Unquoted(text); got != want {
			t.Errorf("Unquoted(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestStackOnly(t *testing.T) {
	t.Parallel()
	const stack = "goroutine 1 [running]:\nmain.main()\n\t/a/main.go:3 +0x1d\n"
	for text, want := range map[string]string{
		"panic: secret\nmore of it\n\n" + stack: stack,
		stack:                                   stack,
		"panic: secret":                         "",
	} {
		if got := StackOnly(text); got != want {
			t.Errorf("StackOnly(%q) = %q, want %q", text, got, want)
		}
	}
}
