package extract

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// measured is a batch with data points of every kind.
func measured() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	now := time.Now()

	m := list.AppendEmpty()
	m.SetName("http.server.request.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i := range 10 {
		p := h.DataPoints().AppendEmpty()
		_ = p.Attributes().FromRaw(map[string]any{"http.request.method": "GET", "http.route": "/r", "http.response.status_code": 200 + i})
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Minute)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
		p.SetCount(6)
		p.SetSum(3)
		p.ExplicitBounds().FromRaw([]float64{0.1, 1})
		p.BucketCounts().FromRaw([]uint64{1, 2, 3})
	}

	m = list.AppendEmpty()
	m.SetName("claude_code.token.usage")
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for i, kind := range []string{"input", "output", "cacheRead", "cacheCreation"} {
		p := s.DataPoints().AppendEmpty()
		_ = p.Attributes().FromRaw(map[string]any{"type": kind, "model": "claude-sonnet-5"})
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Minute)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
		p.SetIntValue(int64(i + 1))
	}

	m = list.AppendEmpty()
	m.SetName("gen_ai.client.operation.duration")
	e := m.SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := e.DataPoints().AppendEmpty()
	_ = p.Attributes().FromRaw(map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"})
	p.SetTimestamp(pcommon.NewTimestampFromTime(now))
	p.SetCount(4)
	p.SetSum(7)
	p.SetZeroCount(1)
	p.Positive().BucketCounts().FromRaw([]uint64{2, 0, 1})

	m = list.AppendEmpty()
	m.SetName("process.memory.usage")
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	return md
}

func TestEveryDataPointHasAVerdict(t *testing.T) {
	x := newExtractor()
	md := measured()
	r := x.Metrics(md, time.Now())
	assert.Equal(t, int64(md.DataPointCount()), r.Batch.Ledger.Received())
	assert.Equal(t, int64(15), r.Batch.Ledger[usage.Counted])
	assert.Equal(t, int64(1), r.Batch.Ledger[usage.UnmeteredUnrecognized])
	var requests, observed int64
	for _, d := range r.Batch.Seal() {
		requests += d.TotalRequests()
		for _, s := range d.DurationSpread {
			observed += s.Count
		}
	}
	assert.Equal(t, int64(64), requests, "counts of histograms are calls")
	assert.Equal(t, int64(64), observed)
	x.Release(r)
}

// telling is what a point of the durations of calls tells.
type telling struct {
	requests, badSums int64
	spread            []usage.BucketCount
}

func tell(t *testing.T, write func(pmetric.ExponentialHistogramDataPoint)) (told telling) {
	t.Helper()
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	m.SetUnit("s")
	h := m.SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := h.DataPoints().AppendEmpty()
	_ = p.Attributes().FromRaw(map[string]any{"http.request.method": "GET", "http.route": "/r"})
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	write(p)
	r := newExtractor().Metrics(md, time.Now())
	require.Equal(t, int64(1), r.Batch.Ledger[usage.Counted])
	r.BadValues(func(attribute string, n int64) {
		require.Equal(t, "sum", attribute)
		told.badSums = n
	})
	d := r.Batch.Seal()[0]
	told.requests, told.spread = d.TotalRequests(), d.DurationSpread
	return told
}

// There are as many observations as calls, whatever the buckets say: those below zero
// took no time, as spans that end before they start.
func TestEachCallHasAnObservation(t *testing.T) {
	n := func(seconds, count int64) usage.BucketCount {
		return usage.BucketCount{Bucket: usage.ExponentialLayout().Bucket(seconds * 1e9), Count: count}
	}
	const most = math.MaxInt64
	for name, c := range map[string]struct {
		count, zero        uint64
		positive, negative []uint64
		want               []usage.BucketCount
	}{
		"below zero":          {4, 0, []uint64{2, 1}, []uint64{1}, []usage.BucketCount{n(0, 1), n(2, 2), n(4, 1)}},
		"zero and below":      {4, 1, []uint64{2}, []uint64{0, 1}, []usage.BucketCount{n(0, 2), n(2, 2)}},
		"more in buckets":     {4, 0, []uint64{2, 3}, nil, []usage.BucketCount{n(2, 4)}},
		"less in buckets":     {4, 1, []uint64{1, 1}, nil, []usage.BucketCount{n(2, 4)}},
		"no buckets":          {4, 0, nil, nil, []usage.BucketCount{n(2, 4)}},
		"as many as can be":   {most, 0, []uint64{most - 1, 1}, nil, []usage.BucketCount{n(2, most-1), n(4, 1)}},
		"beyond int64":        {3 << 62, 1 << 62, []uint64{1 << 62, 1 << 62}, nil, []usage.BucketCount{n(0, most)}},
		"buckets that wrap":   {4, 4, []uint64{1 << 63, 1 << 63}, nil, []usage.BucketCount{n(2, 4)}},
		"nothing was counted": {0, 1, []uint64{1}, nil, nil},
	} {
		told := tell(t, func(p pmetric.ExponentialHistogramDataPoint) {
			p.SetCount(c.count)
			p.SetSum(8)
			p.SetZeroCount(c.zero)
			p.Positive().BucketCounts().FromRaw(c.positive)
			p.Negative().BucketCounts().FromRaw(c.negative)
		})
		assert.Equal(t, telling{requests: int64(min(c.count, most)), spread: c.want}, told, name)
	}
}

// Calls without a sum that can be one are calls, and have no durations. A sum may be
// left out.
func TestCallsWithoutTimesHaveNoObservations(t *testing.T) {
	for name, c := range map[string]struct {
		set func(pmetric.ExponentialHistogramDataPoint)
		bad int64
	}{
		"left out":   {func(pmetric.ExponentialHistogramDataPoint) {}, 0},
		"no number":  {func(p pmetric.ExponentialHistogramDataPoint) { p.SetSum(math.NaN()) }, 1},
		"below zero": {func(p pmetric.ExponentialHistogramDataPoint) { p.SetSum(-0.1) }, 1},
	} {
		told := tell(t, func(p pmetric.ExponentialHistogramDataPoint) {
			p.SetCount(4)
			p.Positive().BucketCounts().FromRaw([]uint64{4})
			c.set(p)
		})
		assert.Equal(t, telling{requests: 4, badSums: c.bad}, told, name)
	}
}

// A point is the same one in any order of its attributes, and another one at
// another time, of another resource, scope, metric or attribute.
func TestPointKeys_I2(t *testing.T) {
	x := newExtractor()
	key := func(change func(pmetric.ResourceMetrics, pmetric.Metric, pmetric.NumberDataPoint)) uint64 {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("claude_code.token.usage")
		s := m.SetEmptySum()
		s.SetIsMonotonic(true)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := s.DataPoints().AppendEmpty()
		p.Attributes().PutStr("type", "input")
		p.Attributes().PutStr("model", "m")
		p.SetStartTimestamp(1e18)
		p.SetTimestamp(1e18 + 1)
		p.SetIntValue(1)
		change(rm, m, p)
		r := x.Metrics(md, time.Unix(1e9, 0))
		defer x.Release(r)
		require.Equal(t, int64(1), r.Batch.Ledger[usage.Counted])
		return r.Batch.Marks.Keys[0]
	}
	same := key(func(pmetric.ResourceMetrics, pmetric.Metric, pmetric.NumberDataPoint) {})
	assert.NotZero(t, same)
	assert.Equal(t, same, key(func(_ pmetric.ResourceMetrics, _ pmetric.Metric, p pmetric.NumberDataPoint) {
		p.Attributes().Clear()
		p.Attributes().PutStr("model", "m")
		p.Attributes().PutStr("type", "input")
	}), "order means nothing")
	for name, change := range map[string]func(pmetric.ResourceMetrics, pmetric.Metric, pmetric.NumberDataPoint){
		"start": func(_ pmetric.ResourceMetrics, _ pmetric.Metric, p pmetric.NumberDataPoint) { p.SetStartTimestamp(1) },
		"time":  func(_ pmetric.ResourceMetrics, _ pmetric.Metric, p pmetric.NumberDataPoint) { p.SetTimestamp(2e18) },
		"attribute": func(_ pmetric.ResourceMetrics, _ pmetric.Metric, p pmetric.NumberDataPoint) {
			p.Attributes().PutStr("x", "")
		},
		"metric": func(_ pmetric.ResourceMetrics, m pmetric.Metric, _ pmetric.NumberDataPoint) {
			m.SetName("x.token.usage")
		},
		"resource": func(rm pmetric.ResourceMetrics, _ pmetric.Metric, _ pmetric.NumberDataPoint) {
			rm.Resource().Attributes().PutStr("service.instance.id", "2")
		},
		"scope": func(rm pmetric.ResourceMetrics, _ pmetric.Metric, _ pmetric.NumberDataPoint) {
			rm.ScopeMetrics().At(0).Scope().SetName("s")
		},
	} {
		assert.NotEqual(t, same, key(change), name)
	}
}

// FuzzMetrics feeds anything that decodes as OTLP.
func FuzzMetrics(f *testing.F) {
	seed, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(measured())
	require.NoError(f, err)
	f.Add(seed)
	x := newExtractor("tenant.id", "http.route")
	f.Fuzz(func(t *testing.T, data []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
		if err != nil {
			return
		}
		r := x.Metrics(md, time.Unix(1e9, 0))
		requireSoundBatch(t, r, int64(md.DataPointCount()))
		x.Release(r)
	})
}
