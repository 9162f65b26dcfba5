package deploy

import (
	"testing"

	"github.com/gobwas/glob"
)

// TestDirectoryGlobs has what the library says in v0.2.3, which cannot be built
// beside the one that is used here, where it was seen to differ, and beside it
// what both say.
func TestDirectoryGlobs(t *testing.T) {
	for _, tc := range []struct {
		include, exclude, file string
		takes                  bool
		doubted                string
	}{
		{"", "", "a.yaml", true, ""},
		{"*.yaml", "", "a/b.yaml", true, ""},
		{"*.yaml", "", "a.yaml.json", false, ""},
		{"{*.yml,*.yaml}", "", "a/b.yml", true, ""},
		{"", "*.{yaml,yml}", "x.yml", false, ""},
		{"", "{config.json,env-usw2/*}", "env-usw2/a.json", false, ""},
		{"", "{values/*,values/**}", "values/a.yaml", false, ""},
		{"", "{apps/*,services/*}", "services/x.yaml", false, ""},
		{"", "{*.skip.yaml,a/*.skip.yaml}", "a/x.skip.yaml", false, ""},
		{"", "{dev,test}/*", "test/a.yaml", false, ""},
		{"", "values-[ab]?.yaml", "values-a1.yaml", false, ""},
		{"*.yaml", "secret*", "secret.yaml", false, ""},
		{"[", "", "a.yaml", false, ""}, // no release can read it
		// v0.2.3 does not leave these out.
		{"", "{*/x,y}.yaml", "a/x.yaml", true, "{*/x,y}.yaml"},
		{"", "{*prod.yaml,prod.yaml}", "prod.yaml", true, "{*prod.yaml,prod.yaml}"},
		{"", "{*-prod,prod}.yaml", "x-prod.yaml", true, "{*-prod,prod}.yaml"},
		{"", "*{,.bak}", "a.yaml", true, "*{,.bak}"},
		{"", "*-?.yaml", "a-é.yaml", true, "*-?.yaml"},
		{"", "a/{b*,c}", "a/b", true, "a/{b*,c}"},
		// v0.2.3 takes these.
		{"a*a.yaml", "", "a.yaml", true, "a*a.yaml"},
		{"{a.yaml", "", "a.yaml", true, "{a.yaml"},
		{`a.yaml\`, "", "a.yaml", true, `a.yaml\`},
		// Here they agree, which is not known.
		{"", "{dev,test*}/**", "test1/a.yaml", true, "{dev,test*}/**"},
	} {
		takes, doubted := directoryGlobs{tc.include, tc.exclude}.takes(tc.file)
		if takes != tc.takes || doubted != tc.doubted {
			t.Errorf("include %q, exclude %q, %q: %t, in doubt %q", tc.include, tc.exclude, tc.file, takes, doubted)
		}
	}
}

// FuzzDirectoryGlobs checks that nothing is left out but by the library, and that
// hostile patterns end.
func FuzzDirectoryGlobs(f *testing.F) {
	for _, p := range []string{"*.yaml", "{a,b}/*.yaml", "{config.json,env-usw2/*}", "{*.yml,*.yaml}", "[!a-c]?", `\*`, "{a,b{c,d}}", "{a*,*b}", "{,a}b", "a*a", "{", "}"} {
		f.Add(p, "a/b.yaml")
		f.Add(p, "a")
	}
	f.Fuzz(func(t *testing.T, pattern, file string) {
		if len(pattern) > 100 || len(file) > 100 {
			return
		}
		g, err := glob.Compile(pattern)
		means := err == nil && g.Match(file)
		if takes, doubted := (directoryGlobs{exclude: pattern}).takes(file); !takes && !means || takes && means && doubted == "" {
			t.Errorf("exclude %q, %q: %t, in doubt %q", pattern, file, takes, doubted)
		}
		if takes, doubted := (directoryGlobs{include: pattern}).takes(file); pattern != "" && (!takes && means || takes && !means && doubted == "") {
			t.Errorf("include %q, %q: %t, in doubt %q", pattern, file, takes, doubted)
		}
	})
}
