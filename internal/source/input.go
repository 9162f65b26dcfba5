package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxInput bounds one handed-in file.
const maxInput = 512 << 20

// ReadInput reads a handed-in file, which may be a pipe, or stdin for "-".
func ReadInput(file string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	if in == nil {
		return nil, errors.New("there is no standard input")
	}
	var buf bytes.Buffer
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() <= maxInput {
			buf.Grow(int(info.Size()) + bytes.MinRead)
		}
	}
	_, err := io.Copy(&buf, io.LimitReader(in, maxInput+1))
	if err == nil && buf.Len() > maxInput {
		err = fmt.Errorf("input is larger than %d MiB", maxInput>>20)
	}
	return buf.Bytes(), err
}
