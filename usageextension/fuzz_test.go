package usageextension

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzBodies: whatever is sent, the answer is JSON, and what is refused changes nothing.
func FuzzBodies(f *testing.F) {
	routes := []string{"/usage-persistence", "/usage-statistics-enabled", "/usage/reset", "/usage/import", "/usage/save"}
	for i, body := range []string{
		`{"enabled": true, "file-path": "a", "interval-seconds": 5}`, `{"value": false}`, `{"scope": "provider", "value": "openai"}`,
		`{"version":1,"exported_at":"2026-01-01T00:00:00Z","writer":"w","includes":["v"],"usage":{"series":[{"kind":"provider","attributes":{` +
			`"usage.service":"s","usage.provider":"p","usage.provider.kind":"db","usage.model":"m","usage.operation":"o"},"measures":{"requests.success":3}}],` +
			`"history":[{"granularity":"hour","start":1767225600,"end":1767229200,"rows":[]}]}}`,
		`{}`,
	} {
		f.Add(uint8(i), body)
	}
	b := start(f)
	m := b.open("usage")
	shop(f, m)
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		name := routes[int(route)%len(routes)]
		method := http.MethodPost
		if strings.HasPrefix(name, "/usage-") {
			method = http.MethodPatch
		}
		before := m.Status()
		got := b.of(t).from(client, method, prefix+name, body, "X-Management-Key", token)
		require.Truef(t, json.Valid([]byte(got.body)), "%s", got.body)
		require.Contains(t, []int{200, 400, 404, 409, 413}, got.status, "%s", got.body)
		if after := m.Status(); got.status != http.StatusOK {
			assert.Equal(t, before.Paused, after.Paused)
			assert.Equal(t, before.Series, after.Series)
			assert.Equal(t, before.Persistence.PersistenceSettings, after.Persistence.PersistenceSettings)
		}
	})
}

// FuzzParameters: whatever is asked, the answer is one of those that are described.
func FuzzParameters(f *testing.F) {
	routes := []string{"/usage", "/usage/series", "/usage/history", "/usage/leaderboard", "/usage/summary", "/usage/filter-options", "/usage/sessions", "/usage/providers"}
	for i, query := range []string{
		"by=service&from=2026-01-01", "kind=endpoint&group_by=service,endpoint&order_by=requests&limit=5&format=csv", "granularity=hour&period=today&match=a=b",
		"period=custom&from=2026-01-01&to=2026-02-01&scope=model", "period=7days", "limit=3", "limit=10000&processor=usage", "processor=nobody",
	} {
		f.Add(uint8(i), query)
	}
	b := start(f)
	shop(f, b.open("usage"))
	f.Fuzz(func(t *testing.T, route uint8, query string) {
		if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
			query = url.PathEscape(query)
		}
		got := b.of(t).get(prefix + routes[int(route)%len(routes)] + "?" + query)
		require.Contains(t, []int{200, 400, 404}, got.status, "%s: %s", query, got.body)
		if !slices.Contains(got.header["Content-Type"], "text/csv; charset=utf-8; header=present") {
			require.True(t, json.Valid([]byte(got.body)), "%s: %s", query, got.body)
		}
	})
}
