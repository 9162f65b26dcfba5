package engine

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"text/template"
	"time"
)

// placeholderKey is the one private key that every generated key and
// certificate stands on. It is published with this source: nothing that it
// signs is trustworthy, and a unit that contains it is never deployable.
//
//go:embed placeholder-key.pem
var placeholderKey string

// Certificate is what templates see of a generated certificate.
type Certificate struct {
	Cert string // PEM
	Key  string // PEM
}

func (s *seeds) certificates() template.FuncMap {
	mint := func(name string, ca *Certificate, isCA bool, keyPEM, cn string, ips, names []any, days int) (Certificate, error) {
		c, err := s.mint(name, ca, isCA, keyPEM, cn, ips, names, days)
		if err != nil {
			return Certificate{}, fmt.Errorf("%s: %w", name, err)
		}
		s.record(c.Cert)
		s.record(c.Key)
		return c, nil
	}
	return template.FuncMap{
		"genPrivateKey":   s.privateKey,
		"buildCustomCert": buildCustomCert,
		"genCA": func(cn string, days int) (Certificate, error) {
			return mint("genCA", nil, true, placeholderKey, cn, nil, nil, days)
		},
		"genCAWithKey": func(cn string, days int, key string) (Certificate, error) {
			return mint("genCAWithKey", nil, true, key, cn, nil, nil, days)
		},
		"genSelfSignedCert": func(cn string, ips, names []any, days int) (Certificate, error) {
			return mint("genSelfSignedCert", nil, false, placeholderKey, cn, ips, names, days)
		},
		"genSelfSignedCertWithKey": func(cn string, ips, names []any, days int, key string) (Certificate, error) {
			return mint("genSelfSignedCertWithKey", nil, false, key, cn, ips, names, days)
		},
		"genSignedCert": func(cn string, ips, names []any, days int, ca Certificate) (Certificate, error) {
			return mint("genSignedCert", &ca, false, placeholderKey, cn, ips, names, days)
		},
		"genSignedCertWithKey": func(cn string, ips, names []any, days int, ca Certificate, key string) (Certificate, error) {
			return mint("genSignedCertWithKey", &ca, false, key, cn, ips, names, days)
		},
	}
}

// privateKey returns the published key in the asked form.
func (s *seeds) privateKey(kind string) (string, error) {
	s.used["genPrivateKey"] = true
	seed := sha256.Sum256([]byte(placeholderKey))
	var block *pem.Block
	switch kind {
	case "", "rsa":
		return s.record(placeholderKey), nil
	case "ecdsa":
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
		if err != nil {
			return "", err
		}
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return "", err
		}
		block = &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	case "ed25519":
		der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed[:]))
		if err != nil {
			return "", err
		}
		block = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	case "dsa":
		// DSA is gone from every verifier; the shape is kept, no key is in it.
		block = &pem.Block{Type: "DSA PRIVATE KEY", Bytes: seed[:]}
	default:
		return "Unknown type " + kind, nil
	}
	return s.record(string(pem.EncodeToMemory(block))), nil
}

// mint makes a certificate that is the same in every run: serial number from
// the seed, dates from Options.Now, deterministic signatures (PKCS #1 v1.5,
// RFC 6979, EdDSA).
func (s *seeds) mint(name string, ca *Certificate, isCA bool, keyPEM, cn string, ips, names []any, days int) (Certificate, error) {
	key, err := parseKey(keyPEM)
	if err != nil {
		return Certificate{}, err
	}
	cert, err := s.template(name, cn, ips, names, days)
	if err != nil {
		return Certificate{}, err
	}
	if isCA {
		cert.KeyUsage |= x509.KeyUsageCertSign
		cert.IsCA = true
	}
	parent, signer := cert, key
	if ca != nil {
		block, _ := pem.Decode([]byte(ca.Cert))
		if block == nil {
			return Certificate{}, errors.New("unable to decode certificate")
		}
		if parent, err = x509.ParseCertificate(block.Bytes); err != nil {
			return Certificate{}, err
		}
		if signer, err = parseKey(ca.Key); err != nil {
			return Certificate{}, err
		}
	}
	der, err := x509.CreateCertificate(nil, cert, parent, key.Public(), signer)
	if err != nil {
		return Certificate{}, err
	}
	return Certificate{
		Cert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:  keyPEM,
	}, nil
}

func (s *seeds) template(name, cn string, ips, names []any, days int) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := s.source(name, cn, ips, names, days).Read(serial); err != nil {
		return nil, err
	}
	serial[0] &= 0x7f // RFC 5280 §4.1.2.2: positive
	from := s.renderer.opts.Now.UTC()
	cert := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               pkix.Name{CommonName: cn},
		NotBefore:             from,
		NotAfter:              from.Add(24 * time.Hour * time.Duration(days)),
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	for _, v := range ips {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("ip %v is not a string", v)
		}
		ip := net.ParseIP(text)
		if ip == nil {
			return nil, fmt.Errorf("%q is no ip address", text)
		}
		cert.IPAddresses = append(cert.IPAddresses, ip)
	}
	for _, v := range names {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("dns name %v is not a string", v)
		}
		cert.DNSNames = append(cert.DNSNames, text)
	}
	return cert, nil
}

func parseKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("parse private key: no PEM data")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("parse private key: unsupported type %q", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	if k, ok := key.(*rsa.PrivateKey); ok && k.N.BitLen() > 8192 {
		return nil, fmt.Errorf("parse private key: %d bits: %w", k.N.BitLen(), ErrLimit)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("parse private key: %T cannot sign", key)
	}
	return signer, nil
}

// buildCustomCert decodes a certificate and a key that the values bring.
func buildCustomCert(cert64, key64 string) (Certificate, error) {
	cert, err := base64.StdEncoding.DecodeString(cert64)
	if err != nil {
		return Certificate{}, errors.New("unable to decode base64 certificate")
	}
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil {
		return Certificate{}, errors.New("unable to decode base64 private key")
	}
	block, _ := pem.Decode(bytes.TrimSpace(cert))
	if block == nil {
		return Certificate{}, errors.New("unable to decode certificate")
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return Certificate{}, fmt.Errorf("error parsing certificate: %w", err)
	}
	if _, err := parseKey(string(key)); err != nil {
		return Certificate{}, err
	}
	return Certificate{Cert: string(cert), Key: string(key)}, nil
}
