package secrets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Found is what was detected, as facts. Scopes are left to the caller, who
// knows what a path or an object belongs to.
type Found struct {
	Secrets     []facts.Secret // sorted by id
	Assessments []facts.Assessment
	Locators    source.Index  // of Secrets and Assessments
	Ledger      []facts.Entry // files that could not be scanned

	records []record
	keys    []string               // of Secrets that are secrets themselves
	files   map[string]*fileResult // by path
}

// record is one secret with its value, which facts do not hold.
type record struct {
	secret  facts.Secret // without id
	subject string       // what the id says beside detector and ordinal, without path
	path    source.Path  // in the document or resource, which subject and secret.Location lead to
	value   string
	raw     string // an encoding of value, as it stands in the text
	sure    certainty
	rank    int
	line    int  // of the value in a leaf of several lines, from 0
	hidden  bool // the value is not known
	place   source.Location
	covered bool // another record stands for it
}

// publish numbers the records and makes them facts. repeated, which may be nil, hides
// what it knows in the keys that lead to them.
func (f *Found) publish(repeated *Repeated) {
	slices.SortStableFunc(f.records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), comparePaths(a.path, b.path), cmp.Compare(a.place.File, b.place.File),
			cmp.Compare(a.place.Line, b.place.Line), cmp.Compare(a.place.Column, b.place.Column), cmp.Compare(a.secret.Rule, b.secret.Rule))
	})
	f.Secrets = f.Secrets[:0]
	if f.Locators == nil {
		f.Locators = source.Index{}
	}
	ordinals := map[string]int{}
	for _, r := range f.records {
		if r.covered || r.sure == doubtful {
			continue
		}
		s := r.secret
		s.Certain = r.sure == certain
		key := "secret:" + s.Rule + ":" + r.subject
		if r.path != nil {
			shown := repeated.Path(r.path).String()
			s.Location, key = s.Location+shown, key+shown
		}
		ordinals[key]++
		s.ID = fmt.Sprintf("%s:%d", key, ordinals[key])
		f.Secrets = append(f.Secrets, s)
		f.Locators[s.ID] = source.LocatorFunc(func(source.Path) source.Location { return r.place })
	}
	slices.SortFunc(f.Secrets, func(a, b facts.Secret) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Assessments, func(a, b facts.Assessment) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Ledger, func(a, b facts.Entry) int { return strings.Compare(a.ID, b.ID) })
}

// Combine joins what was found in files with what was found in objects and
// resources, so that a value in one place is one record. An object's record
// stands for a file's record if both have the same value (one holding the
// other) and the file is where the object's value is located, at the same line
// or, where that line is approximate or nothing but the file is known, at any;
// or if the file is one of the sources that the object is rendered from. It
// then takes over the exact place in the file, with its own as related, and
// the name of the more specific detector. Other file records stay as they are.
//
// sources returns the files that an object or resource (by its id) is made
// from; nil means that only located files count. Filter objects that are not
// judged before: a record that is covered is not reported.
func Combine(files *Found, carried []*Found, sources func(id string) []string) *Found {
	out := &Found{
		Assessments: slices.Clone(files.Assessments), Ledger: slices.Clone(files.Ledger), Locators: source.Index{},
	}
	for id, l := range files.Locators {
		if strings.HasPrefix(id, "assessment:") {
			out.Locators[id] = l
		}
	}
	byFile := map[string][]*record{}
	own := slices.Clone(files.records)
	for i := range own {
		if !own[i].covered {
			byFile[own[i].secret.Path] = append(byFile[own[i].secret.Path], &own[i])
		}
	}
	for _, f := range carried {
		var from []string
		for i, r := range f.records {
			if i == 0 && sources != nil {
				from = sources(r.secret.Object)
			}
			switch file := covers(r, byFile, from); {
			case file != nil && r.hidden:
				// The file knows the value, and here it takes effect.
				r.sure = max(file.sure, classify(lastKey(r.where())).judge(file.value, true))
				r = atFile(r, file)
			case file != nil:
				r = atFile(r, file)
			case r.hidden && isHCL(r.place.File) && files.files[r.place.File] != nil:
				r.sure = doubtful // the value was seen, and is none
			}
			out.records = append(out.records, r)
		}
		out.Ledger, out.keys = append(out.Ledger, f.Ledger...), append(out.keys, f.keys...)
	}
	out.records = append(out.records, own...)
	out.publish(out.Repeated())
	return out
}

func isHCL(file string) bool {
	return strings.HasSuffix(file, ".tf") || strings.HasSuffix(file, ".tofu")
}

// covers returns the record of a file that r stands for, or nil. The nearest
// line wins.
func covers(r record, byFile map[string][]*record, sources []string) *record {
	same := func(f *record) bool {
		if r.hidden { // where the values cannot be compared, the line decides
			return f.place.File == r.place.File && f.place.Line == r.place.Line && f.place.Line > 0
		}
		return sameValue(r.value, f.value) || sameValue(r.raw, f.value)
	}
	// A leaf of several lines begins where it is located or on the next line.
	first := r.place.Line + r.line
	last := first + 1 + strings.Count(r.value, "\n")
	distance := func(f *record) int {
		d := f.place.Line - first
		return max(d, -d)
	}
	var best *record
	for _, f := range byFile[r.place.File] {
		near := f.place.Line == r.place.Line || r.place.Line == 0 || r.place.Approximate ||
			f.place.Line >= first && f.place.Line <= last
		if near && same(f) && (best == nil || distance(f) < distance(best)) {
			best = f
		}
	}
	if best != nil || r.hidden {
		return best
	}
	var related []string
	for _, rel := range r.place.Related {
		related = append(related, rel.File)
	}
	// A word may stand in several of the files: the one counts that has it for the
	// same object, else under the same key.
	likest := -1
	for _, file := range append(related, sources...) {
		for _, f := range byFile[file] {
			if !same(f) {
				continue
			}
			if n := alike(r, f); n > likest {
				best, likest = f, n
			}
		}
	}
	return best
}

// alike says in how far two records are about one field of one thing.
func alike(r record, f *record) int {
	n := 0
	here, there := r.where(), f.where()
	if lastKey(here) == lastKey(there) {
		n++
	}
	_, inFile, _ := strings.Cut(there, "#")
	object, _, _ := strings.Cut(inFile, "/")
	if kind, _, isObject := strings.Cut(here, "/"); isObject && kind == object && nameIn(here) == nameIn(inFile) {
		n += 2
	}
	return n
}

// where is the whole logical place.
func (r *record) where() string { return r.secret.Location + r.path.String() }

// nameIn is the name in kind/namespace/name/path.
func nameIn(location string) string {
	parts := strings.SplitN(location, "/", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[2]
}

// lastKey is what a path ends in: a.b, a["b"], a[0].b.
func lastKey(location string) string {
	location = strings.TrimSuffix(location, `"]`)
	return location[strings.LastIndexAny(location, `."/#`)+1:]
}

// join puts two records for one value in one place together: the place of a,
// the name of the more specific.
func (a *record) join(b *record) {
	if b.rank > rankGeneric { // what a value is for outweighs what its text looks like
		a.sure = max(a.sure, b.sure)
	}
	if b.rank > a.rank {
		a.secret.Rule, a.secret.Description, a.rank = b.secret.Rule, b.secret.Description, b.rank
	}
	b.covered = true
}

// sameValue says whether one value holds the other; very short ones must be
// equal, because they stand in everything.
func sameValue(a, b string) bool {
	a, b = strings.Trim(a, "\"' \n"), strings.Trim(b, "\"' \n")
	if strings.Contains(a, "\n") || strings.Contains(b, "\n") { // indentation differs
		a, b = strings.Join(strings.Fields(a), ""), strings.Join(strings.Fields(b), "")
	}
	if a == b {
		return a != ""
	}
	if len(a) < 6 || len(b) < 6 {
		return false
	}
	return strings.Contains(a, b) || strings.Contains(b, a)
}

// atFile moves a record to where its value stands in a file.
func atFile(r record, file *record) record {
	old := r.place
	r.place = source.Location{Position: file.place.Position, Related: slices.Clone(old.Related)}
	if old.File != "" && (old.File != file.place.File || old.Line != file.place.Line) {
		r.place.Related = append(r.place.Related, source.Related{Role: "rendered", Position: old.Position})
	}
	r.secret.Path = file.secret.Path
	if r.hidden {
		r.secret.Length = file.secret.Length
	}
	r.join(file)
	return r
}
