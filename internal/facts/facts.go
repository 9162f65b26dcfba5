// Package facts is the contract between Go and Rego: the input document that
// rules judge. It holds types and no logic. schemas/facts.schema.json
// describes the same document and is checked against these types.
package facts

// Schema names this version of the document.
const Schema = "gate.facts/v1"

// Facts is the input document. Slices are sorted by subject id.
type Facts struct {
	Schema       string        `json:"schema"`
	Now          string        `json:"now"` // RFC 3339, UTC, the time that rules compare with
	Change       Change        `json:"change"`
	Environments []Environment `json:"environments"`
	Services     []Service     `json:"services"`
	Units        []Unit        `json:"units"`
	Objects      []Object      `json:"objects"`
	// DeletedObjects are the objects that only the base has, as they are there.
	// Rules over objects do not see them: what is gone cannot be wrong.
	DeletedObjects []Object `json:"deletedObjects"`
	// GeneratedObjects are what controllers make of other objects: the
	// Applications of ApplicationSets. Rules over objects do not see them, they
	// judge what makes them. Empty without a base.
	GeneratedObjects []Object          `json:"generatedObjects"`
	Containers       []Container       `json:"containers"`
	Images           []Image           `json:"images"`
	Resources        []Resource        `json:"resources"`
	Terraform        Terraform         `json:"terraform"`
	Workflows        []Workflow        `json:"workflows"`
	Secrets          []Secret          `json:"secrets"`
	SecretReferences []SecretReference `json:"secretReferences"`
	Repository       Repository        `json:"repository"`
	Assessments      []Assessment      `json:"assessments"`
	Evidence         []Evidence        `json:"evidence"`
	Contract         *Contract         `json:"contract"` // that was handed in, nil without one
	Index            Index             `json:"index"`
	// Params holds the parameters of every rule: environment name (empty for
	// subjects without one) -> rule id -> parameter -> value. Catalog default,
	// configuration of the rule and of the rule in the environment are merged.
	Params map[string]map[string]map[string]any `json:"params"`
}

// Scope says what a subject belongs to. Target is empty if the subject reaches
// every target of its environment; Environment is empty if none is known.
type Scope struct {
	Environment string `json:"environment"`
	Class       string `json:"class"` // "prod" or "non-prod"
	Target      string `json:"target"`
	Service     string `json:"service"`
	Owner       string `json:"owner"`
	Regulated   bool   `json:"regulated"`
}

// Subject is what every judged thing has: an identity that is stable when
// lines move, and its scope.
type Subject struct {
	ID string `json:"id"`
	Scope
}

// Change is the change that is judged; subject id "change".
type Change struct {
	Subject
	Repository string            `json:"repository"` // host/owner/name from the remote, without scheme and user
	Commit     string            `json:"commit"`     // what is checked out
	Head       string            `json:"head"`       // head of the pull request
	Base       string            `json:"base"`       // tip of the target branch
	MergeBase  string            `json:"mergeBase"`
	Tree       string            `json:"tree"`
	Branch     string            `json:"branch"`
	Author     string            `json:"author"` // forge login with a pull request, else git e-mail
	Message    string            `json:"message"`
	Trailers   map[string]string `json:"trailers"` // of the head commit, keys in lower case
	// Known says whether a base was given, so that Files is the whole change.
	Known       bool         `json:"known"`
	Files       []File       `json:"files"`
	PullRequest *PullRequest `json:"pullRequest"`
	// Codeowners is the file that says who owns Files, that of the target
	// branch; empty if there is none.
	Codeowners string `json:"codeowners"`
	// UnownedRole is the role that approves what nobody owns, if the configuration has it;
	// else empty.
	UnownedRole string `json:"unownedRole"`
	// Unknown is what of the change cannot be told, because one side cannot be
	// read or rendered as a whole: what it does has no transition digest then.
	// Without a base nothing is listed.
	Unknown []UnknownChange `json:"unknown,omitempty"`
}

// UnknownChange is an object, or a unit or file ("file:<path>") with all that
// it holds, of which it is not known what the change does to it: it is neither
// created nor deleted nor as it was. If nothing is known it is the change itself.
type UnknownChange struct {
	Subject
	Side   string `json:"side"` // base or head: the one that cannot be read
	Reason string `json:"reason"`
}

// File is one changed file; subject id "file:<path>".
type File struct {
	Subject
	Path     string   `json:"path"`
	Previous string   `json:"previous"` // path before a rename
	Status   string   `json:"status"`   // added, modified, deleted, renamed
	Owners   []string `json:"owners"`   // by CODEOWNERS
	// Generated says by what the file is marked as generated: "header",
	// "attribute" (linguist-generated), "config", or empty.
	Generated string   `json:"generated"`
	Sources   []string `json:"sources"` // what it is generated from, if told
	// Moved says that the change renamed the file and left its content.
	Moved bool `json:"moved"`
	// Policy says what the file is to the configuration of the target branch, which
	// names it or leads to it by a link: "gate configuration", "waiver file", "trust
	// file", "trusted key", "policy" or "policy data". It is left out if none does.
	Policy string `json:"policy,omitempty"`
}

// PullRequest comes from the event file.
type PullRequest struct {
	Number int      `json:"number"`
	Title  string   `json:"title"`
	Body   string   `json:"body"` // without HTML comments and code fences
	Labels []string `json:"labels"`
	Author string   `json:"author"`
	Head   string   `json:"head"` // branch
	Base   string   `json:"base"` // branch
	Draft  bool     `json:"draft"`
	Fork   bool     `json:"fork"`
}

// Environment is one configured environment; subject id "environment/<name>".
type Environment struct {
	Subject
	Name    string   `json:"name"`
	Paths   []string `json:"paths"` // globs, as configured
	Targets []Target `json:"targets"`
	Reached bool     `json:"reached"` // a subject of this run belongs to it
	Changed bool     `json:"changed"` // the change reaches it; true if the change is unknown
	Freezes []Freeze `json:"freezes"`
}

// Freeze is a time in which an environment must not change: From <= now < To.
// Those of an environment stand in the order of the configuration.
type Freeze struct {
	From   string `json:"from"` // RFC 3339
	To     string `json:"to"`   // RFC 3339
	Reason string `json:"reason"`
}

// Target is one place that an environment is made of.
type Target struct {
	Name       string   `json:"name"`
	Account    string   `json:"account"`
	Region     string   `json:"region"`
	Cluster    string   `json:"cluster"`
	Namespaces []string `json:"namespaces"`
}

// Service is one service of the configuration, the catalog or derived.
type Service struct {
	Name      string `json:"name"`
	Owner     string `json:"owner"`
	DataClass string `json:"dataClass"`
	Regulated bool   `json:"regulated"`
	Origin    string `json:"origin"` // config, catalog-info, label, chart, name, tag
}

// Unit is one thing that is rendered or read as a whole. Its id is
// "<kind>:<path>" with "@<release>" and "@<environment>/<target>" where needed.
type Unit struct {
	Subject
	Kind        string   `json:"kind"` // helm, kustomize, manifests, terraform
	Path        string   `json:"path"`
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	KubeVersion string   `json:"kubeVersion"`
	Values      []string `json:"values"`
	Sources     []string `json:"sources"` // files that were read for it, sorted
	Closure     string   `json:"closure"` // sha256 over sorted "mode path sha256" lines of Sources
	Seeded      bool     `json:"seeded"`  // random, time or key functions were called
	ObjectCount int      `json:"objectCount"`
	// Undeployed is true of what nothing in the repository deploys, where it is
	// known who deploys others of its kind: it is judged, and nobody applies it.
	Undeployed bool   `json:"undeployed"`
	Digest     string `json:"digest"` // sha256 of the rendered documents
	Rendered   bool   `json:"rendered"`
	// Inputs are what the unit was rendered with beside its files, by name, as far
	// as it counts: what its templates do not ask for is left out.
	Inputs []Input `json:"inputs"`
	// Variant says that this is a reading of another unit, and by what; null of
	// what is applied as it stands here.
	Variant *Variant `json:"variant"`
}

// Who fixed an input of a unit.
const (
	ByDeployer      = "deployer"      // the object that deploys it, or how its controller works
	ByConfiguration = "configuration" // an entry of units
	ByEnumeration   = "enumerated"    // nobody: the others are variants of the unit
	ByInvention     = "invented"      // nobody: it is made up
)

// Input is something that a unit is rendered with and that stands in none of its
// files: what a template is told of the release and of the cluster.
type Input struct {
	// Name is release.name, release.namespace, release.operation,
	// release.revision, cluster.version, cluster.apis, helm.version, lookup, dns,
	// clock or random.
	Name  string `json:"name"`
	Value string `json:"value"`
	By    string `json:"by"` // deployer, configuration, enumerated, invented
}

// What a variant is made by.
const (
	VariantFile         = "file"         // of values or variables that nothing names
	VariantLink         = "link"         // that gives it another environment
	VariantOverride     = "override"     // beside a source that no Application of the tree deploys
	VariantCircumstance = "circumstance" // that templates ask for, or the tool that reads
)

// Variant is a reading of a unit or a stack under inputs that nothing fixes. What
// it holds is judged: it is no step of the change, no part of a digest, and lends
// nothing to what is applied. Of a reading under another circumstance only the
// objects are there that differ from those of the unit.
type Variant struct {
	Of   string `json:"of"`   // id of the unit, or of the stack
	By   string `json:"by"`   // file, link, override, circumstance
	With string `json:"with"` // the file, or the path by the link; of a circumstance what is other, in words
	// Hangs names what nobody can know on which it hangs whether it ever comes to
	// that; empty of what occurs. At are the places that decide it, as file or
	// file:line.
	Hangs string   `json:"hangs"`
	At    []string `json:"at"`
}

// StandIn stands in a variant for what an object of the cluster may hold.
const StandIn = "gate-stand-in"

// ByFile is the file that makes a variant of something; "" if none does.
func (v *Variant) ByFile() string {
	if v == nil || v.By != VariantFile {
		return ""
	}
	return v.With
}

// UnitManifests is the kind of a unit of plain files.
const UnitManifests = "manifests"

// Object is one Kubernetes object after rendering. Its id is
// "<unit id>#<group>/<kind>/<namespace>/<name>".
type Object struct {
	Subject
	Unit       string `json:"unit"`
	APIVersion string `json:"apiVersion"`
	Group      string `json:"group"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Manifest is the whole object; Secret data and detected values are
	// {"$redacted": kind}.
	Manifest map[string]any  `json:"manifest"`
	Hook     string          `json:"hook"`   // helm.sh/hook value
	Change   *ResourceChange `json:"change"` // nil without a base
	// Pods are the pod templates of a workload.
	Pods []Pod `json:"pods,omitempty"`
	// Granted is what a RoleBinding or ClusterRoleBinding gives.
	Granted *Granted `json:"granted,omitempty"`
	// Delivery belongs to Argo CD and Flux objects that deliver others.
	Delivery *Delivery `json:"delivery,omitempty"`
	// PrunedBy is the id of the Application or Flux Kustomization that deletes
	// the object when it leaves the tree.
	PrunedBy string `json:"prunedBy,omitempty"`
	// Managed says what a managed resource of Crossplane is; null for others.
	Managed *ManagedObject `json:"managed,omitempty"`
	// Hosts are the host names that the listeners give to a Gateway API route
	// that names none itself, sorted.
	Hosts []string `json:"hosts,omitempty"`
}

// ResourceChange says what the change does to an object or resource.
type ResourceChange struct {
	Action string   `json:"action"` // created, updated, deleted, moved, unchanged
	Paths  []string `json:"paths"`  // changed paths of an update; of what moved, those that changed on the way
	// Before is what an updated or moved object was, secrets redacted; null
	// otherwise. Of a resource it stands in Resource.Before, also of one without a
	// plan, whose change is read from the configuration of base and head.
	Before any `json:"before"`
	// From is the id that an object had in the base, if it moved or a tool gave
	// it another name.
	From string `json:"from"`
	// Candidates are ids of the other side, sorted, where several may be the
	// object and which of them is cannot be told: of the base, what it may be
	// as well (or, of a created one, may be instead of new); of the head, what a
	// deleted one may have become. At most eight.
	Candidates []string `json:"candidates,omitempty"`
	// Outcome is what comes of the action in the cluster: applied; not-applied,
	// where what deploys it does not; orphaned, where it leaves the repository
	// and stays in the cluster; moved, to another cluster; unknown. Empty where
	// nothing is changed, and of resources with a plan.
	Outcome string `json:"outcome,omitempty"`
	Why     string `json:"why,omitempty"` // an outcome other than applied, in words
	// Deletes says that what goes to another deployer or cluster is deleted on
	// the way, or may be.
	Deletes bool `json:"deletes,omitempty"`
}

// The outcomes of a change.
const (
	OutcomeApplied    = "applied"
	OutcomeNotApplied = "not-applied"
	OutcomeOrphaned   = "orphaned"
	OutcomeMoved      = "moved"
	OutcomeUnknown    = "unknown"
)

// Container is one container with the pod-level settings that apply to it. Its
// id is "<object id>/<container name>". Result paths of rules are relative to
// the container; "$pod" as first element leads to the pod spec and "$object" to
// the object.
type Container struct {
	Subject
	Object    string         `json:"object"`
	Unit      string         `json:"unit"`
	Type      string         `json:"type"` // container, init, ephemeral; step: runs an image outside of a pod template (Tekton, Argo Workflows)
	Name      string         `json:"name"`
	Workload  Workload       `json:"workload"`
	Image     ImageReference `json:"image"`
	Container map[string]any `json:"container"`
	Pod       map[string]any `json:"pod"` // pod spec without containers
	// Defaults are the requests and limits that LimitRanges of the namespace
	// set, in the shape of a container's resources.
	Defaults map[string]any `json:"defaults"`
	// Autoscaled are the resources whose requests a VerticalPodAutoscaler sets:
	// cpu, memory.
	Autoscaled []string `json:"autoscaled,omitempty"`
	// Resources are the requests and limits that the container will have, such
	// as requests.cpu, sorted: its own, those of its pod and of LimitRanges, and
	// what the API server and a VerticalPodAutoscaler set.
	Resources []string `json:"resources"`
	// Served are the names of the ports ("" without one) of the Services of the
	// tree that select the pod, sorted, where the container is the only one that
	// their requests can be for.
	Served []string `json:"served,omitempty"`
}

// Workload names the object that carries a pod.
type Workload struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Labels     map[string]string `json:"labels"`
	Replicas   *int64            `json:"replicas"`
}

// ImageReference is a parsed image reference (OCI distribution specification;
// the defaults docker.io and library/ are made explicit).
type ImageReference struct {
	Ref        string `json:"ref"`
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
	Valid      bool   `json:"valid"`
}

// Image is one distinct image in one environment and target; its id is
// "image:<environment>/<target>/<ref>".
type Image struct {
	Subject
	ImageReference
	UsedBy       []string      `json:"usedBy"` // container ids, sorted
	Attestations []Attestation `json:"attestations"`
	// Store says whether attestations of this image could be read: "read",
	// "not-collected" or "unavailable".
	Store  string `json:"store"`
	Reason string `json:"reason"`
}

// Attestation is one signature or attestation about an image or file.
// Outcome is verified, invalid or unknown; an absent one is not listed.
type Attestation struct {
	PredicateType string         `json:"predicateType"`
	Outcome       string         `json:"outcome"`
	Reason        string         `json:"reason"`
	Signer        string         `json:"signer"` // name of the trust entry that verified it
	KeyID         string         `json:"keyId"`  // SHA256:<base64> of the PKIX public key
	Issuer        string         `json:"issuer"`
	Identity      string         `json:"identity"`
	Subject       string         `json:"subjectDigest"`
	File          string         `json:"file"`
	Predicate     map[string]any `json:"predicate"`
}

// Resource is one planned or declared Terraform resource, or a managed resource
// of Crossplane. Its id is "terraform:<stack>:<address>" (with
// "#deposed-<key>" for a deposed object), or "crossplane:<object id>" with
// "/<name>" for one inside a composition.
// Sensitive leaves of Before and After are {"$redacted": "sensitive"}; unknown
// leaves are absent from After and true in Unknown.
type Resource struct {
	Subject
	Stack           string   `json:"stack"` // path of the stack
	Address         string   `json:"address"`
	Module          string   `json:"module"` // module address, "" for the root
	Mode            string   `json:"mode"`   // managed, data
	Type            string   `json:"type"`
	Name            string   `json:"name"`
	Index           any      `json:"index"`
	Provider        string   `json:"provider"` // namespace/type
	Actions         []string `json:"actions"`  // create, read, update, delete, forget, no-op
	ActionReason    string   `json:"actionReason"`
	PreviousAddress string   `json:"previousAddress"`
	Deposed         string   `json:"deposed"`
	Importing       bool     `json:"importing"`
	// Import is what a plan says that it imports: id, identity or unknown.
	Import map[string]any `json:"import,omitempty"`
	// ProviderHost is the registry of the provider, where it is neither Terraform's
	// nor OpenTofu's. ProviderConfig is the key of the configuration that a plan
	// uses (Provider.Key): aws.west, module.net:aws.
	ProviderHost   string `json:"providerHost,omitempty"`
	ProviderConfig string `json:"providerConfig,omitempty"`
	// UnknownSensitive are the top-level attributes in which something that only
	// apply knows is sensitive, and may be made of sensitive variables; sorted. Of
	// plans.
	UnknownSensitive []string       `json:"unknownSensitive,omitempty"`
	Before           map[string]any `json:"before"`
	After            map[string]any `json:"after"`
	Unknown          map[string]any `json:"unknown"`
	Sensitive        [][]any        `json:"sensitive"`    // paths
	ReplacePaths     [][]any        `json:"replacePaths"` // attributes that force the replacement
	// Expressions is the configuration block: attribute -> {"constant": v} or
	// {"references": [...]}, nested blocks as lists.
	Expressions map[string]any `json:"expressions"`
	Origin      string         `json:"origin"` // plan, hcl, crossplane
	// Variant says that the stack was read once more, with a file of variables that
	// nothing names or by another tool; absent of what is planned or declared as it
	// stands. The resource is judged; nobody is known to create it. Its stack is
	// PATH@INPUT.
	Variant *Variant        `json:"variant,omitempty"`
	Change  *ResourceChange `json:"change"`
	// Documents are the JSON documents (policies) that attributes hold, parsed;
	// also those that a plan knows only in part.
	Documents []ResourceDocument `json:"documents"`
	// Companions are resources of the same stack that complete this one: the
	// public access block of a bucket, the network rules of a storage account.
	Companions []Companion `json:"companions"`
	// Lifecycle is what the lifecycle block says: prevent_destroy,
	// create_before_destroy, ignore_changes ("all" or a list of paths).
	Lifecycle map[string]any `json:"lifecycle"`
	// InheritedTags are the default_tags or default_labels of the provider
	// configuration that the resource uses; a value that is not known is null.
	InheritedTags map[string]any `json:"inheritedTags"`
	// Tags are the names of the tags or labels that the resource will have,
	// inherited ones included, sorted.
	Tags []string `json:"tags"`
	// Partial says that the attributes are not all there are: what stands neither
	// in after nor in unknown is not known, and not unset. So it is with what
	// modules that are not in the tree make of their arguments.
	Partial bool `json:"partial,omitempty"`
	// DeclaredType is the type that the configuration names, where Type is that of
	// another provider with the same attributes: azapi_resource, awscc_s3_bucket.
	// Empty elsewhere.
	DeclaredType string `json:"declaredType,omitempty"`
	// Provisioners are the programs that run when the resource is created or
	// destroyed; what they do is not known.
	Provisioners []Provisioner `json:"provisioners,omitempty"`
	// Why says in words that follow its name why a value is not known, by its path
	// without indices ("ingress.cidr_blocks"); what is not listed is known only
	// after apply. Empty for plans.
	Why map[string]string `json:"why,omitempty"`
	// Partly is what is known of texts, and of lists of texts, that are not known as
	// a whole.
	Partly []PartlyKnown `json:"partly,omitempty"`
	// Hidden are the top-level attributes in which a value is known only after
	// apply or redacted, sorted.
	Hidden []string `json:"hidden"`
	// Crossplane says how Crossplane manages the resource; null for Terraform's.
	Crossplane *Crossplane `json:"crossplane,omitempty"`
}

// PartlyKnown is a text, or a list of texts, that holds "<unknown>" in the place of
// what only apply computes: "serviceAccount:<unknown>".
type PartlyKnown struct {
	Path  []any `json:"path"`
	Value any   `json:"value"`
}

// Provisioner is one provisioner of a resource.
type Provisioner struct {
	Type string `json:"type"` // local-exec, remote-exec, file
	When string `json:"when"` // create or destroy
	// Expressions are its arguments as far as they are told, as in
	// Resource.Expressions; of a configuration also when, on_failure and
	// connection, which plans leave out.
	Expressions map[string]any `json:"expressions,omitempty"`
}

// ManagedObject is what an object of Crossplane manages outside of the cluster.
type ManagedObject struct {
	Type    string `json:"type"`    // of Terraform
	Deletes bool   `json:"deletes"` // what it manages is deleted with the object
}

// Crossplane is what a managed resource says about how it is managed.
type Crossplane struct {
	Object             string   `json:"object"`             // id of the object that it is, or of the composition that makes it
	DeletionPolicy     string   `json:"deletionPolicy"`     // Delete, Orphan, or empty
	ManagementPolicies []string `json:"managementPolicies"` // empty: all
	ProviderConfig     string   `json:"providerConfig"`     // name of the ProviderConfig
	Deletes            bool     `json:"deletes"`            // the resource is deleted with the object
}

// ResourceDocument is a JSON document in an attribute. Where a part is known
// only after apply Partial is true and a text holds "<unknown>" in its place.
type ResourceDocument struct {
	Path    []any `json:"path"` // of the attribute
	Value   any   `json:"value"`
	Partial bool  `json:"partial"`
}

// Companion is a resource that completes another one.
type Companion struct {
	Address string         `json:"address"`
	Type    string         `json:"type"`
	After   map[string]any `json:"after"`
	Unknown map[string]any `json:"unknown"`
}

// Terraform is what stacks say beside their resources.
type Terraform struct {
	Stacks []Stack `json:"stacks"`
	// DeletedResources are those of stacks without a plan that only the base
	// declares, with what they were there: actions are delete, or forget where a
	// removed block says so. They are no resources: those have an "after", and
	// what becomes of these only the state tells.
	DeletedResources []Resource `json:"deletedResources,omitempty"`
	// Changes are what else the change does to the configuration of stacks
	// without a plan.
	Changes []DeclaredChange `json:"changes,omitempty"`
}

// DeclaredChange is a change of a part of a configuration that decides about
// resources which the configuration does not show: a call of a module that cannot
// be read, the backend, the configuration or the version of a provider. Its id is
// "terraform:<stack>:<address>".
type DeclaredChange struct {
	Subject
	Stack   string         `json:"stack"`
	Kind    string         `json:"kind"`    // module, backend, provider
	Address string         `json:"address"` // module.vpc, backend, provider.aws.west, provider["registry.terraform.io/hashicorp/aws"]
	Before  map[string]any `json:"before"`  // arguments that are known; null of what is created
	After   map[string]any `json:"after"`
	Change  ResourceChange `json:"change"`
}

// Stack is one Terraform root module; its id is "stack:<path>".
type Stack struct {
	Subject
	Path string `json:"path"`
	Plan bool   `json:"plan"` // a plan was given
	// Role is what the stack is: root is applied as it stands, module is for others
	// to call although nothing in the tree does, example shows how that is done. The
	// latter two say nothing of state, locks and upper bounds: their callers do.
	Role string `json:"role"`
	// PlanLink says whether the plan JSON is that of the binary plan: verified,
	// differs, unverified (no binary plan was given), or empty without a plan.
	PlanLink         string         `json:"planLink"`
	TerraformVersion string         `json:"terraformVersion"`
	FormatVersion    string         `json:"formatVersion"`
	Complete         bool           `json:"complete"`
	Errored          bool           `json:"errored"`
	Providers        []Provider     `json:"providers"`
	Modules          []ModuleCall   `json:"modules"`
	Backend          map[string]any `json:"backend"`
	Drift            []Resource     `json:"drift"`
	Outputs          map[string]any `json:"outputs"`
	// Variables are the values of the root module's variables that a plan was made
	// with; sensitive ones are redacted.
	Variables map[string]any `json:"variables,omitempty"`
	// Source says whether configuration files of the stack stand in the tree.
	Source bool `json:"source"`
	// Problems says why the plan or the configuration may not show everything.
	Problems []string `json:"problems"`
	// ResourceCounts counts the managed resources that exist after apply, by type.
	ResourceCounts map[string]int `json:"resourceCounts"`
	// RequiredVersion holds the required_version constraints of the root module.
	RequiredVersion []string `json:"requiredVersion"`
	// Lock lists the providers of .terraform.lock.hcl (source address ->
	// version and constraints); nil without a lock file.
	Lock map[string]any `json:"lock"`
	// Requirements are the providers that the modules of the tree use or
	// require, by module and local name; empty without configuration files.
	Requirements []ProviderRequirement `json:"requirements"`
}

// The values of Stack.Role.
const (
	StackRoot    = "root"
	StackModule  = "module"
	StackExample = "example"
)

// The values of Stack.PlanLink.
const (
	PlanVerified   = "verified"
	PlanDiffers    = "differs"
	PlanUnverified = "unverified"
)

// ProviderRequirement is one provider of one module.
type ProviderRequirement struct {
	Module     string `json:"module"` // address without keys, "" for the root
	Name       string `json:"name"`   // local
	Source     string `json:"source"` // as written, "" if it is not
	Constraint string `json:"constraint"`
	Declared   bool   `json:"declared"` // in required_providers
	Used       bool   `json:"used"`     // by a resource, data source or provider block
	// Key is how Lock names it: registry.terraform.io/namespace/type.
	Key string `json:"key"`
}

// Provider is one provider requirement or configuration.
type Provider struct {
	// Key is how a plan names the configuration; empty without one.
	Key         string         `json:"key"`
	Name        string         `json:"name"`
	Source      string         `json:"source"`
	Alias       string         `json:"alias"`
	Constraint  string         `json:"constraint"`
	Module      string         `json:"module"`
	Expressions map[string]any `json:"expressions"`
}

// ModuleCall is one module block.
type ModuleCall struct {
	Address string `json:"address"`
	Source  string `json:"source"`
	Version string `json:"version"`
	// Unread says why it is not known what the module makes, and ID is then its
	// subject in the ledger: "module:<stack>:<address>"; both empty if it is.
	Unread string `json:"unread,omitempty"`
	ID     string `json:"id,omitempty"`
	// Line of the call in File, where the configuration stands in the tree.
	File string `json:"file"`
	Line int    `json:"line"`
}

// Workflow is one CI definition; subject id "file:<path>". Its content is the
// parsed document; jobs are flattened for rules.
type Workflow struct {
	Subject
	Path     string         `json:"path"`
	Platform string         `json:"platform"` // github, gitlab, atlantis
	Form     string         `json:"form"`     // workflow, action (composite action), include (of GitLab)
	Document map[string]any `json:"document"`
	// Entries are the environment variables and inputs of the definition, at
	// whatever level they stand.
	Entries []WorkflowEntry `json:"entries"`
	// Expressions are those that GitHub replaces in a script before it runs.
	Expressions []WorkflowExpression `json:"expressions"`
	// Commands are those of programs that deploy, and of gate itself, that its jobs
	// run: by themselves, and through the scripts, Makefiles, actions and workflows of
	// the tree that they call. They stand in the order in which they run.
	Commands []WorkflowCommand `json:"commands"`
}

// WorkflowCommand is one command that a job runs.
type WorkflowCommand struct {
	// Scope is where it deploys to, as far as that is certain; Environment is empty
	// if it is not. By says what tells it.
	Scope
	By   string `json:"by"`
	Key  string `json:"key"`  // of this command among those of the definition
	Path []any  `json:"path"` // that leads to its place
	Job  string `json:"job"`
	// Words are the command's, the program by its base name; Unknown are the indexes
	// of those that only a run would tell, which are as they are written.
	Words   []string `json:"words"`
	Unknown []int    `json:"unknown"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Via     []string `json:"via"` // files and targets that lead to it from the definition
	// Directory is where it works, in the tree; empty if it is not known.
	Directory string `json:"directory"`
	Workspace string `json:"workspace"` // of Terraform, if it is known
	// Environments are those of the forge that the job runs in, as far as they are
	// written out; Accounts those of the roles that it takes.
	Environments []string `json:"environments"`
	Accounts     []string `json:"accounts"`
	// Succeeded are the keys of gate's commands that have certainly succeeded when
	// this one begins.
	Succeeded []string `json:"succeeded"`
	// Passed are commands that may check, and although of that this one runs.
	Passed []WorkflowPass `json:"passed"`
	// Ignored says of one of its commands by what the job succeeds although it has
	// failed; empty if it does not, or that is not known.
	Ignored string `json:"ignored"`
}

// WorkflowPass is a command that may have failed, or may not have run, before another
// one begins.
type WorkflowPass struct {
	Command string `json:"command"` // key, or what cannot be followed, in words
	How     string `json:"how"`
	// Certain says that nothing is known to ask for its outcome in between.
	Certain bool `json:"certain"`
}

// WorkflowExpression is one ${{ … }} in a script, and what can become part of the
// script by it.
type WorkflowExpression struct {
	Path []any  `json:"path"` // to the script, in the document
	Job  string `json:"job"`
	Text string `json:"text"` // as written
	// Carries are the values of contexts that the value of the expression can hold,
	// in lower case: github.event.issue.title; with .** behind it, all below it too.
	// Conditions, comparisons and what is written out carry nothing. Of what cannot
	// be parsed it is the text itself.
	Carries []string `json:"carries"`
}

// WorkflowEntry is one env variable, action input or CI variable.
type WorkflowEntry struct {
	Path   []any  `json:"path"` // to the entry, in the document
	Job    string `json:"job"`
	Step   string `json:"step"`
	Uses   string `json:"uses"` // the action that the entry is an input of
	Kind   string `json:"kind"` // env, with, variable, secrets, run (a secret or variable in a script)
	Name   string `json:"name"`
	Value  string `json:"value"`  // redacted where it is a detected secret
	Secret string `json:"secret"` // name of the secret that the value takes
}

// Secret is one detected secret. It never holds the value. Its id is
// "secret:<rule>:<logical location>:<ordinal>".
type Secret struct {
	Subject
	Rule        string `json:"rule"` // detector
	Description string `json:"description"`
	Carrier     string `json:"carrier"`  // file, object, env, values, plan, workflow, state
	Path        string `json:"path"`     // file
	Location    string `json:"location"` // logical: kind/namespace/name/field, address.attribute or file
	Object      string `json:"object"`   // id of the object or resource, if one carries it
	Length      string `json:"length"`   // bucket: "<8", "8-15", "16-31", "32-63", "64+"
	// Certain says that name, place and value together leave no doubt; else the
	// value may be a sample, an identifier or the hash of a secret.
	Certain bool `json:"certain"`
}

// SecretReference is one reference to a secret in a manager.
type SecretReference struct {
	Subject
	Object    string `json:"object"` // id of the object that refers
	Kind      string `json:"kind"`   // ExternalSecret, ClusterExternalSecret, PushSecret, ...
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	StoreKind string `json:"storeKind"`
	StoreName string `json:"storeName"`
	Key       string `json:"key"`
	Property  string `json:"property"`
	Find      bool   `json:"find"`     // everything that matches is fetched
	FindPath  string `json:"findPath"` // path that limits a find
	Path      []any  `json:"path"`     // of the reference inside the object
	Interval  string `json:"interval"`
	// Namespaces are those that a ClusterExternalSecret lists; it has no
	// namespace of its own.
	Namespaces []string `json:"namespaces"`
	Version    string   `json:"version"`  // pinned version of the secret
	Provider   string   `json:"provider"` // of a SecretProviderClass or data source: aws, azure, gcp, vault
	Write      bool     `json:"write"`    // the reference writes to the manager (PushSecret)
}

// Repository is subject "repository".
type Repository struct {
	Subject
	Codeowners *Codeowners    `json:"codeowners"`
	Protection map[string]any `json:"protection"` // snapshot as handed in, nil without one
}

// Codeowners is the file that says who owns what.
type Codeowners struct {
	Path     string          `json:"path"`
	Dialect  string          `json:"dialect"` // github, gitlab
	Rules    []CodeownerRule `json:"rules"`
	Problems []Problem       `json:"problems"` // lines that the forge does not understand
}

// Problem is a line of a file that cannot be read as what it should be.
type Problem struct {
	Line    int    `json:"line"` // 0: the file as a whole
	Text    string `json:"text"`
	Message string `json:"message"`
}

// CodeownerRule is one line.
type CodeownerRule struct {
	Line    int      `json:"line"`
	Pattern string   `json:"pattern"`
	Owners  []string `json:"owners"`
	Matches int      `json:"matches"` // files that the pattern matches
	// Wins is the number of files that the rule decides: a later rule (of the
	// same section) takes the others.
	Wins      int    `json:"wins"`
	Section   string `json:"section"`   // GitLab, in lower case
	Optional  bool   `json:"optional"`  // GitLab: ^[Section]
	Approvals int    `json:"approvals"` // GitLab: [Section][2], else 1
}

// Assessment is the outcome of a judge that exists only in Go.
type Assessment struct {
	Subject
	Judge   string `json:"judge"` // pod-security, schema, lifecycle, admission, rerender, sops
	Of      string `json:"of"`    // subject id
	Path    []any  `json:"path"`
	Control string `json:"control"`
	Outcome string `json:"outcome"` // pass, fail, unknown
	Message string `json:"message"`
	// Values are what the control was judged on, if a rule may want to judge
	// again: the recipients of a SOPS file.
	Values []string `json:"values"`
	// Kind, Namespace and Name are those of the object that was judged; empty
	// if it was none.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Evidence is what proves the change later, one for each environment and
// target that it reaches; its id is "evidence:<environment>/<target>".
type Evidence struct {
	Subject
	EvidenceID     string `json:"evidenceId"`     // "" if it cannot be derived
	RetentionClass string `json:"retentionClass"` // standard, regulated, incident
	Reason         string `json:"reason"`         // why EvidenceID is empty
}

// Contract is the production change contract that was handed in; subject id
// "contract".
type Contract struct {
	Subject
	// Repository is the repository that the contract names, as host/owner/name in
	// lower case; empty if it is not written with a host.
	Repository string `json:"repository"`
	// Judged are the repositories that are judged, in the same form: those of the
	// remotes and of the event. Empty if none is known.
	Judged []string `json:"judged"`
	// Document is what stands below productionChangeContract, as it is written:
	// what is left out is not in it. It has the form of schemas/contract.schema.json.
	Document map[string]any `json:"document"`
	// Plans are the plans that were handed in beside it, by their names.
	Plans []InputDigest `json:"plans"`
}

// InputDigest is a file that was handed in and the SHA-256 of its bytes, in hex.
type InputDigest struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Index holds small joins for rules of scope tree.
type Index struct {
	Namespaces   []NamespacedName `json:"namespaces"`
	SecretStores []StoreSummary   `json:"secretStores"`
	Objects      []ObjectSummary  `json:"objects"`

	NamespaceUses   []NamespaceUse  `json:"namespaceUses"`
	NetworkPolicies []PolicySummary `json:"networkPolicies"`
	Shared          []Shared        `json:"shared"`
	Unplaced        []Unplaced      `json:"unplaced"`
	Destinations    []Destination   `json:"destinations"`
	// Variants are by the id of their unit what it is one of. An entry belongs to
	// the unit before the "#" of its id: that of a variant is judged, and counts for
	// nothing that is applied.
	Variants map[string]IndexVariant `json:"variants"`
}

// IndexVariant is a Variant in short.
type IndexVariant struct {
	Of string `json:"of"`
	By string `json:"by"`
}

// NamespacedName is an object's name and where it is declared. Environment and
// Target are empty if it exists everywhere.
type NamespacedName struct {
	ID        string            `json:"id"`
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`

	Environment string `json:"environment"`
	Target      string `json:"target"`
	// Via is the kind of the object that makes it: Namespace, or the
	// Application, HelmRelease or Terraform resource that creates it on the way;
	// Path leads to its labels in that object.
	Via  string `json:"via"`
	Path []any  `json:"path"`
}

// StoreSummary is a SecretStore or ClusterSecretStore.
type StoreSummary struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Conditions []any  `json:"conditions"`
	Provider   string `json:"provider"`
	// Environment and Target say where the store exists; empty is everywhere.
	Environment string `json:"environment"`
	Target      string `json:"target"`
	Prefix      string `json:"prefix"` // that the store puts before every key
	Role        string `json:"role"`   // identity in the manager: role ARN, Vault role, client id
	// ServiceAccount is "namespace/name" or "name" of the account that the
	// store authenticates as.
	ServiceAccount string `json:"serviceAccount"`
	Static         bool   `json:"static"` // authenticates with a long-lived credential
}

// ObjectSummary is one object without its content.
type ObjectSummary struct {
	ID          string `json:"id"`
	Environment string `json:"environment"`
	Target      string `json:"target"`
	Unit        string `json:"unit"`
	Group       string `json:"group"`
	Kind        string `json:"kind"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	// DefaultNamespace says that the namespace is a default: the object belongs to
	// a chart whose release namespace nobody gave.
	DefaultNamespace bool `json:"untold,omitempty"`
}

// Redacted stands where a secret value stood.
func Redacted(kind string) map[string]any { return map[string]any{"$redacted": kind} }
