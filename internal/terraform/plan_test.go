package terraform

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/google/go-cmp/cmp"
)

func readPlan(t testing.TB, name string) (*Plan, []byte) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "plans", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ReadPlan(name+".json", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, data
}

// Every plan says the same through terraform-json, the reference reader.
func TestReadPlanAgainstTerraformJSON(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("testdata/plans/*.json")
	if len(names) == 0 {
		t.Fatal("no plans")
	}
	for _, f := range names {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		p, data := readPlan(t, name)
		var ref tfjson.Plan
		if err := ref.UnmarshalJSON(data); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		type row struct{ Address, Deposed, Type, Name, Mode, Actions, Previous string }
		want, got := map[row]int{}, map[row]int{}
		for _, c := range ref.ResourceChanges {
			var actions []string
			for _, a := range c.Change.Actions {
				actions = append(actions, string(a))
			}
			want[row{c.Address, c.DeposedKey, c.Type, c.Name, string(c.Mode), strings.Join(actions, ","), c.PreviousAddress}]++
		}
		for _, r := range p.Resources {
			got[row{r.Address, r.Deposed, r.Type, r.Name, r.Mode, strings.Join(r.Actions, ","), r.PreviousAddress}]++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -terraform-json +gate\n%s", name, diff)
		}
		if len(ref.ResourceDrift) != len(p.Stack.Drift) {
			t.Errorf("%s: %d drifted resources, terraform-json has %d", name, len(p.Stack.Drift), len(ref.ResourceDrift))
		}
	}
}

// No value that a plan marks as sensitive leaves the reader.
func TestReadPlanMasks(t *testing.T) {
	t.Parallel()
	planted := []string{"hunter22", "tofu-planted-secret"}
	names, _ := filepath.Glob("testdata/plans/*.json")
	seen := map[string]bool{}
	for _, f := range names {
		p, data := readPlan(t, strings.TrimSuffix(filepath.Base(f), ".json"))
		out, err := json.Marshal(map[string]any{"r": p.Resources, "s": p.Stack, "p": p.Problems})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range planted {
			seen[s] = seen[s] || bytes.Contains(data, []byte(s))
			if bytes.Contains(out, []byte(s)) {
				t.Errorf("%s: %q is in the facts", f, s)
			}
		}
	}
	for _, s := range planted {
		if !seen[s] {
			t.Errorf("no plan holds %q: the test proves nothing", s)
		}
	}
}

func TestReadPlanEncodings(t *testing.T) {
	t.Parallel()
	want, data := readPlan(t, "30-opentofu-create")
	u := utf16.Encode([]rune(string(data)))
	little, big := []byte{0xff, 0xfe}, []byte{0xfe, 0xff}
	for _, c := range u {
		little = append(little, byte(c), byte(c>>8))
		big = append(big, byte(c>>8), byte(c))
	}
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	_, _ = zw.Write(data)
	_ = zw.Close()
	for name, text := range map[string][]byte{
		"UTF-8 with mark": append([]byte("\xef\xbb\xbf"), data...), "UTF-16LE": little, "UTF-16BE": big,
		"UTF-16LE without mark": little[2:], "gzip": zipped.Bytes(),
	} {
		got, err := ReadPlan("30-opentofu-create.json", text, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want.Resources, got.Resources); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestReadPlanFaults(t *testing.T) {
	t.Parallel()
	_, data := readPlan(t, "10-aws-create-unknown-sensitive")
	for name, c := range map[string]struct{ text, want string }{
		"empty":     {"", "read plan: p:1:1: JSON ends too early"},
		"truncated": {string(data[:len(data)/2]), "JSON ends"},
		"garbage":   {"Terraform will perform", "unexpected character 'T'"},
		"list":      {"[]", "expected a JSON object"},
		"no format": {"{}", "format_version is missing"},
		"future":    {`{"format_version":"2.0"}`, `format_version "2.0" is not supported`},
		"state":     {`{"format_version":"1.0","values":{}}`, "the file is a state"},
		"binary":    {"PK\x03\x04...", "this is the binary plan"},
		"bad gzip":  {"\x1f\x8b....", "decompress"},
		"address":   {`{"format_version":"1.2","resource_changes":[{"address":"a b","change":{"actions":["create"]}}]}`, "resource_changes[0]"},
		"action":    {`{"format_version":"1.2","resource_changes":[{"address":"a.b","type":"a","name":"b","change":{"actions":["destroy"]}}]}`, "unknown action destroy"},
		"no action": {`{"format_version":"1.2","resource_changes":[{"address":"a.b","type":"a","name":"b","change":{"actions":[]}}]}`, "no actions"},
		"forged":    {`{"format_version":"1.2","resource_changes":[{"address":"aws_db_instance.b","type":"null_resource","name":"b","change":{"actions":["delete"]}}]}`, "contradict the address"},
		"twice":     {`{"format_version":"1.2","resource_changes":[{"address":"a.b","type":"a","name":"b","change":{"actions":["no-op"]}},{"address":"a.b","type":"a","name":"b","change":{"actions":["delete"]}}]}`, "resource_changes[1]: a.b stands there twice"},
		"errored":   {`{"format_version":"1.2","errored":"true"}`, "errored is not true or false"},
		"complete":  {`{"format_version":"1.2","complete":0}`, "complete is not true or false"},
		"deferred":  {`{"format_version":"1.2","deferred_changes":"x"}`, "deferred_changes is not a list"},
		"settings":  {`{"format_version":"1.2","configuration":[]}`, "configuration is not an object"},
		"no module": {`{"format_version":"1.2","configuration":{"root_module":[]}}`, "configuration.root_module is not an object"},
		"element":   {`{"format_version":"1.2","resource_changes":[null]}`, "resource_changes[0]"},
		"key twice": {`{"format_version":"1.2","resource_changes":[{"address":"a.b","address":"a.c"}]}`, `member "address" stands twice`},
		"a word":    {`{"format_version":"1.2","resource_drift":"x"}`, "resource_drift is not a list"},
		"not list":  {`{"format_version":"1.2","resource_changes":{}}`, "resource_changes is not a list"},
	} {
		_, err := ReadPlan("p", []byte(c.text), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// A plan that does not show the whole change says so.
func TestReadPlanProblems(t *testing.T) {
	t.Parallel()
	change := `"resource_changes":[{"address":"a.b","type":"a","name":"b","change":{"actions":["create"],"after":{}}}]`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"fine":       {`{"format_version":"1.2",` + change + `}`, nil},
		"errored":    {`{"format_version":"1.2","errored":true,` + change + `}`, []string{"the plan is errored: it holds only what was planned before the error"}},
		"incomplete": {`{"format_version":"1.2","complete":false,` + change + `}`, []string{"the plan is incomplete: another plan and apply must follow (deferred or targeted)"}},
		"deferred": {`{"format_version":"1.2","deferred_changes":[{"reason":"x","resource_change":{"address":"a.b","type":"a","name":"b","change":{"actions":["create"]}}}]}`,
			[]string{"the plan defers 1 changes"}},
		"empty": {`{"format_version":"1.2","configuration":{"root_module":{"resources":[{"mode":"managed","type":"a","name":"b"},{"mode":"managed","type":"a","name":"c","count_expression":{}}]}}}`,
			[]string{"the plan lists no resource although its configuration declares 1"}},
		"bare":           {`{"format_version":"1.2"}`, []string{"the plan holds neither resources nor a configuration"}},
		"empty by count": {`{"format_version":"1.2","configuration":{"root_module":{"resources":[{"mode":"managed","type":"a","name":"c","count_expression":{}}]}}}`, nil},
		"empty module": {`{"format_version":"1.2","configuration":{"root_module":{"module_calls":{"m":{"source":"./m","module":{"resources":[{"mode":"managed","type":"a","name":"b"}]}}}}}}`,
			[]string{"the plan lists no resource although its configuration declares 1"}},
		"no instance of the module": {`{"format_version":"1.2","configuration":{"root_module":{"module_calls":{"m":{"source":"./m","count_expression":{},"module":{"resources":[{"mode":"managed","type":"a","name":"b"}]}}}}}}`, nil},
	} {
		p, err := ReadPlan("p", []byte(c.text), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, p.Problems); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add([]byte(`{"format_version":"1.2","variables":{"v":{"value":"secret-value"}},"configuration":{"root_module":{"variables":{"v":{"sensitive":true}},` +
		`"resources":[{"mode":"managed","type":"a","name":"b","expressions":{"x":{"constant_value":1},"y":[{"z":{"references":["var.v"]}}]}}]}},` +
		`"resource_changes":[{"address":"a.b[0]","type":"a","name":"b","change":{"actions":["delete","create"],"before":{"x":[1]},"after":{"x":[2]},` +
		`"after_unknown":{"y":[{"z":true}]},"after_sensitive":{"x":[true]},"replace_paths":[["x",0]]}}]}`))
	f.Add([]byte("\xff\xfe{\x00}\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadPlan("p", data, nil)
		if err != nil {
			return
		}
		if _, err := json.Marshal(p.Resources); err != nil {
			t.Fatalf("facts cannot be written: %v", err)
		}
	})
}
