package secrets

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestWindowsFindWhatWholeTextsHold compares, for every detector, the matches
// that are found by way of its literals with those of the whole pattern over
// the whole text, on texts that are made from the pattern itself.
func TestWindowsFindWhatWholeTextsHold(t *testing.T) {
	t.Parallel()
	s, err := NewScanner()
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range s.detectors {
		if d.pattern == nil {
			continue
		}
		plain := *d
		plain.entropy, plain.allow, plain.keywords, plain.path, plain.rank = 0, nil, nil, nil, rankProvider
		if plain.id == privateKeyID {
			plain.id = "raw"
		}
		one := &Scanner{detectors: []*detector{&plain}}
		tree, err := syntax.Parse(d.pattern.text, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		re := regexp.MustCompile(d.pattern.text)
		matches := 0
		for range 25 {
			text := noise(rng) + sample(rng, tree) + noise(rng) + sample(rng, tree) + noise(rng)
			var want []string
			for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
				a, b := group(m, d.group)
				want = append(want, text[a:b])
			}
			var got []string
			r := &search{s: one, text: []byte(text), states: make([]detectorState, 1), work: maxWork}
			if d.plan().literals == nil {
				r.whole(0)
			}
			newAutomaton(plain.needles(0)).each(r.text, r.hit)
			slices.SortFunc(r.found, func(a, b Detection) int { return a.start - b.start })
			for _, f := range r.found {
				got = append(got, f.value)
			}
			matches += len(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s in %.300q:\ngot  %q\nwant %q", d.id, text, got, want)
				break
			}
		}
		if matches == 0 {
			t.Errorf("%s: no sample matched", d.id)
		}
	}
}

// noise is text around a match: words, separators, letters of two and four
// bytes, broken UTF-8, line ends.
func noise(rng *rand.Rand) string {
	pieces := []string{" ", "\n", "\"", "'", "=", ": ", "key", "ü", "😀", "\xff", "a1", "\r\n", "-", ".", "_", "token=", "\t", strings.Repeat("x", 60)}
	var b strings.Builder
	for range rng.IntN(12) {
		b.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return b.String()
}

// sample returns a text that the pattern matches, boundaries aside.
func sample(rng *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		var b strings.Builder
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && r < utf8.RuneSelf && rng.IntN(3) == 0 {
				r = unicode.ToUpper(r)
			}
			b.WriteRune(r)
		}
		return b.String()
	case syntax.OpCharClass:
		for range 20 {
			i := rng.IntN(len(re.Rune)/2) * 2
			r := re.Rune[i] + rune(rng.IntN(int(min(re.Rune[i+1]-re.Rune[i], 90))+1))
			if r != '\u212a' && r != '\u017f' {
				return string(r)
			}
		}
		return string(re.Rune[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string("aZ9 ;é"[rng.IntN(5)])
	case syntax.OpCapture:
		return sample(rng, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		lo, hi := 0, 1
		switch re.Op {
		case syntax.OpPlus:
			lo, hi = 1, 4
		case syntax.OpStar:
			hi = 4
		case syntax.OpRepeat:
			lo, hi = re.Min, re.Max
			if hi < 0 {
				hi = lo + 5
			}
		}
		var b strings.Builder
		for range lo + rng.IntN(hi-lo+1) {
			b.WriteString(sample(rng, re.Sub[0]))
		}
		return b.String()
	case syntax.OpConcat:
		var b strings.Builder
		for _, s := range re.Sub {
			b.WriteString(sample(rng, s))
		}
		return b.String()
	case syntax.OpAlternate:
		return sample(rng, re.Sub[rng.IntN(len(re.Sub))])
	}
	return ""
}
