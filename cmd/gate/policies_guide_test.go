package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// guideBlock is a fenced block of a guide: a file with its name, or commands.
var guideBlock = regexp.MustCompile("(?ms)^```([a-z]+)(?: ([^\n]+))?\n(.*?)^```$")

// guideScript is a guide as a script: what it shows is written where it says, and its
// commands are run in their order. The lines below a command stand in what it prints, in
// their order.
func guideScript(t *testing.T, text string) []byte {
	t.Helper()
	var script strings.Builder
	a := &txtar.Archive{}
	commands := 0
	for i, m := range guideBlock.FindAllStringSubmatch(text, -1) {
		switch kind, name, body := m[1], m[2], m[3]; {
		case name != "":
			packed := fmt.Sprintf("shown/%d", i) // the file may be an archive itself
			quoted, err := txtar.Quote([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			a.Files = append(a.Files, txtar.File{Name: packed, Data: quoted})
			fmt.Fprintf(&script, "unquote $WORK/%s\nmkdir %s\ncp $WORK/%s %s\n", packed, filepath.ToSlash(filepath.Dir(name)), packed, name)
		case kind == "console":
			for line := range strings.Lines(body) {
				line = strings.TrimSuffix(line, "\n")
				command, is := strings.CutPrefix(line, "$ ")
				if !is {
					fmt.Fprintf(&script, "says '%s'\n", strings.ReplaceAll(line, "'", "''"))
					continue
				}
				code := "0"
				if before, after, ok := strings.Cut(command, " # ends in "); ok {
					command, code = before, after
				}
				fmt.Fprintf(&script, "code %s %s\n", code, command)
				commands++
			}
		}
	}
	if commands == 0 || len(a.Files) == 0 {
		t.Fatalf("%d commands and %d files", commands, len(a.Files))
	}
	a.Comment = []byte("mkdir repo\ncd repo\n" + script.String())
	return txtar.Format(a)
}

// The guide about policies does what it says.
func TestPoliciesGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/guides/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policies.txtar"), guideScript(t, string(text)), 0o644); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "says": says}})
}

// says asks for a text in what the last command printed: says 'text'
func says(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: says TEXT")
	}
	if !strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), args[0]) {
		ts.Fatalf("nothing says %q", args[0])
	}
}
