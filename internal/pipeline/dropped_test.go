package pipeline

import (
	"maps"
	"path"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"
)

// marked are the forms of an object that must not pass: a privileged Pod. The first
// one is dropped everywhere, the others by turns.
func marked() []string {
	const (
		spec = `{"containers":[{"name":"evil","image":"registry.example.com/evil:1.0.0","securityContext":{"privileged":true}}]}`
		pod  = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"evil","namespace":"shop"},"spec":` + spec + `}`
	)
	const plain = `apiVersion: v1
kind: Pod
metadata:
  name: evil
  namespace: shop
spec:
  containers:
    - name: evil
      image: registry.example.com/evil:1.0.0
      securityContext:
        privileged: true
`
	return []string{
		plain,
		pod + "\n",
		"apiVersion: v1\nkind: List\nitems:\n  - " + pod + "\n",
		"# about it\n---\n# more\n" + plain,
		strings.ReplaceAll(plain, "\n", "\r\n"),
		"---\n" + plain + "---\n",
		"%YAML 1.1\n---\n" + plain,
		"{kind: Pod, apiVersion: v1, metadata: &m {name: evil, namespace: shop}, spec: " + spec + "}\n",
		`{"apiVersion":"v1","kind":"PodList","items":[` + pod + "]}\n",
	}
}

// TestDropped: whatever is put where a deployer reads is found or makes the run
// incomplete, and what is put where nobody reads it is not. Each file of
// testdata/dropped is a repository; what stands before its first file says, by the
// rules that its deployers document, which places are read, which are left out, and
// which hold objects that are judged though nothing deploys them.
func TestDropped(t *testing.T) {
	t.Parallel()
	for _, r := range remarked(t, "dropped") {
		places := 0
		for line := range strings.Lines(r.words) {
			fate, place, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok || fate != "read" && fate != "left" && fate != "undeployed" {
				continue
			}
			places++
			turn := 1 + places%(len(marked())-1)
			t.Run(r.name+" "+place, func(t *testing.T) {
				t.Parallel()
				for _, form := range formsOf(r.tree, fate, place, turn) {
					if is, how := droppedIn(t, r.tree, place, form); is != fate {
						t.Errorf("%s, not %s\n%s\n%s", is, fate, form, how)
					}
				}
			})
		}
		if places == 0 {
			t.Errorf("%s: no places", r.name)
		}
	}
}

// formsOf are the forms that are dropped in a place.
func formsOf(tree sourcetest.Tree, fate, place string, turn int) []string {
	all := marked()
	switch {
	case path.Ext(place) == ".json":
		return []string{all[1], all[len(all)-1]}
	case tree[place] != "": // behind another document
		return []string{"---\n" + all[0], "---\n" + all[1]}
	case fate != "read":
		return all[:1]
	}
	return []string{all[0], all[turn]}
}

// droppedIn says what becomes of something that is dropped in a tree: it is read if a
// run finds it or says that it could not look at it; and what the run says.
func droppedIn(t *testing.T, tree sourcetest.Tree, place, form string) (fate, how string) {
	t.Helper()
	with := maps.Clone(tree)
	with[place] += form
	out := repositoryCase{tree: with}.check(t)
	defer out.Close()
	return told(out)
}

// told says what a run tells of the marked object.
func told(out *Outcome) (fate, how string) {
	res, undeployed, said := out.Result, map[string]bool{}, &strings.Builder{}
	for _, u := range out.Facts.Units {
		undeployed[u.ID] = u.Undeployed
	}
	fate = "left"
	for _, f := range res.Findings {
		said.WriteString(f.Rule + " " + f.Subject.ID + "\n")
		unit, _, _ := strings.Cut(f.Subject.ID, "#")
		switch {
		case f.Rule != "kubernetes/privileged-container" || !strings.Contains(f.Subject.ID, "evil"):
		case undeployed[unit] && fate == "left":
			fate = "undeployed"
		case !undeployed[unit]:
			fate = "read"
		}
	}
	for _, e := range res.Coverage.Entries {
		if e.Kind != "rule" {
			said.WriteString(string(e.State) + " " + e.Kind + " " + e.ID + ": " + e.Reason + "\n")
		}
		if e.State == facts.Failed && !res.Complete {
			fate = "read"
		}
	}
	return fate, said.String()
}
