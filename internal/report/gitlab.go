package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gate/internal/decide"
)

// codeQualityIssue is one entry of GitLab's Code Quality report
// (https://docs.gitlab.com/ci/testing/code_quality/, "Code Quality report
// format").
type codeQualityIssue struct {
	Description string              `json:"description"`
	CheckName   string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"`
	Severity    string              `json:"severity"`
	Location    codeQualityLocation `json:"location"`
}

type codeQualityLocation struct {
	Path  string           `json:"path"`
	Lines codeQualityLines `json:"lines"`
}

type codeQualityLines struct {
	Begin int `json:"begin"`
}

// writeCodeQuality writes one issue for each finding that counts, and one for
// each thing that could not be judged. GitLab wants every fingerprint once. Its
// widget sets the report beside that of the target branch by fingerprint: what
// was there before has to be here, and as it is there, or it counts as fixed.
func writeCodeQuality(w io.Writer, v *view, _ string) error {
	issues := []codeQualityIssue{}
	taken := map[string]bool{}
	add := func(i codeQualityIssue, identity string) {
		i.Fingerprint = uniqueDigest(taken, identity)
		issues = append(issues, i)
	}
	for _, e := range slices.Concat(v.failed, v.gaps) {
		p := place(e.Place)
		severity := "blocker"
		if e.Existing {
			severity = "info"
		}
		add(codeQualityIssue{
			Description: (&gap{Entry: e, ids: []string{e.ID}}).failure(), CheckName: "gate/incomplete", Severity: severity,
			Location: codeQualityLocation{Path: p.File, Lines: codeQualityLines{Begin: p.Line}},
		}, "incomplete\x00"+e.Kind+"\x00"+e.ID)
	}
	for _, m := range v.missing {
		add(codeQualityIssue{
			Description: notJudgedText(m), CheckName: "gate/incomplete", Severity: "blocker",
			Location: codeQualityLocation{Path: fallbackFile, Lines: codeQualityLines{Begin: 1}},
		}, "missing\x00"+m.Rule+"\x00"+m.Environment+"\x00"+m.Reason)
	}
	for _, g := range v.alerts(v.open) {
		p := place(g.Location.Position)
		add(codeQualityIssue{
			Description: g.says() + " (" + g.outcome() + ")",
			CheckName:   brief(g.Rule),
			Severity:    codeQualitySeverity(g.Finding),
			Location:    codeQualityLocation{Path: p.File, Lines: codeQualityLines{Begin: p.Line}},
		}, g.identity())
	}
	return encodeJSON(w, issues)
}

// uniqueDigest is the digest of identity, with an ordinal where it was taken.
func uniqueDigest(taken map[string]bool, identity string) string {
	for i := 1; ; i++ {
		s := identity
		if i > 1 {
			s += "\x00" + strconv.Itoa(i)
		}
		sum := sha256.Sum256([]byte(s))
		if d := hex.EncodeToString(sum[:16]); !taken[d] {
			taken[d] = true
			return d
		}
	}
}

// codeQualitySeverity raises a finding that denies by one step.
func codeQualitySeverity(f decide.Finding) string {
	steps := []string{"info", "minor", "major", "critical", "blocker"}
	rank := max(severityRank(f.Severity), 1) - 1
	if f.Effect == decide.Deny {
		rank++
	}
	return steps[rank]
}

// sastSecrets is the option by which the findings about secrets are written as
// a report of type secret_detection, where GitLab looks for them.
const sastSecrets = "secrets"

// The SAST and secret detection reports, version 15
// (https://gitlab.com/gitlab-org/security-products/security-report-schemas).
type (
	sastReport struct {
		Version         string              `json:"version"`
		Scan            sastScan            `json:"scan"`
		Vulnerabilities []sastVulnerability `json:"vulnerabilities"`
	}
	sastScan struct {
		Analyzer  sastTool      `json:"analyzer"`
		Scanner   sastTool      `json:"scanner"`
		Type      string        `json:"type"`
		StartTime string        `json:"start_time"`
		EndTime   string        `json:"end_time"`
		Status    string        `json:"status"`
		Messages  []sastMessage `json:"messages,omitempty"`
	}
	sastTool struct {
		ID      string     `json:"id"`
		Name    string     `json:"name"`
		Version string     `json:"version"`
		Vendor  sastVendor `json:"vendor"`
	}
	sastVendor struct {
		Name string `json:"name"`
	}
	sastMessage struct {
		Level string `json:"level"` // info, warn, fatal
		Value string `json:"value"`
	}
	sastVulnerability struct {
		ID          string           `json:"id"`
		Name        string           `json:"name"`
		Description string           `json:"description"`
		Severity    string           `json:"severity"`
		Solution    string           `json:"solution,omitempty"`
		Identifiers []sastIdentifier `json:"identifiers"`
		Links       []sastLink       `json:"links,omitempty"`
		Location    sastLocation     `json:"location"`
	}
	sastIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	sastLink struct {
		Name string `json:"name,omitempty"`
		URL  string `json:"url"`
	}
	sastLocation struct {
		File      string      `json:"file"`
		StartLine int         `json:"start_line"`
		EndLine   int         `json:"end_line"`
		Commit    *sastCommit `json:"commit,omitempty"` // of secret_detection
	}
	sastCommit struct {
		SHA string `json:"sha"`
	}
)

// writeSAST writes the findings for GitLab's vulnerability report. Findings
// about secrets go into a report of their own, gitlab-sast:secrets.
func writeSAST(w io.Writer, v *view, option string) error {
	secrets := option == sastSecrets
	out := sastReport{Version: "15.0.7", Scan: v.sastScan(secrets), Vulnerabilities: []sastVulnerability{}}
	taken := map[string]bool{}
	others := 0
	for _, g := range v.alerts(v.open) {
		if strings.HasPrefix(g.Rule, "secrets/") != secrets {
			others += len(g.members)
			continue
		}
		vuln := v.sastVulnerability(g)
		vuln.ID = uuid(uniqueDigest(taken, g.identity()))
		if secrets {
			vuln.Location.Commit = &sastCommit{SHA: cmp.Or(v.Result.Change.Commit, "0000000")}
		}
		out.Vulnerabilities = append(out.Vulnerabilities, vuln)
	}
	if others > 0 && !secrets {
		out.Scan.Messages = append(out.Scan.Messages, sastMessage{"info", counted(others, "finding") + " about secrets: see the report gitlab-sast:secrets"})
	}
	return encodeJSON(w, out)
}

func (v *view) sastScan(secrets bool) sastScan {
	tool := sastTool{ID: "gate", Name: "gate", Version: cmp.Or(v.Result.Tool.Version, "0.0.0"), Vendor: sastVendor{"gate"}}
	now := "1970-01-01T00:00:00"
	if at, err := time.Parse(time.RFC3339, v.Result.Now); err == nil {
		now = at.UTC().Format("2006-01-02T15:04:05")
	}
	scan := sastScan{Analyzer: tool, Scanner: tool, Type: "sast", StartTime: now, EndTime: now, Status: "success"}
	if secrets {
		scan.Type = "secret_detection"
	}
	for _, l := range v.gapsBefore() { // no fault of this scan
		scan.Messages = append(scan.Messages, sastMessage{"info", l.text})
	}
	if v.Result.Complete {
		return scan
	}
	scan.Status = "failure"
	list := gaps(v.failed)
	for i, g := range list {
		if i == maxListed {
			scan.Messages = append(scan.Messages, sastMessage{"fatal", number(len(list)-i) + " more things were not judged"})
			break
		}
		scan.Messages = append(scan.Messages, sastMessage{"fatal", g.failure()})
	}
	for i, m := range v.missing {
		if i == maxListed {
			scan.Messages = append(scan.Messages, sastMessage{"fatal", number(len(v.missing)-i) + " more rules were not judged"})
			break
		}
		scan.Messages = append(scan.Messages, sastMessage{"fatal", notJudgedText(m)})
	}
	return scan
}

func (v *view) sastVulnerability(g *group) sastVulnerability {
	rule := v.rule(g.Finding)
	p := place(g.Location.Position)
	vuln := sastVulnerability{
		Name:        clip(message(oneLine(rule.Title)), 255),
		Description: g.says() + " (" + g.outcome() + ")",
		Severity:    sastSeverity(g.Severity),
		Solution:    clip(message(oneLine(cmp.Or(g.Remediation, rule.Remediation))), 7000),
		Identifiers: []sastIdentifier{{Type: "gate_rule", Name: brief(g.Rule), Value: brief(g.Rule)}},
		Location:    sastLocation{File: p.File, StartLine: p.Line, EndLine: p.Line},
	}
	for _, ref := range rule.References {
		if strings.HasPrefix(ref.URL, "https://") {
			vuln.Links = append(vuln.Links, sastLink{Name: clip(brief(ref.Title), 255), URL: ref.URL})
		}
	}
	return vuln
}

func sastSeverity(s string) string {
	switch s {
	case "critical":
		return "Critical"
	case "high":
		return "High"
	case "medium":
		return "Medium"
	case "low":
		return "Low"
	}
	return "Unknown"
}

// uuid writes 32 hex digits as a UUID of version 8 (RFC 9562 §5.8).
func uuid(d string) string {
	variant := "89ab"[d[16]&3]
	return fmt.Sprintf("%s-%s-8%s-%c%s-%s", d[:8], d[8:12], d[13:16], variant, d[17:20], d[20:32])
}
