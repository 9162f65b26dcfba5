package secrets

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// SOPS files carry their metadata under the key sops; that proves nothing, so
// every value is looked at. Format: getsops/sops, README ("Encryption
// protocol", "Selecting parts of the file to encrypt") and stores/stores.go.

// Controls of assessments with judge "sops".
const (
	controlEncrypted  = "encrypted"  // every covered value is encrypted
	controlMAC        = "mac"        // a message authentication code is there
	controlRecipients = "recipients" // somebody can decrypt it; Values are who
	controlSettings   = "settings"   // the selection of covered values is sound
)

var (
	sopsValue = newPattern(`^ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]+,(?:aad:[A-Za-z0-9+/=]*,)?tag:[A-Za-z0-9+/=]+,type:(?:str|int|float|bool|bytes|comment)\]$`)
	// sopsMarks are keys of which the metadata of every SOPS file has some.
	sopsMarks = []string{"mac", "lastmodified", "kms", "gcp_kms", "azure_kv", "hc_vault", "age", "pgp", "key_groups",
		"encrypted_regex", "encrypted_suffix", "unencrypted_regex", "unencrypted_suffix"}
)

// sopsFile is the judgement of one file.
type sopsFile struct {
	path     string
	assessed []facts.Assessment
	places   map[string]source.Location // by assessment id
}

// sopsMetadata returns the metadata of a document that SOPS wrote.
func sopsMetadata(document any) (metadata map[string]any, ok bool) {
	metadata = doc.Map(document, "sops")
	n := 0
	for _, k := range sopsMarks {
		if _, has := metadata[k]; has {
			n++
		}
	}
	return metadata, n >= 2 || metadata["mac"] != nil
}

// assessSOPS judges the documents of a YAML or JSON file.
func assessSOPS(path string, docs []*source.Document) *sopsFile {
	f := &sopsFile{path: path, places: map[string]source.Location{}}
	for i, d := range docs {
		metadata, ok := sopsMetadata(d.Value)
		if !ok {
			continue
		}
		j := &sopsJudge{file: f, doc: i, locator: d.Locator()}
		j.metadata(metadata)
		if covers, err := coverage(metadata); err != nil {
			j.say(controlSettings, source.Path{"sops"}, "fail", err.Error())
		} else {
			root := d.Value.(map[string]any)
			for _, k := range slices.Sorted(maps.Keys(root)) {
				if k != "sops" {
					j.leaves(source.Path{k}, root[k], covers(k, coveredByDefault(metadata)), covers)
				}
			}
			j.verdict()
		}
	}
	return f
}

// coverage returns how the covering of a value follows from the keys above it:
// the state of the parent and the key give the state of the entry.
func coverage(metadata map[string]any) (func(key string, parent bool) bool, error) {
	text := func(k string) string { return doc.Text(metadata, k) }
	for _, k := range []string{"encrypted_regex", "unencrypted_regex"} {
		pattern := text(k)
		if pattern == "" {
			continue
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s is not a regular expression", k)
		}
		covered := k == "encrypted_regex"
		return func(key string, parent bool) bool {
			if re.MatchString(key) {
				return covered
			}
			return parent
		}, nil
	}
	if suffix := text("encrypted_suffix"); suffix != "" {
		return func(key string, parent bool) bool { return parent || strings.HasSuffix(key, suffix) }, nil
	}
	suffix := "_unencrypted"
	if s, ok := metadata["unencrypted_suffix"].(string); ok && s != "" {
		suffix = s
	}
	return func(key string, parent bool) bool { return parent && !strings.HasSuffix(key, suffix) }, nil
}

// coveredByDefault says whether a value that no selection names is covered.
func coveredByDefault(metadata map[string]any) bool {
	for _, k := range []string{"encrypted_regex", "encrypted_suffix"} {
		if doc.Text(metadata, k) != "" {
			return false
		}
	}
	return true
}

// sopsJudge judges one document.
type sopsJudge struct {
	file      *sopsFile
	doc       int
	locator   source.Locator
	encrypted int
	plain     int
}

func (j *sopsJudge) say(control string, p source.Path, outcome, message string, values ...string) {
	id := fmt.Sprintf("assessment:sops:%s#%d:%s:%s", j.file.path, j.doc, control, p)
	j.file.assessed = append(j.file.assessed, facts.Assessment{
		Subject: facts.Subject{ID: id}, Judge: "sops", Of: "file:" + j.file.path, Path: p,
		Control: control, Outcome: outcome, Message: message, Values: append([]string{}, values...),
	})
	j.file.places[id] = j.locator.Locate(p)
}

// metadata looks at the code and the recipients.
func (j *sopsJudge) metadata(m map[string]any) {
	if mac := doc.Text(m, "mac"); sopsValue.regexp().MatchString(mac) {
		j.say(controlMAC, source.Path{"sops", "mac"}, "pass", "the file has a message authentication code")
	} else {
		j.say(controlMAC, source.Path{"sops"}, "fail", "the file has no message authentication code: values can be exchanged unnoticed")
	}
	recipients := recipientsOf(m)
	groups := doc.List(m, "key_groups")
	for _, g := range groups {
		if group, ok := g.(map[string]any); ok {
			recipients = append(recipients, recipientsOf(group)...)
		}
	}
	slices.Sort(recipients)
	recipients = slices.Compact(recipients)
	if len(recipients) == 0 {
		j.say(controlRecipients, source.Path{"sops"}, "fail", "the file names no recipient: nobody can decrypt it")
		return
	}
	j.say(controlRecipients, source.Path{"sops"}, "pass", "the file can be decrypted by its recipients", recipients...)
}

// recipientsOf returns "<kind>:<identity>" for each key of a group.
func recipientsOf(m map[string]any) []string {
	identities := map[string][]string{
		"age": {"recipient"}, "pgp": {"fp"}, "kms": {"arn"}, "gcp_kms": {"resource_id"},
		"azure_kv": {"vault_url", "name"}, "hc_vault": {"vault_address", "engine_path", "key_name"},
	}
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		list := doc.List(m, kind)
		for _, e := range list {
			entry := doc.Map(e)
			var parts []string
			for _, k := range identities[kind] {
				if s, ok := entry[k].(string); ok && s != "" {
					parts = append(parts, s)
				}
			}
			if len(parts) > 0 {
				out = append(out, kind+":"+strings.Join(parts, "/"))
			}
		}
	}
	return out
}

// leaves looks at every value below p.
func (j *sopsJudge) leaves(p source.Path, v any, covered bool, covers func(string, bool) bool) {
	if len(p) > maxWalk {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			j.leaves(append(p[:len(p):len(p)], k), v[k], covers(k, covered), covers)
		}
	case []any:
		for i, e := range v {
			j.leaves(append(p[:len(p):len(p)], i), e, covered, covers)
		}
	case nil:
	default:
		s, isText := v.(string)
		switch {
		case isText && sopsValue.regexp().MatchString(s):
			j.encrypted++
		case isText && s == "": // SOPS leaves empty values as they are
		case covered && isText && strings.HasPrefix(s, "ENC["):
			j.plain++
			j.say(controlEncrypted, p, "fail", fmt.Sprintf("the ciphertext of %q is damaged", p.String()))
		case covered:
			j.plain++
			j.say(controlEncrypted, p, "fail", fmt.Sprintf("the value of %q is not encrypted", p.String()))
		}
	}
}

// verdict says what the leaves together mean.
func (j *sopsJudge) verdict() {
	switch {
	case j.plain > 0:
	case j.encrypted == 0:
		j.say(controlEncrypted, source.Path{"sops"}, "fail", "the file has the metadata of SOPS and not one encrypted value")
	default:
		j.say(controlEncrypted, source.Path{"sops"}, "pass", "every covered value is encrypted")
	}
}

// flatSOPS says whether a text is a dotenv or ini file that SOPS wrote: nothing but
// sections, comments and settings, and among them its metadata. A page that links to
// the program, and a script that writes such a file, are none.
func flatSOPS(text []byte) bool {
	if !bytes.Contains(text, []byte("sops_")) && !bytes.Contains(text, []byte("[sops]")) {
		return false
	}
	section, metadata := "", false
	for raw := range strings.SplitSeq(string(text), "\n") {
		line := strings.TrimSpace(raw)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(name, "]") {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !ok || !flatKey.regexp().MatchString(key) {
			return false
		}
		flat, prefixed := strings.CutPrefix(key, "sops_")
		if prefixed || section == "sops" {
			base, _, _ := strings.Cut(flat, "__")
			metadata = metadata || base == "version" || slices.Contains(sopsMarks, base)
		}
	}
	return metadata
}

// flatKey is the name of a setting.
var flatKey = newPattern(`^(?:export\s+)?[A-Za-z_][\w.-]*$`)

// assessFlatSOPS judges a dotenv or ini file: metadata in keys sops_… or in the
// section [sops], every other value encrypted. ok is false for other files.
func assessFlatSOPS(path string, text []byte) (*sopsFile, bool) {
	if !flatSOPS(text) {
		return nil, false
	}
	f := &sopsFile{path: path, places: map[string]source.Location{}}
	j := &sopsJudge{file: f}
	metadata, section := map[string]any{}, ""
	suffix, line := "_unencrypted", 0
	place := map[string]int{}
	values := map[string]string{}
	var order []string
	for raw := range strings.SplitSeq(string(text), "\n") {
		line++
		raw = strings.TrimSpace(raw)
		if name, ok := strings.CutPrefix(raw, "["); ok && !strings.Contains(raw, "=") {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		key, value, ok := strings.Cut(raw, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" || strings.HasPrefix(key, "#") || strings.HasPrefix(key, ";") {
			continue
		}
		flat, meta := strings.CutPrefix(key, "sops_")
		if section == "sops" {
			flat, meta = key, true
		}
		if meta {
			flatMetadata(metadata, flat, value)
			if flat == "unencrypted_suffix" && value != "" {
				suffix = value
			}
			continue
		}
		if section != "" && section != "DEFAULT" {
			key = section + "." + key
		}
		if _, dup := values[key]; dup {
			key += "@" + strconv.Itoa(line) // both count
		}
		place[key], values[key] = line, value
		order = append(order, key)
	}
	j.locator = source.LocatorFunc(func(p source.Path) source.Location {
		at := source.Position{File: path, Line: 1, Approximate: true}
		if k, ok := p[0].(string); ok && place[k] > 0 {
			at = source.Position{File: path, Line: place[k]}
		}
		return source.Location{Position: at}
	})
	j.metadata(metadata)
	for _, key := range order {
		j.leaves(source.Path{key}, values[key], !strings.HasSuffix(key, suffix), func(string, bool) bool { return true })
	}
	j.verdict()
	return f, true
}

var flatIndex = newPattern(`^(age|pgp|kms|gcp_kms|azure_kv|hc_vault)__list_(\d+)__map_(\w+)$`)

// flatMetadata adds one entry of the flattened metadata:
// sops_age__list_0__map_recipient.
func flatMetadata(metadata map[string]any, key, value string) {
	m := flatIndex.regexp().FindStringSubmatch(key)
	if m == nil {
		metadata[key] = value
		return
	}
	i, err := strconv.Atoi(m[2])
	list, _ := metadata[m[1]].([]any)
	if err != nil || i > 1000 {
		return
	}
	for len(list) <= i {
		list = append(list, map[string]any{})
	}
	list[i].(map[string]any)[m[3]] = value
	metadata[m[1]] = list
}
