package pipeline

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/facts"
)

// nameReaders says in the ledger of each file that is not judged by itself, and of a
// kind that may say what is applied, who reads it, or that nobody does.
func (c *chain) nameReaders() {
	by, kinds := c.readersOf(), map[string]discover.File{}
	for _, f := range c.inventory.Files {
		kinds[f.Path] = f
	}
	for i := range c.record.Ledger {
		e := &c.record.Ledger[i]
		readers, f := by[e.ID], kinds[e.ID]
		if e.Kind == "file" && e.State == facts.Evaluated && f.Kind == discover.KindTerraform && len(readers) == 0 {
			e.State, e.Reason = facts.NotApplicable, "configuration"
		}
		if e.Kind != "file" || e.State != facts.NotApplicable {
			continue
		}
		switch {
		case len(readers) == 1:
			e.Reader, e.Reason = readers[0], "read by "+readers[0]
		case len(readers) > 1:
			e.Reader, e.Reason = readers[0], fmt.Sprintf("read by %s and %d more", readers[0], len(readers)-1)
		case f.Kind == discover.KindChartTemplate || f.Kind == discover.KindChartFile:
			e.Reader, e.Reason = facts.NoReader, "no unit of chart "+cmp.Or(f.Owner, path.Dir(e.ID))+" reads it"
		case saysWhatIsApplied(e.ID):
			e.Reader, e.Reason = facts.NoReader, e.Reason+": no unit and no stack reads it"
		}
	}
}

// saysWhatIsApplied says whether a file of this name may be read for what is applied.
func saysWhatIsApplied(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json", ".hcl", ".tf", ".tofu", ".tfvars", ".tpl", ".tmpl", ".gotmpl", ".j2"}, strings.ToLower(path.Ext(file)))
}

// readersOf are the units and stacks that read files, by file, sorted.
func (c *chain) readersOf() map[string][]string {
	by := map[string][]string{}
	add := func(file, reader string) {
		if !slices.Contains(by[file], reader) {
			by[file] = append(by[file], reader)
		}
	}
	for _, o := range c.rendered.head.Outcomes {
		if o.Rendered != nil {
			for _, f := range o.Rendered.Sources {
				add(f, o.Unit.ID)
			}
			continue
		}
		for _, f := range slices.Concat(o.Unit.Files, o.Unit.Values) {
			add(f, o.Unit.ID+", which failed")
		}
	}
	for _, st := range c.read.terraform.Stacks {
		add(path.Join(st.Path, ".terraform.lock.hcl"), st.ID)
		for f := range c.read.terraform.Reads(st.Path).Files {
			add(f, st.ID)
		}
	}
	for _, dir := range c.read.terraform.Idle {
		for f := range c.read.terraform.Reads(dir).Files {
			add(f, "stack:"+dir)
		}
	}
	for _, list := range by {
		slices.Sort(list)
	}
	return by
}
