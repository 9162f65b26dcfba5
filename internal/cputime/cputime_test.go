package cputime

import (
	"context"
	"errors"
	"testing"
	"time"
)

// The time of a process that waits does not pass.
func TestAfter(t *testing.T) {
	if _, ok := processTime(); !ok {
		t.Skip("the system does not tell the time of a process")
	}
	fired := make(chan struct{})
	stop := After(100*time.Millisecond, func() { close(fired) })
	defer stop()
	for n := 0; ; n++ {
		select {
		case <-fired:
			return
		default:
			if n == 1<<40 {
				t.Fatal("it never ends")
			}
		}
	}
}

func TestAfterStopped(t *testing.T) {
	stop := After(time.Hour, func() { t.Error("nothing was used") })
	stop()
}

// What waits is not held to the clock, but for ten times the limit; what works is.
func TestWithTimeout(t *testing.T) {
	if _, ok := processTime(); !ok {
		t.Skip("the system does not tell the time of a process")
	}
	const limit = 20 * time.Millisecond
	for name, work := range map[string]func(){"waits": func() { time.Sleep(time.Millisecond) }, "works": func() {}} {
		ctx, cancel := WithTimeout(t.Context(), limit)
		child, stop := context.WithCancel(ctx)
		start, used := time.Now(), since()
		for ctx.Err() == nil {
			work()
		}
		if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) || time.Since(start) < limit {
			t.Errorf("%s: %v after %s", name, context.Cause(ctx), time.Since(start))
		}
		if used() < limit && time.Since(start) < longest*limit {
			t.Errorf("%s: ended after %s, of which it used %s", name, time.Since(start), used())
		}
		<-child.Done()
		if !errors.Is(context.Cause(child), context.DeadlineExceeded) {
			t.Errorf("%s: what hangs on it ended with %v", name, context.Cause(child))
		}
		stop()
		cancel()
	}
	ctx, cancel := WithTimeout(t.Context(), time.Hour)
	cancel()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error(ctx.Err())
	}
}
