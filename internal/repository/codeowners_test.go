package repository

import (
	"strings"
	"testing"
	"time"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func TestGitHubPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"*", []string{"a", "a/b/c"}, nil},
		{"*.js", []string{"a.js", "x/y/a.js", "lib.js/readme"}, []string{"a.jsx", "js"}},
		{"/build/logs/", []string{"build/logs/a", "build/logs/x/y"}, []string{"build/logs", "x/build/logs/a"}},
		{"docs/*", []string{"docs/a.md"}, []string{"docs/x/a.md", "x/docs/a.md", "docs"}},
		{"apps/", []string{"apps/a", "x/apps/y/z"}, []string{"apps", "myapps/a"}},
		{"/apps/github", []string{"apps/github", "apps/github/a/b"}, []string{"apps/githubx", "x/apps/github"}},
		{"/docs/", []string{"docs/a", "docs/a/b"}, []string{"x/docs/a"}},
		{"**/logs", []string{"logs", "a/logs", "a/b/logs/c"}, []string{"logsx"}},
		{"/scripts/**", []string{"scripts/a", "scripts/a/b"}, []string{"x/scripts/a"}},
		{"clusters/*/payments", []string{"clusters/prod/payments/a.yaml"}, []string{"clusters/payments/a", "clusters/a/b/payments/c"}},
		{"a/**/z", []string{"a/z", "a/b/z", "a/b/c/z/file"}, []string{"a/zz"}},
		{"README.md", []string{"README.md", "x/README.md"}, []string{"readme.md", "README.mdx"}},
		{"a?c", []string{"abc", "aéc"}, []string{"ac", "abbc"}},
		{`with\ space/`, []string{"with space/a"}, []string{`with\ space/a`}},
	} {
		p := githubPattern(c.pattern)
		for _, s := range c.yes {
			if !p.match(strings.Split(s, "/")) {
				t.Errorf("%s does not match %s", c.pattern, s)
			}
		}
		for _, s := range c.no {
			if p.match(strings.Split(s, "/")) {
				t.Errorf("%s matches %s", c.pattern, s)
			}
		}
	}
}

func TestGitLabPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"*", []string{"a", "a/b"}, nil},
		{"docs/*.md", []string{"docs/a.md", "x/docs/a.md"}, []string{"docs/x/a.md"}},
		{"/docs/", []string{"docs/a", "docs/x/a"}, []string{"x/docs/a"}},
		{"/docs", []string{"docs"}, []string{"docs/a"}},
		{"/docs/*", []string{"docs/a"}, []string{"docs/x/a"}},
		{"/docs/**/*.md", []string{"docs/a.md", "docs/x/y/a.md"}, []string{"docs/a.txt"}},
		{"[ab].txt", []string{"a.txt", "x/b.txt"}, []string{"c.txt"}},
		{`\#file`, []string{"#file"}, []string{`\#file`}},
	} {
		p := gitlabPattern(c.pattern)
		for _, s := range c.yes {
			if !p.match(strings.Split(s, "/")) {
				t.Errorf("%s does not match %s", c.pattern, s)
			}
		}
		for _, s := range c.no {
			if p.match(strings.Split(s, "/")) {
				t.Errorf("%s matches %s", c.pattern, s)
			}
		}
	}
}

// A pattern of many stars must not take exponential time.
func TestPatternTime(t *testing.T) {
	t.Parallel()
	start := time.Now()
	p := githubPattern(strings.Repeat("**/a*a*a*a*a*/", 30) + "b")
	p.match(strings.Split(strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", 200)+"c", "/"))
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

func TestGitHubCodeowners(t *testing.T) {
	t.Parallel()
	c := ParseCodeowners("CODEOWNERS", []byte("\ufeff# all\n*  @acme/platform # everything\n/apps/ @acme/apps ops@example.com\r\n\n"+
		"/apps/secret/\n!/apps/x @a\n[a-z].txt @a\n\\#x @a\n/bad @bad! @good\n/docs docs-team\n/clusters/prod/ @alice @acme/sre @alice\n/never/ @a\n"), GitHub)
	for path, want := range map[string][]string{
		"README":            {"@acme/platform"},
		"apps/a":            {"@acme/apps", "ops@example.com"},
		"apps/secret/x":     nil,
		"bad":               {"@acme/platform"},
		"clusters/prod/x/y": {"@alice", "@acme/sre"},
	} {
		if diff := cmp.Diff(want, c.Owners(path)); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
	}
	f := c.Facts([]string{"README", "apps/a", "apps/b", "clusters/prod/x"})
	want := &facts.Codeowners{
		Path: "CODEOWNERS", Dialect: "github",
		Rules: []facts.CodeownerRule{
			{Line: 2, Pattern: "*", Owners: []string{"@acme/platform"}, Matches: 4, Wins: 1, Approvals: 1},
			{Line: 3, Pattern: "/apps/", Owners: []string{"@acme/apps", "ops@example.com"}, Matches: 2, Wins: 2, Approvals: 1},
			{Line: 5, Pattern: "/apps/secret/", Owners: []string{}, Approvals: 1},
			{Line: 11, Pattern: "/clusters/prod/", Owners: []string{"@alice", "@acme/sre", "@alice"}, Matches: 1, Wins: 1, Approvals: 1},
			{Line: 12, Pattern: "/never/", Owners: []string{"@a"}, Approvals: 1},
		},
		Problems: []facts.Problem{
			{Line: 6, Text: "!/apps/x", Message: `pattern "!/apps/x": GitHub has no negation with "!"`},
			{Line: 7, Text: "[a-z].txt", Message: `pattern "[a-z].txt": GitHub has no character ranges`},
			{Line: 8, Text: `\#x`, Message: `pattern "\\#x": GitHub cannot escape a leading "#"`},
			{Line: 9, Text: "@bad!", Message: `owner "@bad!" is no user, team or e-mail`},
			{Line: 10, Text: "docs-team", Message: `owner "docs-team" is no user, team or e-mail`},
		},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Error(diff)
	}
	if c := ParseCodeowners("CODEOWNERS", make([]byte, maxCodeowners+1), GitHub); len(c.rules) != 0 || len(c.problems) != 1 {
		t.Error("a file that GitHub ignores is read")
	}
	if got := (*Codeowners)(nil).Owners("x"); got != nil {
		t.Errorf("no file, but owners %v", got)
	}
}

func TestGitLabCodeowners(t *testing.T) {
	t.Parallel()
	c := ParseCodeowners("CODEOWNERS", []byte(`* @acme
[Database][2] @dba @@maintainers
/db/
/db/schema.sql @group/sub/dba
^[Docs] @writers
*.md
!/db/
[DATABASE]
/migrations/ @dba
`), GitLab)
	for path, want := range map[string][]string{
		"main.go":       {"@acme"},
		"db/x":          {"@acme", "@dba", "@@maintainers"},
		"db/schema.sql": {"@acme", "@group/sub/dba"},
		"a.md":          {"@acme", "@writers"},
		"db/a.md":       {"@acme", "@dba", "@@maintainers"}, // excluded from Docs
		"migrations/1":  {"@acme", "@dba"},
	} {
		if diff := cmp.Diff(want, c.Owners(path)); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
	}
	if r := c.rules[1]; r.section != "database" || r.approvals != 2 || r.optional {
		t.Errorf("%+v", r)
	}
	if r := c.rules[3]; r.section != "docs" || !r.optional {
		t.Errorf("%+v", r)
	}
}

func TestReadCodeowners(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{"CODEOWNERS": "* @root\n", ".github/CODEOWNERS": "* @hub\n", ".gitlab/CODEOWNERS": "* @lab\n"}
	for d, want := range map[Dialect]string{GitHub: ".github/CODEOWNERS", GitLab: "CODEOWNERS"} {
		c, err := ReadCodeowners(tree, d)
		if err != nil || c.Path != want {
			t.Errorf("%s: %v, %v", d, c, err)
		}
	}
	if c, err := ReadCodeowners(sourcetest.Tree{}, GitHub); c != nil || err != nil {
		t.Errorf("no file: %v, %v", c, err)
	}
	for _, c := range []struct {
		tree   sourcetest.Tree
		remote string
		want   Dialect
	}{
		{sourcetest.Tree{}, "github.com/a/b", GitHub},
		{sourcetest.Tree{".gitlab-ci.yml": ""}, "github.com/a/b", GitHub},
		{sourcetest.Tree{}, "gitlab.example.com/a/b", GitLab},
		{sourcetest.Tree{".gitlab-ci.yml": ""}, "git.example.com/a/b", GitLab},
		{sourcetest.Tree{".gitlab-ci.yml": "", ".github/CODEOWNERS": ""}, "", GitHub},
		{sourcetest.Tree{}, "", GitHub},
	} {
		if got := DialectOf(c.tree, c.remote); got != c.want {
			t.Errorf("%v %s: %s", c.tree, c.remote, got)
		}
	}
}

func FuzzParseCodeowners(f *testing.F) {
	f.Add([]byte("* @a\n[x][2] @b\n!y\n"), "a/b")
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		for _, d := range []Dialect{GitHub, GitLab} {
			c := ParseCodeowners("CODEOWNERS", data, d)
			c.Owners(path)
			c.Facts([]string{path})
		}
	})
}
