package pipeline

import (
	"cmp"
	"slices"

	"gate/internal/facts"
)

// joinPods says of the pod templates of every workload which service account,
// disruption budgets and scaler the tree has for them.
func (j *joiner) joinPods() {
	bindings := j.bindings()
	scalers := j.scalers()
	budgets := map[string][]int{} // namespace -> budgets
	for _, i := range j.kinds("policy", "PodDisruptionBudget") {
		ns := j.objects[i].Namespace
		budgets[ns] = append(budgets[ns], i)
	}
	for i, o := range j.objects {
		for n := range o.Pods {
			pod := &j.objects[i].Pods[n]
			pod.ServiceAccount = j.account(o, specAt(o.Manifest, pod.Path), bindings)
			for _, b := range j.near(o, budgets[o.Namespace]) {
				if m := j.objects[b].Manifest; selects(at(m, "spec", "selector"), pod.Labels) {
					pod.Budgets = append(pod.Budgets, facts.Budget{ID: j.objects[b].ID,
						MinAvailable: at(m, "spec", "minAvailable"), MaxUnavailable: at(m, "spec", "maxUnavailable")})
				}
			}
			slices.SortFunc(pod.Budgets, func(a, b facts.Budget) int { return cmp.Compare(a.ID, b.ID) })
			if s := j.near(o, scalers[scaled{o.Kind, o.Namespace, o.Name}]); len(s) > 0 {
				pod.Autoscaler = j.objects[s[0]].ID
				pod.MinReplicas = lowerBound(j.objects[s[0]].Manifest)
			}
		}
	}
}

// specAt is the pod spec at a path of a manifest.
func specAt(manifest map[string]any, path []any) map[string]any {
	var v any = manifest
	for _, e := range path {
		switch e := e.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[e]
		case int:
			l, _ := v.([]any)
			if e >= len(l) {
				return nil
			}
			v = l[e]
		}
	}
	spec, _ := v.(map[string]any)
	return spec
}

// account is the service account of a pod. Only bindings that name it are its
// own: those of a group of accounts say nothing about what it needs.
func (j *joiner) account(o facts.Object, spec map[string]any, bindings map[[2]string][]int) facts.ServiceAccount {
	a := facts.ServiceAccount{Name: cmp.Or(textAt(spec, "serviceAccountName"), textAt(spec, "serviceAccount"), "default")}
	if sa := j.find(o, "", "ServiceAccount", o.Namespace, a.Name); sa != nil {
		a.ID = sa.ID
		if v, ok := sa.Manifest["automountServiceAccountToken"].(bool); ok {
			a.Automount = &v
		}
	}
	candidates := bindings[[2]string{o.Namespace, a.Name}]
	if j.untold[o.Unit] { // the chart's values may name another namespace than the default
		for k, list := range bindings {
			for _, i := range list {
				if k[1] == a.Name && j.objects[i].Unit == o.Unit {
					candidates = append(candidates[:len(candidates):len(candidates)], i)
				}
			}
		}
	}
	a.Bindings = j.ids(j.near(o, candidates))
	return a
}

// bindings are the RBAC bindings by namespace and name of the service accounts
// that they name.
func (j *joiner) bindings() map[[2]string][]int {
	out := map[[2]string][]int{}
	for _, i := range j.kinds(rbacGroup, "RoleBinding", "ClusterRoleBinding") {
		o := j.objects[i]
		for _, s := range listAt(o.Manifest, "subjects") {
			if textAt(s, "kind") == "ServiceAccount" {
				k := [2]string{cmp.Or(textAt(s, "namespace"), o.Namespace), textAt(s, "name")}
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
func (j *joiner) scalers() map[scaled][]int {
	out := map[scaled][]int{}
	add := func(i int, ref any, kind string) {
		k := scaled{cmp.Or(textAt(ref, "kind"), kind), j.objects[i].Namespace, textAt(ref, "name")}
		out[k] = append(out[k], i)
	}
	for _, i := range j.kinds("autoscaling", "HorizontalPodAutoscaler") {
		add(i, at(j.objects[i].Manifest, "spec", "scaleTargetRef"), "")
	}
	for _, i := range j.kinds("keda.sh", "ScaledObject") { // https://keda.sh/docs/latest/reference/scaledobject-spec
		add(i, at(j.objects[i].Manifest, "spec", "scaleTargetRef"), "Deployment")
	}
	return out
}

// lowerBound is the least number of replicas that a scaler keeps, as written,
// or its documented default.
func lowerBound(scaler map[string]any) any {
	switch scaler["kind"] {
	case "ScaledObject":
		if v := at(scaler, "spec", "minReplicaCount"); v != nil {
			return v
		}
		return int64(0)
	}
	if v := at(scaler, "spec", "minReplicas"); v != nil {
		return v
	}
	return int64(1)
}

// joinVerticalAutoscalers tells the containers whose requests a
// VerticalPodAutoscaler sets, and for which resources. In mode Off it only
// recommends.
func (j *joiner) joinVerticalAutoscalers(containers []facts.Container) {
	byTarget := map[scaled][]int{}
	for _, i := range j.kinds("autoscaling.k8s.io", "VerticalPodAutoscaler") {
		m := j.objects[i].Manifest
		if textAt(m, "spec", "updatePolicy", "updateMode") != "Off" {
			ref := at(m, "spec", "targetRef")
			k := scaled{textAt(ref, "kind"), j.objects[i].Namespace, textAt(ref, "name")}
			byTarget[k] = append(byTarget[k], i)
		}
	}
	if len(byTarget) == 0 {
		return
	}
	for i, c := range containers {
		w := facts.Object{Subject: facts.Subject{Scope: c.Scope}, Unit: c.Unit}
		for _, v := range j.near(w, byTarget[scaled{c.Workload.Kind, c.Workload.Namespace, c.Workload.Name}]) {
			containers[i].Autoscaled = controlled(j.objects[v].Manifest, c.Name)
		}
	}
}

// controlled are the resources of a container that a VerticalPodAutoscaler
// controls; its own policy goes before that of "*".
func controlled(vpa map[string]any, container string) []string {
	both := []string{"cpu", "memory"}
	var policy any
	for _, p := range listAt(vpa, "spec", "resourcePolicy", "containerPolicies") {
		if name := textAt(p, "containerName"); name == container || name == "*" && policy == nil {
			policy = p
		}
	}
	if textAt(policy, "mode") == "Off" {
		return nil
	}
	list, ok := at(policy, "controlledResources").([]any)
	if !ok {
		return both
	}
	return slices.DeleteFunc(both, func(r string) bool { return !slices.Contains(list, any(r)) })
}
