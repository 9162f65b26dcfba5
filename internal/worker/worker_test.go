//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The test program is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout, play); err != nil {
			fmt.Fprintln(os.Stderr, "gate: "+err.Error())
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// script is what the worker plays: one act after the other, each a thing that
// is begun, does something and ends.
type script struct {
	Acts []act
	Log  string // a file that gets a line for each worker
}

type act struct {
	ID   string
	Does string
	Open bool // goes on while the next one begins, unless it is one by one
}

var sink [][]byte

func play(ctx context.Context, s *Session) (Answer, error) {
	var sc script
	if err := json.Unmarshal(s.Payload, &sc); err != nil {
		return Answer{}, err
	}
	if sc.Log != "" {
		f, err := os.OpenFile(sc.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return Answer{}, err
		}
		fmt.Fprintln(f, os.Getpid(), os.Getenv("TMPDIR"))
		f.Close()
	}
	var said []string
	for _, a := range sc.Acts {
		if i := slices.IndexFunc(s.Dead, func(d Dead) bool { return d.ID == a.ID }); i >= 0 {
			said = append(said, a.ID+": "+s.Dead[i].Reason)
			continue
		}
		if a.ID != "" {
			s.Started("unit", a.ID)
		}
		if err := do(s, a); err != nil {
			return Answer{}, err
		}
		if a.ID != "" && (!a.Open || s.OneByOne) {
			s.Done("unit", a.ID)
		}
		said = append(said, a.ID+" done")
	}
	data, err := json.Marshal(said)
	return Answer{Payload: data, Blobs: s.Blobs}, err
}

func do(s *Session, a act) error {
	switch a.Does {
	case "recurse":
		recurse(0)
	case "fill":
		for {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			sink = append(sink, b)
		}
	case "take": // a lot at one stroke
		sink = append(sink, make([]byte, 64<<30))
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "panic":
		panic("no such thing at 0xc000123456")
	case "exit":
		os.Exit(7)
	case "stuck":
		s.Stuck("unit", a.ID, "it takes longer than 1s")
	case "babble":
		_, _ = os.Stdout.WriteString("hello, this is a library\n")
	case "sleep":
		time.Sleep(time.Hour)
	case "child":
		cmd := exec.Command("sleep", "3600")
		if err := cmd.Start(); err != nil {
			return err
		}
		if err := os.WriteFile(a.ID, fmt.Appendln(nil, cmd.Process.Pid), 0o600); err != nil {
			return err
		}
		return cmd.Wait()
	case "error":
		return errors.New("the task makes no sense")
	}
	return nil
}

func recurse(n int) int {
	var room [256]byte
	room[n%256] = 1
	//lint:ignore SA5007 the stack is to overflow
	return recurse(n+1) + int(room[0])
}

func command(t *testing.T) Command {
	t.Helper()
	return Command{
		Args: []string{"worker"}, Env: []string{"PATH=" + os.Getenv("PATH")}, Memory: 1 << 30,
		Deadline: time.Now().Add(2 * time.Minute), Late: errors.New("it is late"),
	}
}

// task is what is known at once.
func task(sc script, blobs [][]byte) Read {
	return func(context.Context) (any, [][]byte, error) { return sc, blobs, nil }
}

func TestRun(t *testing.T) {
	killed := "it was killed (signal 9; the machine's memory or the CPU time may have run out)"
	for _, tt := range []struct {
		name string
		acts []act
		want []string // what the answer says
		err  string   // or this
		runs int
	}{
		{name: "nothing dies", acts: []act{{ID: "a"}, {ID: "b"}}, want: []string{"a done", "b done"}, runs: 1},
		{
			name: "stack overflow", acts: []act{{ID: "a"}, {ID: "b", Does: "recurse"}, {ID: "c"}},
			want: []string{"a done", "b: stack overflow (limit 256MiB)", "c done"}, runs: 2,
		},
		{
			name: "memory that grows", acts: []act{{ID: "a", Does: "fill"}, {ID: "b"}},
			want: []string{"a: out of memory (limit 1GiB)", "b done"}, runs: 2,
		},
		{
			name: "killed", acts: []act{{ID: "a", Does: "kill"}, {ID: "b"}},
			want: []string{"a: " + killed, "b done"}, runs: 2,
		},
		{
			name: "a panic, without its addresses", acts: []act{{ID: "a", Does: "panic"}, {ID: "b"}},
			want: []string{"a: internal error: no such thing at 0x…", "b done"}, runs: 2,
		},
		{
			name: "an exit", acts: []act{{ID: "a", Does: "exit"}, {ID: "b"}},
			want: []string{"a: it ended with status 7", "b done"}, runs: 2,
		},
		{
			name: "what gives up itself", acts: []act{{ID: "a", Does: "stuck"}, {ID: "b"}},
			want: []string{"a: it takes longer than 1s", "b done"}, runs: 2,
		},
		{
			name: "several at once: first one by one, then the culprit is known",
			acts: []act{{ID: "a", Open: true}, {ID: "b", Does: "exit"}, {ID: "c"}},
			want: []string{"a done", "b: it ended with status 7", "c done"}, runs: 3,
		},
		{
			name: "stuck while another waits is not believed at once",
			acts: []act{{ID: "a", Open: true}, {ID: "b", Does: "stuck"}},
			want: []string{"a done", "b: it takes longer than 1s"}, runs: 3,
		},
		{
			name: "five deaths are mended",
			acts: []act{{ID: "a", Does: "exit"}, {ID: "b", Does: "exit"}, {ID: "c", Does: "exit"}, {ID: "d", Does: "exit"}, {ID: "e", Does: "exit"}, {ID: "f"}},
			want: []string{
				"a: it ended with status 7", "b: it ended with status 7", "c: it ended with status 7",
				"d: it ended with status 7", "e: it ended with status 7", "f done",
			}, runs: 6,
		},
		{
			name: "six are not",
			acts: []act{{ID: "a", Does: "exit"}, {ID: "b", Does: "exit"}, {ID: "c", Does: "exit"}, {ID: "d", Does: "exit"}, {ID: "e", Does: "exit"}, {ID: "f", Does: "exit"}},
			err: "the worker died: it ended with status 7; in work: unit f; it is the last of 6; nothing was judged\n" +
				"  before: unit a: it ended with status 7\n  before: unit b: it ended with status 7\n" +
				"  before: unit c: it ended with status 7\n  before: unit d: it ended with status 7\n" +
				"  before: unit e: it ended with status 7", runs: 6,
		},
		{
			name: "a death that belongs to nothing", acts: []act{{ID: "a"}, {Does: "exit"}},
			err: "the worker died: it ended with status 7; nothing was judged", runs: 1,
		},
		{
			name: "an error of the handler", acts: []act{{Does: "error"}},
			err: "the worker died: the task makes no sense; nothing was judged", runs: 1,
		},
		{
			name: "a stream that is no protocol", acts: []act{{Does: "babble"}, {Does: "sleep"}},
			err: "the worker died: the worker's answer is not understood: a frame of 1751477356 bytes is above 16777216; nothing was judged", runs: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "log")
			blobs := [][]byte{[]byte("one"), {}, make([]byte, 3<<20)}
			got, err := Run(context.Background(), command(t), task(script{Acts: tt.acts, Log: log}, blobs))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(tt.err, text); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			if err == nil {
				var said []string
				if err := json.Unmarshal(got.Payload, &said); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, said); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				if !slices.EqualFunc(blobs, got.Blobs, bytes.Equal) {
					t.Error("the blobs came back changed")
				}
			}
			lines := strings.Split(strings.TrimSpace(string(must(os.ReadFile(log)))), "\n")
			if len(lines) != tt.runs {
				t.Errorf("%d workers, want %d", len(lines), tt.runs)
			}
			for _, l := range lines {
				if _, dir, _ := strings.Cut(l, " "); dir == "" {
					t.Error("no directory for temporary files")
				} else if _, err := os.Stat(dir); err == nil {
					t.Errorf("%s was left behind", dir)
				}
			}
		})
	}
}

// Memory that is taken at one stroke is stopped by the system only.
func TestMemoryAtOneStroke(t *testing.T) {
	if !hardMemory {
		t.Skip("the system does not limit memory here")
	}
	got, err := Run(context.Background(), command(t), task(script{Acts: []act{{ID: "a", Does: "take"}}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := `["a: out of memory (limit 1GiB)"]`; string(got.Payload) != want {
		t.Errorf("answer %s, want %s", got.Payload, want)
	}
}

// A worker that still works some time after the deadline is killed.
func TestDeadline(t *testing.T) {
	t.Parallel()
	c := command(t)
	c.Deadline = time.Now().Add(-2 * grace)
	_, err := Run(context.Background(), c, task(script{Acts: []act{{ID: "a", Does: "sleep"}}}, nil))
	if err == nil || !errors.Is(err, c.Late) || !strings.HasPrefix(err.Error(), "it is late") {
		t.Fatalf("error %v", err)
	}
}

// What a worker has started ends with it.
func TestEndOfTheGroup(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	enough := errors.New("it is enough")
	file := filepath.Join(t.TempDir(), "pid")
	child := make(chan int)
	go func() {
		var pid int
		for {
			if data, err := os.ReadFile(file); err == nil && bytes.HasSuffix(data, []byte("\n")) {
				pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel(enough)
		child <- pid
	}()
	_, err := Run(ctx, command(t), task(script{Acts: []act{{ID: file, Does: "child"}}}, nil))
	if !errors.Is(err, enough) || !strings.HasPrefix(err.Error(), "it is enough (in work: unit ") {
		t.Errorf("error %v", err)
	}
	for pid := <-child; syscall.Kill(pid, 0) == nil && !zombie(pid); {
		time.Sleep(time.Millisecond)
	}
}

// zombie says whether a process is dead and nobody has asked for its status,
// as it is for orphans in a container without an init process.
func zombie(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.HasPrefix(rest, "Z")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, command(t), func(context.Context) (any, [][]byte, error) {
		cancel() // while the worker starts
		return script{Acts: []act{{ID: "a", Does: "sleep"}}}, nil, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// What cannot be read is not handed on, and nothing is begun.
func TestUnread(t *testing.T) {
	t.Parallel()
	unread := errors.New("no such input")
	log := filepath.Join(t.TempDir(), "log")
	_, err := Run(context.Background(), command(t), func(context.Context) (any, [][]byte, error) {
		return script{Log: log}, nil, unread
	})
	if !errors.Is(err, unread) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(log); err == nil {
		t.Error("a worker has begun")
	}
}

// A worker whose parent dies ends as well.
func TestOrphan(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(must(os.Executable()), "worker")
	dir := privateTemp(cmd)
	in := must(cmd.StdinPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	payload := must(json.Marshal(script{Acts: []act{{ID: "a", Does: "sleep"}}}))
	if err := writeFrame(in, taskFrame{
		Version: protocolVersion, Memory: 512 << 20, Deadline: time.Now().Add(time.Hour), Payload: payload,
	}, nil); err != nil {
		t.Fatal(err)
	}
	in.Close()
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitOrphaned {
		t.Errorf("exit status %d, want %d", code, exitOrphaned)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s was left behind", dir)
	}
}

func TestNotStartedByHand(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "{}\n", "\x00\x00\x00\x02{}", "\x00\x00\x00\x0d{\"version\":2}"} {
		err := Serve(context.Background(), strings.NewReader(in), nil, nil)
		if !errors.Is(err, ErrNotStarted) {
			t.Errorf("input %q: error %v", in, err)
		}
	}
}

// A program that cannot be started is an error, not a death.
func TestNoProgram(t *testing.T) {
	t.Parallel()
	c := command(t)
	c.Path = filepath.Join(t.TempDir(), "nothing")
	_, err := Run(context.Background(), c, task(script{}, nil))
	if err == nil || !strings.Contains(err.Error(), "start the worker") {
		t.Errorf("error %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
