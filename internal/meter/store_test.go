package meter

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// bench is a meter on a disk that fails when told to, with what it logs and
// says about itself.
type bench struct {
	*Meter
	disk      *filestest.Faulty
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
	sink      *consumertest.MetricsSink
}

// presets are the built-in dialects, parsed once for all tests.
var presets = sync.OnceValues(func() (Dialects, error) {
	files, err := dialect.Presets()
	return Dialects{Files: files}, err
})

func settings(telemetry *componenttest.Telemetry, log *zap.Logger) Settings {
	set := Settings{ID: component.MustNewID("usage"), Telemetry: telemetry.NewTelemetrySettings()}
	set.Telemetry.Logger = log
	return set
}

func options(durability Durability, fsys files.FS) Options {
	return Options{
		Endpoints: extract.Side{Enabled: true}, Providers: extract.Side{Enabled: true}, Dialects: presets,
		Layout: usage.ExponentialLayout(), ExportInterval: time.Minute,
		Dedup: &Dedup{Window: 10 * time.Minute, MaxBytes: 1 << 20},
		Persistence: &Persistence{
			Enabled: true,
			Place:   "the disk", Open: func(string) (files.FS, error) { return fsys, nil },
			Interval: 10 * time.Second, Durability: durability,
		},
	}
}

func newBench(t *testing.T, dir string, durability Durability, change ...func(*Options)) *bench {
	t.Helper()
	d, err := files.Open(dir, "the test")
	require.NoError(t, err)
	core, logs := observer.New(zap.InfoLevel)
	b := &bench{disk: filestest.New(d), logs: logs, telemetry: componenttest.NewTelemetry(), sink: new(consumertest.MetricsSink)}
	o := options(durability, b.disk)
	for _, f := range change {
		f(&o)
	}
	b.Meter, err = Open(settings(b.telemetry, zap.New(core)), o)
	require.NoError(t, err)
	return b
}

func (b *bench) close(t *testing.T) error {
	t.Helper()
	err := b.Close()
	require.NoError(t, b.telemetry.Shutdown(context.Background()))
	return err
}

// request sends one server span through the meter.
func (b *bench) request(t *testing.T) {
	t.Helper()
	require.NoError(t, b.Traces(t.Context(), request(), consumertest.NewNop()))
}

func request() ptrace.Traces {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetKind(ptrace.SpanKindServer)
	s.Attributes().PutStr("http.request.method", "GET")
	s.Attributes().PutStr("http.route", "/")
	return td
}

// failures is the self-metric usage.flush.failures.
func (b *bench) failures(t *testing.T) int64 {
	t.Helper()
	m, err := b.telemetry.GetMetric("otelcol.usage.flush.failures")
	if err != nil {
		return 0 // never incremented
	}
	return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
}

// exported is the highest number of requests that reached the sink.
func (b *bench) exported() int64 {
	var last int64
	for _, md := range b.sink.AllMetrics() {
		last = max(last, requests(md))
	}
	return last
}

// requests sums usage.endpoint.requests in one export.
func requests(md pmetric.Metrics) int64 {
	var n int64
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() != "usage.endpoint.requests" {
					continue
				}
				for _, p := range m.Sum().DataPoints().All() {
					n += p.IntValue()
				}
			}
		}
	}
	return n
}

// A-R2: while the disk fails, metering goes on in memory, nothing is exported,
// metric and log say so; when it is back nothing is lost.
func TestFailingDisk_A_R2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := newBench(t, dir, Write)
		exit := b.StartExit(nil, b.sink)
		b.request(t)
		time.Sleep(61 * time.Second)
		assert.Equal(t, int64(1), b.exported())

		b.disk.FailNow(true)
		for range 3 {
			b.request(t)
		}
		time.Sleep(5 * time.Minute)
		assert.Equal(t, int64(1), b.exported(), "nothing is visible that is not durable")
		assert.Greater(t, b.failures(t), int64(10))
		assert.Equal(t, 5, b.logs.FilterMessageSnippet("cannot be written").Len(), "logged once a minute")

		b.disk.Heal()
		time.Sleep(2 * time.Minute)
		assert.Equal(t, int64(4), b.exported())
		assert.Equal(t, 1, b.logs.FilterMessageSnippet("written again").Len())
		require.NoError(t, exit.Stop(t.Context()))
		require.NoError(t, b.close(t))

		again := newBench(t, dir, Write)
		assert.Equal(t, int64(4), again.engine.Stats().Ledgers[usage.Traces][usage.Counted])
		require.NoError(t, again.close(t))
	})
}

// A-R3: the last flush is not swallowed.
func TestCloseReturnsTheFlushError_A_R3(t *testing.T) {
	b := newBench(t, t.TempDir(), Interval)
	b.request(t)
	b.disk.FailNow(true)
	err := b.close(t)
	require.ErrorIs(t, err, filestest.ErrFault)
	assert.ErrorContains(t, err, "the disk")
}

// E-R1: in interval mode Consume does not touch the disk at all; in write mode
// it writes and does not sync.
func TestWhatConsumeWaitsFor(t *testing.T) {
	for durability, writes := range map[Durability]int{Interval: 0, Write: 1} {
		b := newBench(t, t.TempDir(), durability)
		ops, syncs := b.disk.Ops(), b.disk.Syncs()
		b.request(t)
		assert.Equal(t, writes, b.disk.Ops()-ops)
		assert.Equal(t, syncs, b.disk.Syncs())
		require.NoError(t, b.close(t))
	}
}

// A-R4, A-U20: one flush an interval, and none when nothing has changed.
func TestOneFlushAnInterval_A_R4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		syncs := b.disk.Syncs()
		for i := range 5 {
			b.request(t)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			assert.Equal(t, syncs+i+1, b.disk.Syncs())
		}
		time.Sleep(time.Minute)
		assert.Equal(t, syncs+5, b.disk.Syncs(), "idle")
		require.NoError(t, b.close(t))
	})
}

func TestJournalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		td := ptrace.NewTraces()
		spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		long := strings.Repeat("x", 240)
		for i := range 70_000 {
			s := spans.AppendEmpty()
			s.SetKind(ptrace.SpanKindServer)
			s.Attributes().PutStr("http.route", fmt.Sprintf("/%d%s", i, long))
		}
		require.NoError(t, b.Traces(t.Context(), td, consumertest.NewNop()))
		require.Greater(t, b.store().journal.Size(), int64(minJournal))
		time.Sleep(11 * time.Second)
		synctest.Wait()
		assert.Less(t, b.store().journal.Size(), int64(1000))
		assert.Positive(t, b.store().journal.SnapshotSize())
		require.NoError(t, b.close(t))
	})
}

// A consumer that ignores its cancellation does not hold up the shutdown.
func TestExitThatCannotBeStoppedIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		release := make(chan struct{})
		stuck, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
			<-release
			return nil
		})
		require.NoError(t, err)
		b.request(t)
		exit := b.StartExit(nil, stuck)
		begin := time.Now()
		assert.ErrorContains(t, exit.Stop(t.Context()), "left behind")
		assert.Equal(t, lastExport+cancelGrace, time.Since(begin))
		close(release)
		require.NoError(t, b.close(t))
	})
}

// routed is a batch with one request to each of some routes.
func routed(from, to int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := from; i < to; i++ {
		s := spans.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", fmt.Sprintf("/r%d", i))
	}
	return td
}

// Series that begin while the parts of an export are sent belong to the next
// one: a point never starts after its own time.
func TestNoPointStartsAfterItsTime(t *testing.T) {
	b := newBench(t, t.TempDir(), Write)
	require.NoError(t, b.Traces(t.Context(), routed(0, rowsPerExport+1), consumertest.NewNop()))
	parts, points := 0, 0
	next, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		parts++
		require.NoError(t, b.Traces(t.Context(), routed(parts*10_000, parts*10_000+10), consumertest.NewNop()))
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Type() != pmetric.MetricTypeSum {
				continue
			}
			for _, p := range m.Sum().DataPoints().All() {
				points++
				assert.Less(t, p.StartTimestamp(), p.Timestamp())
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, b.export(t.Context(), &Exit{next: next}))
	assert.Equal(t, 2, parts)
	assert.Equal(t, rowsPerExport+1, points)
	require.NoError(t, b.close(t))
}
