package attest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CloseContents is the subject of a directory that holds files with these digests, by
// their names from it on, and nothing else: a digest as that of CloseFiles.
func CloseContents(name string, files map[string][sha256.Size]byte) Artifact {
	var lines []string
	for file, sum := range files {
		lines = append(lines, closureLine(false, false, file, sum[:]))
	}
	return Artifact{Name: name, SHA256: closureDigest(lines)}
}

// filesBelow are the files and links of a directory, from it on, without what git keeps at
// its top.
func filesBelow(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		switch {
		case err != nil:
			return err
		case rel == ".git" && d.IsDir():
			return fs.SkipDir
		case rel == ".git": // of a worktree
			return nil
		case d.IsDir():
			return nil
		case !d.Type().IsRegular() && d.Type()&fs.ModeSymlink == 0:
			return fmt.Errorf("%s: %w", rel, errNotRegular)
		}
		out = append(out, filepath.ToSlash(rel))
		return nil
	})
	return out, err
}

// isDirectory says whether a subject was handed in as a directory.
func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
