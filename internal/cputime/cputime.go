// Package cputime limits what somebody else's code may take by the time of the
// processors, and not by the clock: on a slow machine, and beside others, a limit
// has to be as far away as on a fast one.
package cputime

import (
	"runtime"
	"time"
)

// After calls f once this process has used so much more time of processors than
// now, all its goroutines together. Where the system does not tell that time, the
// clock stands in. stop ends the wait.
func After(limit time.Duration, f func()) (stop func()) {
	done := make(chan struct{})
	used := since()
	go func() {
		for {
			left := limit - used()
			if left <= 0 {
				f()
				return
			}
			select { // all processors together need that long at least
			case <-time.After(max(left/time.Duration(runtime.GOMAXPROCS(0)), 10*time.Millisecond)):
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

// since returns the time that the process uses from now on.
func since() func() time.Duration {
	if start, ok := processTime(); ok {
		return func() time.Duration {
			now, _ := processTime()
			return now - start
		}
	}
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
