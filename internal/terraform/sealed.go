package terraform

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/source"
)

// errSealed is what is wrong with a file of variables that SOPS has encrypted as a
// whole: nobody knows what it sets but who can decrypt it.
var errSealed = errors.New("is encrypted with SOPS as a whole: what it sets is not known")

// sealedLine is the code of authentication in the metadata of what SOPS writes as
// dotenv or INI (getsops/sops, stores/dotenv and stores/ini).
var sealedLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:sops_)?mac\s*=\s*"?ENC\[AES256_GCM,`)
})

// sealed says whether SOPS has encrypted a file of variables as a whole: the store for
// binary files writes JSON with the text under data, whatever the file is named
// (stores/json, BinaryStore); all others leave names, which no variables are but in
// JSON.
func sealed(file string, data []byte) bool {
	if !strings.Contains(string(data), "ENC[AES256_GCM,") {
		return false
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil || len(docs) != 1 {
		return sealedLine().Match(data)
	}
	if !strings.HasPrefix(doc.Text(docs[0].Value, "sops", "mac"), "ENC[AES256_GCM,") {
		return sealedLine().Match(data)
	}
	whole := strings.HasPrefix(doc.Text(docs[0].Value, "data"), "ENC[AES256_GCM,") && len(doc.Map(docs[0].Value)) == 2
	return whole || !strings.HasSuffix(file, ".json")
}

// sealedHint is the way out for a stack of which variables are encrypted.
func (s *stackInput) sealedHint() string {
	if !slices.ContainsFunc(s.failed, saysSealed) {
		return ""
	}
	return fmt.Sprintf(planHint, source.ShellWord(s.path))
}

// saysSealed says whether a fault is that of a file which is encrypted as a whole.
func saysSealed(fault string) bool { return strings.HasSuffix(fault, errSealed.Error()) }
