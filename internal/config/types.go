// Package config reads .gate.yaml, the waivers and the trust file strictly:
// unknown keys, duplicate keys and wrong types are errors with a line and the
// nearest known name.
package config

import (
	"cmp"
	"time"

	"gate/internal/source"
)

// APIVersion is the version of the configuration that this package reads.
const APIVersion = "gate/v1"

// Class is the class of an environment.
type Class string

// The classes.
const (
	Prod    Class = "prod"
	NonProd Class = "non-prod"
)

// Config is .gate.yaml. The zero value is "no configuration".
type Config struct {
	APIVersion   string                `json:"apiVersion"`
	Environments []Environment         `json:"environments,omitempty"`
	Units        []Unit                `json:"units,omitempty"`
	Stacks       []Stack               `json:"stacks,omitempty"`
	Services     []Service             `json:"services,omitempty"`
	Rules        map[string]RuleConfig `json:"rules,omitempty"`
	People       map[string]Person     `json:"people,omitempty"`
	Roles        map[string]Role       `json:"roles,omitempty"`
	// Decision bounds decisions.
	Decision DecisionConfig `json:"decision,omitempty"`
	// UnownedPaths is the role that approves changes of paths that CODEOWNERS gives to
	// nobody; the default is platform, if that role is defined.
	UnownedPaths string `json:"unownedPaths,omitempty"`
	// Approvals is class -> risk class (low, medium, high, critical) -> need.
	Approvals map[Class]map[string]Approval `json:"approvals,omitempty"`
	Exclude   []Exclude                     `json:"exclude,omitempty"`
	Optional  []string                      `json:"optional,omitempty"` // pull-request, plan, protection, attestations, contract
	Drift     []Drift                       `json:"drift,omitempty"`
	Freezes   []Freeze                      `json:"freezes,omitempty"`
	Policies  []Policy                      `json:"policies,omitempty"`
	Waivers   string                        `json:"waivers,omitempty"` // path, default .gate/waivers.yaml
	Trust     string                        `json:"trust,omitempty"`   // path, default .gate/trust.yaml
	// InlineWaivers says where comments "gate:waive" count.
	InlineWaivers InlineWaivers `json:"inlineWaivers,omitempty"`

	// Workloads are kinds that run containers, beside those that are known.
	Workloads []Workload `json:"workloads,omitempty"`

	// Clusters are those that Argo CD knows: what the clusters generator of an
	// ApplicationSet runs over. They also say which address a name stands for.
	Clusters []Cluster `json:"clusters,omitempty"`

	// StandIns are what the value of a variable that lives outside Git is taken
	// for, by unit or stack (an id, a path or a glob over paths) and variable.
	StandIns map[string]map[string]string `json:"standIns,omitempty"`

	// Baseline says what findings lead to that the base of a change has as well.
	Baseline Baseline `json:"baseline,omitempty"`

	// CIValues renders each ci/*-values.yaml of a chart as a unit of its own,
	// instead of the default values.
	CIValues bool `json:"ciValues,omitempty"`

	// TestData are globs of what is input of tests: it is judged and listed apart, and
	// denies nothing, unless something deploys it.
	TestData []string `json:"testData,omitempty"`

	// Scope is what pull requests judge: "change", no more than they reach, or
	// "tree" (the default), everything. A decision for production that covers no
	// more than the change is made only where this says so.
	Scope string `json:"scope,omitempty"`

	// Cache says whose results may be used.
	Cache Cache `json:"cache,omitempty"`

	// File is the path that the configuration was read from; empty for a
	// configuration that was built in code.
	File string `json:"-"`
	// Places leads from a path in the file ("environments", 0, "name") to
	// its line. It is nil for a configuration that was built in code.
	Places source.Locator `json:"-"`
}

// InlineWaivers says where comments "gate:waive" count. They always count only
// if the same comment stands at policy-ref.
type InlineWaivers struct {
	// Production allows them for findings of class prod; the default is false.
	Production bool `json:"production,omitempty"`
}

// Environment is one environment and where it stands in the tree.
type Environment struct {
	Name      string   `json:"name"`
	Class     Class    `json:"class"`
	Paths     []string `json:"paths,omitempty"` // doublestar globs
	Regulated bool     `json:"regulated,omitempty"`
	Targets   []Target `json:"targets,omitempty"`
}

// Target is one place that an environment is made of.
type Target struct {
	Name       string   `json:"name"`
	Account    string   `json:"account,omitempty"`
	Region     string   `json:"region,omitempty"`
	Cluster    string   `json:"cluster,omitempty"` // name
	Server     string   `json:"server,omitempty"`  // address of the cluster, a URL
	Namespaces []string `json:"namespaces,omitempty"`
	Paths      []string `json:"paths,omitempty"` // globs, within the environment
	// KubeVersion and APIVersions are what the cluster serves, the latter beside
	// the built-in ones. An entry of units and the object that deploys a unit win.
	KubeVersion string   `json:"kubeVersion,omitempty"`
	APIVersions []string `json:"apiVersions,omitempty"`
}

// Unit is one rendering that discovery cannot know.
type Unit struct {
	Chart         string   `json:"chart,omitempty"`
	Kustomization string   `json:"kustomization,omitempty"`
	Release       string   `json:"release,omitempty"`
	Namespace     string   `json:"namespace,omitempty"`
	Environment   string   `json:"environment,omitempty"`
	Target        string   `json:"target,omitempty"`
	Values        []string `json:"values,omitempty"` // files from the root, later ones win
	KubeVersion   string   `json:"kubeVersion,omitempty"`
	APIVersions   []string `json:"apiVersions,omitempty"`

	// Jsonnet is a program; the values are its external variables and its
	// top-level arguments, as text and as code.
	Jsonnet string            `json:"jsonnet,omitempty"`
	Libs    []string          `json:"libs,omitempty"` // directories of libraries, the last one first
	ExtVars map[string]string `json:"extVars,omitempty"`
	ExtCode map[string]string `json:"extCode,omitempty"`
	TLAs    map[string]string `json:"tlas,omitempty"`
	TLACode map[string]string `json:"tlaCode,omitempty"`

	// CUE is a file or the directory of a package.
	CUE        string            `json:"cue,omitempty"`
	Package    string            `json:"package,omitempty"`    // if the directory has several
	Expression string            `json:"expression,omitempty"` // the field that holds the objects
	Tags       map[string]string `json:"tags,omitempty"`       // values of fields with @tag
}

// Source is the path that says what the unit is: of a chart, a kustomization,
// a Jsonnet program or a CUE package.
func (u Unit) Source() string { return cmp.Or(u.Chart, u.Kustomization, u.Jsonnet, u.CUE) }

// Stack says where a Terraform root module belongs.
type Stack struct {
	Path        string `json:"path"`
	Environment string `json:"environment,omitempty"`
	Target      string `json:"target,omitempty"`
	// VarFiles are the files that the plan is made with (-var-file), in that
	// order, as paths of the repository. Without a plan they tell the variables.
	VarFiles []string `json:"varFiles,omitempty"`
}

// Service is one service.
type Service struct {
	Name      string       `json:"name"`
	Paths     []string     `json:"paths,omitempty"`
	Match     ServiceMatch `json:"match,omitempty"`
	Owner     string       `json:"owner,omitempty"`
	DataClass string       `json:"dataClass,omitempty"` // "regulated" makes its subjects regulated
}

// ServiceMatch selects subjects of a service beside its paths.
type ServiceMatch struct {
	Namespaces []string          `json:"namespaces,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
}

// RuleConfig sets effect and parameters of a rule.
type RuleConfig struct {
	// Effect is class or environment name -> effect. A single effect in the
	// file is kept under the key "*".
	Effect       map[string]string                `json:"effect,omitempty" short:"*"`
	EnforceFrom  *time.Time                       `json:"enforceFrom,omitempty"` // before it, deny and require-approval are warn
	Params       map[string]any                   `json:"params,omitempty"`
	Environments map[string]RuleEnvironmentConfig `json:"environments,omitempty"`
}

// RuleEnvironmentConfig is RuleConfig for one environment.
type RuleEnvironmentConfig struct {
	Effect string         `json:"effect,omitempty"`
	Params map[string]any `json:"params,omitempty"`
}

// Person maps identities to one human.
type Person struct {
	Forge      []string   `json:"forge,omitempty"` // "github:alice"
	Git        []string   `json:"git,omitempty"`   // e-mails
	Identities []Identity `json:"identities,omitempty"`
	Keys       []string   `json:"keys,omitempty"` // SHA256:...
}

// Identity is a signing identity.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// Role is a set of people that an approval can be asked of.
type Role struct {
	Members []string `json:"members,omitempty"`
	Teams   []string `json:"teams,omitempty"`
	Count   int      `json:"count,omitempty"`  // 0 means 1
	Source  []string `json:"source,omitempty"` // review, deployment, signature: the weakest that counts, and all above it
}

// Approval is the need of a risk class. A plain number in the file is Count.
type Approval struct {
	Count int      `json:"count"`
	Roles []string `json:"roles,omitempty"`
}

// Workload says where a custom kind has its pods. Places are paths with dots;
// "[]" after a name stands for every element of a list.
type Workload struct {
	Kind       string   `json:"kind"`                 // group/Kind
	Pods       []string `json:"pods,omitempty"`       // of pod templates, such as spec.template or spec.tasks[].template
	Containers []string `json:"containers,omitempty"` // of containers outside of pod templates, such as spec.steps[]
}

// Cluster is a cluster that Argo CD deploys to, as its Secret describes it
// (https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters).
type Cluster struct {
	Name        string            `json:"name"`
	Server      string            `json:"server"` // URL
	Project     string            `json:"project,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Exclude takes paths or a unit out of judging, visibly and for a time.
type Exclude struct {
	Paths   []string  `json:"paths,omitempty"`
	Unit    string    `json:"unit,omitempty"`
	Reason  string    `json:"reason"`
	Owner   string    `json:"owner"`
	Expires time.Time `json:"expires"` // the last day on which it counts
	Line    int       `json:"-"`
}

// Drift is one known class of drift.
type Drift struct {
	Class    string     `json:"class"`
	Match    string     `json:"match"`
	Owner    string     `json:"owner"`
	Reason   string     `json:"reason"`
	ReviewBy *time.Time `json:"reviewBy,omitempty"`
}

// Freeze is a time in which an environment must not change.
type Freeze struct {
	Environment string    `json:"environment"`
	From        time.Time `json:"from"`
	// To is exclusive; a date in the file means the end of that day.
	To     time.Time `json:"to" date:"end"`
	Reason string    `json:"reason"`
}

// Cache says which directories of results, those that are named with --cache, may be
// used for a decision.
type Cache struct {
	Decisions []string `json:"decisions,omitempty"` // absolute paths on the machine that judges
}

// Baseline says what a finding of a change may lead to at most that the base has
// as well, as an effect.
type Baseline struct {
	Existing string `json:"existing,omitempty"` // default warn
	// Until is exclusive; a date in the file means the end of that day. From
	// then on existing findings lead to what new ones do.
	Until *time.Time `json:"until,omitempty" date:"end"`
	// Rules are rule id -> the same for one rule.
	Rules map[string]string `json:"rules,omitempty"`
}

// Policy is one set of an organisation's own Rego.
type Policy struct {
	// Name is the first element of its rule ids; the default is the last
	// element of Path, "policy" for the root.
	Name       string   `json:"name,omitempty"`
	Path       string   `json:"path,omitempty"`
	Paths      []string `json:"paths,omitempty"` // besides Path
	Style      string   `json:"style,omitempty"` // catalog, conftest
	Rego       string   `json:"rego,omitempty"`  // v0, v1
	Namespaces []string `json:"namespaces,omitempty"`
	Data       []string `json:"data,omitempty"`
	Combine    bool     `json:"combine,omitempty"`
	Documents  string   `json:"documents,omitempty"` // files, rendered, plan
	Match      []string `json:"match,omitempty"`     // globs
	// Parser is how conftest calls the format of the files; empty: by their names.
	Parser string `json:"parser,omitempty"`
	Strict bool   `json:"strict,omitempty"` // as conftest --strict
	// Secrets lets the policies see the secret values of their documents. What they say
	// goes without them.
	Secrets bool `json:"secrets,omitempty"`
	// Ignore is a regular expression: files whose path it matches are left out, as by
	// conftest --ignore.
	Ignore string `json:"ignore,omitempty"`
	// FailOnWarn makes what warns deny, as conftest --fail-on-warn does.
	FailOnWarn bool `json:"failOnWarn,omitempty"`
	// Conftest is a configuration of conftest that says what the entry does not.
	Conftest string `json:"conftest,omitempty"`
}

// DecisionConfig bounds decisions.
type DecisionConfig struct {
	// MaxValidity is how long they may be used at most, as Go writes durations: "24h". It
	// shortens the limits of Config.MaxValidity.
	MaxValidity string `json:"maxValidity,omitempty"`
	// Require are the kinds of evidence without which it is not known whether approvals
	// count: what was not handed in could hold a rejection. reviews, deployments and
	// approvals, the whole directory of signed ones.
	Require []string `json:"require,omitempty"`
}

// Waiver is one entry of the waiver file.
type Waiver struct {
	ID         string      `json:"id"`
	Rule       string      `json:"rule"`
	Scope      WaiverScope `json:"scope"`
	Owner      string      `json:"owner"`
	Reason     string      `json:"reason"`
	Ticket     string      `json:"ticket,omitempty"`
	ApprovedBy []string    `json:"approvedBy,omitempty"`
	Created    time.Time   `json:"created"`
	Expires    time.Time   `json:"expires"` // the last day on which it counts
	Line       int         `json:"-"`
	// Faults are what is wrong with the entry. An entry with faults waives
	// nothing and is itself a finding.
	Faults []string `json:"-"`
}

// WaiverScope says what a waiver covers: an environment, and a path glob or a
// subject id glob (exact or anchored). An empty environment covers findings
// that belong to no environment, "*" covers every environment and is allowed
// with an exact path or subject only.
type WaiverScope struct {
	Environment string `json:"environment,omitempty"`
	Path        string `json:"path,omitempty"`
	Subject     string `json:"subject,omitempty"`
}

// Waivers is the waiver file.
type Waivers struct {
	APIVersion string `json:"apiVersion"`
	// MaxDays is severity -> longest life in days.
	MaxDays map[string]int `json:"maxDays,omitempty"`
	Waivers []Waiver       `json:"waivers"`
	File    string         `json:"-"`
}

// Trust is the trust file.
type Trust struct {
	APIVersion string        `json:"apiVersion"`
	Images     []ImageTrust  `json:"images,omitempty"`
	Decisions  []SignerTrust `json:"decisions,omitempty"`
	// Runners are the jobs that may apply.
	Runners []RunnerTrust `json:"runners,omitempty"`
	// Collectors may pass on what a forge says of approvals.
	Collectors []CollectorTrust `json:"collectors,omitempty"`
	// Revoked are decisions, approvals and keys that were taken back.
	Revoked []Revocation `json:"revoked,omitempty"`
	File    string       `json:"-"`
}

// ImageTrust says who may sign which images.
type ImageTrust struct {
	Name     string   `json:"name"`
	Match    []string `json:"match"` // globs over registry/repository
	Keys     []Key    `json:"keys,omitempty"`
	Identity []Signer `json:"identities,omitempty"`
}

// SignerTrust says who may sign decisions for a repository and environment.
type SignerTrust struct {
	Name         string   `json:"name"`
	Repositories []string `json:"repositories,omitempty"`
	Environments []string `json:"environments,omitempty"`
	Keys         []Key    `json:"keys,omitempty"`
	Identity     []Signer `json:"identities,omitempty"`
}

// RunnerTrust says which jobs may apply for a repository and environment, by the identity
// tokens of their CI. Lists that are empty allow all.
type RunnerTrust struct {
	Name         string   `json:"name"`
	Repositories []string `json:"repositories,omitempty"`
	Environments []string `json:"environments,omitempty"`
	Issuer       string   `json:"issuer"` // https://…, exactly
	Audience     string   `json:"audience"`
	Keys         string   `json:"keys"` // path of the issuer's JSON Web Key Set, from the root
	// Of the job, as globs: the environment of the forge, the workflow that defines it
	// with its ref, and the ref that it runs on.
	Deployments []string `json:"deployments,omitempty"`
	Workflows   []string `json:"workflows,omitempty"`
	Refs        []string `json:"refs,omitempty"`
}

// CollectorTrust says who may pass on which approvals of a forge, for a repository and
// environment. What its keys sign is never an approval of its own.
type CollectorTrust struct {
	Name         string   `json:"name"`
	Sources      []string `json:"sources"` // review, deployment
	Repositories []string `json:"repositories,omitempty"`
	Environments []string `json:"environments,omitempty"`
	Keys         []Key    `json:"keys"`
}

// Revocation takes one thing back: exactly one of the first three is set.
type Revocation struct {
	Decision string `json:"decision,omitempty"` // sha256 of its payload, in hex
	Approval string `json:"approval,omitempty"` // the same
	Key      string `json:"key,omitempty"`      // SHA256:..., of a key that signs decisions or approvals
	Reason   string `json:"reason"`
}

// Key is a public key, inline PEM or a path from the root.
type Key struct {
	PEM  string `json:"pem,omitempty"`
	File string `json:"file,omitempty"`
}

// Signer is a keyless identity; Subject is exact or a glob with anchored path segments.
type Signer struct {
	Issuer           string `json:"issuer"`
	Subject          string `json:"subject"`
	SourceRepository string `json:"sourceRepository,omitempty"`
	SourceOwnerID    string `json:"sourceOwnerId,omitempty"`
}
