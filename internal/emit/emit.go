package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Options are what an emitter is made of.
type Options struct {
	// Resource is that of the exported metrics; it is copied.
	Resource pcommon.Resource
	// Writer becomes service.instance.id: whoever adds these numbers up tells
	// the writers apart by it.
	Writer       string
	ScopeName    string
	ScopeVersion string
	Layout       *usage.Layout
	// LayoutSince is when durations began to fall into the layout, in Unix ns.
	LayoutSince int64
}

// Emitter turns rows into cumulative metrics. It is immutable and safe for
// concurrent use.
type Emitter struct {
	options    Options
	sums       []sum
	histograms []histogram
}

// New returns an emitter.
func New(o Options) *Emitter {
	resource := pcommon.NewResource()
	o.Resource.CopyTo(resource)
	resource.Attributes().PutStr("service.instance.id", o.Writer)
	o.Resource = resource
	return &Emitter{options: o, sums: sums(), histograms: histograms()}
}

// Metrics returns the rows as metrics of one point in time, owned by the caller.
func (e *Emitter) Metrics(rows []usage.Row, unixNanos int64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	e.options.Resource.CopyTo(rm.Resource())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(e.options.ScopeName)
	sm.Scope().SetVersion(e.options.ScopeVersion)
	for i := range e.sums {
		e.sums[i].appendTo(sm.Metrics(), rows, pcommon.Timestamp(unixNanos))
	}
	for i := range e.histograms {
		e.appendHistogram(&e.histograms[i], sm.Metrics(), rows, pcommon.Timestamp(unixNanos))
	}
	return md
}

// appendTo appends the metric if any row has a value for it.
func (s *sum) appendTo(metrics pmetric.MetricSlice, rows []usage.Row, at pcommon.Timestamp) {
	var points pmetric.NumberDataPointSlice
	used := false
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != s.kind {
			continue
		}
		for part := range max(len(s.parts), 1) {
			n := s.value(&row.Measures, part)
			if n == 0 {
				continue
			}
			if !used {
				points, used = s.begin(metrics), true
			}
			p := points.AppendEmpty()
			p.SetStartTimestamp(pcommon.Timestamp(row.Start))
			p.SetTimestamp(at)
			p.SetIntValue(n)
			putIdentity(p.Attributes(), row)
			if s.attribute != "" {
				p.Attributes().PutStr(s.attribute, s.parts[part])
			}
		}
	}
}

func (s *sum) begin(metrics pmetric.MetricSlice) pmetric.NumberDataPointSlice {
	m := metrics.AppendEmpty()
	m.SetName(s.name)
	m.SetUnit(s.unit)
	m.SetDescription(s.description)
	data := m.SetEmptySum()
	data.SetIsMonotonic(true)
	data.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return data.DataPoints()
}

// appendHistogram appends the metric if any row has observations for it.
func (e *Emitter) appendHistogram(h *histogram, metrics pmetric.MetricSlice, rows []usage.Row, at pcommon.Timestamp) {
	var m pmetric.Metric
	used := false
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != h.kind {
			continue
		}
		d, nanos := h.value(row)
		if d.Count() == 0 {
			continue
		}
		if !used {
			m, used = e.begin(h, metrics), true
		}
		start := pcommon.Timestamp(max(row.Start, e.options.LayoutSince))
		if e.options.Layout.Explicit() {
			e.explicitPoint(m.Histogram().DataPoints().AppendEmpty(), row, d, nanos, start, at)
		} else {
			exponentialPoint(m.ExponentialHistogram().DataPoints().AppendEmpty(), row, d, nanos, start, at)
		}
	}
}

func (e *Emitter) begin(h *histogram, metrics pmetric.MetricSlice) pmetric.Metric {
	m := metrics.AppendEmpty()
	m.SetName(h.name)
	m.SetUnit("s")
	m.SetDescription(h.description)
	if e.options.Layout.Explicit() {
		m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	} else {
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	return m
}

func (e *Emitter) explicitPoint(p pmetric.HistogramDataPoint, row *usage.Row, d *usage.Distribution, nanos int64, start, at pcommon.Timestamp) {
	p.SetStartTimestamp(start)
	p.SetTimestamp(at)
	p.SetCount(d.Count())
	p.SetSum(seconds(nanos))
	p.ExplicitBounds().FromRaw(e.options.Layout.BoundsSeconds())
	p.BucketCounts().FromRaw(d.Counts)
	putIdentity(p.Attributes(), row)
}

func exponentialPoint(p pmetric.ExponentialHistogramDataPoint, row *usage.Row, d *usage.Distribution, nanos int64, start, at pcommon.Timestamp) {
	p.SetStartTimestamp(start)
	p.SetTimestamp(at)
	p.SetCount(d.Count())
	p.SetSum(seconds(nanos))
	p.SetScale(d.Scale)
	p.SetZeroCount(d.Zero)
	p.Positive().SetOffset(d.Offset)
	p.Positive().BucketCounts().FromRaw(d.Counts)
	putIdentity(p.Attributes(), row)
}

func seconds(nanos int64) float64 { return time.Duration(nanos).Seconds() }

// putIdentity puts the dimensions that apply; a dimension that does not (the
// model of a database) is empty and left out.
func putIdentity(attrs pcommon.Map, row *usage.Row) {
	attrs.EnsureCapacity(len(row.Values) + 1)
	for i, name := range row.Schema.Names {
		if row.Values[i] != "" {
			attrs.PutStr(name, row.Values[i])
		}
	}
}
