package envelope

import (
	"crypto"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// openSSH reads a key as ssh-keygen writes it (PROTOCOL.key of OpenSSH).
func openSSH(block *pem.Block, password func() ([]byte, error)) (crypto.PrivateKey, error) {
	data := pem.EncodeToMemory(block)
	key, err := ssh.ParseRawPrivateKey(data)
	if encrypted := new(ssh.PassphraseMissingError); errors.As(err, &encrypted) {
		if password == nil {
			return nil, errors.New("the key is encrypted and no password was given (COSIGN_PASSWORD)")
		}
		pass, passErr := password()
		if passErr != nil {
			return nil, fmt.Errorf("password: %w", passErr)
		}
		if key, err = ssh.ParseRawPrivateKeyWithPassphrase(data, pass); err != nil {
			return nil, errors.New("the key could not be decrypted: wrong password (COSIGN_PASSWORD) or damaged file")
		}
	}
	if err != nil {
		return nil, err
	}
	if k, ok := key.(*ed25519.PrivateKey); ok {
		return *k, nil
	}
	return key, nil
}

// Fingerprints are the names of a key: that of its PKIX form, and the one that ssh-keygen
// prints.
func (k PublicKey) Fingerprints() []string {
	out := []string{k.ID}
	if key, err := ssh.NewPublicKey(k.Key); err == nil {
		out = append(out, ssh.FingerprintSHA256(key))
	}
	return out
}
