package policy

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Policies are written for documents with their values, and see none that is secret:
// in the place of each stands another text. What a rule says that looks at such a
// place is asked again with texts of other forms and lengths, with the constants that
// the rule and its data hold, and with what its patterns match. A rule that answers
// differently cannot be told; one that answers the same way to all of them says
// nothing of the value.

// hidden is a place in a document at which a value is not shown.
type hidden struct {
	path    source.Path
	encoded bool   // it is base64: the data of a Secret
	around  string // a text that holds the mark of what is hidden; empty: it is all hidden
}

// hiddenMark stands in texts of which a part is hidden.
const hiddenMark = "[redacted]"

// hiddenIn are the places in a document, in their order.
func hiddenIn(document any) []hidden {
	var out []hidden
	var walk func(v any, at source.Path, encoded bool)
	walk = func(v any, at source.Path, encoded bool) {
		switch v := v.(type) {
		case map[string]any:
			if _, ok := v["$redacted"]; ok && len(v) == 1 {
				out = append(out, hidden{path: slices.Clone(at), encoded: encoded})
				return
			}
			secret := v["kind"] == "Secret"
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], append(at, k), encoded || secret && k == "data")
			}
		case []any:
			for i, e := range v {
				walk(e, append(at, i), encoded)
			}
		case string:
			if strings.Contains(v, hiddenMark) {
				out = append(out, hidden{path: slices.Clone(at), around: v})
			}
		}
	}
	walk(document, nil, false)
	return out
}

// filled is the document with a text at each of the places; what does not change is
// shared.
func filled(document any, places []hidden, text func(n int, h hidden) string) any {
	for n, h := range places {
		fill := text(n, h)
		if h.around != "" {
			fill = strings.ReplaceAll(h.around, hiddenMark, fill)
		}
		document = doc.Replace(document, h.path, fill)
	}
	return document
}

// firstStandIn is short, and base64 where base64 stands.
const firstStandIn = "Gk4x"

// standInTexts are the texts that the first stand-in is seen as.
func standInTexts() []string {
	return []string{firstStandIn, encodedAs(hidden{encoded: true}, firstStandIn)}
}

// forms are texts of other lengths and forms. The first is no base64, is long, and is
// another one at each place.
var forms = []func(n int, h hidden) string{
	func(n int, _ hidden) string {
		return fmt.Sprintf("stand-in %d for what is hidden! ", n+1) + strings.Repeat("k", 200)
	},
	whole(""), whole("83750"), whole("a"), whole("UPPER_CASE"), whole("true"),
	whole("https://user@host.example.com:8443/path?query=1"), whole("host.example.com"), whole("10.20.30.40"),
	whole("0f8fad5b-d9cb-469f-a165-70867728950e"), whole(`{"key": "value"}`), whole("line one\nline two\n"), whole("Aa1!Bb2@Cc3#Dd4$"),
}

func whole(text string) func(int, hidden) string {
	return func(_ int, h hidden) string { return encodedAs(h, text) }
}

func encodedAs(h hidden, text string) string {
	if h.encoded {
		return base64.StdEncoding.EncodeToString([]byte(text))
	}
	return text
}

// standIns calls try with what is filled in, one after the other, until it returns
// false. texts are those that may stand in messages.
func standIns(constants []string, places []hidden, try func(fill func(int, hidden) string, texts []string) bool) {
	seen := map[string]bool{}
	one := func(fill func(int, hidden) string) bool {
		var texts []string
		for n, h := range places {
			text := fill(n, h)
			texts = append(texts, text)
			if plain, err := base64.StdEncoding.DecodeString(text); h.encoded && err == nil {
				texts = append(texts, string(plain))
			}
		}
		key := strings.Join(texts, "\x00")
		if seen[key] {
			return true
		}
		seen[key] = true
		return try(fill, texts)
	}
	for _, f := range forms {
		if !one(f) {
			return
		}
	}
	encoded := slices.ContainsFunc(places, func(h hidden) bool { return h.encoded })
	for _, c := range constants {
		if !one(whole(c)) || encoded && !one(func(int, hidden) string { return c }) {
			return
		}
	}
}

// constantsOf are the texts that rules of a package may compare a value with, worked
// out when they are first asked for: the constants of the rules and of those that they
// use, texts that their patterns match, texts as long as their numbers say, and what
// stands in the data that they read.
func constantsOf(compiler *ast.Compiler, ns string, data ast.Object) func() []string {
	return sync.OnceValue(func() []string {
		found := map[string]bool{}
		add := func(v ast.Value) {
			switch v := v.(type) {
			case ast.String:
				found[string(v)] = true
				if text, ok := matched(string(v)); ok {
					found[text] = true
				}
			case ast.Number:
				found[string(v)] = true
				if n, ok := v.Int(); ok && n > 0 && n <= 4096 {
					found[strings.Repeat("k", n)] = true
				}
			}
		}
		for _, r := range rulesOf(compiler, ns) {
			ast.WalkTerms(r, func(t *ast.Term) bool {
				ref, ok := t.Value.(ast.Ref)
				if !ok {
					add(t.Value)
					return false
				}
				if ref.HasPrefix(ast.DefaultRootRef) {
					everyScalar(dataAt(data, ref[1:]), add)
				}
				return false
			})
		}
		return slices.Sorted(maps.Keys(found))
	})
}

// rulesOf are the rules of a package and those that they hang on.
func rulesOf(compiler *ast.Compiler, ns string) []*ast.Rule {
	var out []*ast.Rule
	seen := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		out = append(out, r)
		for d := range compiler.Graph.Dependencies(r) {
			if other, ok := d.(*ast.Rule); ok {
				visit(other)
			}
		}
	}
	for _, m := range compiler.Modules {
		if namespaceOf(m) != ns {
			continue
		}
		for _, r := range m.Rules {
			if name := r.Head.Ref()[0].Value.String(); levelOf(r.Head.Name.String()) != "" || name == "exception" {
				visit(r)
			}
		}
	}
	return out
}

// dataAt is what stands at the ground beginning of a reference.
func dataAt(data ast.Object, ref ast.Ref) ast.Value {
	var v ast.Value = data
	for _, t := range ref {
		o, ok := v.(ast.Object)
		if !ok || !t.IsGround() {
			return v
		}
		next := o.Get(t)
		if next == nil {
			return nil
		}
		v = next.Value
	}
	return v
}

func everyScalar(v ast.Value, add func(ast.Value)) {
	if v == nil {
		return
	}
	ast.WalkTerms(ast.NewTerm(v), func(t *ast.Term) bool {
		add(t.Value)
		return false
	})
}

// matched is a text that a pattern matches; ok is false for what is no pattern, or
// matches itself.
func matched(pattern string) (text string, ok bool) {
	if !strings.ContainsAny(pattern, `[\^$*+?(|{.`) {
		return "", false
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	example(re, &b)
	return b.String(), utf8.ValidString(b.String())
}

// mostExample is the longest text in bytes that an example may become.
const mostExample = 4096

func example(re *syntax.Regexp, b *strings.Builder) {
	if b.Len() > mostExample {
		return
	}
	times := 1
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			b.WriteRune(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('k')
	case syntax.OpAlternate:
		example(re.Sub[0], b)
		return
	case syntax.OpStar, syntax.OpQuest:
		times = 0
	case syntax.OpRepeat:
		times = re.Min
	}
	for range times {
		for _, sub := range re.Sub {
			example(sub, b)
		}
	}
}

// hiddenTexts are what stands in the whole document where the other hides it, as it is
// and as what it encodes.
func hiddenTexts(without, whole any) []string {
	var out []string
	for _, h := range hiddenIn(without) {
		at := h.path
		v, there := doc.Lookup(whole, at...)
		for ; !there && len(at) > 0; v, there = doc.Lookup(whole, at...) { // a key is hidden
			at = at[:len(at)-1]
		}
		before, behind, _ := strings.Cut(h.around, hiddenMark)
		everyText(v, func(text string) {
			out = append(out, text)
			if part, ok := strings.CutPrefix(text, before); ok && h.around != "" {
				out = append(out, strings.TrimSuffix(part, behind))
			}
			if plain, err := base64.StdEncoding.DecodeString(text); h.encoded && err == nil {
				out = append(out, string(plain))
			}
		})
	}
	return out
}

func everyText(v any, tell func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			tell(k)
			everyText(e, tell)
		}
	case []any:
		for _, e := range v {
			everyText(e, tell)
		}
	case nil, bool:
	case string:
		tell(v)
	default:
		tell(fmt.Sprint(v))
	}
}
