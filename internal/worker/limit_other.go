//go:build !linux && !darwin

package worker

import "os"

// hardMemory is false, and there is no limit of CPU time: the deadline, the
// limit of stacks and the watch over the heap are what is left.
const hardMemory = false

func restrictProcess(int64, uint64) error { return nil }

func self() (string, error) { return os.Executable() }
