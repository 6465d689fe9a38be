package meter

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// said is what the meter says of itself under a name: the point with exactly these
// attributes, given as names and values. Nothing said is 0.
func (b *bench) said(t *testing.T, name string, attributes ...string) int64 {
	t.Helper()
	var wanted []attribute.KeyValue
	for i := 0; i < len(attributes); i += 2 {
		wanted = append(wanted, attribute.String(attributes[i], attributes[i+1]))
	}
	m, err := b.telemetry.GetMetric("otelcol.usage." + name)
	if err != nil {
		return 0
	}
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	default:
		t.Errorf("%s is a %T", name, data)
	}
	set := attribute.NewSet(wanted...)
	for _, p := range points {
		if p.Attributes.Equals(&set) {
			return p.Value
		}
	}
	return 0
}

// times is how often a duration was noted.
func (b *bench) times(t *testing.T, name string) (n uint64) {
	t.Helper()
	m, err := b.telemetry.GetMetric("otelcol.usage." + name)
	if err != nil {
		return 0
	}
	for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
		n += p.Count
	}
	return n
}

func ledgerOf(t *testing.T, b *bench, result, reason, signal string) int64 {
	t.Helper()
	return b.said(t, "records", "result", result, "reason", reason, "signal", signal)
}

// inSession is a request in a session.
func inSession(id string) ptrace.Traces {
	td := request()
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("session.id", id)
	return td
}

// What happens to series and sessions is told, by kind.
func TestTelemetryOfSeriesAndSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write, func(o *Options) {
			o.MaxSeries, o.Retention = 10, time.Hour
			o.Sessions = Sessions{TTL: time.Minute, Max: 2}
		})
		require.NoError(t, b.Traces(t.Context(), routed(0, 15), consumertest.NewNop()))
		assert.Equal(t, int64(11), b.said(t, "series", "kind", "endpoint"), "with the one that the others share")
		assert.Equal(t, int64(11), b.said(t, "series.created", "kind", "endpoint"))
		assert.Equal(t, int64(5), b.said(t, "series.folded", "kind", "endpoint"))
		assert.Equal(t, int64(5), b.said(t, "series.folds", "kind", "endpoint"))
		require.NoError(t, b.Traces(t.Context(), routed(14, 15), consumertest.NewNop()))
		assert.Equal(t, int64(5), b.said(t, "series.folded", "kind", "endpoint"), "one that was seen before")
		assert.Equal(t, int64(6), b.said(t, "series.folds", "kind", "endpoint"))
		assert.Zero(t, b.said(t, "series.expired", "kind", "endpoint"))
		for _, id := range []string{"a", "b", "c"} {
			require.NoError(t, b.Traces(t.Context(), inSession(id), consumertest.NewNop()))
		}
		assert.Equal(t, int64(2), b.said(t, "sessions"))
		assert.Equal(t, int64(1), b.said(t, "sessions.untracked"))
		assert.Equal(t, int64(1), b.said(t, "series.created", "kind", "session"))

		time.Sleep(3 * time.Hour)
		synctest.Wait()
		assert.Zero(t, b.said(t, "sessions"))
		assert.Zero(t, b.said(t, "series", "kind", "endpoint"))
		assert.Equal(t, int64(12), b.said(t, "series.expired", "kind", "endpoint")+b.said(t, "series.expired", "kind", "session"))
		assert.Equal(t, b.said(t, "series.created", "kind", "endpoint"), b.said(t, "series.expired", "kind", "endpoint"))
		require.NoError(t, b.close(t))
	})
}

// A process does not tell of what another one has counted.
func TestTelemetryBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir, Write)
	b.request(t)
	require.NoError(t, b.close(t))
	again := newBench(t, dir, Write)
	again.request(t)
	assert.Equal(t, int64(1), again.said(t, "series", "kind", "endpoint"))
	assert.Zero(t, again.said(t, "series.created", "kind", "endpoint"))
	assert.Equal(t, int64(1), ledgerOf(t, again, "counted", "", "traces"))
	require.NoError(t, again.close(t))
}

// Each commit and each snapshot says how long it took.
func TestTelemetryOfDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		b.request(t)
		b.request(t)
		assert.Equal(t, uint64(2), b.times(t, "commit.duration"))
		assert.Equal(t, uint64(1), b.times(t, "snapshot.duration"), "that of the start")
		b.disk.FailNow(false)
		b.request(t)
		time.Sleep(firstRetry)
		synctest.Wait()
		assert.Equal(t, uint64(3), b.times(t, "commit.duration"))
		assert.Equal(t, uint64(2), b.times(t, "snapshot.duration"), "the cure")
		require.NoError(t, b.close(t))
	})
}

// Exports that follow a failed one are retries.
func TestTelemetryOfRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		b.request(t)
		var refuse atomic.Bool
		refuse.Store(true)
		next, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
			if refuse.Load() {
				return assert.AnError
			}
			return nil
		})
		require.NoError(t, err)
		exit := b.StartExit(nil, next)
		time.Sleep(3*time.Minute + time.Second)
		assert.Equal(t, int64(3), b.said(t, "export.failures"))
		assert.Equal(t, int64(2), b.said(t, "export.retries"))
		refuse.Store(false)
		time.Sleep(5 * time.Minute)
		assert.Equal(t, int64(3), b.said(t, "export.failures"))
		assert.Equal(t, int64(3), b.said(t, "export.retries"))
		require.NoError(t, exit.Stop(context.Background()))
		require.NoError(t, b.close(t))
	})
}
