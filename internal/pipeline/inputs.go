package pipeline

import (
	"crypto/sha256"
	"encoding/hex"

	"gate/internal/facts"
	"gate/internal/repository"
	"gate/internal/source"
)

// inputs are the handed-in files but the plans, and what can be said of each by
// itself. Plans may be large: they live only while they are read.
type inputs struct {
	digests  map[string]string // name -> sha256
	provided map[string]bool   // the same as rules name them under needs

	event      *repository.Event // nil without one
	said       []byte            // by the event, nil without one
	protection map[string]any    // nil without one
	contract   *facts.Contract   // nil without one; without scope and plans
}

func newInputs() inputs {
	return inputs{digests: map[string]string{}, provided: map[string]bool{}}
}

// readInputs reads every file that a flag names. One that cannot be read, or
// cannot be what its flag says, is an input that is missing: it is named, and
// the run is incomplete.
func readInputs(o *Options, said *Record) inputs {
	in := newInputs()
	form := func(name, file string, check func([]byte) error) {
		if file == "" {
			return
		}
		data, err := o.readInput(file)
		if err != nil {
			said.failed("input", name, err)
			return
		}
		in.digests[name], in.provided[name] = digest(data), true
		if err := check(data); err != nil {
			said.failed("input", name, err)
			in.provided[name] = false
		}
	}
	form("pull-request", o.Event, func(data []byte) (err error) {
		in.said = data
		in.event, err = repository.ParseEvent(data)
		in.provided["pull-request"] = in.event != nil && in.event.PullRequest != nil
		return err
	})
	form("protection", o.Protection, func(data []byte) (err error) {
		in.protection, err = repository.ReadSnapshot(data)
		return err
	})
	form("contract", o.Contract, func(data []byte) error {
		c, d, err := repository.ReadContract("contract", data)
		if err == nil {
			in.contract = repository.ContractFacts(c, d)
			said.Locators[in.contract.ID] = repository.ContractLocator(d)
		}
		return err
	})
	return in
}

func (o *Options) readInput(file string) ([]byte, error) {
	if o.ReadInput != nil {
		return o.ReadInput(file)
	}
	return source.ReadInput(file, o.Stdin)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
