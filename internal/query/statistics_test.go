package query

import (
	"encoding/json"
	"io"
	"math"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// A shop that calls two models, one of which telemetry does not name, and serves pages.
func shop(t *testing.T) *fake {
	f := newFake(t)
	m := usage.Measures{Requests: [usage.Outcomes]int64{3, 1, 1, 1, 1}, Tokens: [usage.TokenTypes]int64{50, 40, 10, 25, 5}}
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat", "a")
	f.addLive(schema, values, m)
	f.addHour(at(t, "2026-11-20T23:59:59+01:00"), schema, values, calls(1, 0))
	f.addHour(at(t, "2026-11-21T00:00:00+01:00"), schema, values, usage.Measures{Requests: [usage.Outcomes]int64{2, 1, 1, 1, 1}, Tokens: m.Tokens})
	schema, values = f.provider("shop", "openai", "gen_ai", "unknown", "chat")
	f.addRetired(schema, values, calls(1, 0))
	f.addHour(at(t, "2026-11-19T23:00:00+01:00"), schema, values, calls(1, 0))
	f.addRetired(f.schemas.Intern(usage.Provider, []string{usage.AttrOverflow}), []string{"true"}, calls(0, 2))
	schema, values = f.endpoint("shop", "http", "GET /")
	f.addLive(schema, values, calls(8, 1)).Touched = 4 * billion
	schema, values = f.endpoint("shop", "grpc", "GET /")
	f.addLive(schema, values, calls(1, 0)).Touched = 3 * billion
	f.addHour(at(t, "2026-11-21T00:00:00+01:00"), schema, values, calls(1, 0))
	return f
}

func TestUsageAsItIsWritten_A_F20_A_F23_A_F26(t *testing.T) {
	golden(t, "usage.json", func(w io.Writer) error {
		s, err := Usage(shop(t), UsageOptions{})
		require.NoError(t, err)
		e := json.NewEncoder(w)
		e.SetIndent("", "\t")
		return e.Encode(s)
	})
}

func TestUsageByOtherKeys_A_F21(t *testing.T) {
	for by, want := range map[string]map[string]int64{
		"":                  {"openai": 8, "unknown": 2},
		usage.AttrProvider:  {"openai": 8, "unknown": 2},
		usage.AttrService:   {"shop": 8, "unknown": 2},
		usage.AttrModel:     {"gpt-4o": 7, "unknown": 3},
		"tenant":            {"a": 7, "unknown": 3},
		usage.AttrOperation: {"chat": 8, "unknown": 2},
	} {
		s, err := Usage(shop(t), UsageOptions{By: by})
		require.NoError(t, err)
		got := map[string]int64{}
		models := int64(0)
		for key, api := range s.Usage.APIs {
			got[key] = api.TotalRequests
			for _, m := range api.Models {
				models += m.TotalRequests
				assert.NotNil(t, m.Details)
			}
		}
		assert.Equal(t, want, got, by)
		assert.Equal(t, s.Usage.TotalRequests, models)
	}
}

func TestUsageIsFiltered_A_U7(t *testing.T) {
	for _, c := range []struct {
		query               string
		requests, endpoints int64
		days                map[string]int64
	}{
		{"", 10, 10, map[string]int64{"2026-11-19": 1, "2026-11-20": 1, "2026-11-21": 6}},
		{"provider=openai&model=gpt-4o", 7, 0, map[string]int64{"2026-11-20": 1, "2026-11-21": 6}},
		{"endpoint=GET+/", 0, 10, map[string]int64{}},
		{"service=shop", 8, 10, map[string]int64{"2026-11-19": 1, "2026-11-20": 1, "2026-11-21": 6}},
		{"service=other", 0, 0, map[string]int64{}},
		{"from=2026-11-20&to=2026-11-20", 1, 0, map[string]int64{"2026-11-20": 1}},
		{"from=2026-11-20T23:30:00%2B01:00", 7, 1, map[string]int64{"2026-11-20": 1, "2026-11-21": 6}},
		{"period=today", 6, 1, map[string]int64{"2026-11-21": 6}},
	} {
		v, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		f := shop(t)
		o, err := ParseUsage(v, f)
		require.NoError(t, err, c.query)
		s, err := Usage(f, o)
		require.NoError(t, err, c.query)
		assert.Equal(t, c.requests, s.Usage.TotalRequests, c.query)
		assert.Equal(t, s.Usage.TotalRequests, s.Usage.SuccessCount+s.Usage.FailureCount, c.query)
		assert.Equal(t, s.Usage.FailureCount, s.FailedRequests)
		assert.Equal(t, c.days, s.Usage.RequestsByDay, c.query)
		served := int64(0)
		for _, e := range s.Usage.Endpoints["shop"] {
			served += e.TotalRequests
		}
		assert.Equal(t, c.endpoints, served, c.query)
	}
}

func TestBadUsageParametersAreNamed(t *testing.T) {
	for query, text := range map[string]string{
		"by=a,b":                        "`by` is \"a,b\"; it is one attribute",
		"kind=x":                        "`kind` is not a parameter; there are: by, endpoint, from, match,",
		"from=yesterday":                "`from`",
		"from=2026-11-21&to=2026-11-01": "`from` has to be before `to`",
		"match=x":                       "`match`",
	} {
		v, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = ParseUsage(v, newFake(t))
		require.ErrorIs(t, err, ErrInput, query)
		require.ErrorContains(t, err, text)
	}
	o, err := ParseUsage(url.Values{"by": {"service"}, "details": {"true"}}, newFake(t), "details")
	require.NoError(t, err)
	assert.Equal(t, usage.AttrService, o.By)
}

func TestSuccessesAndFailuresAreAlwaysAll_A_F20(t *testing.T) {
	row := Row{Measures: usage.Measures{Requests: [usage.Outcomes]int64{math.MaxInt64, 1, math.MaxInt64, 0, 3}}}
	total, success, failure := outcomesOf(&row)
	assert.Equal(t, total, success+failure)
	assert.GreaterOrEqual(t, failure, int64(0))
}

// Hours of the day are those of the clock on the wall, of which one comes twice in autumn.
func TestUsageByHourOfTheDay_A_F24(t *testing.T) {
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	for i := range int64(25) {
		f.addHour(at(t, "2026-10-25T00:00:00+02:00")+i*3600, schema, values, calls(1, 0))
	}
	s, err := Usage(f, UsageOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]int64{"2026-10-25": 25}, s.Usage.RequestsByDay)
	assert.Len(t, s.Usage.RequestsByHour, 24)
	assert.Equal(t, []int64{1, 2, 1}, []int64{s.Usage.RequestsByHour["01"], s.Usage.RequestsByHour["02"], s.Usage.RequestsByHour["23"]})
}

func TestEndpointsWithoutAName(t *testing.T) {
	f := newFake(t)
	f.addLive(f.schemas.Intern(usage.Endpoint, []string{usage.AttrOverflow}), []string{"true"}, calls(2, 0)).Touched = 4 * billion
	schema, values := f.endpoint("unknown", "http", "unknown")
	f.addLive(schema, values, calls(1, 1)).Touched = 3 * billion
	s, err := Usage(f, UsageOptions{})
	require.NoError(t, err)
	seen := time.Unix(at(t, now)-1, 0).UTC()
	assert.Equal(t, &EndpointUsage{TotalRequests: 4, SuccessCount: 3, FailureCount: 1, LastSeen: &seen}, s.Usage.Endpoints["unknown"]["unknown"])
}
