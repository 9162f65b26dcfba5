package fetch

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// server is a chart repository and a registry on this machine.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	// answers are what comes before the file, by path: a status each.
	answers map[string][]int
	header  http.Header // of those
	files   map[string]string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{answers: map[string][]int{}, header: http.Header{}, files: map[string]string{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP is part of http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := r.URL.RequestURI()
	if a := r.Header.Get("Authorization"); a != "" {
		line += " " + a
	}
	s.asked = append(s.asked, line)
	if list := s.answers[r.URL.Path]; len(list) > 0 {
		s.answers[r.URL.Path] = list[1:]
		for k, v := range s.header {
			w.Header()[k] = v
		}
		w.WriteHeader(list[0])
		return
	}
	body, ok := s.files[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = w.Write([]byte(body))
}

// store returns a Store that may ask the server, and what it slept.
func store(t *testing.T, o Options) (*Store, *[]time.Duration) {
	t.Helper()
	o.PlainLoopback = true
	s := New(o)
	var slept []time.Duration
	s.client.sleep = func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}
	return s, &slept
}

func (s *server) lock(body string) (*Lock, Chart) {
	e := Entry{Repository: s.URL, Name: "redis", Version: "1.2.3", URL: s.URL + "/redis-1.2.3.tgz", SHA256: sumOf([]byte(body))}
	return &Lock{Entries: []Entry{e}}, Chart{s.URL + "/", "redis", "^1.0.0"}
}

func message(err error) string {
	var e *source.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("no *source.Error: %v", err)
	}
	return e.Msg + " | " + e.Hint
}

func TestArchive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answers []int
		header  http.Header
		body    string // that is served; empty: what is locked
		want    string // error; "" none
		asked   int
		slept   []time.Duration
	}{
		{name: "at once", asked: 1},
		{name: "after two failures", answers: []int{503, 500}, asked: 3, slept: []time.Duration{500 * time.Millisecond, 2 * time.Second}},
		{name: "too many failures", answers: []int{503, 503, 503, 503}, asked: 3, want: "the server answers 503 | try again", slept: []time.Duration{500 * time.Millisecond, 2 * time.Second}},
		{name: "throttled", answers: []int{429}, header: http.Header{"Retry-After": {"7"}}, asked: 2, slept: []time.Duration{7 * time.Second}},
		{name: "throttled for long", answers: []int{429}, header: http.Header{"Retry-After": {"3600"}}, asked: 1, want: "the server answers 429, and asks to wait 1h0m0s | try again"},
		{name: "private", answers: []int{403}, asked: 1, want: "the server answers 403: it wants credentials, which are not sent | vendor a private chart"},
		{name: "gone", answers: []int{404}, asked: 1, want: "the server answers 404: there is no such file"},
		{name: "other bytes", body: "evil", asked: 1, want: "is not what .gate/charts.lock says: sha256 is"},
		{name: "a redirect to plain http", answers: []int{302}, header: http.Header{"Location": {"http://example.com/x"}}, asked: 1, want: "http:// is not asked; want https://"},
		{name: "a redirect to a file", answers: []int{302}, header: http.Header{"Location": {"file:///etc/passwd"}}, asked: 1, want: "file:// is not asked; want https://"},
		{name: "redirects without end", answers: []int{302, 302, 302, 302, 302, 302, 302}, header: http.Header{"Location": {"/redis-1.2.3.tgz"}}, asked: 6, want: "more than 5 redirects"},
		{name: "a redirect with credentials", answers: []int{302}, header: http.Header{"Location": {"https://u:hunter2@example.com/x"}}, asked: 1, want: "an address with credentials is not asked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			srv.files["/redis-1.2.3.tgz"] = "archive"
			if tt.body != "" {
				srv.files["/redis-1.2.3.tgz"] = tt.body
			}
			srv.answers["/redis-1.2.3.tgz"] = tt.answers
			if tt.header != nil {
				srv.header = tt.header
			}
			s, slept := store(t, Options{Cache: t.TempDir(), Network: true})
			lock, c := srv.lock("archive")
			data, err := s.Archive(t.Context(), lock, c)
			switch {
			case tt.want == "" && (err != nil || string(data) != "archive"):
				t.Errorf("got %q, %v", data, err)
			case tt.want != "" && !strings.Contains(message(err), tt.want):
				t.Errorf("got %s\nwant %s", message(err), tt.want)
			case tt.want != "" && strings.Contains(message(err), "hunter2"):
				t.Errorf("a credential is shown: %s", message(err))
			}
			if len(srv.asked) != tt.asked {
				t.Errorf("asked %d times, want %d", len(srv.asked), tt.asked)
			}
			if diff := cmp.Diff(tt.slept, *slept); diff != "" {
				t.Error(diff)
			}
			// A failure is remembered, a success is in the cache.
			if _, again := s.Archive(t.Context(), lock, c); (again == nil) != (err == nil) || len(srv.asked) != tt.asked {
				t.Errorf("the second time: %v, asked %d times", again, len(srv.asked))
			}
		})
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.files["/redis-1.2.3.tgz"] = "archive"
	lock, c := srv.lock("archive")
	dir := t.TempDir()
	file := filepath.Join(dir, "charts", lock.Entries[0].SHA256+".tgz")
	get := func(network bool) string {
		s, _ := store(t, Options{Cache: dir, Network: network})
		data, err := s.Archive(t.Context(), lock, c)
		if err != nil {
			return message(err)
		}
		return string(data)
	}
	if got := get(false); !strings.Contains(got, "is not in the cache; nothing is fetched | fetch it: --allow-network=helm") {
		t.Error(got)
	}
	if len(srv.asked) != 0 {
		t.Errorf("asked without permission: %q", srv.asked)
	}
	if got := get(true); got != "archive" {
		t.Error(got)
	}
	if got := get(false); got != "archive" || len(srv.asked) != 1 {
		t.Error(got, srv.asked)
	}
	for name, damage := range map[string]func() error{
		"other bytes": func() error { return os.WriteFile(file, []byte("evil"), 0o600) },
		"a directory": func() error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o700)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if got := get(false); !strings.Contains(got, "lies damaged in the cache") {
			t.Errorf("%s: %s", name, got)
		}
		if name == "other bytes" {
			if got := get(true); got != "archive" {
				t.Errorf("%s: %s", name, got)
			}
		}
		_ = os.RemoveAll(file)
		if got := get(true); got != "archive" {
			t.Error(got)
		}
	}
	leftover, _ := filepath.Glob(filepath.Join(dir, "charts", ".*"))
	if len(leftover) > 0 {
		t.Errorf("left over: %q", leftover)
	}
}

// Only HTTPS is asked, and plain HTTP on this machine only in tests.
func TestAllowed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]bool{
		"https://example.com/x":      {true, true},
		"http://example.com/x":       {false, false},
		"http://127.0.0.1:80/x":      {false, true},
		"http://[::1]/x":             {false, true},
		"http://localhost/x":         {false, false},
		"http://127.0.0.1.nip.io/x":  {false, false},
		"ftp://example.com/x":        {false, false},
		"file:///etc/passwd":         {false, false},
		"https://user@example.com/x": {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for i, loopback := range []bool{false, true} {
			if err := newClient(loopback).allowed(u); (err == nil) != want[i] {
				t.Errorf("%s, loopback %v: %v", address, loopback, err)
			}
		}
	}
}

// A certificate that nobody signed is not asked twice.
func TestUntrustedServer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	srv.Config.ErrorLog = nil
	c := newClient(false)
	c.sleep = func(context.Context, time.Duration) error { t.Error("asked again"); return nil }
	u, _ := url.Parse(srv.URL)
	_, _, err := c.get(t.Context(), u, nil, 10)
	var certificate *tls.CertificateVerificationError
	if !errors.As(err, &certificate) {
		t.Errorf("got %v", err)
	}
}

// No variable of the environment leads through a proxy.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if newClient(false).http.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy is used")
	}
}

// A file is not read beyond its limit, whatever its header says.
func TestLimit(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chunked" {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write([]byte(strings.Repeat("x", 2000)))
	}))
	defer srv.Close()
	for _, p := range []string{"/plain", "/chunked"} {
		u, _ := url.Parse(srv.URL + p)
		if _, _, err := newClient(true).get(t.Context(), u, nil, 1000); err == nil || !strings.Contains(err.Error(), "limit of 1000") {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// An answer that breaks off is asked for again; nobody that listens is an
// error, not a hang.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			return
		}
		_, _ = w.Write([]byte("whole"))
	}))
	defer srv.Close()
	c := newClient(true)
	c.sleep = func(context.Context, time.Duration) error { return nil }
	u, _ := url.Parse(srv.URL)
	if data, _, err := c.get(t.Context(), u, nil, 1000); err != nil || string(data) != "whole" {
		t.Errorf("%q, %v", data, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody, _ := url.Parse("http://" + l.Addr().String())
	l.Close()
	if _, _, err := c.get(t.Context(), nobody, nil, 1000); err == nil {
		t.Error("nobody answers, and no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.get(ctx, u, nil, 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestResolveIndex(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, v := range []string{"1.2.3", "1.10.0", "2.0.0-rc.1"} {
		srv.files["/r/redis-"+v+".tgz"] = "archive " + v
	}
	srv.files["/r/index.yaml"] = fmt.Sprintf(`apiVersion: v1
entries:
  redis:
    - {version: 1.2.3, urls: [redis-1.2.3.tgz], digest: %s}
    - {version: 2.0.0-rc.1, urls: [%s/r/redis-2.0.0-rc.1.tgz]}
    - {version: 1.10.0, urls: [redis-1.10.0.tgz]}
  lying:
    - {version: 1.0.0, urls: [redis-1.2.3.tgz], digest: "%s"}
  elsewhere:
    - {version: 1.0.0, urls: ["http://example.com/x.tgz"]}
`, sumOf([]byte("archive 1.2.3")), srv.URL, strings.Repeat("0", 64))
	entry := func(v string) Entry {
		return Entry{Repository: srv.URL + "/r", Name: "redis", Version: v, URL: srv.URL + "/r/redis-" + v + ".tgz", SHA256: sumOf([]byte("archive " + v))}
	}
	for _, tt := range []struct {
		c    Chart
		want string // version, or the error
	}{
		{Chart{srv.URL + "/r", "redis", "1.2.3"}, "1.2.3"},
		{Chart{srv.URL + "/r/", "redis", "1.x"}, "1.10.0"},
		{Chart{srv.URL + "/r", "redis", ""}, "1.10.0"},
		{Chart{srv.URL + "/r", "redis", "2.0.0-rc.1"}, "2.0.0-rc.1"},
		{Chart{srv.URL + "/r", "redis", "3.x"}, "the index of the repository has no such version"},
		{Chart{srv.URL + "/r", "none", ""}, "the index of the repository has no such version"},
		{Chart{srv.URL + "/r", "lying", ""}, "the index says 000"},
		{Chart{srv.URL + "/r", "elsewhere", ""}, "http:// is not asked"},
		{Chart{srv.URL + "/none", "redis", ""}, "index.yaml: the server answers 404"},
		{Chart{"ftp://example.com", "redis", ""}, "the repository is neither an https:// nor an oci:// address"},
		{Chart{"https://u:hunter2@example.com", "redis", ""}, "chart \"redis\" of https://example.com cannot be found: the repository holds credentials"},
		{Chart{srv.URL + "/r", "../redis", ""}, "the name is no chart name"},
	} {
		s, _ := store(t, Options{Network: true})
		r := s.Resolver(nil)
		_, err := r.Archive(t.Context(), tt.c)
		if err != nil {
			if !strings.Contains(message(err), tt.want) || strings.Contains(message(err), "hunter2") {
				t.Errorf("%s: got %s, want %s", tt.c, message(err), tt.want)
			}
			continue
		}
		if diff := cmp.Diff([]Entry{entry(tt.want)}, r.Lock().Entries); diff != "" {
			t.Errorf("%s: %s", tt.c, diff)
		}
	}
	// What is locked stays, unless it is to be looked up anew.
	s, _ := store(t, Options{Network: true})
	r := s.Resolver(&Lock{Entries: []Entry{entry("1.2.3")}})
	if _, err := r.Archive(t.Context(), Chart{srv.URL + "/r", "redis", "1.x"}); err != nil || r.Lock().Entries[0].Version != "1.2.3" {
		t.Errorf("%v, %v", r.Lock(), err)
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	sum := sumOf([]byte("archive"))
	manifest, err := json.Marshal(map[string]any{"layers": []map[string]any{
		{"mediaType": "application/vnd.cncf.helm.chart.provenance.v1.prov", "digest": "sha256:" + strings.Repeat("1", 64)},
		{"mediaType": chartType, "digest": "sha256:" + sum},
	}})
	if err != nil {
		t.Fatal(err)
	}
	srv.files["/v2/acme/redis/tags/list"] = `{"tags": ["1.2.3", "1.4.0_build.1", "latest", "2.0.0-rc.1"]}`
	srv.files["/v2/acme/redis/manifests/1.4.0_build.1"] = string(manifest)
	srv.files["/v2/acme/redis/manifests/1.2.3"] = `{"layers": [{"mediaType": "other", "digest": "sha256:` + sum + `"}]}`
	srv.files["/v2/acme/redis/blobs/sha256:"+sum] = "archive"
	srv.files["/token"] = `{"token": "T"}`
	srv.answers["/v2/acme/redis/tags/list"] = []int{401}
	srv.header = http.Header{"Www-Authenticate": {fmt.Sprintf(`Bearer realm="%s/token",service="s",scope="repository:acme/redis:pull"`, srv.URL)}}
	oci := "oci://" + strings.TrimPrefix(srv.URL, "http://") + "/acme"

	s, _ := store(t, Options{Network: true})
	r := s.Resolver(nil)
	data, err := r.Archive(t.Context(), Chart{oci, "redis", "1.x"})
	if err != nil || string(data) != "archive" {
		t.Fatalf("%q, %s", data, message(err))
	}
	want := []Entry{{Repository: oci, Name: "redis", Version: "1.4.0+build.1", URL: oci + "/redis", SHA256: sum}}
	if diff := cmp.Diff(want, r.Lock().Entries); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"/v2/acme/redis/tags/list", "/token?scope=repository%3Aacme%2Fredis%3Apull&service=s", "/v2/acme/redis/tags/list Bearer T",
		"/v2/acme/redis/manifests/1.4.0_build.1 Bearer T", "/v2/acme/redis/blobs/sha256:" + sum,
	}, srv.asked); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Archive(t.Context(), Chart{oci, "redis", "1.2.3"}); !strings.Contains(message(err), "the artifact holds no chart") {
		t.Error(message(err))
	}
}

// A token is not handed to another host, wherever a registry leads.
func TestTokenStays(t *testing.T) {
	t.Parallel()
	other, first := newServer(t), newServer(t)
	sum := sumOf([]byte("archive"))
	other.files["/blob"] = "archive"
	first.files["/token"] = `{"access_token": "T"}`
	first.answers["/v2/a/redis/blobs/sha256:"+sum] = []int{401, 307}
	first.header = http.Header{"Www-Authenticate": {`Bearer realm="` + first.URL + `/token"`}, "Location": {other.URL + "/blob"}}
	oci := "oci://" + strings.TrimPrefix(first.URL, "http://") + "/a"
	s, _ := store(t, Options{Network: true})
	lock := &Lock{Entries: []Entry{{Repository: oci, Name: "redis", Version: "1.0.0", URL: oci + "/redis", SHA256: sum}}}
	if _, err := s.Archive(t.Context(), lock, Chart{oci, "redis", "1.0.0"}); err != nil {
		t.Fatal(message(err))
	}
	if diff := cmp.Diff([]string{"/blob"}, other.asked); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(first.asked, "/v2/a/redis/blobs/sha256:"+sum+" Bearer T") {
		t.Errorf("asked %q", first.asked)
	}
}
