package worker

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// restrict limits this process: its stacks, its memory and its time.
func restrict(memory int64, left time.Duration) error {
	debug.SetMaxStack(maxStack)
	seconds := max(uint64(left/time.Second), 1)*uint64(runtime.NumCPU()) + 30
	if err := restrictProcess(memory, seconds); err != nil {
		return err
	}
	collectLate(memory / 10 * 9)
	if !hardMemory {
		go watchMemory(memory)
	}
	return nil
}

// untouched is the memory in bytes up to which nothing is collected.
const untouched = 96 << 20

// collectLate lets a small run end before the first collection: a process
// that takes less than 100 MiB would collect a dozen times, which costs more
// than starting the worker does. From the first collection on everything is as
// usual, with limit as the memory before which the collector works harder; what
// is left to the hard limit is for what the runtime needs beside the heap.
func collectLate(limit int64) {
	percent := debug.SetGCPercent(-1)
	debug.SetMemoryLimit(untouched)
	first := new([16]byte)
	runtime.SetFinalizer(first, func(*[16]byte) {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	})
}

// watchMemory stands in where the system does not limit memory: it sees too
// late what is taken at one stroke, and in time what grows.
func watchMemory(limit int64) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for range time.Tick(50 * time.Millisecond) {
		metrics.Read(sample)
		if used := sample[0].Value.Uint64() - sample[1].Value.Uint64(); used > uint64(limit) {
			_, _ = os.NewFile(2, "stderr").WriteString("fatal error: out of memory\n")
			os.Exit(2)
		}
	}
}
