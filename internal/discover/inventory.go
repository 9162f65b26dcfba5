// Package discover walks a tree once and says what each file is: chart,
// kustomization, manifest, Terraform root, workflow, CODEOWNERS. It opens no
// network connection and renders nothing.
package discover

import (
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Kind is what a file is.
type Kind string

// The kinds of files.
const (
	KindChart         Kind = "chart"          // Chart.yaml
	KindChartTemplate Kind = "chart-template" // below templates/ of a chart, read through its units
	KindChartFile     Kind = "chart-file"     // values, schema, CRDs, lock and helper files of a chart
	KindKustomization Kind = "kustomization"  // a file that kustomize builds
	KindManifest      Kind = "manifest"       // at least one Kubernetes object
	KindTerraform     Kind = "terraform"      // .tf, .tofu, .tf.json, .tofu.json, .tfvars, lock file
	KindWorkflow      Kind = "workflow"       // CI definition, composite action, local CI include
	KindCodeowners    Kind = "codeowners"
	KindCatalogInfo   Kind = "catalog-info" // Backstage entity
	KindConfig        Kind = "config"       // .gate.yaml and what stands below .gate/
	KindAttributes    Kind = "attributes"   // .gitattributes, .gitignore, .helmignore
	KindSymlink       Kind = "symlink"      // a link to a directory or to nothing that is read
	KindOther         Kind = "other"
)

// Inventory is what stands in a tree. Every slice is sorted by path.
type Inventory struct {
	Files          []File
	Charts         []Chart
	Kustomizations []Kustomization
	Manifests      []Manifest
	// TerraformRoots are the directories of root modules; "." is the root of
	// the tree. A directory that is only called as a local module is none.
	TerraformRoots []string
	Workflows      []Workflow
	Codeowners     []string // files of that name at the places forges look at
	CatalogInfo    []CatalogInfo
	// Templates are files that another tool makes manifests of: they are none by
	// themselves, but a controller that is pointed at their directory reads them.
	Templates []string
	// Links lead to directories of the tree by another path.
	Links []Link
	// Unreadable is what could not be read as what it is, or could be. What
	// such a file holds is unknown, which is something else than nothing.
	Unreadable []UnreadableFile
	// Ledger has one entry of kind "file" for each file. Templates and other
	// files of a chart are not applicable here; what a unit has read
	// (facts.Unit.Sources) is evaluated.
	Ledger []facts.Entry

	excluded func(path string) bool // see LeaveOut
}

// File is one file of the tree.
type File struct {
	Path string
	Kind Kind
	// Owner is the directory of the chart that the file belongs to, of the
	// first kustomization that lists it, of the Terraform module, or empty.
	Owner string
}

// UnreadableFile is one file of which it is not known what it holds.
type UnreadableFile struct {
	Path string
	// Kind is guessed, mostly from the name: a broken YAML or JSON file is a
	// manifest if it could be one to a more lenient reader. The others do not
	// parse either, but are no Kubernetes document to any reader (KindOther,
	// KindChartFile) or are judged where they are used (KindTerraform): they
	// fail nothing in the ledger, and still what such a file holds on the
	// other side of a change is not thereby created or deleted.
	Kind   Kind
	Reason string
	Place  source.Position // of the fault in the file, if that is known
	// Below says that the path can be a directory: a submodule without its
	// files, or what the file system refuses to show. Whatever lies below it
	// is unreadable too.
	Below bool
}

// UnreadableAt returns the entry of Unreadable that says why a file is not
// read.
func (inv *Inventory) UnreadableAt(file string) (UnreadableFile, bool) {
	for dir := file; ; dir = path.Dir(dir) {
		i, ok := slices.BinarySearchFunc(inv.Unreadable, dir, func(u UnreadableFile, p string) int { return strings.Compare(u.Path, p) })
		if ok && (dir == file || inv.Unreadable[i].Below) {
			return inv.Unreadable[i], true
		}
		if dir == "." || dir == "/" {
			return UnreadableFile{}, false
		}
	}
}

// Chart is one directory with a Chart.yaml.
type Chart struct {
	Dir          string // "." for the root of the tree
	Name         string
	Type         string // application (also if not told), library
	Version      string
	AppVersion   string
	KubeVersion  string
	APIVersion   string // v1, v2
	Dependencies []Dependency
	// Parent is the directory of the chart under whose charts/ this one
	// stands, or empty; Vendored says that there is one.
	Parent   string
	Vendored bool
	Doc      *source.Document // nil if Chart.yaml could not be read
}

// Dependency is one entry of a chart's dependencies (Chart.yaml, or
// requirements.yaml of apiVersion v1).
type Dependency struct {
	Name, Version, Repository, Alias, Condition string
}

// Remote says whether a dependency comes from a registry, which it may name by
// an alias: https://helm.sh/docs/helm/helm_dependency/
func (d Dependency) Remote() bool {
	return d.Repository != "" && !strings.HasPrefix(d.Repository, "file://")
}

// Kustomization is one directory that kustomize can build.
type Kustomization struct {
	Dir  string // "." for the root of the tree
	File string // path of kustomization.yaml, kustomization.yml or Kustomization
	Kind string // Kustomization, Component
	// Refs are the files and directories that it names, relative to the root
	// of the tree, whether they exist or not, sorted. Those that leave the
	// tree and those that are no local path are in Remote as written.
	Refs   []string
	Remote []string
	// Named are the same Refs with what the kustomization does with each, in the
	// order of its fields.
	Named []Named
	Doc   *source.Document

	members []string // those of Refs that are nothing by themselves
}

// Manifest is one file with Kubernetes objects. Docs holds every document of
// the file, also those that are none.
type Manifest struct {
	Path string
	Docs []*source.Document
	// MemberOf is the directory of the first kustomization that lists the
	// file or of the chart whose crds/ it stands in; such a file is not
	// applied by itself. Empty for a raw manifest, and for what a
	// kustomization of another directory builds or carries as data.
	MemberOf string
	// Else is what the file is to a reader that knows it by its name: a template
	// or another file of a chart, of Terraform. Empty: nothing else.
	Else Kind
}

// Workflow is one CI definition.
type Workflow struct {
	Path     string
	Platform string // github, gitlab
	// Form is workflow, action (a composite action) or include (a file that
	// .gitlab-ci.yml includes).
	Form string
	// Docs holds every document: GitLab has a header document (spec) before
	// the definition.
	Docs []*source.Document
}

// CatalogInfo is one Backstage entity of kind Component, Resource or System:
// https://backstage.io/docs/features/software-catalog/descriptor-format
type CatalogInfo struct {
	Path  string
	Dir   string
	Kind  string
	Name  string
	Owner string
}
