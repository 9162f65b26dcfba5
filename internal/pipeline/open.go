package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/git"
	"gate/internal/policy"
	"gate/internal/repository"
	"gate/internal/source"
)

// run is the state of one run; each step fills its part.
type run struct {
	o      Options
	repo   *git.Repo // nil outside of a repository
	work   *discover.Work
	tree   source.Tree // what is judged: the work tree or the index
	policy *policySource

	inputs   map[string]string // handed-in inputs: name -> sha256
	provided map[string]bool   // the same as rules name them
	files    inputFiles
	planOf   map[string]int // path of a stack -> its plan among the files

	inv        *discover.Inventory
	resolver   *config.Resolver
	facts      facts.Facts
	conflicts  map[string]string // subject id -> why its scope cannot be told
	change     *repository.ChangeResult
	before     *baseState          // nil without a base
	keepBefore bool                // what objects were is asked for
	seeded     map[string][]string // unit -> random, time and key functions that it calls
	locators   source.Index
	places     map[string]source.Position // where units and stacks are defined
	ledger     []facts.Entry
	notes      []string
	ids        []string // of the whole catalog
	rules      []policy.Rule
	redact     func(string) string
	workflows  source.Index
	codeowners *repository.Codeowners
	event      *repository.Event
	secret     map[string]map[int]bool // file -> lines that hold a detected secret
	identities []string                // of this repository
	opaque     map[string]bool         // files with a Secret that cannot be parsed: any line may hold one
	store      *fetch.Store            // of charts; nil: none are fetched
	digests    struct{ policy, data, facts string }
}

// inputFiles are the inputs' bytes.
type inputFiles struct {
	event, reviews, protection, contract []byte
	plans                                []planInput
}

type planInput struct {
	Input
	name   string // in the ledger and among the digests of inputs
	data   []byte
	binary *planInput // that the plan JSON is said to be of
}

// maxInput bounds one handed-in file.
const maxInput = 512 << 20

// open opens the tree and the repository, reads the policy and the inputs.
func open(ctx context.Context, o Options) (*run, error) {
	o.defaults()
	r := &run{o: o, inputs: map[string]string{}, provided: map[string]bool{}, locators: source.Index{},
		conflicts: map[string]string{}, places: map[string]source.Position{}, secret: map[string]map[int]bool{}, opaque: map[string]bool{}}
	if err := r.open(ctx); err != nil {
		return nil, r.fail(err)
	}
	return r, nil
}

func (r *run) open(ctx context.Context) (err error) {
	o := &r.o
	if o.Drift {
		if len(o.Plans) == 0 {
			return usage(errors.New("--mode drift judges refresh-only plans: hand them in with --plan [STACK=]FILE (terraform plan -refresh-only -out tfplan, terraform show -json tfplan)"))
		}
		o.Rules = driftRules()
	}
	if info, err := os.Stat(o.Dir); err != nil {
		return usage(fmt.Errorf("open %s: %w", o.Dir, err))
	} else if !info.IsDir() {
		return usage(fmt.Errorf("open %s: want a directory", o.Dir))
	}
	r.repo, err = git.Open(ctx, o.Dir)
	if errors.Is(err, git.ErrNotRepository) {
		r.repo = nil
	} else if err != nil {
		return err
	}
	if r.work, err = discover.Open(ctx, o.Dir, r.repo); err != nil {
		return err
	}
	r.tree = r.work
	if o.Staged {
		if r.repo == nil {
			return usage(fmt.Errorf("--staged: %s is not in a git repository", o.Dir))
		}
		r.repo.UseIndex(o.Getenv("GIT_INDEX_FILE")) // git commit FILE has an index of its own
		if r.tree, err = r.repo.IndexTree(ctx); err != nil {
			return err
		}
	}
	r.openStore()
	if r.policy, err = openPolicy(ctx, o, r.repo, r.tree); err != nil {
		return err
	}
	r.notes = append(r.notes, r.policy.Notes...)
	if err := r.filterEnvironments(); err != nil {
		return err
	}
	return r.readInputs()
}

// filterEnvironments refuses --env with a name that the configuration lacks.
func (r *run) filterEnvironments() error {
	for _, name := range r.o.Environments {
		if _, ok := r.policy.Config.Environment(name); !ok {
			var known []string
			for _, e := range r.policy.Config.Environments {
				known = append(known, e.Name)
			}
			hint := ""
			if near := config.Nearest(name, known); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return usage(fmt.Errorf("--env %q: no such environment is configured%s", name, hint))
		}
	}
	return nil
}

// readInputs reads every file that a flag names. One that cannot be read is
// an input that is missing: it is named, and the run is incomplete.
func (r *run) readInputs() error {
	one := func(name, file string) []byte {
		if file == "" {
			return nil
		}
		data, err := r.o.readInput(file)
		if err != nil {
			r.failed("input", name, err)
			return nil
		}
		r.inputs[name], r.provided[name] = digest(data), true
		return data
	}
	r.files.event = one("pull-request", r.o.Event)
	r.files.reviews = one("reviews", r.o.Reviews)
	r.files.protection = one("protection", r.o.Protection)
	r.files.contract = one("contract", r.o.Contract)
	r.checkForm("reviews", r.files.reviews, func(data []byte) error {
		_, err := repository.ReadSnapshot(data)
		return err
	})
	r.checkForm("contract", r.files.contract, func(data []byte) error {
		docs, err := source.ParseYAML("contract", data)
		if err != nil {
			return err
		}
		if len(docs) != 1 {
			return fmt.Errorf("read the contract: %d documents; want one", len(docs))
		}
		if m, ok := docs[0].Value.(map[string]any); !ok || len(m) == 0 {
			return errors.New("read the contract: want a mapping")
		}
		return nil
	})
	for _, in := range r.o.Plans {
		name := r.inputName(planName("plan", in))
		if data := one(name, in.File); data != nil {
			r.files.plans = append(r.files.plans, planInput{Input: in, name: name, data: data})
			r.provided["plan"] = true
		}
	}
	for _, in := range r.o.PlanFiles {
		name := r.inputName(planName("plan-file", in))
		if data := one(name, in.File); data != nil {
			r.pairPlan(planInput{Input: in, name: name, data: data})
		}
	}
	return nil
}

// inputName is a name that no other input has: several plans may come without
// a stack.
func (r *run) inputName(name string) string {
	unique := name
	for n := 2; ; n++ {
		if _, taken := r.inputs[unique]; !taken {
			return unique
		}
		unique = fmt.Sprintf("%s#%d", name, n)
	}
}

// pairPlan hands a binary plan to the first plan JSON of its stack that has
// none. One that nobody reads must not look as if it had been compared.
func (r *run) pairPlan(binary planInput) {
	for _, exact := range []bool{true, false} {
		for i := range r.files.plans {
			p := &r.files.plans[i]
			same := p.Stack == binary.Stack || !exact && (p.Stack == "" || binary.Stack == "") && len(r.o.Plans) == 1
			if p.binary == nil && same {
				p.binary = &binary
				return
			}
		}
	}
	r.failed("input", binary.name, &source.Error{
		Msg: "no --plan of that stack says what the binary plan does", Hint: "terraform show -json FILE > plan.json, and hand it in with --plan under the same stack",
	})
}

// checkForm fails an input that cannot be what its flag says: one that is not
// understood has not been handed in.
func (r *run) checkForm(name string, data []byte, check func([]byte) error) {
	if data == nil {
		return
	}
	if err := check(data); err != nil {
		r.failed("input", name, err)
		r.provided[name] = false
	}
}

func planName(kind string, in Input) string {
	if in.Stack == "" {
		return kind
	}
	return kind + ":" + in.Stack
}

func (o *Options) readInput(file string) ([]byte, error) {
	if o.ReadInput != nil {
		return o.ReadInput(file)
	}
	return ReadFile(file, o.Stdin)
}

// ReadFile reads a handed-in file, or stdin for "-".
func ReadFile(file string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	if in == nil {
		return nil, errors.New("there is no standard input")
	}
	var buf bytes.Buffer
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() <= maxInput {
			buf.Grow(int(info.Size()) + bytes.MinRead)
		}
	}
	_, err := io.Copy(&buf, io.LimitReader(in, maxInput+1))
	if err == nil && buf.Len() > maxInput {
		err = fmt.Errorf("input is larger than %d MiB", maxInput>>20)
	}
	return buf.Bytes(), err
}

// failed enters a fault into the ledger, at its place if it has one.
func (r *run) failed(kind, id string, err error) {
	e := facts.Entry{Kind: kind, ID: id, State: facts.Failed, Reason: err.Error()}
	var at *source.Error
	if errors.As(err, &at) {
		e.Place, e.Hint = at.Position, at.Hint
	}
	r.ledger = append(r.ledger, e)
}

// fail closes what is open on the way out.
func (r *run) fail(err error) error {
	r.close()
	return err
}

func (r *run) close() error {
	var errs []error
	if r.work != nil {
		errs = append(errs, r.work.Close())
	}
	if r.repo != nil {
		errs = append(errs, r.repo.Close())
	}
	return errors.Join(errs...)
}
