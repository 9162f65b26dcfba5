//go:build unix

package cputime

import (
	"syscall"
	"time"
)

// processTime is what this process has used of all processors (getrusage(2)).
func processTime() (time.Duration, bool) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
