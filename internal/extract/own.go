package extract

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Meter is a meter of the user's own: it counts every record of a signal that meets
// its condition, whatever the record is besides.
type Meter struct {
	Name, Unit string
	Signal     usage.Signal
	Condition  rule.Condition
	Value      rule.Value // nil: records are counted only
	Dimensions []Dimension
}

// ownMeter is a Meter as it is used for every record.
type ownMeter struct {
	Meter
	number int
	// key is the beginning of the series' keys: all but the dimensions. The
	// configuration bounds it, not the limit of values that come from strangers.
	key []byte
	// metric is what bad values are reported under.
	metric string
}

// ownMeters are the meters by signal.
type ownMeters [usage.Signals][]ownMeter

func newOwnMeters(schemas *usage.Schemas, meters []Meter) (own ownMeters) {
	for i, m := range meters {
		schema := schemas.Intern(usage.Own, append(usage.BaseNames(usage.Own), namesOf(m.Dimensions)...))
		var key usage.KeyBuilder
		key.Set(schema, []string{m.Name, m.Unit})
		own[m.Signal] = append(own[m.Signal], ownMeter{Meter: m, number: i, key: key.Bytes(), metric: "usage.meter." + m.Name})
	}
	return own
}

// own is what the meters need while a batch is read.
type own struct {
	span  rule.Span
	log   rule.Log
	point rule.Point
	// resource and scope are those of the data points being read.
	resource pmetric.ResourceMetrics
	scope    pmetric.ScopeMetrics
	entered  bool // whether the stream is that of the metric being read
	// records is how many there were before the record being read, and skipped why
	// that is not among them if it is not.
	records int
	skipped usage.Verdict
	// rejected are the records that a meter could not tell of, by its number.
	rejected []int64
}

// leave lets go of the telemetry.
func (o *own) leave() { *o = own{rejected: o.rejected} }

// Rejected calls f with every meter that could not tell of records whether they
// meet its condition, or what their value is.
func (r *Reading) Rejected(f func(meter string, n int64)) {
	for _, list := range r.x.own {
		for i := range list {
			if n := r.own.rejected[list[i].number]; n > 0 {
				f(list[i].Name, n)
			}
		}
	}
}

// ownSpan asks the meters about the span that was read last.
func (r *Reading) ownSpan(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
	if len(r.x.own[usage.Traces]) > 0 {
		r.own.span = rule.Span{Resource: rs, Scope: ss, Span: s}
		r.ask(usage.Traces, &r.own.span, s.EndTimestamp())
	}
}

// ownLog asks the meters about the log record that was read last.
func (r *Reading) ownLog(rl plog.ResourceLogs, sl plog.ScopeLogs, l plog.LogRecord) {
	if len(r.x.own[usage.Logs]) > 0 {
		r.own.log = rule.Log{Resource: rl, Scope: sl, Record: l}
		at := l.Timestamp()
		if at == 0 {
			at = l.ObservedTimestamp()
		}
		r.ask(usage.Logs, &r.own.log, at)
	}
}

// ownPoint asks the meters about the data point that was read last. One that says
// that there is no value is none.
func (r *Reading) ownPoint(p rule.Point) {
	if len(r.x.own[usage.Metrics]) > 0 && !r.data.flags.NoRecordedValue() {
		r.own.point = p
		r.own.point.Resource, r.own.point.Scope = r.own.resource, r.own.scope
		r.ask(usage.Metrics, &r.own.point, r.data.at)
	}
}

// ownPoints asks the meters about all points of a metric, which no dialect knows.
func (r *Reading) ownPoints(m pmetric.Metric) {
	if len(r.x.own[usage.Metrics]) == 0 {
		return
	}
	r.own.skipped = usage.UnmeteredUnrecognized
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		r.ownNumbers(m, m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		r.ownNumbers(m, m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.Flags())
			r.ownPoint(rule.Point{Metric: m, Histogram: p})
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.Flags())
			r.ownPoint(rule.Point{Metric: m, Exponential: p})
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.Flags())
			r.ownPoint(rule.Point{Metric: m, Summary: p})
		}
	case pmetric.MetricTypeEmpty:
	}
}

func (r *Reading) ownNumbers(m pmetric.Metric, points pmetric.NumberDataPointSlice) {
	for _, p := range points.All() {
		r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.Flags())
		r.ownPoint(rule.Point{Metric: m, Number: p})
	}
}

// locate is what of a data point tells it apart from others.
func (r *Reading) locate(attributes pcommon.Map, start, at pcommon.Timestamp, flags pmetric.DataPointFlags) {
	r.data = dataPoint{attributes: attributes, start: start, at: at, flags: flags, buckets: r.data.buckets[:0]}
}

// ask counts the record that was read last for every meter whose condition it meets,
// at a time.
func (r *Reading) ask(signal usage.Signal, rec rule.Record, at pcommon.Timestamp) {
	record := -1
	for i := range r.x.own[signal] {
		m := &r.x.own[signal][i]
		n, met := r.measure(m, rec)
		if !met {
			continue
		}
		r.ownKey(m, rec)
		if record < 0 {
			record = r.ownRecord(rec)
		}
		group, _ := r.Batch.Group(r.key.Bytes(), r.ownHour(at), 0)
		r.Batch.Hit(record, group, n.Whole, n.Parts)
		if signal == usage.Traces {
			r.fingerprintHit(record, n)
		}
	}
	rec.Close()
	r.own.records, r.hours.told = r.Batch.Records(), false
}

// measure says whether a record meets a meter's condition, and what it adds.
func (r *Reading) measure(m *ownMeter, rec rule.Record) (n rule.Number, met bool) {
	met, err := m.Condition(rec)
	if met && err == nil && m.Value != nil {
		ok := false
		if n, ok, err = m.Value(rec); err == nil && !ok {
			r.values.spoil(m.metric)
		}
	}
	if err != nil {
		r.own.rejected[m.number]++
		return n, false
	}
	return n, met
}
