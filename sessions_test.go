package usageprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// B-F11: what makes every session a series is said once, however many pipelines
// there are.
func TestDimensionOfSessionsWarns_B_F11(t *testing.T) {
	r := newRig(t, "sessions", onlyHTTP, func(c *Config) {
		c.Endpoints.Dimensions = []DimensionConfig{{Name: "tenant.id"}, {Name: "session.id"}}
		c.Providers.Dimensions = []DimensionConfig{{Name: "gen_ai.conversation.id", Hash: true}}
		c.Meters = []MeterConfig{
			{Name: "a", Signal: "traces", Condition: "true"},
			{Name: "b", Signal: "traces", Condition: "true", Dimensions: []DimensionConfig{{Name: "session.id"}}},
		}
	})
	traces, metrics := r.traces(r.next), r.metrics(consumertest.NewNop())
	r.start(metrics, traces)
	r.shutdown(traces, metrics)
	var messages []string
	for _, entry := range r.warnings() {
		messages = append(messages, entry.Message)
	}
	assert.Equal(t, []string{
		"`endpoints.dimensions` has `session.id`: every session becomes a series of its own, up to `limits.max_series`; `usage.sessions.*` count sessions without it",
		"`providers.dimensions` has `gen_ai.conversation.id`: every session becomes a series of its own, up to `limits.max_series`; `usage.sessions.*` count sessions without it",
		"`meters[1].dimensions` has `session.id`: every session becomes a series of its own, up to `limits.max_series`; `usage.sessions.*` count sessions without it",
	}, messages)
}

// Without persistence the last export closes the sessions that are open: nobody will
// hear of them (C-R3). With it, they stay open.
func TestSessionsAtTheEnd_C_R3(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		want   map[string]int64
	}{
		"nothing is kept": {func(*Config) {}, map[string]int64{
			"usage.sessions.active": 0, "usage.sessions.opened": 2, "usage.sessions.closed shutdown": 2,
		}},
		"kept": {keptIn(t.TempDir(), durabilityWrite), map[string]int64{
			"usage.sessions.active": 2, "usage.sessions.opened": 2,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, sink := newRig(t, "sessions", tt.change), &consumertest.MetricsSink{}
				traces, metrics := r.traces(r.next), r.metrics(sink)
				r.start(metrics, traces)
				require.NoError(t, traces.ConsumeTraces(t.Context(), sessionSpans("s1", "s2", "s1")))
				r.shutdown(traces, metrics)
				assert.Equal(t, tt.want, sessionPoints(sink.AllMetrics()))
			})
		})
	}
}

// sessionSpans are requests of sessions.
func sessionSpans(ids ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, id := range ids {
		s := list.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{byte(i + 1)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", "/")
		s.Attributes().PutStr("session.id", id)
	}
	return td
}

// sessionPoints are the sums about sessions in the last of several exports, by name
// and reason.
func sessionPoints(all []pmetric.Metrics) map[string]int64 {
	found := map[string]int64{}
	for _, md := range all {
		clear(found)
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Type() != pmetric.MetricTypeSum {
				continue
			}
			for _, p := range m.Sum().DataPoints().All() {
				if _, ok := p.Attributes().Get("usage.kind"); !ok {
					continue
				}
				name := m.Name()
				if reason, ok := p.Attributes().Get("usage.session.close_reason"); ok {
					name += " " + reason.Str()
				}
				found[name] += p.IntValue()
			}
		}
	}
	return found
}
