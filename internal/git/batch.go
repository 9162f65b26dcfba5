package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"gate/internal/source"
)

// batch is one `git cat-file --batch`, which answers ids with contents.
type batch struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	stop func()
}

// blob returns the content of the blob with the given id. One process serves
// all readers, one at a time; it is started anew after a fault.
func (r *Repo) blob(ctx context.Context, id string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.batch == nil {
		b, err := r.startBatch()
		if err != nil {
			return nil, err
		}
		r.batch = b
	}
	b := r.batch
	timer := time.AfterFunc(timeLimit, b.stop)
	stopped := context.AfterFunc(ctx, b.stop)
	data, keep, err := b.read(id)
	if !timer.Stop() || !stopped() {
		keep, err = false, errors.Join(err, ctx.Err())
	}
	if !keep {
		b.stop()
		r.batch = nil
	}
	return data, err
}

func (r *Repo) startBatch() (*batch, error) {
	// The process outlives the context of the first reader; Close ends it.
	ctx, cancel := context.WithCancel(context.Background())
	cmd := r.command(ctx, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	go func() { _ = cmd.Wait() }()
	return &batch{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10), stop: cancel}, nil
}

// read asks for one blob. keep says whether the process can be asked again.
// The protocol is that of git-cat-file(1), BATCH OUTPUT.
func (b *batch) read(id string) (data []byte, keep bool, err error) {
	if !objectID().MatchString(id) {
		return nil, true, fmt.Errorf("object id %q is malformed", id)
	}
	if _, err := io.WriteString(b.in, id+"\n"); err != nil {
		return nil, false, fmt.Errorf("ask git for a file: %w", err)
	}
	head, err := b.out.ReadString('\n')
	if err != nil {
		return nil, false, fmt.Errorf("ask git for a file: %w", err)
	}
	f := strings.Fields(head)
	if len(f) == 2 && f[1] == "missing" {
		return nil, true, fmt.Errorf("object %s is not in this clone; run: git fetch --refetch", id)
	}
	if len(f) != 3 {
		return nil, false, fmt.Errorf("git answered %q", strings.TrimSpace(head))
	}
	size, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || size < 0 {
		return nil, false, fmt.Errorf("git answered %q", strings.TrimSpace(head))
	}
	if size > maxFileBytes {
		return nil, false, source.ErrTooLarge
	}
	data = make([]byte, size+1)
	if _, err := io.ReadFull(b.out, data); err != nil {
		return nil, false, fmt.Errorf("read a file from git: %w", err)
	}
	if f[1] != "blob" {
		return nil, true, fmt.Errorf("object %s is a %s, not a file", id, f[1])
	}
	return data[:size], true, nil
}
