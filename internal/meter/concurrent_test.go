package meter

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// ledgerSink adds up the requests that an exit was sent, as a backend does: of
// cumulative points the newest of each start counts, deltas add up.
type ledgerSink struct {
	t      *testing.T
	mu     sync.Mutex // guards everything below
	points map[string]int64
}

func (*ledgerSink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeMetrics takes an export.
func (s *ledgerSink) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() != "usage.endpoint.requests" {
			continue
		}
		for _, p := range m.Sum().DataPoints().All() {
			key := fmt.Sprint(p.StartTimestamp(), p.Attributes().AsRaw())
			before := s.points[key]
			if m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta {
				assert.Zero(s.t, before, "a window that was sent before")
			}
			assert.GreaterOrEqual(s.t, p.IntValue(), before, "a counter has fallen")
			s.points[key] = p.IntValue()
		}
	}
	return nil
}

func (s *ledgerSink) total() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.points {
		n += v
	}
	return n
}

// crowd does everything to a meter at once.
type crowd struct {
	*bench
	t     *testing.T
	ids   atomic.Uint64
	sent  [usage.Signals]atomic.Int64
	stop  chan struct{}
	group sync.WaitGroup
}

// start does something in so many goroutines, over and over.
func (c *crowd) start(goroutines int, do func(worker int)) {
	for worker := range goroutines {
		c.group.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				default:
					do(worker)
				}
			}
		})
	}
}

// route changes with time, so that series are left behind.
func (c *crowd) route(id uint64) string { return fmt.Sprintf("/%d", id/200) }

func (c *crowd) send(worker int) {
	const records = 5
	var err error
	switch signal := usage.Signal(worker % usage.Signals); signal {
	case usage.Traces:
		err = c.Traces(c.t.Context(), c.spans(records), consumertest.NewNop())
		c.sent[signal].Add(records)
	case usage.Logs:
		err = c.Logs(c.t.Context(), c.lines(records), consumertest.NewNop())
		c.sent[signal].Add(records)
	case usage.Metrics:
		err = c.Metrics(c.t.Context(), c.measurements(records), consumertest.NewNop())
		c.sent[signal].Add(records)
	}
	assert.NoError(c.t, err)
}

func (c *crowd) spans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "of traces")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	for range n {
		id := c.ids.Add(1)
		s := list.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetTraceID(pcommon.TraceID(binary.BigEndian.AppendUint64([]byte("trace-id"), id)))
		s.SetSpanID(pcommon.SpanID(binary.BigEndian.AppendUint64(nil, id)))
		s.SetStartTimestamp(pcommon.Timestamp(id))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now()))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", c.route(id))
		s.Attributes().PutStr("session.id", fmt.Sprint(id/20))
	}
	return td
}

func (c *crowd) lines(n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "of logs")
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range n {
		id := c.ids.Add(1)
		l := list.AppendEmpty()
		l.SetTimestamp(pcommon.Timestamp(id))
		l.Attributes().PutStr("method", "GET")
		l.Attributes().PutStr("path", c.route(id))
		l.Attributes().PutStr("status", "200")
	}
	return ld
}

func (c *crowd) measurements(n int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "of metrics")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for range n {
		id := c.ids.Add(1)
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.Timestamp(id))
		p.SetTimestamp(pcommon.Timestamp(id + 1))
		p.Attributes().PutStr("http.request.method", "GET")
		p.Attributes().PutStr("http.route", c.route(id))
		p.SetCount(1)
		p.SetSum(1)
		p.ExplicitBounds().FromRaw([]float64{2})
		p.BucketCounts().FromRaw([]uint64{1, 0})
	}
	return md
}

// B-R4, D-R1: 64 goroutines send, flush, look after the meter, export, pause, resume,
// end series and read its telemetry: each record is counted or paused, and each
// counted one is exported, stored and in a series or in a retired row.
func TestConcurrentlyExact_I5_I7(t *testing.T) {
	for _, delta := range []bool{false, true} {
		t.Run(fmt.Sprintf("delta=%t", delta), func(t *testing.T) {
			dir := t.TempDir()
			change := func(o *Options) {
				o.Delta, o.ExportInterval, o.Persistence.Interval = delta, 1, 24*time.Hour
				o.MaxSeries, o.Retention = 50, 20*time.Millisecond
				o.Sessions = Sessions{TTL: 10 * time.Millisecond, Max: 20}
			}
			c := &crowd{bench: newBench(t, dir, Write, change), t: t, stop: make(chan struct{})}
			sinks := c.everythingAtOnce()
			stats := c.engine.Stats()
			c.checkLedger(&stats)
			for _, s := range sinks {
				assert.Equal(t, stats.Ledgers.Counted(), s.total(), "exported")
			}
			c.checkTotals(&stats)
			require.NoError(t, c.close(t))

			c.bench = newBench(t, dir, Write, change)
			again := c.engine.Stats()
			assert.Equal(t, stats.Ledgers, again.Ledgers, "stored")
			c.checkTotals(&again)
			require.NoError(t, c.close(t))
		})
	}
}

// everythingAtOnce goes on for two seconds, and until series have folded and ended.
// It returns what the exits were sent, after a last export.
func (c *crowd) everythingAtOnce() (sinks []*ledgerSink) {
	var exits []*Exit
	for n := range 8 {
		sinks = append(sinks, &ledgerSink{t: c.t, points: map[string]int64{}})
		exits = append(exits, &Exit{meter: c.Meter, next: sinks[n]})
		c.outbox.join(exits[n], fmt.Sprint(n))
	}
	c.outbox.expect(len(exits))
	export := func(n int) { assert.NoError(c.t, c.outbox.deliver(c.t.Context(), exits[n], false)) }
	c.start(36, c.send)
	c.start(len(exits), export)
	c.start(8, func(int) { assert.NoError(c.t, c.store().flush()) })
	c.start(1, func(int) { c.upkeep() }) // there is one goroutine that does
	c.start(5, func(int) { c.expire() })
	c.start(4, func(worker int) {
		if worker%2 == 0 {
			c.Pause()
		} else {
			c.Resume()
		}
		time.Sleep(time.Millisecond)
	})
	c.start(2, func(int) {
		var rm metricdata.ResourceMetrics
		assert.NoError(c.t, c.telemetry.Reader.Collect(context.Background(), &rm))
	})
	time.Sleep(2 * time.Second)
	assert.Eventually(c.t, func() bool {
		return c.observed.folds[usage.Endpoint].Load() > 0 && c.observed.expired[usage.Endpoint].Load() > 0
	}, time.Minute, 10*time.Millisecond)
	close(c.stop)
	c.group.Wait()
	c.Resume()
	for range 2 { // of deltas, the first may send what was on its way
		for n := range exits {
			export(n)
		}
	}
	return sinks
}

// checkLedger is about what became of what was sent.
func (c *crowd) checkLedger(stats *engine.Stats) {
	for signal := range usage.Signals {
		l := &stats.Ledgers[signal]
		assert.Equal(c.t, usage.Ledger{usage.Counted: l[usage.Counted], usage.SkippedPaused: l[usage.SkippedPaused]}, *l)
		assert.Equal(c.t, c.sent[signal].Load(), l.Received(), usage.Signal(signal))
		assert.Positive(c.t, l[usage.Counted])
		assert.Positive(c.t, l[usage.SkippedPaused])
		c.t.Logf("%s: %d sent, %d counted, %d paused", usage.Signal(signal), c.sent[signal].Load(), l[usage.Counted], l[usage.SkippedPaused])
	}
}

// checkTotals is about live and retired together.
func (c *crowd) checkTotals(stats *engine.Stats) {
	var total usage.Measures
	live, _, _ := c.engine.Rows(nil, 0, 1<<20)
	for i := range live {
		total.Add(&live[i].Measures)
	}
	ended, _ := c.engine.Retired(nil, 0, 1<<20)
	for i := range ended {
		total.Add(&ended[i].Measures)
	}
	assert.Equal(c.t, stats.Ledgers.Counted(), total.TotalRequests())
	assert.Positive(c.t, total.Opened)
	assert.Equal(c.t, int64(stats.Sessions), total.Active())
}
