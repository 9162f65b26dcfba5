// Package transitiontest makes of a plan, as Terraform writes it, others that differ in one
// place: in what they do, or in what does not matter.
package transitiontest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
	"gate/internal/terraform"
)

// Read returns the plans of files, by directory and name, that patterns match; .gz ones
// unpacked.
func Read(patterns ...string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, p := range patterns {
		names, err := filepath.Glob(p)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err == nil && strings.HasSuffix(name, ".gz") {
				var zr *gzip.Reader
				if zr, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
					data, err = io.ReadAll(zr)
				}
			}
			if err != nil {
				return nil, err
			}
			out[filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)] = data
		}
	}
	return out, nil
}

// Decode decodes a plan, with its numbers as they are written.
func Decode(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var root map[string]any
	err := dec.Decode(&root)
	return root, err
}

// Sample keeps at most so many of a list, the same ones each time.
func Sample(list []Mutant, most int) []Mutant {
	if len(list) <= most {
		return list
	}
	list = slices.Clone(list)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:most]
}

// Secrets are the single changes of values that a plan calls sensitive.
func Secrets(root map[string]any) []Mutant {
	var out []Mutant
	for i, c := range changesOf(root) {
		if !actsOn(c) {
			continue
		}
		leaves(doc.Map(c, "change", "after"), nil, func(at source.Path, v any) {
			if !covered(doc.At(c, "change", "after_sensitive"), at) || v == nil {
				return
			}
			out = append(out, Mutant{doc.Text(c, "address") + ": secret " + at.String(), func(root map[string]any) {
				Put(doc.At(changesOf(root)[i], "change", "after"), at, Another(v))
			}})
		})
	}
	return out
}

// Singles are the plans that do no more than one thing each that a plan does.
func Singles(root map[string]any) []Mutant {
	var out []Mutant
	for i, c := range changesOf(root) {
		if actsOn(c) {
			out = append(out, Mutant{doc.Text(c, "address"), func(root map[string]any) {
				root["resource_changes"] = []any{changesOf(root)[i]}
			}})
		}
	}
	return out
}

// Acts says whether a plan does anything.
func Acts(root map[string]any) bool {
	return slices.ContainsFunc(changesOf(root), func(c any) bool {
		return actsOn(c) || doc.At(c, "change", "importing") != nil || doc.Text(c, "previous_address") != "" && doc.Text(c, "mode") == "managed"
	})
}

// Mutant is one change of a plan.
type Mutant struct {
	Name  string
	Apply func(root map[string]any)
}

// Of is the plan with the change.
func (m Mutant) Of(root map[string]any) map[string]any {
	copied := doc.Map(doc.Clone(root))
	m.Apply(copied)
	return copied
}

func changesOf(root map[string]any) []any { return doc.List(root, "resource_changes") }

// leaves calls f for each leaf with its path.
func leaves(v any, at source.Path, f func(source.Path, any)) {
	at = slices.Clip(at)
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			leaves(v[k], append(at, k), f)
		}
	case []any:
		for i, e := range v {
			leaves(e, append(at, i), f)
		}
	default:
		f(at, v)
	}
}

// Another is another value of the same kind.
func Another(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case json.Number:
		if strings.Contains(v.String(), ".") {
			return json.Number(v.String() + "7")
		}
		return json.Number(v.String() + ".5")
	case string:
		return v + "-other"
	}
	return "other"
}

// Put sets what stands at a path.
func Put(root any, at source.Path, v any) {
	switch parent := doc.At(root, at[:len(at)-1]...).(type) {
	case map[string]any:
		parent[at[len(at)-1].(string)] = v
	case []any:
		parent[at[len(at)-1].(int)] = v
	}
}

func covered(marks any, at source.Path) bool {
	for i := range len(at) + 1 {
		if doc.At(marks, at[:i]...) == true {
			return true
		}
	}
	return false
}

// blockOf is the block of the configuration that a resource change is of.
func blockOf(root map[string]any, c any) map[string]any {
	m := doc.Map(root, "configuration", "root_module")
	address, err := terraform.ParseAddress(doc.Text(c, "address"))
	if err != nil {
		return nil
	}
	for _, step := range address.Module {
		m = doc.Map(m, "module_calls", step.Name, "module")
	}
	for _, r := range doc.List(m, "resources") {
		if doc.Text(r, "type") == doc.Text(c, "type") && doc.Text(r, "name") == doc.Text(c, "name") && doc.Text(r, "mode") == doc.Text(c, "mode") {
			return doc.Map(r)
		}
	}
	return nil
}

func actsOn(c any) bool {
	return doc.Text(c, "mode") == "managed" && slices.ContainsFunc(doc.List(c, "change", "actions"), func(a any) bool { return a != "no-op" && a != "read" })
}

// Substance are the single changes of what a plan does.
func Substance(root map[string]any) []Mutant {
	var out []Mutant
	add := func(name string, apply func(map[string]any)) { out = append(out, Mutant{name, apply}) }
	acts := slices.ContainsFunc(changesOf(root), actsOn)
	open := false // a value is made of an expression
	told := map[string]bool{}
	for i, c := range changesOf(root) {
		address := doc.Text(c, "address")
		edit := func(name string, f func(c, change map[string]any)) {
			add(address+": "+name, func(root map[string]any) {
				c := changesOf(root)[i]
				f(doc.Map(c), doc.Map(c, "change"))
			})
		}
		managed, block := doc.Text(c, "mode") == "managed", blockOf(root, c)
		// One block of the configuration is that of several instances.
		ofBlock := func(name string, f func(block map[string]any)) {
			key := fmt.Sprintf("%p", block) + name
			if !told[key] {
				told[key] = true
				add(address+": "+name, func(root map[string]any) { f(blockOf(root, changesOf(root)[i])) })
			}
		}
		actions := doc.List(c, "change", "actions")
		has := func(names ...string) bool {
			return slices.ContainsFunc(actions, func(a any) bool { return slices.Contains(names, a.(string)) })
		}
		if managed {
			for _, other := range [][]any{{"no-op"}, {"create"}, {"update"}, {"delete"}, {"forget"}, {"delete", "create"}, {"create", "delete"}} {
				if other[0] == "no-op" && !actsOn(c) || other[0] == "no-op" && doc.At(c, "change", "importing") == nil && doc.At(c, "previous_address") == nil && !acts {
					continue
				}
				if !slices.Equal(other, actions) {
					edit(fmt.Sprint("actions ", other), func(_, change map[string]any) { change["actions"] = other })
				}
			}
			edit("is imported", func(_, change map[string]any) { change["importing"] = map[string]any{"id": "another"} })
			edit("has moved", func(c, _ map[string]any) { c["previous_address"] = doc.Text(c, "type") + ".elsewhere" })
		}
		if doc.At(c, "change", "importing") != nil {
			edit("is not imported", func(_, change map[string]any) { delete(change, "importing") })
			edit("is imported by identity", func(_, change map[string]any) {
				change["importing"] = map[string]any{"identity": map[string]any{"account": "another"}}
			})
		}
		reads := !managed && has("read") && acts
		if !actsOn(c) && !reads {
			continue
		}
		edit("provider", func(c, _ map[string]any) { c["provider_name"] = "registry.terraform.io/other/one" })
		edit("registry", func(c, _ map[string]any) { c["provider_name"] = "registry.example.com/" + doc.Text(c, "provider_name") })
		edit("name", func(c, _ map[string]any) {
			was := doc.Text(c, "type") + "." + doc.Text(c, "name")
			c["name"] = "renamed"
			c["address"] = strings.Replace(address, was, doc.Text(c, "type")+".renamed", 1)
		})
		if managed {
			edit("deposed", func(c, _ map[string]any) { c["deposed"] = "0badcafe" })
		}
		if block != nil {
			ofBlock("provider configuration", func(b map[string]any) { b["provider_config_key"] = "another.key" })
		}
		after, unknown := doc.Map(c, "change", "after"), doc.Map(c, "change", "after_unknown")
		if has("create", "update") && managed || reads {
			leaves(after, nil, func(at source.Path, v any) {
				if covered(unknown, at) || covered(doc.At(c, "change", "after_sensitive"), at) {
					return // sensitive ones have no digest
				}
				edit("value "+at.String(), func(_, change map[string]any) { Put(change["after"], at, Another(v)) })
				if v != nil && len(at) == 1 {
					edit("no "+at.String(), func(_, change map[string]any) { delete(doc.Map(change, "after"), at[0].(string)) })
				}
			})
			expressions := doc.Map(block, "expressions")
			for _, name := range slices.Sorted(maps.Keys(unknown)) {
				if !anyTrue(unknown[name]) || unknown[name] == true && expressions[name] == nil {
					continue
				}
				open = true
				leaves(unknown[name], source.Path{name}, func(at source.Path, v any) {
					if v == true {
						edit("known "+at.String(), func(_, change map[string]any) { Put(change["after_unknown"], at, false) })
					}
				})
				leaves(expressions[name], nil, func(at source.Path, v any) {
					s, text := v.(string)
					if !text || len(at) < 2 || at[len(at)-2] != "references" {
						return
					}
					ofBlock("expression "+name+" "+at.String(), func(b map[string]any) {
						Put(b["expressions"], append(source.Path{name}, at...), s+"2")
					})
				})
			}
		}
		if managed && has("create", "delete") && len(doc.Map(block, "expressions")) > 0 {
			for _, command := range []string{"./bin/run", "./bin/other"} {
				ofBlock("program "+command, func(b map[string]any) {
					b["provisioners"] = append(doc.List(b, "provisioners"), map[string]any{
						"type": "local-exec", "expressions": map[string]any{"command": map[string]any{"constant_value": command}}})
				})
			}
			for n, p := range doc.List(block, "provisioners") {
				leaves(doc.Map(p, "expressions"), nil, func(at source.Path, v any) {
					if len(at) > 1 && (at[len(at)-1] == "constant_value" || at[max(0, len(at)-2)] == "references") {
						ofBlock(fmt.Sprintf("provisioner %d %s", n, at), func(b map[string]any) {
							Put(doc.Map(doc.List(b, "provisioners")[n], "expressions"), at, Another(v))
						})
					}
				})
			}
		}
		if slices.ContainsFunc(doc.List(c, "change", "replace_paths"), func(any) bool { return true }) {
			edit("replaced for nothing", func(_, change map[string]any) { delete(change, "replace_paths") })
			edit("replaced for more", func(_, change map[string]any) {
				change["replace_paths"] = append(doc.List(change, "replace_paths"), []any{"more", json.Number("0")})
			})
		}
	}
	if !acts {
		return out
	}
	for _, key := range slices.Sorted(maps.Keys(doc.Map(root, "configuration", "provider_config"))) {
		used := slices.ContainsFunc(changesOf(root), func(c any) bool {
			return actsOn(c) && doc.Text(c, "provider_name") == doc.Text(root, "configuration", "provider_config", key, "full_name")
		})
		if !used {
			continue
		}
		add("provider "+key+" in another region", func(root map[string]any) {
			p := doc.Map(root, "configuration", "provider_config", key)
			if p["expressions"] == nil {
				p["expressions"] = map[string]any{}
			}
			doc.Map(p, "expressions")["region"] = map[string]any{"constant_value": "elsewhere"}
		})
		add("provider "+key+" in another role", func(root map[string]any) {
			p := doc.Map(root, "configuration", "provider_config", key)
			if p["expressions"] == nil {
				p["expressions"] = map[string]any{}
			}
			doc.Map(p, "expressions")["assume_role"] = []any{map[string]any{"role_arn": map[string]any{"references": []any{"var.role"}}}}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Map(root, "variables"))) {
		if open && !doc.Bool(root, "configuration", "root_module", "variables", name, "sensitive") {
			add("variable "+name, func(root map[string]any) {
				doc.Map(root, "variables", name)["value"] = "another value"
			})
		}
	}
	return out
}

func anyTrue(v any) bool {
	some := false
	leaves(v, nil, func(_ source.Path, v any) { some = some || v == true })
	return some
}

// Noise is what may differ between two plans that do the same.
func Noise() []Mutant {
	each := func(f func(c, change map[string]any)) func(map[string]any) {
		return func(root map[string]any) {
			for _, c := range changesOf(root) {
				f(doc.Map(c), doc.Map(c, "change"))
			}
		}
	}
	return []Mutant{
		{"re-serialised", func(map[string]any) {}},
		{"order", func(root map[string]any) {
			list := changesOf(root)
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}},
		{"time", func(root map[string]any) { root["timestamp"] = "2031-01-01T00:00:00Z" }},
		{"format", func(root map[string]any) {
			root["format_version"], root["a_later_member"] = "1.99", map[string]any{"x": true}
		}},
		{"version", func(root map[string]any) { root["terraform_version"] = "1.99.9" }},
		{"without what repeats", func(root map[string]any) { delete(root, "relevant_attributes"); delete(root, "checks") }},
		{"attributes of a later provider", each(func(_, change map[string]any) {
			for _, side := range []string{"before", "after"} {
				if m := doc.Map(change, side); m != nil {
					m["of_a_later_provider"] = nil
				}
			}
		})},
		{"computed by a later provider", func(root map[string]any) {
			for _, c := range changesOf(root) {
				if u := doc.Map(c, "change", "after_unknown"); u != nil && len(doc.Map(blockOf(root, c), "expressions")) > 0 {
					u["of_a_later_provider"] = true
				}
			}
		}},
		{"constraint of a provider", func(root map[string]any) {
			for _, p := range doc.Map(root, "configuration", "provider_config") {
				doc.Map(p)["version_constraint"] = "~> 99.0"
			}
		}},
		{"reasons", each(func(c, _ map[string]any) {
			if len(doc.List(c, "change", "actions")) > 1 {
				c["action_reason"] = "replace_by_request"
			}
		})},
		{"drift", func(root map[string]any) { delete(root, "resource_drift") }},
	}
}

// PerKind keeps at most so many of each kind of change: of actions, addresses, paths that
// force a replacement, values, and so on.
func PerKind(list []Mutant, most int) []Mutant {
	kinds := map[string][]Mutant{}
	for _, m := range list {
		_, what, _ := strings.Cut(m.Name, ": ")
		kind, _, _ := strings.Cut(what, " ")
		kinds[kind] = append(kinds[kind], m)
	}
	var out []Mutant
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		out = append(out, Sample(kinds[kind], most)...)
	}
	return out
}
