package policy

import (
	"fmt"
	"reflect"
	"slices"

	"gate/internal/facts"

	"github.com/open-policy-agent/opa/v1/ast"
)

// batchSize is the number of subjects of one kind that a batch holds: 20,000
// deployments as one Rego value take a gigabyte, and the evaluator keeps the
// answer of every function until the batch ends.
const batchSize = 500

// subjects counts the subjects of each kind that a rule may be over. Keys are
// those of the facts document; files, stacks and codeowners stand one level
// deeper, transitions are objects and deletedObjects with their change.
var subjects = map[string]func(f *facts.Facts, o Over) int{
	"change":       func(*facts.Facts, Over) int { return 1 },
	"repository":   func(*facts.Facts, Over) int { return 1 },
	"files":        func(f *facts.Facts, _ Over) int { return len(f.Change.Files) },
	"environments": func(f *facts.Facts, _ Over) int { return len(f.Environments) },
	"services":     func(f *facts.Facts, _ Over) int { return len(f.Services) },
	"units":        func(f *facts.Facts, _ Over) int { return len(f.Units) },
	"objects": func(f *facts.Facts, o Over) int {
		return countIf(f.Objects, func(x facts.Object) bool { return listed(o.Kinds, x.Kind) })
	},
	// Objects that the change does something to, deleted ones included.
	"transitions": func(f *facts.Facts, o Over) int {
		return countIf(f.Objects, func(x facts.Object) bool {
			return x.Change != nil && x.Change.Action != "unchanged" && listed(o.Kinds, x.Kind)
		}) + countIf(f.DeletedObjects, func(x facts.Object) bool { return listed(o.Kinds, x.Kind) })
	},
	"containers": func(f *facts.Facts, _ Over) int { return len(f.Containers) },
	"images":     func(f *facts.Facts, _ Over) int { return len(f.Images) },
	"resources": func(f *facts.Facts, o Over) int {
		return countIf(f.Resources, func(x facts.Resource) bool { return listed(o.Types, x.Type) })
	},
	"stacks":           func(f *facts.Facts, _ Over) int { return len(f.Terraform.Stacks) },
	"workflows":        func(f *facts.Facts, _ Over) int { return len(f.Workflows) },
	"secrets":          func(f *facts.Facts, _ Over) int { return len(f.Secrets) },
	"secretReferences": func(f *facts.Facts, _ Over) int { return len(f.SecretReferences) },
	"assessments": func(f *facts.Facts, o Over) int {
		return countIf(f.Assessments, func(x facts.Assessment) bool { return listed(o.Kinds, x.Judge) })
	},
	"evidence": func(f *facts.Facts, _ Over) int { return len(f.Evidence) },
	"contract": func(f *facts.Facts, _ Over) int {
		if f.Contract == nil {
			return 0
		}
		return 1
	},
	"codeowners": func(f *facts.Facts, _ Over) int {
		if f.Repository.Codeowners == nil {
			return 0
		}
		return len(f.Repository.Codeowners.Rules)
	},
}

// Count returns how many subjects of f a rule over o judges; known is false
// for a kind of subject that there is not.
func Count(f *facts.Facts, o Over) (n int, known bool) {
	count := subjects[o.Subject]
	if count == nil {
		return 0, false
	}
	return count(f, o), true
}

func knownSubject(name string) bool { return subjects[name] != nil }

func countIf[T any](list []T, keep func(T) bool) int {
	n := 0
	for _, x := range list {
		if keep(x) {
			n++
		}
	}
	return n
}

func listed(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

// inputs makes the input documents of one evaluation.
type inputs struct {
	f     *facts.Facts
	over  map[string]bool // subjects that rules of scope subject are over
	whole bool            // there will be a document of scope tree
	lists map[string][]*ast.Term
}

// batches calls visit with one input document after the other: all that is
// small, and up to batchSize of each kind that is not and that a rule is over.
// Every subject stands in exactly one batch; there is at least one.
func (in *inputs) batches(visit func(ast.Value) error) error {
	f := in.f
	objects := in.over["objects"] || in.over["transitions"]
	n := max(1, len(f.DeletedObjects))
	for name, list := range map[string]int{
		"objects": len(f.Objects), "containers": len(f.Containers), "images": len(f.Images), "resources": len(f.Resources),
		"secrets": len(f.Secrets), "secretReferences": len(f.SecretReferences), "assessments": len(f.Assessments),
	} {
		if in.over[name] || name == "objects" && objects {
			n = max(n, list)
		}
	}
	for from := 0; from < n; from += batchSize {
		b := *f
		b.Index = facts.Index{}
		b.Objects = window(f.Objects, from, objects)
		b.DeletedObjects = window(f.DeletedObjects, from, true)
		b.Containers = window(f.Containers, from, in.over["containers"])
		if from > 0 { // small kinds are judged once, in the first batch
			b.Change.Files, b.Units, b.Workflows, b.Evidence, b.Contract = nil, nil, nil, nil, nil
			b.Environments, b.Terraform = []facts.Environment{}, facts.Terraform{} // rules count them
			b.Repository.Codeowners = nil
		}
		v, err := in.document(b, func(name string, list []*ast.Term) []*ast.Term { return window(list, from, in.over[name]) })
		if err != nil {
			return err
		}
		if err := visit(v); err != nil {
			return err
		}
	}
	return nil
}

// tree returns the input document of rules of scope tree: everything but the
// content of objects and containers, whose joins stand in the index.
func (in *inputs) tree() (ast.Value, error) {
	b := *in.f
	b.Objects, b.Containers = nil, nil
	b.DeletedObjects = slices.Clone(b.DeletedObjects)
	for i := range b.DeletedObjects {
		b.DeletedObjects[i].Manifest = nil
	}
	return in.document(b, func(_ string, list []*ast.Term) []*ast.Term { return list })
}

func window[T any](list []T, from int, wanted bool) []T {
	if !wanted || from >= len(list) {
		return nil
	}
	return list[from:min(from+batchSize, len(list))]
}

// document converts what is small, and puts the part of each large list in
// that both batches and trees hold: those are converted once.
func (in *inputs) document(b facts.Facts, part func(name string, list []*ast.Term) []*ast.Term) (ast.Value, error) {
	if err := in.convertLists(); err != nil {
		return nil, err
	}
	b.Images, b.Resources, b.Secrets, b.SecretReferences, b.Assessments = nil, nil, nil, nil, nil
	small, err := document(&b)
	if err != nil {
		return nil, err
	}
	var pairs [][2]*ast.Term
	small.Foreach(func(k, v *ast.Term) {
		if name, ok := k.Value.(ast.String); ok {
			if list, large := in.lists[string(name)]; large {
				v = ast.ArrayTerm(part(string(name), list)...)
			}
		}
		pairs = append(pairs, [2]*ast.Term{k, v})
	})
	return ast.NewObject(pairs...), nil
}

// convertLists converts the large lists that a document of the evaluation holds.
func (in *inputs) convertLists() error {
	if in.lists != nil {
		return nil
	}
	in.lists = map[string][]*ast.Term{}
	c := newConverter()
	for name, list := range map[string]any{
		"images": in.f.Images, "resources": in.f.Resources, "secrets": in.f.Secrets,
		"secretReferences": in.f.SecretReferences, "assessments": in.f.Assessments,
	} {
		v := reflect.ValueOf(list)
		in.lists[name] = make([]*ast.Term, 0, v.Len())
		if !in.whole && !in.over[name] {
			continue // no rule sees them
		}
		for i := range v.Len() {
			t, err := c.value(v.Index(i))
			if err != nil {
				return fmt.Errorf("encode facts: %w", err)
			}
			in.lists[name] = append(in.lists[name], t)
		}
	}
	return nil
}

func document(f *facts.Facts) (ast.Object, error) {
	t, err := newConverter().value(reflect.ValueOf(f).Elem())
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	object, ok := t.Value.(ast.Object)
	if !ok {
		return nil, fmt.Errorf("encode facts: they are no object")
	}
	return object, nil
}
