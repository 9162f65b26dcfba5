package terraform

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"gate/internal/source"
)

// pureFunctions are Terraform's functions whose result depends on their
// arguments alone: https://developer.hashicorp.com/terraform/language/functions
// Those that read the clock, random numbers or the network have no value here.
func pureFunctions() map[string]function.Function {
	out := map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "chomp": stdlib.ChompFunc, "chunklist": stdlib.ChunklistFunc,
		"coalescelist": stdlib.CoalesceListFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"csvdecode": stdlib.CSVDecodeFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc,
		"floor": stdlib.FloorFunc, "formatdate": stdlib.FormatDateFunc, "join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc,
		"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "log": stdlib.LogFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc,
		"merge": stdlib.MergeFunc, "min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "range": stdlib.RangeFunc,
		"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
		"setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "signum": stdlib.SignumFunc, "slice": stdlib.SliceFunc,
		"sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "timeadd": stdlib.TimeAddFunc,
		"title": stdlib.TitleFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc,
		"trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
		"lookup": lookupFunc, "issensitive": sensitiveFunc,
		"tostring": stdlib.MakeToFunc(cty.String), "tonumber": stdlib.MakeToFunc(cty.Number), "tobool": stdlib.MakeToFunc(cty.Bool),
		"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),

		"length": lengthFunc, "one": oneFunc, "startswith": textTest(strings.HasPrefix), "endswith": textTest(strings.HasSuffix),
		"strcontains": textTest(strings.Contains), "alltrue": allFunc(true), "anytrue": allFunc(false), "replace": replaceFunc,
		"base64encode": textFunc(func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		"base64decode": textFunc(func(s string) (string, error) {
			b, err := base64.StdEncoding.DecodeString(s)
			if err == nil && !utf8.Valid(b) {
				err = errors.New("the decoded text is not UTF-8")
			}
			return string(b), err
		}),
		"urlencode": textFunc(func(s string) (string, error) { return url.QueryEscape(s), nil }),
		"basename":  textFunc(func(s string) (string, error) { return path.Base(s), nil }),
		"dirname":   textFunc(func(s string) (string, error) { return path.Dir(s), nil }),
		"md5":       textFunc(func(s string) (string, error) { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]), nil }),
		"sha1":      textFunc(func(s string) (string, error) { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]), nil }),
		"sha256":    textFunc(func(s string) (string, error) { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]), nil }),
		"sha512":    textFunc(func(s string) (string, error) { h := sha512.Sum512([]byte(s)); return hex.EncodeToString(h[:]), nil }),
	}
	maps.Copy(out, moreFunctions())
	for name, f := range out {
		out[name] = bounded(f)
	}
	out["setproduct"] = guarded(stdlib.SetProductFunc, func(args []cty.Value) bool {
		product := 1
		for _, a := range args {
			if product *= max(1, size(a, maxWork)); product > 1<<18 {
				return false
			}
		}
		return true
	})
	for _, name := range [...]string{"jsondecode", "tonumber", "tostring"} {
		out[name] = guarded(out[name], plainNumber)
	}
	out["format"] = guarded(stdlib.FormatFunc, plainFormat)
	out["formatlist"] = bounded(guarded(stdlib.FormatListFunc, plainFormat))
	out["indent"] = guarded(bounded(stdlib.IndentFunc), func(args []cty.Value) bool {
		n, _ := args[0].Unmark()
		return !n.IsKnown() || n.IsNull() || n.LessThan(cty.NumberIntVal(200)).True()
	})
	out["try"], out["can"] = tryfunc.TryFunc, tryfunc.CanFunc
	out["sensitive"], out["nonsensitive"] = markFunc(true), markFunc(false)
	pure := maps.Clone(out)
	out["templatestring"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "template", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[1].CanIterateElements() {
				return cty.UnknownVal(cty.String), errors.New("argument is not a map")
			}
			return template(args[0].AsString(), "template", args[1].AsValueMap(), pure)
		},
	})
	for _, name := range untoldFunctions {
		out[name] = unknownFunc()
	}
	for _, name := range slices.Collect(maps.Keys(out)) { // the full name, since Terraform 1.8
		out["core::"+name] = out[name]
	}
	return out
}

// untoldFunctions are those of Terraform whose result is not computed here: they
// ask the clock, chance or the machine, for files that a build may make, or for what
// another version of a library would write.
var untoldFunctions = []string{
	"abspath", "base64gunzip", "base64gzip", "bcrypt", "ephemeralasnull", "filebase64sha256", "filebase64sha512", "filemd5", "fileset", "filesha1",
	"filesha256", "filesha512", "plantimestamp", "rsadecrypt", "timestamp", "uuid",
}

// unknownFunc takes anything and has a value that cannot be told.
func unknownFunc() function.Function {
	return anyFunc(func([]cty.Value) (cty.Value, error) { return cty.DynamicVal, nil })
}

var hugeExponent = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9.][eE][+]?[0-9]{4,}`) })

// plainNumber refuses texts of numbers that would fill the memory when they
// are written out.
func plainNumber(args []cty.Value) bool {
	v, _ := args[0].Unmark()
	if !v.IsKnown() || v.IsNull() {
		return true
	}
	return v.Type() != cty.String && !hugeNumber(v) || v.Type() == cty.String && !hugeExponent().MatchString(v.AsString())
}

var wideVerb = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[^a-zA-Z%]*([0-9]{4,}|\*)`) })

// plainFormat refuses widths that would fill the memory.
func plainFormat(args []cty.Value) bool {
	f, _ := args[0].Unmark()
	return !f.IsKnown() || f.IsNull() || f.Type() != cty.String || !wideVerb().MatchString(f.AsString())
}

func textFunc(f func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := f(args[0].AsString())
			return cty.StringVal(s), err
		},
	})
}

func textTest(f func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// lengthFunc counts characters of strings and elements of collections.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true, AllowMarked: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, marks := args[0].Unmark()
		switch t := v.Type(); {
		case !v.IsKnown() && !t.IsTupleType() && !t.IsObjectType():
			return cty.UnknownVal(cty.Number).WithMarks(marks), nil
		case t == cty.String:
			out, err := stdlib.Strlen(v)
			return out.WithMarks(marks), err
		case t.IsTupleType():
			return cty.NumberIntVal(int64(len(t.TupleElementTypes()))).WithMarks(marks), nil
		case t.IsObjectType():
			return cty.NumberIntVal(int64(len(t.AttributeTypes()))).WithMarks(marks), nil
		case v.IsNull() || !t.IsCollectionType():
			return cty.UnknownVal(cty.Number), errors.New("argument has no length")
		}
		return v.Length().WithMarks(marks), nil
	},
})

var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if !args[0].CanIterateElements() {
			return cty.DynamicVal, errors.New("argument is not a list")
		}
		switch list := args[0].AsValueSlice(); len(list) {
		case 0:
			return cty.NullVal(cty.DynamicPseudoType), nil
		case 1:
			return list[0], nil
		}
		return cty.DynamicVal, errors.New("more than one element")
	},
})

func allFunc(want bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for _, v := range args[0].AsValueSlice() {
				switch {
				case !v.IsKnown():
					unknown = true
				case !v.IsNull() && v.True() != want, v.IsNull() && want:
					return cty.BoolVal(!want), nil
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(want), nil
		},
	})
}

// replaceFunc takes /regular expressions/ as Terraform does.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "substr", Type: cty.String}, {Name: "replace", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		s, sub, repl := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(sub) > 1 && strings.HasPrefix(sub, "/") && strings.HasSuffix(sub, "/") {
			re, err := regexp.Compile(sub[1 : len(sub)-1])
			if err != nil {
				return cty.UnknownVal(cty.String), err
			}
			return cty.StringVal(re.ReplaceAllString(s, repl)), nil
		}
		return cty.StringVal(strings.ReplaceAll(s, sub, repl)), nil
	},
})

func markFunc(mark bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, _ := args[0].Unmark()
			if mark {
				v = v.Mark(sensitiveMark)
			}
			return v, nil
		},
	})
}

// fileFunctions adds the functions that read files of the tree. Paths are
// relative to the stack; none leads out of the tree.
func fileFunctions(s *scope) map[string]function.Function {
	out := make(map[string]function.Function, len(s.ev.functions)+6)
	for name, f := range s.ev.functions {
		out[name] = f
	}
	read := func(p string) (string, error) {
		full := path.Join(s.ev.sources.workDir(), p)
		if path.IsAbs(p) || full == ".." || strings.HasPrefix(full, "../") {
			return "", errors.New("path leaves the repository")
		}
		s.ev.reads[full] = true
		data, err := s.ev.sources.loader.tree.ReadFile(full)
		if err == nil && len(data) > maxValueSize {
			err = errors.New("file is too large")
		}
		return string(data), err
	}
	out["file"] = textFunc(read)
	for _, name := range digestFunctions {
		out[name] = anyFunc(func(args []cty.Value) (cty.Value, error) {
			s.noteRead(name, args)
			return cty.DynamicVal, nil
		})
	}
	out["filebase64"] = textFunc(func(p string) (string, error) {
		text, err := read(p)
		return base64.StdEncoding.EncodeToString([]byte(text)), err
	})
	out["fileexists"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			_, err := read(args[0].AsString())
			return cty.BoolVal(err == nil), nil
		},
	})
	out["templatefile"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := read(args[0].AsString())
			if err != nil || !args[1].CanIterateElements() {
				return cty.UnknownVal(cty.String), errors.New("template cannot be read")
			}
			return template(text, args[0].AsString(), args[1].AsValueMap(), s.ev.functions)
		},
	})
	return out
}

// digestFunctions are those whose result tells what files there are, or what is
// in one, and is not computed here.
var digestFunctions = []string{
	"filebase64sha256", "filebase64sha512", "filemd5", "filesha1", "filesha256", "filesha512", "fileset",
}

// noteRead remembers which file a call asks about, or which directory.
func (s *scope) noteRead(function string, args []cty.Value) {
	if len(args) == 0 {
		return
	}
	if p, ok := knownText(args[0]); ok {
		if p = path.Join(s.ev.sources.workDir(), p); function == "fileset" {
			p += "/"
		}
		s.ev.reads[p] = true
	}
}

// template renders a template file without the functions that read files.
func template(text, name string, vars map[string]cty.Value, functions map[string]function.Function) (cty.Value, error) {
	unknown := cty.UnknownVal(cty.String)
	if _, err := source.TooDeep([]byte(text)); err != nil {
		return unknown, err
	}
	expr, diags := hclsyntax.ParseTemplate([]byte(text), name, hcl.InitialPos)
	if diags.HasErrors() || !affordable(expr, expr.Variables(), vars) {
		return unknown, errors.New("template cannot be evaluated")
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: vars, Functions: functions})
	if diags.HasErrors() || v.Type() != cty.String {
		return unknown, errors.New("template cannot be evaluated")
	}
	return v, nil
}
