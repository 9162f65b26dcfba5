package bench

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"gate/internal/policy"
	"gate/rules"
)

var packageLine = regexp.MustCompile(`(?m)^package .*$`)

// sixty returns a catalog of 60 rules over containers: those there are, and
// copies of them under other names.
func sixty(b *testing.B) fs.FS {
	b.Helper()
	c, err := policy.Load(rules.FS, nil)
	if err != nil {
		b.Fatal(err)
	}
	out := fstest.MapFS{}
	keep := func(pattern string) {
		files, err := fs.Glob(rules.FS, pattern)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			data, err := fs.ReadFile(rules.FS, f)
			if err != nil {
				b.Fatal(err)
			}
			out[f] = &fstest.MapFile{Data: data}
		}
	}
	keep("lib/*.rego")
	keep("data/*.yaml")
	for n, made := 0, 0; made < 60; n++ {
		for _, r := range c.Rules() {
			if r.Over.Subject != "containers" || r.Scope != "subject" || made == 60 {
				continue
			}
			src, err := fs.ReadFile(rules.FS, path.Join(r.ID, r.Name+".rego"))
			if err != nil {
				b.Fatal(err)
			}
			name := r.Name + "-" + strings.Repeat("x", n+1)
			text := strings.ReplaceAll(string(src), r.ID, r.Category+"/"+name)
			text = packageLine.ReplaceAllString(text, "package gate.rules[\""+r.Category+"\"][\""+name+"\"]")
			out[path.Join(r.Category, name, name+".rego")] = &fstest.MapFile{Data: []byte(text)}
			made++
		}
	}
	return out
}
