package source

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// What sigs.k8s.io/yaml, and with it kubectl, Helm and the API server, makes of
// keys and scalars: those of YAML 1.1, turned into JSON. It decodes with
// go.yaml.in/yaml/v2 (resolve.go, decode.go) and converts with
// convertToJSONableObject; FuzzManifests compares.

// byteOrderMark may begin a text; it is no part of it.
const byteOrderMark = "\ufeff"

var documentStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)(?:\A|^---[^\n]*\n)[\s\x{FEFF}]*`) })

// withoutMarks drops marks of byte order where a text begins. Whoever applies
// documents splits them first, so that each may begin with one.
func withoutMarks(data []byte, applied bool) []byte {
	mark := []byte(byteOrderMark)
	if !applied {
		return bytes.TrimPrefix(data, mark)
	}
	if !bytes.Contains(data, mark) {
		return data
	}
	return documentStart().ReplaceAllFunc(data, func(m []byte) []byte { return bytes.ReplaceAll(m, mark, nil) })
}

var gluedComment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^---#`) })

// withSeparators writes the separators of documents as YAML has them: those who apply
// documents split before a comment that touches the dashes, too.
func withSeparators(data []byte) []byte {
	if !bytes.Contains(data, []byte("---#")) {
		return data
	}
	return gluedComment().ReplaceAll(data, []byte("--- #"))
}

// withLastBreak ends the last line, as apimachinery's YAMLReader does with each
// that it reads.
func withLastBreak(data []byte) []byte {
	if len(data) == 0 || data[len(data)-1] == '\n' {
		return data
	}
	return append(data[:len(data):len(data)], '\n')
}

// appliedScalar is a scalar where it is something else than in YAML 1.2; done
// says that it is.
func (c *converter) appliedScalar(n *yaml.Node, tag string) (v any, err error, done bool) {
	switch {
	case c.untagged(n): // "!" is a tag that no scalar resolves to
		return n.Value, nil, true
	case tag == "!!binary":
		data, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return nil, c.fault(n, "!!binary value is no base64"), true
		}
		return jsonText(data), nil, true
	case tag == "!!int" && n.Style == 0 && strings.Contains(n.Value, "0o"):
		// YAML 1.2 reads more behind 0o than strconv does, 0o+7 and the like.
		if _, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err != nil {
			return n.Value, nil, true
		}
	case tag == "!!bool", tag == "!!str" && n.Style == 0 && len(n.Value) <= len("off"):
		if b, ok := yaml11Bools[n.Value]; ok {
			return b, nil, true
		}
	}
	return nil, nil, false
}

// jsonText is text as encoding/json writes it: a byte that is no UTF-8 becomes
// U+FFFD.
func jsonText(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return string(bytes.Runes(data))
}

// key is the key of a mapping as text.
func (c *converter) key(n *yaml.Node) (string, error) {
	k := n
	for k.Kind == yaml.AliasNode {
		k = k.Alias
	}
	if k.Kind != yaml.ScalarNode {
		return "", c.fault(n, "mapping key is not a scalar")
	}
	key := k.Value
	if c.applied {
		var err error
		if key, err = c.appliedKey(k); err != nil {
			return "", err
		}
	}
	if key != n.Value {
		if c.keys == nil {
			c.keys = map[*yaml.Node]string{}
		}
		c.keys[n] = key
	}
	return key, nil
}

// appliedKey is the JSON key that a scalar becomes.
func (c *converter) appliedKey(k *yaml.Node) (string, error) {
	if k.Tag == "!!str" && !c.loose { // nearly all of them
		if b, ok := yaml11Bools[k.Value]; ok && k.Style == 0 {
			return strconv.FormatBool(b), nil
		}
		return k.Value, nil
	}
	v, err := c.scalar(k)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		if k.ShortTag() == "!!float" && k.Style == 0 { // what JSON has no number for
			return strings.ToLower(strings.TrimPrefix(v, "+")), nil
		}
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		if k.ShortTag() == "!!int" {
			break
		}
		switch text := strconv.FormatFloat(v, 'g', -1, 32); text { // as 32 bits, which may be too few
		case "+Inf":
			return ".inf", nil
		case "-Inf":
			return "-.inf", nil
		default:
			return text, nil
		}
	}
	return "", c.fault(k, "mapping key %q is no text", k.Value)
}

// isMerge says whether a key is the merge key.
func (c *converter) isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && (k.Tag == "!!merge" || c.untagged(k))
}

// looseTag says whether a text may have the tag "!".
func looseTag(text []byte) bool {
	for {
		_, rest, ok := bytes.Cut(text, []byte("!"))
		if !ok {
			return false
		}
		if endsTag(string(rest[:min(len(rest), 1)])) {
			return true
		}
		text = rest
	}
}

// endsTag says whether a tag ends where a text goes on.
func endsTag(text string) bool {
	return text == "" || strings.IndexByte(" \t\r\n,]}", text[0]) >= 0
}

// untagged says whether a scalar has the tag "!", of which the YAML library
// leaves no trace but the place where the node begins.
func (c *converter) untagged(n *yaml.Node) bool {
	if !c.loose || n.Style&yaml.TaggedStyle != 0 {
		return false
	}
	text := c.doc.from(n)
	if anchor, rest, ok := strings.Cut(text, " "); ok && strings.HasPrefix(anchor, "&") {
		text = strings.TrimLeft(rest, " \t")
	}
	return strings.HasPrefix(text, "!") && endsTag(text[1:])
}

// from is the rest of the line in which a node begins.
func (d *Document) from(n *yaml.Node) string {
	line := d.Text(n.Line)
	if len(line) >= longLine { // counting would take long, and nobody writes tags there
		at := d.long.of(n.Line, line).byteColumn(line, n.Column)
		return line[at:]
	}
	at := 0
	for column := 1; column < n.Column && at < len(line); column++ {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	return line[at:]
}

// yaml11Bools are the boolean words of https://yaml.org/type/bool.html that
// YAML 1.2 no longer knows.
var yaml11Bools = map[string]bool{
	"y": true, "Y": true, "yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true,
	"n": false, "N": false, "no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false,
}
