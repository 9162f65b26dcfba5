package terraform

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gate/internal/doc"
)

// PlanBinary is a plan as `terraform plan -out` and `tofu plan -out` write it:
// a zip archive with the planned actions (tfplan), the configuration that they
// were planned from (tfconfig/) and the locked providers. It is what apply
// consumes. The states inside of it are not read.
type PlanBinary struct {
	Name    string
	version string // of the program that wrote it
	errored bool
	// targeted says that the plan was made with -target or -exclude.
	targeted    bool
	refreshOnly bool
	changes     []binaryChange
	drift       []binaryChange
	outputs     map[string]binaryOutput      // by name
	variables   map[string][]byte            // msgpack
	modules     []snapshotModule             // of the configuration snapshot
	files       map[string]map[string][]byte // module key -> file name -> content
	lock        []byte                       // .terraform.lock.hcl, nil without one
}

// snapshotModule is one entry of tfconfig/modules.json.
type snapshotModule struct {
	Key, Source, Version, Dir string
}

// The bounds of a binary plan. A plan of 6,000 equal resources is compressed
// about fifty-fold; deflate reaches a thousand.
const (
	maxPlanEntries   = 20000
	maxSnapshotBytes = 64 << 20
	maxPlanRatio     = 400
	minRatioBytes    = 64 << 20 // up to here any ratio will do
)

// ReadPlanBinary reads a binary plan. What is no such archive, encrypted, of
// an unknown version or beyond the bounds is an error.
func ReadPlanBinary(name string, data []byte) (*PlanBinary, error) {
	p, err := readPlanBinary(name, data)
	if err != nil {
		return nil, fmt.Errorf("read binary plan %s: %w", name, err)
	}
	return p, nil
}

func readPlanBinary(name string, data []byte) (*PlanBinary, error) {
	if err := notAnArchive(data); err != nil {
		return nil, err
	}
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("not a binary plan: %w", err)
	}
	if len(zr.File) > maxPlanEntries {
		return nil, fmt.Errorf("%d members, more than %d", len(zr.File), maxPlanEntries)
	}
	p := &PlanBinary{Name: name, files: map[string]map[string][]byte{}}
	budget := planBudget{left: min(maxPlanBytes, max(minRatioBytes, maxPlanRatio*int64(len(data)))), snapshot: maxSnapshotBytes}
	seen := map[string]bool{}
	var plan, manifest []byte
	for _, f := range zr.File {
		if seen[f.Name] { // readers differ in which one they take
			return nil, fmt.Errorf("member %q stands twice", f.Name)
		}
		seen[f.Name] = true
		switch rest, config := strings.CutPrefix(f.Name, "tfconfig/"); {
		case f.Name == "tfplan":
			plan, err = budget.read(f, false)
		case f.Name == ".terraform.lock.hcl":
			p.lock, err = budget.read(f, true)
		case rest == "modules.json" && config:
			manifest, err = budget.read(f, true)
		case config:
			err = p.addSource(f, rest, &budget)
		}
		if err != nil {
			return nil, err
		}
	}
	if plan == nil {
		return nil, errors.New("not a binary plan: the archive has no member tfplan")
	}
	if err := p.readModules(manifest); err != nil {
		return nil, err
	}
	if err := p.decode(plan); err != nil {
		return nil, fmt.Errorf("tfplan: %w", err)
	}
	return p, nil
}

// notAnArchive says what a file is that is no zip archive, where that is known.
func notAnArchive(data []byte) error {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil
	}
	text := bytes.TrimLeft(data[:min(len(data), 4096)], "\xef\xbb\xbf \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("tfplan")):
		return errors.New("the plan is of a version before Terraform 0.12, which is not supported")
	case !bytes.HasPrefix(text, []byte("{")):
	case bytes.Contains(data, []byte(`"encrypted_data"`)) && bytes.Contains(data, []byte(`"encryption_version"`)):
		return errors.New("the plan is encrypted (OpenTofu's encryption block): what it does cannot be compared; write an unencrypted plan for the check and delete it afterwards")
	default:
		return errors.New("this is JSON; expected the file that `terraform plan -out` wrote (the JSON belongs to --plan)")
	}
	return errors.New("not a binary plan: no zip archive")
}

// planBudget bounds what is decompressed.
type planBudget struct{ left, snapshot int64 }

func (b *planBudget) read(f *zip.File, snapshot bool) ([]byte, error) {
	limit := b.left
	if snapshot {
		limit = min(limit, b.snapshot)
	}
	rc, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("member %q: %w", f.Name, err)
	}
	defer rc.Close()
	var out bytes.Buffer
	if f.UncompressedSize64 <= uint64(limit) { // what the header says is only a hint
		out.Grow(int(min(f.UncompressedSize64, 64<<20)) + bytes.MinRead)
	}
	n, err := io.Copy(&out, io.LimitReader(rc, limit+1))
	if err != nil {
		return nil, fmt.Errorf("member %q: %w", f.Name, err)
	}
	if n > limit {
		return nil, fmt.Errorf("member %q: the archive holds more than may be decompressed of %d bytes", f.Name, f.CompressedSize64)
	}
	b.left -= n
	if snapshot {
		b.snapshot -= n
	}
	return out.Bytes(), nil
}

// addSource keeps a configuration file: tfconfig/m-KEY/FILE. Other members are
// not the configuration's.
func (p *PlanBinary) addSource(f *zip.File, rest string, b *planBudget) error {
	dir, file := path.Split(rest)
	key, ok := strings.CutPrefix(strings.TrimSuffix(dir, "/"), "m-")
	if !ok || file == "" || strings.Contains(key, "/") || !configFile(file) {
		return nil
	}
	data, err := b.read(f, true)
	if err != nil {
		return err
	}
	if p.files[key] == nil {
		p.files[key] = map[string][]byte{}
	}
	p.files[key][file] = data
	return nil
}

// readModules reads the manifest of the snapshot, a JSON list of modules.
func (p *PlanBinary) readModules(data []byte) error {
	if data == nil {
		return nil
	}
	manifest, err := readJSON("tfconfig/modules.json", data, nil)
	if err != nil {
		return err
	}
	entries, ok := manifest.([]any)
	if !ok {
		entries = doc.List(manifest, "Modules")
	}
	for _, o := range entries {
		p.modules = append(p.modules, snapshotModule{Key: doc.Text(o, "Key"), Source: doc.Text(o, "Source"), Version: doc.Text(o, "Version"), Dir: doc.Text(o, "Dir")})
	}
	return nil
}
