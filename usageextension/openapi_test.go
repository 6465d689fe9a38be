package usageextension

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// described is what the document says of answers.
type described struct {
	*openapi3.T
	// seen are the operations that were answered with success.
	seen map[string]bool
}

func describe(t *testing.T) described {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	require.NoError(t, err)
	return described{doc, map[string]bool{}}
}

// check compares an answer to a route, whose path in the document may be another one,
// with the document.
func (d described) check(t *testing.T, method, path, route string, got answer) {
	t.Helper()
	operation := d.Paths.Find(path).GetOperation(method)
	require.NotNil(t, operation, "%s %s", method, path)
	for name := range parametersOf(t, route) {
		assert.NotNil(t, operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name), "%s is described for %s", name, path)
	}
	response := operation.Responses.Value(strconv.Itoa(got.status))
	if response == nil {
		response = operation.Responses.Default()
		require.NotEqual(t, http.StatusOK, got.status, "%s %s", method, route)
	}
	if got.status == http.StatusOK {
		d.seen[method+" "+path] = true
	}
	contentType, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	media := response.Value.Content.Get(contentType)
	require.NotNil(t, media, "%s of %s %s", contentType, method, route)
	if contentType != "application/json" {
		return
	}
	var value any
	require.NoError(t, json.Unmarshal([]byte(got.body), &value), "%s %s", method, route)
	assert.NoError(t, media.Schema.Value.VisitJSON(value, openapi3.MultiErrors()), "%s %s: %s", method, route, got.body)
}

func parametersOf(t *testing.T, route string) map[string][]string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, route, http.NoBody)
	require.NoError(t, err)
	return r.URL.Query()
}

func TestAnswersAreAsDescribed(t *testing.T) {
	b, d := start(t), describe(t)
	m := b.open("usage", kept(t, t.TempDir()), func(o *meter.Options) {
		o.Prices = &meter.Prices{}
		o.Budgets = []meter.BudgetOptions{
			{Name: "calls", Kind: usage.Endpoint, Measure: usage.BudgetRequests, Period: usage.BudgetTotal, Amount: 10, Thresholds: []float64{1}},
			{Name: "money", Kind: usage.Provider, Measure: usage.BudgetCost, Period: usage.BudgetMonth, Amount: 1.5},
		}
	})
	shop(t, m)
	s := newSpans("bank")
	s.inference("unpriced", "model", 200).PutStr("session.id", "ada")
	s.request("/", 404).PutStr("session.id", "ada")
	s.send(t, m)
	elsewhere := b.get(prefix + "/usage/export")

	for _, route := range []string{
		"/", "/?period=week&of=endpoints&by=service&show=requests&processor=usage", "/openapi.yaml",
		prefix + "/usage", prefix + "/usage?by=service&period=today&provider=openai", prefix + "/usage?match=a=b&match=c=d", prefix + "/usage?from=nonsense",
		prefix + "/usage/series", prefix + "/usage/series?kind=endpoint&group_by=service,tenant&limit=2&order_by=name", prefix + "/usage/series?kind=session",
		prefix + "/usage/series?kind=meter", prefix + "/usage/series?format=csv", prefix + "/usage/series?by=model&from=2026-01-01&to=2026-01-02", prefix + "/usage/series?limit=0",
		prefix + "/usage/history", prefix + "/usage/history?granularity=hour&group_by=provider&period=today", prefix + "/usage/history?format=csv&model=gpt-5", prefix + "/usage/history?granularity=week",
		prefix + "/usage/summary", prefix + "/usage/summary?period=today", prefix + "/usage/summary?model=x",
		prefix + "/usage/providers", prefix + "/usage/providers?processor=nobody",
		prefix + "/usage/leaderboard", prefix + "/usage/leaderboard?period=allTime&scope=model&order_by=tokens&limit=2", prefix + "/usage/leaderboard?scope=endpoint", prefix + "/usage/leaderboard?scope=x",
		prefix + "/usage/filter-options", prefix + "/usage/filter-options?limit=1",
		prefix + "/usage/sessions", prefix + "/usage/sessions?limit=1", prefix + "/usage/sessions?limit=0",
		prefix + "/usage/budgets", prefix + "/usage/status", prefix + "/usage/persistence-status", prefix + "/usage-persistence", prefix + "/usage-statistics-enabled",
		prefix + "/usage/export",
	} {
		path, _, _ := strings.Cut(route, "?")
		got := b.get(route)
		if got.status != http.StatusOK {
			assert.Contains(t, []int{400, 404}, got.status, route)
			route = path // what is refused may not be described
		}
		d.check(t, http.MethodGet, path, route, got)
	}
	for _, c := range []struct{ method, route, body string }{
		{http.MethodPut, "/usage-persistence", `{"interval-seconds": 60}`},
		{http.MethodPatch, "/usage-persistence", `{"interval-seconds": 61}`},
		{http.MethodPatch, "/usage-persistence", `{"interval-seconds": 0}`},
		{http.MethodPut, "/usage-statistics-enabled", `{"value": true}`},
		{http.MethodPatch, "/usage-statistics-enabled", `{"value": true}`},
		{http.MethodPatch, "/usage-statistics-enabled", ``},
		{http.MethodPost, "/usage/save", ``},
		{http.MethodPost, "/usage/load", ``},
		{http.MethodPost, "/usage/import", elsewhere.body},
		{http.MethodPost, "/usage/import", `{}`},
		{http.MethodPost, "/usage/reset", `{"scope": "provider", "value": "nobody"}`},
		{http.MethodPost, "/usage/reset", `{"scope": "provider", "value": "openai"}`},
		{http.MethodPost, "/usage/sessions/{id}/terminate", ``},
		{http.MethodPatch, "/usage-persistence", `{"enabled": false}`},
		{http.MethodPost, "/usage/save", ``},
		{http.MethodPost, "/usage/load", ``},
	} {
		got := b.management(c.method, strings.ReplaceAll(c.route, "{id}", "ada"), c.body)
		d.check(t, c.method, prefix+c.route, "/", got)
	}
	for _, o := range operations(t) {
		path := strings.ReplaceAll(o.path, "/ada/", "/{id}/")
		assert.True(t, d.seen[o.method+" "+path], "%s %s was answered with success", o.method, path)
		refused := b.from(client, o.method, o.path, o.body, "Host", "evil.example.com")
		d.check(t, o.method, path, "/", refused)
	}
}
