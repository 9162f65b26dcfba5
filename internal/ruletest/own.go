package ruletest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/pipeline"
	"gate/internal/policy"
	"gate/internal/source"

	"github.com/rogpeppe/go-internal/txtar"
)

// RunOwn runs the fixtures of the rules of an entry of style catalog, all or those named.
// dir is the directory of the tree. The fixtures of a rule stand below testdata/ beside
// its module: directories, or archives that end in .txtar.
func RunOwn(ctx context.Context, dir string, tree source.Tree, entry config.Policy, only []string) ([]Result, error) {
	catalog, err := (&policy.Organisation{Entry: entry, Label: "the work tree", Rules: tree}).Catalog()
	if err != nil {
		return nil, err
	}
	folders := map[string][]string{}
	for _, r := range catalog.Rules() {
		folder := path.Dir(catalog.File(r.ID))
		folders[folder] = append(folders[folder], r.ID)
	}
	var out []Result
	for _, r := range catalog.Rules() {
		if len(only) > 0 && !slices.Contains(only, r.ID) {
			continue
		}
		folder := path.Dir(catalog.File(r.ID))
		o := own{dir: dir, folder: folder, beside: folders[folder], rule: r.ID, own: pipeline.Own{Entry: alone(entry, r), Tree: tree}}
		out = append(out, o.run(ctx)...)
	}
	return out, nil
}

// alone is the entry with one of its rules.
func alone(entry config.Policy, r policy.Rule) config.Policy {
	entry.Namespaces = []string{strings.TrimSuffix(strings.TrimPrefix(r.ID, entry.Entry()+"/"), "/deny")}
	return entry
}

// own is a rule of an organisation with its fixtures.
type own struct {
	dir, folder string
	beside      []string // rules of the same folder, itself included
	rule        string
	own         pipeline.Own
}

func (o *own) run(ctx context.Context) []Result {
	at := path.Join(o.folder, "testdata")
	list, err := os.ReadDir(filepath.Join(o.dir, filepath.FromSlash(at)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []Result{{Fixture: at, Faults: []string{err.Error()}}}
	}
	var out []Result
	var names []string
	marked := false
	for _, e := range list {
		name := strings.TrimSuffix(e.Name(), ".txtar")
		if !e.IsDir() && name == e.Name() {
			continue
		}
		names = append(names, name)
		faults, found, err := o.fixture(ctx, path.Join(at, e.Name()), name)
		if err != nil {
			faults = append(faults, err.Error())
		}
		marked = marked || found
		out = append(out, Result{Fixture: o.rule + " " + path.Join(at, e.Name()), Faults: faults})
	}
	missing := func(format string, args ...any) {
		out = append(out, Result{Fixture: o.rule + " " + at, Faults: []string{fmt.Sprintf(format, args...)}})
	}
	for _, kind := range fixtureKinds {
		if !slices.ContainsFunc(names, func(name string) bool { return kindOf(name) == kind }) {
			missing("missing: a rule has a bad, a good and a near-miss fixture; there is no %s.txtar and no directory %s", kind, kind)
		}
	}
	if !marked && slices.ContainsFunc(names, func(name string) bool { return kindOf(name) == "bad" }) {
		missing("no line of a bad fixture ends in \"# want %s\"", o.rule)
	}
	return out
}

// fixture runs one. marked says whether a line of it wants the rule.
func (o *own) fixture(ctx context.Context, file, name string) (faults []string, marked bool, err error) {
	at := filepath.Join(o.dir, filepath.FromSlash(file))
	if strings.HasSuffix(file, ".txtar") {
		work, err := os.MkdirTemp("", "gate-fixture-")
		if err != nil {
			return nil, false, err
		}
		defer os.RemoveAll(work)
		if err := unpack(at, work); err != nil {
			return nil, false, err
		}
		at = work
	}
	marks, err := Marks(at)
	if err != nil {
		return nil, false, err
	}
	wants := func(rules ...string) bool {
		return slices.ContainsFunc(marks, func(m Mark) bool { return slices.Contains(rules, m.Rule) })
	}
	for _, m := range marks {
		if entry := o.own.Entry.Entry(); strings.HasPrefix(m.Rule, entry+"/") && !slices.Contains(o.beside, m.Rule) {
			hint := config.DidYouMean(m.Rule, o.beside)
			if full, ok := policy.RuleNamed(m.Rule, o.beside); ok {
				hint = fmt.Sprintf("; did you mean %q?", full)
			}
			faults = append(faults, fmt.Sprintf("%s: there is no such rule in this folder%s", m, hint))
		}
	}
	more, err := judgeFixture(ctx, at, o.rule, func(opts *pipeline.Options) {
		opts.Own, opts.Rules = &o.own, []string{}
	})
	faults = append(faults, more...)
	if err != nil {
		return faults, wants(o.rule), err
	}
	switch {
	case kindOf(name) == "bad" && !wants(o.beside...):
		faults = append(faults, "a bad fixture marks no line")
	case kindOf(name) == "good" && wants(o.beside...):
		faults = append(faults, "a good fixture marks a line")
	}
	return faults, wants(o.rule), nil
}

// unpack writes the files of an archive into a directory; none leaves it.
func unpack(archive, dir string) error {
	data, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	a := txtar.Parse(data)
	if len(a.Files) == 0 {
		return errors.New("it holds no file: a line \"-- NAME --\" begins each")
	}
	if err := txtar.Write(a, dir); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}
