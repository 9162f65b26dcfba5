package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"gate/internal/source"
)

// Closure is the list of files that a controller renders from. Its digest is
// the digest of the subject of that name.
type Closure struct {
	Subject string   `json:"subject"`
	Files   []string `json:"files"` // sorted, relative to the judged root
}

// CloseFiles returns the subject source-closure over files of the tree, each
// counted once: SHA-256 over the sorted lines "mode path sha256\n", mode as
// git writes it (100644, 100755, 120000), the digest that of the content,
// behind a symbolic link that of its destination.
func CloseFiles(name string, tree source.Tree, files []string) (Subject, error) {
	files = sortedSet(files)
	lines := make([]string, 0, len(files))
	for _, file := range files {
		entry, ok := tree.Lookup(file)
		if !ok {
			return Subject{}, fmt.Errorf("close %s over %s: %w", name, file, fs.ErrNotExist)
		}
		data, err := tree.ReadFile(file)
		if err != nil {
			return Subject{}, fmt.Errorf("close %s over %s: %w", name, file, err)
		}
		sum := sha256.Sum256(data)
		lines = append(lines, closureLine(entry.Symlink, entry.Executable, file, sum[:]))
	}
	return Subject{Name: name, SHA256: closureDigest(lines), Files: files}, nil
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
