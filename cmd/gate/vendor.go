package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"gate/internal/facts"
	"gate/internal/fetch"
	"gate/internal/pipeline"
	"gate/internal/worker"

	"github.com/spf13/cobra"
)

// networkFlags say for what a connection may be opened.
type networkFlags struct {
	purposes []string
	cache    string
}

func (f *networkFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.purposes, "allow-network", nil, "purposes for which connections may be opened: helm (charts that "+fetch.LockFile+" names)")
	cmd.Flags().StringVar(&f.cache, "cache", "", "directory of fetched charts (with --allow-network=helm: gate in XDG_CACHE_HOME or ~/.cache), which are used without a network, too; if it is named, what later runs need not work out once more is kept there as well")
}

// apply puts the flags into the options.
func (f *networkFlags) apply(s *streams, o *pipeline.Options) error {
	for _, p := range f.purposes {
		if p != pipeline.NetworkHelm {
			return fmt.Errorf("--allow-network %q: want %s", p, pipeline.NetworkHelm)
		}
	}
	o.Network, o.Cache, o.Results, o.PlainLoopback = f.purposes, f.cache, f.cache != "", s.PlainLoopback
	if o.Cache == "" && len(o.Network) > 0 {
		if dir := s.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
			o.Cache = filepath.Join(dir, "gate")
		} else if home := s.Getenv("HOME"); filepath.IsAbs(home) {
			o.Cache = filepath.Join(home, ".cache", "gate")
		}
	}
	if o.Cache == "" {
		return nil
	}
	dir, err := filepath.Abs(o.Cache)
	if err != nil {
		return fmt.Errorf("--cache: %w", err)
	}
	o.Cache = dir
	return nil
}

func newVendorCommand(s *streams) *cobra.Command {
	var f inputFlags
	var update bool
	cmd := &cobra.Command{
		Use:   "vendor [DIR]",
		Short: "Lock the charts that are deployed from elsewhere",
		Long: `Looks up the charts that Applications, HelmReleases, kustomizations and Chart.yaml files below DIR
name and that are not in the repository, and writes their versions, addresses and sha256 to
` + fetch.LockFile + `. Commit it: check, facts and render use a fetched chart only if it is the one that
is locked. What is locked stays as it is, unless --update is given.

Exit codes: 0 everything is locked, 2 usage or configuration, 3 something could not be found or rendered.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.vendor(cmd.Context(), s, args, update) },
	}
	f.network.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&update, "update", false, "look everything up anew")
	fl.StringVar(&f.config, "config", "", "configuration file instead of .gate.yaml")
	fl.DurationVar(&f.deadline, "deadline", 10*time.Minute, "end the run after this time")
	fl.StringVar(&f.memory, "memory", worker.Size(worker.DefaultMemory), "what the process that renders may take")
	fl.BoolVar(&f.noWorker, "no-worker", false, "render in this process, without limits of memory and CPU time")
	_ = fl.MarkHidden("no-worker")
	return cmd
}

func (f *inputFlags) vendor(ctx context.Context, s *streams, args []string, update bool) error {
	f.local = true
	if f.config == "" {
		f.policyRef = pipeline.WorkTree
	}
	opts, err := f.options(s, args)
	if err != nil {
		return exit(exitUsage, err)
	}
	got, err := f.ask(ctx, s, &request{Command: "vendor", Options: opts, Update: update})
	if err != nil {
		return checkError(err)
	}
	if len(got.reports) != 3 {
		return exit(exitIncomplete, fmt.Errorf("vendor: %d outputs, want 3", len(got.reports)))
	}
	dir := opts.Dir
	if dir == "" {
		dir = "."
	}
	if err := writeLock(dir, got.reports[0]); err != nil {
		return exit(exitIncomplete, fmt.Errorf("write %s: %w", fetch.LockFile, err))
	}
	if _, err := s.Out.Write(got.reports[1]); err != nil {
		return exit(exitIncomplete, fmt.Errorf("vendor: %w", err))
	}
	if _, err := s.Err.Write(got.reports[2]); err != nil {
		return exit(exitIncomplete, fmt.Errorf("vendor: %w", err))
	}
	if got.code != exitOK {
		return exit(got.code, nil)
	}
	return nil
}

// vendor works out the lock file and what is said about it.
func (q *request) vendor(ctx context.Context) (*judged, error) {
	got, err := pipeline.Vendor(ctx, q.Options, q.Update)
	if err != nil {
		return nil, err
	}
	var out, said bytes.Buffer
	for _, c := range got.Charts {
		fmt.Fprintf(&out, "%s %s %s sha256:%s\n", c.Name, c.Version, c.URL, c.SHA256)
	}
	j := &judged{code: exitOK}
	for _, e := range got.Failed {
		j.code = exitIncomplete
		fmt.Fprintln(&said, "gate: "+printable(failure(e)))
	}
	lock := got.Lock
	if len(got.Charts) == 0 {
		lock = nil
		fmt.Fprintln(&out, "no chart is deployed from elsewhere")
	}
	j.reports = [][]byte{lock, out.Bytes(), said.Bytes()}
	return j, nil
}

func failure(e facts.Entry) string {
	text := fmt.Sprintf("%s %s: %s", e.Kind, e.ID, e.Reason)
	if e.Place.File != "" {
		text = e.Place.String() + ": " + text
	}
	if e.Hint != "" {
		text += "\n  = hint: " + strings.ReplaceAll(e.Hint, "\n", "\n    ")
	}
	return text
}

// writeLock writes the lock file below dir, and nowhere else: a link in the
// repository leads no further. Without charts there is no file.
func writeLock(dir string, data []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	old, err := root.ReadFile(fetch.LockFile)
	switch {
	case err == nil && bytes.Equal(old, data):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case len(data) == 0 && err != nil:
		return nil
	case len(data) == 0:
		return root.Remove(fetch.LockFile)
	}
	if err := root.MkdirAll(path.Dir(fetch.LockFile), 0o755); err != nil {
		return err
	}
	temporary := fetch.LockFile + ".new"
	if err := root.WriteFile(temporary, data, 0o644); err != nil {
		return err
	}
	return root.Rename(temporary, fetch.LockFile)
}
