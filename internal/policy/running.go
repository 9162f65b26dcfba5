package policy

import (
	"sync"
	"time"

	"gate/internal/cputime"
)

// running are the evaluations that are in work. One that counts no step for long is in
// a built-in function that does not ask whether to end.
type running struct {
	mu   sync.Mutex
	work map[*Steps]func() string
}

func newRunning() *running { return &running{work: map[*Steps]func() string{}} }

func (w *running) begin(s *Steps, r *round, ns string, a *askedDocument) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.work[s] = func() string { return r.part(ns, a) }
}

func (w *running) end(s *Steps) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.work, s)
}

// counts are the steps that each has taken.
func (w *running) counts() map[*Steps]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[*Steps]int64, len(w.work))
	for s := range w.work {
		out[s] = s.Steps()
	}
	return out
}

// stuckTime is what each worker uses of a processor before what does not get on is looked
// for.
const stuckTime = 20 * time.Second

// watch looks again and again, by the time that the process uses, for what has not taken
// a step since it looked before.
func (r *round) watch() (stop func()) {
	if r.options.Stuck == nil {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		var before map[*Steps]int64
		for {
			passed := make(chan struct{})
			end := cputime.After(r.patience*time.Duration(r.options.Workers), func() { close(passed) })
			select {
			case <-ended:
				end()
				return
			case <-passed:
			}
			now := r.running.counts()
			for s, n := range now {
				if was, known := before[s]; known && was == n {
					r.running.mu.Lock()
					name := r.running.work[s]
					r.running.mu.Unlock()
					if name != nil {
						r.options.Stuck(name())
					}
				}
			}
			before = now
		}
	}()
	return func() { close(ended) }
}
