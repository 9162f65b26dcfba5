package source

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// Repeat is a key that one mapping holds more than once: what counts is the
// last.
type Repeat struct {
	Path        Path
	First, Last Position // of the keys
}

// maxRepeats bounds what is told of one document.
const maxRepeats = 1000

// firstKeys leads from the text of each key of a mapping to where it stands first.
func (c *converter) firstKeys(mapping *yaml.Node) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		k := mapping.Content[i]
		if key, err := c.key(k); err == nil && out[key] == nil && !c.isMerge(k) {
			out[key] = k
		}
	}
	return out
}

// repeat notes that a key stands before it in its mapping. A mapping that is
// named again by an alias is told once.
func (c *converter) repeat(first, again *yaml.Node, key string) {
	last := c.doc.position(placeOf(again))
	if at, ok := c.told[first]; ok {
		c.doc.Repeated[at].Last = last
		return
	}
	if len(c.doc.Repeated) == maxRepeats {
		return
	}
	if c.told == nil {
		c.told = map[*yaml.Node]int{}
	}
	c.told[first] = len(c.doc.Repeated)
	c.doc.Repeated = append(c.doc.Repeated, Repeat{
		Path: append(slices.Clone(c.at), key), First: c.doc.position(placeOf(first)), Last: last,
	})
}
