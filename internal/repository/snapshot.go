package repository

import "fmt"

// ReadSnapshot reads settings of a forge as its API gives them. An object is
// taken as it is; a list, such as GitHub's
// GET /repos/{owner}/{repo}/rules/branches/{branch}, stands under "rules".
func ReadSnapshot(data []byte) (map[string]any, error) {
	v, err := decodeJSON(data)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case []any:
		return map[string]any{"rules": v}, nil
	}
	return nil, fmt.Errorf("read the settings: want a JSON object or list")
}
