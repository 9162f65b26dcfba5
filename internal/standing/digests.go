// Package standing says what a target branch says now of that on which a decision rests,
// policies, waivers and freezes, and what controllers report. Between judging and applying
// any of them may have changed, and time has passed.
package standing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gate/internal/policy"
	"gate/internal/policysource"
	"gate/rules"
)

// Digests are those of what judges, sha256 in hex.
type Digests struct {
	Policy  string // of the catalog, the organisation's policies and the keys of images
	Data    string // of the tables of the catalog
	Judging string // see config.Files.Judging
}

// DigestsOf are those of a policy and of the catalog that judges by it, whose digests are
// given.
func DigestsOf(p *policysource.Source, catalogPolicy, catalogData string) (Digests, error) {
	d := Digests{Policy: catalogPolicy, Data: catalogData}
	var err error
	if d.Judging, err = p.Judging(); err != nil {
		return d, err
	}
	if own := ownDigests(p); len(own) > 0 {
		sum := sha256.Sum256([]byte("catalog " + catalogPolicy + "\n" + strings.Join(own, "")))
		d.Policy = hex.EncodeToString(sum[:])
	}
	return d, nil
}

// ownDigests are lines about what an organisation judges by, sorted. What cannot be read
// is a line of its own: check fails it, and it equals nothing that can.
func ownDigests(p *policysource.Source) []string {
	var out []string
	for _, entry := range p.Config.Policies {
		o := policy.Organisation{Entry: entry, Label: p.Label, Rules: p.Tree}
		d, err := o.Digest()
		if err != nil {
			d = "unread: " + err.Error()
		}
		out = append(out, fmt.Sprintf("policies %s %s\n", entry.Entry(), d))
	}
	for _, image := range p.Trust.Images {
		for _, key := range image.Keys {
			if key.File == "" {
				continue
			}
			data, err := p.Tree.ReadFile(key.File)
			if err != nil {
				data = []byte("unread: " + err.Error())
			}
			out = append(out, fmt.Sprintf("key %s %x\n", key.File, sha256.Sum256(data)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// built is the catalog of this program, without its rules: its digests.
func built() (*policy.Catalog, error) {
	return policy.Load(rules.FS, func(policy.Head) bool { return false })
}
