package secrets

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	gitleaks "github.com/zricethezav/gitleaks/v8/config"
)

// ruleFile is the part of the gitleaks configuration format (v8.25) that its
// embedded rule set uses. Unknown keys are errors, so that a new version of
// the module cannot bring conditions that are silently not applied.
type ruleFile struct {
	Title      string          `toml:"title"`
	MinVersion string          `toml:"minVersion"`
	Allowlist  allowlistFile   `toml:"allowlist"`
	Allowlists []allowlistFile `toml:"allowlists"`
	Rules      []struct {
		ID          string          `toml:"id"`
		Description string          `toml:"description"`
		Regex       string          `toml:"regex"`
		Path        string          `toml:"path"`
		Entropy     float64         `toml:"entropy"`
		SecretGroup int             `toml:"secretGroup"`
		Keywords    []string        `toml:"keywords"`
		Tags        []string        `toml:"tags"`
		Allowlists  []allowlistFile `toml:"allowlists"`
	} `toml:"rules"`
}

type allowlistFile struct {
	Description string   `toml:"description"`
	Condition   string   `toml:"condition"`
	RegexTarget string   `toml:"regexTarget"`
	Paths       []string `toml:"paths"`
	Regexes     []string `toml:"regexes"`
	StopWords   []string `toml:"stopwords"`
}

// detector is one rule of the rule set.
type detector struct {
	id, description string
	pattern         *pattern // nil: the path alone is the finding
	path            *pattern // nil: every path
	entropy         float64  // the value's must be above it; 0: any
	group           int      // capture group of the value; 0: the first that is not empty
	keywords        []string // folded; one of them stands in the file; some for every regex
	allow           []*allowlist
	plan            func() plan // derived when a keyword first occurs
	rank            int         // the higher, the more specific
	contextual      bool        // the name before a value makes it one, not its shape
}

// allowlist says which matches are no secrets. With all, every criterion that
// is given must hold, else one is enough.
type allowlist struct {
	all       bool
	target    string // what regexes are tried on: secret, match, line
	paths     []*pattern
	regexes   []*pattern
	stopWords []string // folded
}

// pattern is a regular expression that is compiled when it is first used:
// compiling, or only parsing, all of the rule set costs more than judging a
// small repository. The rule set is part of the program: a test compiles all.
type pattern struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func newPattern(text string) *pattern { return &pattern{text: text} }

// regexp returns the compiled form.
func (p *pattern) regexp() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.text) })
	return p.re
}

// Ranks of detectors: a value that several find is reported by the highest.
const (
	rankGeneric  = 1 // a name and some entropy
	rankTyped    = 2 // what the value is for is known
	rankProvider = 3 // the shape of one provider's token
)

// Detectors that are treated specially. kubernetes-secret-yaml looks for
// "kind: Secret" and "data:" within 200 characters of each other, across
// documents and ConfigMaps alike: it is used only for templates, which cannot
// be parsed; elsewhere typed detection replaces it. private-key takes
// abbreviated examples for keys.
const (
	templatesOnly = "kubernetes-secret-yaml"
	privateKeyID  = "private-key"
)

var lowRank = map[string]int{
	"generic-api-key":       rankGeneric,
	templatesOnly:           rankTyped,
	"hashicorp-tf-password": rankTyped,
}

// assignmentSign is the part of the rule set's patterns that stands for what is
// between a name and its value (cmd/generate/config/utils: operator).
const assignmentSign = `(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)`

// loadRules decodes the rule set. Only the text of the module is used, never
// its functions: they read a process-wide configuration.
func loadRules() ([]*detector, []*allowlist, error) {
	var f ruleFile
	meta, err := toml.Decode(gitleaks.DefaultConfig, &f)
	if err != nil {
		return nil, nil, fmt.Errorf("decode detector rules: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, nil, fmt.Errorf("decode detector rules: unknown key %q", extra[0].String())
	}
	if len(f.Rules) == 0 {
		return nil, nil, fmt.Errorf("decode detector rules: no rules")
	}
	global, err := loadAllowlists(append([]allowlistFile{f.Allowlist}, f.Allowlists...))
	if err != nil {
		return nil, nil, fmt.Errorf("decode detector rules: %w", err)
	}
	detectors := make([]*detector, 0, len(f.Rules))
	for _, r := range f.Rules {
		d := &detector{id: r.ID, description: r.Description, entropy: r.Entropy, group: r.SecretGroup, rank: rankProvider}
		if low, ok := lowRank[r.ID]; ok {
			d.rank = low
		}
		for _, k := range r.Keywords {
			d.keywords = append(d.keywords, strings.ToLower(k))
		}
		if d.allow, err = loadAllowlists(r.Allowlists); err != nil {
			return nil, nil, fmt.Errorf("detector %s: %w", r.ID, err)
		}
		if r.Path != "" {
			d.path = newPattern(r.Path)
		}
		if r.Regex != "" {
			d.pattern = newPattern(r.Regex)
			d.contextual = strings.Contains(r.Regex, assignmentSign)
			d.plan = sync.OnceValue(func() plan { return planFor(r.Regex) })
			if len(d.keywords) == 0 {
				return nil, nil, fmt.Errorf("detector %s: a regex without keywords", r.ID)
			}
		}
		if d.pattern == nil && d.path == nil {
			return nil, nil, fmt.Errorf("detector %s: neither regex nor path", r.ID)
		}
		detectors = append(detectors, d)
	}
	return detectors, global, nil
}

func loadAllowlists(files []allowlistFile) ([]*allowlist, error) {
	var out []*allowlist
	for _, f := range files {
		if len(f.Paths)+len(f.Regexes)+len(f.StopWords) == 0 {
			continue
		}
		a := &allowlist{target: f.RegexTarget}
		switch strings.ToUpper(f.Condition) {
		case "", "OR", "||":
		case "AND", "&&":
			a.all = true
		default:
			return nil, fmt.Errorf("unknown allowlist condition %q", f.Condition)
		}
		switch a.target {
		case "":
			a.target = "secret"
		case "secret", "match", "line":
		default:
			return nil, fmt.Errorf("unknown allowlist target %q", a.target)
		}
		for _, p := range f.Paths {
			a.paths = append(a.paths, newPattern(p))
		}
		for _, p := range f.Regexes {
			// The published form binds ^ to the first word and $ to the last,
			// so that any value that contains "false" was dropped.
			if p == `(?i)^true|false|null$` {
				p = `(?i)^(?:true|false|null)$`
			}
			a.regexes = append(a.regexes, newPattern(p))
		}
		for _, w := range f.StopWords {
			a.stopWords = append(a.stopWords, strings.ToLower(w))
		}
		out = append(out, a)
	}
	return out, nil
}

// allowsPath says whether the path alone settles it.
func (a *allowlist) allowsPath(path string) bool {
	if a.all && len(a.regexes)+len(a.stopWords) > 0 {
		return false
	}
	return matchesAny(a.paths, []byte(path))
}

// allows says whether the match is no secret.
func (a *allowlist) allows(path string, secret, match, line []byte) bool {
	target := secret
	switch a.target {
	case "match":
		target = match
	case "line":
		target = line
	}
	if !a.all {
		return matchesAny(a.regexes, target) || containsWord(a.stopWords, secret)
	}
	return (len(a.paths) == 0 || matchesAny(a.paths, []byte(path))) &&
		(len(a.regexes) == 0 || matchesAny(a.regexes, target)) &&
		(len(a.stopWords) == 0 || containsWord(a.stopWords, secret))
}

func matchesAny(patterns []*pattern, text []byte) bool {
	for _, p := range patterns {
		if p.regexp().Match(text) {
			return true
		}
	}
	return false
}

func containsWord(words []string, secret []byte) bool {
	if len(words) == 0 {
		return false
	}
	folded := strings.ToLower(string(secret))
	for _, w := range words {
		if strings.Contains(folded, w) {
			return true
		}
	}
	return false
}
