package git

import (
	"context"
	"slices"
	"strings"
)

// Identity returns the identity of a repository's address, as Remote does, or
// "" if it has none that can be compared. Forges that have one address for
// HTTPS and another one for SSH get the same identity for both.
func Identity(url string) string {
	id := parseRemote(url, func(string) bool { return false }) // the disk is not asked: a stranger may have written it
	host, path, _ := strings.Cut(id, "/")
	switch host {
	case "":
		return ""
	case "ssh.github.com":
		host = "github.com"
	case "altssh.gitlab.com":
		host = "gitlab.com"
	case "altssh.bitbucket.org":
		host = "bitbucket.org"
	case "ssh.dev.azure.com":
		parts := strings.Split(path, "/")
		if len(parts) != 4 {
			return ""
		}
		host, path = "dev.azure.com", parts[1]+"/"+parts[2]+"/_git/"+parts[3]
	default:
		path = strings.TrimPrefix(path, "scm/") // Bitbucket Data Center over HTTPS
	}
	return strings.ToLower(host + "/" + path)
}

// Identities are the identities of all remotes, sorted.
func (r *Repo) Identities(ctx context.Context) []string {
	if !r.remotes {
		return nil
	}
	out, err := r.run(ctx, nil, "config", "--null", "--get-regexp", `^remote\..*\.url$`)
	if err != nil {
		return nil
	}
	var ids []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		_, url, _ := strings.Cut(entry, "\n")
		if id := Identity(strings.TrimSpace(url)); id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
