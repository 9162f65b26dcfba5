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
	"path/filepath"
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
// git writes it (100644, 100755, 120000), path as source.LineName has it, the digest
// that of the content, behind a symbolic link that of its destination, and of a link
// that leads to a directory or to nothing that of its own text.
func CloseFiles(name string, tree source.Tree, files []string) (Artifact, error) {
	files = sortedSet(files)
	lines := make([]string, 0, len(files))
	for _, file := range files {
		entry, ok := tree.Lookup(file)
		if !ok {
			return Artifact{}, fmt.Errorf("close %s over %s: %w", name, file, fs.ErrNotExist)
		}
		data, err := bound(tree, entry)
		if err != nil {
			return Artifact{}, fmt.Errorf("close %s over %s: %w", name, file, err)
		}
		sum := sha256.Sum256(data)
		lines = append(lines, closureLine(entry.Symlink, entry.Executable, file, sum[:]))
	}
	return Artifact{Name: name, SHA256: closureDigest(lines), Files: files}, nil
}

// bound is what of a file goes into the digest.
func bound(tree source.Tree, e source.Entry) ([]byte, error) {
	data, err := tree.ReadFile(e.Path)
	links, ok := tree.(interface{ Link(string) (string, error) })
	if err == nil || !e.Symlink || !ok || errors.Is(err, source.ErrEscapes) {
		return data, err
	}
	text, err := links.Link(e.Path)
	return []byte(text), err
}

// Covered returns the files of the tree that a glob of covers matches, in the
// order of the tree. A link that leaves the tree is none of them.
func Covered(tree source.Tree, covers []string) []string {
	var out []string
	for _, e := range tree.Entries() {
		if !matches(covers, e.Path) {
			continue
		}
		if e.Symlink {
			if _, err := bound(tree, e); err != nil {
				continue
			}
		}
		out = append(out, e.Path)
	}
	return out
}

func matches(covers []string, file string) bool {
	return slices.ContainsFunc(covers, func(g string) bool { return doublestar.MatchUnvalidated(g, file) })
}

// added returns an error if a directory holds a file that covers matches and
// that is none of files. What counts as a file is what counts for check, and
// what git ignores of that which programs read where it lies.
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
	for _, e := range tree.Entries() {
		if _, known := slices.BinarySearch(files, e.Path); !known && matches(covers, e.Path) {
			return fmt.Errorf("%w: %s", errAdded, e.Path)
		}
	}
	return ignored(dir, covers, files)
}

// errAdded is wrapped by the error about a file that was not there when the
// decision was made.
var errAdded = errors.New("a file is there that was not judged")

// ignored is added for what the tree does not list: a program that renders from
// the disk asks no ignore file of git's. What is read at any depth is read by
// controllers, from git.
func ignored(dir string, covers, files []string) error {
	for _, cover := range covers {
		if strings.Contains(cover, "**/") {
			continue
		}
		base, _ := doublestar.SplitPattern(cover)
		base = plain.Replace(base)
		below := strings.HasSuffix(cover, "**")
		err := filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(base)), func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				return err
			}
			file := filepath.ToSlash(rel)
			if d.IsDir() {
				if strings.EqualFold(d.Name(), ".git") || file != base && (!below || !inChart(base, file)) {
					return fs.SkipDir
				}
				return nil
			}
			if _, known := slices.BinarySearch(files, file); known || below && !inChart(base, file) || !doublestar.MatchUnvalidated(cover, file) {
				return nil
			}
			return fmt.Errorf("%w: %s (git ignores it)", errAdded, file)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// plain takes the escapes out of the directory that a glob begins with.
var plain = strings.NewReplacer(`\*`, "*", `\?`, "?", `\[`, "[", `\]`, "]", `\{`, "{", `\}`, "}", `\\`, `\`)

// inChart says whether a file of a chart's directory is one that makes the chart:
// what else git ignores there was left behind by editors and programs.
func inChart(chart, file string) bool {
	rel := file
	if chart != "." {
		rel = strings.TrimPrefix(file, chart+"/")
	}
	first, _, _ := strings.Cut(rel, "/")
	return slices.Contains([]string{"templates", "crds", "charts", "Chart.yaml", "values.yaml", "values.schema.json", ".helmignore"}, first) &&
		path.Base(file) != ".DS_Store"
}

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
		if info.Mode()&fs.ModeSymlink != 0 && (errors.Is(err, errNotRegular) || errors.Is(err, fs.ErrNotExist)) {
			sum, err = hashLink(root, file)
		}
		if err != nil {
			return "", err
		}
		lines = append(lines, closureLine(info.Mode()&fs.ModeSymlink != 0, info.Mode()&0o100 != 0, file, sum))
	}
	return closureDigest(lines), nil
}

// hashLink is the digest of the text of a link.
func hashLink(root *os.Root, file string) ([]byte, error) {
	text, err := root.Readlink(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(filepath.ToSlash(text)))
	return sum[:], nil
}

func closureLine(symlink, executable bool, file string, sum []byte) string {
	mode := "100644"
	switch {
	case symlink:
		mode = "120000"
	case executable:
		mode = "100755"
	}
	return mode + " " + source.LineName(file) + " " + hex.EncodeToString(sum) + "\n"
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
