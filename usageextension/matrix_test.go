package usageextension

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// operation is a method of a path, with a body that would change something.
type operation struct{ method, path, body string }

func (o operation) changes() bool { return o.method != http.MethodGet }

// operations are all that the document has; internal/api tests that there are no others.
func operations(t *testing.T) []operation {
	t.Helper()
	bodies := map[string]string{
		"/usage-persistence":        `{"enabled": false}`,
		"/usage-statistics-enabled": `{"value": false}`,
		"/usage/reset":              `{"scope": "all"}`,
		"/usage/import":             `{"version": 1, "exported_at": "2026-01-01T00:00:00Z", "usage": {}}`,
	}
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	require.NoError(t, err)
	var list []operation
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			o := operation{method, strings.ReplaceAll(path, "{id}", "ada"), ""}
			if o.changes() {
				o.body = bodies[strings.TrimPrefix(path, prefix)]
			}
			list = append(list, o)
		}
	}
	require.Greater(t, len(list), 20)
	return list
}

// A-F46: nothing that changes something is done without the token, whoever asks, and
// however.
func TestMatrix_A_F46_X_16(t *testing.T) {
	const (
		here     = client
		stranger = "192.0.2.7:50000"
		open     = 0 // any answer but a refusal
	)
	none := func(*Config) {}
	remote := func(c *Config) { c.NetAddr.Endpoint = "127.0.0.1:0" }
	for _, tt := range []struct {
		name         string
		config       func(*Config)
		client       string
		headers      []string
		read, change int
	}{
		{"no token", none, here, nil, open, 401},
		{"wrong bearer", none, here, []string{"Authorization", "Bearer wrong"}, open, 401},
		{"wrong key", none, here, []string{"X-Management-Key", "wrong"}, open, 401},
		{"right bearer", none, here, []string{"Authorization", "Bearer " + token}, open, open},
		{"right key", none, here, []string{"X-Management-Key", token}, open, open},
		{"token as password", none, here, []string{"Authorization", "Basic " + token}, open, 401},
		{"token in a cookie", none, here, []string{"Cookie", "token=" + token}, open, 401},
		{"no token configured", withoutToken, here, nil, open, 403},
		{"no token configured, an empty one", withoutToken, here, []string{"Authorization", "Bearer ", "X-Management-Key", ""}, open, 403},
		{"stranger", remote, stranger, nil, 401, 401},
		{"stranger, wrong bearer", remote, stranger, []string{"Authorization", "Bearer wrong"}, 401, 401},
		{"stranger, right bearer", remote, stranger, []string{"Authorization", "Bearer " + token}, open, open},
		{"stranger, right key", remote, stranger, []string{"X-Management-Key", token}, open, open},
		{"stranger behind a proxy", remote, here, []string{"X-Forwarded-For", "192.0.2.7"}, 401, 401},
		{"a proxy that says nothing", none, here, []string{"X-Forwarded-For", ""}, 401, 401},
		{"a proxy with two lines", none, here, []string{"Via", "", "Via", "1.1 proxy"}, 401, 401},
		{"foreign host", none, here, []string{"Host", "evil.example.com"}, 403, 403},
		{"foreign host, right key", none, here, []string{"Host", "evil.example.com", "X-Management-Key", token}, 403, 403},
		{"cross-origin", none, here, []string{"Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site"}, 403, 403},
		{"cross-origin, right key", none, here, []string{"Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site", "X-Management-Key", token}, 403, 403},
		{"old browser, cross-origin, right key", none, here, []string{"Origin", "https://evil.example.com", "X-Management-Key", token}, 403, 403},
		{"an image of another site", none, here, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403, 403},
		{"a link of another site", none, here, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, open, 403},
		{"same origin, right key", none, here, []string{"Origin", "http://localhost:8688", "Sec-Fetch-Site", "same-origin", "X-Management-Key", token}, open, open},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, tt.config)
			m := b.open("usage", kept(t, t.TempDir()))
			shop(t, m)
			for _, o := range operations(t) {
				want := tt.read
				if o.changes() {
					want = tt.change
				}
				b.clean(t)
				got := b.from(tt.client, o.method, o.path, o.body, tt.headers...)
				if want == open {
					assert.NotContains(t, []int{401, 403, 405, 429, 500}, got.status, "%s %s: %s", o.method, o.path, got.body)
					continue
				}
				assert.Equal(t, want, got.status, "%s %s: %s", o.method, o.path, got.body)
				assert.NotEmpty(t, got.error(t), "%s %s", o.method, o.path)
			}
			if tt.change != open {
				untouched(t, m)
			}
		})
	}
}

// clean begins with nobody banned: the matrix has more failures than that.
func (b *bench) clean(t *testing.T) {
	t.Helper()
	for _, address := range []string{client, "192.0.2.7:50000"} {
		b.from(address, http.MethodPost, prefix+"/usage/save?nothing", "", "X-Management-Key", token)
	}
}

// untouched is how shop leaves a meter.
func untouched(t *testing.T, m *meter.Meter) {
	t.Helper()
	status := m.Status()
	assert.False(t, status.Paused)
	assert.True(t, status.Persistence.Enabled)
	assert.Empty(t, status.Persistence.Overridden)
	assert.Equal(t, 2, status.Series[0])
	assert.Equal(t, 3, status.Series[1])
}

// With `auth`, every route needs it, and the token comes in a header of its own.
func TestMatrixWithAuth_A_F46(t *testing.T) {
	for _, tt := range []struct {
		name         string
		headers      []string
		read, change int
	}{
		{"nothing", nil, 401, 401},
		{"token only", []string{"X-Management-Key", token}, 401, 401},
		{"token as bearer", []string{"Authorization", "Bearer " + token}, 401, 401},
		{"authenticated", []string{"Authorization", "ada"}, 0, 401},
		{"authenticated, wrong key", []string{"Authorization", "ada", "X-Management-Key", "wrong"}, 0, 401},
		{"authenticated, right key", []string{"Authorization", "ada", "X-Management-Key", token}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := startWithAuth(t)
			shop(t, b.open("usage"))
			for _, o := range operations(t) {
				want := tt.read
				if o.changes() {
					want = tt.change
				}
				b.from(client, http.MethodPost, prefix+"/usage/save?nothing", "", "Authorization", "ada", "X-Management-Key", token)
				got := b.from(client, o.method, o.path, o.body, tt.headers...)
				if want == 0 {
					assert.NotContains(t, []int{401, 403, 405, 429, 500}, got.status, "%s %s: %s", o.method, o.path, got.body)
				} else {
					assert.Equal(t, want, got.status, "%s %s", o.method, o.path)
					assert.NotEmpty(t, got.error(t))
				}
			}
		})
	}
}
