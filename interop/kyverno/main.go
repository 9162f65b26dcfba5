// Command kyverno answers, by Kyverno's own engine, what a pattern says about
// an object and whether a condition holds.
//
// It reads questions as lines of JSON and writes one line of JSON for each:
// {"pattern": …, "resource": …} is answered by {"outcome": "pass" | "fail" |
// "skip"}, {"operator": …, "key": …, "value": …} by {"outcome": "yes" | "no"},
// either by {"outcome": "panic"} where the engine panics.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/go-logr/logr"
	kyvernov1 "github.com/kyverno/kyverno/api/kyverno/v1"
	"github.com/kyverno/kyverno/pkg/engine/validate"
	"github.com/kyverno/kyverno/pkg/engine/variables/operator"
	kjson "sigs.k8s.io/json"
)

// question is about a pattern, or about a condition if it has an operator. Its
// values are decoded as the engine gets them: numbers of policies and of the
// data of expressions are float64, those of an object int64 where they are whole.
type question struct {
	Pattern  any             `json:"pattern"`
	Resource json.RawMessage `json:"resource"`
	Operator string          `json:"operator"`
	Key      any             `json:"key"`
	Value    any             `json:"value"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := answerAll(bufio.NewReader(os.Stdin), out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		log.Fatal(err)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	questions, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var q question
		err := questions.Decode(&q)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read question: %w", err)
		}
		outcome, err := q.answer()
		if err != nil {
			return err
		}
		if err := answers.Encode(map[string]string{"outcome": outcome}); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
}

func (q question) answer() (outcome string, err error) {
	defer func() {
		if recover() != nil {
			outcome = "panic"
		}
	}()
	if q.Operator != "" {
		h := operator.CreateOperatorHandler(logr.Discard(), nil, kyvernov1.ConditionOperator(q.Operator))
		if h == nil {
			return "", fmt.Errorf("operator %q is not known", q.Operator)
		}
		if h.Evaluate(q.Key, q.Value) {
			return "yes", nil
		}
		return "no", nil
	}
	var resource any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(q.Resource, &resource); err != nil {
		return "", fmt.Errorf("read resource: %w", err)
	}
	failed := validate.MatchPattern(logr.Discard(), resource, q.Pattern)
	var p *validate.PatternError
	switch {
	case failed == nil:
		return "pass", nil
	case errors.As(failed, &p) && p.Skip:
		return "skip", nil
	}
	return "fail", nil
}
