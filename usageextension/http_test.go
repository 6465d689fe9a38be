package usageextension

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

const jsonType = "application/json; charset=utf-8"

func TestUnknownRoutesAndMethods_X_16(t *testing.T) {
	b, _ := shopping(t)
	for _, path := range []string{"/nothing", "/v0", prefix, prefix + "/usage/", prefix + "/usage/nothing", prefix + "/usage/sessions/ada", "/index.html", "/" + prefix + "/usage", prefix + "//usage", prefix + "/./usage", "/x/.." + prefix + "/usage"} {
		got := b.get(path)
		assert.Equal(t, http.StatusNotFound, got.status, path)
		assert.Equal(t, "not found", got.error(t), path)
		assert.Equal(t, jsonType, got.header.Get("Content-Type"), path)
	}
	for _, tt := range []struct{ method, path, allow string }{
		{http.MethodDelete, "/usage", "GET, HEAD"},
		{http.MethodPost, "/usage/series", "GET, HEAD"},
		{http.MethodGet, "/usage/save", "POST"},
		{http.MethodHead, "/usage/reset", "POST"},
		{http.MethodPost, "/usage-persistence", "GET, HEAD, PATCH, PUT"},
		{http.MethodOptions, "/usage", "GET, HEAD"},
		{http.MethodTrace, "/usage-statistics-enabled", "GET, HEAD, PATCH, PUT"},
		{"BREW", "/usage", "GET, HEAD"},
	} {
		got := b.management(tt.method, tt.path, "")
		assert.Equal(t, http.StatusMethodNotAllowed, got.status, "%+v", tt)
		assert.Equal(t, tt.allow, got.header.Get("Allow"), "%+v", tt)
		assert.Equal(t, "method not allowed", got.error(t), "%+v", tt)
	}
}

func TestHeaders_X_16(t *testing.T) {
	b, _ := shopping(t)
	for _, path := range []string{"/", "/openapi.yaml", "/nothing", prefix + "/usage", prefix + "/usage/export", prefix + "/usage/series?format=csv", prefix + "/usage/series?limit=0"} {
		got := b.get(path)
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
		} {
			assert.Equal(t, want, got.header.Get(name), "%s of %s", name, path)
		}
		policy := got.header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'", path)
		assert.Contains(t, policy, "frame-ancestors 'none'", path)
		assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"), path)
	}
	assert.Equal(t, jsonType, b.get(prefix+"/usage").header.Get("Content-Type"))
	assert.Equal(t, "application/yaml; charset=utf-8", b.get("/openapi.yaml").header.Get("Content-Type"))
	assert.Equal(t, `attachment; filename="usage-export.json"`, b.get(prefix+"/usage/export").header.Get("Content-Disposition"))
}

func TestPage(t *testing.T) {
	b := start(t)
	got := b.get("/")
	require.Equal(t, http.StatusOK, got.status, "it is there before any processor: %s", got.body)
	assert.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
	shop(t, b.open("usage"))
	got = b.get("/")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Contains(t, got.body, "openai")
	assert.Contains(t, got.header.Get("Content-Security-Policy"), "script-src 'sha256-")
	assert.Equal(t, http.StatusBadRequest, b.get("/?period=century").status)
	assert.NotContains(t, got.body, token)
}

func TestHead_X_16(t *testing.T) {
	b, _ := shopping(t)
	for _, path := range []string{"/", "/openapi.yaml", prefix + "/usage/series?group_by=provider&order_by=name", prefix + "/usage/export", prefix + "/usage/nothing"} {
		got, want := b.over(http.MethodHead, path), b.over(http.MethodGet, path)
		assert.Equal(t, want.status, got.status, path)
		assert.Equal(t, want.header.Get("Content-Type"), got.header.Get("Content-Type"), path)
		assert.Empty(t, got.body, path)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	b := start(t)
	assert.Equal(t, string(openAPI), b.get("/openapi.yaml").body)
}

func TestBodies_A_F6_A_F29(t *testing.T) {
	b, m := shopping(t)
	large := `{"value": false, "x": "` + strings.Repeat("x", 1<<20) + `"}`
	for _, tt := range []struct {
		route, body string
		status      int
		text        string
	}{
		{"/usage-statistics-enabled", ``, 400, "invalid body"},
		{"/usage-statistics-enabled", `{`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{"value":false} {}`, 400, "invalid body"},
		{"/usage-statistics-enabled", `[]`, 400, "invalid body"},
		{"/usage-statistics-enabled", `null`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{}`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{"value":"x"}`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{"value":null}`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{"Value":false}`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{"value":false,"more":1}`, 400, "invalid body"},
		{"/usage-statistics-enabled", `{"value":false,"value":false}`, 400, "twice"},
		{"/usage-statistics-enabled", large, 413, "1048576"},
		{"/usage-persistence", ``, 400, "invalid body"},
		{"/usage-persistence", `{"enabled"`, 400, "invalid body"},
		{"/usage-persistence", `{"enabled":"yes"}`, 400, "`enabled` is not true or false"},
		{"/usage-persistence", `{"enabled":null}`, 400, "`enabled`"},
		{"/usage-persistence", `{"enabled":1}`, 400, "`enabled`"},
		{"/usage-persistence", `{"file-path":7}`, 400, "`file-path` is not text"},
		{"/usage-persistence", `{"interval-seconds":"5"}`, 400, "`interval-seconds` is not a number"},
		{"/usage-persistence", `{"interval-seconds":0}`, 400, "interval-seconds must be greater than 0"},
		{"/usage-persistence", `{"interval-seconds":-1}`, 400, "interval-seconds must be greater than 0"},
		{"/usage-persistence", `{"interval-seconds":1.5}`, 400, "whole numbers"},
		{"/usage-persistence", `{"interval-seconds":1e300}`, 400, "whole numbers"},
		{"/usage-persistence", `{"interval-seconds":86401}`, 400, "86400"},
		{"/usage-persistence", `{"max-details-per-model":300}`, 400, "max-details-per-model"},
		{"/usage-persistence", `{"interval_seconds":5}`, 400, "interval_seconds"},
		{"/usage-persistence", large, 413, "1048576"},
		{"/usage/save", `{"a":1}`, 400, "invalid body"},
		{"/usage/load", `[]`, 400, "invalid body"},
		{"/usage/reset", ``, 400, "invalid body"},
		{"/usage/reset", `{}`, 400, "`scope` is missing"},
		{"/usage/reset", `{"scope":"","value":"x"}`, 400, "`scope` is missing"},
		{"/usage/reset", `{"scope":"planet","value":"x"}`, 404, "planet"},
		{"/usage/reset", `{"scope":"provider"}`, 400, "`value` is missing"},
		{"/usage/reset", `{"scope":"all","value":"x"}`, 400, "no `value`"},
		{"/usage/reset", `{"scope":"provider","value":"nobody"}`, 404, "nobody"},
		{"/usage/reset", `{"scope":"provider","value":"openai","sure":true}`, 400, "sure"},
		{"/usage/import", ``, 400, "invalid json"},
		{"/usage/import", `{`, 400, "invalid json"},
		{"/usage/import", `{"version":99,"usage":{}}`, 400, "unsupported version"},
	} {
		methods := []string{http.MethodPost}
		if strings.HasPrefix(tt.route, "/usage-") {
			methods = []string{http.MethodPut, http.MethodPatch}
		}
		for _, method := range methods {
			got := b.management(method, tt.route, tt.body)
			assert.Equal(t, tt.status, got.status, "%s %s %.80s: %s", method, tt.route, tt.body, got.body)
			assert.Contains(t, got.error(t), tt.text, "%s %s %.80s", method, tt.route, tt.body)
		}
	}
	assert.False(t, m.Paused())
	assert.InDelta(t, 4, b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
}

// A body is bounded by what it is unpacked, too.
func TestPackedBody(t *testing.T) {
	b, _ := shopping(t)
	got := b.from(client, http.MethodPatch, prefix+"/usage-statistics-enabled", packed(t, strings.Repeat(" ", 2<<20)), "X-Management-Key", token, "Content-Encoding", "gzip")
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.status, got.body)
	got = b.from(client, http.MethodPatch, prefix+"/usage-statistics-enabled", packed(t, `{"value": true}`), "X-Management-Key", token, "Content-Encoding", "gzip")
	assert.Equal(t, http.StatusOK, got.status, got.body)
	got = b.from(client, http.MethodPatch, prefix+"/usage-statistics-enabled", "x", "X-Management-Key", token, "Content-Encoding", "gzip")
	assert.Equal(t, http.StatusBadRequest, got.status)
	got.error(t)
}

func TestImportIsBounded_A_F28(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxRequestBodySize = 1000 })
	b.open("usage")
	got := b.management(http.MethodPost, "/usage/import", `{"version": 1, "x": "`+strings.Repeat("x", 2000)+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	assert.Contains(t, got.error(t), "`max_request_body_size`")
}

func TestThrottling_A_F46(t *testing.T) {
	b, _ := shopping(t)
	guess := func(client, key string) answer {
		return b.from(client, http.MethodPost, prefix+"/usage/reset", `{"scope":"all"}`, "X-Management-Key", key)
	}
	for i := range 5 {
		got := guess(client, fmt.Sprint("wrong", i))
		assert.Equal(t, http.StatusUnauthorized, got.status)
		assert.Equal(t, "invalid management key", got.error(t))
		assert.Equal(t, `Bearer realm="usage"`, got.header.Get("WWW-Authenticate"))
	}
	got := guess(client, token)
	assert.Equal(t, http.StatusTooManyRequests, got.status, "also with the right one")
	assert.Contains(t, []string{"1800", "1799"}, got.header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, b.get(prefix+"/usage").status, "reading needs none")
	assert.Equal(t, http.StatusOK, guess("127.0.0.2:1", token).status)
	missing := b.from("127.0.0.3:1", http.MethodPost, prefix+"/usage/reset", `{"scope":"all"}`)
	assert.Equal(t, "missing management key", missing.error(t))
}

// what is secret is in no answer and in no line of the log.
func TestTokenIsNowhere_X_17(t *testing.T) {
	b, _ := shopping(t)
	var answers strings.Builder
	for _, o := range operations(t) {
		answers.WriteString(b.from(client, o.method, o.path, o.body, "Authorization", "Bearer "+token).body)
		answers.WriteString(b.from(client, o.method, o.path, o.body, "X-Management-Key", "wrong").body)
	}
	assert.NotContains(t, answers.String(), token)
	require.NotEmpty(t, b.logs.All())
	for _, line := range b.logs.All() {
		assert.NotContains(t, fmt.Sprint(line.Message, line.ContextMap()), token)
	}
}

// The cross-origin requests of a page that may: confighttp answers the browser's
// question, the guard lets the request through.
func TestCORS(t *testing.T) {
	b := start(t, func(c *Config) {
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"cors": map[string]any{
			"allowed_origins": []any{"https://portal.example.com"}, "allowed_headers": []any{"X-Management-Key", "Content-Type"},
		}}).Unmarshal(c))
	})
	b.open("usage")
	browser := []string{"Origin", "https://portal.example.com", "Sec-Fetch-Site", "cross-site", "X-Management-Key", token}
	got := b.from(client, http.MethodPost, prefix+"/usage/reset", `{"scope":"all"}`, browser...)
	assert.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, "https://portal.example.com", got.header.Get("Access-Control-Allow-Origin"))
	browser[1] = "https://evil.example.com"
	got = b.from(client, http.MethodPost, prefix+"/usage/reset", `{"scope":"all"}`, browser...)
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
}

// A change that takes longer than answers may is answered all the same.
func TestSlowBodyIsAnswered_X_16(t *testing.T) {
	b := start(t, func(c *Config) { c.WriteTimeout = 100 * time.Millisecond })
	m := b.open("usage")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.listener.Addr().String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	body := `{"value": false}`
	_, err = fmt.Fprintf(conn, "PUT %s/usage-statistics-enabled HTTP/1.1\r\nHost: localhost\r\nX-Management-Key: %s\r\nContent-Length: %d\r\n\r\n", prefix, token, len(body))
	require.NoError(t, err)
	time.Sleep(300 * time.Millisecond)
	_, err = io.WriteString(conn, body)
	require.NoError(t, err)
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	assert.Equal(t, http.StatusOK, got.StatusCode)
	assert.True(t, m.Paused())
}

// A client that begins and does not go on is given up.
func TestSlowRequest_X_16(t *testing.T) {
	for name, request := range map[string]string{
		"header": "GET / HTTP/1.1\r\nHost: localhost\r\n",
		"body":   "POST " + prefix + "/usage/reset HTTP/1.1\r\nHost: localhost\r\nX-Management-Key: " + token + "\r\nContent-Length: 100\r\n\r\n{",
	} {
		b := start(t, func(c *Config) { c.ReadHeaderTimeout, c.ReadTimeout = 100*time.Millisecond, 100*time.Millisecond })
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.listener.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err = io.ReadAll(conn)
		assert.NoError(t, err, "%s: the server ends the connection", name)
		require.NoError(t, conn.Close())
		require.NoError(t, b.Shutdown(context.Background()))
	}
}
