package facts

import "reflect"

// EmptyLists makes empty lists of those that are nil, so that the document has
// one form and a rule may count them. What comes from documents stays as it is,
// and so do maps: a deleted resource has no "after".
func (f *Facts) EmptyLists() { emptyLists(reflect.ValueOf(f)) }

func emptyLists(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			emptyLists(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			emptyLists(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		switch v.Type().Elem().Kind() {
		case reflect.Struct, reflect.Slice:
			for i := range v.Len() {
				emptyLists(v.Index(i))
			}
		}
	}
}
