package attest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/git"
	"gate/internal/source"

	"github.com/bmatcuk/doublestar/v4"
)

// Closure is the list of files that a controller renders from. Its digest is
// the digest of the subject of that name.
type Closure struct {
	Subject string   `json:"subject"`
	Files   []string `json:"files"` // sorted, relative to the judged root
	// Covers are the globs (doublestar) of what the controller reads as a whole,
	// a chart or a directory of manifests, sorted: every file that matches was
	// judged, so that one which is added later is not authorised.
	Covers []string `json:"covers"`
}

// CloseFiles returns the subject source-closure over files of the tree, each
// counted once: SHA-256 over the sorted lines "mode path sha256\n", mode as
// git writes it (100644, 100755, 120000), the digest that of the content,
// behind a symbolic link that of its destination.
func CloseFiles(name string, tree source.Tree, files []string) (Artifact, error) {
	files = sortedSet(files)
	lines := make([]string, 0, len(files))
	for _, file := range files {
		entry, ok := tree.Lookup(file)
		if !ok {
			return Artifact{}, fmt.Errorf("close %s over %s: %w", name, file, fs.ErrNotExist)
		}
		data, err := tree.ReadFile(file)
		if err != nil {
			return Artifact{}, fmt.Errorf("close %s over %s: %w", name, file, err)
		}
		sum := sha256.Sum256(data)
		lines = append(lines, closureLine(entry.Symlink, entry.Executable, file, sum[:]))
	}
	return Artifact{Name: name, SHA256: closureDigest(lines), Files: files}, nil
}

// CoverAll returns the glob of every file below dir, as charts are read.
func CoverAll(dir string) string { return path.Join(escapeGlob(dir), "**") }

// CoverManifests returns the glob of the manifests in dir, or also below it.
func CoverManifests(dir string, below bool) string {
	if below {
		return path.Join(escapeGlob(dir), "**/*.{yaml,yml,json,jsonnet}")
	}
	return path.Join(escapeGlob(dir), "*.{yaml,yml,json,jsonnet}")
}

// CoverPrograms returns the globs of what can change an evaluation that reads
// file: of Jsonnet what stands beside it or below, where imports are looked for
// first; of CUE the files of its package, which may stand above it, too.
func CoverPrograms(file string) []string {
	switch path.Ext(file) {
	case ".jsonnet", ".libsonnet":
		return []string{CoverAll(path.Dir(file))}
	case ".cue":
		var out []string
		for dir := path.Dir(file); ; dir = path.Dir(dir) {
			out = append(out, path.Join(escapeGlob(dir), "*.cue"))
			if dir == "." || dir == "/" {
				return out
			}
		}
	}
	return nil
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`, "]", `\]`, "}", `\}`).Replace(dir)
}

// Covered returns the files of the tree that a glob of covers matches, in the
// order of the tree.
func Covered(tree source.Tree, covers []string) []string {
	var out []string
	for _, e := range tree.Entries() {
		if e.Symlink {
			if _, err := tree.ReadFile(e.Path); err != nil {
				continue // to a directory or to nothing: there are no bytes to bind
			}
		}
		if slices.ContainsFunc(covers, func(g string) bool { return doublestar.MatchUnvalidated(g, e.Path) }) {
			out = append(out, e.Path)
		}
	}
	return out
}

// added returns an error if a directory holds a file that covers matches and
// that is none of files. What counts as a file is what counts for check.
func added(dir string, covers, files []string) error {
	if len(covers) == 0 {
		return nil
	}
	ctx := context.Background() // git has time limits of its own
	repo, err := git.Open(ctx, dir)
	if err != nil && !errors.Is(err, git.ErrNotRepository) {
		return err
	}
	if repo != nil {
		defer repo.Close()
	}
	tree, err := discover.Open(ctx, dir, repo)
	if err != nil {
		return err
	}
	defer tree.Close()
	for _, file := range Covered(tree, covers) {
		if !slices.Contains(files, file) {
			return fmt.Errorf("%w: %s", errAdded, file)
		}
	}
	return nil
}

// errAdded is wrapped by the error about a file that was not there when the
// decision was made.
var errAdded = errors.New("a file is there that was not judged")

// closureOf computes the digest again over a directory, which is not left.
func closureOf(dir string, files []string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	lines := make([]string, 0, len(files))
	for _, file := range files {
		info, err := root.Lstat(file)
		if err != nil {
			return "", err
		}
		sum, err := hashIn(root, file)
		if err != nil {
			return "", err
		}
		lines = append(lines, closureLine(info.Mode()&fs.ModeSymlink != 0, info.Mode()&0o100 != 0, file, sum))
	}
	return closureDigest(lines), nil
}

func closureLine(symlink, executable bool, file string, sum []byte) string {
	mode := "100644"
	switch {
	case symlink:
		mode = "120000"
	case executable:
		mode = "100755"
	}
	return mode + " " + file + " " + hex.EncodeToString(sum) + "\n"
}

func closureDigest(lines []string) string {
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

func hashIn(root *os.Root, file string) ([]byte, error) {
	info, err := root.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", file, errNotRegular)
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

var errNotRegular = errors.New("not a regular file")

// hashFile returns the SHA-256 of a regular file in hex.
func hashFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: %w", path, errNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
