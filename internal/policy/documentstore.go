package policy

import (
	"context"
	"path"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
)

// documentStore holds nothing: what is read belongs to the transaction, which is one
// document's. Documents are judged beside one another by the same queries, and
// data.conftest.file differs.
type documentStore struct {
	storage.TriggersNotSupported
	storage.PolicyNotSupported
	storage.WritesNotSupported
}

// documentData is what the policies see as data while they judge one document.
type documentData struct{ ast.Object }

// ID is the same for all: a transaction is never looked up.
func (documentData) ID() uint64 { return 0 }

// dataFor are the organisation's data with the name of the file that is judged. An
// absolute name keeps the directory of this machine out of what the policy sees.
func dataFor(data ast.Object, file string) documentData {
	name := ast.NewObject(
		ast.Item(ast.StringTerm("name"), ast.StringTerm(path.Base("/"+file))),
		ast.Item(ast.StringTerm("dir"), ast.StringTerm(path.Dir("/"+file))),
	)
	own := ast.NewObject(ast.Item(ast.StringTerm("file"), ast.NewTerm(name)))
	if t := data.Get(ast.StringTerm("conftest")); t != nil {
		if other, ok := t.Value.(ast.Object); ok {
			other.Foreach(func(k, v *ast.Term) {
				if own.Get(k) == nil {
					own.Insert(k, v)
				}
			})
		}
	}
	out := ast.NewObject(ast.Item(ast.StringTerm("conftest"), ast.NewTerm(own)))
	data.Foreach(func(k, v *ast.Term) {
		if out.Get(k) == nil {
			out.Insert(k, v)
		}
	})
	return documentData{out}
}

// NewTransaction returns one that sees nothing.
func (documentStore) NewTransaction(context.Context, ...storage.TransactionParams) (storage.Transaction, error) {
	return documentData{ast.NewObject()}, nil
}

// Read returns what stands at a path of the transaction's data.
func (documentStore) Read(_ context.Context, txn storage.Transaction, at storage.Path) (any, error) {
	missing := &storage.Error{Code: storage.NotFoundErr, Message: at.String() + ": document does not exist"}
	d, ok := txn.(documentData)
	if !ok {
		return nil, missing
	}
	var v ast.Value = d.Object
	for _, key := range at {
		var t *ast.Term
		switch x := v.(type) {
		case ast.Object:
			t = x.Get(ast.StringTerm(key))
		case *ast.Array:
			if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < x.Len() && strconv.Itoa(i) == key {
				t = x.Elem(i)
			}
		}
		if t == nil {
			return nil, missing
		}
		v = t.Value
	}
	return v, nil
}

// Commit and Abort end nothing.
func (documentStore) Commit(context.Context, storage.Transaction) error { return nil }

// Abort ends nothing.
func (documentStore) Abort(context.Context, storage.Transaction) {}

// Truncate is refused: nothing is written here.
func (s documentStore) Truncate(ctx context.Context, txn storage.Transaction, _ storage.TransactionParams, _ storage.Iterator) error {
	return s.Write(ctx, txn, storage.ReplaceOp, nil, nil)
}
