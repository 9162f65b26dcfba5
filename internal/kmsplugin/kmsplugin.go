// Package kmsplugin signs with keys that a KMS holds, by way of the programs sigstore-kms-NAME
// that Sigstore's tools start for key references NAME://…: version 1 of the protocol of
// https://github.com/sigstore/sigstore/tree/main/pkg/signature/kms/cliplugin, of which the
// methods publicKey and signMessage are spoken. docs/adr/0033-kms-plugins.md says why it is not
// that library.
package kmsplugin

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"gate/internal/doc"
	"gate/internal/envelope"
)

const (
	prefix  = "sigstore-kms-"
	version = "v1"

	// timeLimit is how long one call may take, a person's hand at a token included.
	timeLimit = time.Minute
	// grace is how long the output of a program is waited for that has ended.
	grace = 2 * time.Second
	// maxAnswer and maxNotes bound what a program may write to standard output and error.
	maxAnswer = 1 << 20
	maxNotes  = 64 << 10
)

var reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_-]*)://(.+)$`) })

// IsReference says whether a key is one of a KMS: NAME://….
func IsReference(key string) bool { return reference().MatchString(key) }

// signer signs with a key of a KMS.
type signer struct {
	plugin
	public envelope.PublicKey
}

// plugin is a program and the key that it is asked for.
type plugin struct {
	program string
	key     string
	notes   io.Writer
	limit   time.Duration
}

// Signer returns a signer for the key that a reference NAME://… names, of which it asks the
// program sigstore-kms-NAME of PATH for the public half. What the program says to people goes
// to notes.
func Signer(key string, notes io.Writer) (envelope.Signer, error) {
	return newSigner(key, notes, timeLimit)
}

func newSigner(key string, notes io.Writer, limit time.Duration) (envelope.Signer, error) {
	parts := reference().FindStringSubmatch(key)
	if parts == nil {
		return nil, fmt.Errorf("key reference %q: want NAME://KEY, for the program %sNAME", key, prefix)
	}
	program, err := exec.LookPath(prefix + parts[1])
	if err != nil {
		return nil, fmt.Errorf("key reference %q: find the program that knows it: %w", key, err)
	}
	p := plugin{program: program, key: parts[2], notes: notes, limit: limit}
	answer, err := p.call("publicKey", map[string]any{"publicKeyOptions": map[string]any{"rpcOptions": rpcOptions()}}, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the public key: %w", program, err)
	}
	pem, err := member(answer, "publicKey", "publicKeyPEM")
	if err != nil {
		return nil, fmt.Errorf("ask %s for the public key: %w", program, err)
	}
	public, err := envelope.ParsePublicKey(pem)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the public key: %w", program, err)
	}
	return signer{p, public}, nil
}

func (s signer) Public() crypto.PublicKey { return s.public.Key }
func (s signer) KeyID() string            { return s.public.ID }

// Sign has the program sign, and checks that it is by the key that it has named.
func (s signer) Sign(pae []byte) ([]byte, error) {
	args := map[string]any{"signOptions": map[string]any{"rpcOptions": rpcOptions(), "messageOptions": map[string]any{}}}
	answer, err := s.call("signMessage", args, pae)
	if err != nil {
		return nil, fmt.Errorf("sign by %s: %w", s.program, err)
	}
	signature, err := member(answer, "signMessage", "signature")
	if err != nil {
		return nil, fmt.Errorf("sign by %s: %w", s.program, err)
	}
	if !fits(s.public.Key, pae, signature) {
		return nil, fmt.Errorf("sign by %s: the signature is not by the key %s that it has named", s.program, s.public.ID)
	}
	return signature, nil
}

// fits says whether a signature is one that all readers of bundles take: ECDSA in ASN.1,
// Ed25519 over the message itself.
func fits(key crypto.PublicKey, message, signature []byte) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, message, signature)
	case *ecdsa.PublicKey:
		h := crypto.SHA256.New()
		h.Write(message)
		return ecdsa.VerifyASN1(k, h.Sum(nil), signature)
	}
	return false
}

// rpcOptions are those of a caller that asks for nothing special.
func rpcOptions() map[string]any {
	return map[string]any{"keyVersion": "", "remoteVerification": false}
}

// call starts the program for one method and returns its answer.
func (p plugin) call(method string, args map[string]any, stdin []byte) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), p.limit)
	defer cancel()
	deadline, _ := ctx.Deadline()
	arg, err := json.Marshal(map[string]any{
		"initOptions": map[string]any{
			"ctxDeadline": deadline.UTC().Format(time.RFC3339), "protocolVersion": version, "keyResourceID": p.key, "hashFunc": crypto.SHA256,
			"rpcOptions": rpcOptions(),
		},
		"methodName": method, method: args,
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	full := false
	cmd := exec.CommandContext(ctx, p.program, version, string(arg))
	cmd.WaitDelay = grace
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stdout = &bounded{w: &out, left: maxAnswer, full: func() { full = true; cancel() }}
	cmd.Stderr = &bounded{w: p.notes, left: maxNotes, full: func() {}}
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case full:
		return nil, fmt.Errorf("its answer is larger than %d bytes", maxAnswer)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("it has not answered within %s", p.limit)
	case errors.As(err, &ended) && ended.Exited(): // the answer says what went wrong
	case err != nil:
		return nil, err
	}
	return readAnswer(out.Bytes())
}

// readAnswer reads what a program has written. Fields that are not needed are passed over:
// the protocol may add some.
func readAnswer(data []byte) (map[string]any, error) {
	var answer map[string]any
	if err := envelope.DecodeStrict(data, &answer); err != nil {
		return nil, fmt.Errorf("read its answer: %w", err)
	}
	if message := doc.Text(answer, "errorMessage"); message != "" {
		return nil, errors.New(strings.ToValidUTF8(message[:min(len(message), 1000)], "…"))
	}
	return answer, nil
}

// member is what a member of an answer holds, which is in base64.
func member(answer map[string]any, of, name string) ([]byte, error) {
	text := doc.Text(answer, of, name)
	if text == "" {
		return nil, fmt.Errorf("read its answer: %s.%s is missing", of, name)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read its answer: %s.%s: %w", of, name, err)
	}
	return data, nil
}

// bounded passes on so many bytes, and says that there were more.
type bounded struct {
	w    io.Writer
	left int
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	if n < len(p) {
		b.full()
	}
	b.left -= n
	if _, err := b.w.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
