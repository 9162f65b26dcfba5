package join

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// identity is what two claims must have in common to be about one thing.
type identity struct{ what, environment, name string }

// placed is a claim with the cluster that it is made in.
type placed struct {
	facts.Claim
	cluster cluster
}

// claims collects who says that something is theirs.
type claims struct {
	clusters Clusters
	made     map[identity][]placed
	// of leads from a unit that is another one under other circumstances to that.
	of map[string]string
}

func (c claims) add(what, environment, name string, claim facts.Claim, in cluster) {
	k := identity{what, environment, name}
	c.made[k] = append(c.made[k], placed{claim, in})
}

// shared are the things that more than one object claims.
//
// It reads units, names, hooks and Autoscaler of all objects and what those claim that
// make others, and writes Index.Shared and Index.Unplaced.
func shared(d *document) {
	d.Index.Shared, d.Index.Unplaced = contested(d.Clusters, d.Units, d.Objects, nil)
}

// contested are the things that more than one subject claims in a cluster, and
// for each environment those of which it is not known whether that is so: the
// overlays of several clusters hold the same names. Where the environment is
// unknown only what one chart or kustomization renders is compared; files of
// one directory may be meant for several. What nothing deploys claims nothing;
// what is deployed twice as a whole claims once: that is told of what deploys it.
func contested(clusters Clusters, units []facts.Unit, objects []facts.Object, resources []facts.Resource) ([]facts.Shared, []facts.Unplaced) {
	c := claims{clusters, map[identity][]placed{}, variantsOf(units)}
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
			c.add("object", scope, objectName(o.Group, o.Kind, o.Namespace, o.Name), by, c.in(o))
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
	for id, of := range variantsOf(units) {
		out[id] = out[of]
	}
	return out
}

// variantsOf leads from the units that are others under other circumstances to
// those.
func variantsOf(units []facts.Unit) map[string]string {
	out := map[string]string{}
	for _, u := range units {
		if u.Variant != nil && u.Variant.By == facts.VariantCircumstance {
			out[u.ID] = u.Variant.Of
		}
	}
	return out
}

// in is the cluster that an object lives in.
func (c claims) in(o facts.Object) cluster {
	return c.clusters.of(o.Scope, cmp.Or(c.of[o.Unit], o.Unit))
}

// alternatives leaves out of some claims those of a unit under other circumstances
// where the unit makes one itself, and all but the first of them: never more than
// one of them is applied. What is applied stands before them.
func (c claims) alternatives(list []placed) []placed {
	if len(c.of) == 0 {
		return list
	}
	varied := func(p placed) (of string) { return c.of[unitOf(p.By)] }
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(min(len(varied(a)), 1), min(len(varied(b)), 1)) })
	made := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(p placed) bool {
		of := varied(p)
		again := of != "" && made[of]
		made[cmp.Or(of, unitOf(p.By))] = true
		return again
	})
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
		c.add("secret", scope, objectName("", "Secret", o.Namespace, name), facts.Claim{Subject: o.Subject, Path: path, By: o.ID, Tool: o.Kind}, c.in(o))
	}
}

// claimReplicas names the number of replicas that Git and a scaler both set.
func claimReplicas(c claims, o facts.Object, scope string) {
	if doc.At(o.Manifest, "spec", "replicas") == nil || len(o.Pods) == 0 || o.Pods[0].Autoscaler == "" {
		return
	}
	name := "replicas of " + objectName(o.Group, o.Kind, o.Namespace, o.Name)
	c.add("replicas", scope+" "+o.ID, name, facts.Claim{Subject: o.Subject, Path: []any{"spec", "replicas"}, By: o.ID, Tool: "render"}, c.in(o))
	scaler := facts.Subject{ID: o.Pods[0].Autoscaler, Scope: o.Scope}
	c.add("replicas", scope+" "+o.ID, name, facts.Claim{Subject: scaler, Path: []any{"spec", "scaleTargetRef"}, By: scaler.ID, Tool: "scaler"},
		c.clusters.of(o.Scope, unitOf(scaler.ID)))
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
		c.add("application", scope+" "+o.Namespace+" "+distinct, name, facts.Claim{Subject: o.Subject, Path: path, By: o.ID, Tool: "Application"}, c.reached(o))
	}
}

// reached is the cluster that an object deploys to.
func (c claims) reached(o facts.Object) cluster {
	to := destinationOf(o)
	if name := elsewhere(to.Cluster, to.Server); name != "" && !to.Templated {
		return c.clusters.named(o.Scope, name)
	}
	return c.in(o)
}

// contested are the claims that somebody else makes as well, in one cluster,
// and what is not known to be so.
func (c claims) contested() ([]facts.Shared, []facts.Unplaced) {
	out := []facts.Shared{}
	unplaced := map[string]facts.Unplaced{}
	for k, list := range c.made {
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b placed) int { return cmp.Compare(a.ID, b.ID) })
		if k.what != "replicas" { // which one object has, with its scaler
			list = c.alternatives(list)
		}
		groups, doubtful := byCluster(list)
		if env := list[0].Environment; doubtful && env != "" {
			u := unplaced[env]
			if u.Count == 0 || k.name < u.Example {
				u.Environment, u.Example = env, k.name
			}
			u.Count++
			unplaced[env] = u
		}
		for _, group := range groups {
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
	return out, slices.SortedFunc(maps.Values(unplaced), func(a, b facts.Unplaced) int { return cmp.Compare(a.Environment, b.Environment) })
}

// sameObject says whether all claims are made by objects of one kind and name.
func sameObject(group []facts.Claim) bool {
	name := func(c facts.Claim) string {
		_, n, _ := strings.Cut(c.ID, "#")
		return strings.TrimRight(n, "~0123456789")
	}
	return !slices.ContainsFunc(group, func(c facts.Claim) bool { return c.Tool != group[0].Tool || name(c) != name(group[0]) })
}

// byCluster splits claims into those that meet in a cluster. doubtful says that
// others may be in one cluster as well: of some it is not known.
func byCluster(list []placed) (groups [][]facts.Claim, doubtful bool) {
	in := map[cluster][]facts.Claim{}
	for _, c := range list {
		in[c.cluster] = append(in[c.cluster], c.Claim)
	}
	for at, group := range in {
		doubtful = doubtful || !at.known && len(in) > 1
		if len(group) > 1 {
			groups = append(groups, group)
		}
	}
	return groups, doubtful
}
