package join

import (
	"cmp"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"

	"k8s.io/apimachinery/pkg/labels"
)

// pods says of the pod templates of every workload which service account,
// disruption budgets and scaler the tree has for them.
//
// It reads workloads, accounts, bindings, budgets and scalers, and writes all of
// Pods but what the pods themselves say: their path and labels.
func pods(d *document) {
	bindings, scalers := bindings(d), scalers(d)
	budgets := map[string][]int{}        // namespace -> budgets
	selects := map[int]labels.Selector{} // by budget
	for _, i := range d.kinds("policy", "PodDisruptionBudget") {
		ns := d.Objects[i].Namespace
		budgets[ns], selects[i] = append(budgets[ns], i), parsed(doc.At(d.Objects[i].Manifest, "spec", "selector"))
	}
	for i, o := range d.Objects {
		for n := range o.Pods {
			pod := &d.Objects[i].Pods[n]
			pod.ServiceAccount = account(d, o, doc.Map(o.Manifest, pod.Path...), bindings)
			for _, b := range d.near(o, budgets[o.Namespace]) {
				if m := d.Objects[b].Manifest; selects[b].Matches(labels.Set(pod.Labels)) {
					pod.Budgets = append(pod.Budgets, facts.Budget{ID: d.Objects[b].ID,
						MinAvailable: doc.At(m, "spec", "minAvailable"), MaxUnavailable: doc.At(m, "spec", "maxUnavailable")})
				}
			}
			slices.SortFunc(pod.Budgets, func(a, b facts.Budget) int { return cmp.Compare(a.ID, b.ID) })
			if s := d.near(o, scalers[scaled{o.Kind, o.Namespace, o.Name}]); len(s) > 0 {
				pod.Autoscaler = d.Objects[s[0]].ID
				pod.MinReplicas = lowerBound(d.Objects[s[0]].Manifest)
			}
		}
	}
}

// account is the service account of a pod. Only bindings that name it are its
// own: those of a group of accounts say nothing about what it needs.
func account(d *document, o facts.Object, spec map[string]any, bindings map[[2]string][]int) facts.ServiceAccount {
	a := facts.ServiceAccount{Name: cmp.Or(doc.Text(spec, "serviceAccountName"), doc.Text(spec, "serviceAccount"), "default")}
	if sa := d.find(o, "", "ServiceAccount", o.Namespace, a.Name); sa != nil {
		a.ID = sa.ID
		if v, ok := sa.Manifest["automountServiceAccountToken"].(bool); ok {
			a.Automount = &v
		}
	}
	candidates := bindings[[2]string{o.Namespace, a.Name}]
	// Where nobody says which namespace a pod ends up in, it is the one that a
	// binding beside it names: the values of a chart may name another than the
	// default, and plain manifests go where whoever applies them says.
	if d.DefaultNamespace[o.Unit] || o.Namespace == "" {
		for k, list := range bindings {
			for _, i := range list {
				if k[1] == a.Name && d.Objects[i].Unit == o.Unit {
					candidates = append(candidates[:len(candidates):len(candidates)], i)
				}
			}
		}
	}
	a.Bindings = d.ids(d.near(o, candidates))
	return a
}

// bindings are the RBAC bindings by namespace and name of the service accounts
// that they name.
func bindings(d *document) map[[2]string][]int {
	out := map[[2]string][]int{}
	for _, i := range d.kinds(rbacGroup, "RoleBinding", "ClusterRoleBinding") {
		o := d.Objects[i]
		for _, s := range doc.List(o.Manifest, "subjects") {
			if doc.Text(s, "kind") == "ServiceAccount" {
				k := [2]string{cmp.Or(doc.Text(s, "namespace"), o.Namespace), doc.Text(s, "name")}
				out[k] = append(out[k], i)
			}
		}
	}
	return out
}

// scaled is what a scaler's reference names; its group is left out because
// scalers may leave it out as well.
type scaled struct{ kind, namespace, name string }

// scalers are the objects that own the number of replicas, by what they scale.
func scalers(d *document) map[scaled][]int {
	out := map[scaled][]int{}
	add := func(i int, ref any, kind string) {
		k := scaled{cmp.Or(doc.Text(ref, "kind"), kind), d.Objects[i].Namespace, doc.Text(ref, "name")}
		out[k] = append(out[k], i)
	}
	for _, i := range d.kinds("autoscaling", "HorizontalPodAutoscaler") {
		add(i, doc.At(d.Objects[i].Manifest, "spec", "scaleTargetRef"), "")
	}
	for _, i := range d.kinds("keda.sh", "ScaledObject") { // https://keda.sh/docs/latest/reference/scaledobject-spec
		add(i, doc.At(d.Objects[i].Manifest, "spec", "scaleTargetRef"), "Deployment")
	}
	return out
}

// lowerBound is the least number of replicas that a scaler keeps, as written,
// or its documented default.
func lowerBound(scaler map[string]any) any {
	switch scaler["kind"] {
	case "ScaledObject":
		if v := doc.At(scaler, "spec", "minReplicaCount"); v != nil {
			return v
		}
		return int64(0)
	}
	if v := doc.At(scaler, "spec", "minReplicas"); v != nil {
		return v
	}
	return int64(1)
}

// verticalAutoscalers tells the containers whose requests a
// VerticalPodAutoscaler sets, and for which resources. In mode Off it only
// recommends.
//
// It reads these objects and the workload of each container, and writes
// Autoscaled of the containers that they reach.
func verticalAutoscalers(d *document) {
	byTarget := map[scaled][]int{}
	for _, i := range d.kinds("autoscaling.k8s.io", "VerticalPodAutoscaler") {
		m := d.Objects[i].Manifest
		if doc.Text(m, "spec", "updatePolicy", "updateMode") != "Off" {
			ref := doc.At(m, "spec", "targetRef")
			k := scaled{doc.Text(ref, "kind"), d.Objects[i].Namespace, doc.Text(ref, "name")}
			byTarget[k] = append(byTarget[k], i)
		}
	}
	if len(byTarget) == 0 {
		return
	}
	for i, c := range d.Containers {
		w := facts.Object{Subject: facts.Subject{Scope: c.Scope}, Unit: c.Unit}
		for _, v := range d.near(w, byTarget[scaled{c.Workload.Kind, c.Workload.Namespace, c.Workload.Name}]) {
			d.Containers[i].Autoscaled = controlled(d.Objects[v].Manifest, c.Name)
		}
	}
}

// controlled are the resources of a container that a VerticalPodAutoscaler
// controls; its own policy goes before that of "*".
func controlled(vpa map[string]any, container string) []string {
	both := []string{"cpu", "memory"}
	var policy any
	for _, p := range doc.List(vpa, "spec", "resourcePolicy", "containerPolicies") {
		if name := doc.Text(p, "containerName"); name == container || name == "*" && policy == nil {
			policy = p
		}
	}
	if doc.Text(policy, "mode") == "Off" {
		return nil
	}
	list, ok := doc.At(policy, "controlledResources").([]any)
	if !ok {
		return both
	}
	return slices.DeleteFunc(both, func(r string) bool { return !slices.Contains(list, any(r)) })
}
