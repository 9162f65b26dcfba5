package discover

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gate/internal/doc"
	"gate/internal/source"
)

// general reads a file that is a manifest if its content says so.
func (c *collector) general(r *reading) {
	ext := strings.ToLower(path.Ext(r.entry.Path))
	switch ext {
	case ".yaml", ".yml", ".json":
	case ".jsonnet":
		r.skipped, r.reason = true, "a Jsonnet program, read through the units that evaluate it"
		return
	default:
		switch {
		case r.entry.Symlink:
			r.kind, r.reason = KindSymlink, "symbolic link"
		case manifestName(templateName(r.entry.Path)):
			c.templateFile(r)
		}
		return
	}
	data, err := c.tree.ReadFile(r.entry.Path)
	switch {
	case errors.Is(err, errDirectory), r.entry.Symlink && errors.Is(err, fs.ErrNotExist):
		r.kind, r.reason = KindSymlink, "symbolic link to a directory or to nothing"
		return
	case err != nil:
		r.fault = err
		return
	}
	if lfsPointer(data) {
		r.fault, r.hint = errPointer, "git lfs pull"
		return
	}
	if ext == ".json" {
		if !jsonMayBeManifest(data) {
			if len(data) > 0 && !json.Valid(data) {
				r.unread = errors.New("not valid JSON")
			}
			return
		}
	}
	docs, err := source.ParseLenient(r.entry.Path, data)
	if err != nil {
		switch {
		case !mayBeManifest(data) && r.kind != KindCatalogInfo:
			r.reason, r.unread = "no Kubernetes document, and not read as YAML: "+firstLine(err), err
		case r.owner != "" && r.kind == KindOther && bytes.Contains(data, []byte("{{")):
			r.kind, r.reason, r.unread = KindChartFile, "template in a chart, read through its units", err
		case r.kind != KindManifest && isTemplate(r.entry.Path, data):
			r.template, r.kind, r.reason, r.unread = true, KindOther, foreignTemplate, err
		default:
			r.fault = err
			if bytes.Contains(data, []byte("{{")) || bytes.Contains(data, []byte("{%")) {
				r.hint = "the file looks like a template: list it under exclude in .gate.yaml and check what it renders to"
			}
		}
		return
	}
	if at, ok := hiddenObject(docs); ok {
		r.fault = at
		return
	}
	r.docs = docs
	switch kind := kindOf(docs); {
	case r.kind == KindManifest && kind == KindOther: // in crds/, but no object
		r.kind, r.docs = KindChartFile, nil
	case kind == KindOther && len(docs) == 0:
		r.kind, r.docs, r.reason = KindOther, nil, "no document in the file"
	case kind == KindOther:
		r.kind, r.docs, r.reason = KindOther, nil, "no Kubernetes document"
	case kind == KindManifest && r.kind != KindManifest && !nameable(docs):
		r.template, r.kind, r.docs, r.reason, r.unread = true, KindOther, nil, foreignTemplate, errTemplate
	default:
		r.kind = kind
	}
}

// templateFile reads a file whose name is that of a template of a manifest.
func (c *collector) templateFile(r *reading) {
	data, err := c.tree.ReadFile(r.entry.Path)
	if err != nil || !bytes.Contains(data, []byte("kind")) || !mayBeManifest(data) {
		return // nobody reads it as it stands
	}
	if _, r.template = withoutActions(data); r.template {
		r.reason = foreignTemplate
	}
}

// hiddenObject finds a key that makes a document an object and stands twice, where
// whoever takes the last finds none: who takes the first would apply it.
func hiddenObject(docs []*source.Document) (fault *source.Error, ok bool) {
	for _, d := range docs {
		if _, _, ok := object(d.Value); ok {
			continue
		}
		for _, r := range d.Repeated {
			if len(r.Path) == 1 && (r.Path[0] == "apiVersion" || r.Path[0] == "kind") {
				at := r.Last
				at.EndLine, at.EndColumn = 0, 0
				return &source.Error{Position: at, Msg: fmt.Sprintf("key %q is already defined in this mapping", r.Path[0])}, true
			}
		}
	}
	return nil, false
}

// manifestName says whether a controller would read a file of that name as
// manifests.
func manifestName(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

var errTemplate = errors.New("what is applied of it is not known: the objects are named by a template")

var errPointer = errors.New("a pointer of Git LFS stands in place of the file")

// lfsPointer says whether a file only tells where its content is:
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
func lfsPointer(data []byte) bool {
	return len(data) < 1024 && bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/"))
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// mayBeManifest says whether a file that is no valid YAML could still be a
// Kubernetes object to a more lenient reader: it could not if no key reads
// apiVersion, plain or by escapes.
func mayBeManifest(data []byte) bool {
	return !utf8.Valid(data) || bytes.Contains(data, []byte("apiVersion")) || bytes.IndexByte(data, 0) >= 0 || escapedLetter().Match(data) ||
		bytes.Contains(data, []byte("!!")) || bytes.Contains(data, []byte("!<")) || bytes.Contains(data, []byte("%TAG")) // !!binary
}

// jsonMayBeManifest is the same for JSON, whose other files are not even
// parsed.
func jsonMayBeManifest(data []byte) bool {
	return bytes.Contains(data, []byte("apiVersion")) || escapedLetter().Match(data) || bytes.IndexByte(data, 0) >= 0 // UTF-16 and UTF-32
}

// escapedLetter is an ASCII letter as \x41, \u0041 or \U00000041, or a line
// break inside a quoted word.
var escapedLetter = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\\(?:x[4-7][0-9A-Fa-f]|u00[4-7][0-9A-Fa-f]|U000000[4-7][0-9A-Fa-f]|\r?\n)`)
})

// kindOf says what the documents of a file make it: a manifest if one of them
// is an object of a cluster, catalog-info if one is a Backstage entity.
func kindOf(docs []*source.Document) Kind {
	kind := KindOther
	for _, d := range docs {
		group, what, ok := object(d.Value)
		switch {
		case holdsObjects(d.Value): // whatever it is itself
			return KindManifest
		case !ok:
		case group == "backstage.io":
			kind = KindCatalogInfo
		case !toolGroups[group] && !(group == "" && what == "Config") || lists(d.Value):
			return KindManifest
		}
	}
	return kind
}

// lists says whether a value has objects as its items: to kubectl it is a list,
// whatever it is called.
func lists(v any) bool {
	return slices.ContainsFunc(doc.List(v, "items"), func(item any) bool {
		_, _, ok := object(item)
		return ok
	})
}

// object returns API group and kind of a value that has both.
func object(v any) (group, kind string, ok bool) {
	api, kind := doc.Text(v, "apiVersion"), doc.Text(v, "kind")
	if api == "" || kind == "" {
		return "", "", false
	}
	group, _, found := strings.Cut(api, "/")
	if !found {
		group = ""
	}
	return group, kind, true
}

// holdsObjects says whether a value of whatever kind is a list of objects, to those
// who apply it (package manifest).
func holdsObjects(v any) bool {
	m := doc.Map(v)
	if doc.Text(m, "kind") == "" {
		return false
	}
	for _, e := range doc.List(m, "items") {
		if _, _, ok := object(e); ok || holdsObjects(e) {
			return true
		}
	}
	return false
}

// toolGroups are API groups of files that configure a program and are never
// applied to a cluster.
var toolGroups = map[string]bool{
	"gate":                                 true,
	"kustomize.config.k8s.io":              true,
	"backstage.io":                         true,
	"skaffold":                             true,
	"kind.x-k8s.io":                        true,
	"k3d.io":                               true,
	"ctlptl.dev":                           true,
	"eksctl.io":                            true,
	"kubeadm.k8s.io":                       true,
	"kubelet.config.k8s.io":                true,
	"kubeproxy.config.k8s.io":              true,
	"kubescheduler.config.k8s.io":          true,
	"apiserver.config.k8s.io":              true,
	"audit.k8s.io":                         true,
	"client.authentication.k8s.io":         true,
	"krew.googlecontainertools.github.com": true,
	"vendir.k14s.io":                       true,
	"cli.kyverno.io":                       true,
}
