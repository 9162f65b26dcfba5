package terraform

import (
	"maps"
	"path"
	"regexp"
	"strings"
	"sync"

	"gate/internal/facts"
)

// fileCall finds the functions that read files, with what stands behind the name:
// https://developer.hashicorp.com/terraform/language/functions/file and its
// neighbours. A path that is written out, from a module or the root, is caught
// apart.
var fileCall = sync.OnceValue(func() *regexp.Regexp {
	const written = `"(\$\{path\.(?:module|root)\}/)?([^"$%\\{}]*)"\s*[,)]`
	return regexp.MustCompile(`\b(file|fileexists|filebase64|fileset|templatefile|file(?:base64)?(?:sha|md)\d+)\s*(?:/[/*]|#|\((?:\s*` + written + `)?)`)
})

// beforehand is what a stack would be read from, as far as that is known before it
// is evaluated.
func (c *collector) beforehand(s *stackInput) Reads {
	r := c.out.reads(s)
	if s.sources == nil || s.sources.root == nil {
		r.Opens = true
		return r
	}
	dir := s.sources.workDir()
	r.Dirs[dir], r.Files[path.Join(s.path, ".terraform.lock.hcl")] = true, true
	for _, f := range s.sources.varFiles {
		r.Files[f] = true
	}
	seen := map[*module]bool{}
	var visit func(n *moduleNode)
	visit = func(n *moduleNode) {
		if n == nil || n.module == nil || seen[n.module] {
			return
		}
		seen[n.module] = true
		for key := range n.module.resources {
			r.Kubernetes = r.Kubernetes || inKubernetes(key)
		}
		for _, f := range n.module.files {
			text, ok := s.sources.loader.textOf(f)
			r.Opens = !r.literalFiles(text, n.module.dir, dir) || !ok || r.Opens
		}
		for name := range n.module.calls {
			visit(s.sources.child(n, name))
		}
	}
	visit(s.sources.root)
	return r
}

// inKubernetes says whether a resource, by its key in a module, may claim an object
// or a namespace of a cluster.
func inKubernetes(key string) bool {
	for _, provider := range []string{"kubernetes_", "kubectl_", "helm_"} {
		if strings.HasPrefix(key, provider) {
			return true
		}
	}
	return false
}

// textOf is the text of a file that was read.
func (l *loader) textOf(file string) ([]byte, bool) {
	text, ok := l.text[file]
	if !ok && l.parent != nil {
		return l.parent.textOf(file)
	}
	return text, ok
}

// literalFiles adds the files that a text of configuration names where it reads
// them. ok is false if it reads others, too.
func (r *Reads) literalFiles(text []byte, module, root string) (ok bool) {
	ok = true
	for _, m := range fileCall().FindAllSubmatch(text, -1) {
		function, from, name := string(m[1]), string(m[2]), string(m[3])
		if function == "fileset" || name == "" {
			ok = false
			continue
		}
		dir := root
		if strings.HasPrefix(from, "${path.module") {
			dir = module
		}
		r.Files[path.Join(dir, name)] = true
	}
	return ok
}

// idle passes over a stack that need not be evaluated: its files are searched for
// faults, and that is all.
func (c *collector) idle(s *stackInput) bool {
	if c.in.Idle == nil || s.plan != nil || s.skip || !c.in.Idle(s.path, c.beforehand(s)) {
		return false
	}
	id := "stack:" + s.path
	c.out.Idle = append(c.out.Idle, s.path)
	c.out.Ledger = append(c.out.Ledger, facts.Entry{Kind: "unit", ID: id, State: facts.Unchanged, Place: s.sources.fallback()})
	return true
}

// reads is what is known of what a stack is read from.
func (c *Collected) reads(s *stackInput) Reads {
	r := Reads{Files: map[string]bool{}, Dirs: map[string]bool{}}
	if s == nil || s.sources == nil {
		return r
	}
	r.Dirs[s.path] = true
	maps.Copy(r.Files, s.reads)
	r.Whole = s.reads != nil
	if u := s.sources.unit; u != nil {
		r.Unit = true
		maps.Copy(r.Files, u.files)
		r.Files[u.file] = true
	}
	var visit func(n *moduleNode)
	visit = func(n *moduleNode) {
		if n == nil || n.module == nil {
			return
		}
		r.Dirs[n.module.dir] = true
		for _, f := range n.module.files {
			r.Files[f] = true
		}
		for name := range n.module.calls {
			visit(s.sources.child(n, name))
		}
	}
	visit(s.sources.root)
	return r
}
