package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/policy"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/rules"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

func newConfigCommand(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Validate the configuration, or show what it comes to",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigValidateCommand(s), newConfigShowCommand(s))
	return cmd
}

func newConfigValidateCommand(s *streams) *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check .gate.yaml, the waivers and the trust file",
		Long: `Reads FILE (default .gate.yaml) and the waiver and trust files that it names, which
stand relative to its directory, and prints every fault with its line. check itself
reads them from the target branch: validate is for the version that is being written.
Where FILE is called .gate.yaml, the charts, programs, stacks, values files and policies
that it names must stand below its directory, of the globs of an entry one must fit
something there, and the policies must compile.

Exit codes: 0 valid, 2 faults.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			now, err := parseNow(at)
			if err != nil {
				return exit(exitUsage, err)
			}
			files, err := readConfigAnd(args, func(f *configFiles) error { return errors.Join(f.named(cmd.Context()), f.unheld(now)) })
			if err != nil {
				return exit(exitUsage, err)
			}
			redact, err := files.redactor()
			if err != nil {
				return exit(exitUsage, err)
			}
			for _, w := range files.warnings(now) {
				fmt.Fprintln(s.Err, "warning: "+printable(redact(w)))
			}
			fmt.Fprintln(s.Out, printable(files.summary()))
			return nil
		},
	}
	cmd.Flags().StringVar(&at, "now", "", "the time that ends are compared with, RFC 3339 (default: the clock)")
	return cmd
}

func newConfigShowCommand(s *streams) *cobra.Command {
	var at, format, environment string
	cmd := &cobra.Command{
		Use:   "show [FILE]",
		Short: "Print the effect and parameters of every rule in every environment",
		Long: `Merges the defaults of the catalog and of the policies that FILE (default .gate.yaml)
names with FILE and prints what holds for each rule in each environment. An environment with an empty name stands for subjects
that belong to none. Without FILE and without .gate.yaml it prints the defaults.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"yaml", "json"}, format) {
				return exit(exitUsage, fmt.Errorf("--format %q: want yaml or json%s", format, config.DidYouMean(format, []string{"yaml", "json"})))
			}
			now, err := parseNow(at)
			if err != nil {
				return exit(exitUsage, err)
			}
			files, err := readConfig(args)
			if errors.Is(err, fs.ErrNotExist) && len(args) == 0 {
				files = &configFiles{}
				err = files.loadCatalog()
			}
			if err != nil {
				return exit(exitUsage, err)
			}
			unread := files.addOwnRules(cmd.Context())
			view, err := files.effective(now, environment)
			if err != nil {
				return exit(exitUsage, err)
			}
			redact, err := files.redactor()
			if err != nil {
				return exit(exitUsage, err)
			}
			for _, byEnvironment := range view.Rules {
				for name, r := range byEnvironment {
					r.Params, _ = doc.Rewrite(r.Params, redact).(map[string]any)
					byEnvironment[name] = r
				}
			}
			if unread != nil { // the others are shown
				unread = exit(exitUsage, unread)
			}
			return errors.Join(writeView(s.Out, format, view), unread)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&format, "format", "yaml", "yaml or json")
	fl.StringVar(&environment, "env", "", "only this environment")
	fl.StringVar(&at, "now", "", "the time that enforceFrom is compared with, RFC 3339 (default: the clock)")
	return cmd
}

func parseNow(at string) (time.Time, error) {
	if at == "" {
		return time.Now().UTC(), nil
	}
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return now, fmt.Errorf("--now %q: want a time such as 2026-11-23T12:00:00Z", at)
	}
	return now.UTC(), nil
}

// configFiles is a configuration with its companions and the catalog.
type configFiles struct {
	path    string         // of the configuration on this machine
	config  *config.Config // nil: there is none
	waivers *config.Waivers
	trust   *config.Trust
	rules   []policy.Rule
	texts   map[string][]byte // of the files, by their names
	doubts  []policy.Doubt    // what policies name and nothing has
	idle    []source.Path     // globs that fit nothing, beside others that do
}

// readConfig reads and checks all three files; the error joins the faults of
// all of them. Nothing in it is a secret that one of the files holds.
func readConfig(args []string) (*configFiles, error) {
	return readConfigAnd(args, func(*configFiles) error { return nil })
}

// readConfigAnd is readConfig with another check of a configuration that parses.
func readConfigAnd(args []string, check func(*configFiles) error) (*configFiles, error) {
	f, err := readConfigFiles(args)
	if f.config != nil {
		err = errors.Join(err, check(f))
	}
	if err == nil {
		return f, nil
	}
	redact, fault := f.redactor()
	if fault != nil {
		return f, fault
	}
	if text := redact(err.Error()); text != err.Error() {
		err = errors.New(text)
	}
	return f, err
}

// redactor takes the secrets that the files hold out of a text.
func (f *configFiles) redactor() (func(string) string, error) {
	scanner, err := secrets.NewScanner()
	if err != nil {
		return nil, err
	}
	return scanner.Contents(f.texts).Redact, nil
}

func readConfigFiles(args []string) (*configFiles, error) {
	file := config.DefaultFile
	if len(args) > 0 {
		file = args[0]
	}
	f := &configFiles{path: file, texts: map[string][]byte{}}
	// The companions are named by the configuration, which may be somebody
	// else's: os.Root keeps them below its directory, links included.
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return f, fmt.Errorf("read %s: %w", file, err)
	}
	defer root.Close()
	data, err := readRegular(root, filepath.Base(file))
	if err != nil {
		return f, fmt.Errorf("read %s: %w", file, err)
	}
	f.texts[file] = data
	if err := f.loadCatalog(); err != nil {
		return f, err
	}
	if f.config, err = config.Parse(filepath.ToSlash(file), data); err != nil {
		return f, err
	}
	faults := []error{f.config.Check(decide.Specs(f.rules))}
	err = f.config.ReadConftest(func(name string) (data []byte, err error) {
		data, err = readRegular(root, filepath.FromSlash(name))
		f.texts[name] = data
		return data, err
	})
	if err != nil {
		f.config = nil // what its policies are is not known
		return f, errors.Join(faults[0], err)
	}
	dir := filepath.ToSlash(filepath.Dir(file))
	companion := func(key, name, standard string, parse func(file string, data []byte) error) {
		data, err := readRegular(root, filepath.FromSlash(name))
		switch {
		case errors.Is(err, fs.ErrNotExist) && name == standard: // it is optional
		case errors.Is(err, fs.ErrNotExist):
			faults = append(faults, f.fault(source.Path{key}, fmt.Sprintf("%q: there is no such file", name)))
		case err != nil:
			faults = append(faults, fmt.Errorf("read %s: %w", name, err))
		default:
			f.texts[name] = data
			faults = append(faults, parse(strings.TrimPrefix(dir+"/"+name, "./"), data))
		}
	}
	companion("waivers", f.config.Waivers, config.DefaultWaivers, func(name string, data []byte) (err error) {
		f.waivers, err = config.ParseWaivers(name, data)
		return errors.Join(err, f.waiverFaults())
	})
	companion("trust", f.config.Trust, config.DefaultTrust, func(name string, data []byte) (err error) {
		f.trust, err = config.ParseTrust(name, data)
		return err
	})
	return f, errors.Join(faults...)
}

func readRegular(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	return io.ReadAll(io.LimitReader(file, source.MaxYAMLBytes+1))
}

func (f *configFiles) loadCatalog() error {
	c, err := policy.Load(rules.FS, nil)
	if err != nil {
		return err
	}
	f.rules = c.Rules()
	return nil
}

// waiverFaults are the faults of entries. In a check they are findings; here
// the file is being written, and each is an error.
func (f *configFiles) waiverFaults() error {
	if f.waivers == nil {
		return nil
	}
	var faults []error
	ids := make([]string, 0, len(f.rules))
	for _, r := range f.rules {
		ids = append(ids, r.ID)
	}
	for _, w := range f.waivers.Waivers {
		msgs := slices.Clone(w.Faults)
		if i := slices.Index(ids, w.Rule); i >= 0 && f.rules[i].Waivable == "never" {
			msgs = append(msgs, fmt.Sprintf("rule %s cannot be waived", w.Rule))
		} else if i >= 0 && len(w.Faults) == 0 {
			if lacks := decide.WaiverLacks(f.config, f.waivers, w, f.rules[i]); lacks != "" {
				msgs = append(msgs, lacks)
			}
		} else if i < 0 && strings.Count(w.Rule, "/") == 1 && len(w.Faults) == 0 {
			msgs = append(msgs, fmt.Sprintf("unknown rule %q%s", w.Rule, config.DidYouMean(w.Rule, ids)))
		}
		if env := w.Scope.Environment; env != "" && env != "*" {
			if _, ok := f.config.Environment(env); !ok {
				msgs = append(msgs, fmt.Sprintf("environment %q is not configured", env))
			}
		}
		for _, m := range msgs {
			faults = append(faults, f.waiverFault(w, m))
		}
	}
	return errors.Join(faults...)
}

func (f *configFiles) waiverFault(w config.Waiver, msg string) error {
	return &source.Error{Position: source.Position{File: f.waivers.File, Line: w.Line}, Msg: fmt.Sprintf("waiver %q: %s", w.ID, msg)}
}

// unheld refuses roles that the configuration has rules ask for and that nobody holds.
func (f *configFiles) unheld(now time.Time) error {
	asked, _ := f.config.MissingRoles(decide.Specs(f.rules), now)
	var faults []error
	for _, m := range asked {
		faults = append(faults, fmt.Errorf("%s: %s", f.config.File, m))
	}
	return errors.Join(faults...)
}

// maxIdle bounds the globs that a warning tells the lines of.
const maxIdle = 5

// warnings are what is valid and will not do what it is there for.
func (f *configFiles) warnings(now time.Time) []string {
	var out []string
	for _, e := range f.config.Exclude {
		if e.Expired(now) {
			out = append(out, fmt.Sprintf("%s:%d: exclusion expired on %s: what it excludes is failed", f.config.File, e.Line, e.Expires.Format(time.DateOnly)))
		}
	}
	if f.waivers != nil {
		for _, w := range f.waivers.Waivers {
			if w.Expired(now) {
				out = append(out, fmt.Sprintf("%s:%d: waiver %q expired on %s", f.waivers.File, w.Line, w.ID, w.Expires.Format(time.DateOnly)))
			}
		}
	}
	for _, d := range f.doubts {
		out = append(out, fmt.Sprintf("%s: %s", d.Place, d.Text))
	}
	if n := len(f.idle); n > 0 {
		var lines []string
		for _, p := range f.idle[:min(n, maxIdle)] {
			lines = append(lines, fmt.Sprint(f.config.Places.Locate(p).Position.Line))
		}
		text := fmt.Sprintf("%s: %d globs fit no file: line %s", f.config.File, n, strings.Join(lines, ", "))
		if n > maxIdle {
			text += " and so on"
		}
		out = append(out, text)
	}
	_, missing := f.config.MissingRoles(decide.Specs(f.rules), now)
	for _, m := range missing {
		out = append(out, fmt.Sprintf("%s: %s: nobody could give it", f.config.File, m))
	}
	return out
}

func (f *configFiles) summary() string {
	c := f.config
	s := fmt.Sprintf("%s is valid: %d environments, %d units, %d stacks, %d services, %d rules set", c.File, len(c.Environments), len(c.Units), len(c.Stacks), len(c.Services), len(c.Rules))
	if f.waivers != nil {
		s += fmt.Sprintf("\n%s is valid: %d waivers", f.waivers.File, len(f.waivers.Waivers))
	}
	if f.trust != nil {
		s += fmt.Sprintf("\n%s is valid: %d image entries, %d decision entries", f.trust.File, len(f.trust.Images), len(f.trust.Decisions))
	}
	return s
}

// effectiveView is what config show prints.
type effectiveView struct {
	File      string                                `json:"file,omitempty"`
	Rules     map[string]map[string]effectiveRule   `json:"rules"` // rule -> environment
	Approvals map[string]map[string]config.Approval `json:"approvals,omitempty"`
}

type effectiveRule struct {
	Class  string         `json:"class"`
	Effect string         `json:"effect"`
	From   string         `json:"enforceFrom,omitempty"` // only while it is yet to come
	Params map[string]any `json:"params,omitempty"`
}

func (f *configFiles) effective(now time.Time, only string) (*effectiveView, error) {
	specs := decide.Specs(f.rules)
	environments := []string{""}
	if f.config != nil {
		for _, e := range f.config.Environments {
			environments = append(environments, e.Name)
		}
	}
	if only != "" {
		if !slices.Contains(environments, only) {
			return nil, fmt.Errorf("--env %q: no such environment is configured%s", only, config.DidYouMean(only, environments[1:]))
		}
		environments = []string{only}
	}
	view := &effectiveView{Rules: map[string]map[string]effectiveRule{}}
	params := config.Params(f.config, specs)
	for _, spec := range specs {
		byEnvironment := map[string]effectiveRule{}
		for _, env := range environments {
			class := f.config.ClassOf(env)
			r := effectiveRule{Class: string(class), Effect: f.config.EffectOf(spec, env, class, now), Params: params[env][spec.ID]}
			if f.config != nil {
				if from := f.config.Rules[spec.ID].EnforceFrom; from != nil && now.Before(*from) {
					r.From = from.Format(time.DateOnly)
				}
			}
			byEnvironment[env] = r
		}
		view.Rules[spec.ID] = byEnvironment
	}
	if f.config.Configured() {
		view.File = f.config.File
		view.Approvals = map[string]map[string]config.Approval{}
		for _, class := range []config.Class{config.Prod, config.NonProd} {
			byRisk := map[string]config.Approval{}
			for _, risk := range []string{"low", "medium", "high", "critical"} {
				byRisk[risk] = f.config.ApprovalFor(class, risk)
			}
			view.Approvals[string(class)] = byRisk
		}
	}
	return view, nil
}

// writeView prints JSON, or YAML with the same keys.
func writeView(w io.Writer, format string, view any) error {
	data, err := json.MarshalIndent(view, "", "  ")
	if err != nil {
		return err
	}
	if format == "json" {
		_, err = fmt.Fprintf(w, "%s\n", data)
		return err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return enc.Close()
}
