package secrets

// automaton finds all occurrences of a set of strings in one pass, ignoring
// the case of ASCII letters (Aho and Corasick, "Efficient string matching",
// CACM 18/6, 1975), as a complete table over the bytes that occur in them.
type automaton struct {
	class   [256]uint8
	classes int
	next    []int32 // state*classes+class -> state
	outputs [][]hit // by state
}

// hit is one string that ends at a state.
type hit struct {
	owner  int // what the string was added for
	length int
}

// fold maps ASCII upper case to lower case.
func fold(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// needle is one folded string and whom its occurrences are reported to.
type needle struct {
	text  string
	owner int
}

func newAutomaton(needles []needle) *automaton {
	a := &automaton{classes: 1}
	for _, n := range needles {
		for i := 0; i < len(n.text); i++ {
			if c := n.text[i]; a.class[c] == 0 {
				a.class[c] = uint8(a.classes)
				a.classes++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		a.class[c] = a.class[fold(c)]
	}
	states := 1
	for _, n := range needles {
		states += len(n.text)
	}
	a.next, a.outputs = make([]int32, 0, states*a.classes), make([][]hit, 0, states)
	a.grow()
	for _, n := range needles {
		s := int32(0)
		for i := 0; i < len(n.text); i++ {
			at := int(s)*a.classes + int(a.class[n.text[i]])
			if a.next[at] == 0 {
				a.next[at] = int32(len(a.outputs))
				a.grow()
			}
			s = a.next[at]
		}
		a.outputs[s] = append(a.outputs[s], hit{n.owner, len(n.text)})
	}
	a.link()
	return a
}

func (a *automaton) grow() {
	a.next = a.next[:len(a.next)+a.classes] // there is room for every state
	a.outputs = append(a.outputs, nil)
}

// link completes the table breadth first: where the trie has no edge, the edge
// of the longest proper suffix is taken, whose outputs hold here as well.
func (a *automaton) link() {
	fail := make([]int32, len(a.outputs))
	var queue []int32
	for c := 0; c < a.classes; c++ {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		row, suffix := int(s)*a.classes, int(fail[s])*a.classes
		a.outputs[s] = append(a.outputs[s], a.outputs[fail[s]]...)
		for c := 0; c < a.classes; c++ {
			if t := a.next[row+c]; t != 0 {
				fail[t] = a.next[suffix+c]
				queue = append(queue, t)
			} else {
				a.next[row+c] = a.next[suffix+c]
			}
		}
	}
}

// each calls f with the owner and the start of every occurrence, in the order
// in which the occurrences end.
func (a *automaton) each(text []byte, f func(owner, start int)) {
	s := 0
	for i, c := range text {
		s = int(a.next[s*a.classes+int(a.class[c])])
		if out := a.outputs[s]; out != nil {
			for _, h := range out {
				f(h.owner, i+1-h.length)
			}
		}
	}
}
