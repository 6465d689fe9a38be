package usageprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelusage/usageprocessor/internal/metadata"
)

// BenchmarkConsumeDialects is the whole way of records of other dialects through
// the processor, with dedup, beside that of spans of HTTP with as many attributes:
// x/http is the ratio, measured in turns.
func BenchmarkConsumeDialects(b *testing.B) {
	spans := func(attrs map[string]any) func(*testing.B) func() {
		return func(b *testing.B) func() {
			p := startTraces(b, persisted(b, "", true))
			td := httpBatch(benchSpans)
			for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				if attrs != nil {
					s.SetKind(ptrace.SpanKindClient)
					require.NoError(b, s.Attributes().FromRaw(attrs))
				}
			}
			fresh := newRenewer(td, 0)
			return func() {
				fresh.renew()
				require.NoError(b, p.ConsumeTraces(b.Context(), td))
			}
		}
	}
	http := spans(nil)
	for name, start := range map[string]func(*testing.B) func(){
		"http": http,
		"gen_ai": spans(map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5",
			"gen_ai.response.model": "gpt-5-2025-08-07", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 30,
		}),
		"claude_code": lines("claude_code.api_request", map[string]any{
			"model": "claude-sonnet-4-5-20250929", "cost_usd": 0.01, "duration_ms": 1200, "input_tokens": 10, "output_tokens": 20, "cache_read_tokens": 5,
		}),
		"access_log": lines("", map[string]any{
			"request": "GET /users/42 HTTP/1.1", "status": "200", "request_time": "0.012", "body_bytes_sent": "512", "remote_addr": "192.0.2.1", "http_user_agent": "x",
		}),
	} {
		b.Run(name, func(b *testing.B) {
			base, run := http(b), start(b)
			var of, to time.Duration
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				base()
				between := time.Now()
				run()
				of, to = of+between.Sub(began), to+time.Since(between)
			}
			b.ReportMetric(float64(to.Nanoseconds())/float64(b.N*benchSpans), "ns/record")
			b.ReportMetric(float64(to)/float64(of), "x/http")
		})
	}
}

// lines are log records of one kind, each time at another time.
func lines(body string, attrs map[string]any) func(*testing.B) func() {
	return func(b *testing.B) func() {
		f := NewFactory()
		p, err := f.CreateLogs(b.Context(), processortest.NewNopSettings(metadata.Type), f.CreateDefaultConfig(), consumertest.NewNop())
		require.NoError(b, err)
		require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
		b.Cleanup(func() { require.NoError(b, p.Shutdown(b.Context())) })
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "checkout")
		list := rl.ScopeLogs().AppendEmpty().LogRecords()
		for range benchSpans {
			l := list.AppendEmpty()
			l.Body().SetStr(body)
			require.NoError(b, l.Attributes().FromRaw(attrs))
		}
		next := time.Now().UnixNano()
		return func() {
			for _, l := range list.All() {
				next++
				l.SetTimestamp(pcommon.Timestamp(next))
			}
			require.NoError(b, p.ConsumeLogs(b.Context(), ld))
		}
	}
}
