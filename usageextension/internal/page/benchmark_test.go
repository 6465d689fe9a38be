package page

import (
	"fmt"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// BenchmarkPage makes the page of a month in which a thousand series have counted
// something every day.
func BenchmarkPage(b *testing.B) {
	now := time.Date(2026, 10, 31, 16, 40, 12, 0, time.UTC)
	s := newSource(now)
	m := usage.Measures{Requests: [usage.Outcomes]int64{5, 1}, Tokens: [usage.TokenTypes]int64{9, 9}, CostPriced: 7, Duration: 9}
	for day := range 31 {
		for i := range 500 {
			at := now.AddDate(0, 0, -day)
			s.add(at, usage.Provider, nil, []string{"shop", fmt.Sprint("p", i%20), "gen_ai", fmt.Sprint("m", i), "chat"}, m)
			s.add(at, usage.Endpoint, nil, []string{"shop", "http", fmt.Sprint("GET /", i)}, m)
		}
	}
	for i := range 1000 {
		s.live = append(s.live, usage.Row{Schema: s.rows[i].Schema, Values: s.rows[i].Values})
	}
	p, err := New()
	require.NoError(b, err)
	for b.Loop() {
		d, err := Collect(Request{Meters: []Meter{{ID: "usage", Source: s}}, Parameters: url.Values{"period": {"month"}}})
		require.NoError(b, err)
		require.NoError(b, p.Render(io.Discard, d))
	}
	b.ReportMetric(float64(s.visits)/float64(b.N), "visits/op")
}
