package meter

import (
	"context"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// said is what the meter says of itself under a name: the point with exactly these
// attributes, given as names and values, and the component's ID. Nothing said is 0.
func (b *bench) said(t *testing.T, name string, attributes ...string) int64 {
	t.Helper()
	wanted := []attribute.KeyValue{attribute.String(processorKey, "usage")}
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

// declared are the attributes of each metric, as metadata.yaml has them.
func declared(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../metadata.yaml")
	require.NoError(t, err)
	var described struct {
		Telemetry struct {
			Metrics map[string]struct {
				Prefix     string
				Attributes []string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &described))
	attributes := map[string][]string{}
	for name, m := range described.Telemetry.Metrics {
		attributes[m.Prefix+name] = m.Attributes
	}
	return attributes
}

// setsOf are the attributes of every point of a metric.
func setsOf(t *testing.T, data metricdata.Aggregation) (sets []attribute.Set) {
	t.Helper()
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			sets = append(sets, p.Attributes)
		}
	default:
		t.Errorf("points of a %T", data)
	}
	return sets
}

// Every point of every metric has the attributes that metadata.yaml declares, and
// says whose it is.
func TestTelemetrySaysWhose_B_F5(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	for _, id := range []string{"usage/a", "usage/b"} {
		m := tellAll(t, telemetry, id)
		t.Cleanup(func() { require.NoError(t, m.Close()) })
	}
	var collected metricdata.ResourceMetrics
	require.NoError(t, telemetry.Reader.Collect(t.Context(), &collected))
	require.Len(t, collected.ScopeMetrics, 1)
	attributes := declared(t)
	for _, m := range collected.ScopeMetrics[0].Metrics {
		ids := map[string]bool{}
		for _, set := range setsOf(t, m.Data) {
			var keys []string
			for _, a := range set.ToSlice() {
				keys = append(keys, string(a.Key))
			}
			assert.Equal(t, attributes[m.Name], keys, m.Name)
			id, _ := set.Value(processorKey)
			ids[id.AsString()] = true
		}
		assert.Equal(t, map[string]bool{"usage/a": true, "usage/b": true}, ids, m.Name)
		delete(attributes, m.Name)
	}
	assert.Empty(t, slices.Sorted(maps.Keys(attributes)), "were not told")
}

// tellAll opens a meter that has something to tell under every name.
func tellAll(t *testing.T, telemetry *componenttest.Telemetry, id string) *Meter {
	t.Helper()
	disk, err := filestest.NewMemory().Mount()
	require.NoError(t, err)
	o := options(Write, disk)
	o.MaxSeries, o.Retention, o.Sessions, o.Prices = 10, time.Hour, Sessions{TTL: time.Minute, Max: 2}, &Prices{}
	o.Meters = func() ([]extract.Meter, error) {
		never := func(rule.Record) (bool, error) { return false, assert.AnError }
		return []extract.Meter{{Name: "own", Unit: "1", Signal: usage.Traces, Condition: never}}, nil
	}
	set := settings(telemetry, zap.NewNop())
	require.NoError(t, set.ID.UnmarshalText([]byte(id)))
	m, err := Open(set, o)
	require.NoError(t, err)
	td := routed(0, 15)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("http.response.body.size", "many")
	require.NoError(t, m.Traces(t.Context(), td, consumertest.NewNop()))

	odd := m.extractor.Traces(td, now())
	odd.Inconsistent, odd.Assumed, odd.Late = 1, 1, 1
	tell := m.telemetry
	tell.read(odd)
	m.extractor.Release(odd)
	m.observed.Expired(usage.Endpoint)
	tell.refused(usage.Traces, 1)
	tell.recovered(damage{tornBytes: 1, files: 1, series: true, identity: true})
	tell.flushed(time.Second)
	tell.flushFailed()
	tell.historyFailed()
	tell.snapshotTaken(time.Second)
	tell.exportRejected(1)
	tell.exportRetried()
	tell.exportFailed()
	tell.pricesFailed()
	return m
}

// What is told of each batch allocates nothing.
func TestTelemetryOfBatchesDoesNotAllocate(t *testing.T) {
	b := newBench(t, t.TempDir(), Write)
	tell := b.Meter.telemetry
	odd := b.extractor.Traces(ptrace.NewTraces(), now())
	odd.Inconsistent, odd.Assumed = 1, 1
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		tell.read(odd)
		tell.committed(time.Second)
	}))
	b.extractor.Release(odd)
	require.NoError(t, b.close(t))
}
