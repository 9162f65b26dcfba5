package classify

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"gate/rules"
)

// catalogOf is the catalog with another data/risk.yaml.
func catalogOf(t *testing.T, text string) fs.FS {
	t.Helper()
	out := fstest.MapFS{"data/risk.yaml": {Data: []byte(text)}}
	for _, name := range []string{"iac_critical", "critical_objects", "policy_paths", "attribute_classes"} {
		file := "data/" + name + ".yaml"
		data, err := fs.ReadFile(rules.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		out[file] = &fstest.MapFile{Data: data}
	}
	return out
}

func TestLoad(t *testing.T) {
	t.Parallel()
	if _, err := Load(rules.FS); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ rows, want string }{
		"right":                      {"{id: a, why: b, over: resource, risk: high}", ""},
		"a list in a list":           {"{id: a, why: b, over: resource, match: [x, [y, [z]]], risk: high}", ""},
		"unknown field":              {"{id: a, why: b, over: resource, risk: high, wenn: prod}", "field wenn not found"},
		"repeated field":             {"{id: a, why: b, over: resource, risk: high, risk: low}", "already"},
		"wrong type":                 {"{id: a, why: b, over: resource, risk: high, above: {clusters: many}}", "cannot unmarshal"},
		"no rows":                    {"", "there are no rows"},
		"an id like a rule's":        {"{id: a/b, why: b, over: resource, risk: high}", "the id is not"},
		"an id twice":                {"{id: a, why: b, over: resource, risk: high}, {id: a, why: b, over: object, risk: high}", "stands twice"},
		"no reason":                  {"{id: a, over: resource, risk: high}", "does not say why"},
		"over nothing":               {"{id: a, why: b, risk: high}", `over "", expected`},
		"unknown risk":               {"{id: a, why: b, over: resource, risk: huge}", `risk: "huge"`},
		"no risk":                    {"{id: a, why: b, over: resource, changeType: infra-change}", `risk: ""`},
		"unknown type of change":     {"{id: a, why: b, over: resource, changeType: deploy, risk: low}", `changeType: "deploy"`},
		"raises nothing":             {"{id: a, why: b, over: object, risk: low}", "raises nothing"},
		"unknown action":             {"{id: a, why: b, over: resource, actions: [destroy], risk: high}", `actions: "destroy"`},
		"an action twice":            {"{id: a, why: b, over: resource, actions: [delete, delete], risk: high}", `actions: "delete" stands twice`},
		"unknown class":              {"{id: a, why: b, over: resource, class: production, risk: high}", `class: "production"`},
		"unknown bound":              {"{id: a, why: b, over: resource, above: {planets: 1}, risk: high}", `above: "planets"`},
		"a bound of none":            {"{id: a, why: b, over: resource, above: {clusters: 0}, risk: high}", "is no bound"},
		"unknown kind of file":       {"{id: a, why: b, over: file, policy: [text], risk: high}", `policy: "text"`},
		"a file of no name":          {"{id: a, why: b, over: file, actions: [delete], risk: high}", "names no file"},
		"a file in a cluster":        {"{id: a, why: b, over: file, match: [x], above: {clusters: 1}, risk: high}", "above never matches over file"},
		"a configuration that holds": {"{id: a, why: b, over: configuration, holds: [database], risk: high}", "holds never matches over configuration"},
		"an attribute of an object":  {"{id: a, why: b, over: object, attribute: size, risk: high}", "attribute never matches over object"},
		"unknown attribute":          {"{id: a, why: b, over: resource, attribute: colour, risk: high}", "is no class of"},
		"an attribute of a creation": {"{id: a, why: b, over: resource, attribute: size, actions: [create], risk: high}", "match updates"},
		"paths of a deletion":        {"{id: a, why: b, over: object, paths: [spec], actions: [delete], risk: high}", "match updates"},
		"unknown loss":               {"{id: a, why: b, over: resource, holds: [everything], risk: high}", "nothing of resource has the class"},
		"a loss of the other":        {"{id: a, why: b, over: object, holds: [database], risk: high}", "nothing of object has the class"},
		"a loss that is left out":    {"{id: a, why: b, over: resource, match: [aws_vpc], holds: [database], risk: high}", `no type of the class "database"`},
		"an object without a group":  {"{id: a, why: b, over: object, match: [Secret], risk: high}", "never matches over object"},
		"a resource with one":        {"{id: a, why: b, over: resource, match: [apps/Deployment], risk: high}", "never matches over resource"},
		"meant and left out":         {"{id: a, why: b, over: resource, match: [x, y], except: [x], risk: high}", "both meant and left out"},
		"no glob":                    {"{id: a, why: b, over: resource, match: ['[a'], risk: high}", "is no glob"},
	} {
		_, err := Load(catalogOf(t, "risk: ["+tc.rows+"]"))
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
	if _, err := Load(catalogOf(t, "risk: [{id: a, why: b, over: resource, risk: high}]\n---\nrisk: []\n")); err == nil {
		t.Error("two documents are no error")
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("a catalog without the table is no error")
	}
}

func TestPathFits(t *testing.T) {
	t.Parallel()
	for changed, want := range map[string]bool{"policy": true, "policy.a.b": true, "policy[0]": true, "policy[0].x": true, "policys": false, "x.policy": false, "spec.size": true, "spec.sizes": false, "spec": false} {
		if got := pathFits([]string{"policy", "spec.size"}, changed); got != want {
			t.Errorf("%s: %v", changed, got)
		}
	}
}
