package discover

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
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
	m := k.Doc.Value
	k.Kind = cmp.Or(doc.Text(m, "kind"), k.Kind)
	for _, field := range []string{"resources", "bases", "components"} {
		k.refer(Built, below, doc.Texts(m, field)...)
	}
	for _, field := range []string{"generators", "transformers", "validators"} {
		k.refer(Configures, anywhere, doc.Texts(m, field)...)
	}
	k.refer(Patches, anywhere, doc.Texts(m, "patchesStrategicMerge")...)
	for _, field := range []string{"patches", "patchesJson6902"} {
		for _, v := range doc.List(m, field) {
			k.refer(Patches, anywhere, doc.Text(v, "path"))
		}
	}
	for _, v := range doc.List(m, "replacements") {
		k.refer(Data, anywhere, doc.Text(v, "path"))
	}
	for _, field := range []string{"crds", "configurations"} {
		k.refer(Data, beside, doc.Texts(m, field)...)
	}
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		for _, v := range doc.List(m, field) {
			k.refer(Data, beside, doc.Text(v, "env"))
			for _, f := range slices.Concat(doc.Texts(v, "files"), doc.Texts(v, "envs")) {
				if _, file, named := strings.Cut(f, "="); named {
					f = file
				}
				k.refer(Data, beside, f)
			}
		}
	}
	k.refer(Data, beside, doc.Text(m, "openapi", "path"))
	for _, v := range doc.List(m, "helmCharts") {
		k.refer(Data, beside, doc.Text(v, "valuesFile"))
		k.refer(Data, beside, doc.Texts(v, "additionalValuesFiles")...)
	}
	slices.Sort(k.Refs)
	k.Refs = slices.Compact(k.Refs)
	slices.Sort(k.Remote)
	k.Remote = slices.Compact(k.Remote)
	return k
}

// Use is what a kustomization does with what it names.
type Use string

// The uses.
const (
	Built      Use = "built"      // its objects are part of what is built
	Patches    Use = "patches"    // it changes objects
	Configures Use = "configures" // it configures a generator, transformer or validator
	Data       Use = "data"       // it is content, or describes kinds: no object of it is built
)

// Named is a path that a kustomization names, and for what.
type Named struct {
	Path string
	As   Use
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

// refer adds references; a list entry that holds YAML itself is none.
func (k *Kustomization) refer(as Use, r reach, refs ...string) {
	for _, ref := range refs {
		if ref == "" || strings.ContainsAny(ref, "\n{") || strings.Contains(ref, ": ") {
			continue
		}
		full := path.Join(k.Dir, ref)
		if strings.Contains(ref, "://") || strings.HasPrefix(ref, "/") || full == ".." || strings.HasPrefix(full, "../") ||
			strings.Contains(ref, "?ref=") || strings.HasPrefix(ref, "git@") || strings.HasPrefix(ref, "github.com/") || strings.Contains(ref, "::") {
			k.Remote = append(k.Remote, ref)
			continue
		}
		k.Refs = append(k.Refs, full)
		k.Named = append(k.Named, Named{full, as})
		if k.owns(full, r) {
			k.members = append(k.members, full)
		}
	}
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
