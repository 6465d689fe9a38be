package query

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func measured(t *testing.T, kind usage.Kind, row Row) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, m := range Measures(kind) {
		assert.NotContains(t, got, m.Name, "once")
		assert.NotEmpty(t, m.Unit)
		if n := m.Of(&row); n.Known {
			got[m.Name] = n.String()
		}
	}
	return got
}

func TestMeasuresOfAProvider_A_U24_E_F62_E_F66(t *testing.T) {
	row := Row{Measures: usage.Measures{
		Requests:      [usage.Outcomes]int64{usage.Success: 6, usage.ClientError: 1, usage.Error: 2, usage.Throttled: 1, usage.Cancelled: 10},
		Duration:      int64(20 * 2 * time.Second),
		Tokens:        [usage.TokenTypes]int64{usage.Input: 50, usage.CacheRead: 40, usage.CacheWrite: 10, usage.Output: 25, usage.Reasoning: 5},
		CostReported:  1_000_000_000,
		CostPriced:    500_000_003,
		Unpriced:      4,
		RequestBytes:  7,
		ResponseBytes: 8,
	}, FirstTokens: Timed{Calls: 4, Sum: int64(time.Second)}}
	assert.Equal(t, map[string]string{
		"requests": "20", "requests_success": "6", "requests_client_error": "1", "requests_error": "2",
		"requests_throttled": "1", "requests_cancelled": "10",
		"success_rate": "0.6", "error_rate": "0.3", "throttle_rate": "0.1", // of 10
		"average_duration": "2", "average_time_to_first_token": "0.25", "tokens_per_second": "0.75",
		"tokens": "130", "tokens_input": "50", "tokens_cache_read": "40", "tokens_cache_write": "10",
		"tokens_output": "25", "tokens_reasoning": "5",
		"cache_hit_rate": "0.4", // E-U2
		"cost":           "1.500000003", "cost_reported": "1", "cost_priced": "0.500000003",
		"cost_per_request": "0.075", "cost_per_million_tokens": "11538.461561538", "requests_unpriced": "4",
		"request_bytes": "7", "response_bytes": "8",
	}, measured(t, usage.Provider, row))
}

func TestNothingToDivideByIsNotKnown_E_F62_E_F66(t *testing.T) {
	got := measured(t, usage.Provider, Row{})
	for _, name := range []string{
		"success_rate", "error_rate", "throttle_rate", "average_duration", "average_time_to_first_token",
		"tokens_per_second", "cache_hit_rate", "cost_per_request", "cost_per_million_tokens",
	} {
		assert.NotContains(t, got, name)
	}
	assert.Equal(t, "0", got["cost"])
	cancelled := Row{Measures: usage.Measures{Requests: [usage.Outcomes]int64{usage.Cancelled: 3}}}
	assert.NotContains(t, measured(t, usage.Provider, cancelled), "success_rate", "none that says anything")
	assert.NotContains(t, measured(t, usage.Sessions, Row{}), "average_duration")
}

func TestSpeedOfShortCallsIsNotKnown_E_U6(t *testing.T) {
	row := Row{Measures: usage.Measures{
		Requests: [usage.Outcomes]int64{usage.Success: 10},
		Tokens:   [usage.TokenTypes]int64{usage.Output: 100},
	}}
	for duration, want := range map[time.Duration]string{999 * time.Millisecond: "", time.Second: "100", 0: ""} {
		row.Duration = int64(duration)
		assert.Equal(t, want, measured(t, usage.Provider, row)["tokens_per_second"], duration)
	}
}

func TestMeasuresOfOtherKinds(t *testing.T) {
	endpoint := measured(t, usage.Endpoint, Row{})
	assert.Contains(t, endpoint, "requests")
	assert.NotContains(t, endpoint, "tokens")
	own := Row{Measures: usage.Measures{Hits: 2, Value: 3, ValueParts: 2_500_000_001}}
	assert.Equal(t, map[string]string{"value": "5.500000001", "count": "2"}, measured(t, usage.Own, own))
	sessions := Row{Measures: usage.Measures{Opened: 5, Closed: [usage.CloseReasons]int64{usage.ClosedNormal: 1, usage.ClosedExpired: 2}, Duration: 6e9}}
	assert.Equal(t, map[string]string{
		"opened": "5", "active": "2", "closed": "3", "closed_normal": "1", "closed_failed": "0", "closed_expired": "2",
		"closed_terminated": "0", "closed_duplicate": "0", "closed_shutdown": "0", "average_duration": "2",
	}, measured(t, usage.Sessions, sessions))
	assert.Empty(t, Measures(usage.Kind(usage.Kinds)))
}

func TestMeasuresSaturate(t *testing.T) {
	row := Row{}
	for _, f := range row.Fields() {
		*f = math.MaxInt64
	}
	for kind := range usage.Kinds {
		for _, m := range Measures(usage.Kind(kind)) {
			n := m.Of(&row)
			require.GreaterOrEqual(t, n.Whole, int64(0), m.Name)
			require.GreaterOrEqual(t, n.Parts, int64(0), m.Name)
			require.Less(t, n.Parts, int64(billion), m.Name)
		}
	}
}
