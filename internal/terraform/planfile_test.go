package terraform

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	"google.golang.org/protobuf/encoding/protowire"
)

// testdata/planfile holds a plan of Terraform 1.11.4 and its JSON.
func realPlan(t testing.TB) (binary, plan []byte) {
	t.Helper()
	binary, err1 := os.ReadFile("testdata/planfile/tfplan")
	plan, err2 := os.ReadFile("testdata/planfile/plan.json")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return binary, plan
}

// rezip writes an archive again with members changed or, with nil, left out.
func rezip(t testing.TB, data []byte, change map[string][]byte) []byte {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	add := func(name string, content []byte) {
		w, err := zw.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range zr.File {
		if _, changed := change[f.Name]; changed {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		content.ReadFrom(rc)
		add(f.Name, content.Bytes())
	}
	for _, name := range slices.Sorted(maps.Keys(change)) {
		if change[name] != nil {
			add(name, change[name])
		}
	}
	zw.Close()
	return out.Bytes()
}

func archived(t testing.TB, data []byte, name string) []byte {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := zr.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	content.ReadFrom(f)
	return content.Bytes()
}

func linked(t testing.TB, binary, plan []byte) *Plan {
	t.Helper()
	b, err := ReadPlanBinary("tfplan", binary)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ReadPlan("plan.json", plan, b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanLinkVerified(t *testing.T) {
	t.Parallel()
	binary, plan := realPlan(t)
	p := linked(t, binary, plan)
	if p.Stack.PlanLink != facts.PlanVerified || !p.Stack.Complete || len(p.Problems) > 0 {
		t.Errorf("link %q, complete %v, problems %q", p.Stack.PlanLink, p.Stack.Complete, p.Problems)
	}
	alone, err := ReadPlan("plan.json", plan, nil)
	if err != nil || alone.Stack.PlanLink != facts.PlanUnverified {
		t.Errorf("without the binary plan: link %q, %v", alone.Stack.PlanLink, err)
	}
}

// A person's change of the JSON, and what the problem says of it.
func TestPlanLinkTampered(t *testing.T) {
	t.Parallel()
	binary, plan := realPlan(t)
	replace := func(old, new string) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			if !bytes.Contains(plan, []byte(old)) {
				t.Fatalf("the plan does not hold %s", old)
			}
			return bytes.Replace(plan, []byte(old), []byte(new), 1)
		}
	}
	edit := func(f func(root map[string]any)) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			var root map[string]any
			if err := json.Unmarshal(plan, &root); err != nil {
				t.Fatal(err)
			}
			f(root)
			out, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
	}
	change := func(address string, f func(c, change map[string]any)) func(*testing.T) []byte {
		return edit(func(root map[string]any) {
			for _, e := range doc.List(root, "resource_changes") {
				if c := doc.Map(e); doc.Text(c, "address") == address {
					f(c, doc.Map(c, "change"))
				}
			}
		})
	}
	for name, c := range map[string]struct {
		plan func(*testing.T) []byte
		want string
	}{
		"a deletion becomes a no-op": {change("aws_s3_bucket.gone", func(_, c map[string]any) { c["actions"] = []any{"no-op"} }),
			"aws_s3_bucket.gone: the JSON says no-op, the binary plan does delete"},
		"the order of a replacement": {change("aws_db_instance.db", func(_, c map[string]any) { c["actions"] = []any{"delete", "create"} }),
			"the JSON says delete-create, the binary plan does create-delete"},
		"a resource is left out": {edit(func(root map[string]any) {
			root["resource_changes"] = slices.DeleteFunc(doc.List(root, "resource_changes"), func(e any) bool { return doc.Text(e, "address") == "aws_s3_bucket.gone" })
		}), "the binary plan does delete to aws_s3_bucket.gone, of which the JSON says nothing"},
		"a resource is added": {edit(func(root map[string]any) {
			root["resource_changes"] = append(doc.List(root, "resource_changes"), map[string]any{
				"address": "aws_s3_bucket.new", "mode": "managed", "type": "aws_s3_bucket", "name": "new", "change": map[string]any{"actions": []any{"create"}}})
		}), "the JSON says create of aws_s3_bucket.new, of which the binary plan does not know"},
		"a value": {change("module.x[1].aws_s3_bucket.c[0]", func(_, c map[string]any) { doc.Map(c, "after")["bucket"] = "other" }),
			"module.x[1].aws_s3_bucket.c[0]: bucket is not what the binary plan holds for after"},
		"a value that was unknown": {change(`aws_s3_bucket.each["a.b"]`, func(_, c map[string]any) { doc.Map(c, "after")["arn"] = "arn:aws:s3:::mine" }),
			"arn is not what the binary plan holds"},
		"a value before": {change("aws_s3_bucket.gone", func(_, c map[string]any) { doc.Map(c, "before")["bucket"] = "elsewhere2" }),
			"bucket is not what the binary plan holds for before"},
		"an attribute that does not exist": {change(`aws_s3_bucket.each["ü"]`, func(_, c map[string]any) { doc.Map(c, "after")["acl_is_private"] = true }),
			"acl_is_private is not what"},
		"a known value is called unknown": {change("module.x[1].aws_s3_bucket.c[0]", func(_, c map[string]any) { doc.Map(c, "after_unknown")["bucket"] = true }),
			"module.x[1].aws_s3_bucket.c[0]: whether bucket is known is not what"},
		"an unknown value is called unset": {change("module.x[1].aws_s3_bucket.c[0]", func(_, c map[string]any) { delete(doc.Map(c, "after_unknown"), "arn") }),
			"module.x[1].aws_s3_bucket.c[0]: whether arn is known is not what"},
		"a password": {change("aws_db_instance.db", func(_, c map[string]any) { doc.Map(c, "after")["password"] = "planted-second" }),
			"aws_db_instance.db: password is not what"},
		"replace paths": {change("aws_s3_bucket.a", func(_, c map[string]any) { delete(c, "replace_paths") }),
			"the JSON says that nothing forces the replacement, the binary plan bucket"},
		"where it moved from": {change("aws_s3_bucket.m2", func(c, _ map[string]any) { delete(c, "previous_address") }),
			`the JSON says that it moved from "", the binary plan from "aws_s3_bucket.m"`},
		"a deposed key": {change("aws_s3_bucket.gone", func(c, _ map[string]any) { c["deposed"] = "12345678" }),
			"aws_s3_bucket.gone (deposed 12345678), of which the binary plan does not know"},
		"an import":   {change("aws_s3_bucket.gone", func(_, c map[string]any) { c["importing"] = map[string]any{"id": "x"} }), "imported in one"},
		"no drift":    {edit(func(root map[string]any) { delete(root, "resource_drift") }), "the binary plan does update to aws_s3_bucket.a, of which the JSON says nothing"},
		"another run": {replace(`"terraform_version":"1.11.4"`, `"terraform_version":"1.11.5"`), `the JSON is by version "1.11.5", the binary plan by "1.11.4"`},
		"a variable":  {edit(func(root map[string]any) { doc.Map(root, "variables", "pw")["value"] = "planted-second" }), `variable "pw" has another value`},
		"an output":   {edit(func(root map[string]any) { doc.Map(root, "output_changes", "o")["actions"] = []any{"no-op"} }), `output "o": the JSON says no-op`},
		"a module":    {edit(func(root map[string]any) { callOfX(root)["source"] = "registry.example.com/good/x/aws" }), "module x comes from another source"},
		"a constant of the configuration": {replace(`"availability_zone":{"constant_value":"b"}`, `"availability_zone":{"constant_value":"planted"}`),
			"the configuration of the JSON writes another availability_zone of aws_db_instance.db"},
		"a constant in place of a reference": {replace(`"password":{"references":["var.pw"]}`, `"password":{"constant_value":"planted"}`),
			"another password of aws_db_instance.db"},
		"a reference in place of a constant": {replace(`"engine":{"constant_value":"mysql"}`, `"engine":{"references":["var.pw"]}`), "another engine of aws_db_instance.db"},
		"another reference": {replace(`"bucket":{"references":["var.n","count.index"]}`, `"bucket":{"references":["aws_kms_key.k"]}`),
			"bucket of module.x.aws_s3_bucket.c refers to aws_kms_key.k"},
		"an argument is left out": {replace(`"instance_class":{"constant_value":"db.t3"},`, ``), "leaves instance_class of aws_db_instance.db out"},
		"an argument is added":    {replace(`"engine":{"constant_value":"mysql"}`, `"engine":{"constant_value":"mysql"},"kms_key_id":{"references":["var.pw"]}`), "gives kms_key_id to aws_db_instance.db"},
		"a nested argument":       {replace(`"constant_value":["s3:*"]`, `"constant_value":["s3:GetObject"]`), "another actions of data.aws_iam_policy_document.d"},
		"a block of the configuration": {edit(func(root map[string]any) {
			m := doc.Map(root, "configuration", "root_module")
			m["resources"] = doc.List(m, "resources")[1:]
		}), "leaves aws_db_instance.db out"},
		"a count": {replace(`"count_expression":{"constant_value":2},"module"`, `"count_expression":{"constant_value":1},"module"`), "another count of module.x"},
		"a provider": {replace(`"full_name":"registry.terraform.io/hashicorp/aws"`, `"full_name":"registry.terraform.io/hashicorp/aws","expressions":{"access_key":{"constant_value":"x"}}`),
			"the JSON configures provider aws"},
		"a constraint": {edit(func(root map[string]any) {
			doc.Map(root, "configuration", "provider_config", "aws")["version_constraint"] = "~> 6.0"
		}), "provider aws has another version constraint"},
		"a source of a provider": {replace(`"full_name":"registry.terraform.io/hashicorp/aws"`, `"full_name":"registry.example.com/hashicorp/aws"`), "provider aws comes from another source"},
		"who acts":               {change("aws_s3_bucket.gone", func(c, _ map[string]any) { c["provider_name"] = "registry.terraform.io/evil/aws" }), "the JSON says that it is of provider"},
		"why":                    {change("aws_s3_bucket.gone", func(c, _ map[string]any) { c["action_reason"] = "delete_because_each_key" }), "the reason of the action"},
		"what of a reference":    {replace(`"aws_s3_bucket.a.bucket"`, `"aws_s3_bucket.a.arn"`), "refers to something else of aws_s3_bucket.a"},
		"the value of an output": {edit(func(root map[string]any) { doc.Map(root, "output_changes", "o")["after"] = "planted" }), `output "o": `},
		"no output":              {edit(func(root map[string]any) { delete(root, "output_changes") }), `output "o", of which the JSON says nothing`},
		"no version":             {edit(func(root map[string]any) { delete(root, "terraform_version") }), `the JSON is by version ""`},
		"a program": {edit(func(root map[string]any) {
			r := doc.Map(doc.List(root, "configuration", "root_module", "resources")[0])
			r["provisioners"] = []any{map[string]any{"type": "local-exec"}}
		}), "the JSON has 1 provisioners, the binary plan 0"},
		"no configuration":         {edit(func(root map[string]any) { delete(root, "configuration") }), "only one of the two plans holds a configuration"},
		"a variable is not secret": {replace(`"variables":{"pw":{"sensitive":true}}`, `"variables":{"pw":{}}`), "variable.pw: whether it is sensitive"},
		"an output becomes secret": {edit(func(root map[string]any) {
			doc.Map(doc.Map(root, "configuration", "root_module"), "outputs")["o"].(map[string]any)["sensitive"] = true
		}), "output.o: whether it is sensitive"},
		"a mark that is missing":    {change("aws_db_instance.db", func(_, c map[string]any) { c["after_sensitive"] = map[string]any{} }), "password is sensitive in the binary plan only"},
		"a mark that hides a value": {change("aws_db_instance.db", func(_, c map[string]any) { doc.Map(c, "after_sensitive")["engine"] = true }), "the JSON hides engine"},
		"a mark that hides it all":  {change("aws_db_instance.db", func(_, c map[string]any) { c["after_sensitive"] = true }), "aws_db_instance.db: the JSON hides"},
		"it is errored":             {replace(`"errored":false`, `"errored":true`), "one of the two plans is errored"},
	} {
		t.Run(name, func(t *testing.T) {
			p := linked(t, binary, c.plan(t))
			all := strings.Join(p.Problems, "\n")
			if p.Stack.PlanLink != facts.PlanDiffers || p.Stack.Complete || !strings.Contains(all, c.want) {
				t.Errorf("link %q, complete %v, problems %q; want %q", p.Stack.PlanLink, p.Stack.Complete, p.Problems, c.want)
			}
			if strings.Contains(all, "planted") || strings.Contains(all, "correct-horse") {
				t.Errorf("the problem shows a value: %s", all)
			}
		})
	}
}

func callOfX(root map[string]any) map[string]any {
	return doc.Map(doc.Map(root, "configuration", "root_module"), "module_calls", "x")
}

// Every single leaf of a resource change counts: a changed one is found.
func TestPlanLinkEveryLeaf(t *testing.T) {
	t.Parallel()
	binary, plan := realPlan(t)
	b, err := ReadPlanBinary("tfplan", binary)
	if err != nil {
		t.Fatal(err)
	}
	root, err := readJSON("plan.json", plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range doc.List(root, "resource_changes") {
		for _, side := range []string{"before", "after"} {
			values := doc.Map(e, "change", side)
			var walk func(m map[string]any)
			walk = func(m map[string]any) {
				for _, k := range slices.Sorted(maps.Keys(m)) {
					if o, ok := m[k].(map[string]any); ok {
						walk(o)
						continue
					}
					was := m[k]
					m[k] = "another"
					l := newPlanLink(b)
					l.resource("resource_changes", doc.Map(e))
					if len(l.differences) != 1 {
						t.Errorf("%s: %s: another %s is not found: %q", doc.Text(e, "address"), side, k, l.differences)
					}
					m[k] = was
					n++
				}
			}
			walk(values)
		}
	}
	if n < 100 {
		t.Errorf("only %d leaves were tried", n)
	}
}

func TestPlanBinaryFaults(t *testing.T) {
	t.Parallel()
	binary, plan := realPlan(t)
	tfplan := archived(t, binary, "tfplan")
	versioned := func(n uint64) []byte {
		return append(protowire.AppendVarint(protowire.AppendTag(nil, planVersion, protowire.VarintType), n), tfplan...)
	}
	twice := func() []byte {
		var out bytes.Buffer
		zw := zip.NewWriter(&out)
		for range 2 {
			w, _ := zw.Create("tfplan")
			w.Write(tfplan)
		}
		zw.Close()
		return out.Bytes()
	}
	changed := func(b []byte) []byte { return rezip(t, binary, map[string][]byte{"tfplan": b}) }
	message := func(n protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":             {nil, "not a binary plan"},
		"JSON":                {plan, "this is JSON"},
		"encrypted":           {[]byte(`{"meta":{},"encrypted_data":"AA==","encryption_version":"v0"}`), "encrypted"},
		"old":                 {[]byte("tfplan\x02\x00"), "before Terraform 0.12"},
		"cut":                 {binary[:len(binary)-30], "not a binary plan"},
		"no plan inside":      {rezip(t, binary, map[string][]byte{"tfplan": nil}), "no member tfplan"},
		"two plans inside":    {twice(), `member "tfplan" stands twice`},
		"empty plan":          {changed([]byte{}), "format version 0 is not supported"},
		"a later version":     {changed(append(slices.Clone(tfplan), versioned(4)[:2]...)), "format version 4 is not supported"},
		"cut inside":          {changed(tfplan[:len(tfplan)-4]), "tfplan: "},
		"no address":          {changed(append(slices.Clone(tfplan), message(planResourceChanges, nil)...)), "a change without an address"},
		"an unknown action":   {changed(append(slices.Clone(tfplan), message(planResourceChanges, append(message(changeAddress, []byte("a.b")), message(changeChange, []byte{8, 4})...))...)), "a.b: unknown action 4"},
		"a bomb":              {bomb(t), "may be decompressed"},
		"modules are no JSON": {rezip(t, binary, map[string][]byte{"tfconfig/modules.json": []byte("{")}), "modules.json"},
	} {
		if _, err := ReadPlanBinary("tfplan", c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// bomb is an archive that unpacks to more than its size allows.
func bomb(t testing.TB) []byte {
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	w, err := zw.Create("tfplan")
	zeros := make([]byte, 1<<20)
	for range 65 {
		if err == nil {
			_, err = w.Write(zeros)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	zw.Close()
	return out.Bytes()
}

// A module that is not in the tree is read from the snapshot: findings stand
// at the call, with the body beside them.
func TestPlanSnapshot(t *testing.T) {
	t.Parallel()
	binary, plan := realPlan(t)
	const url = "git::https://git.example.com/x.git?ref=v1"
	manifest := fmt.Sprintf(`[{"Key":"","Dir":"."},{"Key":"x","Source":%q,"Dir":".terraform/modules/x"},{"Key":"evil","Source":"./e","Dir":"../../../etc"}]`, url)
	remote := rezip(t, binary, map[string][]byte{
		"tfconfig/m-/main.tf":   []byte(strings.Replace(string(archived(t, binary, "tfconfig/m-/main.tf")), `"./mod"`, fmt.Sprintf("%q", url), 1) + "\nmodule \"evil\" { source = \"./e\" }\n"),
		"tfconfig/modules.json": []byte(manifest), "tfconfig/m-evil/passwd.tf": []byte("locals {}\n"), "tfconfig/m-x/../../up.tf": []byte("locals {}\n"),
	})
	var root map[string]any
	if err := json.Unmarshal(plan, &root); err != nil {
		t.Fatal(err)
	}
	callOfX(root)["source"] = "git.example.com/x.git?ref=v1"
	doc.Map(doc.Map(root, "configuration", "root_module"), "module_calls")["evil"] = map[string]any{"source": "./e"}
	said, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	tree := directory(t, filepath.Join("testdata", "planfile"))
	delete(tree, "stack/mod/main.tf")
	tree["stack/main.tf"] = strings.Replace(tree["stack/main.tf"], `"./mod"`, fmt.Sprintf("%q", url), 1)
	got := collect(t, tree, Inputs{Stacks: []string{"stack"}, Plans: []PlanFile{{Stack: "stack", Name: "plan.json", Data: said, Binary: &BinaryFile{Name: "tfplan", Data: remote}}}})
	if got.Stacks[0].PlanLink != facts.PlanVerified {
		t.Fatalf("%s: %q", got.Stacks[0].PlanLink, got.Stacks[0].Problems)
	}
	at := got.Locators["terraform:stack:module.x[0].aws_s3_bucket.c[1]"].Locate(source.Path{"bucket"})
	if at.File != "stack/main.tf" || at.Line == 0 || at.Approximate {
		t.Errorf("at %+v", at.Position)
	}
	if !slices.ContainsFunc(at.Related, func(r source.Related) bool {
		return r.File == "stack/.terraform/modules/x/main.tf" && r.Line == 4 && r.Role == "module"
	}) {
		t.Errorf("related %+v", at.Related)
	}
	if got.Stacks[0].Lock["registry.terraform.io/hashicorp/aws"] == nil && len(got.Stacks[0].Lock) > 0 {
		t.Errorf("lock %v", got.Stacks[0].Lock)
	}
	for id, l := range got.Locators {
		if f := l.Locate(nil).File; strings.Contains(f, "passwd") || strings.HasPrefix(f, "..") {
			t.Errorf("%s stands in %s", id, f)
		}
	}
}

func TestPlanBinaryOfStack(t *testing.T) {
	t.Parallel()
	binary, plan := realPlan(t)
	tree := directory(t, filepath.Join("testdata", "planfile"))
	in := func(b []byte) Inputs {
		return Inputs{Stacks: []string{"stack"}, Plans: []PlanFile{{Stack: "stack", Name: "plan.json", Data: plan, Binary: &BinaryFile{Name: "tfplan", Data: b}}}}
	}
	failed := func(b []byte) string {
		var out []string
		for _, e := range collect(t, tree, in(b)).Ledger {
			if e.State == facts.Failed {
				out = append(out, e.ID+": "+e.Reason)
			}
		}
		return strings.Join(out, "\n")
	}
	if got := failed(binary); got != "" {
		t.Errorf("a good pair: %s", got)
	}
	if got := failed([]byte("PK\x03\x04")); !strings.Contains(got, "plan:plan.json: read binary plan tfplan: not a binary plan") || !strings.Contains(got, "stack:stack: its plan could not be read") {
		t.Errorf("a broken binary plan: %s", got)
	}
}

func FuzzPlanBinary(f *testing.F) {
	binary, plan := realPlan(f)
	tfplan := archived(f, binary, "tfplan")
	f.Add(tfplan)
	f.Add(tfplan[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		b := &PlanBinary{Name: "tfplan"}
		if b.decode(data) != nil {
			return
		}
		p, err := ReadPlan("plan.json", plan, b)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.changes) == 0 && p.Stack.PlanLink != facts.PlanDiffers {
			t.Error("a plan that does nothing is taken for the one of the JSON")
		}
	})
}

func FuzzPlanArchive(f *testing.F) {
	binary, _ := realPlan(f)
	f.Add(binary)
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = ReadPlanBinary("tfplan", data) })
}
