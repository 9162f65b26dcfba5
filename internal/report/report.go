// Package report shows the result of a run: one writer for each format, all
// of them over the same sorted findings. A report never changes a decision,
// reads no clock and writes the same bytes for the same input. Everything that
// comes from the judged repository (messages, names, paths, source lines) is
// hostile text: it is escaped for the format it goes into and never used as a
// format string.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/policy"
)

// Input is what a report is made of. Only Result is needed.
type Input struct {
	Result *decide.Result
	// Rules is the metadata of the catalog, in any order. A finding of a rule
	// that is not listed is shown with what the finding itself says.
	Rules []policy.Rule
	// Color allows ANSI colours in the text format. The caller knows the
	// terminal, --color and NO_COLOR.
	Color bool
	// Width is the number of columns of the text format; 0 means 100.
	Width int
	// Details is how many places of one rule and effect the text format shows; 0
	// means 50, and less beside a base; a negative number all. What is left out
	// is always counted in the output.
	Details int
	// Budget is the size limit of the markdown format in bytes; 0, and what is
	// above it, mean 60,000: a comment of GitHub takes 65,536 characters.
	Budget int
	// Of is what tells this run apart from others over the same repository: the
	// configuration, the directory, the environments. It is the same from run to
	// run, and part of the marker by which a comment is found again.
	Of []string
	// Category is the first part of SARIF's automationDetails.id, which keeps
	// several uploads of one commit apart; empty means "gate".
	Category string
	// Source returns a file of the judged tree. It may be nil; then there are
	// no source lines in the text and no line hashes in SARIF.
	Source func(path string) ([]byte, error)
	// Hide says whether a line must not be shown because it holds a secret
	// that no finding of this result points at. It may be nil. Lines of
	// findings about secrets are hidden in any case.
	Hide func(path string, line int) bool
}

// Output is one report that is asked for: --format NAME[=FILE].
type Output struct {
	Format string // a name that Write takes
	File   string // empty or "-" means standard output
}

// format is one writer. Its options are written behind the name and a colon.
type format struct {
	name    string
	options []string
	write   func(w io.Writer, v *view, option string) error
}

// formats returns all formats in the order of the documentation.
func formats() []format {
	return []format{
		{name: "text", write: writeText},
		{name: "json", write: writeJSON},
		{name: "sarif", write: writeSARIF},
		{name: "junit", options: []string{junitGitLab, junitJenkins}, write: writeJUnit},
		{name: "gitlab-codequality", write: writeCodeQuality},
		{name: "gitlab-sast", options: []string{sastSecrets}, write: writeSAST},
		{name: "github", write: writeGitHub},
		{name: "markdown", write: writeMarkdown},
		{name: "html", write: writeHTML},
		{name: "metrics", write: writeMetrics},
	}
}

// Formats returns the names that Parse and Write take, without their options
// ("junit:jenkins", "gitlab-sast:secrets").
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Parse reads the value of --format: NAME or NAME=FILE, where NAME may carry
// an option (junit:jenkins). The error of an unknown name or option says the
// nearest valid one.
func Parse(value string) (Output, error) {
	name, file, named := strings.Cut(value, "=")
	if _, _, err := find(name); err != nil {
		return Output{}, err
	}
	if named && file == "" {
		return Output{}, fmt.Errorf("format %q names no file behind the \"=\"", value)
	}
	return Output{Format: name, File: file}, nil
}

// ParseAll reads several values of --format. Two of them must not write to
// the same place.
func ParseAll(values []string) ([]Output, error) {
	var outs []Output
	taken := map[string]string{}
	for _, value := range values {
		out, err := Parse(value)
		if err != nil {
			return nil, err
		}
		place := out.File
		if place == "-" {
			place = ""
		}
		if other, dup := taken[place]; dup {
			where := "standard output"
			if place != "" {
				where = fmt.Sprintf("file %q", place)
			}
			return nil, fmt.Errorf("formats %q and %q both write to %s", other, out.Format, where)
		}
		taken[place] = out.Format
		outs = append(outs, out)
	}
	return outs, nil
}

// Write writes in as the named format. Nothing is written if the name is
// unknown or the report cannot be made.
func Write(w io.Writer, name string, in Input) error {
	f, option, err := find(name)
	if err != nil {
		return err
	}
	if in.Result == nil {
		return errors.New("write report: there is no result")
	}
	var b bytes.Buffer
	if err := f.write(&b, newView(in), option); err != nil {
		return fmt.Errorf("write %s report: %w", name, err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write %s report: %w", name, err)
	}
	return nil
}

// find returns the format and the option that name means.
func find(name string) (format, string, error) {
	base, option, has := strings.Cut(name, ":")
	for _, f := range formats() {
		if f.name != base {
			continue
		}
		if !has {
			return f, "", nil
		}
		for _, o := range f.options {
			if o == option {
				return f, o, nil
			}
		}
		if len(f.options) == 0 {
			return format{}, "", fmt.Errorf("format %q takes no option, but %q was given", base, option)
		}
		return format{}, "", fmt.Errorf("unknown option %q of format %q%s", clip(option, 100), base, suggestion(option, f.options))
	}
	return format{}, "", fmt.Errorf("unknown format %q%s", clip(base, 100), suggestion(base, Formats()))
}

// suggestion is the tail of a message about an unknown word.
func suggestion(word string, valid []string) string {
	near := config.Nearest(word, valid)
	for _, v := range valid { // "codequality" means "gitlab-codequality"
		if near == "" && len(word) > 2 && strings.Contains(v, strings.ToLower(word)) {
			near = v
		}
	}
	if near != "" {
		return fmt.Sprintf("; did you mean %q? valid: %s", near, strings.Join(valid, ", "))
	}
	return "; valid: " + strings.Join(valid, ", ")
}
