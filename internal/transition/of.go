package transition

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Options say what of the facts a transition is told from. The zero value
// takes everything and no secret.
type Options struct {
	// Covers says whether a subject belongs to the environment and target that
	// the transition is about; nil: every one does.
	Covers func(facts.Scope) bool
	// Key and Secret bind secrets: with both, the value of a redacted leaf
	// enters as a keyed digest. Secret returns the value that a subject has at
	// a path after the change; what it does not know stays "sensitive".
	Key    []byte
	Secret func(subject, path string) (any, bool)
}

// Of returns what the change of f does. The error is about a value that is no
// JSON, which no input yields.
func Of(f *facts.Facts, o Options) (Transition, error) {
	b := builder{o: o, planned: map[string]*planned{}}
	covers := func(s facts.Scope) bool { return o.Covers == nil || o.Covers(s) }
	for i := range f.Objects {
		if covers(f.Objects[i].Scope) {
			b.object(&f.Objects[i])
		}
	}
	for i := range f.GeneratedObjects {
		if covers(f.GeneratedObjects[i].Scope) {
			b.object(&f.GeneratedObjects[i])
		}
	}
	for i := range f.DeletedObjects {
		if d := &f.DeletedObjects[i]; covers(d.Scope) {
			b.finish(Action{Kind: "object", Subject: d.ID, Action: "deleted", Outcome: outcome(d.Change)})
		}
	}
	for i := range f.Resources {
		if covers(f.Resources[i].Scope) {
			b.resource(&f.Resources[i])
		}
	}
	b.reads(f, covers)
	b.stacks(f)
	for i := range f.Terraform.DeletedResources {
		if d := &f.Terraform.DeletedResources[i]; covers(d.Scope) {
			b.declaredResource(d)
		}
	}
	for i := range f.Terraform.Changes {
		if c := &f.Terraform.Changes[i]; covers(c.Scope) {
			b.declaredChange(c)
		}
	}
	slices.SortStableFunc(b.actions, func(x, y Action) int {
		return cmp.Or(cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Action, y.Action))
	})
	return Transition{Actions: b.actions, Unknown: unknown(f, covers), Declared: b.declared, Varied: varied(f, b.actions)}, b.err
}

// unknown is what of the change is not known in scope. What belongs to no
// environment could turn out to belong to any.
func unknown(f *facts.Facts, covers func(facts.Scope) bool) []facts.UnknownChange {
	var out []facts.UnknownChange
	for _, u := range f.Change.Unknown {
		if u.Environment == "" || covers(u.Scope) {
			out = append(out, u)
		}
	}
	for i := range f.Terraform.Stacks {
		s := &f.Terraform.Stacks[i]
		if reason := unread(s); reason != "" && (s.Environment == "" || covers(s.Scope)) {
			out = append(out, facts.UnknownChange{Subject: s.Subject, Side: "head", Reason: reason})
		}
	}
	return out
}

// varied says whether an action is about an object of a unit that has variants:
// what is applied then may be one of them. Files that nothing names are no part of
// what is applied, as far as anything tells.
func varied(f *facts.Facts, actions []Action) bool {
	units := map[string]bool{}
	for _, u := range f.Units {
		if u.Variant != nil && u.Variant.By == facts.VariantCircumstance {
			units[u.Variant.Of] = true
		}
	}
	return len(units) > 0 && slices.ContainsFunc(actions, func(a Action) bool {
		unit, _, _ := strings.Cut(a.Subject, "#")
		return a.Kind == "object" && units[unit]
	})
}

type builder struct {
	o       Options
	actions []Action
	subject string            // whose action is being made
	changes map[string]string // its changes
	noise   map[string]bool   // its changed paths that do not count
	err     error
	// declared says that a configuration told something.
	declared bool
	// planned are the stacks of which a plan does something, by path; here is the
	// one of the action that is being made.
	planned map[string]*planned
	here    *planned
}

func (b *builder) begin(subject string) {
	b.subject, b.changes, b.noise, b.here = subject, map[string]string{}, map[string]bool{}, nil
}

func (b *builder) finish(a Action) {
	for _, path := range slices.Sorted(maps.Keys(b.changes)) {
		a.Changes = append(a.Changes, Change{path, b.changes[path]})
	}
	b.changes = nil
	b.actions = append(b.actions, a)
}

func (b *builder) object(o *facts.Object) {
	b.begin(o.ID)
	a := Action{Kind: "object", Subject: o.ID, Action: "applied"}
	if o.Change != nil {
		a.Action, a.From, a.Outcome = o.Change.Action, o.Change.From, outcome(o.Change)
	}
	switch a.Action {
	case "unchanged":
		return
	case "deleted": // of it there is nothing to say
	case "updated", "moved":
		before := doc.Map(o.Change.Before)
		for _, d := range diff(Same(before), Same(o.Manifest), true) {
			b.set(d.Path, d.After)
		}
		b.secrets(o.Change.Paths)
	default:
		b.set("", o.Manifest)
	}
	b.finish(a)
}

// outcome is what comes of a change where that is not that it is applied: who
// approved that an object is left behind did not approve that it is deleted.
func outcome(c *facts.ResourceChange) string {
	if c == nil || c.Outcome == facts.OutcomeApplied {
		return ""
	}
	return c.Outcome
}

func (b *builder) resource(r *facts.Resource) {
	if r.Mode == "data" || r.Crossplane != nil { // the latter is told as the object that it is
		return
	}
	if r.Origin != "plan" {
		b.declaredResource(r)
		return
	}
	actions := effective(r)
	moves := r.PreviousAddress != "" && r.PreviousAddress != r.Address
	if len(actions) == 0 && !moves && !r.Importing {
		return
	}
	b.begin(r.ID)
	b.uses(r)
	a := Action{Kind: "resource", Subject: r.ID}
	creates, removes := slices.Contains(actions, "create"), slices.Contains(actions, "delete") || slices.Contains(actions, "forget")
	switch {
	case creates && !removes:
		b.whole(r)
	case creates, slices.Contains(actions, "update"):
		b.attributes(r, nil, r.Before, r.After, r.Unknown)
		if r.Change != nil {
			b.secrets(r.Change.Paths)
		}
		for _, p := range r.ReplacePaths {
			a.Replace = append(a.Replace, attribute(p))
		}
		slices.Sort(a.Replace)
	}
	if moves {
		actions, a.From = append(actions, "move"), r.PreviousAddress
	}
	if r.Importing {
		actions = append(actions, "import")
		if r.Import != nil {
			b.set(pathImport, r.Import)
		}
	}
	b.programs(r, creates, removes)
	a.Action = strings.Join(actions, ",")
	b.finish(a)
}

// declaredResource tells of a resource that has no plan what becomes of it by its
// configuration.
func (b *builder) declaredResource(r *facts.Resource) {
	c := r.Change
	if c == nil {
		c = &facts.ResourceChange{Action: "declared"}
	}
	imports := r.Importing && (c.Action == "unchanged" || c.Action == "created")
	if c.Action == "unchanged" && !imports {
		return
	}
	told := *c
	switch {
	case imports:
		told.Action = "imported"
	case slices.Contains(r.Actions, "forget"):
		told.Action = "forgotten"
	}
	b.begin(r.ID)
	switch told.Action {
	case "deleted", "forgotten":
	case "updated", "moved":
		b.attributes(r, nil, r.Before, r.After, r.Unknown)
		b.only(told.Paths)
		for _, p := range told.Paths {
			b.declaredPath(r, p)
		}
	default:
		b.set("", r.After)
		b.set("$expressions", r.Expressions)
		b.programs(r, true, false)
	}
	b.declared = true
	b.finish(Action{Kind: "resource", Subject: r.ID, Action: told.Action, Outcome: outcome(&told), From: told.From})
}

// declaredPath enters a changed path that no value tells: its expression does where
// the value is not known, and lifecycle is no attribute.
func (b *builder) declaredPath(r *facts.Resource, path string) {
	top, rest, _ := strings.Cut(path, ".")
	top, _, _ = strings.Cut(top, "[")
	if _, unknown := r.Unknown[top]; unknown {
		b.set("$expressions."+top, r.Expressions[top])
	}
	for entered := range b.changes {
		if within(entered, path) {
			return
		}
	}
	switch _, unknown := r.Unknown[top]; {
	case top == "lifecycle":
		b.set(path, r.Lifecycle[rest])
	case unknown, r.Before[top] == nil && r.After[top] == nil: // count, for_each, provider
		b.changes[path] = valueComputed
	default:
		b.secret(path)
	}
}

// only drops the changes that are below none of some paths.
func (b *builder) only(paths []string) {
	maps.DeleteFunc(b.changes, func(entered, _ string) bool {
		return !slices.ContainsFunc(paths, func(p string) bool { return within(entered, p) })
	})
}

// within says whether a path is another one or below it.
func within(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// declaredChange tells what else becomes of a configuration.
func (b *builder) declaredChange(c *facts.DeclaredChange) {
	b.begin(c.ID)
	if c.Change.Action != "deleted" {
		b.set("", c.After)
	}
	for _, p := range c.Change.Paths {
		if top, _, _ := strings.Cut(p, "."); c.After[top] == nil {
			b.changes[p] = valueComputed
		}
	}
	b.declared = true
	b.finish(Action{Kind: "configuration", Subject: c.ID, Action: c.Change.Action, Outcome: outcome(&c.Change), From: c.Change.From})
}

// attributes tells which attributes of a resource differ, to the depth at
// which both sides are objects or lists of one length: the depth of
// facts.ResourceChange.Paths, so that what is missing here is a secret there.
func (b *builder) attributes(r *facts.Resource, p []any, before, after, unknown any) {
	if unknown == true {
		b.computed(r, p, unknown)
		return
	}
	x, ok1 := before.(map[string]any)
	y, ok2 := after.(map[string]any)
	if ok1 && ok2 && !redacted(x) && !redacted(y) {
		u := doc.Map(unknown)
		keys := map[string]bool{}
		for _, m := range []map[string]any{x, y, u} {
			for k := range m {
				keys[k] = true
			}
		}
		for k := range keys {
			b.attributes(r, append(p[:len(p):len(p)], k), x[k], y[k], u[k])
		}
		return
	}
	bl, ok1 := before.([]any)
	al, ok2 := after.([]any)
	if ok1 && ok2 && len(bl) == len(al) {
		for i := range al {
			b.attributes(r, append(p[:len(p):len(p)], i), bl[i], al[i], doc.At(unknown, i))
		}
		return
	}
	if !Equal(before, after) {
		b.set(attribute(p), after)
		b.computed(r, p, unknown)
	}
}

// computed enters what only apply knows, where the configuration sets it. An
// attribute that the provider alone computes is unknown or not as the provider
// likes.
func (b *builder) computed(r *facts.Resource, p []any, unknown any) {
	switch u := unknown.(type) {
	case bool:
		if !u || len(p) == 0 {
			return
		}
		name, _ := p[0].(string)
		e, set := r.Expressions[name]
		// Inside of what is known otherwise it is a block, which plans do not list if
		// it is a dynamic one.
		if set || len(r.Expressions) == 0 || len(p) > 1 {
			b.changes[attribute(p)] = valueComputed
			b.hangs(slices.Contains(r.UnknownSensitive, name))
			if set {
				b.set(attribute([]any{"$expressions", name}), e)
			}
		} else {
			b.noise[attribute(p)] = true
		}
	case map[string]any:
		for k, e := range u {
			b.computed(r, append(p[:len(p):len(p)], k), e)
		}
	case []any:
		for i, e := range u {
			b.computed(r, append(p[:len(p):len(p)], i), e)
		}
	}
}

func attribute(p []any) string { return source.Path(p).String() }

// set enters what stands at a path after the change, and each secret in it.
func (b *builder) set(path string, after any) {
	if after == nil {
		b.changes[path] = valueRemoved
		return
	}
	if redacted(after) {
		b.secret(path)
		return
	}
	d, err := valueDigest(after)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("transition of %s: %s: %w", b.subject, path, err)
	}
	b.changes[path] = d
	b.secretsIn(path, after)
}

func (b *builder) secretsIn(path string, v any) {
	if redacted(v) {
		b.secret(path)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			b.secretsIn(member(path, k), e)
		}
	case []any:
		for i, e := range v {
			b.secretsIn(fmt.Sprintf("%s[%d]", path, i), e)
		}
	}
}

// secrets enters those changed paths that are not there yet: what is shown of
// them is the same before and after.
func (b *builder) secrets(paths []string) {
	for _, p := range paths {
		if _, entered := b.changes[p]; !entered && !b.noise[p] {
			b.secret(p)
		}
	}
}

func (b *builder) secret(path string) {
	b.changes[path] = valueSensitive
	if len(b.o.Key) == 0 || b.o.Secret == nil {
		return
	}
	v, ok := b.o.Secret(b.subject, path)
	if !ok {
		return
	}
	d, err := keyedDigest(b.o.Key, b.subject, path, v)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("transition of %s: %s: %w", b.subject, path, err)
	}
	b.changes[path] = d
}
