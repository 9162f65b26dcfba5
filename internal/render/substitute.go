package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/envsubst/parse"
	"sigs.k8s.io/yaml"
)

// noSubstitution is the label or annotation that exempts an object.
const noSubstitution = "kustomize.toolkit.fluxcd.io/substitute"

// The library recurses into what is nested and behind each expression, copies
// the text for each escape, and has no limit to what expressions make.
const (
	maxExpressions    = 100_000 // in one object
	maxExpressionNest = 100
	maxCopied         = 16 << 30 // bytes
)

// variableName is what Flux takes for the name of a variable:
// https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
var variableName = compiled(`^[_[:alpha:]][_[:alpha:][:digit:]]*$`)

// substituteObjects replaces variables in the text of each object, as Flux
// does after building, with its library. Flux fails on a variable that has no
// value only if the controller is told to be strict, which is not known here:
// such a one is empty, and noted.
func (s *Renderer) substituteObjects(r *Rendered) error {
	for _, name := range slices.Sorted(maps.Keys(r.Unit.Substitute)) {
		if !variableName().MatchString(name) {
			return &source.Error{Position: orPlace(r.Unit.Defined, r.Unit.Place), Msg: fmt.Sprintf("%q is no name of a variable", name),
				Hint: "use letters, digits and underscores, and no digit first"}
		}
	}
	sub := substitution{vars: r.Unit.Substitute, empty: map[string]bool{}, left: s.opts.Limits.OutputBytes}
	for i, o := range r.Objects {
		if doc.Text(o.Manifest, "metadata", "labels", noSubstitution) == "disabled" ||
			doc.Text(o.Manifest, "metadata", "annotations", noSubstitution) == "disabled" {
			continue
		}
		if !asks(o.Manifest) {
			continue
		}
		fault := func(format string, args ...any) error {
			what := fmt.Sprintf("%s %q", o.Manifest["kind"], doc.Text(o.Manifest, "metadata", "name"))
			return &source.Error{Position: r.Unit.Place, Msg: fmt.Sprintf(format, append([]any{what}, args...)...)}
		}
		text, err := asFluxWrites(o.Manifest)
		if err != nil {
			return fault("%s has no text to substitute in: %v", err)
		}
		replaced, err := sub.apply(text)
		if err != nil {
			return fault("substitution in %s: %v", err)
		}
		if replaced == text {
			continue
		}
		v, err := asFluxReads(replaced)
		if err != nil {
			return fault("substitution makes %s unreadable: %v", err)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return fault("substitution makes %s no object")
		}
		r.Objects[i].Manifest, r.Objects[i].made = m, true
	}
	if len(sub.empty) > 0 {
		r.Notes = append(r.Notes, Note{Place: orPlace(r.Unit.Defined, r.Unit.Place),
			Msg:  "variables without a value and a default become empty: " + strings.Join(slices.Sorted(maps.Keys(sub.empty)), ", "),
			Hint: "commit what sets them, or give a default"})
	}
	return nil
}

// asks says whether a text or key of a value may ask for a variable.
func asks(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "$")
	case map[string]any:
		for key, e := range v {
			if strings.Contains(key, "$") || asks(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, asks)
	}
	return false
}

// asFluxWrites is the text of an object in which Flux substitutes: which values
// are quoted, and where lines are broken, decides what a variable becomes
// (AsYAML of sigs.k8s.io/kustomize/api/resource).
func asFluxWrites(object map[string]any) (string, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	text, err := yaml.JSONToYAML(data)
	return string(text), err
}

// asFluxReads is what Flux makes of the text: of keys that stand twice the last one
// counts, and of several documents the first one.
func asFluxReads(text string) (any, error) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	return source.DecodeJSON(data)
}

func orPlace(p, other source.Position) source.Position {
	if p.File == "" {
		return other
	}
	return p
}

// substitution replaces variables in texts.
type substitution struct {
	vars  map[string]string
	empty map[string]bool // variables that were asked for and have neither value nor default
	left  int             // bytes that may still be made
}

// apply replaces the variables of a text.
func (s *substitution) apply(text string) (out string, err error) {
	defer func() {
		if p := recover(); p != nil { // offsets whose sum overflows
			err = fmt.Errorf("an expression cannot be evaluated: %s", source.Panicked(p))
		}
	}()
	if !strings.Contains(text, "$") {
		return text, nil
	}
	if err := expandable(text); err != nil {
		return "", err
	}
	tree, err := parse.Parse(text)
	if err != nil {
		return "", misunderstood(text, err)
	}
	size := s.weigh(tree.Root)
	if s.left -= int(min(size, math.MaxInt32)); s.left < 0 {
		return "", errors.New("variables make more text than one unit may have")
	}
	return envsubst.Eval(text, func(name string) (string, bool) { return s.vars[name], true })
}

// expandable refuses a text that the library would not get through.
func expandable(text string) error {
	if strings.Count(text, "${") > maxExpressions {
		return fmt.Errorf("more than %d variables", maxExpressions)
	}
	escapes := strings.Count(text, "$$") + strings.Count(text, `\\`) + strings.Count(text, `\/`)
	if escapes*len(text) > maxCopied {
		return errors.New("too many escapes in a text of this size")
	}
	depth := 0
	for i := range len(text) {
		switch {
		case text[i] == '{' && i > 0 && text[i-1] == '$':
			if depth++; depth > maxExpressionNest {
				return fmt.Errorf("variables are nested more than %d levels deep", maxExpressionNest)
			}
		case text[i] == '}' && depth > 0:
			depth--
		}
	}
	return nil
}

// weigh returns how many bytes a node makes at most, and notes the variables
// that are empty because nothing sets them. Cutting at a pattern takes time with
// the square of the value, which counts as bytes, too.
func (s *substitution) weigh(n parse.Node) float64 {
	switch n := n.(type) {
	case *parse.TextNode:
		return float64(len(n.Value))
	case *parse.ListNode:
		size := 0.0
		for _, e := range n.Nodes {
			size += s.weigh(e)
		}
		return size
	case *parse.FuncNode:
		value, isSet := s.vars[n.Param]
		size, args, last := float64(len(value)), 0.0, 0.0
		for _, a := range n.Args {
			last = s.weigh(a)
			args += last
		}
		switch n.Name {
		case "-", "+", "=", "?", ":-", ":+", ":=", ":?": // what is given if there is no value
			return size + args
		}
		if !isSet {
			s.empty[n.Param] = true
		}
		switch n.Name {
		case "//":
			return size + (size+1)*last
		case "/", "/#", "/%":
			return size + last
		case "#", "##", "%", "%%":
			return size*size*max(args, 1) + size
		}
		return 3 * size // another case may take more bytes
	}
	return 0
}

// misunderstood says which expression of a text cannot be parsed.
func misunderstood(text string, err error) error {
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, "${")
		if !ok {
			return err
		}
		start := len(text) - len(after) - len("${")
		rest = after
		if strings.HasSuffix(text[:start], "$") {
			continue // escaped
		}
		line, _, _ := strings.Cut(after, "\n")
		if expression, bad := firstBad(line); bad {
			return fmt.Errorf("%q is no expression that is understood", "${"+expression)
		}
	}
}

// firstBad returns the shortest expression at the beginning of a line, "${" left
// out; bad says that no longer one can be parsed either.
func firstBad(line string) (shortest string, bad bool) {
	shortest = line
	for end := 0; ; {
		i := strings.IndexByte(line[end:], '}')
		if i < 0 {
			return shortest, true
		}
		end += i + 1
		if _, err := parse.Parse("${" + line[:end]); err == nil {
			return "", false
		}
		if len(shortest) == len(line) {
			shortest = line[:end]
		}
	}
}
