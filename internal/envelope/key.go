package envelope

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

// Signer signs the pre-authentication encoding (PAE) of an envelope.
type Signer interface {
	// Sign returns the signature of pae: ECDSA P-256 as ASN.1 over its SHA-256,
	// Ed25519 over pae itself.
	Sign(pae []byte) (sig []byte, err error)
	// Public returns the public key.
	Public() crypto.PublicKey
	// KeyID returns SHA256:<base64> of the PKIX form of the public key.
	KeyID() string
}

// PublicKey is a key that signatures are checked with: ECDSA P-256 or Ed25519.
type PublicKey struct {
	Key crypto.PublicKey
	ID  string // SHA256:<base64 without padding of sha256(PKIX DER)>
}

// NewPublicKey returns the key with its id; the error says which kinds are
// supported.
func NewPublicKey(key crypto.PublicKey) (PublicKey, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return PublicKey{}, fmt.Errorf("ECDSA key on %s; ECDSA P-256 and Ed25519 are supported", k.Params().Name)
		}
	default:
		return PublicKey{}, fmt.Errorf("key of type %T; ECDSA P-256 and Ed25519 are supported", key)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{Key: key, ID: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])}, nil
}

// ParsePublicKey reads one PEM block "PUBLIC KEY" (PKIX) and nothing else.
func ParsePublicKey(data []byte) (PublicKey, error) {
	block, err := onePEM(data)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read public key: %w", err)
	}
	if block.Type != "PUBLIC KEY" {
		return PublicKey{}, fmt.Errorf("read public key: PEM block is %q, expected \"PUBLIC KEY\"", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read public key: %w", err)
	}
	pub, err := NewPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read public key: %w", err)
	}
	return pub, nil
}

// VerifyRaw checks a signature over message itself, without an envelope, as
// the simple-signing format has it.
func (k PublicKey) VerifyRaw(message, sig []byte) bool { return k.verify(message, sig) }

func (k PublicKey) verify(message, sig []byte) bool {
	switch key := k.Key.(type) {
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, message, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		if ecdsa.VerifyASN1(key, sum[:], sig) {
			return true
		}
		// IEEE P1363: r and s, 32 bytes each, as some producers write it.
		if len(sig) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
		return ecdsa.Verify(key, sum[:], r, s)
	}
	return false
}

// LoadSigner reads a private key from one PEM block: PKCS#8 ("PRIVATE KEY"),
// SEC 1 ("EC PRIVATE KEY"), OpenSSH's or a key that cosign encrypted. password is called
// only for keys that are encrypted.
func LoadSigner(data []byte, password func() ([]byte, error)) (Signer, error) {
	block, err := onePEM(data)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	key, err := privateKey(block, password)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	s, err := NewSigner(key)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	return s, nil
}

// NewSigner returns a Signer for an ECDSA P-256 or Ed25519 private key.
func NewSigner(key crypto.PrivateKey) (Signer, error) {
	s, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key of type %T; ECDSA P-256 and Ed25519 are supported", key)
	}
	pub, err := NewPublicKey(s.Public())
	if err != nil {
		return nil, err
	}
	return keySigner{key: s, public: pub}, nil
}

type keySigner struct {
	key    crypto.Signer
	public PublicKey
}

func (s keySigner) Public() crypto.PublicKey { return s.public.Key }
func (s keySigner) KeyID() string            { return s.public.ID }

func (s keySigner) Sign(pae []byte) ([]byte, error) {
	if _, ok := s.key.(ed25519.PrivateKey); ok {
		return s.key.Sign(rand.Reader, pae, crypto.Hash(0))
	}
	sum := sha256.Sum256(pae)
	return s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func privateKey(block *pem.Block, password func() ([]byte, error)) (crypto.PrivateKey, error) {
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY":
		if password == nil {
			return nil, errors.New("the key is encrypted and no password was given (COSIGN_PASSWORD)")
		}
		pass, err := password()
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		der, err := encrypted.Decrypt(block.Bytes, pass)
		if err != nil {
			return nil, errors.New("the key could not be decrypted: wrong password (COSIGN_PASSWORD) or damaged file")
		}
		return x509.ParsePKCS8PrivateKey(der)
	case "OPENSSH PRIVATE KEY":
		return openSSH(block, password)
	}
	return nil, fmt.Errorf("PEM block is %q, expected \"PRIVATE KEY\", \"EC PRIVATE KEY\", \"OPENSSH PRIVATE KEY\" or \"ENCRYPTED SIGSTORE PRIVATE KEY\"", block.Type)
}

// onePEM returns the only block of data; other blocks or text beside it would
// leave open which key is meant. OpenSSL writes "EC PARAMETERS" before a SEC 1
// key, which says nothing new.
func onePEM(data []byte) (*pem.Block, error) {
	var found *pem.Block
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type == "EC PARAMETERS" {
			continue
		}
		if found != nil {
			return nil, errors.New("more than one PEM block")
		}
		found = block
	}
	if found == nil {
		return nil, errors.New("no PEM block")
	}
	return found, nil
}
