package pipeline

import (
	"context"
	"path"

	"gate/internal/boundaries"
	"gate/internal/facts"
)

// Boundaries reads what o describes and tells its state boundaries. complete is
// false if something could not be read: a boundary may be missing then.
func Boundaries(ctx context.Context, o Options) (table *boundaries.Table, complete bool, err error) {
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	r, err := open(ctx, o)
	if err != nil {
		return nil, false, err
	}
	defer r.close()
	if err := r.discover(ctx); err != nil {
		return nil, false, cause(ctx, err)
	}
	if err := r.read(ctx); err != nil {
		return nil, false, err
	}
	r.environments()
	var files []string
	for _, e := range r.tree.Entries() {
		files = append(files, e.Path)
	}
	migrations := boundaries.FindMigrations(files)
	for i, m := range migrations {
		migrations[i].Scope = toScope(r.resolver.Scope(hintOfFile(path.Join(m.Path, "migration"))))
	}
	table = boundaries.Of(&r.facts, migrations)
	table.Only(r.o.Environments)
	for _, e := range r.ledger {
		if e.State == facts.Failed {
			return table, false, nil
		}
	}
	return table, true, nil
}
