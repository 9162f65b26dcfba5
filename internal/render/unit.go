package render

import (
	"cmp"

	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/source"
)

// The kinds of units.
const (
	KindHelm      = "helm"
	KindKustomize = "kustomize"
	KindManifests = facts.UnitManifests
	KindJsonnet   = "jsonnet"
	KindCUE       = "cue"
	// KindApplicationSet holds the Applications that an ApplicationSet makes.
	KindApplicationSet = "applicationset"
)

// Unit is one thing that is rendered as a whole.
type Unit struct {
	ID        string // see facts.Unit
	Kind      string
	Path      string // directory from the root, "." for the root
	Release   string // Helm
	Namespace string // of the release; empty: default
	// Environment and Target are those of the configuration's entry, which
	// wins over every other hint.
	Environment string
	Target      string
	Cluster     string   // destination that a controller object names
	Server      string   // its address, where the object gives that
	Values      []string // value files from the root, later ones win
	KubeVersion string   // empty: DefaultKubeVersion
	APIVersions []string // beside the built-in ones
	// Serves is what the configuration says of the clusters that the unit goes to.
	Serves Serves
	Files  []string // of kind manifests
	Below  bool     // of kind manifests: those of the directory at any depth
	// Configured says that the configuration names the unit.
	Configured bool
	// Controller is the object that deploys the unit, as kind/name; empty if
	// none does.
	Controller string
	// ControllerFile is the file of that object.
	ControllerFile string
	// Deployer is that object among the rendered ones.
	Deployer Deployer
	// Revision is the state of the repository that the controller is pinned to;
	// nil if it follows the change.
	Revision *Revision
	// Artifact is what is left of the tree that the unit is made of; nil if that
	// is all of it.
	Artifact *Artifact
	// Assumed is the name of a revision that is taken for the tree, as nothing is
	// known of it.
	Assumed string
	// Undeployed says that nothing deploys the unit, though what deploys others
	// of this repository is known.
	Undeployed bool
	// Delivers says that among the objects of the unit are some that deploy
	// others, or that this cannot be told.
	Delivers bool
	// From are files beside these that say how the unit is deployed: those of
	// objects that variables or values come from, and the one that a generator
	// read.
	From []string
	// Beside are the names of files beside its source, whether or not they exist,
	// that change what the deployer makes of it.
	Beside []string
	// Spec is that of the object which deploys the unit, where it cannot be told
	// what of it counts.
	Spec map[string]any
	// Watches are paths below which the unit could deploy from, where it cannot
	// be told what it deploys.
	Watches []string
	// Inline are values that the controller's object holds; they win over
	// Values. Parameters win over both.
	Inline     []InlineValues
	Parameters []Parameter
	SkipCRDs   bool // Helm: crds/ is not applied
	SkipTests  bool // Helm: hooks of kind test are not applied
	SkipSchema bool // Helm: values are not held against values.schema.json
	// OwnValues says that Values stand in the place of the chart's values.yaml.
	OwnValues bool
	// Common are labels and annotations that the controller sets in each
	// object when it is rendered.
	Common CommonMetadata
	// CIValues is the ci/*-values.yaml that makes the unit a permutation of
	// its chart, relative to the chart; it is the last of Values.
	CIValues string
	// Strict says that what the chart renders passes through kustomize, which
	// refuses a key that stands twice in a mapping.
	Strict bool
	// PostRenderers change what the chart rendered.
	PostRenderers []PostRenderer
	// Overlay are fields that the controller sets in the kustomization.
	Overlay map[string]any
	// OverlayLoc leads from the fields of Overlay to where the controller's object
	// sets them, NamespaceAt is where it says Namespace.
	OverlayLoc  source.Locator
	NamespaceAt source.Position
	// Generate says that the directory has no kustomization and the
	// controller makes one of its manifests.
	Generate bool
	// Substitute are the variables that the controller replaces in the built
	// objects; nil if it replaces none.
	Substitute map[string]string
	// Jsonnet is what the programs of the unit are given; CUE says what of a
	// package is taken.
	Jsonnet *JsonnetOptions
	CUE     *CUEOptions
	// Fetch is the chart if it is not in the tree. Fault is what is said then if
	// nothing can be fetched.
	Fetch *fetch.Chart
	// OptionalValues are those of Values that need not exist, and others that would
	// be of them.
	OptionalValues []string
	// Fault is why the unit cannot be rendered, known already from the object
	// that deploys it.
	Fault error
	// Place is where the unit is defined: Chart.yaml, kustomization.yaml, the
	// first manifest, or the object that deploys it.
	Place source.Position
	// Defined is where the controller's object stands, if there is one.
	Defined source.Position

	// Notes are about how the unit is deployed.
	Notes []Note
	// Untold are values that are kept outside of the tree: what they change is not
	// known.
	Untold []OpenBranch

	// Variant says that the unit is a reading of another one under inputs that
	// nothing fixes; nil of what is applied.
	Variant *facts.Variant
	told    circumstance // what templates are told that nothing fixes
	// inflated says that a kustomization renders the chart.
	inflated bool
}

// Serves is what clusters serve, as far as the configuration says it of all that a
// unit goes to: their version, and APIs beside the built-in ones. What is said of
// the unit itself wins.
type Serves struct {
	KubeVersion string
	APIVersions []string
}

// ClusterVersion is the version of the cluster that a unit is deployed to, "" if
// nothing says which it is.
func (u Unit) ClusterVersion() string { return cmp.Or(u.KubeVersion, u.Serves.KubeVersion) }

// apis are what the cluster serves beside the built-in ones, none if nothing says
// that.
func (u Unit) apis() []string {
	if len(u.APIVersions) > 0 {
		return u.APIVersions
	}
	return u.Serves.APIVersions
}

// Artifact is a tree as a source controller packs it.
type Artifact struct {
	Rules string // that say what is left out, as one text
	Tree  source.Tree
}

// Deployer is the object that deploys a unit: one of those that the unit of an
// id renders to, by its number from 0. The zero value is none.
type Deployer struct {
	Unit   string
	Object int
}

// InlineValues are values inside an object.
type InlineValues struct {
	Values map[string]any
	Loc    source.Locator // of the values
	Text   bool           // the values are a text, so only its place is known
	// Repeats are the keys that stand twice in the text, by its own lines.
	Repeats []source.Repeat
}

// Parameter is one value set by name, as helm's --set does.
type Parameter struct {
	Name   string
	Value  string
	String bool   // the value stays a string
	File   string // the value is the content of this file
	Loc    source.Locator
}
