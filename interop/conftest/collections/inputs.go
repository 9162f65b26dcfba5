package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// parts are the inputs of a run, made of the files that a collection keeps them in and
// written into directory made of the work tree dir:
//
//   - "": the files themselves;
//   - items: the items of a List, one file each, as the collection's own script cuts it;
//   - mock: what stands below "mock" of data for tests, one file each;
//   - review: objects as Gatekeeper shows them to its policies, with the parameters of
//     the constraint beside them.
func parts(from string, inputs []string, dir, made string) ([]string, error) {
	if from == "" {
		return inputs, nil
	}
	var out []string
	write := func(file, name string, v any) error {
		data, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		to := path.Join(made, file, name+".yaml")
		if err := os.MkdirAll(filepath.Join(dir, path.Dir(to)), 0o755); err != nil {
			return err
		}
		out = append(out, to)
		return os.WriteFile(filepath.Join(dir, to), data, 0o644)
	}
	for _, file := range inputs {
		docs, err := documents(filepath.Join(dir, file))
		if err != nil {
			return nil, err
		}
		for i, doc := range docs {
			n := fmt.Sprint(i)
			switch from {
			case "items":
				items, _ := doc["items"].([]any)
				for j, item := range items {
					if err := write(file, fmt.Sprintf("%s-%d", n, j), item); err != nil {
						return nil, err
					}
				}
			case "mock":
				mocks, _ := doc["mock"].(map[string]any)
				for name, mock := range mocks {
					if err := write(file, n+"-"+strings.ReplaceAll(name, "/", "_"), mock); err != nil {
						return nil, err
					}
				}
			case "review":
				if path.Base(file) == "constraint.yaml" {
					continue
				}
				v, err := review(doc, filepath.Join(dir, path.Dir(file), "constraint.yaml"))
				if err != nil {
					return nil, err
				}
				if err := write(file, n, v); err != nil {
					return nil, err
				}
			default:
				return nil, fmt.Errorf("inputs from %q: expected items, mock or review", from)
			}
		}
	}
	return out, nil
}

// review is an object as a policy of Gatekeeper sees it, beside the parameters of the
// constraint.
func review(doc map[string]any, constraint string) (any, error) {
	asked, _ := doc["request"].(map[string]any)
	if doc["kind"] != "AdmissionReview" {
		asked = map[string]any{"operation": "CREATE", "object": doc}
	}
	object, _ := asked["object"].(map[string]any)
	group, version, found := strings.Cut(fmt.Sprint(object["apiVersion"]), "/")
	if !found {
		group, version = "", group
	}
	asked["kind"] = map[string]any{"group": group, "version": version, "kind": object["kind"]}
	if meta, ok := object["metadata"].(map[string]any); ok {
		asked["name"], asked["namespace"] = meta["name"], meta["namespace"]
	}
	docs, err := documents(constraint)
	if err != nil || len(docs) == 0 {
		return nil, fmt.Errorf("read %s: %d documents, %v", constraint, len(docs), err)
	}
	spec, _ := docs[0]["spec"].(map[string]any)
	parameters := spec["parameters"]
	if parameters == nil {
		parameters = map[string]any{}
	}
	return map[string]any{"review": asked, "parameters": parameters}, nil
}

// documents are those of a file that are mappings.
func documents(file string) ([]map[string]any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for text := range bytes.SplitSeq(data, []byte("\n---")) {
		var v any
		if err := yaml.Unmarshal(text, &v); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out, nil
}
