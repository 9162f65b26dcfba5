package compare

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/transition"
)

// telling is what is told of an object that is not what it was.
type telling struct {
	// paths are the changed ones that matter, of the change of order those of
	// the lists.
	paths []string
	of    []string // of what the others are the consequence, sorted
	order bool     // nothing matters but that lists have another order
	// restarts says that what is not told restarts the pods.
	restarts bool
}

// generated says whether an object has another name than it had, and no person
// gave it that name.
func generated(o *facts.Object) bool {
	was := ""
	if o.Change != nil && o.Change.Action == "updated" && o.Change.From != "" {
		was = doc.Text(o.Change.Before, "metadata", "name")
	}
	return was != "" && was != o.Name
}

// tell sorts the changed paths of an object: what is only a consequence of
// something else and what is only another order is not told.
func tell(o *facts.Object) telling {
	before := doc.Map(o.Change.Before)
	all := transition.Diff(transition.Same(before), transition.Same(o.Manifest))
	left := transition.Diff(transition.Same(inOrderOf(o, before)), transition.Same(o.Manifest))
	// What differs and is not shown to differ is a secret.
	seen := map[string]bool{}
	for _, d := range all {
		seen[d.Path] = true
	}
	for _, p := range o.Change.Paths {
		if !seen[p] {
			left = append(left, transition.Difference{Path: p, Sensitive: true})
		}
	}
	var t telling
	holders := metadataOf(o)
	for _, d := range left {
		of := consequence(o, d, holders)
		if of == "" {
			t.paths = append(t.paths, d.Path)
			continue
		}
		if !slices.Contains(t.of, of) {
			t.of = append(t.of, of)
		}
		t.restarts = t.restarts || restarts(o, d.Path)
	}
	slices.Sort(t.of)
	if len(t.paths) == 0 {
		for _, d := range all {
			if !slices.ContainsFunc(left, func(l transition.Difference) bool { return l.Path == d.Path }) {
				t.order, t.paths = true, append(t.paths, d.Path)
				t.restarts = t.restarts || restarts(o, d.Path)
			}
		}
	}
	if len(t.paths) > 1 && generated(o) { // the name follows from the rest
		t.paths = slices.DeleteFunc(t.paths, func(p string) bool { return p == "metadata.name" })
	}
	slices.Sort(t.paths)
	return t
}

// holder is a place of labels and annotations: of the object, of its pod
// templates, and of what stands between them, such as the job of a CronJob.
type holder struct {
	labels, annotations string // the beginning of their paths
	pod                 bool
	metadata            [2]map[string]any // before and after
}

func metadataOf(o *facts.Object) []holder {
	var out []holder
	add := func(at source.Path, pod bool) {
		at = append(at[:len(at):len(at)], "metadata")
		before, after := doc.Map(o.Change.Before, at...), doc.Map(o.Manifest, at...)
		if before == nil || after == nil {
			return
		}
		out = append(out, holder{
			labels: at.String() + ".labels", annotations: at.String() + ".annotations", pod: pod, metadata: [2]map[string]any{before, after},
		})
	}
	add(nil, len(o.Pods) == 1 && len(o.Pods[0].Path) == 1)
	for _, p := range o.Pods {
		for n := 1; n < len(p.Path); n++ {
			add(source.Path(p.Path[:n]), n == len(p.Path)-1)
		}
	}
	return out
}

// consequence says of what a difference is the consequence, "" if of nothing
// else: a person, or a chart for a reason of its own, changed it.
func consequence(o *facts.Object, d transition.Difference, holders []holder) string {
	before, _ := d.Before.(string)
	after, _ := d.After.(string)
	if fixedTemplate(o, d.Path) {
		return ""
	}
	for _, h := range holders {
		for key := range doc.Map(h.metadata[1], "labels") {
			if d.Path == h.labels+memberText(key) && versionLabel(key, before, after) {
				return decide.OfVersion
			}
		}
		for key := range doc.Map(h.metadata[1], "annotations") {
			switch {
			case d.Path != h.annotations+memberText(key):
			case checksum(key, d, h.pod):
				return decide.OfChecksum
			case o.Kind == "CustomResourceDefinition" && versionStamp(key, before, after):
				return decide.OfVersion
			}
		}
	}
	return ""
}

// memberText is how the path of a member goes on behind that of its map.
func memberText(key string) string {
	text := source.Path{key}.String()
	if strings.HasPrefix(text, "[") {
		return text
	}
	return "." + text
}

// fixedTemplate says whether a path is part of the pod template of a Job, which
// the API server refuses to change: no such difference is without weight. Hooks
// are made anew.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/
func fixedTemplate(o *facts.Object, path string) bool {
	return o.Kind == "Job" && o.Group == "batch" && o.Hook == "" && strings.HasPrefix(path, "spec.template.")
}

// versionLabel says whether a label tells which version of a chart or of what
// it installs an object is of. https://helm.sh/docs/chart_best_practices/labels/,
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/;
// charts made before them have a label chart. The last two are written by Flux.
func versionLabel(key, before, after string) bool {
	if before == "" || after == "" {
		return false
	}
	switch key {
	case "helm.sh/chart", "app.kubernetes.io/version", "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace":
		return true
	case "chart":
		return chartVersion().MatchString(before) && chartVersion().MatchString(after)
	}
	return false
}

// versionStamp says whether an annotation of a definition tells with which
// version of a tool, or for which version of its operator, it was written:
// controller-gen.kubebuilder.io/version, gateway.networking.k8s.io/bundle-version.
// Of other kinds such an annotation may ask a controller for the version.
func versionStamp(key, before, after string) bool {
	name := key[strings.LastIndexByte(key, '/')+1:]
	return (name == "version" || strings.HasSuffix(name, "-version")) && plainVersion().MatchString(before) && plainVersion().MatchString(after)
}

var plainVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)+([-+][0-9A-Za-z.+-]*)?$`) })

var chartVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^.+-v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+_].*)?$`) })

// checksum says whether an annotation holds the checksum of something else: by
// its values on both sides, of a pod template, or by its name and its values.
// https://helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
func checksum(key string, d transition.Difference, pod bool) bool {
	if d.Sensitive {
		return checksumName(key)
	}
	before, ok1 := d.Before.(string)
	after, ok2 := d.After.(string)
	switch {
	case !ok1 || !ok2:
		return false
	case checksumName(key):
		return checksumText().MatchString(before) && checksumText().MatchString(after)
	case pod && rollName(key):
		return oneWord().MatchString(before) && oneWord().MatchString(after)
	}
	return pod && digestText(before) && digestText(after)
}

// checksumName says whether a key is that of a checksum: a word for one stands
// in front of what it is made of (checksum/config) or behind it
// (acme.com/config-hash). Settings of hashes are none (upstream-hash-by,
// hash-type), and neither are names that begin like one (vault.hashicorp.com/role).
func checksumName(key string) bool {
	words := keyWords().FindAllString(key[strings.LastIndexByte(key, '/')+1:], -1)
	if prefix, _, ok := strings.Cut(key, "/"); ok && checksumWord(prefix) {
		return true
	}
	return len(words) > 0 && (checksumWord(words[0]) && !strings.Contains(key, "/") || checksumWord(words[len(words)-1]))
}

func checksumWord(word string) bool {
	word = strings.ToLower(word)
	if word == "checksum" {
		return true
	}
	switch strings.TrimSuffix(word, "sum") {
	case "hash", "sha", "sha1", "sha256", "sha512", "md5", "adler32", "crc32":
		return true
	}
	return false
}

// keyWords are the words of a key, also of one in camel case.
var keyWords = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z0-9]+`) })

// rollName is what Helm's manual calls an annotation of a pod template with a random word.
func rollName(key string) bool {
	return strings.EqualFold(key[strings.LastIndexByte(key, '/')+1:], "rollme")
}

var oneWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]{4,}$`) })

// checksumText is what checksums are written as, perhaps with the name of the
// algorithm before it: hexadecimal, decimal, base64, and the letters that
// Kubernetes makes names of (k8s.io/apimachinery/pkg/util/rand: no vowels, so that
// no words come of them).
var checksumText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z0-9]+[:-])?([0-9a-fA-F]{4,}|[bcdfghjklmnpqrstvwxz2456789]{5,}|[A-Za-z0-9+/_-]{22,}={0,2})$`)
})

// digestText says whether a text is a digest in hexadecimal: 64 bits at least,
// and no date or number.
func digestText(s string) bool {
	if name, rest, ok := strings.Cut(s, ":"); ok && strings.HasPrefix(name, "sha") || name == "md5" {
		s = rest
	}
	return len(s) >= 16 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == "" && strings.ContainsAny(strings.ToLower(s), "abcdef")
}

// restarts says whether a change at a path makes the controller of an object
// start its pods anew: it is in the pod template, and the controller rolls it
// out by itself.
func restarts(o *facts.Object, path string) bool {
	switch o.Kind {
	case "Deployment", "DeploymentConfig", "Rollout", "CloneSet":
	case "StatefulSet", "DaemonSet":
		if doc.Text(o.Manifest, "spec", "updateStrategy", "type") == "OnDelete" {
			return false
		}
	default:
		return false
	}
	for _, p := range o.Pods {
		template := source.Path(p.Path[:len(p.Path)-1]).String()
		if rest, ok := strings.CutPrefix(path, template); ok && template != "" && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}
