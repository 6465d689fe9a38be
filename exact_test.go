package usageprocessor

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// ledger is what became of received records, by signal and result, from the
// self-metrics.
func (r *rig) ledger() map[string]int64 {
	r.t.Helper()
	sums := map[string]int64{}
	for _, name := range []string{"records", "records.received", "records.refused"} {
		m, err := r.telemetry.GetMetric("otelcol.usage." + name)
		if err != nil {
			continue
		}
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			signal, _ := p.Attributes.Value("signal")
			key := name
			if result, ok := p.Attributes.Value("result"); ok {
				key = result.AsString()
			}
			sums[signal.AsString()+" "+key] += p.Value
		}
	}
	return sums
}

// part is a batch with some of the spans of another.
func part(td ptrace.Traces, from, to int) ptrace.Traces {
	out := ptrace.NewTraces()
	td.CopyTo(out)
	i := 0
	out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().RemoveIf(func(ptrace.Span) bool {
		i++
		return i <= from || i > to
	})
	return out
}

// What is sent again counts once: whole, in part, merged with new spans, from
// another instance, after a restart; data is passed on each time.
func TestResendsCountOnce_I2_N3_N4_N5(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, "exact", keptIn(dir, durabilityWrite))
	var ids spanIDs
	original, fresh := ids.served("/a", 10), ids.served("/a", 5)
	in, other := r.startTraces(), r.startTraces()
	for _, td := range []ptrace.Traces{original, original, part(original, 0, 4), part(original, 3, 10)} {
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
	}
	merged := part(original, 7, 10)
	fresh.ResourceSpans().At(0).CopyTo(merged.ResourceSpans().AppendEmpty())
	require.NoError(t, other.ConsumeTraces(t.Context(), merged))
	assert.Equal(t, 10+10+4+7+3+5, r.next.SpanCount(), "deduplication is of counts, not of data")
	assert.Equal(t, map[string]int64{
		"traces counted": 15, "traces duplicate": 10 + 4 + 7 + 3, "traces records.received": 39,
	}, r.ledger())
	r.shutdown(in, other)

	again := newRig(t, "exact", keptIn(dir, durabilityWrite))
	in = again.startTraces()
	require.NoError(t, in.ConsumeTraces(t.Context(), original))
	require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1)))
	again.shutdown(in)
	assert.Equal(t, 16, r.stored().served("/a"))
}

// A parent that repeats a call of its batch is not counted when it comes back
// without that batch, as it does when a sender splits what it sends again.
func TestNestedParentSentAgainAlone_I2(t *testing.T) {
	r := newRig(t, "exact")
	x, in := newExit(r), r.startTraces()
	x.start()
	var ids spanIDs
	td := ids.served("/a", 2)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for _, s := range spans.All() {
		s.SetKind(ptrace.SpanKindClient)
		s.Attributes().Clear()
		s.Attributes().PutStr("gen_ai.operation.name", "chat")
		s.Attributes().PutStr("gen_ai.provider.name", "openai")
		s.SetTraceID(pcommon.TraceID{1})
	}
	spans.At(1).SetParentSpanID(spans.At(0).SpanID())
	require.NoError(t, in.ConsumeTraces(t.Context(), td))
	assert.Equal(t, int64(1), r.ledger()["traces counted"])
	require.NoError(t, in.ConsumeTraces(t.Context(), part(td, 0, 1)))
	assert.Equal(t, int64(1), r.ledger()["traces counted"])
	assert.Equal(t, int64(1), r.ledger()["traces duplicate"])
	x.stop()
	r.shutdown(in)
}

// Copies of a batch that are on their way at the same time count once.
func TestConcurrentResendsCountOnce_I2_N3(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite, durabilitySync} {
		t.Run(durability, func(t *testing.T) {
			r := newRig(t, "exact", keptIn(t.TempDir(), durability))
			in := r.startTraces()
			var ids spanIDs
			for range 50 {
				td := ids.served("/a", 20)
				td.MarkReadOnly()
				var wg sync.WaitGroup
				for range 4 {
					wg.Go(func() {
						if err := in.ConsumeTraces(context.Background(), td); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			}
			assert.Equal(t, int64(50*20), r.ledger()["traces counted"])
			assert.Equal(t, int64(3*50*20), r.ledger()["traces duplicate"])
			r.shutdown(in)
			assert.Equal(t, 50*20, r.stored().served("/a"))
		})
	}
}

// What is older than the window counts again, and not before.
func TestWindowEnds_I2_N4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, "exact", keptIn(dir, durabilityWrite), func(c *Config) { c.Dedup.Window = 2 * time.Minute })
		var ids spanIDs
		td := ids.served("/a", 1)
		in := r.startTraces()
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
		pass(2 * time.Minute)
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
		assert.Equal(t, int64(1), r.ledger()["traces counted"])
		r.shutdown(in)

		pass(61 * time.Second) // while nothing runs, the wall clock counts
		again := newRig(t, "exact", keptIn(dir, durabilityWrite), func(c *Config) { c.Dedup.Window = 2 * time.Minute })
		in = again.startTraces()
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
		assert.Equal(t, int64(1), again.ledger()["traces counted"])
		again.shutdown(in)
	})
}

func TestDedupDisabledCountsEverything(t *testing.T) {
	r := newRig(t, "exact", func(c *Config) { c.Dedup.Enabled = false })
	in := r.startTraces()
	var ids spanIDs
	td := ids.served("/a", 3)
	for range 2 {
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
	}
	assert.Equal(t, int64(6), r.ledger()["traces counted"])
	r.shutdown(in)
}

// fanOut passes data on to all and joins their errors, as the Collector does
// behind a pipeline with several exporters.
type fanOut []consumer.Traces

func (fanOut) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (f fanOut) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	var errs error
	for _, c := range f {
		errs = errors.Join(errs, c.ConsumeTraces(ctx, td))
	}
	return errs
}

// A batch that one of two exporters refuses is not counted before its retry; a
// sibling pipeline that failed makes the sender repeat what was counted.
func TestPartialFailureAndRetryCountOnce_N1_N2(t *testing.T) {
	refusal := consumererror.NewTraces(errors.New("one branch is down"), ptrace.NewTraces())
	t.Run("behind the processor", func(t *testing.T) {
		r := newRig(t, "exact")
		sink := &consumertest.TracesSink{}
		down := consumertest.NewErr(refusal)
		var ids spanIDs
		td := ids.served("/a", 3)
		failing, healthy := r.traces(fanOut{sink, down}), r.traces(fanOut{sink})
		r.start(failing, healthy)
		require.ErrorIs(t, failing.ConsumeTraces(t.Context(), td), refusal)
		assert.Equal(t, map[string]int64{"traces records.refused": 3}, r.ledger())
		require.NoError(t, healthy.ConsumeTraces(t.Context(), td))
		assert.Equal(t, map[string]int64{
			"traces counted": 3, "traces records.received": 3, "traces records.refused": 3,
		}, r.ledger())
		r.shutdown(failing, healthy)
	})
	t.Run("beside the processor", func(t *testing.T) {
		r := newRig(t, "exact")
		in := r.startTraces()
		var ids spanIDs
		td := ids.served("/a", 3)
		require.ErrorIs(t, fanOut{in, consumertest.NewErr(refusal)}.ConsumeTraces(t.Context(), td), refusal)
		require.NoError(t, fanOut{in, consumertest.NewNop()}.ConsumeTraces(t.Context(), td))
		assert.Equal(t, int64(3), r.ledger()["traces counted"])
		assert.Equal(t, int64(3), r.ledger()["traces duplicate"])
		r.shutdown(in)
	})
}

// A batch that is refused for good was accepted as far as its sender is
// concerned: it will not come again, and counts.
func TestPermanentErrorCounts_N1(t *testing.T) {
	refusal := consumererror.NewPermanent(errors.New("malformed"))
	r := newRig(t, "exact", keptIn(t.TempDir(), durabilitySync))
	in := r.traces(consumertest.NewErr(refusal))
	r.start(in)
	var ids spanIDs
	require.Equal(t, refusal, in.ConsumeTraces(t.Context(), ids.served("/a", 3)))
	r.shutdown(in)
	assert.Equal(t, 3, r.stored().served("/a"))
}

// Log records and data points are in the ledger, too, each in its own.
func TestLedgerOfEverySignal_I5(t *testing.T) {
	dir := t.TempDir()
	for run := range 2 {
		r := newRig(t, "exact", keptIn(dir, durabilityWrite))
		in, logs, metrics := r.startTraces(), r.logsInstance(consumertest.NewNop()), r.metrics(consumertest.NewNop())
		refusing := r.logsInstance(consumertest.NewErr(errors.New("not now")))
		r.start(logs, metrics, refusing)
		var ids spanIDs
		ids.last.Store(uint64(run) * 10)
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
		require.NoError(t, logs.ConsumeLogs(t.Context(), logRecord()))
		require.Error(t, refusing.ConsumeLogs(t.Context(), logRecord()))
		require.NoError(t, metrics.ConsumeMetrics(t.Context(), dataPoint()))
		assert.Equal(t, map[string]int64{
			"traces counted": 2, "traces records.received": 2,
			"logs unmetered": 1, "logs records.received": 1, "logs records.refused": 1,
			"metrics unmetered": 1, "metrics records.received": 1,
		}, r.ledger(), "of this run: what was restored was reported by the run before")
		r.shutdown(in, logs, metrics, refusing)
	}
}
