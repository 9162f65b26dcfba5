package pipeline

import (
	"context"
	"path"

	"gate/internal/boundaries"
	"gate/internal/join"
)

// Boundaries reads what o describes and tells its state boundaries. complete is
// false if something could not be read: a boundary may be missing then.
func Boundaries(ctx context.Context, o Options) (table *boundaries.Table, complete bool, err error) {
	err = prefix(ctx, o, wanted{base: true}, toGathered, func(_ context.Context, c *chain) error {
		f := c.gathered.facts
		f.Environments = join.Environments(c.opened.policy.Config, &f)
		var files []string
		for _, e := range c.opened.tree.Entries() {
			files = append(files, e.Path)
		}
		migrations := boundaries.FindMigrations(files)
		for i, m := range migrations {
			migrations[i].Scope = c.changed.scopes.file(path.Join(m.Path, "migration"))
		}
		table, complete = boundaries.Of(&f, migrations), c.record.complete()
		table.Only(o.Environments)
		return nil
	})
	return table, complete, err
}
