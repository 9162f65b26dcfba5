package terraform

import (
	"errors"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// networkFunctions calculate with address ranges:
// https://developer.hashicorp.com/terraform/language/functions/cidrsubnet
func networkFunctions() map[string]function.Function {
	return map[string]function.Function{
		"cidrhost": numbersOf(func(p netip.Prefix, n []*big.Int) (cty.Value, error) {
			if len(n) != 1 {
				return cty.DynamicVal, errors.New("one number is expected")
			}
			size := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
			at := new(big.Int).Set(n[0])
			if at.Sign() < 0 {
				at.Add(at, size)
			}
			if at.Sign() < 0 || at.Cmp(size) >= 0 {
				return cty.DynamicVal, errors.New("the range has no such address")
			}
			return cty.StringVal(addressAt(p, at, 0).String()), nil
		}),
		"cidrnetmask": numbersOf(func(p netip.Prefix, n []*big.Int) (cty.Value, error) {
			if len(n) != 0 || !p.Addr().Is4() {
				return cty.DynamicVal, errors.New("only ranges of IPv4 have a mask")
			}
			mask, err := netip.AddrFrom4([4]byte{255, 255, 255, 255}).Prefix(p.Bits())
			return cty.StringVal(mask.Addr().String()), err
		}),
		"cidrsubnet": numbersOf(func(p netip.Prefix, n []*big.Int) (cty.Value, error) {
			if len(n) != 2 || !n[0].IsInt64() {
				return cty.DynamicVal, errors.New("two numbers are expected")
			}
			bits := n[0].Int64()
			length := int64(p.Bits()) + bits
			if bits < 0 && n[1].Sign() != 0 || length < 0 || length > int64(p.Addr().BitLen()) || n[1].Sign() < 0 || bits >= 0 && n[1].BitLen() > int(bits) {
				return cty.DynamicVal, errors.New("the range has no such subnet")
			}
			sub, err := addressAt(p, n[1], uint(p.Addr().BitLen())-uint(length)).Prefix(int(length))
			return cty.StringVal(sub.String()), err
		}),
		"cidrsubnets": numbersOf(subnets),
	}
}

// subnets takes consecutive ranges of the given lengths, each at the next place that
// its length allows.
func subnets(p netip.Prefix, n []*big.Int) (cty.Value, error) {
	var out []cty.Value
	next := new(big.Int) // from the beginning of the range
	size := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
	for _, bits := range n {
		if !bits.IsInt64() || bits.Int64() < 1 || bits.Int64() > 32 || p.Bits()+int(bits.Int64()) > p.Addr().BitLen() {
			return cty.DynamicVal, errors.New("the range has no such subnet")
		}
		length := p.Bits() + int(bits.Int64())
		step := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-length))
		if rest := new(big.Int).Mod(next, step); rest.Sign() > 0 {
			next.Add(next, new(big.Int).Sub(step, rest))
		}
		if new(big.Int).Add(next, step).Cmp(size) > 0 {
			return cty.DynamicVal, errors.New("the range has no more subnets")
		}
		sub, err := addressAt(p, next, 0).Prefix(length)
		if err != nil {
			return cty.DynamicVal, err
		}
		out = append(out, cty.StringVal(sub.String()))
		next.Add(next, step)
	}
	if len(out) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(out), nil
}

// addressAt is the first address of a range plus n, shifted.
func addressAt(p netip.Prefix, n *big.Int, shift uint) netip.Addr {
	raw := p.Masked().Addr().AsSlice()
	sum := new(big.Int).Add(new(big.Int).SetBytes(raw), new(big.Int).Lsh(n, shift))
	out, _ := netip.AddrFromSlice(sum.FillBytes(make([]byte, len(raw))))
	return out
}

var leadingZeros = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|\.)0+([0-9])`) })

// numbersOf is a function of a range of addresses and whole numbers. Numbers with
// leading zeros are decimal in an address, as they always were in Terraform.
func numbersOf(f func(p netip.Prefix, n []*big.Int) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "prefix", Type: cty.String}},
		VarParam: &function.Parameter{Name: "numbers", Type: cty.Number},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text := args[0].AsString()
			if !strings.Contains(text, ":") {
				text = leadingZeros().ReplaceAllString(text, "$1$2")
			}
			p, err := netip.ParsePrefix(text)
			if err != nil || p.Addr().Is4In6() {
				return cty.DynamicVal, errors.New("argument is not a range of addresses")
			}
			var numbers []*big.Int
			for _, a := range args[1:] {
				n, _ := a.AsBigFloat().Int(nil)
				if n == nil || !a.AsBigFloat().IsInt() || n.BitLen() > 128 {
					return cty.DynamicVal, errors.New("argument is not a whole number")
				}
				numbers = append(numbers, n)
			}
			return f(p, numbers)
		},
	})
}
