package attest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// CopySubject copies what a subject of the decision is into a directory that nobody else
// writes to, and returns the path of the copy: a file, for a source closure and a rendered
// directory a directory. What is verified and what is consumed are then the same bytes.
func CopySubject(s Artifact, from, dir string) (string, error) {
	to := filepath.Join(dir, safeName(s.Name))
	files := s.Files
	switch k := kind(s.Name); {
	case k == SubjectRendered && isDirectory(from):
		var err error
		if files, err = filesBelow(from); err != nil {
			return "", err
		}
	case k != SubjectClosure:
		return to, copyFile(from, to)
	}
	root, err := os.OpenRoot(from)
	if err != nil {
		return "", err
	}
	defer root.Close()
	for _, file := range files {
		if err := copyIn(root, file, filepath.Join(to, filepath.FromSlash(file))); err != nil {
			return "", fmt.Errorf("copy %s: %w", file, err)
		}
	}
	return to, nil
}

func copyFile(from, to string) error {
	if info, err := os.Stat(from); err == nil && !info.Mode().IsRegular() {
		return errNotRegular // to open a pipe waits for who writes to it
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	return writeCopy(in, info, to)
}

// copyIn copies a file below root, and a link as a link.
func copyIn(root *os.Root, file, to string) error {
	info, err := root.Lstat(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		text, err := root.Readlink(file)
		if err != nil {
			return err
		}
		return os.Symlink(text, to)
	}
	in, err := root.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeCopy(in, info, to)
}

func writeCopy(in io.Reader, info fs.FileInfo, to string) error {
	if !info.Mode().IsRegular() {
		return errNotRegular
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600|info.Mode()&0o100)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
