package parsers

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
)

// own is an error of ours, whose words are chosen.
type own struct{ error }

// The words of a message, and the bytes of a text as Go prints a slice of them.
var (
	messageWord  = regexp.MustCompile(`[\p{L}\p{N}_]{3,}`)
	printedBytes = regexp.MustCompile(`\[[0-9]{1,3}(?: [0-9]{1,3})+\]`)
)

// told are words of parsers about what they found, which say nothing of a file that has
// them, too.
var told = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`after and argument array attribute before block brace bracket but byte bytes call
		character colon column comma comment convert could dedicated definition delimiter does doesn document duplicate
		empty encoding end eof error expected expression file first following for format found function has identifier ini instruction
		instructions into invalid json keyword label last lex line literal map match missing more must named name no not
		number object only operand operator parse parser parsing quote read reflect required rune separator statement
		string struct support supported syntax tag the there token toml type unclosed undefined unexpected unknown
		unmarshal unsupported unterminated used value values variable was while with xml zero`) {
		out[w] = true
	}
	return out
}()

// quiet is what a parser says without what it repeats of the file: nobody has looked yet
// whether that is secret. The words of the file become dots, and so do its bytes.
func (f File) quiet(err error) string {
	if said := (own{}); errors.As(err, &said) {
		return said.Error()
	}
	msg := printedBytes.ReplaceAllString(err.Error(), "[…]")
	return messageWord.ReplaceAllStringFunc(msg, func(word string) string {
		if told[strings.ToLower(word)] || !bytes.Contains(f.Data, []byte(word)) {
			return word
		}
		return "…"
	})
}
