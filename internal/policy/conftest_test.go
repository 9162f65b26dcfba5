package policy_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
	"gate/internal/terraform"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what conftest says into the cases; needs GATE_CONFTEST")

// Each case of testdata/conftest is a repository, an entry of the configuration and a
// command line of conftest, with what conftest printed: what it says, gate says. Where
// gate is meant to say something else, differs holds that, and the reason.
func TestConftestCases(t *testing.T) {
	program := os.Getenv("GATE_CONFTEST")
	if *update && program == "" {
		t.Fatal("-update needs GATE_CONFTEST: interop/README.md")
	}
	files, err := filepath.Glob(filepath.Join("testdata", "conftest", "*.txtar"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := readCase(t, file)
			if program != "" {
				said := c.conftest(t, program)
				if *update {
					c.write(t, file, said)
				}
				if diff := gocmp.Diff(c.want, said); diff != "" {
					t.Errorf("conftest says (-want +got):\n%s", diff)
				}
			}
			want := c.want
			if c.differs {
				want = c.own
				if c.reason == "" || slices.Equal(want, c.want) {
					t.Error("a difference needs a reason, and has to be one")
				}
			}
			if diff := gocmp.Diff(want, c.gate(t)); diff != "" {
				t.Errorf("gate says (-want +got):\n%s", diff)
			}
		})
	}
}

// conftestCase is a case; want and own are sorted lines of level, namespace, rule,
// file and message, or that a file failed.
type conftestCase struct {
	archive   *txtar.Archive
	args      []string
	entry     config.Policy
	files     map[string]string
	want, own []string
	differs   bool
	reason    string
}

func readCase(t *testing.T, file string) *conftestCase {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &conftestCase{archive: archive, files: map[string]string{}}
	for _, f := range archive.Files {
		text := string(f.Data)
		switch f.Name {
		case "conftest":
			c.args = strings.Fields(text)
		case "entry":
			parsed, err := config.Parse("case", []byte("apiVersion: gate/v1\npolicies:\n  - "+text))
			if err != nil {
				t.Fatal(err)
			}
			c.entry = parsed.Policies[0]
		case "want":
			c.want = lines(text)
		case "differs":
			c.differs = true
			for _, l := range lines(text) {
				if r, ok := strings.CutPrefix(l, "# "); ok {
					c.reason += r
					continue
				}
				c.own = append(c.own, l)
			}
		default:
			// What an editor would not show is written as an escape.
			name, escaped := strings.CutSuffix(f.Name, " (escaped)")
			if escaped {
				text = unescape(text)
			}
			c.files[name] = text
		}
	}
	return c
}

func unescape(text string) string {
	return strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t", `\xef\xbb\xbf`, "\xef\xbb\xbf", `\\`, `\`).Replace(strings.TrimSuffix(text, "\n"))
}

func lines(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSuffix(l, "\n"); l != "" {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}

func (c *conftestCase) conftest(t *testing.T, program string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range c.files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{"test", "-o", "json", "--no-color"}, c.args...)...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=/nowhere"}
	data, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var said []struct {
		Filename, Namespace string
		Failures, Warnings  []struct {
			Msg      string
			Metadata map[string]any
		}
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return []string{"error"}
	}
	var out []string
	for _, f := range said {
		for _, x := range f.Failures {
			out = append(out, line("deny", f.Namespace, rule(x.Metadata), f.Filename, x.Msg))
		}
		for _, x := range f.Warnings {
			out = append(out, line("warn", f.Namespace, rule(x.Metadata), f.Filename, x.Msg))
		}
	}
	slices.Sort(out)
	return out
}

func rule(metadata map[string]any) string {
	q := doc.Text(metadata, "query")
	return q[strings.LastIndexByte(q, '.')+1:]
}

func line(level, namespace, rule, file, message string) string {
	return strings.Join([]string{level, namespace, rule, file, strings.ReplaceAll(message, "\n", `\n`)}, " ")
}

func (c *conftestCase) gate(t *testing.T) []string {
	t.Helper()
	f := &facts.Facts{}
	for name := range c.files {
		if path.Base(name) == "plan.json" {
			f.Terraform.Stacks = append(f.Terraform.Stacks, facts.Stack{Subject: facts.Subject{ID: "stack:" + path.Dir(name)}, Path: path.Dir(name), Plan: true})
		}
	}
	tree := sourcetest.Tree(c.files)
	o := policy.Organisation{
		Entry: c.entry, Label: "here", Rules: tree, Tree: tree, Facts: f, Places: source.Index{}, Options: policy.Options{},
		Hide: func(v any) any { return v },
		Plans: func(stack string, _ bool) (any, error) {
			return terraform.PlanDocument("plan.json", []byte(c.files[path.Join(stack, "plan.json")]), nil)
		},
	}
	said, _, _ := o.Judge(t.Context())
	var out []string
	for _, r := range said.Results {
		id := strings.SplitN(r.Rule, "/", 3)
		file := strings.TrimPrefix(r.Subject, "file:")
		switch stack, isStack := strings.CutPrefix(r.Subject, "stack:"); {
		case isStack:
			file = path.Join(stack, "plan.json")
		case file == "repository":
			file = "Combined"
		}
		out = append(out, line(r.Level, id[1], id[2], file, r.Message))
	}
	failed := map[string]bool{}
	for _, e := range said.Ledger {
		if e.State == facts.Failed {
			t.Logf("failed: %s: %s", e.Place.File, e.Reason)
			failed["failed "+cmp.Or(e.Place.File, e.ID)] = true
		}
	}
	out = append(out, slices.Collect(maps.Keys(failed))...)
	slices.Sort(out)
	return out
}

// write puts what conftest says into the case.
func (c *conftestCase) write(t *testing.T, file string, said []string) {
	t.Helper()
	c.want = said
	data := []byte(strings.Join(append(said, ""), "\n"))
	i := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		i = len(c.archive.Files)
		c.archive.Files = append(c.archive.Files, txtar.File{Name: "want"})
	}
	c.archive.Files[i].Data = data
	if err := os.WriteFile(file, txtar.Format(c.archive), fs.FileMode(0o644)); err != nil {
		t.Fatal(err)
	}
}
