package pipeline

import (
	"path"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
)

// reaching tells which environment the commands of CI definitions deploy to.
type reaching struct {
	config *config.Config
	scopes scoper
}

func newReaching(cfg *config.Config, scopes scoper) reaching { return reaching{cfg, scopes} }

// place gives a command its scope. What is said by the environment of the forge, the
// directory, the workspace and the account must agree, else nothing is certain.
func (r reaching) place(c *facts.WorkflowCommand) {
	if r.config == nil || len(r.config.Environments) == 0 {
		return
	}
	var said []facts.Scope
	var by []string
	add := func(s facts.Scope, how string) {
		if s.Environment != "" {
			said, by = append(said, s), append(by, how)
		}
	}
	// Of a job that runs in several, the strictest counts: it runs in all of them.
	var strict facts.Scope
	name := ""
	for _, n := range c.Environments {
		if s := r.named(n); s.Environment != "" && (strict.Environment == "" || s.Class == string(config.Prod)) {
			strict, name = s, n
		}
	}
	add(strict, "its environment "+quoteName(name))
	add(r.named(c.Workspace), "its workspace "+quoteName(c.Workspace))
	add(r.cluster(option(c, "--context", "--kube-context", "--cluster")), "the cluster that it names")
	for _, a := range c.Accounts {
		add(r.account(a), "its account "+quoteName(a))
	}
	for _, p := range r.paths(c) {
		add(r.scopes.at(p), "its path "+quoteName(strings.TrimSuffix(p.Paths[0], "/main.tf")))
	}
	for i := range said {
		if said[i].Environment != said[0].Environment {
			return
		}
	}
	if len(said) > 0 {
		c.Scope, c.By = said[0], by[0]
	}
}

func quoteName(s string) string { return `"` + s + `"` }

// named is the environment of a name: its own, or with that of a target behind it.
func (r reaching) named(name string) facts.Scope {
	if name == "" {
		return facts.Scope{}
	}
	for _, e := range r.config.Environments {
		if e.Name == name {
			return r.scopes.at(config.Hint{Environment: e.Name})
		}
		for _, t := range e.Targets {
			if t.Name != "" && slices.Contains([]string{e.Name + "-" + t.Name, e.Name + "/" + t.Name, e.Name + "_" + t.Name}, name) {
				return r.scopes.at(config.Hint{Environment: e.Name, Target: t.Name})
			}
		}
	}
	return facts.Scope{}
}

// option is the value of an option of a command, empty if it has none or it is not known.
func option(c *facts.WorkflowCommand, names ...string) string {
	for i, w := range c.Words {
		name, value, set := strings.Cut(w, "=")
		switch {
		case slices.Contains(c.Unknown, i) || !slices.Contains(names, name):
		case set:
			return value
		case i+1 < len(c.Words) && !slices.Contains(c.Unknown, i+1):
			return c.Words[i+1]
		}
	}
	return ""
}

// cluster is the environment that alone has a cluster.
func (r reaching) cluster(name string) facts.Scope {
	return r.only(func(t config.Target) bool { return name != "" && t.Cluster == name })
}

// account is the environment that alone has an account.
func (r reaching) account(id string) facts.Scope {
	return r.only(func(t config.Target) bool { return t.Account == id })
}

// only is the one environment with a target of a kind; none where several have.
func (r reaching) only(is func(config.Target) bool) facts.Scope {
	found := ""
	for _, e := range r.config.Environments {
		if !slices.ContainsFunc(e.Targets, is) {
			continue
		}
		if found != "" {
			return facts.Scope{}
		}
		found = e.Name
	}
	if found == "" {
		return facts.Scope{}
	}
	return r.scopes.at(config.Hint{Environment: found})
}

// paths are the directory of a stack, or what a command of Kubernetes applies.
func (r reaching) paths(c *facts.WorkflowCommand) []config.Hint {
	if c.Directory == "" {
		return nil
	}
	switch c.Words[0] {
	case "terraform", "tofu", "terragrunt", "atlantis":
		return []config.Hint{{Stack: c.Directory, Paths: []string{path.Join(c.Directory, "main.tf")}}}
	case "kubectl", "oc", "helm":
		var out []config.Hint
		for i, w := range c.Words {
			if i == 0 || slices.Contains(c.Unknown, i) || !strings.Contains(w, "/") || strings.Contains(w, "://") {
				continue
			}
			_, value, set := strings.Cut(w, "=")
			if set && strings.HasPrefix(w, "-") {
				w = value
			}
			if p := path.Join(c.Directory, w); !strings.HasPrefix(p, "..") {
				out = append(out, config.Hint{Paths: []string{p}})
			}
		}
		return out
	}
	return nil
}
