package attest

import (
	"path"
	"strings"
)

// Names of files by which others are read, or left out.
//
//   - https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/#store-overrides-in-git
//   - https://fluxcd.io/flux/components/source/gitrepositories/#sourceignore-file
//   - https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
const (
	argoSource = ".argocd-source"
	fluxIgnore = ".sourceignore"
)

// kustomizations are the names of a kustomization.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// CoverAll returns the glob of every file below dir, as charts are read.
func CoverAll(dir string) string { return path.Join(escapeGlob(dir), "**") }

// CoverManifests returns the glob of the manifests in dir, or also below it.
func CoverManifests(dir string, below bool) string {
	if below {
		return path.Join(escapeGlob(dir), "**/*.{yaml,yml,json,jsonnet}")
	}
	return path.Join(escapeGlob(dir), "*.{yaml,yml,json,jsonnet}")
}

// CoverKustomization returns the globs of what makes a directory a kustomization,
// or also one below it. A second name of it in one directory is an error of kustomize.
func CoverKustomization(dir string, below bool) string {
	names := "{" + strings.Join(kustomizations, ",") + "}"
	if below {
		return path.Join(escapeGlob(dir), "**", names)
	}
	return path.Join(escapeGlob(dir), names)
}

// CoverPrograms returns the globs of what can change an evaluation that reads
// file: of Jsonnet what stands beside it or below, where imports are looked for
// first; of CUE the files of its package, which may stand above it, too.
func CoverPrograms(file string) []string {
	switch path.Ext(file) {
	case ".jsonnet", ".libsonnet":
		return []string{CoverAll(path.Dir(file))}
	case ".cue":
		var out []string
		for dir := path.Dir(file); ; dir = path.Dir(dir) {
			out = append(out, path.Join(escapeGlob(dir), "*.cue"))
			if dir == "." || dir == "/" {
				return out
			}
		}
	}
	return nil
}

// coverSource returns the globs of what a controller reads beside the manifests
// and charts of a directory: what overrides an Application, and what makes another kind
// of source of it, to Argo CD; what is left out of the repository to Flux.
func coverSource(dir string, by controller) []string {
	var out []string
	if by != flux { // Argo CD's objects may stand in another repository
		out = append(out, path.Join(escapeGlob(dir), argoSource+"{,-*}.yaml"))
	}
	if by == argo {
		out = append(out, path.Join(escapeGlob(dir), "Chart.yaml"), CoverKustomization(dir, false))
	}
	if by == flux {
		out = append(out, path.Join(escapeGlob(dir), "**", fluxIgnore))
		for up := dir; up != "." && up != "/"; {
			up = path.Dir(up)
			out = append(out, path.Join(escapeGlob(up), fluxIgnore))
		}
	}
	return out
}

// CoverStack returns the globs of what Terraform and OpenTofu read of the root
// module in dir without being told: https://developer.hashicorp.com/terraform/language/files
// and https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files
func CoverStack(dir string) []string {
	dir = escapeGlob(dir)
	return append(coverModule(dir), path.Join(dir, "*.auto.{tfvars,tfvars.json}"), path.Join(dir, "terraform.{tfvars,tfvars.json}"), path.Join(dir, ".terraform.lock.hcl"))
}

func coverModule(dir string) []string {
	return []string{path.Join(dir, "*.{tf,tf.json,tofu,tofu.json}")}
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`, "]", `\]`, "}", `\}`).Replace(dir)
}
