package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gate/internal/printed"
	"gate/internal/rendition"
)

// renderedFile is one object on its way from the process that renders.
type renderedFile struct {
	Name string // slash-separated, below the directory
	Text string
}

// writeFiles writes the files of the objects as one document. With provenance
// each begins with a comment, so that its lines are one further down than those
// which findings name.
func writeFiles(w io.Writer, objects []rendition.Object, provenance bool) error {
	files := []renderedFile{}
	for _, o := range objects {
		var b bytes.Buffer
		if provenance {
			fmt.Fprintf(&b, "# %s\n", provenanceOf(o))
		}
		text, err := printed.YAML(o.Manifest)
		if err != nil {
			return fmt.Errorf("write %s: %w", o.ID, err)
		}
		b.WriteString(text)
		files = append(files, renderedFile{Name: printed.File(o.ID), Text: b.String()})
	}
	return json.NewEncoder(w).Encode(files)
}

// vacant refuses a directory that holds something.
func vacant(dir string) error {
	had, err := os.ReadDir(dir)
	if dir == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(had) > 0 {
		err = errors.New("the directory is not empty")
	}
	if err != nil {
		return fmt.Errorf("--out %s: %w", dir, err)
	}
	return nil
}

// writeRendered puts the files of the objects below an empty directory.
func writeRendered(dir string, document []byte) error {
	var files []renderedFile
	if err := json.Unmarshal(document, &files); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := vacant(dir); err != nil { // what stood there before would pass for rendered
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		name := filepath.FromSlash(f.Name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, []byte(f.Text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
