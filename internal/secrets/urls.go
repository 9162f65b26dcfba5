package secrets

import "strings"

// urlPassword finds the password of a URL (RFC 3986, 3.2.1).
var urlPassword = newPattern(`[a-zA-Z][a-zA-Z0-9+.-]*://([^\s/?#:@"'<>]*):([^\s/?#@"']+)@[^\s/?#"']`)

// urlSecret is the password of one URL and where it stands in its text.
type urlSecret struct {
	value string
	start int
	sure  certainty
}

// urlSecrets returns the passwords of the URLs in text.
func urlSecrets(text string, applied bool) []urlSecret {
	out := parameters(text, applied)
	if !strings.Contains(text, "://") {
		return out
	}
	for _, m := range urlPassword.regexp().FindAllStringSubmatchIndex(text, -1) {
		v := text[m[4]:m[5]]
		lower := strings.ToLower(v)
		if safe(v, applied) || strings.Contains(v, "$") || strings.ContainsAny(v, "{}<>%()") && !percentEncoded.regexp().MatchString(v) ||
			!applied && (lower == "password" || lower == "pass" || lower == "pwd" || lower == "secret" || lower == "token") {
			continue
		}
		sure := chosen(v, applied)
		line := text[strings.LastIndexByte(text[:m[0]], '\n')+1 : m[0]]
		switch user := strings.ToLower(text[m[2]:m[3]]); {
		case strings.ContainsAny(user, "[]()<>{}"), strings.ContainsAny(v, "[]"):
			continue // the syntax of an address: mongodb://[user:password@]host
		case sampleUser[user] && (lower == "pass" || lower == "pwd" || lower == "secret" || wordLike.regexp().FindString(lower) == lower):
			sure = doubtful
		case comment(line):
			sure = min(sure, possible)
		}
		if here, _, _ := strings.Cut(text[m[5]+1:], "/"); !applied && nowhere.regexp().MatchString(here) {
			sure = min(sure, possible)
		}
		out = append(out, urlSecret{v, m[4], sure})
	}
	return out
}

// sampleUser are names in the addresses of manuals.
var sampleUser = set("user", "username", "usr", "login", "name", "myuser", "foo", "your-user", "your_user")

// parameter is a secret among the parameters of a URL or of a connection string of
// ADO.NET, ODBC or Azure: Password=…; AccountKey=…; ?access_token=….
var parameter = newPattern(`(?i)[?&;]\s*(password|passwd|pwd|account_?key|shared_?access_?key|shared_?secret(?:_?key)?|access_?token|api_?key|client_?secret)\s*=\s*([^;&\s"'<>\\]+)`)

func parameters(text string, applied bool) []urlSecret {
	if strings.IndexByte(text, '=') < 0 || !strings.ContainsAny(text, "?&;") {
		return nil
	}
	var out []urlSecret
	for _, m := range parameter.regexp().FindAllStringSubmatchIndex(text, -1) {
		class, v := issuedName, text[m[4]:m[5]]
		if name := strings.ToLower(text[m[2]:m[3]]); strings.HasPrefix(name, "p") {
			class = secretName
		}
		if sure := class.judge(v, applied); sure > doubtful {
			out = append(out, urlSecret{v, m[4], sure})
		}
	}
	return out
}

// nowhere are hosts of a developer's machine, and those that RFC 2606 sets apart
// for examples.
var nowhere = newPattern(`^(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|(?:[\w-]+\.)*(?:example(?:\.(?:com|org|net))?|test|invalid|localhost))(?:[:?#"'\s]|$)`)

var percentEncoded = newPattern(`%[0-9A-Fa-f]{2}`)
