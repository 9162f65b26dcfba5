package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Output is one decision that is to be written.
type Output struct {
	Environment string
	Target      string
	Data        []byte // what Sign returned, or the bare payload
	Signed      bool
}

// ErrManyDecisions is wrapped if one file was named for more or fewer than one
// decision.
var ErrManyDecisions = errors.New("a file holds exactly one decision")

// Write writes decisions and returns the paths. A path that ends in a slash or
// is a directory takes each decision in a file of its own, named after its
// environment and target; any other path is a file and needs exactly one
// decision. Files are replaced as a whole, never half written.
func Write(path string, decisions []Output) ([]string, error) {
	info, err := os.Stat(path)
	isDir := err == nil && info.IsDir()
	if !isDir && !strings.HasSuffix(path, "/") && !strings.HasSuffix(path, string(filepath.Separator)) {
		if len(decisions) != 1 {
			return nil, fmt.Errorf("write decision: %w, this run has %d: %s (name a directory: %s/)", ErrManyDecisions, len(decisions), strings.Join(places(decisions), ", "), path)
		}
		return []string{path}, replaceFile(path, decisions[0].Data)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("write decisions: %w", err)
	}
	var out []string
	for i, name := range fileNames(decisions) {
		file := filepath.Join(path, name)
		if err := replaceFile(file, decisions[i].Data); err != nil {
			return out, err
		}
		out = append(out, file)
	}
	return out, nil
}

func places(decisions []Output) []string {
	var out []string
	for _, d := range decisions {
		out = append(out, fmt.Sprintf("%q", strings.Trim(d.Environment+"/"+d.Target, "/")))
	}
	return out
}

// fileNames returns <environment>-<target>.sigstore.json, or .json without a
// signature. Names that change when they are made safe, or that two decisions
// share (file systems may fold case), carry a hash of the true ones.
func fileNames(decisions []Output) []string {
	names := make([]string, len(decisions))
	seen := map[string]int{}
	for i, d := range decisions {
		var parts []string
		for _, p := range []string{d.Environment, d.Target} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		if len(parts) == 0 {
			parts = []string{"decision"}
		}
		raw := strings.Join(parts, "-")
		names[i] = safeName(raw)
		seen[strings.ToLower(names[i])]++
		if names[i] != raw {
			seen[strings.ToLower(names[i])]++
		}
	}
	for i, d := range decisions {
		if seen[strings.ToLower(names[i])] > 1 {
			sum := sha256.Sum256([]byte(d.Environment + "\x00" + d.Target))
			names[i] += "-" + hex.EncodeToString(sum[:4])
		}
		names[i] += ".json"
		if d.Signed {
			names[i] = strings.TrimSuffix(names[i], ".json") + ".sigstore.json"
		}
	}
	return names
}

// safeName keeps what is a file name everywhere.
func safeName(s string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}, s)
	if len(out) > 100 {
		out = out[:100]
	}
	if strings.HasPrefix(out, ".") || strings.HasPrefix(out, "-") {
		out = "_" + out[1:]
	}
	return out
}

func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".decision-*")
	if err != nil {
		return fmt.Errorf("write decision: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(data[:len(data):len(data)], '\n'))
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write decision %s: %w", path, err)
	}
	return nil
}
