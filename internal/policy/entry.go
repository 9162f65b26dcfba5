package policy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Organisation is what an entry of the organisation's own policies judges.
type Organisation struct {
	Entry  config.Policy
	Label  string      // of Rules
	Rules  source.Tree // that the policies and their data stand in
	Tree   source.Tree // that is judged
	Facts  *facts.Facts
	Places source.Index           // of the subjects
	Hide   func(document any) any // takes secrets out of a document
	// Raw are the objects with their secrets, by id, and Reveal makes what takes texts
	// out of messages: for an entry that may see secrets.
	Raw    map[string]map[string]any
	Reveal func(texts []string) (clean func(string) string)
	// Params are the parameters of the rules of a catalog.
	Params func([]Rule) map[string]map[string]map[string]any
	// Excluded says whether the configuration leaves a file out; nil: none.
	Excluded func(file string) bool
	// Plans are the plans that were handed in, by their stacks' paths; whole, with
	// their secrets.
	Plans func(stack string, whole bool) (any, error)
	// Reading is called when a file is read, and done when that has ended; Unread
	// are those that are not to be read, with the reason. Both may be nil.
	Reading func(file string) (done func())
	Unread  map[string]error
	// Options bound the evaluation. Skip and Started are of single documents.
	Options Options

	ignored *regexp.Regexp // of Entry.Ignore
}

// Judge evaluates the entry. places are those of files that it judges and that
// nobody else knows.
func (o *Organisation) Judge(ctx context.Context) (out *Outcome, rules []Rule, places source.Index) {
	places = source.Index{}
	out, rules = o.judge(ctx, places)
	return out, rules, places
}

func (o *Organisation) judge(ctx context.Context, places source.Index) (*Outcome, []Rule) {
	set, err := o.set()
	if err != nil {
		return o.fail(err)
	}
	if o.Entry.Style == "catalog" {
		return o.catalogStyle(ctx, set)
	}
	if o.Entry.Ignore != "" {
		if o.ignored, err = regexp.Compile(o.Entry.Ignore); err != nil {
			return o.fail(err)
		}
	}
	docs, unread := o.documents(places)
	named(docs, o.Places, places)
	out, rules := set.Judge(ctx, docs, o.Options)
	out.Ledger = append(out.Ledger, unread...)
	return out, rules
}

// Load compiles the entry as Judge would and returns its rules, sorted by id.
// Of the fields it reads Entry, Label and Rules only.
func (o *Organisation) Load() ([]Rule, error) {
	set, err := o.set()
	if err != nil {
		return nil, err
	}
	if o.Entry.Style != "catalog" {
		return set.rules()
	}
	c, err := set.Catalog()
	if err != nil {
		return nil, err
	}
	return c.Rules(), nil
}

// Catalog compiles an entry of style catalog. The files of its rules are those of the
// repository.
func (o *Organisation) Catalog() (*Catalog, error) {
	set, err := o.set()
	if err != nil {
		return nil, err
	}
	return set.Catalog()
}

// set reads the modules of the entry and their data.
func (o *Organisation) set() (Set, error) {
	p := o.Entry
	set := Set{
		Entry: p.Entry(), Rego: p.Rego, Namespaces: p.Namespaces, Combine: p.Combine, Strict: p.Strict, FailOnWarn: p.FailOnWarn, Printing: o.Options.Trace,
		Modules: map[string][]byte{}, Data: map[string][]byte{},
	}
	for _, from := range append([]string{p.Path}, p.Paths...) {
		modules, err := o.below(from, o.isModule)
		if err != nil {
			return Set{}, err
		}
		if len(modules) == 0 {
			return Set{}, fmt.Errorf("no .rego file below %s at %s", from, o.Label)
		}
		maps.Copy(set.Modules, modules)
	}
	for _, from := range p.Data {
		if err := o.readData(&set, from); err != nil {
			return Set{}, err
		}
	}
	return set, nil
}

// Digest is sha256 in hex over the files of the entry, its modules and their data. Of the
// fields it reads Entry, Label and Rules only.
func (o *Organisation) Digest() (string, error) {
	set, err := o.set()
	if err != nil {
		return "", err
	}
	var lines []string
	for kind, files := range map[string]map[string][]byte{"module": set.Modules, "data": set.Data} {
		for file, text := range files {
			lines = append(lines, fmt.Sprintf("%s %s %x\n", kind, file, sha256.Sum256(text)))
		}
	}
	return digest(lines), nil
}

// fail is the outcome of an entry that cannot be evaluated.
func (o *Organisation) fail(err error) (*Outcome, []Rule) {
	return &Outcome{Ledger: []facts.Entry{o.Failed(err)}}, nil
}

// Failed is the ledger's entry of one that cannot be evaluated.
func (o *Organisation) Failed(err error) facts.Entry {
	e := failed(o.Entry.Entry(), err)
	e.Place = source.Position{File: o.Entry.Path}
	return e
}

// failed is the ledger's entry of policies that cannot be evaluated.
func failed(id string, err error) facts.Entry {
	reason, hint, _ := strings.Cut(err.Error(), hintMark)
	return facts.Entry{Kind: "policy", ID: id, State: facts.Failed, Reason: reason, Hint: hint}
}

// isModule says whether a file belongs to the policies. Conftest takes what stands in
// files of tests as well.
func (o *Organisation) isModule(file string) bool {
	return strings.HasSuffix(file, ".rego") && (o.Entry.Style != "catalog" || !strings.HasSuffix(file, "_test.rego"))
}

// below reads the files of the policy's tree at or below a path that are wanted.
func (o *Organisation) below(from string, wanted func(file string) bool) (map[string][]byte, error) {
	out := map[string][]byte{}
	from = clean(from)
	for _, e := range o.Rules.Entries() {
		if from != "." && e.Path != from && !strings.HasPrefix(e.Path, from+"/") || !wanted(e.Path) {
			continue
		}
		data, err := o.Rules.ReadFile(e.Path)
		if err != nil {
			return nil, fmt.Errorf("read policy %s: %w", e.Path, err)
		}
		out[e.Path] = data
	}
	return out, nil
}

// document is one of a file, without what is secret in it.
func (o *Organisation) document(id, file string, value any, origin source.Locator) Document {
	d := Document{ID: id, File: file, Value: withoutSecrets(o.Hide(value)), Origin: origin}
	return o.shown(d, value)
}

// shown is the document with what is secret beside it, if the entry may see that.
func (o *Organisation) shown(d Document, whole any) Document {
	if o.Entry.Secrets && o.Reveal != nil {
		d.Shown, d.Clean = whole, o.Reveal(hiddenTexts(d.Value, whole))
	}
	return d
}

// withoutSecrets is a document without the data of every Secret in it.
func withoutSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = withoutSecrets(e)
		}
		if v["kind"] == "Secret" {
			for _, field := range []string{"data", "stringData"} {
				m := doc.Map(out, field)
				for k := range m {
					m[k] = facts.Redacted("secret")
				}
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = withoutSecrets(e)
		}
		return out
	}
	return v
}

// catalogStyle evaluates an entry whose rules are written like the built-in
// ones, over the facts.
func (o *Organisation) catalogStyle(ctx context.Context, set Set) (*Outcome, []Rule) {
	c, err := set.Catalog()
	if err != nil {
		return o.fail(err)
	}
	f := *o.Facts
	f.Params = o.Params(c.Rules())
	out, err := c.Evaluate(ctx, &f, Options{Provided: o.Options.Provided, Steps: packageSteps, Workers: o.Options.Workers})
	if err != nil {
		return o.fail(err)
	}
	return out, c.Rules()
}
