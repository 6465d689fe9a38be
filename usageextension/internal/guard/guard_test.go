package guard

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watch is a clock that goes when it is told to.
type watch struct{ time.Time }

func (w *watch) now() time.Time { return w.Time }

func newGuard(t *testing.T, change ...func(*Options)) (*Guard, *watch) {
	t.Helper()
	w := &watch{time.Unix(1_800_000_000, 0)}
	o := Options{Token: "right", Now: w.now, Refuse: func(w http.ResponseWriter, r *Refusal) { http.Error(w, r.Text, r.Status) }}
	for _, f := range change {
		f(&o)
	}
	g, err := New(o)
	require.NoError(t, err)
	return g, w
}

// from is a request of a client, to localhost, with headers by name and value.
func from(client string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8688/", http.NoBody)
	r.RemoteAddr = client
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func statusOf(r *Refusal) int {
	if r == nil {
		return http.StatusOK
	}
	return r.Status
}

const (
	loopback = "127.0.0.1:50000"
	stranger = "192.0.2.7:50000"
)

func TestHosts_X_16(t *testing.T) {
	g, _ := newGuard(t, func(o *Options) { o.Hosts = []string{"Usage.Example.com", "2001:db8::5", "192.0.2.9"} })
	for host, want := range map[string]int{
		"localhost":               http.StatusOK,
		"localhost:8688":          http.StatusOK,
		"LocalHost.:1":            http.StatusOK,
		"127.0.0.1":               http.StatusOK,
		"127.9.9.9:80":            http.StatusOK,
		"[::1]:8688":              http.StatusOK,
		"[::1]":                   http.StatusOK,
		"[::ffff:127.0.0.1]:1":    http.StatusOK,
		"usage.example.com":       http.StatusOK,
		"usage.example.com.:8688": http.StatusOK,
		"[2001:db8::5]:8688":      http.StatusOK,
		"192.0.2.9:8688":          http.StatusOK,
		"10.0.0.5:8688":           http.StatusOK, // the address of the connection
		"[::ffff:10.0.0.5]":       http.StatusOK,
		"10.0.0.6":                http.StatusForbidden,
		"evil.example.com":        http.StatusForbidden,
		"localhost.example.com":   http.StatusForbidden,
		"127.0.0.1.example.com":   http.StatusForbidden,
		"notlocalhost":            http.StatusForbidden,
		"0.0.0.0":                 http.StatusForbidden,
		"":                        http.StatusForbidden,
	} {
		r := from(loopback, "Host", host)
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 8688})))
		w := httptest.NewRecorder()
		g.Around(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, "%q", host)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), "%q", host)
	}
}

func TestCrossOrigin_X_16(t *testing.T) {
	g, _ := newGuard(t, func(o *Options) { o.Origins = []string{"https://trusted.example.com"} })
	for _, tt := range []struct {
		method, origin, site, mode, dest string
		want                             int
	}{
		{http.MethodPost, "", "", "", "", http.StatusOK}, // no browser
		{http.MethodPost, "http://localhost:8688", "same-origin", "cors", "empty", http.StatusOK},
		{http.MethodPost, "http://localhost:8688", "", "", "", http.StatusOK},
		{http.MethodPost, "https://evil.example.com", "cross-site", "cors", "empty", http.StatusForbidden},
		{http.MethodPost, "https://evil.example.com", "cross-site", "navigate", "document", http.StatusForbidden}, // a form
		{http.MethodPut, "https://evil.example.com", "", "", "", http.StatusForbidden},
		{http.MethodPatch, "http://localhost:1", "same-site", "cors", "empty", http.StatusForbidden},
		{http.MethodPost, "null", "cross-site", "cors", "empty", http.StatusForbidden},
		{http.MethodPost, "https://trusted.example.com", "cross-site", "cors", "empty", http.StatusOK},
		{http.MethodPost, "http://trusted.example.com", "cross-site", "cors", "empty", http.StatusForbidden},
		{http.MethodGet, "", "", "", "", http.StatusOK},
		{http.MethodGet, "", "none", "navigate", "document", http.StatusOK}, // typed in
		{http.MethodGet, "", "same-origin", "cors", "empty", http.StatusOK},
		{http.MethodGet, "", "cross-site", "navigate", "document", http.StatusOK}, // a link
		{http.MethodGet, "", "same-site", "navigate", "", http.StatusOK},
		{http.MethodGet, "", "cross-site", "navigate", "iframe", http.StatusForbidden},
		{http.MethodGet, "", "cross-site", "no-cors", "image", http.StatusForbidden},
		{http.MethodGet, "", "same-site", "no-cors", "script", http.StatusForbidden},
		{http.MethodHead, "", "cross-site", "no-cors", "empty", http.StatusForbidden},
		{http.MethodGet, "https://evil.example.com", "cross-site", "cors", "empty", http.StatusForbidden},
		{http.MethodGet, "https://evil.example.com", "", "", "", http.StatusForbidden}, // an old browser
		{http.MethodGet, "https://trusted.example.com", "cross-site", "cors", "empty", http.StatusOK},
		{http.MethodOptions, "https://trusted.example.com", "cross-site", "cors", "empty", http.StatusOK},
		{http.MethodOptions, "https://evil.example.com", "cross-site", "cors", "empty", http.StatusOK}, // confighttp answers
	} {
		r := from(loopback)
		r.Method = tt.method
		for name, value := range map[string]string{"Origin": tt.origin, "Sec-Fetch-Site": tt.site, "Sec-Fetch-Mode": tt.mode, "Sec-Fetch-Dest": tt.dest} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		g.Around(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(w, r)
		assert.Equal(t, tt.want, w.Code, "%+v", tt)
	}
}

func TestBadOriginIsRefused(t *testing.T) {
	_, err := New(Options{Origins: []string{"trusted.example.com"}, Now: time.Now})
	assert.ErrorContains(t, err, "`cors.allowed_origins`")
}

func TestRights_A_F46(t *testing.T) {
	bearer, key := "Authorization", KeyHeader
	for _, tt := range []struct {
		name         string
		options      func(*Options)
		client       string
		headers      []string
		read, change int
	}{
		{"loopback reads", nil, loopback, nil, 200, 401},
		{"IPv6 loopback reads", nil, "[::1]:50000", nil, 200, 401},
		{"loopback as IPv4 in IPv6", nil, "[::ffff:127.0.0.1]:50000", nil, 200, 401},
		{"bearer", nil, loopback, []string{bearer, "Bearer right"}, 200, 200},
		{"bearer, other case", nil, loopback, []string{bearer, "bearer right"}, 200, 200},
		{"key", nil, loopback, []string{key, "right"}, 200, 200},
		{"wrong bearer", nil, loopback, []string{bearer, "Bearer wrong"}, 200, 401},
		{"wrong key", nil, loopback, []string{key, "wrong"}, 200, 401},
		{"no scheme", nil, loopback, []string{bearer, "right"}, 200, 401},
		{"other scheme", nil, loopback, []string{bearer, "Basic right"}, 200, 401},
		{"a prefix", nil, loopback, []string{key, "righ"}, 200, 401},
		{"a wrong key hides a right bearer", nil, loopback, []string{key, "wrong", bearer, "Bearer right"}, 200, 401},
		{"strangers do not read", nil, stranger, nil, 401, 401},
		{"strangers with token", nil, stranger, []string{bearer, "Bearer right"}, 200, 200},
		{"strangers with key", nil, stranger, []string{key, "right"}, 200, 200},
		{"strangers with wrong token", nil, stranger, []string{bearer, "Bearer wrong"}, 401, 401},
		{"a proxy on this machine", nil, loopback, []string{"X-Forwarded-For", "192.0.2.7"}, 401, 401},
		{"another proxy", nil, loopback, []string{"Forwarded", "for=192.0.2.7"}, 401, 401},
		{"a proxy that says what it was asked", nil, loopback, []string{"X-Forwarded-Host", "localhost"}, 401, 401},
		{"a proxy that says how it was asked", nil, loopback, []string{"X-Forwarded-Proto", "https"}, 401, 401},
		{"a proxy that says nothing", nil, loopback, []string{"X-Forwarded-For", ""}, 401, 401},
		{"a proxy with two lines", nil, loopback, []string{"X-Forwarded-For", "", "X-Forwarded-For", "192.0.2.7"}, 401, 401},
		{"a proxy that keeps the name", func(o *Options) { o.Hosts = []string{"usage.example.com"} }, loopback, []string{"Host", "usage.example.com"}, 401, 401},
		{"no token", func(o *Options) { o.Token = "" }, loopback, nil, 200, 403},
		{"no token, an empty key", func(o *Options) { o.Token = "" }, loopback, []string{bearer, "Bearer "}, 200, 403},
		{"no token, strangers", func(o *Options) { o.Token = "" }, stranger, nil, 403, 403},
		{"auth", func(o *Options) { o.Authenticated = true }, stranger, nil, 200, 401},
		{"auth owns Authorization", func(o *Options) { o.Authenticated = true }, stranger, []string{bearer, "Bearer right"}, 200, 401},
		{"auth and key", func(o *Options) { o.Authenticated = true }, stranger, []string{bearer, "Basic x", key, "right"}, 200, 200},
		{"auth and no token", func(o *Options) { o.Authenticated, o.Token = true, "" }, stranger, []string{key, ""}, 200, 403},
		{"Unix socket", func(o *Options) { o.Private = true }, "@", nil, 200, 401},
		{"no address", nil, "", nil, 401, 401},
	} {
		var options []func(*Options)
		if tt.options != nil {
			options = append(options, tt.options)
		}
		g, _ := newGuard(t, options...)
		r := from(tt.client, tt.headers...)
		assert.Equal(t, tt.read, statusOf(g.Read(r)), "%s: read", tt.name)
		assert.Equal(t, tt.change, statusOf(g.Change(r)), "%s: change", tt.name)
	}
}

func TestTexts_A_F46(t *testing.T) {
	g, _ := newGuard(t)
	assert.Equal(t, "missing management key", g.Change(from(loopback)).Text)
	assert.Equal(t, "invalid management key", g.Change(from(loopback, KeyHeader, "wrong")).Text)
	g, _ = newGuard(t, func(o *Options) { o.Token = "" })
	assert.Contains(t, g.Change(from(loopback)).Text, "`token`")
	assert.False(t, g.CanChange())
}
