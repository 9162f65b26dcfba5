package discover

import (
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

// fluxKustomization says whether a file of kustomize's name holds an object of
// Flux, whose kind is the same word.
func fluxKustomization(docs []*source.Document) bool {
	group, _, ok := object(docs[0].Value)
	return ok && group == "kustomize.toolkit.fluxcd.io"
}

// kustomization reads which files and directories a kustomization names:
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
func kustomization(r *reading) Kustomization {
	k := Kustomization{Dir: path.Dir(r.entry.Path), File: r.entry.Path, Kind: "Kustomization"}
	if len(r.docs) == 0 {
		return k
	}
	k.Doc = r.docs[0]
	m, _ := k.Doc.Value.(map[string]any)
	if kind := text(m["kind"]); kind != "" {
		k.Kind = kind
	}
	for _, field := range []string{"resources", "bases", "components"} {
		for _, v := range list(m[field]) {
			k.refer(text(v), below)
		}
	}
	for _, field := range []string{"generators", "transformers", "validators", "patchesStrategicMerge"} {
		for _, v := range list(m[field]) {
			k.refer(text(v), anywhere)
		}
	}
	for _, field := range []string{"patches", "patchesJson6902", "replacements"} {
		for _, v := range list(m[field]) {
			k.refer(text(object1(v)["path"]), anywhere)
		}
	}
	for _, field := range []string{"crds", "configurations"} {
		for _, v := range list(m[field]) {
			k.refer(text(v), beside)
		}
	}
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		for _, v := range list(m[field]) {
			g := object1(v)
			k.refer(text(g["env"]), beside)
			for _, f := range append(list(g["files"]), list(g["envs"])...) {
				_, file, named := strings.Cut(text(f), "=")
				if !named {
					file = text(f)
				}
				k.refer(file, beside)
			}
		}
	}
	k.refer(text(object1(m["openapi"])["path"]), beside)
	for _, v := range list(m["helmCharts"]) {
		h := object1(v)
		k.refer(text(h["valuesFile"]), beside)
		for _, f := range list(h["additionalValuesFiles"]) {
			k.refer(text(f), beside)
		}
	}
	slices.Sort(k.Refs)
	k.Refs = slices.Compact(k.Refs)
	slices.Sort(k.Remote)
	k.Remote = slices.Compact(k.Remote)
	return k
}

// reach says where a file may stand that is nothing but a part of the
// kustomization which names it. One further away may also be what a controller
// finds in a directory of its own, so that it is judged as it stands, too:
// otherwise naming a file would be a way to hide it.
type reach int

const (
	beside   reach = iota // in the directory of the kustomization: what is only data to it
	below                 // in the directory or below: what it builds
	anywhere              // patches, which are no objects by themselves
)

func (k *Kustomization) owns(file string, r reach) bool {
	switch r {
	case beside:
		return path.Dir(file) == k.Dir
	case below:
		return k.Dir == "." || strings.HasPrefix(file, k.Dir+"/")
	}
	return true
}

// refer adds one reference; a list entry that holds YAML itself is none.
func (k *Kustomization) refer(ref string, r reach) {
	if ref == "" || strings.ContainsAny(ref, "\n{") || strings.Contains(ref, ": ") {
		return
	}
	full := path.Join(k.Dir, ref)
	if strings.Contains(ref, "://") || strings.HasPrefix(ref, "/") || full == ".." || strings.HasPrefix(full, "../") ||
		strings.Contains(ref, "?ref=") || strings.HasPrefix(ref, "git@") || strings.HasPrefix(ref, "github.com/") || strings.Contains(ref, "::") {
		k.Remote = append(k.Remote, ref)
		return
	}
	k.Refs = append(k.Refs, full)
	if k.owns(full, r) {
		k.members = append(k.members, full)
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func object1(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// members marks the manifests that a kustomization lists, and refuses a second
// kustomization file in a directory, as kustomize does.
func (c *collector) members(inv *Inventory) {
	owner := map[string]string{}
	first := map[string]string{}
	var kept []Kustomization
	slices.SortFunc(inv.Kustomizations, func(a, b Kustomization) int { return strings.Compare(a.File, b.File) })
	for _, k := range inv.Kustomizations {
		if other, dup := first[k.Dir]; dup {
			c.byPath[k.File].fault = &source.Error{
				Position: source.Position{File: k.File}, Msg: "the directory has a second kustomization file, " + path.Base(other), Hint: "keep one of the two",
			}
			continue
		}
		first[k.Dir] = k.File
		kept = append(kept, k)
		for _, ref := range k.members {
			if _, taken := owner[ref]; !taken {
				owner[ref] = k.Dir
			}
		}
	}
	inv.Kustomizations = kept
	for i := range inv.Manifests {
		m := &inv.Manifests[i]
		if dir, ok := owner[m.Path]; ok && m.MemberOf == "" {
			m.MemberOf = dir
		}
		if m.MemberOf != "" {
			c.byPath[m.Path].owner = m.MemberOf
		}
	}
}
