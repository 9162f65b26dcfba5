// Command collections judges public collections of conftest's policies with
// conftest and with gate, each over its own inputs, and says where the two differ.
//
//	collections -gate FILE -conftest FILE [-table FILE] [-only NAME] DIR
//
// DIR holds the collections that the table names: owner/name in the directory
// owner+name, or name. What is printed is a table in Markdown, and the differences
// that the table of collections does not list. The program ends in 1 if there are
// any, if one that is listed does not occur, or if nothing was judged.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	gate := flag.String("gate", "", "gate's program")
	conftest := flag.String("conftest", "", "conftest's program")
	table := flag.String("table", "collections.yaml", "table of collections")
	only := flag.String("only", "", "judge this collection alone")
	flag.Parse()
	if *gate == "" || *conftest == "" || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ok, err := compareAll(context.Background(), programs{*gate, *conftest}, *table, *only, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "collections:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// programs are the two that are compared, by their paths.
type programs struct{ gate, conftest string }

func compareAll(ctx context.Context, p programs, table, only, dir string) (bool, error) {
	list, err := readTable(table)
	if err != nil {
		return false, err
	}
	fmt.Println("| collection | commit | policies | inputs | failed by both | results | the same | tests | the same | differences |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	ok, judged := true, 0
	var told []string
	for _, c := range list {
		from := c.below(dir)
		if only != "" && c.Name != only || from == "" {
			continue
		}
		o, err := c.compare(ctx, p, from)
		if err != nil {
			return false, fmt.Errorf("%s: %w", c.Name, err)
		}
		fmt.Println(o.row(c, commit(ctx, from)))
		for _, d := range o.unlisted {
			told = append(told, c.Name+": "+d)
		}
		judged += o.results + o.tests
		ok = ok && len(o.unlisted) == 0
	}
	for _, d := range told {
		fmt.Println(d)
	}
	if judged == 0 {
		return false, fmt.Errorf("%s holds no collection of %s that says anything", dir, table)
	}
	return ok, nil
}

// below is the directory of a collection, empty if it is not there.
func (c collection) below(dir string) string {
	for _, name := range []string{strings.ReplaceAll(c.Name, "/", "+"), filepath.Base(c.Name)} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

// commit is what is checked out, shortened, or empty.
func commit(ctx context.Context, dir string) string {
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--short=10", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
