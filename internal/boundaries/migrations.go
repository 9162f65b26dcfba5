package boundaries

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// runner tells a directory of migrations by a file in it. up is how many
// directories lie between the file and the one that holds the migrations.
type runner struct {
	tool string
	file *regexp.Regexp // of the path
	up   int
}

var runners = sync.OnceValue(func() []runner {
	return []runner{
		{"Flyway", regexp.MustCompile(`(^|/)[VUR]\d[\d._]*__[^/]+\.sql$`), 0},
		{"Flyway", regexp.MustCompile(`(^|/)R__[^/]+\.sql$`), 0},
		{"golang-migrate", regexp.MustCompile(`(^|/)\d+_[^/]+\.up\.sql$`), 0},
		{"Atlas", regexp.MustCompile(`(^|/)atlas\.sum$`), 0},
		{"Alembic", regexp.MustCompile(`(^|/)script\.py\.mako$`), 0},
		{"Liquibase", regexp.MustCompile(`(^|/)(db\.)?changelog[\w.-]*\.(xml|ya?ml|json|sql)$`), 0},
		{"Prisma", regexp.MustCompile(`(^|/)migrations/[^/]+/migration\.sql$`), 1},
		{"Rails", regexp.MustCompile(`(^|/)db/migrate/\d{14}_[^/]+\.rb$`), 0},
		{"Django", regexp.MustCompile(`(^|/)migrations/0001_[^/]+\.py$`), 0},
	}
})

// numbered is what goose, dbmate, sqitch and others name alike: it tells that
// there are migrations, not whose they are.
var numbered = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)(migrations?|db)/([^/]+/)*\d{3,}[_-][^/]+\.sql$`)
})

// FindMigrations tells the directories of schema migrations among the files of
// a tree, sorted by path and tool.
func FindMigrations(files []string) []Migrations {
	found := map[string]map[string]bool{} // directory -> tools
	add := func(dir, tool string) {
		if found[dir] == nil {
			found[dir] = map[string]bool{}
		}
		found[dir][tool] = true
	}
	for _, f := range files {
		known := false
		for _, r := range runners() {
			if !r.file.MatchString(f) {
				continue
			}
			dir := path.Dir(f)
			for range r.up {
				dir = path.Dir(dir)
			}
			add(dir, r.tool)
			known = true
		}
		if !known && numbered().MatchString(f) && !strings.HasSuffix(f, ".down.sql") {
			add(path.Dir(f), "")
		}
	}
	var out []Migrations
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		tools := slices.Sorted(maps.Keys(found[dir]))
		if len(tools) > 1 {
			tools = slices.DeleteFunc(tools, func(t string) bool { return t == "" })
		}
		for _, t := range tools {
			if t == "" {
				t = "unknown (numbered SQL)"
			}
			out = append(out, Migrations{Path: dir, Tool: t})
		}
	}
	return out
}
