package meter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// accessLine is a batch of one line of an access log that has an ID of its own. It is
// of another service than spans are: one signal of a service bills.
func accessLine(id byte) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "of logs")
	l := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	l.SetTraceID(pcommon.TraceID{id})
	l.SetSpanID(pcommon.SpanID{id})
	l.SetTimestamp(1_790_000_000_000_000_000)
	l.Attributes().PutStr("method", "GET")
	l.Attributes().PutStr("path", "/log")
	l.Attributes().PutStr("status", "200")
	return ld
}

// counted is a batch of one point that says how many requests of a route there were
// since the meter began.
func counted(b *bench, route string, n int64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "of metrics")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(b.clock.since.Add(time.Second)))
	p.SetTimestamp(pcommon.NewTimestampFromTime(now().Add(time.Minute)))
	p.Attributes().PutStr("http.request.method", "GET")
	p.Attributes().PutStr("http.route", route)
	p.SetCount(uint64(n))
	p.SetSum(float64(n))
	p.ExplicitBounds().FromRaw([]float64{2})
	p.BucketCounts().FromRaw([]uint64{uint64(n), 0})
	return md
}

// sendAll sends one record of each signal; ids and points go on.
func (b *bench) sendAll(t *testing.T, id byte) {
	t.Helper()
	var traces consumertest.TracesSink
	var logs consumertest.LogsSink
	var metrics consumertest.MetricsSink
	require.NoError(t, b.Traces(t.Context(), spans(id), &traces))
	require.NoError(t, b.Logs(t.Context(), accessLine(id), &logs))
	require.NoError(t, b.Metrics(t.Context(), counted(b, "/metric", int64(id)*10), &metrics))
	assert.Equal(t, 1, traces.SpanCount())
	assert.Equal(t, 1, logs.LogRecordCount())
	assert.Equal(t, 1, metrics.DataPointCount())
}

// While counting is paused, data passes, is booked as such and leaves no trace;
// exports go on.
func TestPause(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir, Write)
	assert.False(t, b.Paused())
	b.sendAll(t, 1)
	before := b.engine.Stats()
	keys := b.engine.DedupStats().Keys
	x := &Exit{meter: b.Meter, next: b.sink}
	b.outbox.join(x, "p")

	b.Pause()
	assert.True(t, b.Paused())
	b.sendAll(t, 2)
	require.NoError(t, b.Traces(t.Context(), routed(0, 3), consumertest.NewNop()))
	stats := b.engine.Stats()
	assert.Equal(t, before.Series, stats.Series)
	assert.Equal(t, keys, b.engine.DedupStats().Keys)
	for signal, paused := range map[usage.Signal]int64{usage.Traces: 4, usage.Logs: 1, usage.Metrics: 1} {
		assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.SkippedPaused: paused}, stats.Ledgers[signal], signal)
	}
	require.NoError(t, b.outbox.deliver(t.Context(), x, false))
	assert.Equal(t, int64(12), b.exported())
	b.Pause() // again, to no effect

	b.Resume()
	assert.False(t, b.Paused())
	b.sendAll(t, 2) // not known from before
	b.sendAll(t, 2)
	stats = b.engine.Stats()
	assert.Equal(t, usage.Ledger{usage.Counted: 2, usage.Duplicate: 1, usage.SkippedPaused: 4}, stats.Ledgers[usage.Traces])
	assert.Equal(t, usage.Ledger{usage.Counted: 2, usage.Duplicate: 1, usage.SkippedPaused: 1}, stats.Ledgers[usage.Logs])
	require.NoError(t, b.outbox.deliver(t.Context(), x, false))
	assert.Equal(t, int64(14), b.exported(), "what a stream has grown by meanwhile does not count")
	assert.Equal(t, int64(4), ledgerOf(t, b, "skipped", "paused", "traces"))
	require.NoError(t, b.close(t))

	again := newBench(t, dir, Write)
	assert.Equal(t, stats.Ledgers, again.engine.Stats().Ledgers, "the ledger is kept")
	assert.False(t, again.Paused())
	require.NoError(t, again.close(t))
}

// A refused batch is refused, whether counting is paused or not.
func TestPauseAndRefusal_I5(t *testing.T) {
	b := newBench(t, t.TempDir(), Write)
	b.Pause()
	require.Error(t, b.Traces(t.Context(), spans(1), consumertest.NewErr(assert.AnError)))
	assert.Equal(t, usage.Ledger{}, b.engine.Stats().Ledgers[usage.Traces])
	assert.Equal(t, int64(1), b.refused(t))
	require.NoError(t, b.close(t))
}
