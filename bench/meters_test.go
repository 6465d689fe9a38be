package bench

import (
	"context"
	"encoding/binary"
	"maps"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/signaltometricsconnector"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelusage/usageprocessor"
)

const (
	spans   = 1000
	tenants = 100
)

// rule is what both components are told to count.
type rule struct{ name, condition, value string }

var rules = []rule{
	{"plain", `attributes["http.route"] == "/upload"`, `attributes["http.request.body.size"]`},
	{"ottl", `attributes["http.route"] == "/upload" and kind == SPAN_KIND_SERVER`, `attributes["http.request.body.size"] * 1`},
}

// BenchmarkMeter compares a meter of one's own with the same statement of contrib's
// signal_to_metrics, and with the same processor without the meter. Measured in turns,
// x/signal_to_metrics is how much more the other component costs than the processor,
// x/added how much more than what the meter adds to it.
//
//	meter       nothing but the meter
//	dedup       and what is sent again counts once
//	endpoints   and everything else that the processor does by default
//
// The other component makes metrics of every batch. Of them only the sum is asked
// for here, although a meter counts as well.
func BenchmarkMeter(b *testing.B) {
	for _, r := range rules {
		peer := consumePeer(b, r)
		for _, ours := range []struct {
			name   string
			config map[string]any
		}{
			{"meter", map[string]any{"dedup": off, "endpoints": off, "providers": off}},
			{"dedup", map[string]any{"endpoints": off, "providers": off}},
			{"endpoints", map[string]any{}},
		} {
			own, without := consumeOwn(b, &r, ours.config), consumeOwn(b, nil, ours.config)
			b.Run(r.name+"/"+ours.name, func(b *testing.B) { compare(b, own, peer, without) })
		}
	}
}

var off = map[string]any{"enabled": false}

type consume func(context.Context, ptrace.Traces) error

func compare(b *testing.B, own, peer, without consume) {
	b.Helper()
	batch := uploads()
	fresh := uint64(0)
	var times [3]time.Duration
	for b.Loop() {
		for i, consume := range [...]consume{own, peer, without} {
			renew(batch, &fresh)
			began := time.Now()
			if err := consume(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			times[i] += time.Since(began)
		}
	}
	perSpan := func(t time.Duration) float64 { return float64(t.Nanoseconds()) / float64(b.N*spans) }
	b.ReportMetric(perSpan(times[0]), "ns/span")
	b.ReportMetric(perSpan(times[1]), "peer-ns/span")
	b.ReportMetric(perSpan(times[0]-times[2]), "added-ns/span")
	b.ReportMetric(float64(times[1])/float64(times[0]), "x/signal_to_metrics")
	b.ReportMetric(float64(times[1])/float64(times[0]-times[2]), "x/added")
}

// uploads is a batch of spans of HTTP, half of which meet the condition.
func uploads() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i := range spans {
		s := list.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetSpanID(pcommon.SpanID{1, byte(i), byte(i >> 8)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-50 * time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		a := s.Attributes()
		a.PutStr("http.request.method", "POST")
		a.PutStr("http.route", [...]string{"/upload", "/cart"}[i%2])
		a.PutInt("http.response.status_code", 200)
		a.PutStr("url.scheme", "https")
		a.PutStr("server.address", "shop.example.com")
		a.PutInt("http.request.body.size", int64(i))
		a.PutStr("tenant.id", string(rune('a'+i/2%tenants)))
	}
	return td
}

// renew gives the spans of a batch new trace IDs: they are no duplicates.
func renew(td ptrace.Traces, next *uint64) {
	var id pcommon.TraceID
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		*next++
		binary.LittleEndian.PutUint64(id[:], *next)
		s.SetTraceID(id)
	}
}

func consumeOwn(b *testing.B, r *rule, config map[string]any) consume {
	b.Helper()
	all := maps.Clone(config)
	if r != nil {
		all["meters"] = []any{map[string]any{
			"name": "uploads", "signal": "traces", "condition": r.condition, "value": r.value, "unit": "By",
			"dimensions": []any{"tenant.id"},
		}}
	}
	factory := usageprocessor.NewFactory()
	c, err := factory.CreateTraces(b.Context(), processortest.NewNopSettings(factory.Type()), configured(b, factory.CreateDefaultConfig(), all), consumertest.NewNop())
	require.NoError(b, err)
	start(b, c)
	return c.ConsumeTraces
}

func consumePeer(b *testing.B, r rule) consume {
	b.Helper()
	factory := signaltometricsconnector.NewFactory()
	all := map[string]any{"spans": []any{map[string]any{
		"name": "uploads", "unit": "By", "conditions": []any{r.condition},
		"attributes": []any{map[string]any{"key": "tenant.id", "default_value": "unknown"}},
		"sum":        map[string]any{"value": r.value, "monotonic": true},
	}}}
	c, err := factory.CreateTracesToMetrics(b.Context(), connectortest.NewNopSettings(factory.Type()), configured(b, factory.CreateDefaultConfig(), all), consumertest.NewNop())
	require.NoError(b, err)
	start(b, c)
	return c.ConsumeTraces
}

func configured(b *testing.B, config component.Config, all map[string]any) component.Config {
	b.Helper()
	require.NoError(b, confmap.NewFromStringMap(all).Unmarshal(config))
	return config
}

func start(b *testing.B, c component.Component) {
	b.Helper()
	require.NoError(b, c.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { require.NoError(b, c.Shutdown(context.Background())) })
}
