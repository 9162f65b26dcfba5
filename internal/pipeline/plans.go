package pipeline

import (
	"fmt"

	"gate/internal/source"
	"gate/internal/terraform"
)

// plans are the handed-in plans.
type plans struct {
	files   []terraform.PlanFile
	digests map[string]string // name among the inputs -> sha256
}

// readPlans reads the plans that flags name. One that cannot be read is an
// input that is missing: it is named, and the run is incomplete.
func readPlans(o *Options, said *Record) plans {
	p := plans{digests: map[string]string{}}
	read := func(kind string, in Input) (name string, data []byte, ok bool) {
		name = p.unique(planName(kind, in))
		data, err := o.readInput(in.File)
		if err != nil {
			said.failed("input", name, err)
			return name, nil, false
		}
		p.digests[name] = digest(data)
		return name, data, true
	}
	for _, in := range o.Plans {
		if name, data, ok := read("plan", in); ok {
			p.files = append(p.files, terraform.PlanFile{Stack: in.Stack, Name: name, Data: data})
		}
	}
	for _, in := range o.PlanFiles {
		if name, data, ok := read("plan-file", in); ok {
			p.pair(in.Stack, terraform.BinaryFile{Name: name, Data: data}, len(o.Plans) == 1, said)
		}
	}
	return p
}

// unique is a name that no other plan has: several may come without a stack.
func (p *plans) unique(name string) string {
	unique := name
	for n := 2; ; n++ {
		if _, taken := p.digests[unique]; !taken {
			return unique
		}
		unique = fmt.Sprintf("%s#%d", name, n)
	}
}

// pair hands a binary plan to the first plan JSON of its stack that has none;
// where there is a single plan JSON, either of them may come without a stack.
// A binary that nobody reads must not look as if it had been compared.
func (p *plans) pair(stack string, binary terraform.BinaryFile, single bool, said *Record) {
	for _, exact := range []bool{true, false} {
		for i := range p.files {
			f := &p.files[i]
			same := f.Stack == stack || !exact && (f.Stack == "" || stack == "") && single
			if f.Binary == nil && same {
				f.Binary = &binary
				return
			}
		}
	}
	said.failed("input", binary.Name, &source.Error{
		Msg: "no --plan of that stack says what the binary plan does", Hint: "terraform show -json FILE > plan.json, and hand it in with --plan under the same stack",
	})
}

func planName(kind string, in Input) string {
	if in.Stack == "" {
		return kind
	}
	return kind + ":" + in.Stack
}
