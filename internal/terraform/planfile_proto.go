package terraform

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"gate/internal/source"
)

// The numbers of the fields that are read, of message Plan and its parts as
// Terraform 1.1 to 1.14 and OpenTofu 1.6 to 1.11 write them:
// internal/plans/planproto/planfile.proto of hashicorp/terraform and
// internal/plans/internal/planproto/planfile.proto of opentofu/opentofu.
const (
	planVersion          = 1
	planVariables        = 2
	planResourceChanges  = 3
	planOutputChanges    = 4
	planTargets          = 5
	planExcludes         = 6 // OpenTofu
	planTerraformVersion = 14
	planUIMode           = 17
	planResourceDrift    = 18
	planErrored          = 20
	planDeferredChanges  = 27 // Terraform

	mapKey   = 1
	mapValue = 2

	changeDeposed         = 7
	changeProvider        = 8
	changeChange          = 9
	changeRequiredReplace = 11
	changeReason          = 12
	changeAddress         = 13
	changePrevious        = 14
	deferredChange        = 2

	changeAction          = 1
	changeValues          = 2
	changeBeforeSensitive = 3
	changeAfterSensitive  = 4
	changeImporting       = 5

	importID = 1

	outputName      = 1
	outputChange    = 2
	outputSensitive = 3

	dynamicMsgpack = 1
	pathSteps      = 1
	stepAttribute  = 1
	stepElement    = 2
)

// supportedPlanVersion is the value of Plan.version: unchanged from Terraform
// 0.12 on; a breaking change increments it.
const supportedPlanVersion = 3

const modeRefreshOnly = 2

// The actions of enum Action, as the JSON writes them. Nine is an action of
// Terraform on managed resources and one of OpenTofu on ephemeral ones.
var binaryActions = map[uint64][]string{
	0: {"no-op"}, 1: {"create"}, 2: {"read"}, 3: {"update"}, 5: {"delete"}, 6: {"delete", "create"},
	7: {"create", "delete"}, 8: {"forget"}, 9: {"create", "forget"}, 10: {"forget", "create"},
}

// binaryReasons are those of enum ResourceInstanceActionReason, as the JSON writes
// them.
var binaryReasons = map[uint64]string{
	0: "", 1: "replace_because_tainted", 2: "replace_by_request", 3: "replace_because_cannot_update",
	4: "delete_because_no_resource_config", 5: "delete_because_wrong_repetition", 6: "delete_because_count_index",
	7: "delete_because_each_key", 8: "delete_because_no_module", 9: "replace_by_triggers", 10: "read_because_config_unknown",
	11: "read_because_dependency_pending", 12: "delete_because_no_move_target", 13: "read_because_check_nested",
}

// binaryOutput is one OutputChange.
type binaryOutput struct {
	change    binaryChange
	sensitive bool
}

// binaryChange is one ResourceInstanceChange.
type binaryChange struct {
	address, previous, deposed string
	action                     uint64
	values                     [][]byte // msgpack
	replace                    []string // paths as text, sorted
	importing, deferred        bool
	importID                   string // "" if it is not known, or imported by identity
	provider                   string // [module.path.]provider["source"][.alias]
	reason                     uint64
	output                     bool // of an OutputChange
	// sensitive are the paths of marks that the configuration made, before and
	// after. Those of the provider's schema are not recorded by all versions.
	sensitive [2][]source.Path
}

func (c *binaryChange) actions() []string {
	if c.action == 9 && strings.Contains("."+c.address, ".ephemeral.") {
		return []string{"open"}
	}
	return binaryActions[c.action]
}

// decode reads message Plan. Fields that are not known are passed over, as the
// format wants it; a version that is not known is an error.
func (p *PlanBinary) decode(data []byte) error {
	p.outputs, p.variables = map[string]binaryOutput{}, map[string][]byte{}
	version := uint64(0)
	err := fields(data, func(n protowire.Number, v uint64, b []byte) (err error) {
		switch n {
		case planVersion:
			version = v
		case planTerraformVersion:
			p.version = string(b)
		case planErrored:
			p.errored = v != 0
		case planUIMode:
			p.refreshOnly = v == modeRefreshOnly
		case planTargets, planExcludes:
			p.targeted = true
		case planVariables:
			err = p.decodeVariable(b)
		case planOutputChanges:
			err = p.decodeOutput(b)
		case planResourceChanges:
			err = appendChange(&p.changes, b, false)
		case planResourceDrift:
			err = appendChange(&p.drift, b, false)
		case planDeferredChanges:
			err = fields(b, func(n protowire.Number, _ uint64, b []byte) error {
				if n != deferredChange {
					return nil
				}
				return appendChange(&p.changes, b, true)
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	if version != supportedPlanVersion {
		return fmt.Errorf("format version %d is not supported, expected %d", version, supportedPlanVersion)
	}
	return nil
}

// fields calls f for each field of a message: v holds a varint, b what is
// delimited by its length.
func fields(data []byte, f func(n protowire.Number, v uint64, b []byte) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		var v uint64
		var b []byte
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(num, typ, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := f(num, v, b); err != nil {
			return err
		}
	}
	return nil
}

// dynamic is the msgpack text of a DynamicValue.
func dynamic(b []byte) (out []byte, err error) {
	err = fields(b, func(n protowire.Number, _ uint64, b []byte) error {
		if n == dynamicMsgpack {
			out = b
		}
		return nil
	})
	if err == nil && out == nil {
		err = errors.New("a value is in no supported form")
	}
	return out, err
}

func (p *PlanBinary) decodeVariable(b []byte) error {
	var name string
	var value []byte
	err := fields(b, func(n protowire.Number, _ uint64, b []byte) (err error) {
		switch n {
		case mapKey:
			name = string(b)
		case mapValue:
			value, err = dynamic(b)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("variable %q: %w", name, err)
	}
	p.variables[name] = value
	return nil
}

func (p *PlanBinary) decodeOutput(b []byte) error {
	out := binaryOutput{change: binaryChange{output: true}}
	err := fields(b, func(n protowire.Number, v uint64, b []byte) error {
		switch n {
		case outputName:
			out.change.address = string(b)
		case outputSensitive:
			out.sensitive = v != 0
		case outputChange:
			return out.change.decodeChange(b)
		}
		return nil
	})
	name := out.change.address
	switch _, twice := p.outputs[name]; {
	case err != nil:
		return fmt.Errorf("output %q: %w", name, err)
	case twice:
		return fmt.Errorf("output %q stands twice", name)
	case binaryActions[out.change.action] == nil:
		return fmt.Errorf("output %q: unknown action %d", name, out.change.action)
	}
	p.outputs[name] = out
	return nil
}

func appendChange(to *[]binaryChange, b []byte, deferred bool) error {
	c := binaryChange{deferred: deferred}
	err := fields(b, func(n protowire.Number, v uint64, b []byte) error {
		switch n {
		case changeAddress:
			c.address = string(b)
		case changeProvider:
			c.provider = string(b)
		case changeReason:
			c.reason = v
		case changePrevious:
			c.previous = string(b)
		case changeDeposed:
			c.deposed = string(b)
		case changeRequiredReplace:
			p, err := binaryPath(b)
			if err != nil {
				return err
			}
			c.replace = append(c.replace, p)
		case changeChange:
			return c.decodeChange(b)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.address, err)
	}
	if c.address == "" {
		return errors.New("a change without an address: the plan was written by a version that is not supported")
	}
	if binaryActions[c.action] == nil {
		return fmt.Errorf("%s: unknown action %d", c.address, c.action)
	}
	slices.Sort(c.replace)
	*to = append(*to, c)
	return nil
}

func (c *binaryChange) decodeChange(b []byte) error {
	return fields(b, func(n protowire.Number, v uint64, b []byte) error {
		switch n {
		case changeAction:
			c.action = v
		case changeBeforeSensitive, changeAfterSensitive:
			p, err := binarySteps(b)
			if err != nil {
				return err
			}
			side := n - changeBeforeSensitive
			c.sensitive[side] = append(c.sensitive[side], p)
		case changeImporting:
			c.importing = true
			return fields(b, func(n protowire.Number, _ uint64, b []byte) error {
				if n == importID {
					c.importID = string(b)
				}
				return nil
			})
		case changeValues:
			value, err := dynamic(b)
			if err != nil {
				return err
			}
			c.values = append(c.values, value)
		}
		return nil
	})
}

// binaryPath writes message Path as source.Path does.
func binaryPath(b []byte) (string, error) {
	p, err := binarySteps(b)
	return p.String(), err
}

func binarySteps(b []byte) (out source.Path, err error) {
	err = fields(b, func(n protowire.Number, _ uint64, b []byte) error {
		if n != pathSteps {
			return nil
		}
		return fields(b, func(n protowire.Number, _ uint64, b []byte) error {
			switch n {
			case stepAttribute:
				out = append(out, string(b))
			case stepElement:
				raw, err := dynamic(b)
				if err != nil {
					return err
				}
				key, err := decodeMsgpack(raw)
				if err != nil {
					return err
				}
				switch key := undynamic(key).(type) {
				case string:
					out = append(out, key)
				case int64:
					out = append(out, int(key))
				default:
					out = append(out, fmt.Sprint(key))
				}
			}
			return nil
		})
	})
	return out, err
}
