package facts

// Pod is one pod template of an object, with what other objects of the tree
// say about its pods. Objects of the same unit count first, else those of the
// same environment and target.
type Pod struct {
	Path           []any             `json:"path"`   // of the pod spec inside the manifest
	Labels         map[string]string `json:"labels"` // of the template
	ServiceAccount ServiceAccount    `json:"serviceAccount"`
	Budgets        []Budget          `json:"budgets"` // PodDisruptionBudgets that select the pods, sorted by id
	// Autoscaler is the id of the HorizontalPodAutoscaler, ScaledObject or other
	// scaler that owns the number of replicas, else empty; MinReplicas is its
	// lower bound as written.
	Autoscaler  string `json:"autoscaler"`
	MinReplicas any    `json:"minReplicas"`
}

// ServiceAccount is the account that a pod runs as.
type ServiceAccount struct {
	Name      string   `json:"name"`      // "default" if the pod names none
	ID        string   `json:"id"`        // of the object that declares it, empty if none does
	Automount *bool    `json:"automount"` // automountServiceAccountToken of that object
	Bindings  []string `json:"bindings"`  // ids of the RoleBindings and ClusterRoleBindings that name it, sorted
}

// Budget is a PodDisruptionBudget. Its bounds are integers or percentages, as
// written, or null.
type Budget struct {
	ID             string `json:"id"`
	MinAvailable   any    `json:"minAvailable"`
	MaxUnavailable any    `json:"maxUnavailable"`
}

// Granted is what the role of a RoleBinding or ClusterRoleBinding allows. The
// rules of a ClusterRole that aggregates others are those of all of them.
type Granted struct {
	Role  string `json:"role"`  // id of the role, or its name if it is built in
	Known bool   `json:"known"` // the role stands in the tree or is built in
	Rules []any  `json:"rules"` // RBAC rules: apiGroups, resources, verbs, resourceNames, nonResourceURLs
}

// Delivery is what the tree says about an Argo CD or Flux object that delivers
// others.
type Delivery struct {
	Alerts []string `json:"alerts"` // ids of the objects that tell people about it, sorted
	// DefaultAccount says that the Flux controllers in the tree impersonate a
	// service account also where an object names none; NoCrossNamespace, that
	// they refuse references to other namespaces.
	DefaultAccount   bool `json:"defaultAccount"`
	NoCrossNamespace bool `json:"noCrossNamespace"`
	// NoAlerts says that its environment has more than ten objects that deliver
	// others, and that nobody is told about any of them; NoTenants, that it has
	// more than ten of Flux outside of the controllers' own namespaces, of which
	// most name no service account: nothing tells tenants apart there.
	NoAlerts  bool `json:"noAlerts"`
	NoTenants bool `json:"noTenants"`
	// OneTenant says that none of those names an account or takes its source from
	// a namespace that is not the controllers': nobody is kept apart from others,
	// and nobody means to be.
	OneTenant bool `json:"oneTenant"`
}

// NamespaceUse is one namespace that objects of the tree live in, in one
// environment and target. ID is its first object.
type NamespaceUse struct {
	Subject
	Namespace string   `json:"namespace"`
	Declared  []string `json:"declared"` // ids of what makes the namespace, sorted
	Workload  string   `json:"workload"` // id of the first object with pods, empty without one
	// Elsewhere says that the objects belong to a chart whose release namespace
	// nobody gave, so that the name is a default.
	Elsewhere bool `json:"elsewhere"`
}

// PolicySummary is a network policy of any API; Spec is its content.
type PolicySummary struct {
	Subject
	Group     string         `json:"group"`
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace"` // empty if it is cluster-wide
	Name      string         `json:"name"`
	Spec      map[string]any `json:"spec"`
}

// Unplaced counts the things of an environment that several subjects claim, and
// of which nothing tells whether these live in one cluster.
type Unplaced struct {
	Environment string `json:"environment"`
	Count       int    `json:"count"`
	Example     string `json:"example"` // one of them, as a person would name it
}

// Shared is one thing that several subjects of the tree claim to own, in one
// environment and cluster.
type Shared struct {
	What   string  `json:"what"`   // object, replicas, secret, release, application
	Name   string  `json:"name"`   // as a person would name it
	Claims []Claim `json:"claims"` // at least two, sorted by id
}

// Claim is one claim to a thing; Path leads to it inside the subject.
type Claim struct {
	Subject
	Path []any  `json:"path"`
	By   string `json:"by"`   // what makes the claim: unit id, stack id or object id
	Tool string `json:"tool"` // render, terraform, or the kind of the object that makes it
}

// Destination is where an Argo CD or Flux object deploys to. Cluster is the
// name that it gives or that a cluster secret of the tree has for its server;
// Here means the cluster that the object itself lives in.
type Destination struct {
	Subject
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Path      []any  `json:"path"` // of the entry that names the cluster
	Cluster   string `json:"cluster"`
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
	Here      bool   `json:"here"`
	Templated bool   `json:"templated"` // a generator fills it in
}
