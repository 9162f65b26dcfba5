package config

// The words that the files may use, weakest or lowest first where they have
// an order. The JSON Schemas under schemas/ list the same words; a test
// compares them.
var (
	classes      = []string{string(Prod), string(NonProd)}
	scopes       = []string{"tree", "change"}
	effects      = []string{"off", "warn", "require-approval", "deny"}
	riskClasses  = []string{"low", "medium", "high", "critical"}
	inputs       = []string{"pull-request", "plan", "protection", "attestations", "contract", "repositories"}
	sources      = []string{"review", "deployment", "signature"}
	relayed      = []string{"review", "deployment"}
	evidence     = []string{EvidenceReviews, EvidenceDeployments, EvidenceApprovals}
	driftClasses = []string{"unauthorised", "emergency", "provider-default", "controller", "external", "ignored"}
	styles       = []string{"catalog", "conftest"}
	regoVersions = []string{"v0", "v1"}
	documents    = []string{"files", "rendered", "plan"}
	parsers      = []string{
		"codeowners", "cue", "cyclonedx", "dockerfile", "dotenv", "edn", "groovy", "hcl1", "hcl2", "hocon", "ignore", "ini",
		"json", "jsonc", "jsonnet", "nginx", "properties", "spdx", "textproto", "toml", "vcl", "xml", "yaml",
	}
	apiVersions = []string{APIVersion}
)

// What decision.require may ask for.
const (
	EvidenceReviews     = "reviews"
	EvidenceDeployments = "deployments"
	EvidenceApprovals   = "approvals"
)

// Default places of the files that the configuration names.
const (
	DefaultFile    = ".gate.yaml"
	DefaultWaivers = ".gate/waivers.yaml"
	DefaultTrust   = ".gate/trust.yaml"
)

// effectRank orders effects, 0 is off. An unknown word ranks above all, so
// that it never loosens anything.
func effectRank(effect string) int {
	for i, e := range effects {
		if e == effect {
			return i
		}
	}
	return len(effects)
}
