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

// Emitter turns rows into metrics. It is immutable and safe for concurrent use.
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

// Metrics returns rows as cumulative metrics of one point in time, owned by the
// caller.
func (e *Emitter) Metrics(rows []usage.Row, unixNanos int64) pmetric.Metrics {
	return e.metrics(rows, export{pmetric.AggregationTemporalityCumulative, pcommon.Timestamp(unixNanos)})
}

// Deltas is Metrics for changes.
func (e *Emitter) Deltas(changes []usage.Row, unixNanos int64) pmetric.Metrics {
	return e.metrics(changes, export{pmetric.AggregationTemporalityDelta, pcommon.Timestamp(unixNanos)})
}

// export is what all points of an export have in common.
type export struct {
	temporality pmetric.AggregationTemporality
	at          pcommon.Timestamp
}

func (e *Emitter) metrics(rows []usage.Row, x export) pmetric.Metrics {
	md, metrics := e.envelope()
	for i := range e.sums {
		e.sums[i].appendTo(metrics, rows, x)
	}
	appendActive(metrics, rows, x)
	e.appendOwn(metrics, rows, x)
	for i := range e.histograms {
		e.appendHistogram(&e.histograms[i], metrics, rows, x)
	}
	return md
}

// envelope returns metrics of the resource and the scope, empty.
func (e *Emitter) envelope() (pmetric.Metrics, pmetric.MetricSlice) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	e.options.Resource.CopyTo(rm.Resource())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(e.options.ScopeName)
	sm.Scope().SetVersion(e.options.ScopeVersion)
	return md, sm.Metrics()
}

// appendTo appends the metric if any row has a value for it.
func (s *sum) appendTo(metrics pmetric.MetricSlice, rows []usage.Row, x export) {
	var points pmetric.NumberDataPointSlice
	used := false
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != s.kind {
			continue
		}
		fields := row.Fields()
		for part := range max(len(s.parts), 1) {
			field := s.field + usage.Field(part)
			n := *fields[field]
			if n == 0 {
				continue
			}
			if !used {
				points, used = s.begin(metrics, x), true
			}
			p := points.AppendEmpty()
			p.SetStartTimestamp(start(row, field))
			p.SetTimestamp(x.at)
			s.set(p, n)
			putIdentity(p.Attributes(), row)
			if s.attribute != "" {
				p.Attributes().PutStr(s.attribute, s.parts[part])
			}
		}
	}
}

func (s *sum) set(p pmetric.NumberDataPoint, n int64) {
	if s.nanos {
		p.SetDoubleValue(float64(n) / 1e9)
		return
	}
	p.SetIntValue(n)
}

func (s *sum) begin(metrics pmetric.MetricSlice, x export) pmetric.NumberDataPointSlice {
	m := metrics.AppendEmpty()
	m.SetName(s.name)
	m.SetUnit(s.unit)
	m.SetDescription(s.description)
	data := m.SetEmptySum()
	data.SetIsMonotonic(true)
	data.SetAggregationTemporality(x.temporality)
	return data.DataPoints()
}

// appendHistogram appends the metric if any row has observations for it.
func (e *Emitter) appendHistogram(h *histogram, metrics pmetric.MetricSlice, rows []usage.Row, x export) {
	var m pmetric.Metric
	used := false
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != h.kind {
			continue
		}
		d := h.value(row)
		if d.Count() == 0 {
			continue
		}
		if !used {
			m, used = e.begin(h, metrics, x), true
		}
		since := max(start(row, h.field), pcommon.Timestamp(e.options.LayoutSince))
		if e.options.Layout.Explicit() {
			e.explicitPoint(m.Histogram().DataPoints().AppendEmpty(), row, h, since, x.at)
		} else {
			exponentialPoint(m.ExponentialHistogram().DataPoints().AppendEmpty(), row, h, since, x.at)
		}
	}
}

func (e *Emitter) begin(h *histogram, metrics pmetric.MetricSlice, x export) pmetric.Metric {
	m := metrics.AppendEmpty()
	m.SetName(h.name)
	m.SetUnit("s")
	m.SetDescription(h.description)
	if e.options.Layout.Explicit() {
		m.SetEmptyHistogram().SetAggregationTemporality(x.temporality)
	} else {
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(x.temporality)
	}
	return m
}

func (e *Emitter) explicitPoint(p pmetric.HistogramDataPoint, row *usage.Row, h *histogram, since, at pcommon.Timestamp) {
	d := h.value(row)
	p.SetStartTimestamp(since)
	p.SetTimestamp(at)
	p.SetCount(d.Count())
	p.SetSum(h.sum(row))
	p.ExplicitBounds().FromRaw(e.options.Layout.BoundsSeconds())
	p.BucketCounts().FromRaw(d.Counts)
	putIdentity(p.Attributes(), row)
}

func exponentialPoint(p pmetric.ExponentialHistogramDataPoint, row *usage.Row, h *histogram, since, at pcommon.Timestamp) {
	d := h.value(row)
	p.SetStartTimestamp(since)
	p.SetTimestamp(at)
	p.SetCount(d.Count())
	p.SetSum(h.sum(row))
	p.SetScale(d.Scale)
	p.SetZeroCount(d.Zero)
	p.Positive().SetOffset(d.Offset)
	p.Positive().BucketCounts().FromRaw(d.Counts)
	putIdentity(p.Attributes(), row)
}

// sum is the histogram's sum in seconds.
func (h *histogram) sum(row *usage.Row) float64 {
	return time.Duration(*row.Fields()[h.field]).Seconds()
}

// start is when the stretch of time begins that a row's field is about.
func start(row *usage.Row, field usage.Field) pcommon.Timestamp {
	if row.Starts != nil {
		return pcommon.Timestamp(row.Starts[field])
	}
	return pcommon.Timestamp(row.Start)
}

// putIdentity puts the dimensions that apply; a dimension that does not (the
// model of a database) is empty and left out.
func putIdentity(attrs pcommon.Map, row *usage.Row) {
	if row.Schema.Overflow() {
		attrs.PutBool(usage.AttrOverflow, true) // as SDKs have it
		return
	}
	attrs.EnsureCapacity(len(row.Values) + 1)
	for i, name := range row.Schema.Names {
		if row.Values[i] != "" {
			attrs.PutStr(name, row.Values[i])
		}
	}
}
