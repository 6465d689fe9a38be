package usageextension

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// shopping is a bench with what shop counts.
func shopping(t *testing.T) (*bench, *meter.Meter) {
	t.Helper()
	// What is counted in an hour is to be looked at in the same.
	if left := time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)); left < 10*time.Second {
		time.Sleep(left)
	}
	b := start(t)
	m := b.open("usage", func(o *meter.Options) {
		o.Prices = &meter.Prices{}
	})
	shop(t, m)
	return b, m
}

// A-F20..A-F26: the shape that clients read.
func TestUsage_A_F20_A_F22_A_F26(t *testing.T) {
	b, _ := shopping(t)
	got := b.get(prefix + "/usage")
	require.Equal(t, http.StatusOK, got.status, got.body)
	for path, want := range map[string]float64{
		"failed_requests":                               1,
		"usage.total_requests":                          4,
		"usage.success_count":                           3,
		"usage.failure_count":                           1,
		"usage.total_tokens":                            480,
		"usage.apis.openai.total_requests":              2,
		"usage.apis.anthropic.total_tokens":             240,
		"usage.apis.openai.models.gpt-5.total_requests": 1,
	} {
		assert.InDelta(t, want, got.number(t, strings.Split(path, ".")...), 0, path)
	}
	assert.Equal(t, []any{}, got.at(t, "usage", "apis", "openai", "models", "gpt-5", "details"))
	today := time.Now().UTC().Format(time.DateOnly)
	assert.InDelta(t, 4, got.number(t, "usage", "requests_by_day", today), 0)
	assert.InDelta(t, 480, got.number(t, "usage", "tokens_by_hour", time.Now().UTC().Format("15")), 0)
	cart := got.at(t, "usage", "endpoints", "shop").(map[string]any)
	assert.InDelta(t, 2, cart["GET /cart"].(map[string]any)["total_requests"], 0)
	assert.NotNil(t, cart["GET /pay"].(map[string]any)["last_seen"], "D-F1")
}

func TestUsageFilters_D_F3_D_R5(t *testing.T) {
	b, m := shopping(t)
	for query, want := range map[string]float64{
		"":                               4,
		"?provider=openai":               2,
		"?model=gpt-5":                   1,
		"?service=shop":                  4,
		"?service=nobody":                0,
		"?match=usage.model=gpt-5":       1,
		"?endpoint=GET+/cart":            0, // providers have none
		"?period=today":                  4,
		"?by=service":                    4,
		"?from=2020-01-01&to=2020-01-02": 0,
	} {
		got := b.get(prefix + "/usage" + query)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", query, got.body)
		assert.InDelta(t, want, got.number(t, "usage", "total_requests"), 0, query)
	}
	assert.Contains(t, b.get(prefix+"/usage?by=service").at(t, "usage", "apis"), "shop")
	status := m.Status()
	assert.Equal(t, 3, status.Series[usage.Provider], "asking makes no series")
	assert.Equal(t, 2, status.Series[usage.Endpoint])
}

func TestBadParameters(t *testing.T) {
	b, _ := shopping(t)
	for route, want := range map[string]string{
		"/usage?providr=openai":                           "providr",
		"/usage?from=yesterday":                           "from",
		"/usage?from=2026-02-01&to=2026-01-01":            "from",
		"/usage?period=century":                           "period",
		"/usage?provider=a&provider=b":                    "provider",
		"/usage/series?kind=everything":                   "kind",
		"/usage/series?limit=0":                           "limit",
		"/usage/series?limit=10001":                       "limit",
		"/usage/series?limit=ten":                         "limit",
		"/usage/series?order_by=beauty":                   "order_by",
		"/usage/series?group_by=model,model":              "group_by",
		"/usage/series?format=xml&order_by=beauty":        "it is one of: json, csv",
		"/usage/series?format=focus":                      "it is one of: json, csv",
		"/usage/history?format=xlsx&order_by=beauty":      "it is one of: json, csv, focus",
		"/usage/series?match=model":                       "match",
		"/usage/history?granularity=minute":               "granularity",
		"/usage/history?granularity=hour&from=1980-01-01": "from",
		"/usage/leaderboard?period=yearly":                "period",
		"/usage/leaderboard?scope=model,provider":         "scope",
		"/usage/leaderboard?period=custom":                "custom",
		"/usage/leaderboard?period=custom&from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z": "from",
		"/usage/leaderboard?limit=0":        "limit",
		"/usage/leaderboard?kind=endpoint":  "kind",
		"/usage/filter-options?limit=0":     "limit",
		"/usage/filter-options?limit=10001": "limit",
		"/usage/sessions?limit=-1":          "limit",
		"/usage/providers?hours=3":          "hours",
		"/usage/status?verbose=1":           "verbose",
		"/usage/summary?model=gpt-5":        "model",
		"/usage/series?%zz":                 "invalid",
		"/usage/series?a;b":                 "invalid",
	} {
		got := b.get(prefix + route)
		assert.Equal(t, http.StatusBadRequest, got.status, "%s: %s", route, got.body)
		assert.Contains(t, got.error(t), want, route)
	}
}

func TestSeries(t *testing.T) {
	b, _ := shopping(t)
	got := b.get(prefix + "/usage/series?group_by=provider&order_by=name&limit=1")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.InDelta(t, 2, got.number(t, "groups"), 0)
	assert.InDelta(t, 4, got.number(t, "total", "requests"), 0)
	rows := got.at(t, "rows").([]any)
	require.Len(t, rows, 1)
	assert.Equal(t, map[string]any{"usage.provider": "anthropic"}, rows[0].(map[string]any)["attributes"])

	table := b.get(prefix + "/usage/series?kind=endpoint&format=csv&order_by=requests")
	require.Equal(t, http.StatusOK, table.status)
	assert.Equal(t, "text/csv; charset=utf-8; header=present", table.header.Get("Content-Type"))
	lines, err := csv.NewReader(strings.NewReader(table.body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 3)
	assert.Equal(t, []string{"usage.service", "usage.protocol", "usage.endpoint", "requests"}, lines[0][:4])
	assert.Equal(t, []string{"shop", "http", "GET /cart", "2"}, lines[1][:4])
}

func TestHistory_E_F67(t *testing.T) {
	b, _ := shopping(t)
	for query, want := range map[string]struct {
		granularity string
		points      int
	}{
		"?period=today":                  {"hour", 24},
		"?period=7days":                  {"day", 7},
		"?period=30days":                 {"day", 30},
		"?period=today&granularity=day":  {"day", 1},
		"?period=7days&granularity=hour": {"hour", 168},
	} {
		got := b.get(prefix + "/usage/history" + query)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", query, got.body)
		assert.Equal(t, want.granularity, got.at(t, "granularity"), query)
		points := got.at(t, "points").([]any)
		require.Len(t, points, want.points, query)
		sum := 0.0
		for _, p := range points {
			n := p.(map[string]any)["total"].(map[string]any)["requests"].(float64)
			sum += n
		}
		assert.InDelta(t, 4, sum, 0, query)
	}
	month := b.get(prefix+"/usage/history?period=this_month").at(t, "points").([]any)
	assert.Equal(t, time.Now().UTC().Format("2006-01")+"-01T00:00:00Z", month[0].(map[string]any)["start"])
	table := b.get(prefix + "/usage/history?period=7days&format=csv")
	assert.Equal(t, 8, strings.Count(table.body, "\n"), table.body)
}

func TestProviders_A_F44(t *testing.T) {
	b, _ := shopping(t)
	got := b.get(prefix + "/usage/providers")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.InDelta(t, 1, got.number(t, "providers", "anthropic", "success"), 0)
	assert.InDelta(t, 1, got.number(t, "providers", "anthropic", "failed"), 0)
	buckets := got.at(t, "providers", "openai", "recent_requests").([]any)
	require.Len(t, buckets, 24, "hours without traffic are there")
	assert.Regexp(t, `^\d\d:00-\d\d:00$`, buckets[0].(map[string]any)["time"])
	assert.InDelta(t, 0, buckets[0].(map[string]any)["success"], 0)
	assert.InDelta(t, 2, buckets[23].(map[string]any)["success"], 0)
}

// A table of charges is a document to be saved.
func TestFOCUS(t *testing.T) {
	b := start(t)
	s := newSpans("shop")
	s.inference("openai", "gpt-5", 200).PutDouble("gen_ai.usage.cost", 0.5)
	s.send(t, b.open("usage"))
	got := b.get(prefix + "/usage/history?format=focus&period=today")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, "text/csv; charset=utf-8; header=present", got.header.Get("Content-Type"))
	assert.Equal(t, `attachment; filename="usage-focus.csv"`, got.header.Get("Content-Disposition"))
	lines, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 2)
	assert.Contains(t, lines[1], "0.5")
}

// However many providers there are, an answer has no more than it says.
func TestProvidersAreBounded(t *testing.T) {
	b := start(t)
	m := b.open("usage")
	s := newSpans("shop")
	for i := range 1001 {
		s.inference(fmt.Sprintf("provider-%d", i), "x", 200)
	}
	s.inference("provider-1000", "x", 500)
	s.send(t, m)
	got := b.get(prefix + "/usage/providers")
	require.Equal(t, http.StatusOK, got.status)
	providers := got.at(t, "providers").(map[string]any)
	assert.Len(t, providers, 1000)
	assert.Contains(t, providers, "provider-1000", "it has the most requests")
	assert.NotContains(t, providers, "provider-999", "the last by name of those with fewest")
	assert.Equal(t, true, got.at(t, "truncated"))
}

// A provider whose models are not all there says so.
func TestLeaderboardIsTruncated(t *testing.T) {
	b := start(t)
	m := b.open("usage")
	s := newSpans("shop")
	s.inference("one", "busy", 200)
	s.inference("one", "busy", 200)
	for i := range 1000 {
		s.inference("many", fmt.Sprintf("model-%d", i), 200)
	}
	s.send(t, m)
	entries := b.get(prefix+"/usage/leaderboard?order_by=requests").at(t, "entries").([]any)
	many, one := entries[0].(map[string]any), entries[1].(map[string]any)
	assert.Len(t, many["models"], 999)
	assert.Equal(t, true, many["truncated"])
	assert.Len(t, one["models"], 1)
	assert.NotContains(t, one, "truncated")
}

func TestLeaderboard_E_F65(t *testing.T) {
	b, m := shopping(t)
	s := newSpans("bank")
	s.inference("unpriced", "b", 200)
	s.inference("unpriced", "a", 200)
	s.send(t, m)
	names := func(query string) (list []any) {
		got := b.get(prefix + "/usage/leaderboard" + query)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", query, got.body)
		for i, e := range got.at(t, "entries").([]any) {
			assert.InDelta(t, i+1, e.(map[string]any)["rank"], 0)
			list = append(list, e.(map[string]any)["name"])
		}
		return list
	}
	assert.Equal(t, []any{"anthropic", "openai", "unpriced"}, names("?period=allTime"), "by cost")
	assert.Equal(t, []any{"anthropic", "openai", "unpriced"}, names("?period=daily&order_by=requests"), "ties by name")
	assert.Equal(t, []any{"a", "b", "claude-sonnet-4", "gpt-5", "gpt-5-mini"}, names("?scope=model&order_by=name"))
	assert.Equal(t, []any{"GET /cart", "GET /pay"}, names("?scope=endpoint&period=weekly"))
	assert.Equal(t, []any{"shop", "bank"}, names("?scope=service&period=monthly&order_by=requests"))
	assert.Equal(t, []any{"anthropic"}, names("?limit=1"))
	assert.Equal(t, []any{nil}, names("?scope=planet"), "nobody has it, as with group_by")
	assert.Empty(t, names("?scope=meter"))
	today := time.Now().UTC().Format(time.DateOnly)
	assert.Len(t, names("?period=custom&from="+today+"&to="+today), 3)
	assert.Equal(t, []any{"openai", "unpriced", "anthropic"}, names("?order_by=success_rate"))
}

func TestLeaderboardOfDimension(t *testing.T) {
	b := start(t)
	m := b.open("usage", func(o *meter.Options) { o.Providers.Dimensions = []extract.Dimension{{Name: "user.id"}} })
	for user, calls := range map[string]int{"ada": 3, "bob": 2} {
		s := newSpans("shop")
		for range calls {
			s.inference("openai", "gpt-5", 200).PutStr("user.id", user)
		}
		s.send(t, m)
	}
	got := b.get(prefix + "/usage/leaderboard?scope=user.id&order_by=requests")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, "ada", got.at(t, "entries").([]any)[0].(map[string]any)["name"])
	options := b.get(prefix + "/usage/filter-options")
	assert.Equal(t, []any{"ada", "bob"}, options.at(t, "dimensions", "user.id"))
}

// E-F66: values that are made of others are null where there is nothing to divide by.
func TestLeaderboardValues_E_F66(t *testing.T) {
	b := start(t)
	m := b.open("usage")
	s := newSpans("shop")
	call := s.inference("openai", "gpt-5", 200)
	call.PutDouble("gen_ai.usage.cost", 0.5)
	call.PutInt("gen_ai.usage.cache_read.input_tokens", 25)
	s.inference("openai", "gpt-5", 500).Remove("gen_ai.usage.input_tokens")
	s.add(ptrace.SpanKindClient, 200).PutStr("db.system.name", "postgresql")
	s.send(t, m)
	entries := b.get(prefix+"/usage/leaderboard?order_by=requests").at(t, "entries").([]any)
	openai := entries[0].(map[string]any)
	measures := openai["measures"].(map[string]any)
	assert.InDelta(t, 2, measures["requests"], 0)
	assert.InDelta(t, 0.5, measures["success_rate"], 1e-9)
	for _, name := range []string{"cost", "tokens", "cost_per_request", "cost_per_million_tokens", "cache_hit_rate", "tokens_per_second"} {
		assert.Contains(t, measures, name)
	}
	models := openai["models"].([]any)
	require.Len(t, models, 1)
	assert.Equal(t, "gpt-5", models[0].(map[string]any)["name"])
	database := entries[1].(map[string]any)["measures"].(map[string]any)
	for _, name := range []string{"cost_per_million_tokens", "cache_hit_rate", "average_time_to_first_token"} {
		assert.Nil(t, database[name], name)
	}
}

func TestFilterOptions_E_F68(t *testing.T) {
	b, _ := shopping(t)
	got := b.get(prefix + "/usage/filter-options")
	require.Equal(t, http.StatusOK, got.status, got.body)
	for key, want := range map[string][]any{
		"services":  {"shop"},
		"providers": {"anthropic", "openai"},
		"models":    {"claude-sonnet-4", "gpt-5", "gpt-5-mini"},
		"endpoints": {"GET /cart", "GET /pay"},
		"protocols": {"http"},
		"meters":    {},
		"truncated": {},
	} {
		assert.Equal(t, want, got.at(t, key), key)
	}
	cut := b.get(prefix + "/usage/filter-options?limit=2")
	assert.Equal(t, []any{"claude-sonnet-4", "gpt-5"}, cut.at(t, "models"))
	assert.Equal(t, []any{"usage.model"}, cut.at(t, "truncated"))
}

func TestSummary_E_F69(t *testing.T) {
	b, _ := shopping(t)
	got := b.get(prefix + "/usage/summary?period=today")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.InDelta(t, 4, got.number(t, "provider", "requests"), 0)
	assert.InDelta(t, 400, got.number(t, "provider", "tokens_input"), 0)
	assert.InDelta(t, 3, got.number(t, "endpoint", "requests"), 0)
	assert.InDelta(t, 0, got.number(t, "session", "opened"), 0)
}

func TestSessions_E_F6(t *testing.T) {
	b := start(t)
	m := b.open("usage")
	s := newSpans("shop")
	for _, id := range []string{"ada", "ada/2", "bob"} {
		s.inference("openai", "gpt-5", 200).PutStr("session.id", id)
		s.inference("anthropic", "claude-sonnet-4", 200).PutStr("session.id", id)
	}
	s.send(t, m)
	got := b.get(prefix + "/usage/sessions?limit=2")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.InDelta(t, 6, got.number(t, "active"), 0)
	assert.Len(t, got.at(t, "sessions"), 2)
	first := got.at(t, "sessions").([]any)[0].(map[string]any)
	assert.Equal(t, "provider", first["kind"])
	assert.NotEmpty(t, first["first_seen"])

	assert.Equal(t, http.StatusNotFound, b.management(http.MethodPost, "/usage/sessions/eve/terminate", "").status)
	done := b.management(http.MethodPost, "/usage/sessions/ada%2F2/terminate", "")
	require.Equal(t, http.StatusOK, done.status, done.body)
	assert.InDelta(t, 2, done.number(t, "terminated"), 0, "at all providers")
	assert.InDelta(t, 4, b.get(prefix+"/usage/sessions").number(t, "active"), 0)
	assert.InDelta(t, 2, b.get(prefix+"/usage/summary").number(t, "session", "closed_terminated"), 0)
	assert.Equal(t, http.StatusNotFound, b.management(http.MethodPost, "/usage/sessions/ada%2F2/terminate", "").status, "it has ended")
}

func TestBudgets(t *testing.T) {
	b := start(t)
	m := b.open("usage", func(o *meter.Options) {
		o.Budgets = []meter.BudgetOptions{{
			Name: "tokens", Kind: usage.Provider, Match: map[string]string{usage.AttrProvider: "open*"},
			Measure: usage.BudgetTokens, Period: usage.BudgetDay, Amount: 200, Thresholds: []float64{0.5, 1},
		}}
	})
	shop(t, m)
	list := b.get(prefix+"/usage/budgets").at(t, "budgets").([]any)
	require.Len(t, list, 1)
	one := list[0].(map[string]any)
	assert.Equal(t, "tokens", one["name"])
	assert.InDelta(t, 240, one["used"], 0)
	assert.InDelta(t, 200, one["amount"], 0)
	assert.Equal(t, true, one["exceeded"])
	assert.Equal(t, "day", one["period"])
	assert.NotNil(t, one["end"])
}

func TestStatus(t *testing.T) {
	b := start(t)
	m := b.open("usage", kept(t, t.TempDir()))
	shop(t, m)
	got := b.get(prefix + "/usage/status")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, "usage", got.at(t, "processor"))
	assert.Equal(t, "1.2.3", got.at(t, "version"))
	assert.NotEmpty(t, got.at(t, "writer"))
	assert.InDelta(t, 1, got.number(t, "epoch"), 0)
	assert.InDelta(t, 7, got.number(t, "records", "traces", "received"), 0)
	assert.InDelta(t, 7, got.number(t, "records", "traces", "counted"), 0)
	assert.InDelta(t, 3, got.number(t, "series", "provider"), 0)
}
