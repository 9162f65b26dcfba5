package worker

import (
	"fmt"
	"os"
	"syscall"
)

// hardMemory is false: macOS does not enforce RLIMIT_AS, or refuses a value
// below what Go has reserved.
const hardMemory = false

// restrictProcess limits CPU time and core files.
func restrictProcess(_ int64, cpuSeconds uint64) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("set RLIMIT_CORE: %w", err)
	}
	var have syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &have); err != nil {
		return fmt.Errorf("get RLIMIT_CPU: %w", err)
	}
	have.Max = min(have.Max, cpuSeconds)
	have.Cur = have.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_CPU, &have); err != nil {
		return fmt.Errorf("set RLIMIT_CPU: %w", err)
	}
	return nil
}

func self() (string, error) { return os.Executable() }
