package source

import (
	"strconv"
	"strings"
)

// LineName is the name of a file as it stands in a list of lines: as it is, but quoted as
// a string of Go where it holds the end of a line, or begins as a quoted one. No file's
// name then reads as two lines, and no two names are the same.
func LineName(file string) string {
	if strings.Contains(file, "\n") || strings.HasPrefix(file, `"`) {
		return strconv.Quote(file)
	}
	return file
}
