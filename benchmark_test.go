package usageprocessor

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelusage/usageprocessor/internal/metadata"
)

const (
	benchSpans  = 1000
	benchRoutes = 100
)

// httpBatch is a batch of HTTP server spans as instrumentations send them.
func httpBatch(spans int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i := range spans {
		s := list.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetFlags(0x101) // as SDKs do: sampled, and no parent elsewhere
		s.SetTraceID(pcommon.TraceID{1, byte(i), byte(i >> 8)})
		s.SetSpanID(pcommon.SpanID{1, byte(i), byte(i >> 8)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Duration(i%50+1) * time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", fmt.Sprintf("/api/v1/things/%d/parts", i%benchRoutes))
		s.Attributes().PutInt("http.response.status_code", int64(200+i%2*204))
		s.Attributes().PutStr("url.scheme", "https")
		s.Attributes().PutStr("server.address", "shop.example.com")
		s.Attributes().PutInt("http.response.body.size", int64(i))
	}
	return td
}

// renewer gives the spans of a batch new trace IDs, or else all but the first
// time they would be duplicates. The bare loop pays for it as well.
type renewer struct {
	spans []ptrace.Span
	next  uint64
}

func newRenewer(td ptrace.Traces, first uint64) *renewer {
	r := &renewer{next: first}
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		r.spans = append(r.spans, s)
	}
	return r
}

func (r *renewer) renew() {
	var id pcommon.TraceID
	for _, s := range r.spans {
		r.next++
		binary.LittleEndian.PutUint64(id[:], r.next)
		s.SetTraceID(id)
	}
}

// BenchmarkBareLoop is the least that any meter of these spans has to do: read
// four attributes, hash them and hit a map.
func BenchmarkBareLoop(b *testing.B) {
	td := httpBatch(benchSpans)
	seed := maphash.MakeSeed()
	counts := map[uint64]*int64{}
	fresh := newRenewer(td, 0)
	b.ReportAllocs()
	for b.Loop() {
		fresh.renew()
		for _, rs := range td.ResourceSpans().All() {
			service, _ := rs.Resource().Attributes().Get("service.name")
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					method, _ := s.Attributes().Get("http.request.method")
					route, _ := s.Attributes().Get("http.route")
					status, _ := s.Attributes().Get("http.response.status_code")
					h := maphash.String(seed, service.Str())
					h = h*31 + maphash.String(seed, method.Str())
					h = h*31 + maphash.String(seed, route.Str())
					h = h*31 + uint64(status.Int())
					n, ok := counts[h]
					if !ok {
						n = new(int64)
						counts[h] = n
					}
					*n++
				}
			}
		}
	}
	perSpan(b)
}

// BenchmarkConsumeTraces is the whole way of a batch through the processor.
func BenchmarkConsumeTraces(b *testing.B) {
	for _, c := range []struct {
		durability string // empty: nothing is kept
		dedup      bool
	}{{"", false}, {"", true}, {durabilityInterval, true}, {durabilityWrite, false}, {durabilityWrite, true}, {durabilitySync, true}} {
		b.Run(fmt.Sprintf("durability=%s/dedup=%t", cmp.Or(c.durability, "off"), c.dedup), func(b *testing.B) {
			p := startTraces(b, persisted(b, c.durability, c.dedup))
			td := httpBatch(benchSpans)
			fresh := newRenewer(td, 0)
			b.ReportAllocs()
			for b.Loop() {
				fresh.renew()
				if err := p.ConsumeTraces(b.Context(), td); err != nil {
					b.Fatal(err)
				}
			}
			perSpan(b)
		})
	}
}

func persisted(b *testing.B, durability string, dedup bool) func(*Config) {
	b.Helper()
	return func(c *Config) {
		c.Dedup.Enabled = dedup
		if durability != "" {
			c.Persistence.Enabled, c.Persistence.Directory, c.Persistence.Durability = true, b.TempDir(), durability
		}
	}
}

// BenchmarkConsumeTracesParallel shows with -cpu 1,2 what a second core brings:
// only the commit is under a lock.
func BenchmarkConsumeTracesParallel(b *testing.B) {
	p := startTraces(b, persisted(b, durabilityWrite, true))
	var goroutines atomic.Uint64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		td := httpBatch(benchSpans)
		fresh := newRenewer(td, goroutines.Add(1)<<40)
		for pb.Next() {
			fresh.renew()
			if err := p.ConsumeTraces(b.Context(), td); err != nil {
				b.Error(err)
				return
			}
		}
	})
	perSpan(b)
}

func perSpan(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchSpans), "ns/span")
}

// startTraces starts a processor in a traces pipeline that ends in nothing.
func startTraces(tb testing.TB, configure func(*Config)) *tracesProcessor {
	tb.Helper()
	f := NewFactory()
	cfg := f.CreateDefaultConfig().(*Config)
	configure(cfg)
	require.NoError(tb, cfg.Validate())
	p, err := f.CreateTraces(tb.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(tb, err)
	require.NoError(tb, p.Start(tb.Context(), componenttest.NewNopHost()))
	tb.Cleanup(func() { require.NoError(tb, p.Shutdown(tb.Context())) })
	return p.(*tracesProcessor)
}
