package policy

import (
	"fmt"
	"reflect"
	"slices"

	"gate/internal/facts"

	"github.com/open-policy-agent/opa/v1/ast"
)

// batchSize is the number of subjects of one kind that a batch holds: 20,000
// deployments as one Rego value take a gigabyte, 2,000 a tenth of it.
const batchSize = 2000

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

// batches calls visit with one input document after the other: all that is
// small, and up to batchSize of each kind that is not and that a rule is over.
// Every subject stands in exactly one batch; there is at least one.
func batches(f *facts.Facts, over map[string]bool, visit func(ast.Value) error) error {
	objects := over["objects"] || over["transitions"]
	n := max(1, len(f.DeletedObjects))
	for name, list := range map[string]int{
		"objects": len(f.Objects), "containers": len(f.Containers), "images": len(f.Images), "resources": len(f.Resources),
		"secrets": len(f.Secrets), "secretReferences": len(f.SecretReferences), "assessments": len(f.Assessments),
	} {
		if over[name] || name == "objects" && objects {
			n = max(n, list)
		}
	}
	for from := 0; from < n; from += batchSize {
		b := *f
		b.Index = facts.Index{}
		b.Objects = window(f.Objects, from, objects)
		b.DeletedObjects = window(f.DeletedObjects, from, true)
		b.Containers = window(f.Containers, from, over["containers"])
		b.Images = window(f.Images, from, over["images"])
		b.Resources = window(f.Resources, from, over["resources"])
		b.Secrets = window(f.Secrets, from, over["secrets"])
		b.SecretReferences = window(f.SecretReferences, from, over["secretReferences"])
		b.Assessments = window(f.Assessments, from, over["assessments"])
		if from > 0 { // small kinds are judged once, in the first batch
			b.Change.Files, b.Units, b.Workflows, b.Evidence = nil, nil, nil, nil
			b.Environments, b.Terraform = []facts.Environment{}, facts.Terraform{} // rules count them
			b.Repository.Codeowners = nil
		}
		v, err := document(&b)
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
func tree(f *facts.Facts) (ast.Value, error) {
	b := *f
	b.Objects, b.Containers = nil, nil
	b.DeletedObjects = slices.Clone(f.DeletedObjects)
	for i := range b.DeletedObjects {
		b.DeletedObjects[i].Manifest = nil
	}
	return document(&b)
}

func window[T any](list []T, from int, wanted bool) []T {
	if !wanted || from >= len(list) {
		return nil
	}
	return list[from:min(from+batchSize, len(list))]
}

func document(f *facts.Facts) (ast.Value, error) {
	t, err := newConverter().value(reflect.ValueOf(f).Elem())
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	return t.Value, nil
}
