package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	benchRecords = 500
	// benchAttributes is how many attributes every record of a benchmark has:
	// those that are read, and others.
	benchAttributes = 12
)

// BenchmarkRecord compares what records of different kinds cost with a span of
// HTTP that has as many attributes: x/http is the ratio, measured in turns.
func BenchmarkRecord(b *testing.B) {
	all := newExtractor()
	http := spansOf(b, ptrace.SpanKindServer, httpAttributes())
	base := func() { read(all, all.Traces(http, time.Now())) }
	for name, run := range map[string]func(){
		"http":        base,
		"gen_ai":      spanReader(all, spansOf(b, ptrace.SpanKindClient, chatAttributes())),
		"claude_code": logReader(all, linesOf(b, "claude_code.api_request", agentAttributes())),
		"access_log":  logReader(all, linesOf(b, "", accessAttributes())),
		"app_log":     logReader(all, linesOf(b, "nothing to see here", map[string]any{})),
		"histogram":   metricReader(all, pointsOf(b)),
	} {
		b.Run(name, func(b *testing.B) { compareRuns(b, base, run, "x/http") })
	}
}

// BenchmarkPresets compares spans of HTTP under all presets with the same spans
// under that of HTTP alone: x/one is what dialects cost that do not match.
func BenchmarkPresets(b *testing.B) {
	http := spansOf(b, ptrace.SpanKindServer, httpAttributes())
	all, one := newExtractor(), newExtractorOf("http")
	compareRuns(b, spanReader(one, http), spanReader(all, http), "x/one")
}

// compareRuns runs both in turns, so that whatever else the machine does happens
// to both.
func compareRuns(b *testing.B, base, run func(), unit string) {
	b.ReportAllocs()
	var of, to time.Duration
	for b.Loop() {
		began := time.Now()
		base()
		between := time.Now()
		run()
		of, to = of+between.Sub(began), to+time.Since(between)
	}
	b.ReportMetric(float64(to.Nanoseconds())/float64(b.N*benchRecords), "ns/record")
	b.ReportMetric(float64(to)/float64(of), unit)
}

func read(x *Extractor, r *Reading) {
	r.Batch.Seal()
	x.Release(r)
}

func spanReader(x *Extractor, td ptrace.Traces) func() {
	return func() { read(x, x.Traces(td, time.Now())) }
}

func logReader(x *Extractor, ld plog.Logs) func() {
	return func() { read(x, x.Logs(ld, time.Now())) }
}

func metricReader(x *Extractor, md pmetric.Metrics) func() {
	return func() { read(x, x.Metrics(md, time.Now())) }
}

// newExtractorOf knows some presets only.
func newExtractorOf(names ...string) *Extractor {
	var files []*dialect.File
	for _, f := range presets() {
		for _, name := range names {
			if f.Name == name {
				files = append(files, f)
			}
		}
	}
	side := Side{Enabled: true}
	return New(Options{
		Endpoints: side, Providers: side, Dialects: files, Dedup: Dedup{Enabled: true},
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(),
	})
}

func httpAttributes() map[string]any {
	return map[string]any{
		"http.request.method": "GET", "http.route": "/api/v1/things/{id}", "http.response.status_code": 200,
		"server.address": "shop.example.com", "http.response.body.size": 512, "url.scheme": "https",
	}
}

func chatAttributes() map[string]any {
	return map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5",
		"gen_ai.response.model": "gpt-5-2025-08-07", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 30,
	}
}

func agentAttributes() map[string]any {
	return map[string]any{
		"event.name": "api_request", "model": "claude-sonnet-5", "cost_usd": 0.01, "duration_ms": 1200,
		"input_tokens": 10, "output_tokens": 20, "cache_read_tokens": 5,
	}
}

func accessAttributes() map[string]any {
	return map[string]any{
		"request": "GET /users/42 HTTP/1.1", "status": "200", "request_time": "0.012", "body_bytes_sent": "512",
	}
}

// fill puts attributes that nobody reads beside those of a record.
func fill(b *testing.B, m pcommon.Map, attrs map[string]any) {
	b.Helper()
	require.NoError(b, m.FromRaw(attrs))
	for _, name := range []string{"thread.id", "thread.name", "code.function.name", "k8s.pod.name", "host.name", "user_agent.original", "app.version", "session.id", "terminal.type", "os.type", "team.id", "a"} {
		if m.Len() < benchAttributes {
			m.PutStr(name, "some value")
		}
	}
}

func spansOf(b *testing.B, kind ptrace.SpanKind, attrs map[string]any) ptrace.Traces {
	b.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range benchRecords {
		s := list.AppendEmpty()
		s.SetKind(kind)
		s.SetTraceID(pcommon.TraceID{1, byte(i), byte(i >> 8)})
		s.SetSpanID(pcommon.SpanID{1, byte(i), byte(i >> 8)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		fill(b, s.Attributes(), attrs)
	}
	return td
}

func linesOf(b *testing.B, body string, attrs map[string]any) plog.Logs {
	b.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range benchRecords {
		l := list.AppendEmpty()
		l.SetTimestamp(pcommon.Timestamp(time.Now().UnixNano() - int64(i)))
		l.Body().SetStr(body)
		fill(b, l.Attributes(), attrs)
	}
	return ld
}

func pointsOf(b *testing.B) pmetric.Metrics {
	b.Helper()
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i := range benchRecords {
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.Timestamp(time.Now().UnixNano() - int64(i)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		p.SetCount(6)
		p.SetSum(3)
		p.ExplicitBounds().FromRaw([]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})
		p.BucketCounts().FromRaw([]uint64{0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0})
		fill(b, p.Attributes(), httpAttributes())
	}
	return md
}
