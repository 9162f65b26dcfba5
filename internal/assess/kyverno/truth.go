package kyverno

// value is a truth value: false, not known, true.
type value int

const (
	no value = iota
	unsure
	yes
)

// truth is a truth value with the reason why it is not known.
type truth struct {
	value value
	why   string
}

func (t truth) is(v value) bool { return t.value == v }

func holds(b bool) truth {
	if b {
		return truth{value: yes}
	}
	return truth{value: no}
}

func unsureOf(why string) truth { return truth{value: unsure, why: why} }

func (t truth) and(o truth) truth {
	if o.value < t.value {
		return o
	}
	return t
}

func (t truth) or(o truth) truth {
	if o.value > t.value {
		return o
	}
	return t
}

func (t truth) not() truth { return truth{value: yes - t.value, why: t.why} }
