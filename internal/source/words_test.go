package source

import "testing"

func TestReplaceWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, from, to, want string }{
		{"web", "web", "site", "site"},
		{"website web-web web", "web", "site", "website site-site site"},
		{"aa a", "a", "b", "aa b"},
		{"shop/web:1", "shop/web", "shop/site", "shop/site:1"},
		{"éweb web", "web", "site", "éweb site"},
		{"web", "", "site", "web"},
		{"", "web", "site", ""},
	} {
		if got := ReplaceWord(c.text, c.from, c.to); got != c.want {
			t.Errorf("%q: %s to %s makes %q, want %q", c.text, c.from, c.to, got, c.want)
		}
	}
}
