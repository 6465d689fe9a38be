package usageextension

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// BenchmarkAnswers asks about 100,000 series. Beside the time an answer takes it says how
// long a batch of one span takes at most while answers are made.
func BenchmarkAnswers(b *testing.B) {
	bench := start(b)
	m := bench.open("usage")
	crowd(b, m, 100_000)
	for _, route := range []string{
		"/usage/series?kind=endpoint&limit=100", "/usage/series?kind=endpoint&limit=100&order_by=name", "/usage/series?kind=endpoint&limit=100&group_by=service",
		"/usage/history?kind=endpoint&period=today", "/usage", "/usage/filter-options",
	} {
		b.Run(route, func(b *testing.B) {
			stop, slowest := make(chan struct{}), make(chan time.Duration)
			go func() { slowest <- commit(b, m, stop) }()
			for b.Loop() {
				require.Equal(b, http.StatusOK, bench.get(prefix+route).status)
			}
			close(stop)
			b.ReportMetric(float64((<-slowest).Microseconds())/1000, "max-ms/commit")
		})
	}
}

// commit sends a span of one series each millisecond until stop is closed, and returns
// how long the slowest took.
func commit(b *testing.B, m *meter.Meter, stop <-chan struct{}) (slowest time.Duration) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return slowest
		case <-ticker.C:
		}
		s := newSpans("crowd")
		s.request(fmt.Sprintf("/route/%d", i%100), 200)
		begin := time.Now()
		if err := m.Traces(b.Context(), s.Traces, consumertest.NewNop()); err != nil {
			b.Error(err)
			return slowest
		}
		slowest = max(slowest, time.Since(begin))
	}
}
