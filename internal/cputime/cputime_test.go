package cputime

import (
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
