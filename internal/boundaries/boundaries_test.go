package boundaries

import (
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func scope(environment, target, owner string) facts.Scope {
	return facts.Scope{Environment: environment, Target: target, Owner: owner}
}

func unit(id, kind, path, release string, s facts.Scope) facts.Unit {
	return facts.Unit{Subject: facts.Subject{ID: id, Scope: s}, Kind: kind, Path: path, Release: release}
}

func TestConflicts(t *testing.T) {
	f := &facts.Facts{
		Units: []facts.Unit{
			unit("kustomize:a", "kustomize", "a", "", scope("prod", "eu", "@a")),
			unit("kustomize:b", "kustomize", "b", "", scope("prod", "eu", "@b")),
			unit("kustomize:c", "kustomize", "c", "", scope("dev", "eu", "")),
		},
		Terraform: facts.Terraform{Stacks: []facts.Stack{
			{Subject: facts.Subject{ID: "stack:s", Scope: scope("prod", "eu", "@s")}, Path: "s", Backend: map[string]any{"type": "s3", "config": map[string]any{"bucket": "x"}}},
			{Subject: facts.Subject{ID: "stack:t", Scope: scope("dev", "eu", "@s")}, Path: "t", Backend: map[string]any{"type": "s3", "config": map[string]any{"bucket": "x"}}},
		}},
		Index: facts.Index{Shared: []facts.Shared{{What: "object", Name: `Deployment.apps "web" in "web"`, Claims: []facts.Claim{
			{Subject: facts.Subject{ID: "kustomize:a#apps/Deployment/web/web"}, By: "kustomize:a", Tool: "render"},
			{Subject: facts.Subject{ID: "kustomize:b#apps/Deployment/web/web"}, By: "kustomize:b", Tool: "render"},
			{Subject: facts.Subject{ID: "terraform:s:kubernetes_deployment.web"}, By: "stack:s", Tool: "terraform"},
		}}}},
	}
	got := Of(f, []Migrations{{Path: "db", Tool: "Flyway"}, {Path: "db", Tool: "Liquibase"}})
	var lines []string
	for _, b := range got.Boundaries {
		lines = append(lines, b.Kind+" "+b.Desired+" "+b.Tool+": "+strings.Join(b.Conflict, "; "))
	}
	want := []string{
		"objects c unknown (kustomize): ",
		"database-schema db Flyway: Liquibase changes it too, from db",
		"database-schema db Liquibase: Flyway changes it too, from db",
		`terraform-state s Terraform: Deployment.apps "web" in "web" is claimed by kustomize:a too; Deployment.apps "web" in "web" is claimed by kustomize:b too`,
		`objects a unknown (kustomize): Deployment.apps "web" in "web" is claimed by Terraform in s too; Deployment.apps "web" in "web" is claimed by kustomize:b too`,
		`objects b unknown (kustomize): Deployment.apps "web" in "web" is claimed by Terraform in s too; Deployment.apps "web" in "web" is claimed by kustomize:a too`,
		"terraform-state t Terraform: ", // the key of the state comes from elsewhere
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if unowned, conflicts := got.Counts(); unowned != 3 || conflicts != 5 {
		t.Errorf("%d without an owner, %d in conflict", unowned, conflicts)
	}
	got.Only([]string{"dev"})
	if len(got.Boundaries) != 2 {
		t.Errorf("of dev: %v", got.Boundaries)
	}
}

func TestApplicationSets(t *testing.T) {
	app := func(name string, spec map[string]any) facts.Object {
		return facts.Object{Subject: facts.Subject{ID: "u#argoproj.io/ApplicationSet/argocd/" + name, Scope: scope("prod", "", "")}, Unit: "manifests:clusters",
			Group: "argoproj.io", Kind: "ApplicationSet", Namespace: "argocd", Name: name, Manifest: map[string]any{"spec": spec}}
	}
	template := func(path string) map[string]any {
		return map[string]any{"spec": map[string]any{"source": map[string]any{"path": path, "repoURL": "x"}, "destination": map[string]any{"name": "{{cluster}}"}}}
	}
	f := &facts.Facts{
		Units: []facts.Unit{
			unit("kustomize:apps/a/prod", "kustomize", "apps/a/prod", "", scope("prod", "eu", "@a")),
			unit("kustomize:teams/b", "kustomize", "teams/b", "", scope("prod", "eu", "@b")),
			unit("kustomize:teams/b/deep", "kustomize", "teams/b/deep", "", scope("prod", "eu", "@b")),
			unit("kustomize:apps/a/dev", "kustomize", "apps/a/dev", "", scope("dev", "eu", "@a")),
		},
		Objects: []facts.Object{
			app("overlays", map[string]any{"template": template("apps/{{name}}/prod")}),
			app("teams", map[string]any{"template": template("{{.path.path}}"), "generators": []any{map[string]any{"matrix": map[string]any{"generators": []any{
				map[string]any{"git": map[string]any{"directories": []any{map[string]any{"path": "teams/*"}, map[string]any{"path": "teams/x", "exclude": true}}}},
			}}}}}),
		},
	}
	got := map[string]string{}
	for _, b := range Of(f, nil).Boundaries {
		got[b.Desired] = b.Tool + " to " + b.Backend
	}
	want := map[string]string{
		"apps/a/prod":  "Argo CD ApplicationSet argocd/overlays to *",
		"teams/b":      "Argo CD ApplicationSet argocd/teams to *",
		"teams/b/deep": "unknown (kustomize) to ",
		"apps/a/dev":   "unknown (kustomize) to ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindMigrations(t *testing.T) {
	files := []string{
		"db/a/V1__init.sql", "db/a/V1.1__more.sql", "db/a/R__views.sql", "db/b/000001_init.up.sql", "db/b/000001_init.down.sql",
		"prisma/migrations/20240101_init/migration.sql", "prisma/schema.prisma", "app/migrations/0001_initial.py", "app/migrations/0002_x.py",
		"rails/db/migrate/20240101120000_create_x.rb", "alembic/script.py.mako", "liqui/db.changelog-master.xml", "docs/CHANGELOG.md",
		"goose/migrations/00001_init.sql", "atlas/atlas.sum", "atlas/20240101_x.sql", "reports/2024_numbers.sql", "V1__x.sql",
	}
	var got []string
	for _, m := range FindMigrations(files) {
		got = append(got, m.Path+" "+m.Tool)
	}
	want := []string{
		". Flyway", "alembic Alembic", "app/migrations Django", "atlas Atlas", "db/a Flyway", "db/b golang-migrate", "goose/migrations unknown (numbered SQL)",
		"liqui Liquibase", "prisma/migrations Prisma", "rails/db/migrate Rails",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBackend(t *testing.T) {
	for _, tt := range []struct {
		backend map[string]any
		want    string
		known   bool
	}{
		{nil, "local file", false},
		{map[string]any{"type": "s3", "config": map[string]any{"bucket": "b", "key": "k"}}, "s3 b/k", true},
		{map[string]any{"type": "s3", "config": map[string]any{"bucket": "b"}}, "s3 b", false},
		{map[string]any{"type": "http"}, "http (place not told)", false},
		{map[string]any{"type": "local", "config": map[string]any{"path": "x"}}, "local x", false},
		{map[string]any{"type": "cloud", "config": map[string]any{"organization": "acme", "workspaces": []any{map[string]any{"name": "x"}}}}, "cloud acme/name=x", true},
	} {
		if got, known := backendOf(facts.Stack{Backend: tt.backend}); got != tt.want || known != tt.known {
			t.Errorf("%v: %q, %v; want %q, %v", tt.backend, got, known, tt.want, tt.known)
		}
	}
}

// Text of the repository stays text, in the terminal and in a table.
func TestHostileText(t *testing.T) {
	table := &Table{Schema: Schema, Boundaries: []Boundary{{
		Kind: Objects, State: "a\x1b[31m|b\n<img src=x>`c`", Tool: "[x](javascript:1)", Desired: "a\u202eb", Owner: "@acme/x", Conflict: []string{"a\r\nb|c"},
	}}}
	var text, md strings.Builder
	if err := Write(&text, "text", table); err != nil {
		t.Fatal(err)
	}
	if err := Write(&md, "markdown", table); err != nil {
		t.Fatal(err)
	}
	if s := text.String(); strings.ContainsAny(s, "\x1b\r\u202e") || strings.Count(s, "\n") != 5 {
		t.Errorf("text: %q", s)
	}
	row := strings.Split(md.String(), "\n")[6]
	if strings.ContainsAny(row, "\x1b\r\u202e<`") && !strings.Contains(row, "\\`") || strings.Contains(row, "<img") || strings.Contains(row, "[x](") ||
		strings.Contains(row, "@acme") || strings.Count(strings.ReplaceAll(row, `\|`, ""), "|") != 9 {
		t.Errorf("markdown: %q", row)
	}
	if err := Write(&md, "yaml", table); err == nil {
		t.Error("an unknown format is accepted")
	}
}

// FuzzFindMigrations: names of files are anything.
func FuzzFindMigrations(f *testing.F) {
	f.Add("db/V1__a.sql\nmigrations/0001_x.py")
	f.Fuzz(func(t *testing.T, files string) {
		for _, m := range FindMigrations(strings.Split(files, "\n")) {
			if m.Tool == "" || m.Path == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}
