package usageprocessor

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// BenchmarkConsumeSeries is the whole way of batches with two hundred routes, out of
// a million live ones and out of a thousand, in turns: x/1k is the ratio.
func BenchmarkConsumeSeries(b *testing.B) {
	few, many := newCrowd(b, 1000), newCrowd(b, 1_000_000)
	var of, to time.Duration
	b.ReportAllocs()
	for b.Loop() {
		of += few.consume(b)
		to += many.consume(b)
	}
	b.ReportMetric(float64(to.Nanoseconds())/float64(b.N*benchSpans), "ns/span")
	b.ReportMetric(float64(to)/float64(of), "x/1k")
}

// crowd is a processor with many live series.
type crowd struct {
	processor *tracesProcessor
	batch     ptrace.Traces
	fresh     *renewer
	values    []pcommon.Value // of the routes of the batch
	routes    []string
	rng       *rand.Rand
}

func newCrowd(b *testing.B, routes int) *crowd {
	b.Helper()
	keep := persisted(b, durabilityWrite, true)
	p := startTraces(b, func(c *Config) {
		keep(c)
		c.Limits.MaxSeries = 2 * routes
	})
	c := &crowd{processor: p, batch: httpBatch(benchSpans), rng: rand.New(rand.NewPCG(1, 2))}
	c.fresh = newRenewer(c.batch, 0)
	for _, s := range c.fresh.spans {
		route, _ := s.Attributes().Get("http.route")
		c.values = append(c.values, route)
	}
	for n := range routes {
		c.routes = append(c.routes, fmt.Sprintf("/api/v1/things/%c%d/parts", 'a'+n%26, n))
		c.values[n%benchSpans].SetStr(c.routes[n])
		if n%benchSpans == benchSpans-1 {
			c.fresh.renew()
			require.NoError(b, c.processor.ConsumeTraces(b.Context(), c.batch))
		}
	}
	require.Len(b, c.routes, routes)
	return c
}

func (c *crowd) consume(b *testing.B) time.Duration {
	b.Helper()
	const perRoute = benchSpans / 200
	for i := 0; i < benchSpans; i += perRoute {
		route := c.routes[c.rng.IntN(len(c.routes))]
		for j := range perRoute {
			c.values[i+j].SetStr(route)
		}
	}
	c.fresh.renew()
	began := time.Now()
	require.NoError(b, c.processor.ConsumeTraces(b.Context(), c.batch))
	return time.Since(began)
}
