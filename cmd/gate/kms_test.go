package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
)

// kmsPlugin is a plugin for keys test://NAME, each of which is its name.
func kmsPlugin() {
	answer := func(v map[string]any) {
		_ = json.NewEncoder(os.Stdout).Encode(v)
	}
	var args struct {
		InitOptions struct{ KeyResourceID string }
		MethodName  string
	}
	if err := json.Unmarshal([]byte(os.Args[2]), &args); err != nil {
		answer(map[string]any{"errorMessage": err.Error()})
		return
	}
	fmt.Fprintln(os.Stderr, "plugin: "+args.MethodName)
	if args.InitOptions.KeyResourceID == "gone" {
		answer(map[string]any{"errorMessage": "no such key\x1b[2J"})
		return
	}
	seed := sha256.Sum256([]byte(args.InitOptions.KeyResourceID))
	key := ed25519.NewKeyFromSeed(seed[:])
	if args.MethodName == "signMessage" {
		message, err := io.ReadAll(os.Stdin)
		if err != nil {
			panic(err)
		}
		answer(map[string]any{"signMessage": map[string]any{"signature": ed25519.Sign(key, message)}})
		return
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	answer(map[string]any{"publicKey": map[string]any{"publicKeyPEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}})
}
