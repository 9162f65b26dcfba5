// Package sshagent signs with keys that an ssh-agent holds, over its Unix socket: nothing
// else is connected to.
package sshagent

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"

	"gate/internal/envelope"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentSigner signs with a key that an ssh-agent holds.
type agentSigner struct {
	agent  agent.ExtendedAgent
	key    ssh.PublicKey
	public envelope.PublicKey
}

// Signer returns a signer for the key with a fingerprint, such as ssh-add -l prints,
// of the agent behind a Unix socket (draft-ietf-sshm-ssh-agent). close ends the connection.
func Signer(socket, fingerprint string) (s envelope.Signer, close func() error, err error) {
	if socket == "" {
		return nil, nil, errors.New("no ssh-agent: SSH_AUTH_SOCK is not set")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the ssh-agent: %w", err)
	}
	client := agent.NewClient(conn)
	keys, err := client.List()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("list the keys of the ssh-agent: %w", err), conn.Close())
	}
	for _, k := range keys {
		parsed, err := ssh.ParsePublicKey(k.Blob)
		if err != nil {
			continue
		}
		held, ok := parsed.(ssh.CryptoPublicKey)
		if !ok {
			continue
		}
		public, err := envelope.NewPublicKey(held.CryptoPublicKey())
		if err != nil || !slices.Contains(public.Fingerprints(), fingerprint) {
			continue
		}
		return agentSigner{client, parsed, public}, conn.Close, nil
	}
	return nil, nil, errors.Join(fmt.Errorf("the ssh-agent holds no ECDSA P-256 or Ed25519 key %s", fingerprint), conn.Close())
}

func (s agentSigner) Public() crypto.PublicKey { return s.public.Key }
func (s agentSigner) KeyID() string            { return s.public.ID }

// Sign asks the agent, which hashes by itself where the algorithm does (RFC 5656).
func (s agentSigner) Sign(pae []byte) ([]byte, error) {
	sig, err := s.agent.Sign(s.key, pae)
	if err != nil {
		return nil, fmt.Errorf("sign with the ssh-agent: %w", err)
	}
	if _, ok := s.public.Key.(*ecdsa.PublicKey); !ok {
		return sig.Blob, nil
	}
	var rs struct{ R, S *big.Int }
	if err := ssh.Unmarshal(sig.Blob, &rs); err != nil {
		return nil, fmt.Errorf("read the signature of the ssh-agent: %w", err)
	}
	return asn1.Marshal(rs)
}
