package meter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// deltaBench is a meter in delta mode on a disk in memory, run after run. Its
// exits export when the test says so.
type deltaBench struct {
	*Meter
	t         *testing.T
	memory    *filestest.Memory
	disk      *filestest.Faulty
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
	change    []func(*Options)
}

func newDeltaBench(t *testing.T, change ...func(*Options)) *deltaBench {
	t.Helper()
	b := &deltaBench{t: t, memory: filestest.NewMemory(), change: change}
	b.start()
	return b
}

// start opens the meter on what the disk has.
func (b *deltaBench) start(change ...func(*Options)) {
	b.t.Helper()
	require.NoError(b.t, b.tryStart(func(*filestest.Faulty) {}, change...))
}

func (b *deltaBench) tryStart(prepare func(*filestest.Faulty), change ...func(*Options)) error {
	b.t.Helper()
	mounted, err := b.memory.Mount()
	require.NoError(b.t, err)
	b.disk = filestest.New(mounted)
	prepare(b.disk)
	core, logs := observer.New(zap.DebugLevel)
	b.logs, b.telemetry = logs, componenttest.NewTelemetry()
	o := options(Write, b.disk)
	// Every export cuts a window that can; timers do not fire within a test.
	o.Delta, o.ExportInterval, o.Persistence.Interval = true, 1, 24*time.Hour
	for _, f := range append(b.change, change...) {
		f(&o)
	}
	b.Meter, err = Open(settings(b.telemetry, zap.New(core)), o)
	return err
}

func cumulative(o *Options) { o.Delta = false }

func inMemoryOnly(o *Options) { o.Persistence = nil }

// exit takes an exit in that exports when the test says so.
func (b *deltaBench) exit(pipeline string, next consumer.Metrics) *Exit {
	x := &Exit{meter: b.Meter, next: next}
	b.outbox.join(x, pipeline)
	return x
}

// stop closes the meter as a Collector does.
func (b *deltaBench) stop() {
	b.t.Helper()
	require.NoError(b.t, b.Close())
	require.NoError(b.t, b.telemetry.Shutdown(context.Background()))
}

// die ends the meter without a chance to write anything more; with power, what
// was not synced is still there.
func (b *deltaBench) die() {
	memory := b.memory.Kill()
	b.disk.FailNow(true)
	_ = b.Close()
	_ = b.telemetry.Shutdown(context.Background())
	b.memory = memory
}

// serve counts requests to routes.
func (b *deltaBench) serve(from, to int) {
	b.t.Helper()
	require.NoError(b.t, b.Traces(b.t.Context(), routed(from, to), consumertest.NewNop()))
}

// export is one tick of an exit.
func (b *deltaBench) export(x *Exit) error {
	return b.outbox.deliver(b.t.Context(), x, false)
}

func (b *deltaBench) mustExport(exits ...*Exit) {
	b.t.Helper()
	for _, x := range exits {
		require.NoError(b.t, b.export(x))
	}
}

// keepSnapshotting takes one snapshot after the other, as upkeep does, until the
// function that it returns is called.
func (b *deltaBench) keepSnapshotting() (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for b.store() != nil {
			b.keeping.writing.Lock()
			assert.NoError(b.t, b.store().journal.Snapshot(now(), b.engine))
			b.keeping.writing.Unlock()
			select {
			case <-end:
				return
			default:
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

func (b *deltaBench) windowFiles() (names []string) {
	for _, name := range b.memory.Names() {
		if strings.Contains(name, ".window") {
			names = append(names, name)
		}
	}
	return names
}

// counter is one of the self-metrics.
func (b *deltaBench) counter(name string) int64 {
	m, err := b.telemetry.GetMetric(name)
	if err != nil {
		return 0 // never incremented
	}
	return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
}

var (
	errLater = errors.New("come back later")
	errNever = consumererror.NewPermanent(errors.New("never"))
)

// backend takes deltas as a backend does. What comes again has to be the same to
// the byte, and is left out then; windows of a stream have to touch.
type backend struct {
	t *testing.T
	// answer, if set, decides what becomes of an export.
	answer  func(n int) error
	calls   int
	again   int      // exports that had been taken
	taken   []string // in the order in which they came first, as bytes
	refused []string
	streams map[string]deltaStream
}

// deltaStream is what was taken of one metric of one series.
type deltaStream struct {
	until pcommon.Timestamp
	sum   int64
}

func newBackend(t *testing.T) *backend {
	return &backend{t: t, streams: map[string]deltaStream{}}
}

func (*backend) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (b *backend) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	data, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(b.t, err)
	b.calls++
	if b.answer != nil {
		err = b.answer(b.calls)
	}
	if err != nil {
		b.refused = append(b.refused, string(data))
		return err
	}
	if slices.Contains(b.taken, string(data)) {
		b.again++
		return nil
	}
	b.taken = append(b.taken, string(data))
	b.add(md)
	return nil
}

// add notes the points of an export that did not come before.
func (b *backend) add(md pmetric.Metrics) {
	writer, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get("service.instance.id")
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		switch m.Type() {
		case pmetric.MetricTypeSum:
			assert.Equal(b.t, pmetric.AggregationTemporalityDelta, m.Sum().AggregationTemporality())
			assert.True(b.t, m.Sum().IsMonotonic())
			for _, p := range m.Sum().DataPoints().All() {
				b.point(writer.Str()+m.Name(), p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.IntValue())
			}
		case pmetric.MetricTypeExponentialHistogram:
			assert.Equal(b.t, pmetric.AggregationTemporalityDelta, m.ExponentialHistogram().AggregationTemporality())
			for _, p := range m.ExponentialHistogram().DataPoints().All() {
				b.point(writer.Str()+m.Name(), p.Attributes(), p.StartTimestamp(), p.Timestamp(), int64(p.Count()))
			}
		default:
			b.t.Errorf("%s has type %s", m.Name(), m.Type())
		}
	}
}

func (b *backend) point(name string, attrs pcommon.Map, start, at pcommon.Timestamp, value int64) {
	key := fmt.Sprint(name, attrs.AsRaw())
	s, known := b.streams[key]
	if known {
		assert.Equal(b.t, s.until, start, "%s: windows touch", key)
	}
	assert.Less(b.t, start, at, key)
	assert.Positive(b.t, value, "%s: a zero delta is no point", key)
	b.streams[key] = deltaStream{until: at, sum: s.sum + value}
}

// requests is how many requests were taken in all.
func (b *backend) requests() int64 { return b.sum("usage.endpoint.requests") }

// durations is how many observations were taken in all.
func (b *backend) durations() int64 { return b.sum("usage.endpoint.duration") }

func (b *backend) sum(metric string) (n int64) {
	for key, s := range b.streams {
		if strings.Contains(key, metric) {
			n += s.sum
		}
	}
	return n
}

// refuseCalls answers some calls with an error.
func refuseCalls(err error, calls ...int) func(int) error {
	return func(n int) error {
		if slices.Contains(calls, n) {
			return err
		}
		return nil
	}
}
