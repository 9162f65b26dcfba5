package join

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// identity is what two claims must have in common to be about one thing.
type identity struct{ what, environment, name string }

// claims collects who says that something is theirs.
type claims map[identity][]facts.Claim

func (c claims) add(what, environment, name string, claim facts.Claim) {
	k := identity{what, environment, name}
	c[k] = append(c[k], claim)
}

// shared are the things that more than one object claims.
//
// It reads units, names, hooks and Autoscaler of all objects and what those claim that
// make others, and writes Index.Shared.
func shared(d *document) { d.Index.Shared = contested(d.Units, d.Objects, nil) }

// contested are the things that more than one subject claims. Where the
// environment is unknown only what one chart or kustomization renders is
// compared: overlays for several clusters, and files of one directory, hold the
// same names. What nothing deploys claims nothing; what is deployed twice as a
// whole claims once: that is told of what deploys it.
func contested(units []facts.Unit, objects []facts.Object, resources []facts.Resource) []facts.Shared {
	c := claims{}
	silent := silentUnits(units)
	for _, o := range objects {
		if silent[o.Unit] {
			continue
		}
		if o.Hook != "" || o.Name == "" || doc.Text(o.Manifest, "metadata", "name") == "" {
			continue // a hook is made anew each time; generateName makes another name each time
		}
		by := facts.Claim{Subject: o.Subject, Path: []any{"metadata", "name"}, By: o.Unit, Tool: "render"}
		scope := cmp.Or(o.Environment, "unit "+o.Unit)
		if o.Environment != "" || !strings.HasPrefix(o.Unit, facts.UnitManifests+":") {
			c.add("object", scope, objectName(o.Group, o.Kind, o.Namespace, o.Name), by)
			claimSecret(c, o, scope)
		}
		claimReplicas(c, o, scope)
		claimApplication(c, o, scope)
		claimRelease(c, o, scope)
	}
	for _, x := range resources {
		claimResource(c, x)
	}
	return c.contested()
}

// silentUnits are those whose objects claim nothing.
func silentUnits(units []facts.Unit) map[string]bool {
	type whole struct{ path, release, namespace, environment, target string }
	out, seen := map[string]bool{}, map[whole]bool{}
	for _, u := range units {
		w := whole{u.Path, "", u.Namespace, u.Environment, u.Target}
		if strings.HasPrefix(u.ID, "helm:") { // is another one under another name
			w.release = u.Release
		}
		out[u.ID] = u.Undeployed || seen[w]
		seen[w] = seen[w] || !u.Undeployed
	}
	return out
}

func objectName(group, kind, namespace, name string) string {
	if group != "" {
		kind += "." + group
	}
	if namespace == "" {
		return fmt.Sprintf("%s %q", kind, name)
	}
	return fmt.Sprintf("%s %q in %q", kind, name, namespace)
}

// claimSecret names the Secret that another object makes.
func claimSecret(c claims, o facts.Object, scope string) {
	var name string
	var path []any
	switch o.Group + "/" + o.Kind {
	case "/Secret":
		name, path = o.Name, []any{"metadata", "name"}
	case "external-secrets.io/ExternalSecret": // Merge and None leave the Secret to somebody else
		if policy := doc.Text(o.Manifest, "spec", "target", "creationPolicy"); policy == "Merge" || policy == "None" {
			return
		}
		name, path = cmp.Or(doc.Text(o.Manifest, "spec", "target", "name"), o.Name), []any{"spec", "target", "name"}
	case "bitnami.com/SealedSecret":
		name, path = cmp.Or(doc.Text(o.Manifest, "spec", "template", "metadata", "name"), o.Name), []any{"metadata", "name"}
	case "cert-manager.io/Certificate":
		name, path = doc.Text(o.Manifest, "spec", "secretName"), []any{"spec", "secretName"}
	}
	if name != "" {
		c.add("secret", scope, objectName("", "Secret", o.Namespace, name), facts.Claim{Subject: o.Subject, Path: path, By: o.ID, Tool: o.Kind})
	}
}

// claimReplicas names the number of replicas that Git and a scaler both set.
func claimReplicas(c claims, o facts.Object, scope string) {
	if doc.At(o.Manifest, "spec", "replicas") == nil || len(o.Pods) == 0 || o.Pods[0].Autoscaler == "" {
		return
	}
	name := "replicas of " + objectName(o.Group, o.Kind, o.Namespace, o.Name)
	c.add("replicas", scope+" "+o.ID, name, facts.Claim{Subject: o.Subject, Path: []any{"spec", "replicas"}, By: o.ID, Tool: "render"})
	scaler := facts.Subject{ID: o.Pods[0].Autoscaler, Scope: o.Scope}
	c.add("replicas", scope+" "+o.ID, name, facts.Claim{Subject: scaler, Path: []any{"spec", "scaleTargetRef"}, By: scaler.ID, Tool: "scaler"})
}

// claimApplication names what an Application deploys, and where. The revision
// does not count: two of them would fight all the more.
func claimApplication(c claims, o facts.Object, scope string) {
	if o.Group != argoGroup || o.Kind != "Application" {
		return
	}
	dest := doc.Map(o.Manifest, "spec", "destination")
	for i, s := range append([]any{doc.At(o.Manifest, "spec", "source")}, doc.List(o.Manifest, "spec", "sources")...) {
		what := cmp.Or(doc.Text(s, "path"), doc.Text(s, "chart"))
		if what == "" {
			continue
		}
		path := []any{"spec", "source"}
		if i > 0 {
			path = []any{"spec", "sources", i - 1}
		}
		repository := strings.TrimSuffix(strings.TrimSuffix(doc.Text(s, "repoURL"), "/"), ".git")
		name := fmt.Sprintf("%q of %s to %s, namespace %q", what, repository, cmp.Or(doc.Text(dest, "name"), doc.Text(dest, "server")), doc.Text(dest, "namespace"))
		// Several releases of one chart, or of one kustomization with another
		// name prefix, are several things.
		release := ""
		if doc.At(s, "chart") != nil || doc.At(s, "helm") != nil {
			release = fmt.Sprint(cmp.Or(doc.Text(s, "helm", "releaseName"), o.Name))
		}
		k := doc.Map(s, "kustomize")
		distinct := fmt.Sprint(release, k["namePrefix"], k["nameSuffix"], k["namespace"], doc.At(s, "directory"), doc.At(s, "plugin"))
		if o.Environment == "" { // variants for several clusters
			distinct += " " + doc.Text(s, "targetRevision")
		}
		c.add("application", scope+" "+o.Namespace+" "+distinct, name, facts.Claim{Subject: o.Subject, Path: path, By: o.ID, Tool: "Application"})
	}
}

// contested are the claims that somebody else makes as well. Targets of one
// environment are places of their own; a claim without target reaches all.
func (c claims) contested() []facts.Shared {
	out := []facts.Shared{}
	for k, list := range c {
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b facts.Claim) int { return cmp.Compare(a.ID, b.ID) })
		for _, group := range byTarget(list) {
			if k.what == "secret" && sameObject(group) {
				continue // the object itself is contested
			}
			out = append(out, facts.Shared{What: k.what, Name: k.name, Claims: group})
		}
	}
	slices.SortFunc(out, func(a, b facts.Shared) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Name, b.Name),
			slices.CompareFunc(a.Claims, b.Claims, func(x, y facts.Claim) int { return cmp.Compare(x.ID, y.ID) }))
	})
	return out
}

// sameObject says whether all claims are made by objects of one kind and name.
func sameObject(group []facts.Claim) bool {
	name := func(c facts.Claim) string {
		_, n, _ := strings.Cut(c.ID, "#")
		return strings.TrimRight(n, "~0123456789")
	}
	return !slices.ContainsFunc(group, func(c facts.Claim) bool { return c.Tool != group[0].Tool || name(c) != name(group[0]) })
}

// byTarget splits claims into those that meet; a claim without target stands in
// each of them.
func byTarget(list []facts.Claim) [][]facts.Claim {
	targets := map[string]bool{}
	for _, c := range list {
		targets[c.Target] = true
	}
	if len(targets) > 1 {
		delete(targets, "")
	}
	var out [][]facts.Claim
	for t := range targets {
		var group []facts.Claim
		for _, c := range list {
			if c.Target == t || c.Target == "" {
				group = append(group, c)
			}
		}
		if len(group) > 1 {
			out = append(out, group)
		}
	}
	return out
}
