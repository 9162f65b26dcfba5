package pipeline

import (
	"io"
	"io/fs"
	"runtime"
	"slices"
	"time"

	"gate/internal/config"
	"gate/internal/git"
	"gate/internal/policy"
	"gate/internal/policysource"
	"gate/internal/repository"
	"gate/internal/source"
)

// WorkTree as PolicyRef takes configuration and policies from the work tree;
// the decision says that they are untrusted.
const WorkTree = policysource.WorkTree

// Options is everything a run is told. Paths of files are those of the
// caller's working directory; "-" is Stdin.
type Options struct {
	Dir  string // directory that is judged; empty means "."
	Tool string // version of this program

	// Policy.
	PolicyRef string   // empty: the tip of the target branch
	Config    string   // configuration from a file instead of PolicyRef; untrusted
	Catalog   fs.FS    `json:"-"` // nil: the embedded rules
	Rules     []string // only these rules; nil: all
	// Own is the only entry of the organisation's policies, whatever the configuration
	// says; nil: those that it names. It is judged beside Rules.
	Own *Own `json:"-"`

	// Drift judges refresh-only plans, and nothing else: what was changed
	// outside of Terraform.
	Drift bool

	// The change.
	Base   string // reference; empty: the target branch, where it differs from HEAD; git.Nothing: all is new
	Staged bool   // judge the index instead of the work tree, as a change of HEAD
	OrHead bool   // with Staged: where nothing is staged judge the commit HEAD
	Commit string // reference; judge this commit instead of the work tree
	// ChangedOnly judges no more of a proposed change than what it reaches.
	ChangedOnly bool

	// Inputs, each a file.
	Plans        []Input // plan JSON by stack
	PlanFiles    []Input // binary plans by stack
	Event        string
	Reviews      string
	Protection   string
	Contract     string
	Attestations string // directory
	Deployments  string
	Approvals    []string
	// Whole says that Approvals are all that there are where they are kept: the files of
	// directories that were named as such.
	Whole bool
	// FingerprintKey is a file with the key under which decisions bind changed secrets.
	FingerprintKey string

	// Network are the purposes for which a connection may be opened: helm.
	Network []string
	Cache   string // directory of charts that were fetched; empty: none
	// Results keeps what is worked out there, too, and takes what earlier runs
	// have kept.
	Results bool
	// PlainLoopback allows charts from http:// on this machine; for tests.
	PlainLoopback bool `json:"-"`

	Trace        []string // entries of policies, by their names: what they print, and how they are evaluated
	Environments []string // only these in the answer; nil: all
	CIValues     bool     // as the configuration's ciValues
	Local        bool     // a person's machine or pre-commit: missing inputs are listed, not required
	RenderedSet  bool     // bind decisions to what is rendered, not to its sources
	NeedTrusted  bool     // a decision is to be written: no policy-ref is an error

	Now      time.Time
	Deadline time.Duration       // of the whole run; 0: none
	Workers  int                 // 0: one for each CPU
	Getenv   func(string) string `json:"-"`
	Stdin    io.Reader           `json:"-"`

	// ReadInput reads a handed-in file; nil: from disk, "-" from Stdin.
	ReadInput func(file string) ([]byte, error) `json:"-"`
	// Compiled are the rules of Catalog as earlier runs in this process compiled them;
	// nil: none.
	Compiled *policy.Compiled `json:"-"`
	// Progress is told what is begun and ended; nil: nobody asks.
	Progress Progress `json:"-"`
	// Dead are the things that ended an earlier run of the same task: they are
	// left out and failed in the ledger.
	Dead     []Dead
	OneByOne bool // one unit and one rule at a time, so that Progress tells which it is
}

// Own is an entry of the organisation's policies and the tree that its files stand in.
type Own struct {
	Entry config.Policy
	Tree  source.Tree
}

// Variables are the names of all variables that Getenv is asked for.
func Variables() []string {
	return slices.Concat(git.TargetVariables(), repository.TrialVariables(), repository.TriggerVariables(), repository.RunVariables(), []string{"GIT_INDEX_FILE", "GIT_DIR"})
}

// Files are the handed-in files, each once, in the order of the fields.
func (o *Options) Files() []string {
	files := []string{o.Config, o.Event, o.Reviews, o.Deployments, o.Protection, o.Contract, o.FingerprintKey}
	for _, in := range append(slices.Clone(o.Plans), o.PlanFiles...) {
		files = append(files, in.File)
	}
	files = append(files, o.Approvals...)
	var out []string
	for _, f := range files {
		if f != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Input is one file of one stack; Stack may be empty where only one fits.
type Input struct {
	Stack string
	File  string
}

// UsageError is a fault of the flags or the configuration: nothing was judged.
type UsageError struct{ Err error }

// Error returns the fault.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the fault.
func (e *UsageError) Unwrap() error { return e.Err }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{Err: err}
}

func (o *Options) defaults() {
	if o.Dir == "" {
		o.Dir = "."
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	o.Now = o.Now.UTC().Truncate(time.Second)
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
}
