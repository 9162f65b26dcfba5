package repository

import (
	"errors"
	"fmt"

	"gate/internal/source"
)

// CheckContract refuses what cannot be a production change contract: one
// document that is a mapping, JSON or YAML.
func CheckContract(data []byte) error {
	docs, err := source.ParseYAML("contract", data)
	if err != nil {
		return err
	}
	if len(docs) != 1 {
		return fmt.Errorf("read the contract: %d documents; want one", len(docs))
	}
	if m, ok := docs[0].Value.(map[string]any); !ok || len(m) == 0 {
		return errors.New("read the contract: want a mapping")
	}
	return nil
}
