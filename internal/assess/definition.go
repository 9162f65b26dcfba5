package assess

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gate/internal/crossplane"
	"gate/internal/doc"
	"gate/internal/source"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// definition is one version of a CustomResourceDefinition of the tree. Its
// schema is compiled when the first object needs it.
type definition struct {
	subject    *Object
	served     bool
	deprecated string // warning of a deprecated version, else ""
	plural     string
	cluster    bool
	preserve   bool // unknown fields are kept (apiextensions.k8s.io/v1beta1)
	at         source.Path
	load       func() (*apiextensions.JSONSchemaProps, error)

	compiled bool
	err      error
	schema   *structural.Structural
	openAPI  validation.SchemaValidator
	rules    *cel.Validator
}

// definitions are those of the tree, by "group/version/Kind".
type definitions map[string][]*definition

// definitionsOf collects the definitions among the subjects. One that cannot
// be decoded is none; its own object is judged by its types.
func definitionsOf(subjects []Object) definitions {
	out := definitions{}
	for i := range subjects {
		s := &subjects[i]
		if s.Kind == "CompositeResourceDefinition" && s.Group == "apiextensions.crossplane.io" {
			for _, crd := range crossplane.Definitions(s.Raw) {
				made := *s
				made.Raw = crd
				out.add(&made)
			}
			continue
		}
		if s.Kind != "CustomResourceDefinition" || s.Group != "apiextensions.k8s.io" {
			continue
		}
		switch s.APIVersion {
		case "apiextensions.k8s.io/v1":
			out.add(s)
		case "apiextensions.k8s.io/v1beta1":
			out.addBeta(s)
		}
	}
	return out
}

func (d definitions) add(s *Object) {
	var crd apiextensionsv1.CustomResourceDefinition
	if decodeExact(s.Raw, &crd) != nil {
		return
	}
	for i, v := range crd.Spec.Versions {
		x := &definition{
			subject: s, served: v.Served, plural: crd.Spec.Names.Plural, cluster: crd.Spec.Scope == apiextensionsv1.ClusterScoped,
			preserve: crd.Spec.PreserveUnknownFields, at: source.Path{"spec", "versions", i, "schema", "openAPIV3Schema"},
		}
		if v.Deprecated {
			x.deprecated = "its definition marks the version as deprecated"
			if v.DeprecationWarning != nil {
				x.deprecated = *v.DeprecationWarning
			}
		}
		x.load = func() (*apiextensions.JSONSchemaProps, error) {
			if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
				return nil, nil
			}
			out := &apiextensions.JSONSchemaProps{}
			return out, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, out, nil)
		}
		key := crd.Spec.Group + "/" + v.Name + "/" + crd.Spec.Names.Kind
		d[key] = append(d[key], x)
	}
}

func (d definitions) addBeta(s *Object) {
	var crd apiextensionsv1beta1.CustomResourceDefinition
	if decodeExact(s.Raw, &crd) != nil {
		return
	}
	versions := crd.Spec.Versions
	if len(versions) == 0 && crd.Spec.Version != "" {
		versions = []apiextensionsv1beta1.CustomResourceDefinitionVersion{{Name: crd.Spec.Version, Served: true}}
	}
	for i, v := range versions {
		x := &definition{
			subject: s, served: v.Served, plural: crd.Spec.Names.Plural, cluster: crd.Spec.Scope == apiextensionsv1beta1.ClusterScoped,
			preserve: crd.Spec.PreserveUnknownFields == nil || *crd.Spec.PreserveUnknownFields,
			at:       source.Path{"spec", "versions", i, "schema", "openAPIV3Schema"},
		}
		from := v.Schema
		if from == nil {
			from, x.at = crd.Spec.Validation, source.Path{"spec", "validation", "openAPIV3Schema"}
		}
		x.load = func() (*apiextensions.JSONSchemaProps, error) {
			if from == nil || from.OpenAPIV3Schema == nil {
				return nil, nil
			}
			out := &apiextensions.JSONSchemaProps{}
			return out, apiextensionsv1beta1.Convert_v1beta1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(from.OpenAPIV3Schema, out, nil)
		}
		key := crd.Spec.Group + "/" + v.Name + "/" + crd.Spec.Names.Kind
		d[key] = append(d[key], x)
	}
}

// find returns the definitions that stand nearest to an object: those of its
// unit, else of its environment and target, else all. There may be several,
// when clusters hold different releases of an operator.
func (d definitions) find(s *Object) []*definition {
	all := d[s.Group+"/"+strings.TrimPrefix(s.APIVersion, s.Group+"/")+"/"+s.Kind]
	for _, near := range []func(*definition) bool{
		func(x *definition) bool { return x.subject.Unit == s.Unit },
		func(x *definition) bool {
			return x.subject.Environment == s.Environment && x.subject.Target == s.Target
		},
	} {
		var out []*definition
		for _, x := range all {
			if near(x) {
				out = append(out, x)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return all
}

// faultsOf says where the schemas of a definition are not structural, which
// the API server refuses when it is created
// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
func (d definitions) faultsOf(s *Object) []fault {
	var out []fault
	for _, list := range d {
		for _, x := range list {
			if x.subject == s && !x.preserve {
				out = append(out, x.structureFaults()...)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b fault) int { return cmp.Compare(a.path.String(), b.path.String()) })
	return out
}

func (x *definition) structureFaults() []fault {
	var out []fault
	err := guarded(func() error {
		props, err := x.load()
		if err != nil || props == nil {
			return err
		}
		s, err := structural.NewStructural(props)
		if err != nil {
			return err
		}
		schema := doc.At(x.subject.Raw, x.at...)
		for _, e := range structural.ValidateStructural(nil, s) {
			out = append(out, fault{join(x.at, resolve(schema, e.Field)...), "the schema is not structural: " + worded(e)})
		}
		return nil
	})
	if err != nil {
		out = append(out, fault{x.at, fmt.Sprintf("the schema is not structural: %v", err)})
	}
	return out
}

func (x *definition) compile() error {
	if x.compiled {
		return x.err
	}
	x.compiled = true
	x.err = guarded(func() error {
		props, err := x.load()
		if err != nil || props == nil {
			return err
		}
		if x.openAPI, _, err = validation.NewSchemaValidator(props); err != nil {
			return err
		}
		if x.schema, err = structural.NewStructural(props); err != nil {
			if x.preserve {
				return nil // v1beta1 need not be structural
			}
			return err
		}
		if errs := structural.ValidateStructural(nil, x.schema); len(errs) > 0 && !x.preserve {
			return fmt.Errorf("its schema is not structural: %s", worded(errs[0]))
		}
		x.rules = cel.NewValidator(x.schema, true, celconfig.PerCallLimit)
		return nil
	})
	return x.err
}

// judgeCustom judges an object by the definitions that may hold for it; it is
// at fault if it fits none of them. The faults are those by the first.
func judgeCustom(s *Object, candidates []*definition) ([]fault, error) {
	var first []fault
	for i, d := range candidates {
		if err := d.compile(); err != nil {
			return nil, err
		}
		var faults []fault
		if err := guarded(func() (err error) { faults, err = d.judge(s.Raw); return err }); err != nil {
			return nil, err
		}
		if len(faults) == 0 {
			return nil, nil
		}
		if i == 0 {
			first = faults
		}
	}
	return first, nil
}

// judge does what the API server does with a custom resource: unknown fields,
// defaults, schema, list types, CEL rules (apiextensions-apiserver,
// pkg/apiserver/customresource_handler.go and pkg/registry/customresource).
func (x *definition) judge(manifest map[string]any) ([]fault, error) {
	if !x.served {
		return []fault{{source.Path{"apiVersion"}, "its definition does not serve this version"}}, nil
	}
	meta := metav1.ObjectMeta{}
	out := under("metadata", manifest, &meta)
	if x.schema == nil && x.openAPI == nil {
		return out, nil
	}
	obj := runtime.DeepCopyJSON(manifest)
	if x.schema != nil && !x.preserve {
		for _, p := range pruning.PruneWithOptions(obj, x.schema, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
			path := resolve(manifest, p)
			out = append(out, fault{path, fmt.Sprintf("unknown field %q", last(path))})
		}
	}
	if x.schema != nil {
		defaulting.Default(obj, x.schema)
		defaulting.PruneNonNullableNullsWithoutDefaults(obj, x.schema)
	}
	errs := validation.ValidateCustomResource(nil, obj, x.openAPI)
	if x.schema != nil {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, x.schema, obj)...)
		if x.rules != nil && len(errs) == 0 { // rules rely on the types
			more, _ := x.rules.Validate(context.Background(), nil, x.schema, obj, nil, celconfig.RuntimeCELCostBudget)
			errs = append(errs, more...)
		}
	}
	for _, e := range errs {
		if strings.HasPrefix(e.Detail, "rule compile error") { // the definition is at fault, not the object
			return nil, fmt.Errorf("%s", e.Detail)
		}
		out = append(out, fault{resolve(manifest, e.Field), worded(e)})
	}
	return out, nil
}

// under decodes one field of a manifest strictly.
func under(key string, manifest map[string]any, into any) []fault {
	m := doc.Map(manifest, key)
	if m == nil {
		return nil
	}
	faults := decodeStrict(m, into)
	for i, f := range faults {
		faults[i].path = join(source.Path{key}, f.path...)
	}
	return faults
}

// worded is an error of the API server without the value that it quotes.
func worded(e *field.Error) string {
	text := string(e.Type.String())
	if e.Detail != "" {
		text = strings.TrimPrefix(e.Detail, e.Field+" in body ")
	}
	if e.Field == "" || e.Field == "<nil>" {
		return text
	}
	return fmt.Sprintf("%q: %s", e.Field, text)
}

func last(p source.Path) any {
	for i := len(p) - 1; i >= 0; i-- {
		if s, ok := p[i].(string); ok {
			return s
		}
	}
	return ""
}
