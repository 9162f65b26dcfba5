package source

import "testing"

func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "日本語 🚀 é": "日本語 🚀 é", "a\nb\r\t": `a\nb\r\t`, "\x1b[0m": `\x1b[0m`, "\xff": `\xff`, "\ufffd": "\ufffd", "\u0085": `\u0085`,
		// What turns the direction of a line, ends it, or has no shape.
		"\u202e\u202a\u2066\u2069": `\u202e\u202a\u2066\u2069`, "\u200e\u200f\u061c": `\u200e\u200f\u061c`, "a\u2028b\u2029": `a\u2028b\u2029`,
		"\u200b\u2060\ufeff\u00ad": `\u200b\u2060\ufeff\u00ad`, "\u115f\u1160\u3164\uffa0\u034f\u2800": `\u115f\u1160\u3164\uffa0\u034f\u2800`,
		"\U000e0041": `\U000e0041`, "\U000e0001": `\U000e0001`,
		// What joins and varies characters of scripts, and hides between those of others.
		"👩\u200d👩": "👩\u200d👩", "می\u200cخواهم": "می\u200cخواهم", "⚠\ufe0f": "⚠\ufe0f",
		"pr\u200dod": `pr\u200dod`, "pr\u200cod": `pr\u200cod`, "prod\ufe0f": `prod\ufe0f`, "👩\u200d\u200d👩": `👩\u200d\u200d👩`, "👩\u200d": `👩\u200d`,
		"⚠\ufe0f\ufe0e": "⚠\ufe0f" + `\ufe0e`, "x\U000e0100": `x\U000e0100`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

// Names of files in lists of lines are told apart.
func TestLineName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a b.yaml": "a b.yaml", `a"b`: `a"b`, "a\nb": `"a\nb"`, `"a\nb"`: `"\"a\\nb\""`, "a\rb": "a\rb",
	} {
		if got := LineName(in); got != want {
			t.Errorf("LineName(%q) = %q, want %q", in, got, want)
		}
	}
}
