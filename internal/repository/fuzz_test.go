package repository

import (
	"strings"
	"testing"

	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

func FuzzWorkflows(f *testing.F) {
	f.Add("on: push\njobs: {a: {steps: [{run: \"${{ secrets.A }}\"}]}}\n")
	f.Add("variables: {a: {value: $B}}\njob: {script: [[x], $Y]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := source.ParseYAML("a.yml", []byte(text))
		if err != nil {
			return
		}
		for _, platform := range []string{"github", "gitlab"} {
			w, index, _ := Workflows([]Definition{{Path: "a.yml", Platform: platform, Docs: docs}})
			for _, x := range w {
				for _, e := range x.Entries {
					if at := index[x.ID].Locate(e.Path); at.Approximate {
						t.Errorf("entry %v has no place", e.Path)
					}
				}
			}
		}
	})
}

func FuzzHeaderAndAttributes(f *testing.F) {
	f.Add("# Code generated from a. DO NOT EDIT.\n", "a/* linguist-generated\n[attr]x linguist-generated\n\"q\" x\n", "a/b")
	f.Fuzz(func(t *testing.T, text, attributes, path string) {
		header(path, text, func(string) bool { return true })
		a := readAttributes(sourcetest.Tree{".gitattributes": attributes})
		a.generated(path)
		if strings.Contains(CleanBody(text), "\r\n") {
			t.Error("a line ends in CR LF")
		}
	})
}

// Whatever the event says, the branches are those of the variables or it is told
// that both disagree.
func FuzzTrigger(f *testing.F) {
	f.Add(`{"ref": "refs/heads/main", "before": "x", "repository": {"default_branch": "main"}}`, "main")
	f.Add(`{"pull_request": {"base": {"ref": "main"}}}`, "refs/heads/topic")
	f.Add(`{"merge_group": {"base_ref": "refs/heads/main"}}`, "")
	f.Fuzz(func(t *testing.T, event, target string) {
		got := ReadTrigger([]byte(event), func(name string) string {
			if name == "GITHUB_BASE_REF" {
				return target
			}
			return ""
		})
		if want := branchName(target); want != "" && want != "false" && got.Target != want {
			t.Errorf("the target branch is %q, the variable says %q", got.Target, want)
		}
	})
}
