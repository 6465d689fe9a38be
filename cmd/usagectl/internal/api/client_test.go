package api

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func client(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	c, err := New(&o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// The token goes to whom it is for, wherever that sends us.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s arrived elsewhere with the token %q", r.URL, r.Header.Get("X-Management-Key"))
	})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) })
	_, err := client(t, Options{URL: address, Token: "secret"}).Get(t.Context(), "usage", nil)
	status := (*StatusError)(nil)
	if !errors.As(err, &status) || status.Code != http.StatusFound || !strings.Contains(err.Error(), elsewhere) {
		t.Errorf("error = %v", err)
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var into struct{}
	if err := client(t, Options{URL: server.URL, CAFile: file}).GetJSON(t.Context(), "usage", nil, &into); err != nil {
		t.Errorf("with the certificate: %v", err)
	}
	away := (*UnreachableError)(nil)
	if err := client(t, Options{URL: server.URL}).GetJSON(t.Context(), "usage", nil, &into); !errors.As(err, &away) {
		t.Errorf("without the certificate: %v", err)
	}
}

// An answer may take long while something of it comes, and not otherwise.
func TestSilence(t *testing.T) {
	const timeout = 200 * time.Millisecond
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 8 || strings.HasSuffix(r.URL.Path, "endless"); i++ {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			if i == 7 && strings.HasSuffix(r.URL.Path, "endless") {
				<-r.Context().Done()
				return
			}
			time.Sleep(timeout / 4)
		}
	})
	for route, silent := range map[string]bool{"slow": false, "endless": true} {
		body, err := client(t, Options{URL: address, Timeout: timeout}).Get(t.Context(), route, url.Values{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if got := (*silentError)(nil); errors.As(err, &got) != silent || string(text) != "xxxxxxxx" {
			t.Errorf("%s: %q, %v", route, text, err)
		}
		if err := body.Close(); err != nil {
			t.Errorf("%s: %v", route, err)
		}
	}
}

// What is sent may take long while something of it goes.
func TestSlowUpload(t *testing.T) {
	const timeout = 200 * time.Millisecond
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	})
	var into struct{}
	slow := &slowReader{pause: timeout / 4, left: 8}
	if err := client(t, Options{URL: address, Timeout: timeout}).PostJSON(t.Context(), "usage/import", nil, slow, &into); err != nil {
		t.Error(err)
	}
}

// slowReader has a byte now and then.
type slowReader struct {
	pause time.Duration
	left  int
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	s.left--
	return copy(p, "x"), nil
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{"", "localhost:8688", "ftp://a", "http://", "http://a/?b=c", "http://a/#b", "http://a:secret@b", "http://a:secret@b c", "::"} {
		_, err := New(&Options{URL: address})
		if wrong := (*AddressError)(nil); !errors.As(err, &wrong) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	path := ""
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		_, _ = io.WriteString(w, "{}")
	})
	var into struct{}
	if err := client(t, Options{URL: address + "/behind/proxy/"}).GetJSON(t.Context(), "usage/sessions/a%2Fb", nil, &into); err != nil {
		t.Fatal(err)
	}
	if want := "/behind/proxy/v0/management/usage/sessions/a%2Fb"; path != want {
		t.Errorf("path = %s, want %s", path, want)
	}
}

// Errors say what the collector says, in whatever form.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{409, `{"error":"persistence is disabled","status":{}}`, "persistence is disabled (409 Conflict)"},
		{401, "Unauthorized\n", "Unauthorized (401 Unauthorized)"},
		{502, "", "the collector answers `usage` with 502 Bad Gateway"},
		{500, strings.Repeat("x", 10_000), strings.Repeat("x", maxErrorText) + " (500 Internal Server Error)"},
	} {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		_, err := client(t, Options{URL: address}).Get(t.Context(), "usage", nil)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%d %.50q: %v, want %s", tt.status, tt.body, err, tt.want)
		}
	}
}
