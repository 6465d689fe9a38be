package extract

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

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
// are told apart by what they say, when and where.
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
	return r.beginPoint().at(&r.data)
}
