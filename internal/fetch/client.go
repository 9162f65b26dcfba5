package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	attempts    = 3
	attemptTime = 30 * time.Second
	firstWait   = 500 * time.Millisecond
	// longestWait is how long a server may ask to be waited for.
	longestWait  = 10 * time.Second
	maxRedirects = 5
)

// client asks for files over HTTPS. It sends no credentials but the token that
// a registry hands to anybody, uses no proxy and keeps no cookies.
type client struct {
	http *http.Client
	// loopback allows http:// to this machine; for tests.
	loopback bool
	sleep    func(ctx context.Context, d time.Duration) error
}

func newClient(loopback bool) *client {
	c := &client{loopback: loopback, sleep: sleep}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // the bytes are what is hashed
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        10 * time.Second,
		},
		CheckRedirect: c.redirect,
	}
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// redirect refuses to be led to anything but HTTPS, and hands no token on.
func (c *client) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if err := c.allowed(req.URL); err != nil {
		return err
	}
	if req.URL.Host != via[0].URL.Host {
		req.Header.Del("Authorization")
	}
	req.Header.Del("Referer")
	return nil
}

// allowed says whether an address may be asked.
func (c *client) allowed(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("an address with credentials is not asked")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && c.loopback && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s:// is not asked; want https://", u.Scheme)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// statusError is an answer that is not 200.
type statusError struct {
	code      int
	challenge string // WWW-Authenticate
}

// Error names the status.
func (e *statusError) Error() string {
	switch e.code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("the server answers %d: it wants credentials, which are not sent", e.code)
	case http.StatusNotFound:
		return "the server answers 404: there is no such file"
	}
	return fmt.Sprintf("the server answers %d", e.code)
}

// get returns a file of at most limit bytes. What may be better later is asked
// again, a few times.
func (c *client) get(ctx context.Context, address *url.URL, header http.Header, limit int64) ([]byte, http.Header, error) {
	if err := c.allowed(address); err != nil {
		return nil, nil, err
	}
	wait := firstWait
	for n := 1; ; n++ {
		data, got, again, err := c.once(ctx, address, header, limit)
		if err == nil || ctx.Err() != nil || again < 0 || n == attempts {
			return data, got, err
		}
		if again > longestWait {
			return nil, nil, fmt.Errorf("%w, and asks to wait %s", err, again)
		}
		if err := c.sleep(ctx, max(wait, again)); err != nil {
			return nil, nil, err
		}
		wait *= 4
	}
}

// once asks once; again is how long to wait before the next time, negative if
// there is none.
func (c *client) once(ctx context.Context, address *url.URL, header http.Header, limit int64) (data []byte, got http.Header, again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, nil, -1, errors.New("the address is no URL")
	}
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("User-Agent", "gate")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, transient(err), cleaned(err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK:
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		return nil, nil, retryAfter(res.Header), &statusError{code: res.StatusCode}
	default:
		return nil, nil, -1, &statusError{code: res.StatusCode, challenge: res.Header.Get("WWW-Authenticate")}
	}
	if res.ContentLength > limit {
		return nil, nil, -1, fmt.Errorf("the file has %d bytes, more than the limit of %d", res.ContentLength, limit)
	}
	if data, err = io.ReadAll(io.LimitReader(res.Body, limit+1)); err != nil {
		return nil, nil, 0, fmt.Errorf("the answer breaks off: %w", cleaned(err))
	}
	if int64(len(data)) > limit {
		return nil, nil, -1, fmt.Errorf("the file has more bytes than the limit of %d", limit)
	}
	return data, res.Header, -1, nil
}

// retryAfter reads how long a server asks to be waited for, in seconds or as a
// date (RFC 9110, section 10.2.3).
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return time.Duration(min(n, 1_000_000)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// transient says whether a connection may come about later.
func transient(err error) time.Duration {
	var certificate *tls.CertificateVerificationError
	var op *net.OpError
	if errors.As(err, &certificate) || !errors.As(err, &op) && !errors.Is(err, io.EOF) && !errors.Is(err, context.DeadlineExceeded) {
		return -1
	}
	return 0
}

// cleaned is an error of a connection without the address, which may hold a
// signature.
func cleaned(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}
