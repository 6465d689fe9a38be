package meter

import (
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
	// whole says that nothing could keep the window from having all of it.
	whole bool
}

// noteCut notes what there is if a window was cut just now.
func (r *modelRun) noteCut() {
	number := r.meter.engine.Window().Number
	if _, known := r.cuts[number]; !known {
		r.cuts[number] = modelCut{points: exported(r.model.live), whole: !r.broken}
	}
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
		require.Positive(r.t, point.value, name)
		b.requireContinuous(name, point, cut.points[name].start)
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
	case ok:
		require.Equal(b.run.t, before.at, point.start, "%s has a gap or an overlap", name)
	default:
		require.Equal(b.run.t, series, point.start, "%s does not begin with its series", name)
	}
}

// requireSums requires that all windows together have what there was. Changed
// layouts leave observations behind: histograms are not added up.
func (b *modelBackend) requireSums(cut modelCut) {
	for name, sum := range b.sums {
		if sum > cut.points[name].value {
			require.Fail(b.run.t, "more than was counted", "%s: %d, counted %d", name, sum, cut.points[name].value)
		}
	}
	for name, want := range cut.points {
		if cut.whole && !isHistogram(name) {
			same(b.run.t, want.value, b.sums[name], name)
		}
	}
}
