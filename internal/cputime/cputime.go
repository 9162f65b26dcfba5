// Package cputime limits what somebody else's code may take by the time of the
// processors, and not by the clock: on a slow machine, and beside others, a limit
// has to be as far away as on a fast one.
package cputime

import (
	"context"
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

// longest is how many times its limit something may take by the clock that does not
// use the processors: what waits for itself would never end.
const longest = 10

// WithTimeout is context.WithTimeout for work of this process: the limit is over once
// it has passed by the clock and the process has used as much time of processors, all
// its goroutines together, or after ten times the limit. context.Cause tells
// context.DeadlineExceeded then.
func WithTimeout(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(parent)
	start, used := time.Now(), since()
	go func() {
		for {
			passed := time.Since(start)
			left := max(limit-passed, (limit-used())/time.Duration(runtime.GOMAXPROCS(0)))
			if left = min(left, longest*limit-passed); left <= 0 {
				end(context.DeadlineExceeded)
				return
			}
			select {
			case <-time.After(max(left, time.Millisecond)):
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { end(context.Canceled) }
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
