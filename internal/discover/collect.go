package discover

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gate/internal/facts"
	"gate/internal/source"
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
func Collect(ctx context.Context, tree source.Tree) (*Inventory, error) {
	return CollectWith(ctx, tree, Options{})
}

// CollectWith is Collect with options.
func CollectWith(ctx context.Context, tree source.Tree, o Options) (*Inventory, error) {
	if o.Workers <= 0 {
		o.Workers = workers
	}
	c := &collector{tree: tree, charts: chartDirs(tree), o: o}
	entries := tree.Entries()
	c.read = make([]reading, len(entries))
	if err := c.readAll(ctx, entries); err != nil {
		return nil, err
	}
	inv := &Inventory{}
	for i := range c.read {
		c.add(inv, &c.read[i])
	}
	c.includes(inv)
	c.members(inv)
	c.modules(inv)
	vendor(inv)
	c.ledger(inv)
	if t, ok := tree.(interface{ Notes() []facts.Entry }); ok {
		inv.Ledger = append(inv.Ledger, t.Notes()...)
	}
	if t, ok := tree.(interface{ Submodules() []string }); ok { // the index or a commit
		for _, p := range t.Submodules() {
			inv.Ledger = append(inv.Ledger, unreadSubmodule(p))
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
	// skipped says that the reason is a gap, not the nature of the file.
	skipped bool
	hint    string
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
	next := make(chan int)
	var wg sync.WaitGroup
	for range c.o.Workers {
		wg.Go(func() {
			for i := range next {
				c.read[i] = c.readOne(entries[i])
			}
		})
	}
	var err error
	for i := range entries {
		if err = ctx.Err(); err != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
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
		c.parse(&r, source.ParseYAML)
	case KindKustomization:
		c.parse(&r, source.ParseYAML)
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
	r.docs, r.fault = parse(r.entry.Path, data)
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
	case p == ".gitlab-ci.yml":
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
	return "github"
}

// ledger writes one entry and one File for each file.
func (c *collector) ledger(inv *Inventory) {
	for i := range c.read {
		r := &c.read[i]
		inv.Files = append(inv.Files, File{Path: r.entry.Path, Kind: r.kind, Owner: r.owner})
		e := facts.Entry{Kind: "file", ID: r.entry.Path, State: facts.Evaluated, Place: source.Position{File: r.entry.Path}, Reason: r.reason, Hint: r.hint}
		switch {
		case r.fault != nil:
			e.State, e.Reason, e.Place = facts.Failed, r.fault.Error(), place(r.entry.Path, r.fault)
			var at *source.Error
			if errors.As(r.fault, &at) {
				e.Reason = at.Msg
				e.Hint = cmp.Or(at.Hint, e.Hint)
			}
			if e.Hint == "" {
				e.Hint = "mend the file, or list it under exclude in .gate.yaml with a reason, an owner and a date"
			}
		case r.skipped:
			e.State = facts.Skipped
		case r.reason != "":
			e.State = facts.NotApplicable
		case r.kind == KindChartTemplate || r.kind == KindChartFile:
			e.State, e.Reason = facts.NotApplicable, "read through the units of chart "+r.owner
		case r.kind == KindOther || r.kind == KindSymlink:
			e.State, e.Reason = facts.NotApplicable, "not a kind of file that is judged by itself"
		}
		inv.Ledger = append(inv.Ledger, e)
	}
}

func place(file string, err error) source.Position {
	var at *source.Error
	if errors.As(err, &at) && at.File == file {
		return at.Position
	}
	return source.Position{File: file}
}

func sortInventory(inv *Inventory) {
	slices.SortFunc(inv.Charts, func(a, b Chart) int { return strings.Compare(a.Dir, b.Dir) })
	slices.SortFunc(inv.Kustomizations, func(a, b Kustomization) int { return strings.Compare(a.File, b.File) })
	slices.SortFunc(inv.Manifests, func(a, b Manifest) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(inv.Workflows, func(a, b Workflow) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(inv.CatalogInfo, func(a, b CatalogInfo) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(inv.TerraformRoots)
	slices.Sort(inv.Codeowners)
}
