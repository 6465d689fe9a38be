package usageprocessor

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// kindsOfSeries are all of them, as the self-metrics call them.
var kindsOfSeries = []string{"endpoint", "provider", "meter", "session"}

// allKinds is a batch of n spans, which are series of all kinds: n of each, unless
// there is no room.
func (ids *spanIDs) allKinds(n int) ptrace.Traces {
	td := ids.scattered(2 * n)
	for i, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		s.Attributes().PutStr("session.id", fmt.Sprint(i))
		s.Attributes().PutStr("tenant.id", fmt.Sprint(ids.last.Load(), i))
		if i >= n {
			s.SetKind(ptrace.SpanKindClient)
			s.Attributes().PutStr("server.address", fmt.Sprintf("peer-%d.example.com", ids.last.Load()+uint64(i)))
		}
	}
	return td
}

// startWithExit returns a running traces instance whose usage is exported. All of it
// ends with the test.
func (r *rig) startWithExit() processor.Traces {
	r.t.Helper()
	out := r.metrics(consumertest.NewNop())
	in := r.startTraces()
	r.start(out)
	r.t.Cleanup(func() {
		assert.NoError(r.t, in.Shutdown(context.Background()))
		assert.NoError(r.t, out.Shutdown(context.Background()))
	})
	return in
}

// bounded meters with series of all kinds, of which there are few.
func bounded(c *Config) {
	c.Pricing.Enabled = false
	c.Limits.MaxSeries, c.Retention, c.Sessions.TTL = 20, 10*time.Minute, time.Minute
	c.Meters = []MeterConfig{{Name: "calls", Signal: "traces", Condition: "true", Dimensions: []DimensionConfig{{Name: "tenant.id"}}}}
}

// C-F4, C-F5: of each kind, at any time, as many series are live as were created and
// have not expired; in the end there are none.
func TestSeriesAreCreatedAndExpire_C_F4_C_F5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "bounds", bounded)
		in := r.startTraces()
		var ids spanIDs
		for round := range 12 {
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.allKinds(1+round%3)))
			for _, kind := range kindsOfSeries {
				live := r.selfTotal("series", "kind="+kind)
				assert.Positive(t, live, kind)
				assert.Equal(t, live, r.selfTotal("series.created", "kind="+kind)-r.selfTotal("series.expired", "kind="+kind), kind)
			}
			pass(2 * time.Minute)
		}
		pass(time.Hour)
		for _, kind := range kindsOfSeries {
			assert.Zero(t, r.selfTotal("series", "kind="+kind), kind)
			assert.Positive(t, r.selfTotal("series.expired", "kind="+kind), kind)
			assert.Equal(t, r.selfTotal("series.created", "kind="+kind), r.selfTotal("series.expired", "kind="+kind), kind)
		}
		r.shutdown(in)
	})
}

// C-F9, C-R1, B-R2, B-R9: what is beyond `limits.max_series` shares a series: nothing
// is dropped, each kind says how often that happened, and a warning says how many
// identities it is about, once and not for each.
func TestFoldingIsTold_C_F9_C_R1_B_R2_B_R9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "bounds", bounded)
		in := r.startWithExit()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.allKinds(500)))
		assert.Equal(t, int64(1000), r.ledger()["traces counted"])
		for kind, folds := range map[string]int64{"endpoint": 480, "provider": 480, "meter": 1000 - 18} {
			assert.LessOrEqual(t, r.selfTotal("series", "kind="+kind), int64(21), kind)
			assert.Equal(t, folds, r.selfTotal("series.folds", "kind="+kind), kind)
		}
		assert.Positive(t, r.selfTotal("series.folds", "kind=session"))
		assert.Empty(t, r.warnings())
		pass(time.Minute)
		warned := map[string]uint64{}
		for _, w := range r.warnings() {
			if w.Message == "There are more identities than `limits.max_series`: the latest share series; totals stay exact" {
				warned[w.ContextMap()["kind"].(string)] += w.ContextMap()["folded"].(uint64)
			}
		}
		assert.Len(t, warned, len(kindsOfSeries), "one for each kind")
		assert.InEpsilon(t, 480, warned["endpoint"], 0.1)
		assert.InEpsilon(t, 480, warned["provider"], 0.1)
		before := len(r.warnings())
		pass(9 * time.Minute)
		assert.Len(t, r.warnings(), before, "nothing more has happened")
	})
}

// C-F9, C-R1: a dedup window that memory does not hold is told, in a number and once in
// the log; what is in it counts once as ever.
func TestShortWindowIsTold_C_F9_C_R1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "bounds", onlyHTTP, func(c *Config) { c.Dedup.MaxMemoryMiB = 1 })
		in := r.startWithExit()
		var ids spanIDs
		window := func() float64 {
			m, err := r.telemetry.GetMetric("otelcol.usage.dedup.window")
			require.NoError(t, err)
			return m.Data.(metricdata.Gauge[float64]).DataPoints[0].Value
		}
		assert.InDelta(t, 600, window(), 0)
		var last ptrace.Traces
		for range 8 {
			for range 6 {
				last = ids.served("/a", 4000)
				require.NoError(t, in.ConsumeTraces(t.Context(), last))
				pass(10 * time.Second)
			}
		}
		assert.Less(t, window(), 600.0)
		assert.Positive(t, window())
		require.NoError(t, in.ConsumeTraces(t.Context(), last))
		assert.Equal(t, int64(192_000), r.ledger()["traces counted"])
		assert.Equal(t, int64(4000), r.ledger()["traces duplicate"])
		warnings := r.warnings()
		assert.NotEmpty(t, warnings)
		assert.Less(t, len(warnings), 48, "not for each batch")
		for _, w := range warnings {
			assert.Contains(t, w.Message, "`dedup.max_memory_mib`")
		}
	})
}

// C-F22, D-R4, C-F6, C-F8: 64 senders at the same time, in all signals: sums of requests
// and of bytes are exact, and so is the ledger.
func TestManySendersAreExact_C_F22_D_R4_C_F6_C_F8(t *testing.T) {
	const batches, size = 20, 5
	r, sink := newRig(t, "bounds"), &consumertest.MetricsSink{}
	traces, logs, metrics := r.traces(consumertest.NewNop()), r.logsInstance(consumertest.NewNop()), r.metrics(sink)
	r.start(metrics, traces, logs)
	var ids spanIDs
	fromSenders(t, func(sender int) error {
		for range batches {
			td := ids.served(fmt.Sprintf("/sender/s%c", 'a'+sender%8), size)
			for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				s.Attributes().PutInt("http.request.body.size", 3)
				s.Attributes().PutInt("http.response.body.size", int64(sender))
			}
			if err := traces.ConsumeTraces(t.Context(), td); err != nil {
				return err
			}
			if err := logs.ConsumeLogs(t.Context(), logRecord()); err != nil {
				return err
			}
			if err := metrics.ConsumeMetrics(t.Context(), dataPoint()); err != nil {
				return err
			}
		}
		return nil
	})
	assert.Equal(t, map[string]int64{
		"traces counted": senders * batches * size, "traces records.received": senders * batches * size,
		"logs unmetered": senders * batches, "logs records.received": senders * batches,
		"metrics unmetered": senders * batches, "metrics records.received": senders * batches,
	}, r.ledger())
	r.shutdown(traces, logs, metrics)
	sums, usage := map[string]float64{}, sink.AllMetrics()
	for _, m := range usage[len(usage)-1].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		for _, v := range valuesOf(m) {
			sums[m.Name()] += v
		}
	}
	assert.Equal(t, map[string]float64{
		"usage.endpoint.requests":      senders * batches * size,
		"usage.endpoint.duration":      senders * batches * size,
		"usage.endpoint.request.size":  3 * senders * batches * size,
		"usage.endpoint.response.size": (senders - 1) * senders / 2 * batches * size,
	}, sums)
}

// E-F60, E-F64, B-F19: a batch that is sent twice counts once, and the first export
// after a restart has what was counted before it.
func TestTotalsSurvive_E_F60_E_F64_B_F19(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "bounds", onlyHTTP, keptIn(t.TempDir(), durabilityWrite), func(c *Config) { c.Export.Interval = time.Minute })
		in := r.startTraces()
		var ids spanIDs
		batch := ids.served("/a", 7)
		require.NoError(t, in.ConsumeTraces(t.Context(), batch))
		require.NoError(t, in.ConsumeTraces(t.Context(), batch))
		r.shutdown(in)

		again := newRig(t, "bounds", func(c *Config) { *c = *r.config })
		x := newExit(again)
		x.start()
		pass(time.Minute)
		require.Equal(t, 1, x.callCount())
		assert.Equal(t, 7, x.seen().served("/a"), "in the first export, with nothing new to count")
		x.stop()
	})
}

// B-R2, B-R9: that there are more identities than series is said once a minute.
func TestFoldingIsLoggedOnceAMinute_B_R9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "bounds", onlyHTTP, keptIn(t.TempDir(), durabilityInterval), func(c *Config) {
			c.Limits.MaxSeries, c.Persistence.Interval = 10, time.Second
		})
		out := r.metrics(consumertest.NewNop())
		in := r.startTraces()
		r.start(out)
		var ids spanIDs
		for range 120 {
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.scattered(100)))
			pass(time.Second)
		}
		assert.LessOrEqual(t, len(r.warnings()), 3, "in two minutes")
		r.shutdown(in, out)
	})
}
