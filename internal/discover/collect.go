package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"gate/internal/facts"
	"gate/internal/source"

	"golang.org/x/sync/errgroup"
)

// workers is how many files are read at a time.
const workers = 2

// Options say how a tree is read. The zero value is usable.
type Options struct {
	Workers int // files that are read at a time; default 2
	// Started is called when a file is begun that is large enough to exhaust
	// a parser's stack, and done when it has ended; it may be nil.
	Started func(path string) (done func())
	// Skip are files that are not to be parsed, with the reason.
	Skip map[string]error
}

// nestable is the size from which on a file can hold as many levels as
// overflow the stack of a recursive parser: one level takes at least a byte,
// and at most a few KiB of stack.
const nestable = 64 << 10

// Collect reads the tree once and says what each file is. A file that cannot
// be read as what it is, or could be, is failed in the ledger with its place;
// the rest is still there. The error is that of ctx only.
func Collect(ctx context.Context, tree source.Tree, o Options) (*Inventory, error) {
	if o.Workers <= 0 {
		o.Workers = workers
	}
	c := &collector{tree: tree, charts: chartDirs(tree), o: o}
	entries := tree.Entries()
	c.read = make([]reading, len(entries))
	if err := c.readAll(ctx, entries); err != nil {
		return nil, err
	}
	inv := &Inventory{Links: directoryLinks(tree)}
	for i := range c.read {
		c.add(inv, &c.read[i])
	}
	c.includes(inv)
	c.members(inv)
	c.modules(inv)
	vendor(inv)
	c.ledger(inv)
	c.helmfiles(inv)
	if t, ok := tree.(interface{ Notes() []facts.Entry }); ok {
		c.notes(inv, t.Notes())
	}
	if t, ok := tree.(interface{ Submodules() []string }); ok { // the index or a commit
		for _, p := range t.Submodules() {
			c.notes(inv, []facts.Entry{unreadSubmodule(p)})
		}
	}
	if t, ok := tree.(interface{ Unmerged() []string }); ok { // the index
		for _, p := range t.Unmerged() {
			c.notes(inv, []facts.Entry{unmerged(p)})
		}
	}
	slices.SortStableFunc(inv.Ledger, func(a, b facts.Entry) int { return strings.Compare(a.ID, b.ID) })
	sortInventory(inv)
	return inv, nil
}

// reading is what became of one file.
type reading struct {
	entry  source.Entry
	kind   Kind
	form   string // of a workflow
	owner  string
	docs   []*source.Document
	module *moduleFile
	fault  error
	reason string // why it is not applicable
	// unread is why it is not known what the file holds, where that fails
	// nothing here: what reads the file for a unit or a stack says so.
	unread error
	// applied are its documents as those read them who apply whatever stands in a
	// directory, where they are not its docs; nil if that is nothing.
	applied []*source.Document
	// skipped says that the reason is a gap, not the nature of the file.
	skipped bool
	// template says that another tool makes manifests of the file.
	template bool
	hint     string
}

type collector struct {
	o      Options
	tree   source.Tree
	charts map[string]bool
	read   []reading
	byPath map[string]*reading
	dirs   map[string]*terraformDir
}

func (c *collector) readAll(ctx context.Context, entries []source.Entry) error {
	var g errgroup.Group
	g.SetLimit(c.o.Workers)
	for i, e := range entries {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			c.read[i] = c.readOne(e)
			return nil
		})
	}
	err := g.Wait()
	c.byPath = make(map[string]*reading, len(c.read))
	for i := range c.read {
		c.byPath[c.read[i].entry.Path] = &c.read[i]
	}
	return err
}

// readOne reads one file as what its name says it is.
func (c *collector) readOne(e source.Entry) reading {
	r := reading{entry: e, kind: KindOther}
	r.kind, r.form, r.owner = c.byName(e.Path)
	if r.fault = c.o.Skip[e.Path]; r.fault != nil {
		return r
	}
	if c.o.Started != nil && e.Size >= nestable {
		defer c.o.Started(e.Path)()
	}
	switch r.kind {
	case KindChart:
		c.parse(&r, source.ParseLenient)
		if r.fault == nil && !mayBeChart(r.docs) {
			r.kind, r.docs = KindOther, nil
			c.general(&r)
		}
	case KindKustomization:
		c.parse(&r, source.ParseLenient)
		if r.fault == nil && len(r.docs) > 0 && fluxKustomization(r.docs) {
			r.kind = KindManifest
		}
	case KindWorkflow:
		c.parse(&r, source.ParseYAML)
		// A controller that is pointed at the directory applies what stands in it.
		if r.fault == nil && (r.form == "action" && !isAction(r.docs) || kindOf(r.docs) == KindManifest) {
			r.kind, r.form, r.docs = KindOther, "", nil
			c.general(&r)
		}
	case KindTerraform:
		c.terraformFile(&r)
	case KindOther, KindCatalogInfo, KindManifest:
		c.general(&r)
		if r.kind == KindOther && r.fault == nil && strings.HasPrefix(e.Path, ".gate/") {
			r.kind, r.docs, r.reason = KindConfig, nil, ""
		}
	}
	r.applied = c.applied(&r)
	if !utf8.ValidString(e.Path) && r.fault == nil && r.kind != KindOther && r.kind != KindSymlink {
		r.fault = errors.New("the file name is not valid UTF-8, so that no report can name it")
	}
	return r
}

func (c *collector) parse(r *reading, parse func(string, []byte) ([]*source.Document, error)) {
	data, err := c.tree.ReadFile(r.entry.Path)
	if err != nil {
		r.fault = err
		return
	}
	if r.docs, r.fault = parse(r.entry.Path, data); r.fault == nil && lfsPointer(data) {
		r.unread = errPointer
	}
}

// byName says what a file is as far as its path tells.
func (c *collector) byName(p string) (kind Kind, form, owner string) {
	dir, base := path.Split(p)
	dir = strings.TrimSuffix(dir, "/")
	if dir == "" {
		dir = "."
	}
	ext := strings.ToLower(path.Ext(base))
	yaml := ext == ".yaml" || ext == ".yml"
	switch {
	case p == ".gate.yaml":
		return KindConfig, "", ""
	case base == "CODEOWNERS" && (dir == "." || dir == ".github" || dir == ".gitlab" || dir == "docs"):
		return KindCodeowners, "", ""
	case base == ".gitattributes", base == ".gitignore", base == ".helmignore":
		return KindAttributes, "", ""
	case yaml && (dir == ".github/workflows" || dir == ".gitea/workflows" || dir == ".forgejo/workflows"):
		return KindWorkflow, "workflow", ""
	case p == ".gitlab-ci.yml", p == "atlantis.yaml":
		return KindWorkflow, "workflow", ""
	case base == "Chart.yaml":
		return KindChart, "", dir
	}
	if chart, rel := c.chartOf(p); chart != "" {
		switch first, _, _ := strings.Cut(rel, "/"); {
		case first == "templates":
			return KindChartTemplate, "", chart
		case first == "crds" && yaml:
			return KindManifest, "", chart
		case first == "charts", first == "files", first == "ci", rel == "Chart.lock", rel == "requirements.yaml", rel == "requirements.lock",
			rel == "values.schema.json", yaml && strings.HasPrefix(rel, "values") && !strings.Contains(rel, "/"):
			return KindChartFile, "", chart
		}
		owner = chart
	}
	switch {
	case base == "kustomization.yaml", base == "kustomization.yml", base == "Kustomization":
		return KindKustomization, "", dir
	case base == "action.yml", base == "action.yaml":
		return KindWorkflow, "action", ""
	case base == "catalog-info.yaml", base == "catalog-info.yml":
		return KindCatalogInfo, "", ""
	case isTerraform(base):
		return KindTerraform, "", dir
	}
	return KindOther, "", owner
}

// chartOf returns the nearest chart directory above p and the rest of p.
func (c *collector) chartOf(p string) (chart, rel string) {
	for d := path.Dir(p); ; d = path.Dir(d) {
		if c.charts[d] {
			if d == "." {
				return d, p
			}
			return d, p[len(d)+1:]
		}
		if d == "." {
			return "", ""
		}
	}
}

// add puts one file into the inventory, as what its content says it is.
func (c *collector) add(inv *Inventory, r *reading) {
	if r.fault != nil {
		return
	}
	p := r.entry.Path
	if r.template {
		inv.Templates = append(inv.Templates, p)
	}
	if r.applied != nil {
		m := Manifest{Path: p, Docs: r.applied, Else: r.kind}
		if r.kind == KindChartTemplate || r.kind == KindChartFile {
			m.MemberOf = r.owner
		}
		inv.Manifests = append(inv.Manifests, m)
	}
	switch r.kind {
	case KindChart:
		inv.Charts = append(inv.Charts, c.chart(r))
	case KindKustomization:
		inv.Kustomizations = append(inv.Kustomizations, kustomization(r))
	case KindManifest:
		m := Manifest{Path: p, Docs: r.docs}
		if _, rel := c.chartOf(p); strings.HasPrefix(rel, "crds/") {
			m.MemberOf = r.owner
		}
		inv.Manifests = append(inv.Manifests, m)
	case KindWorkflow:
		inv.Workflows = append(inv.Workflows, Workflow{Path: p, Platform: platform(p), Form: r.form, Docs: r.docs})
	case KindCodeowners:
		inv.Codeowners = append(inv.Codeowners, p)
	case KindCatalogInfo:
		inv.CatalogInfo = append(inv.CatalogInfo, catalog(r)...)
	}
}

func platform(p string) string {
	if strings.HasPrefix(p, ".gitlab-ci") {
		return "gitlab"
	}
	if p == "atlantis.yaml" {
		return "atlantis"
	}
	return "github"
}

// wayOut says what settles a file that cannot be read. To exclude a file that
// defines others would leave these unjudged as well, and one that a chart holds
// is read through the chart all the same.
func wayOut(file, chart string) string {
	const entry = "under exclude in .gate.yaml with a reason, an owner and a date"
	dir := path.Dir(file)
	defines := slices.Contains([]string{"Chart.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization"}, path.Base(file))
	switch {
	case defines && dir == ".":
		return "mend the file"
	case defines:
		return fmt.Sprintf("mend the file; if nothing of %q is applied, list %q %s", dir, path.Join(dir, "**"), entry)
	case chart != "":
		return fmt.Sprintf("mend the file; the chart %q is rendered with it", chart)
	}
	return "mend the file, or list it " + entry
}

// ledger writes one entry and one File for each file.
func (c *collector) ledger(inv *Inventory) {
	for i := range c.read {
		r := &c.read[i]
		inv.Files = append(inv.Files, File{Path: r.entry.Path, Kind: r.kind, Owner: r.owner})
		e := facts.Entry{Kind: "file", ID: r.entry.Path, State: facts.Evaluated, Place: source.Position{File: r.entry.Path}, Reason: r.reason, Hint: r.hint}
		switch {
		case r.fault != nil:
			var hint string
			e.State = facts.Failed
			e.Reason, hint, e.Place = explain(e.ID, r.fault)
			e.Hint = cmp.Or(hint, e.Hint, wayOut(e.ID, r.owner))
			inv.Unreadable = append(inv.Unreadable, UnreadableFile{Path: e.ID, Kind: guessed(r.kind, e.ID), Reason: e.Reason, Place: e.Place})
		case r.skipped:
			e.State = facts.Skipped
		case r.reason != "":
			e.State = facts.NotApplicable
		case r.kind == KindChartTemplate || r.kind == KindChartFile:
			e.State, e.Reason = facts.NotApplicable, "read through the units of chart "+r.owner
		case r.kind == KindOther || r.kind == KindSymlink:
			e.State, e.Reason = facts.NotApplicable, "not a kind of file that is judged by itself"
		}
		if r.fault == nil && r.unread != nil {
			u := UnreadableFile{Path: e.ID, Kind: r.kind}
			u.Reason, _, u.Place = explain(e.ID, r.unread)
			inv.Unreadable = append(inv.Unreadable, u)
		}
		inv.Ledger = append(inv.Ledger, e)
	}
}

// guessed is the kind of a file that cannot be read: what its name says, else
// what a controller would take it for.
func guessed(kind Kind, file string) Kind {
	if kind == KindOther && manifestName(file) {
		return KindManifest
	}
	return kind
}

// notes adds what a tree says about files that it does not list.
func (c *collector) notes(inv *Inventory, entries []facts.Entry) {
	for _, e := range entries {
		inv.Ledger = append(inv.Ledger, e)
		if e.State == facts.Failed {
			kind, _, _ := c.byName(e.ID)
			inv.Unreadable = append(inv.Unreadable, UnreadableFile{Path: e.ID, Kind: guessed(kind, e.ID), Reason: e.Reason, Place: e.Place, Below: true})
		}
	}
}

// explain takes an error about a file apart: its message, what would settle
// it, and its place if that is in the file itself.
func explain(file string, err error) (reason, hint string, place source.Position) {
	reason, place = err.Error(), source.Position{File: file}
	var at *source.Error
	if errors.As(err, &at) {
		reason, hint = at.Msg, at.Hint
		if at.File == file {
			place = at.Position
		}
	}
	return reason, hint, place
}

func sortInventory(inv *Inventory) {
	slices.SortFunc(inv.Charts, func(a, b Chart) int { return strings.Compare(a.Dir, b.Dir) })
	slices.SortFunc(inv.Kustomizations, func(a, b Kustomization) int { return strings.Compare(a.File, b.File) })
	slices.SortFunc(inv.Manifests, func(a, b Manifest) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(inv.Workflows, func(a, b Workflow) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(inv.CatalogInfo, func(a, b CatalogInfo) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(inv.Unreadable, func(a, b UnreadableFile) int { return strings.Compare(a.Path, b.Path) })
	inv.Unreadable = slices.CompactFunc(inv.Unreadable, func(a, b UnreadableFile) bool { return a.Path == b.Path })
	slices.Sort(inv.TerraformRoots)
	slices.Sort(inv.Codeowners)
	slices.Sort(inv.Templates)
}
