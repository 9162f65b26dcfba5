package engine

import (
	"slices"
	"strings"
	"text/template/parse"
)

// Unknown says of what a value is made that nobody knows before it is applied.
type Unknown uint32

// What is unknown. Of some a text is made that is never empty, whatever it is
// (a password, a date): only where something is decided by it, by comparing it
// or reckoning with it, a branch hangs on it. Those have a second bit for that.
const (
	UnknownLookup    Unknown = 1 << iota // what lookup would find
	UnknownRevision                      // which upgrade of a release it is
	UnknownClock                         // the time
	UnknownChance                        // random values and keys
	UnknownNamespace                     // where nobody gave one
	UnknownName                          // of a release, where nobody gave one
	UnknownHost                          // what a name resolves to
	UnknownBuild                         // of Helm
	askedVersion                         // the version of the cluster, decided by
	askedHelm                            // the version of Helm, decided by
	clockText
	chanceText
	namespaceText
	nameText
	buildText
	versionText
	helmText

	branching = UnknownLookup | UnknownRevision | UnknownClock | UnknownChance | UnknownNamespace | UnknownName | UnknownHost | UnknownBuild | asked

	asked   = askedVersion | askedHelm    // versions, which are enumerated
	outside = UnknownLookup | UnknownHost // what is asked of others
)

// texts leads from the bit of a text to the one of what is decided by it.
var textBits = [...][2]Unknown{
	{clockText, UnknownClock}, {chanceText, UnknownChance}, {namespaceText, UnknownNamespace}, {nameText, UnknownName}, {buildText, UnknownBuild}, {versionText, askedVersion}, {helmText, askedHelm},
}

// decided is what hangs on a value that something was made of which says less
// than the text: whether two are equal, a number, a part.
func (u Unknown) decided() Unknown {
	for _, b := range textBits {
		if u&b[0] != 0 {
			u |= b[1]
		}
	}
	return u &^ (clockText | chanceText | namespaceText | nameText | buildText | versionText | helmText)
}

// String names what is unknown, in words.
func (u Unknown) String() string {
	var out []string
	for _, w := range []struct {
		bit  Unknown
		word string
	}{
		{UnknownLookup, "what lookup finds"}, {UnknownRevision, "the revision of the release"}, {UnknownClock, "the clock"}, {UnknownChance, "chance"},
		{UnknownNamespace, "the namespace of the release"}, {UnknownName, "the name of the release"}, {UnknownHost, "what a name resolves to"}, {UnknownBuild, "the build of Helm"},
	} {
		if u&w.bit != 0 {
			out = append(out, w.word)
		}
	}
	return strings.Join(out, " and ")
}

// value is what is known of the values that an expression can have: of what
// unknown things they are made, as a whole and by the keys of a mapping.
type value struct {
	all  Unknown
	keys map[string]Unknown
}

func of(u Unknown) value { return value{all: u} }

// whole is what any part of the value may be made of.
func (v value) whole() Unknown {
	u := v.all
	for _, k := range v.keys {
		u |= k
	}
	return u
}

func (v value) with(w value) value {
	v.all |= w.all
	if !covers(v.keys, w.keys) {
		keys := make(map[string]Unknown, len(v.keys)+len(w.keys))
		for _, m := range []map[string]Unknown{v.keys, w.keys} {
			for k, u := range m {
				keys[k] |= u
			}
		}
		v.keys = keys
	}
	return v
}

// covers says whether nothing of b is not in a.
func covers(a, b map[string]Unknown) bool {
	for k, u := range b {
		if have, ok := a[k]; !ok || have|u != have {
			return false
		}
	}
	return true
}

func (v value) equal(w value) bool {
	if v.all != w.all || len(v.keys) != len(w.keys) {
		return false
	}
	for k, u := range v.keys {
		if w.keys[k] != u {
			return false
		}
	}
	return true
}

// The functions whose answers nobody knows.
var (
	chanceTexts = words(`randAlphaNum randAlpha randNumeric randAscii randBytes uuidv4 shuffle bcrypt htpasswd encryptAES
		genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey genPrivateKey`)
	// keeping are the functions that neither compare nor reckon: of a text that is
	// not empty they make another one.
	keeping = words(`and or b64enc b32enc quote squote print printf println cat default coalesce ternary required trim upper lower title
		indent nindent toString dict list tuple append prepend concat merge mergeOverwrite mustMerge mustMergeOverwrite deepCopy mustDeepCopy
		toYaml toYamlPretty toJson toPrettyJson toRawJson mustToJson mustToPrettyJson mustToRawJson toToml fromYaml fromJson mustFromJson
		sha1sum sha256sum sha512sum adler32sum include tpl set get date dateInZone date_in_zone htmlDate htmlDateInZone toDate mustToDate
		dateModify date_modify mustDateModify must_date_modify buildCustomCert first last initial rest trimAll trimPrefix trimSuffix
		regexReplaceAll regexReplaceAllLiteral replace pick omit pluck dig values tolower keys join wrap nospace trunc
		fail kindOf typeOf`)
	// judging are the functions that answer yes or no; those of present look at
	// no more than whether there is something.
	judging = words(`eq ne lt le gt ge has mustHas contains hasPrefix hasSuffix regexMatch mustRegexMatch semverCompare deepEqual
		not empty hasKey kindIs typeIs typeIsLike any all`)
	present = words(`not empty hasKey kindIs typeIs typeIsLike any all`)
	// naming are those that tell one name of a release from another. Every chart
	// asks whether the name contains that of the chart.
	naming = words(`eq ne has mustHas hasPrefix hasSuffix regexMatch mustRegexMatch deepEqual`)
)

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// flow follows what nobody knows through all templates of a chart: through
// variables, named templates and what they are given, and mappings that are
// changed. What hangs on a branch is not followed: the branch is found itself.
type flow struct {
	open    Unknown // what is unknown in this render
	trees   []*parse.Tree
	outputs map[string]Unknown          // by template
	dots    map[string]value            // what templates are given
	vars    map[string]map[string]value // by template and variable
	keys    map[string]Unknown          // what mappings are given under a key, wherever they are
	anyKey  Unknown                     // the same, of keys that are computed
	callers map[string]map[string]bool  // of a template
	dirty   map[string]bool             // templates that are to be gone through again
}

// maxFlowRounds bounds how often the templates are gone through: as often as
// what is unknown goes from one to another.
const maxFlowRounds = 24

func newFlow(open Unknown) *flow {
	return &flow{open: open, outputs: map[string]Unknown{}, dots: map[string]value{}, vars: map[string]map[string]value{}, keys: map[string]Unknown{},
		callers: map[string]map[string]bool{}, dirty: map[string]bool{}}
}

// add takes a template in; settle is called behind the last one.
func (f *flow) add(t *parse.Tree) { f.trees = append(f.trees, t) }

func (f *flow) settle() {
	for _, t := range f.trees {
		f.dirty[t.Name] = true
	}
	for range maxFlowRounds {
		settled := true
		for _, t := range f.trees {
			for n := 0; f.dirty[t.Name] && n < 2; n++ { // what stands further up may hang on what is set below
				settled = false
				f.dirty[t.Name] = false
				f.list(t.Name, t.Root, f.dots[t.Name])
			}
		}
		if settled {
			return
		}
	}
}

// everywhere has all templates gone through again.
func (f *flow) everywhere() {
	for _, t := range f.trees {
		f.dirty[t.Name] = true
	}
}

func (f *flow) list(in string, l *parse.ListNode, dot value) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if v := f.pipe(in, n.Pipe, dot); len(n.Pipe.Decl) == 0 {
				f.output(in, v.whole())
			}
		case *parse.TemplateNode:
			f.output(in, f.call(in, n.Name, f.pipe(in, n.Pipe, dot)))
		case *parse.IfNode:
			f.pipe(in, n.Pipe, dot)
			f.list(in, n.List, dot)
			f.list(in, n.ElseList, dot)
		case *parse.WithNode:
			f.list(in, n.List, f.pipe(in, n.Pipe, dot))
			f.list(in, n.ElseList, dot)
		case *parse.RangeNode:
			f.list(in, n.List, of(f.pipe(in, n.Pipe, dot).whole()))
			f.list(in, n.ElseList, dot)
		}
	}
}

func (f *flow) output(in string, u Unknown) {
	if f.outputs[in]|u != f.outputs[in] {
		f.outputs[in] |= u
		for caller := range f.callers[in] {
			f.dirty[caller] = true
		}
	}
}

// call is what a named template writes that is given a value.
func (f *flow) call(in, name string, given value) Unknown {
	if f.callers[name] == nil {
		f.callers[name] = map[string]bool{}
	}
	f.callers[name][in] = true
	if both := f.dots[name].with(given); !both.equal(f.dots[name]) {
		f.dots[name] = both
		f.dirty[name] = true
	}
	return f.outputs[name]
}

func (f *flow) pipe(in string, p *parse.PipeNode, dot value) value {
	var v value
	if p == nil {
		return v
	}
	for i, c := range p.Cmds {
		v = f.command(in, c, v, i > 0, dot)
	}
	for i, d := range p.Decl {
		w := v
		if len(p.Decl) > 1 || i > 0 { // of a range
			w = of(v.whole())
		}
		f.assign(in, d.Ident[0], w)
	}
	return v
}

func (f *flow) assign(in, name string, v value) {
	if f.vars[in] == nil {
		f.vars[in] = map[string]value{}
	}
	if both := f.vars[in][name].with(v); !both.equal(f.vars[in][name]) {
		f.vars[in][name] = both
		f.dirty[in] = true
	}
}

func (f *flow) node(in string, n parse.Node, dot value) value {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return f.field(dot, n.Ident)
	case *parse.VariableNode:
		return f.field(f.vars[in][n.Ident[0]], n.Ident[1:])
	case *parse.ChainNode:
		return f.field(f.node(in, n.Node, dot), n.Field)
	case *parse.PipeNode:
		return f.pipe(in, n, dot)
	case *parse.IdentifierNode:
		return f.function(in, &parse.CommandNode{Args: []parse.Node{n}}, nil)
	}
	return value{}
}

// field is what stands below a value.
func (f *flow) field(v value, path []string) value {
	for i, name := range path {
		switch {
		case name == "Release":
			v = value{keys: map[string]Unknown{
				"Revision": UnknownRevision & f.open, "Namespace": f.text(UnknownNamespace), "Name": f.text(UnknownName),
			}}
		case name == "KubeVersion" && (i == 0 || path[i-1] != "Chart"):
			v = of(f.text(askedVersion))
		case name == "HelmVersion":
			build := f.text(UnknownBuild)
			v = value{keys: map[string]Unknown{"Version": f.text(askedHelm), "GitCommit": build, "GitTreeState": build, "GoVersion": build}}
		default:
			v = of(v.all | v.keys[name] | f.keys[name] | f.anyKey)
		}
	}
	return v
}

// text is the bit of a text that is made of something, where that is unknown.
func (f *flow) text(u Unknown) Unknown {
	for _, b := range textBits {
		if b[1] == u && f.open&u != 0 {
			return b[0]
		}
	}
	return 0
}

func (f *flow) command(in string, c *parse.CommandNode, piped value, isPiped bool, dot value) value {
	args := make([]value, 0, len(c.Args))
	for _, a := range c.Args[1:] {
		args = append(args, f.node(in, a, dot))
	}
	if isPiped {
		args = append(args, piped)
	}
	if _, ok := c.Args[0].(*parse.IdentifierNode); ok {
		return f.function(in, c, args)
	}
	v := f.node(in, c.Args[0], dot)
	if len(args) == 0 {
		return v
	}
	u := v.whole() // a method
	for _, a := range args {
		u |= a.whole()
	}
	return of(u.decided())
}

// function is what a function makes of its arguments; the piped one is the last.
func (f *flow) function(in string, c *parse.CommandNode, args []value) value {
	name, passes := called(c)
	if passes && len(args) > 0 {
		return args[len(args)-1]
	}
	if judging[name] { // whether it answers the one or the other is tried
		return value{}
	}
	var all Unknown
	for _, a := range args {
		all |= a.whole()
	}
	literal := func(i int) (string, bool) {
		if i+1 >= len(c.Args) {
			return "", false
		}
		s, ok := c.Args[i+1].(*parse.StringNode)
		if !ok {
			return "", false
		}
		return s.Text, true
	}
	switch {
	case name == "lookup":
		return of(UnknownLookup & f.open)
	case name == "getHostByName":
		return of(UnknownHost & f.open)
	case name == "now" || name == "ago":
		return of(f.text(UnknownClock))
	case name == "randInt":
		return of(UnknownChance & f.open)
	case chanceTexts[name]:
		return of(f.text(UnknownChance))
	case name == "include":
		return f.included(in, args, literal)
	case name == "dict":
		v := value{keys: map[string]Unknown{}}
		for i := 0; i+1 < len(args); i += 2 {
			if key, ok := literal(i); ok {
				v.keys[key] |= args[i+1].whole()
			} else {
				v.all |= args[i+1].whole()
			}
		}
		return v
	case name == "set" && len(args) == 3:
		return f.set(in, c, args, literal)
	case (name == "get" || name == "index") && len(args) > 1:
		v := args[0]
		for i := 1; i < len(args); i++ {
			if key, ok := literal(i); ok {
				v = f.field(v, []string{key})
			} else {
				v = of(v.whole() | args[i].whole().decided())
			}
		}
		return v
	case name == "ternary" && len(args) == 3:
		return args[0].with(args[1])
	case len(args) > 0 && (name == "default" || name == "coalesce" || strings.HasPrefix(strings.ToLower(strings.TrimPrefix(name, "must")), "merge")):
		var v value
		for _, a := range args {
			v = v.with(a)
		}
		return v
	case keeping[name]:
		return of(all)
	}
	return of(all.decided())
}

// judged is on what the answer of a function hangs that says yes or no.
func (f *flow) judged(c *parse.CommandNode, args []value) Unknown {
	name, _ := called(c)
	var all Unknown
	for _, a := range args {
		all |= a.whole()
	}
	if present[name] {
		return all & branching
	}
	if name == "semverCompare" { // the versions that it is asked about are enumerated
		all &^= versionText | helmText
	}
	if all&nameText != 0 && !naming[name] && !(name == "contains" && plainly(c)) {
		all &^= nameText
	}
	return all.decided() & branching
}

// plainly says whether a text is looked for in what stands there as it is.
func plainly(c *parse.CommandNode) bool {
	if len(c.Args) < 2 {
		return false
	}
	_, literal := c.Args[1].(*parse.StringNode)
	if len(c.Args) > 2 {
		_, computed := c.Args[2].(*parse.PipeNode)
		return literal && !computed
	}
	return literal
}

// called is the function that a command calls. Those that were put into the
// template, and pass a value on, are told; include and tpl may have another name.
func called(c *parse.CommandNode) (name string, passes bool) {
	id, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok {
		return "", false
	}
	switch id.Ident {
	case markedInclude:
		return "include", false
	case markedTpl:
		return "tpl", false
	}
	return id.Ident, strings.HasPrefix(id.Ident, "__")
}

func (f *flow) included(in string, args []value, literal func(int) (string, bool)) value {
	if len(args) < 2 {
		return value{}
	}
	if name, ok := literal(0); ok {
		return of(f.call(in, name, args[1]))
	}
	var u Unknown // which one is not known
	for _, t := range f.trees {
		u |= f.call(in, t.Name, value{})
	}
	return of(u)
}

// set is a mapping that is given another value, under whatever name it is known.
func (f *flow) set(in string, c *parse.CommandNode, args []value, literal func(int) (string, bool)) value {
	u := args[2].whole()
	if u == 0 {
		return args[0]
	}
	key, ok := literal(1)
	if ok && f.keys[key]|u != f.keys[key] {
		f.keys[key] |= u
		f.everywhere()
	} else if !ok && f.anyKey|u != f.anyKey {
		f.anyKey |= u
		f.everywhere()
	}
	if v, ok := c.Args[1].(*parse.VariableNode); ok && len(v.Ident) == 1 {
		f.assign(in, v.Ident[0], of(u))
	}
	return args[0].with(value{keys: map[string]Unknown{key: u}})
}

// literalOf are the texts that stand in a template as they are.
func literalOf(l *parse.ListNode, visit func(string)) {
	walkLists(l, func(n parse.Node) {
		var pipe *parse.PipeNode
		switch n := n.(type) {
		case *parse.ActionNode:
			pipe = n.Pipe
		case *parse.IfNode:
			pipe = n.Pipe
		case *parse.WithNode:
			pipe = n.Pipe
		case *parse.RangeNode:
			pipe = n.Pipe
		case *parse.TemplateNode:
			pipe = n.Pipe
		}
		literalsIn(pipe, visit)
	})
}

func literalsIn(p *parse.PipeNode, visit func(string)) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		for _, a := range c.Args {
			switch a := a.(type) {
			case *parse.StringNode:
				visit(a.Text)
			case *parse.PipeNode:
				literalsIn(a, visit)
			case *parse.FieldNode:
				for _, name := range a.Ident {
					visit(name)
				}
			case *parse.VariableNode:
				for _, name := range a.Ident[1:] {
					visit(name)
				}
			case *parse.ChainNode:
				for _, name := range a.Field {
					visit(name)
				}
				if inner, ok := a.Node.(*parse.PipeNode); ok {
					literalsIn(inner, visit)
				}
			}
		}
	}
}

// endsIn says whether a slice ends in some names.
func endsIn(path []string, names ...string) bool {
	return len(path) >= len(names) && slices.Equal(path[len(path)-len(names):], names)
}
