package source

import "strings"

// LineReader returns a function that reads lines of a tree, from 1 and without
// their ends, "" where there is none. Files are split once.
func LineReader(tree Tree) func(file string, line int) string {
	files := map[string][]string{}
	return func(file string, line int) string {
		lines, seen := files[file]
		if !seen {
			if data, err := tree.ReadFile(file); err == nil {
				lines = strings.Split(string(data), "\n")
			}
			files[file] = lines
		}
		if line < 1 || line > len(lines) {
			return ""
		}
		return strings.TrimSuffix(lines[line-1], "\r")
	}
}
