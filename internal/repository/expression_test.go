package repository

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCarried(t *testing.T) {
	t.Parallel()
	title := "github.event.issue.title"
	for text, want := range map[string][]string{
		"github.head_ref":                                  {"github.head_ref"},
		"GitHub.Event.Issue['TITLE']":                      {title},
		"github['event'].issue.title":                      {title},
		"github.head_ref && '--head' || ''":                {},
		"github.event_name == 'x' && github.head_ref || 1": {"github.head_ref"},
		"github.head_ref || github.ref_name":               {"github.head_ref", "github.ref_name"},
		"(github.head_ref)":                                {"github.head_ref"},
		"contains(github.head_ref, 'x')":                   {},
		"contains(github.head_ref, 'x') && 'y'":            {},
		"!github.head_ref":                                 {},
		"github.head_ref != ''":                            {},
		"github.head_ref != '' && github.sha":              {"github.sha"},
		"github.event.number > 5":                          {},
		"format('{0}-{1}', github.sha, github.head_ref)":   {"github.head_ref", "github.sha"},
		"join(github.event.commits.*.message, ' ')":        {"github.event.commits.*.message"},
		"github.event.commits[0].message":                  {"github.event.commits.*.message"},
		"toJSON(github.event)":                             {"github.event.**"},
		"fromJSON(toJSON(github)).head_ref":                {"github.**"},
		"hashFiles('**/go.sum')":                           {},
		"github.event[env.KEY].title":                      {"github.event.*.title"},
		"'it''s }} here'":                                  {},
		"-2.99e-2":                                         {},
		"case(true, github.head_ref, 'x')":                 {"github.head_ref"},
		"github.head_ref ?? 'x'":                           {"${{ github.head_ref ?? 'x' }}"},
		"":                                                 {"${{  }}"},
		strings.Repeat("(", 100) + "github.head_ref" + strings.Repeat(")", 100): {"${{ " + strings.Repeat("(", 100) + "github.head_ref" + strings.Repeat(")", 100) + " }}"},
	} {
		if diff := cmp.Diff(want, carried("${{ "+text+" }}")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", text, diff)
		}
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"echo ${{ github.sha }} ${{ 'a }} b' }}": {"${{ github.sha }}", "${{ 'a }} b' }}"},
		"echo $${{x}} ${{ 'it''s' }}":            {"${{x}}", "${{ 'it''s' }}"},
		"echo ${{ github.sha":                    nil,
		"echo ${VAR}":                            nil,
	} {
		if diff := cmp.Diff(want, embedded(text)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", text, diff)
		}
	}
}
