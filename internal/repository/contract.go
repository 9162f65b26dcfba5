package repository

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gate/internal/doc"
	"gate/internal/envelope"
	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/source"
)

// Contract is a production change contract (schemas/contract.schema.json). What has
// not happened yet is left out.
type Contract struct {
	Identity            ContractIdentity       `json:"identity,omitzero"`
	Target              ContractTarget         `json:"target,omitzero"`
	Classification      ContractClassification `json:"classification,omitzero"`
	PredictedTransition ContractTransition     `json:"predictedTransition,omitzero"`
	Decision            ContractDecision       `json:"decision,omitzero"`
	Authorization       ContractAuthorization  `json:"authorization,omitzero"`
	Execution           ContractExecution      `json:"execution,omitzero"`
	Verification        ContractVerification   `json:"verification,omitzero"`
	Evidence            ContractEvidence       `json:"evidence,omitzero"`
}

// ContractIdentity says which change it is.
type ContractIdentity struct {
	ChangeID    string `json:"changeId,omitempty"`
	Repository  string `json:"repository,omitempty"`
	PullRequest int    `json:"pullRequest,omitempty"`
	CommitSHA   string `json:"commitSha,omitempty"`
	Author      string `json:"author,omitempty"`
}

// ContractTarget says where the change goes.
type ContractTarget struct {
	Environment string `json:"environment,omitempty"`
	Account     string `json:"account,omitempty"`
	Region      string `json:"region,omitempty"`
	Cluster     string `json:"cluster,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Stack       string `json:"stack,omitempty"`
	Service     string `json:"service,omitempty"`
}

// ContractClassification says what kind of change it is.
type ContractClassification struct {
	ChangeType    string `json:"changeType,omitempty"` // app-deploy, infra-change, …
	RiskClass     string `json:"riskClass,omitempty"`  // low, medium, high, critical
	Destructive   *bool  `json:"destructive,omitempty"`
	RegulatedData *bool  `json:"regulatedData,omitempty"`
}

// ContractTransition says what is planned. PlanHash is a SHA-256.
type ContractTransition struct {
	PlanArtifact string `json:"planArtifact,omitempty"`
	PlanHash     string `json:"planHash,omitempty"`
	DiffSummary  string `json:"diffSummary,omitempty"`
}

// ContractDecision says what policies say.
type ContractDecision struct {
	PolicyDecision    string   `json:"policyDecision,omitempty"` // allow, deny, warn, require-approval
	PolicyArtifact    string   `json:"policyArtifact,omitempty"`
	RequiredApprovers []string `json:"requiredApprovers,omitzero"`
	ExceptionsUsed    []string `json:"exceptionsUsed,omitzero"`
}

// ContractAuthorization says who approved.
type ContractAuthorization struct {
	ApprovedBy          []string `json:"approvedBy,omitzero"`
	ApprovalTimestamp   string   `json:"approvalTimestamp,omitempty"`
	ApprovalBindingHash string   `json:"approvalBindingHash,omitempty"`
}

// ContractExecution says who applied it, and what came of it.
type ContractExecution struct {
	RunnerIdentity string `json:"runnerIdentity,omitempty"`
	StartedAt      string `json:"startedAt,omitempty"`
	CompletedAt    string `json:"completedAt,omitempty"`
	Result         string `json:"result,omitempty"` // success, failed, partial, cancelled
}

// ContractVerification says what was found afterwards.
type ContractVerification struct {
	PostCheckArtifact string `json:"postCheckArtifact,omitempty"`
	DriftAfterChange  string `json:"driftAfterChange,omitempty"` // none, expected, unexpected
}

// ContractEvidence says where the proof is.
type ContractEvidence struct {
	EvidenceID     string `json:"evidenceId,omitempty"`
	RetentionClass string `json:"retentionClass,omitempty"` // standard, regulated, incident
}

// maxContractBytes limits a contract, which is a page.
const maxContractBytes = 1 << 20

// ReadContract reads a production change contract, JSON or YAML: one document
// with the key productionChangeContract. What it does not know, what stands
// twice, is written otherwise or is of another type is an error that names it.
// The document says what is left out and where everything stands; file is its
// name for places.
func ReadContract(file string, data []byte) (*Contract, *source.Document, error) {
	if len(data) > maxContractBytes {
		return nil, nil, fmt.Errorf("read the contract: larger than %d MiB", maxContractBytes>>20)
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return nil, nil, err
	}
	if len(docs) != 1 {
		return nil, nil, fmt.Errorf("read the contract: %d documents; want one", len(docs))
	}
	c, err := decodeContract(docs[0].Value)
	if err != nil {
		return nil, nil, fmt.Errorf("read the contract: %w", err)
	}
	return c, docs[0], nil
}

func decodeContract(value any) (*Contract, error) {
	if m, ok := value.(map[string]any); !ok || len(m) == 0 {
		return nil, errors.New("want a mapping")
	}
	if doc.Any(value, func(v any) bool { return v == nil }) {
		return nil, errors.New("a value is missing (null); leave out what is not known")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out struct {
		Contract *Contract `json:"productionChangeContract"`
	}
	if err := envelope.DecodeStrict(text, &out); err != nil {
		return nil, err
	}
	if out.Contract == nil {
		return nil, errors.New("no productionChangeContract")
	}
	return out.Contract, out.Contract.check()
}

// ContractFacts is a contract as rules see it. Its scope is not told, and neither
// are the plans beside it.
func ContractFacts(c *Contract, d *source.Document) *facts.Contract {
	f := &facts.Contract{Subject: facts.Subject{ID: "contract"}, Repository: contractRepository(c.Identity.Repository)}
	f.Document, _ = doc.At(d.Value, contractKey).(map[string]any)
	return f
}

// contractRepository is the identity of a repository as a contract names it: by an
// address, or by host/owner/name. It is empty without a host.
func contractRepository(name string) string {
	if id := git.Identity(name); id != "" {
		return id
	}
	if host, _, _ := strings.Cut(name, "/"); strings.Contains(host, ".") {
		return git.Identity("https://" + name)
	}
	return ""
}

// contractKey is the key that a contract stands under.
const contractKey = "productionChangeContract"

// ContractLocator leads paths below productionChangeContract into the document, and
// one that is left out to what it would stand in.
func ContractLocator(d *source.Document) source.Locator {
	l := d.Locator()
	return source.LocatorFunc(func(p source.Path) source.Location {
		return l.Locate(append(source.Path{contractKey}, p...))
	})
}

// words are the words that fields may hold.
func (c *Contract) words() []contractWord {
	return []contractWord{
		{"classification.changeType", c.Classification.ChangeType, []string{"app-deploy", "platform-change", "infra-change", "secret-change", "database-change", "policy-change"}},
		{"classification.riskClass", c.Classification.RiskClass, []string{"low", "medium", "high", "critical"}},
		{"decision.policyDecision", c.Decision.PolicyDecision, []string{"allow", "deny", "warn", "require-approval"}},
		{"execution.result", c.Execution.Result, []string{"success", "failed", "partial", "cancelled"}},
		{"verification.driftAfterChange", c.Verification.DriftAfterChange, []string{"none", "expected", "unexpected"}},
		{"evidence.retentionClass", c.Evidence.RetentionClass, []string{"standard", "regulated", "incident"}},
	}
}

type contractWord struct {
	name, value string
	allowed     []string
}

func (c *Contract) check() error {
	for _, w := range c.words() {
		if w.value != "" && !slices.Contains(w.allowed, w.value) {
			return fmt.Errorf("%s is %q, expected one of %q", w.name, w.value, w.allowed)
		}
	}
	for _, x := range []struct{ name, value string }{
		{"predictedTransition.planHash", c.PredictedTransition.PlanHash}, {"authorization.approvalBindingHash", c.Authorization.ApprovalBindingHash},
	} {
		if hex := strings.TrimPrefix(x.value, "sha256:"); x.value != "" && (len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "") {
			return fmt.Errorf("%s: %q is not a SHA-256 in lower-case hex", x.name, x.value)
		}
	}
	for _, x := range []struct{ name, value string }{
		{"authorization.approvalTimestamp", c.Authorization.ApprovalTimestamp}, {"execution.startedAt", c.Execution.StartedAt}, {"execution.completedAt", c.Execution.CompletedAt},
	} {
		t, err := time.Parse(time.RFC3339, x.value)
		switch {
		case x.value == "":
		case err != nil:
			return fmt.Errorf("%s: %q is not an RFC 3339 time", x.name, x.value)
		case t.Year() < 1970 || t.Year() > 2200: // rules count nanoseconds
			return fmt.Errorf("%s: %q is no time of a change", x.name, x.value)
		}
	}
	if c.Identity.PullRequest < 0 {
		return fmt.Errorf("identity.pullRequest is %d", c.Identity.PullRequest)
	}
	return nil
}
