package deploy

import (
	"path"
	"strings"

	"gate/internal/config"
	"gate/internal/render"
)

// habitat is where something belongs: the environment that the configuration
// says, and what the names of directories say where it says nothing.
type habitat struct {
	environment string
	word        string
	plain       bool // the word is a whole name
}

// habitats tells where files and units belong.
type habitats struct {
	resolver     *config.Resolver
	environments []config.Environment
}

func newHabitats(cfg *config.Config) *habitats {
	h := &habitats{resolver: config.NewResolver(cfg, config.ResolverInput{})}
	if cfg != nil {
		h.environments = cfg.Environments
	}
	return h
}

// file is where a file belongs.
func (h *habitats) file(name string) habitat {
	word, plain := environmentWord(path.Dir(name))
	return habitat{h.resolver.Scope(config.Hint{Paths: []string{name}}).Environment, word, plain}
}

// unit is where a unit belongs: by itself, else by the object that deploys it.
func (h *habitats) unit(u render.Unit) habitat {
	hint := config.Hint{Environment: u.Environment, Target: u.Target, Cluster: u.Cluster, Namespace: u.Namespace, Unit: u.Path, Paths: []string{u.Place.File}}
	if u.Kind == render.KindManifests {
		hint.Unit, hint.Paths = "", u.Files
	}
	out := habitat{environment: h.resolver.Scope(hint).Environment}
	out.word, out.plain = environmentWord(u.Path)
	if u.ControllerFile == "" {
		return out
	}
	from := h.file(u.ControllerFile)
	if out.environment == "" {
		out.environment = from.environment
	}
	if out.word == "" {
		out.word, out.plain = from.word, from.plain
	}
	return out
}

// environmentWord is the environment that a path speaks of by the name of a
// directory, which is plain, else by a part of one; "" if it speaks of none. It
// only ever says that one thing may not be taken for another.
func environmentWord(dir string) (word string, plain bool) {
	parts := strings.Split(strings.ToLower(dir), "/")
	for _, p := range parts {
		if w := wordOf(p); w != "" {
			return w, true
		}
	}
	for _, p := range parts {
		if w := liveWordIn(p); w != "" {
			return w, false
		}
	}
	return "", false
}

// wordIn is the environment that a part of a name speaks of, "" if none does.
func wordIn(name string) string {
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		if w := wordOf(part); w != "" {
			return w
		}
	}
	return ""
}

// liveWordIn is the same of the name of a directory, of which a part only counts if
// it speaks of production or of what stands before it: dev-tools, test-runner and
// canary-analysis are called by what they do.
func liveWordIn(name string) string {
	switch w := wordIn(name); w {
	case "prod", "preprod", "staging":
		return w
	}
	return ""
}

// wordOf is the usual word for an environment.
func wordOf(name string) string {
	switch name {
	case "prod", "production", "prd", "live":
		return "prod"
	case "preprod", "pre-prod", "preproduction":
		return "preprod"
	case "staging", "stage", "stg":
		return "staging"
	case "dev", "devel", "develop", "development":
		return "dev"
	case "test", "testing", "tst":
		return "test"
	case "qa", "uat", "sit", "sandbox", "perf", "canary", "nonprod":
		return name
	}
	return ""
}
