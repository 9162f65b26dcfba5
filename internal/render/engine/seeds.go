package engine

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"text/template"
	"time"
)

// Marked stand-ins for salted hashes. They are no valid hashes of any
// password: bcrypt's alphabet does not know "-".
const (
	fixedBcrypt   = "$2a$10$gate-placeholder-no-valid-bcrypt-hash-of-a-password--"
	fixedHtpasswd = "$2a$10$gate-placeholder-no-valid-htpasswd-hash-of-a-word---"
)

// shortest is the length from which a stand-in can be told from other text.
const shortest = 6

// seeds answers the functions that Helm answers at random. Each answer is a
// function of the unit, the file that is rendered, the function, its
// arguments and the number of such calls in that file, so that an edit in one
// template does not change the values of another. None of the answers is a
// secret.
type seeds struct {
	renderer *renderer
	calls    map[string]int
	used     map[string]bool // functions
	values   map[string]bool // answers
}

func (s *seeds) report() (functions, values []string) {
	for f := range s.used {
		functions = append(functions, f)
	}
	for v := range s.values {
		values = append(values, v)
	}
	sort.Strings(functions)
	sort.Strings(values)
	return functions, values
}

// source returns the random source of one call.
func (s *seeds) source(name string, args ...any) *rand.ChaCha8 {
	s.used[name] = true
	key := fmt.Sprintf("%q %q %q %v", s.renderer.opts.Seed, s.renderer.current, name, args)
	n := s.calls[key]
	s.calls[key]++
	return rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "gate seed v1 %s %d", key, n)))
}

func (s *seeds) record(v string) string {
	if len(v) >= shortest {
		s.values[v] = true
	}
	return v
}

func (s *seeds) now(name string) time.Time {
	s.used[name] = true
	return s.renderer.opts.Now.UTC()
}

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

func (s *seeds) functions() template.FuncMap {
	ascii := make([]byte, 0, 95)
	for c := byte(32); c < 127; c++ {
		ascii = append(ascii, c)
	}
	m := template.FuncMap{
		"randAlphaNum": s.text("randAlphaNum", letters+digits),
		"randAlpha":    s.text("randAlpha", letters),
		"randNumeric":  s.text("randNumeric", digits),
		"randAscii":    s.text("randAscii", string(ascii)),
		"randBytes": func(n int) (string, error) {
			if err := s.renderer.sized(n); err != nil {
				return "", err
			}
			b := make([]byte, n)
			src := s.source("randBytes", n)
			_, err := src.Read(b)
			return s.record(base64.StdEncoding.EncodeToString(b)), err
		},
		"randInt": func(low, high int) (int, error) {
			if high <= low {
				return 0, fmt.Errorf("randInt: no number between %d and %d", low, high)
			}
			return low + int(rand.New(s.source("randInt", low, high)).Int64N(int64(high)-int64(low))), nil
		},
		"shuffle": func(v string) string {
			out := []rune(v)
			rand.New(s.source("shuffle", v)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
			return s.record(string(out))
		},
		"uuidv4": func() string {
			var b [16]byte
			src := s.source("uuidv4")
			binary.LittleEndian.PutUint64(b[:8], src.Uint64())
			binary.LittleEndian.PutUint64(b[8:], src.Uint64())
			b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
			return s.record(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
		},
		"bcrypt": func(string) string {
			s.used["bcrypt"] = true
			return s.record(fixedBcrypt)
		},
		"htpasswd": func(user, _ string) string {
			s.used["htpasswd"] = true
			if strings.Contains(user, ":") {
				return fmt.Sprintf("invalid username: %s", user)
			}
			return user + ":" + s.record(fixedHtpasswd)
		},
		"encryptAES": s.encryptAES,
	}
	for name, f := range s.certificates() {
		m[name] = f
	}
	return m
}

// text returns a function that makes a word of an alphabet.
func (s *seeds) text(name, alphabet string) func(int) (string, error) {
	return func(n int) (string, error) {
		if n < 0 {
			return "", nil // as sprig does
		}
		if err := s.renderer.sized(n); err != nil {
			return "", err
		}
		rng := rand.New(s.source(name, n))
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return s.record(string(out)), nil
	}
}

// encryptAES is sprig's function with a seeded initialisation vector, so that
// decryptAES reads its output.
func (s *seeds) encryptAES(password, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	key := make([]byte, 32)
	copy(key, password)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	content := []byte(plain)
	pad := aes.BlockSize - len(content)%aes.BlockSize
	for range pad {
		content = append(content, byte(pad))
	}
	out := make([]byte, aes.BlockSize+len(content))
	if _, err := s.source("encryptAES", len(plain)).Read(out[:aes.BlockSize]); err != nil {
		return "", errors.New("encryptAES: no seed")
	}
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], content)
	return s.record(base64.StdEncoding.EncodeToString(out)), nil
}
