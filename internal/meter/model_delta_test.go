package meter

import (
	"maps"
	"strings"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// modelDeltas are the windows that a backend has got. All of them together have
// what the model had when the last one was cut.
type modelDeltas struct {
	window  int64 // when the newest one ended, Unix ns
	bytes   []byte
	streams map[string]modelPoint // the newest point of each
	sums    map[string]uint64     // of all points of each
}

func newModelDeltas() modelDeltas {
	return modelDeltas{streams: map[string]modelPoint{}, sums: map[string]uint64{}}
}

// modelCut is what there was when a window was cut.
type modelCut struct {
	points map[string]modelPoint
	series map[string]modelSeries
	seq    uint64 // newest commit
	// whole says that nothing could keep the window from having all of it.
	whole bool
}

// noteCut notes what there is if a window was cut just now.
func (r *modelRun) noteCut() {
	number := r.meter.engine.Window().Number
	if _, known := r.cuts[number]; !known && number > 0 {
		r.cuts[number] = modelCut{points: exported(r.model.live), series: maps.Clone(r.model.live.series), seq: r.model.live.seq, whole: !r.broken}
	}
}

// newestCut is what the newest window has of which is known when it was cut.
func (r *modelRun) newestCut() modelCut {
	newest := uint64(0)
	for number := range r.cuts {
		newest = max(newest, number)
	}
	return r.cuts[newest]
}

// loseCuts forgets the windows that a crash has taken: their numbers are free.
func (r *modelRun) loseCuts(newest uint64) {
	for number := range r.cuts {
		if number > newest {
			delete(r.cuts, number)
		}
	}
}

func isDelta(md pmetric.Metrics) bool {
	// How many sessions are active is told last, and of both temporalities.
	switch m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0); m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	default:
		return m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	}
}

// takeWindow adds a window up, or finds that it is the one before it again, to
// the byte. Windows of a stream touch: they neither overlap nor leave gaps [I4].
func (b *modelBackend) takeWindow(md pmetric.Metrics) {
	r := b.run
	bytes, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(r.t, err)
	found, at := flatten(md)
	if at == b.window {
		require.Equal(r.t, b.bytes, bytes, "a window comes again as another one")
		r.saw("window again")
		return
	}
	require.Greater(r.t, at, max(b.at, b.window), "a window is not later than the export before it")
	r.saw("window")
	cut := r.cuts[r.meter.engine.Window().Number]
	for name, point := range found {
		if isActive(name) {
			same(r.t, cut.points[name].value, point.value, name)
			b.streams[name] = point
			continue
		}
		require.Positive(r.t, point.value, name)
		b.requireContinuous(name, point, cut.points[name].start)
		if b.streams[name].at < cut.points[name].start {
			b.sums[name] = 0 // it has begun anew
		}
		b.streams[name] = point
		if !isHistogram(name) {
			b.sums[name] += point.value
		}
	}
	b.window, b.bytes, b.at, r.exportedAt = at, bytes, at, max(r.exportedAt, at)
	b.requireSums(cut)
}

func isHistogram(name string) bool {
	return strings.Contains(name, ".duration ") || strings.Contains(name, ".time_to_first_token ")
}

// requireContinuous requires that a point begins where the one before it ended,
// or a first one with its series. The layout of a histogram may be younger.
func (b *modelBackend) requireContinuous(name string, point modelPoint, series int64) {
	before, ok := b.streams[name]
	switch {
	case isHistogram(name):
		require.GreaterOrEqual(b.run.t, point.start, before.at, "%s overlaps", name)
	case ok && before.at >= series:
		require.Equal(b.run.t, before.at, point.start, "%s has a gap or an overlap", name)
	default:
		require.Equal(b.run.t, series, point.start, "%s does not begin with its series", name)
	}
}

// requireSums requires that all windows together have what there was. Changed
// layouts leave observations behind: histograms are not added up.
func (b *modelBackend) requireSums(cut modelCut) {
	for name, sum := range b.sums {
		if _, ok := cut.points[name]; !ok {
			delete(b.sums, name) // its series has ended, with a window that had all of it
			continue
		}
		if sum > cut.points[name].value {
			require.Fail(b.run.t, "more than was counted", "%s: %d, counted %d", name, sum, cut.points[name].value)
		}
	}
	for name, want := range cut.points {
		switch {
		case !cut.whole || isHistogram(name):
		case isActive(name):
			same(b.run.t, want.value, b.streams[name].value, name)
		default:
			same(b.run.t, want.value, b.sums[name], name)
		}
	}
}
