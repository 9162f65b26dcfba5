package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// prose are the words that follow the name in sentences.
var prose = []string{
	"and", "answers", "are", "before", "can", "configuration", "does", "execute", "for", "has", "in", "is", "itself", "judges",
	"needs", "parsed", "reads", "renders", "runs", "says", "seed", "takes", "that", "trusts", "turns", "whose", "writes",
	"report", "trust", "waivers", // titles of schemas
}

// foreign are the flags that texts name of other programs.
var foreign = map[string]string{
	"all-files": "pre-commit", "from-ref": "pre-commit", "to-ref": "pre-commit",
	"all-namespaces": "conftest", "capabilities": "conftest", "combine": "conftest", "parser": "conftest", "strict": "conftest", "data": "conftest",
	"fail-on-warn": "conftest", "ignore": "conftest", "namespace": "conftest", "output": "conftest", "policy": "conftest",
	"rego-version": "conftest", "show-builtin-errors": "conftest",
	"amend": "git", "auto": "git", "depth": "git", "init": "git", "no-tags": "git", "no-verify": "git", "squash": "git",
	"body-file": "gh", "jq": "gh", "paginate": "gh", "slurp": "gh", "show-toplevel": "git",
	"bundle": "cosign", "insecure-ignore-tlog": "cosign", "statement": "cosign", "tlog-upload": "cosign", "type": "cosign",
	"use-signing-config":      "cosign",
	"create-dirs":             "curl",
	"default-service-account": "flux", "no-cross-namespace-refs": "flux",
	"in-place": "sops",
	"v0-v1":    "opa", "write": "opa",
	"repo": "helm", "untar": "helm", "untardir": "helm",
	"x": "any", // of the example of an argument
}

// elsewhere are directories that hold no texts for readers of today: decisions as
// they were taken, and what is judged in tests. internal/git is all arguments of git.
var elsewhere = []string{".git", "adr", "bench", "fixtures", "interop", "testdata"}

// others know the flags of programs that scripts run.
var others = []string{"internal/repository/commands.go", "internal/pipeline/reach.go", "rules/lib/commands.rego"}

// notBuilt are commands that a text may name that says they are not built.
const notBuilt = "not built"

var (
	command    = regexp.MustCompile(`^[a-z]+$`)
	invocation = regexp.MustCompile("(^|[\\s`\"'(|&;])gate ([a-z][a-z-]*)((?:[ \\t]+[^\\s`]+)*)")
	flagName   = regexp.MustCompile(`(?:^|[\s` + "`" + `"'(\[=|])--([a-z][a-z0-9-]*)`)
	ends       = regexp.MustCompile(` [#|] | && |; |, then |, or |\. `)
)

// No text sends anybody to a command or flag that does not exist: README,
// guides, pages of rules, help, and what the program says.
func TestTextsNameWhatExists(t *testing.T) {
	t.Parallel()
	root := newRootCommand(&streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	root.InitDefaultHelpCmd()
	root.InitDefaultVersionFlag()
	all := map[string]bool{"help": true}
	var texts [][2]string // place and text
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		texts = append(texts, [2]string{"help of " + c.CommandPath(), strings.Join([]string{c.Short, c.Long, c.Example}, "\n")})
		c.Flags().VisitAll(func(f *pflag.Flag) {
			all[f.Name] = true
			texts = append(texts, [2]string{c.CommandPath() + " --" + f.Name, f.Usage})
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
	texts = append(texts, textsBelow(t, filepath.Join("..", ".."))...)
	if len(texts) < 500 {
		t.Fatalf("%d texts: where are they?", len(texts))
	}
	for _, x := range texts {
		for _, fault := range misnamed(root, all, x[1]) {
			t.Errorf("%s: %s", x[0], fault)
		}
	}
}

// misnamed says which commands and flags a text names that do not exist.
func misnamed(root *cobra.Command, all map[string]bool, text string) []string {
	var out []string
	if !strings.Contains(text, notBuilt) {
		for _, m := range invocation.FindAllStringSubmatch(text, -1) {
			out = append(out, misused(root, m[2], m[3])...)
		}
	}
	for _, m := range flagName.FindAllStringSubmatch(text, -1) {
		if !all[m[1]] && foreign[m[1]] == "" {
			out = append(out, "no command has the flag --"+m[1])
		}
	}
	return out
}

// misused says what is wrong with one command line.
func misused(root *cobra.Command, word, rest string) []string {
	if slices.Contains(prose, word) {
		return nil
	}
	cmd, _, err := root.Find([]string{word})
	if err != nil || cmd == root {
		return []string{"there is no command gate " + word}
	}
	if at := ends.FindStringIndex(rest + " "); at != nil {
		rest = rest[:min(at[0], len(rest))]
	}
	args := strings.Fields(rest)
	if cmd.HasSubCommands() && len(args) > 0 && command.MatchString(args[0]) {
		sub, _, err := cmd.Find(args[:1])
		if err != nil || sub == cmd {
			return []string{"there is no command gate " + word + " " + args[0]}
		}
		cmd = sub
	}
	var out []string
	for _, a := range args {
		if m := flagName.FindStringSubmatch(a); m != nil && cmd.Flags().Lookup(m[1]) == nil && m[1] != "help" {
			out = append(out, cmd.CommandPath()+" has no flag --"+m[1])
		}
	}
	return out
}

// textsBelow are the texts of a checkout: paragraphs of documents and of rules,
// literals of the program.
func textsBelow(t *testing.T, dir string) [][2]string {
	t.Helper()
	var out [][2]string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, file)
		name = filepath.ToSlash(name)
		switch {
		case d.IsDir() && slices.Contains(elsewhere, d.Name()), d.IsDir() && name == "internal/git", slices.Contains(others, name):
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		switch filepath.Ext(name) {
		case ".go":
			out = append(out, literals(t, name, data)...)
		case ".md", ".rego", ".yaml", ".json":
			if strings.HasPrefix(name, "rules/") && filepath.Ext(name) != ".rego" {
				return nil // tables
			}
			for _, p := range strings.Split(string(data), "\n\n") {
				out = append(out, [2]string{name, p})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// literals are the texts in a file of the program.
func literals(t *testing.T, name string, data []byte) [][2]string {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, data, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out [][2]string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				out = append(out, [2]string{set.Position(lit.Pos()).String(), text})
			}
		}
		return true
	})
	return out
}

func TestMisnamed(t *testing.T) {
	t.Parallel()
	root := newRootCommand(&streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	tests := map[string]int{
		"run `gate check --base main`, or gate rules list": 0,
		"gate says so; `gate check | helm pull --untar`":   0,
		"`gate collect`":                   1,
		"gate approve is not built":        0,
		"then gate check --bse main":       2, // also of no other command
		"gate rules lint":                  1,
		"gate explain --base REF RULE":     1,
		"gate show --now 2026 && x --base": 1,
	}
	all := map[string]bool{"base": true, "now": true}
	for text, want := range tests {
		if got := misnamed(root, all, text); len(got) != want {
			t.Errorf("%q: %q, want %d", text, got, want)
		}
	}
}
