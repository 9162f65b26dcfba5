package selector

import (
	"encoding/json"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func TestSelects(t *testing.T) {
	t.Parallel()
	have := map[string]string{"app": "web", "tier": "front", "empty": ""}
	for _, c := range []struct {
		name, selector string // JSON
		want           bool
		err            string // of Parse
	}{
		{"missing", `null`, false, "an object is expected"},
		{"of another shape", `"app=web"`, false, "an object is expected"},
		{"a list", `[{"matchLabels":{"app":"web"}}]`, false, "an object is expected"},
		{"empty takes everything", `{}`, true, ""},
		{"null parts are no parts", `{"matchLabels":null,"matchExpressions":null}`, true, ""},
		{"equal", `{"matchLabels":{"app":"web"}}`, true, ""},
		{"different", `{"matchLabels":{"app":"api"}}`, false, ""},
		{"all labels must fit", `{"matchLabels":{"app":"web","tier":"back"}}`, false, ""},
		{"absent is not empty", `{"matchLabels":{"zone":""}}`, false, ""},
		{"empty is empty", `{"matchLabels":{"empty":""}}`, true, ""},
		{"a number is no label value", `{"matchLabels":{"app":1}}`, false, "read label selector"},
		{"no label can have the value", `{"matchLabels":{"app":"a b"}}`, false, "a valid label must be"},
		{"no label can have the key", `{"matchLabels":{"a b":"web"}}`, false, "read label selector"},
		{"no label can be so long", `{"matchLabels":{"app":"` + strings.Repeat("a", 64) + `"}}`, false, "read label selector"},
		{"in", `{"matchExpressions":[{"key":"app","operator":"In","values":["api","web"]}]}`, true, ""},
		{"in others", `{"matchExpressions":[{"key":"app","operator":"In","values":["api"]}]}`, false, ""},
		{"in, absent", `{"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]}`, false, ""},
		{"in nothing", `{"matchExpressions":[{"key":"app","operator":"In","values":[]}]}`, false, "read label selector"},
		{"not in", `{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}`, false, ""},
		{"not in others", `{"matchExpressions":[{"key":"app","operator":"NotIn","values":["api"]}]}`, true, ""},
		{"not in, absent", `{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]}]}`, true, ""},
		{"exists", `{"matchExpressions":[{"key":"tier","operator":"Exists"}]}`, true, ""},
		{"exists, absent", `{"matchExpressions":[{"key":"zone","operator":"Exists"}]}`, false, ""},
		{"exists has no values", `{"matchExpressions":[{"key":"tier","operator":"Exists","values":["front"]}]}`, false, "read label selector"},
		{"does not exist", `{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}`, false, ""},
		{"does not exist, absent", `{"matchExpressions":[{"key":"zone","operator":"DoesNotExist"}]}`, true, ""},
		{"operators are case-sensitive", `{"matchExpressions":[{"key":"app","operator":"in","values":["web"]}]}`, false, "is not a valid label selector operator"},
		{"an operator that there is not", `{"matchExpressions":[{"key":"tier","operator":"Near","values":["front"]}]}`, false, "is not a valid label selector operator"},
		{"values that are no list", `{"matchExpressions":[{"key":"app","operator":"In","values":"web"}]}`, false, "read label selector"},
		{"expressions that are no list", `{"matchExpressions":{"key":"app","operator":"Exists"}}`, false, "read label selector"},
		{"both must hold", `{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["back"]}]}`, false, ""},
		{"both hold", `{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["front"]}]}`, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var v any
			if err := json.Unmarshal([]byte(c.selector), &v); err != nil {
				t.Fatal(err)
			}
			if got := Selects(v, have); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			_, err := Parse(v)
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want one about %q", err, c.err)
			}
			if got := upstream(c.selector, have); got != c.want {
				t.Errorf("a typed client selects %v", got)
			}
		})
	}
}

// upstream is the answer of a client that decodes the selector into its type;
// null is a missing selector there.
func upstream(selector string, have map[string]string) bool {
	var s *metav1.LabelSelector
	if json.Unmarshal([]byte(selector), &s) != nil {
		return false // the object is refused
	}
	parsed, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && parsed.Matches(labels.Set(have))
}
