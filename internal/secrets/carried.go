package secrets

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// FromObject returns the secrets that one rendered object carries in the
// clear. id is the object's subject id; locator leads from paths of the
// manifest to files. placeholders are the texts that rendering put in the place
// of random values and generated keys: they are no secrets, because nothing is
// ever deployed with them.
func (s *Scanner) FromObject(id string, manifest map[string]any, locator source.Locator, placeholders ...string) *Found {
	if len(placeholders) > 0 {
		manifest, _ = withPlaceholders(manifest, placeholders).(map[string]any)
	}
	out := found(id, logicalName(manifest)+"/", s.object(manifest), locator)
	out.keys = secretKeys(manifest)
	return out
}

// withPlaceholders returns the object with GATE-PLACEHOLDER-<n> for each of the
// placeholders, in the encoded data of a Secret as well.
func withPlaceholders(manifest map[string]any, placeholders []string) any {
	sorted := slices.Clone(placeholders)
	slices.SortFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for i, p := range sorted {
		if p != "" {
			mark := fmt.Sprintf("GATE-PLACEHOLDER-%d", i+1)
			pairs = append(pairs, p, mark, base64.StdEncoding.EncodeToString([]byte(p)), mark)
			if strings.Contains(p, "\n") {
				pairs = append(pairs, strings.TrimSpace(p), mark)
			}
		}
	}
	replacer := strings.NewReplacer(pairs...)
	var visit func(v any, encoded bool) any
	visit = func(v any, encoded bool) any {
		switch v := v.(type) {
		case map[string]any:
			isSecret := v["kind"] == "Secret"
			out := make(map[string]any, len(v))
			for k, x := range v {
				out[k] = visit(x, encoded || isSecret && k == "data")
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, x := range v {
				out[i] = visit(x, encoded)
			}
			return out
		case string:
			if plain, err := base64.StdEncoding.DecodeString(v); encoded && err == nil {
				if changed := replacer.Replace(string(plain)); changed != string(plain) {
					return base64.StdEncoding.EncodeToString([]byte(changed))
				}
			}
			return replacer.Replace(v)
		}
		return v
	}
	return visit(manifest, false)
}

// FromResource returns the secrets that one Terraform resource carries in the
// clear; its locator leads from paths of Resource.After to files.
func (s *Scanner) FromResource(r facts.Resource, locator source.Locator) *Found {
	out := found(r.ID, r.Address+".", s.resource(r), locator)
	out.keys = keysOfResource(r)
	return out
}

func found(id, name string, typed []Typed, locator source.Locator) *Found {
	if len(typed) == 0 {
		return &Found{}
	}
	f := &Found{Locators: source.Index{}}
	for _, t := range typed {
		place := locator.Locate(t.Path)
		f.records = append(f.records, record{
			secret: facts.Secret{
				Rule: t.Detector, Description: t.Description, Carrier: t.Carrier, Path: place.File,
				Location: name, Object: id, Length: t.Length(),
			},
			value: t.value, raw: t.raw, sure: t.sure, rank: t.rank, line: t.line, hidden: t.hidden, subject: id + "/", path: t.Path, place: place,
		})
	}
	f.publish(nil)
	return f
}

func (s *Scanner) object(manifest map[string]any) []Typed {
	return s.withTokens(Object(manifest), manifest, "object", true)
}

func (s *Scanner) resource(r facts.Resource) []Typed {
	return s.withTokens(Resource(r), r.After, "plan", false)
}

// minToken is the shortest text that a token of a provider fits in.
const minToken = 16

// withTokens adds the tokens of providers that stand in the leaves of a
// document: all leaves are searched as one text of "key: leaf" lines, because
// some detectors need the name. Where a typed finding has the same value, the
// more specific name is kept.
func (s *Scanner) withTokens(typed []Typed, document map[string]any, carrier string, decode bool) []Typed {
	l := leafText{decode: decode && document["kind"] == "Secret"}
	l.collect(nil, "", document, 0)
	if l.text.Len() == 0 {
		return typed
	}
	w := &walker{found: typed}
	// Text that is too dense is so in the file it comes from, which says so.
	tokens, _ := s.scan("", []byte(l.text.String()), scanTokens)
	for _, d := range tokens {
		leaf := l.at(d.start)
		if leaf == nil || d.pathOnly {
			continue
		}
		line := strings.Count(l.text.String()[leaf.start:d.start], "\n")
		known := false
		for i := range w.found {
			t := &w.found[i]
			if comparePaths(t.Path, leaf.path) == 0 && (sameValue(t.value, d.value) || sameValue(t.raw, d.value)) {
				known = true
				t.sure = max(t.sure, d.sure)
				if d.rank > t.rank {
					t.Detector, t.Description, t.rank = d.Detector, d.Description, d.rank
				}
			}
		}
		if !known {
			w.found = append(w.found, Typed{Detector: d.Detector, Description: d.Description, Path: leaf.path, Carrier: carrier, value: d.value, sure: d.sure, rank: d.rank, line: line})
		}
	}
	return w.sorted()
}

// leafText is a document's texts, one after the other.
type leafText struct {
	decode bool
	text   strings.Builder
	leaves []leaf
}

type leaf struct {
	path       source.Path
	start, end int
}

func (l *leafText) collect(p source.Path, key string, v any, depth int) {
	if depth > maxWalk {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k == "encryptedData" || k == "status" && len(p) == 0 {
				continue
			}
			l.collect(append(p[:len(p):len(p)], k), k, v[k], depth+1)
		}
	case []any:
		for i, e := range v {
			l.collect(append(p[:len(p):len(p)], i), key, e, depth+1)
		}
	case string:
		if len(v) < minToken {
			return
		}
		if l.decode && len(p) == 2 && p[0] == "data" {
			if plain, ok := decodeBase64(v); ok {
				v = plain
			}
		}
		l.text.WriteString(key + ": ")
		start := l.text.Len()
		l.text.WriteString(v)
		l.leaves = append(l.leaves, leaf{p, start, l.text.Len()})
		l.text.WriteByte('\n')
	}
}

// at returns the leaf that holds an offset.
func (l *leafText) at(offset int) *leaf {
	for i := range l.leaves {
		if offset >= l.leaves[i].start && offset < l.leaves[i].end {
			return &l.leaves[i]
		}
	}
	return nil
}
