package render

import (
	"regexp"
	"sync"
)

// compiled returns an expression that is compiled when it is used first: many a
// run needs few of them.
func compiled(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
