package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of one YAML file. Anchors may repeat a node; the expanded number of
// nodes is what is limited.
const (
	MaxYAMLBytes = 16 << 20
	maxYAMLNodes = 2_000_000
	maxYAMLDepth = 200
)

// Document is one document of a YAML (or JSON) file, with positions.
type Document struct {
	File string
	Line int // first line of the document's content
	// Value is the content in the shapes of encoding/json: map[string]any,
	// []any, string, bool, float64, int64 (integers that fit), nil.
	Value any
	// Repeated are the keys that a mapping holds more than once, of a document
	// that was read by the last of them.
	Repeated []Repeat

	root  *mark
	lines []string
	long  *lineIndex // of the file
}

// ParseYAML reads all documents of a file. Empty documents are left out, but
// what follows them is read. Duplicate keys, cyclic anchors, text that is not
// UTF-8 and anything that expands beyond the limits are errors; the documents
// before the fault are returned with it. Errors are *Error.
func ParseYAML(file string, data []byte) ([]*Document, error) {
	return parseYAML(file, data, reading{})
}

// ParseManifests is ParseYAML as kubectl, Helm and the controllers read
// (sigs.k8s.io/yaml): scalars and keys are those of YAML 1.1, where a plain yes,
// on, y (no, off, n) is a boolean, a !!binary value is what it encodes, and a
// merge key overrides what stands before it in its mapping. A line break is read
// behind the last line, as the decoder of streams does, which ends a block scalar.
func ParseManifests(file string, data []byte) ([]*Document, error) {
	return parseYAML(file, data, reading{applied: true, stream: true})
}

// ParseLenient is ParseManifests for those who take the last of equal keys in a
// mapping, with nothing of those before it (sigs.k8s.io/yaml decodes without its
// strict mode): Helm, Argo CD, kubectl where it only decodes, and kustomize for
// its kustomization. They are told in Document.Repeated.
func ParseLenient(file string, data []byte) ([]*Document, error) {
	return parseYAML(file, data, reading{applied: true, stream: true, repeats: true})
}

// ParseValues is ParseLenient for the values of a chart, which Helm reads as they
// stand: without a line break behind the last line.
func ParseValues(file string, data []byte) ([]*Document, error) {
	return parseYAML(file, data, reading{applied: true, repeats: true})
}

// reading says what is special about a kind of files.
type reading struct {
	applied bool // as sigs.k8s.io/yaml reads
	stream  bool // as a stream of documents, each line of which ends in a break
	repeats bool // of equal keys the last counts
}

func parseYAML(file string, data []byte, how reading) ([]*Document, error) {
	fault := func(line, col int, format string, args ...any) error {
		return &Error{Position: Position{File: file, Line: line, Column: col}, Msg: fmt.Sprintf(format, args...)}
	}
	if len(data) > MaxYAMLBytes {
		return nil, fault(0, 0, "file is larger than %d MiB", MaxYAMLBytes>>20)
	}
	data = withoutMarks(data, how.applied)
	if !utf8.Valid(data) {
		line, col := badUTF8(data)
		return nil, fault(line, col, "text is not valid UTF-8")
	}
	lines, long := strings.Split(string(data), "\n"), &lineIndex{}
	if how.applied {
		data = withSeparators(data)
	}
	if how.stream {
		data = withLastBreak(data)
	}
	data, hidden := hideSurrogates(data)
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*Document
	budget, loose := maxYAMLNodes, how.applied && looseTag(data)
	for {
		var n yaml.Node
		err := safeDecode(dec, &n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			line, msg := yamlErrorLine(err)
			return docs, fault(line, 0, "%s", msg)
		}
		if n.Kind != yaml.DocumentNode || len(n.Content) == 0 {
			continue
		}
		root := n.Content[0]
		if root.Kind == yaml.ScalarNode && root.Tag == "!!null" && root.Value == "" {
			continue
		}
		hidden.restore(&n)
		d := &Document{File: file, Line: root.Line, lines: lines, long: long}
		c := converter{doc: d, budget: &budget, reading: how, loose: loose}
		if d.Value, err = c.value(root, 0); err != nil {
			return docs, err
		}
		d.root = (&marker{ordered: how.applied, keys: c.keys, merges: c.merges}).mark(root)
		docs = append(docs, d)
	}
}

// safeDecode turns a panic of the YAML library on hostile input into an error.
func safeDecode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %s", Panicked(r))
		}
	}()
	return dec.Decode(n)
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:unmarshal errors:\s*)?(?:line (\d+): )?`) })

func yamlErrorLine(err error) (int, string) {
	msg := err.Error()
	m := yamlLine().FindStringSubmatch(msg)
	if m == nil {
		return 0, msg
	}
	line, _ := strconv.Atoi(m[1])
	return line, strings.TrimSpace(msg[len(m[0]):])
}

func badUTF8(data []byte) (line, col int) {
	line, col = 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size <= 1 {
			return line, col
		}
		col++
		if r == '\n' {
			line, col = line+1, 1
		}
		data = data[size:]
	}
	return line, col
}

type converter struct {
	reading
	doc    *Document
	budget *int
	open   map[*yaml.Node]bool   // aliases that are being expanded
	at     Path                  // of the value that is converted, where repeats are told
	told   map[*yaml.Node]int    // first key of a repeat -> its index in doc.Repeated
	loose  bool                  // the file may have a tag "!"
	keys   map[*yaml.Node]string // of mappings, where they are not the text that stands there
	merges map[*yaml.Node]bool   // the merge keys
}

func (c *converter) fault(n *yaml.Node, format string, args ...any) error {
	p := c.doc.position(placeOf(n))
	p.EndLine, p.EndColumn = 0, 0
	return &Error{Position: p, Msg: fmt.Sprintf(format, args...)}
}

func (c *converter) value(n *yaml.Node, depth int) (any, error) {
	if *c.budget--; *c.budget < 0 {
		return nil, c.fault(n, "document expands to more than %d nodes", maxYAMLNodes)
	}
	if depth > maxYAMLDepth {
		return nil, c.fault(n, "document is nested more than %d levels deep", maxYAMLDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		if c.open[n.Alias] {
			return nil, c.fault(n, "anchor %q contains itself", n.Value)
		}
		if c.open == nil {
			c.open = map[*yaml.Node]bool{}
		}
		c.open[n.Alias] = true
		defer delete(c.open, n.Alias)
		return c.value(n.Alias, depth+1)
	case yaml.MappingNode:
		return c.mapping(n, depth)
	case yaml.SequenceNode:
		if n.Anchor != "" {
			defer c.enter(n)()
		}
		out := make([]any, 0, len(n.Content))
		for i, e := range n.Content {
			v, err := c.member(i, e, depth)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	default:
		return c.scalar(n)
	}
}

// enter marks an anchored node as open, so that an alias to it inside itself
// is seen as a cycle.
func (c *converter) enter(n *yaml.Node) func() {
	if c.open == nil {
		c.open = map[*yaml.Node]bool{}
	}
	was := c.open[n]
	c.open[n] = true
	return func() {
		if !was {
			delete(c.open, n)
		}
	}
}

func (c *converter) mapping(n *yaml.Node, depth int) (any, error) {
	if n.Anchor != "" {
		defer c.enter(n)()
	}
	out := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	var first map[string]*yaml.Node // keys, if one stands twice
	own := out                      // what the mapping says itself, if that is not out
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if c.isMerge(k) {
			if c.merges == nil {
				c.merges = map[*yaml.Node]bool{}
			}
			c.merges[k] = true
			if !c.applied {
				merges = append(merges, v)
				continue
			}
			if len(merges) == 0 {
				own = maps.Clone(out)
			}
			merges = append(merges, v)
			if err := c.merge(out, v, depth); err != nil {
				return nil, err
			}
			continue
		}
		key, err := c.key(k)
		if err != nil {
			return nil, err
		}
		if _, dup := own[key]; dup && c.repeats {
			if first == nil {
				first = c.firstKeys(n)
			}
			c.repeat(first[key], k, key)
		} else if dup {
			return nil, c.fault(k, "key %q is already defined in this mapping", key)
		}
		x, err := c.member(key, v, depth)
		if err != nil {
			return nil, err
		}
		out[key], own[key] = x, x
	}
	if c.applied {
		return out, nil
	}
	for _, m := range merges {
		if err := c.merge(out, m, depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// member is the value of one element of a mapping or sequence.
func (c *converter) member(e any, n *yaml.Node, depth int) (any, error) {
	if !c.repeats {
		return c.value(n, depth+1)
	}
	c.at = append(c.at, e)
	defer func() { c.at = c.at[:len(c.at)-1] }()
	return c.value(n, depth+1)
}

// merge takes over the keys of a `<<` value: those that are not set
// (https://yaml.org/type/merge.html), or, as sigs.k8s.io/yaml reads, all. Of
// several mappings in a list the first counts.
func (c *converter) merge(out map[string]any, m *yaml.Node, depth int) error {
	if c.applied && m.Kind == yaml.AliasNode && m.Alias.Kind != yaml.MappingNode {
		return c.fault(m, "merge key needs a mapping")
	}
	v, err := c.value(m, depth+1)
	if err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	set := out
	if c.applied {
		set = map[string]any{}
	}
	for _, e := range list {
		obj, ok := e.(map[string]any)
		if !ok {
			return c.fault(m, "merge key needs a mapping")
		}
		for k, x := range obj {
			if _, has := set[k]; !has {
				set[k] = x
			}
		}
	}
	if c.applied {
		maps.Copy(out, set)
	}
	return nil
}

func (c *converter) scalar(n *yaml.Node) (any, error) {
	tag := n.ShortTag()
	if c.applied {
		if v, err, done := c.appliedScalar(n, tag); done {
			return v, err
		}
	}
	switch tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, c.fault(n, "%q is not a boolean", n.Value)
		}
		return b, nil
	case "!!int":
		var i int64
		if err := n.Decode(&i); err == nil {
			return i, nil
		}
		var f float64
		if err := n.Decode(&f); err != nil {
			return nil, c.fault(n, "%q is not a number", n.Value)
		}
		return f, nil
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return n.Value, nil // JSON has no such number; the text is kept
		}
		return f, nil
	default: // strings, timestamps, binary and unknown tags keep their text
		return n.Value, nil
	}
}
