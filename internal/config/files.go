package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"gate/internal/source"
)

// File is where the configuration stands, below the judged directory.
const File = ".gate.yaml"

// misnamed would be passed over in silence, and everything be judged without
// what it asks for.
const misnamed = ".gate.yml"

// Files are the configuration, the waivers and the trust of a tree.
type Files struct {
	Config  *Config
	Waivers *Waivers
	Trust   *Trust
	// Digests of the three files, sha256 in hex, "" for one that does not exist.
	ConfigDigest, WaiversDigest, TrustDigest string
}

// ReadFiles parses the three files strictly; one that does not exist is empty.
// With a name the configuration is data instead of the tree's.
func ReadFiles(tree source.Tree, name string, data []byte) (Files, error) {
	f := Files{Config: &Config{Waivers: DefaultWaivers, Trust: DefaultTrust}, Waivers: &Waivers{}, Trust: &Trust{}}
	var err error
	if name == "" {
		name = File
		if data, err = optional(tree, File); err != nil {
			return f, err
		}
	} else if data == nil {
		data = []byte{}
	}
	if data != nil {
		if f.Config, err = Parse(name, data); err != nil {
			return f, err
		}
		f.ConfigDigest = digest(data)
		if err = f.Config.ReadConftest(tree.ReadFile); err != nil {
			return f, err
		}
	} else if _, ok := tree.Lookup(misnamed); ok {
		return f, fmt.Errorf("%s is not read: name the configuration %s", misnamed, File)
	}
	if data, err = optional(tree, f.Config.Waivers); err != nil {
		return f, err
	} else if data != nil {
		if f.Waivers, err = ParseWaivers(f.Config.Waivers, data); err != nil {
			return f, err
		}
		f.WaiversDigest = digest(data)
	}
	if data, err = optional(tree, f.Config.Trust); err != nil {
		return f, err
	} else if data != nil {
		if f.Trust, err = ParseTrust(f.Config.Trust, data); err != nil {
			return f, err
		}
		f.TrustDigest = digest(data)
	}
	return f, nil
}

// optional returns nil without an error if there is no such file.
func optional(tree source.Tree, name string) ([]byte, error) {
	data, err := tree.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
