package extract

import (
	"encoding/binary"

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

// Units are those of the meters' values, by the names of the meters.
func (x *Extractor) Units() map[string]string {
	units := map[string]string{}
	for _, list := range x.own {
		for i := range list {
			units[list[i].Name] = list[i].Unit
		}
	}
	return units
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

// ownPoint asks the meters about the data point that was read last.
func (r *Reading) ownPoint(p rule.Point) {
	if len(r.x.own[usage.Metrics]) > 0 {
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
			r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp())
			r.ownPoint(rule.Point{Metric: m, Histogram: p})
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp())
			r.ownPoint(rule.Point{Metric: m, Exponential: p})
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp())
			r.ownPoint(rule.Point{Metric: m, Summary: p})
		}
	case pmetric.MetricTypeEmpty:
	}
}

func (r *Reading) ownNumbers(m pmetric.Metric, points pmetric.NumberDataPointSlice) {
	for _, p := range points.All() {
		r.locate(p.Attributes(), p.StartTimestamp(), p.Timestamp())
		r.ownPoint(rule.Point{Metric: m, Number: p})
	}
}

// locate is what of a data point tells it apart from others.
func (r *Reading) locate(attributes pcommon.Map, start, at pcommon.Timestamp) {
	r.data = dataPoint{attributes: attributes, start: start, at: at, buckets: r.data.buckets[:0]}
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
		group, _ := r.Batch.Group(r.key.Bytes(), r.hours.of(at), 0)
		r.Batch.Hit(record, group, n.Whole, n.Parts)
	}
	rec.Close()
	r.own.records = r.Batch.Records()
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

// ownKey writes the identity of a meter's series.
func (r *Reading) ownKey(m *ownMeter, rec rule.Record) {
	r.key.Resume(m.key)
	for i := range m.Dimensions {
		d := &m.Dimensions[i]
		value, ok := r.ownDimension(d.Name, rec)
		r.dimension(d, value, ok)
	}
}

// ownDimension looks an attribute up on the record, its scope and its resource.
func (r *Reading) ownDimension(name string, rec rule.Record) (value pcommon.Value, ok bool) {
	if value, ok = rec.Attributes().Get(name); ok {
		return value, ok
	}
	if l, is := rec.(*rule.Log); is && l.Record.Body().Type() == pcommon.ValueTypeMap {
		if value, ok = l.Record.Body().Map().Get(name); ok {
			return value, ok
		}
	}
	if value, ok = r.scope.Get(name); ok {
		return value, ok
	}
	return r.resource.Get(name)
}

// ownRecord returns the number of the record that was read last, which is not in
// the batch yet if it is nothing else than what a meter counts.
func (r *Reading) ownRecord(rec rule.Record) int {
	last := r.Batch.Records() - 1
	known := last >= r.own.records
	switch rec := rec.(type) {
	case *rule.Span:
		if !known {
			return r.Batch.AddUnmetered(r.own.skipped, r.spanKey(rec.Span, &usage.Record{}))
		}
	case *rule.Log:
		if !known {
			return r.Batch.AddUnmetered(r.own.skipped, r.lineKey(rec.Record))
		}
	case *rule.Point:
		if !known {
			return r.Batch.AddUnmetered(r.own.skipped, r.pointKey(rec.Metric))
		}
		// A point of a cumulative stream is told from the one before it, by what it
		// adds. Here it counts as a point.
		r.Batch.Marks.Supply(last, r.pointKey(rec.Metric))
	}
	return last
}

// lineKey is the dedup key of a log record that no dialect knows. An ID that its
// writer gave it may be that of a request, about which there are several lines: they
// are told apart by what they say, and when.
func (r *Reading) lineKey(l plog.LogRecord) uint64 {
	if !r.x.dedup.Enabled {
		return 0
	}
	trace, span := l.TraceID(), l.SpanID()
	observed, id := l.ObservedTimestamp(), ""
	for _, name := range r.x.dedup.LogAttributes {
		if id = stated(fieldOf(l, name)); id != "" {
			observed = 0 // whoever reads the line again observes it later
			break
		}
	}
	if id == "" && l.Timestamp() == 0 && observed == 0 && (trace.IsEmpty() || span.IsEmpty()) {
		return 0
	}
	content := r.contentHash(l)
	p := append(append(append(append(r.claim[:0], hashedLine), id...), trace[:]...), span[:]...)
	p = binary.LittleEndian.AppendUint64(p, uint64(l.Timestamp()))
	p = binary.LittleEndian.AppendUint64(p, uint64(observed))
	r.claim = binary.LittleEndian.AppendUint64(p, content)
	return present(r.hash.sum(r.claim))
}

// pointKey is the dedup key of the data point that was read last, whatever its
// temporality: what it has, counts once.
func (r *Reading) pointKey(m pmetric.Metric) uint64 {
	if !r.x.dedup.Enabled || r.data.at == 0 {
		return 0
	}
	if !r.own.entered {
		r.stream.enter(r, m)
		r.own.entered = true
	}
	attributes := r.hashMap(r.data.attributes)
	c := &r.content
	c.begin(hashedStream)
	c.number(r.stream.metric)
	c.number(attributes)
	c.number(uint64(r.data.start))
	c.number(uint64(r.data.at))
	return present(c.sum())
}
