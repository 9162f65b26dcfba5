package worker

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// hardMemory says that the system limits the memory. The race detector
// reserves terabytes of address space, so that it cannot be limited there.
const hardMemory = !raceDetector

// restrictProcess sets the limits of setrlimit(2), which the programs that the
// worker starts inherit. The address space that Go has reserved already does
// not count as memory.
func restrictProcess(memory int64, cpuSeconds uint64) (err error) {
	set := func(name string, what int, value uint64) {
		if err != nil {
			return
		}
		var have syscall.Rlimit
		if err = syscall.Getrlimit(what, &have); err != nil {
			err = fmt.Errorf("get %s: %w", name, err)
			return
		}
		value = min(value, have.Max) // never more than the caller has
		if err = syscall.Setrlimit(what, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
			err = fmt.Errorf("set %s: %w", name, err)
		}
	}
	set("RLIMIT_CORE", syscall.RLIMIT_CORE, 0)
	set("RLIMIT_CPU", syscall.RLIMIT_CPU, cpuSeconds) // soft = hard: SIGXCPU alone would be ignored
	if hardMemory {
		set("RLIMIT_AS", syscall.RLIMIT_AS, uint64(memory+mapped()))
	}
	// If the machine itself runs out of memory, this process goes first.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	return err
}

// mapped is the size of the address space in use (proc(5), statm).
func mapped() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	first, _, _ := bytes.Cut(data, []byte(" "))
	pages, err := strconv.ParseInt(string(first), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// self is the file of the running program even if it was replaced meanwhile.
func self() (string, error) {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link, nil
	}
	return os.Executable()
}
