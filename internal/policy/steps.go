package policy

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Steps counts the steps of an evaluation and ends it after so many: the evaluator
// asks before each expression, and its built-in functions in their loops, whether
// it is cancelled (github.com/open-policy-agent/opa/v1/topdown, Cancel). An
// evaluation takes the same steps on every machine, and no machine is too slow for
// it. It also ends with its context.
type Steps struct {
	ctx   context.Context
	most  int64
	taken atomic.Int64
	ended atomic.Bool
}

// CountSteps returns a count for one evaluation, or for several one after the
// other that share it.
func CountSteps(ctx context.Context, most int64) *Steps { return &Steps{ctx: ctx, most: most} }

// asked is the number of steps between two looks at the context.
const asked = 1 << 10

// Cancelled counts a step and says whether it is one too many.
func (s *Steps) Cancelled() bool {
	n := s.taken.Add(1)
	if n > s.most || n%asked == 0 && s.ctx.Err() != nil {
		s.ended.Store(true)
	}
	return s.ended.Load()
}

// Cancel ends the evaluation.
func (s *Steps) Cancel() { s.ended.Store(true) }

// Steps returns the steps taken so far.
func (s *Steps) Steps() int64 { return s.taken.Load() }

// Over is the error of an evaluation that took too many steps, nil if it did not.
func (s *Steps) Over() error {
	if s.taken.Load() <= s.most {
		return nil
	}
	return fmt.Errorf("it takes more than %d steps", s.most)
}
