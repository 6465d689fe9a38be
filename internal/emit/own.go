package emit

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const ownPrefix = "usage.meter."

// ownMetric is a meter of the user's own, which is named by its series.
type ownMetric struct{ name, unit string }

// ownMetrics are those that are being written: the values of each meter, and the
// counts by the names of meters. Meters without values have counts only.
type ownMetrics struct {
	metrics pmetric.MetricSlice
	export  export
	values  map[ownMetric]pmetric.NumberDataPointSlice
	counts  map[string]pmetric.NumberDataPointSlice
}

// appendOwn appends the metrics of all meters of the user's own. A meter's series
// stand anywhere among the rows.
//
// All counts have one unit. Those of a meter that had values of another unit before
// a restart have that as an attribute: two points must not have one identity.
func (e *Emitter) appendOwn(metrics pmetric.MetricSlice, rows []usage.Row, x export) {
	own := ownMetrics{metrics: metrics, export: x}
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != usage.Own || row.Schema.Overflow() || row.Hits == 0 {
			continue
		}
		of := ownMetric{row.Values[0], row.Values[1]} // as in usage.BaseNames
		count := ownPoint(own.countsOf(of), row, start(row, usage.FieldHits), x)
		count.SetIntValue(row.Hits)
		if unit, ok := e.options.Units[of.name]; ok && unit != of.unit {
			count.Attributes().PutStr(usage.AttrUnit, of.unit)
		}
		if row.Value > 0 || row.ValueParts > 0 {
			// The whole and its parts are one number, which has been exported when
			// either of them has.
			since := max(start(row, usage.FieldValue), start(row, usage.FieldValueParts))
			ownPoint(own.valuesOf(of), row, since, x).SetDoubleValue(float64(row.Value) + float64(row.ValueParts)/1e9)
		}
	}
}

func (o *ownMetrics) valuesOf(of ownMetric) pmetric.NumberDataPointSlice {
	points, known := o.values[of]
	if !known {
		if o.values == nil {
			o.values = map[ownMetric]pmetric.NumberDataPointSlice{}
		}
		points = of.value().begin(o.metrics, o.export)
		o.values[of] = points
	}
	return points
}

func (o *ownMetrics) countsOf(of ownMetric) pmetric.NumberDataPointSlice {
	points, known := o.counts[of.name]
	if !known {
		if o.counts == nil {
			o.counts = map[string]pmetric.NumberDataPointSlice{}
		}
		points = of.count().begin(o.metrics, o.export)
		o.counts[of.name] = points
	}
	return points
}

func ownPoint(points pmetric.NumberDataPointSlice, row *usage.Row, since pcommon.Timestamp, x export) pmetric.NumberDataPoint {
	p := points.AppendEmpty()
	p.SetStartTimestamp(since)
	p.SetTimestamp(x.at)
	attrs := p.Attributes()
	attrs.EnsureCapacity(len(row.Values) - row.Schema.Base)
	for i, name := range row.Schema.Names[row.Schema.Base:] {
		attrs.PutStr(name, row.Values[row.Schema.Base+i])
	}
	return p
}

func (m ownMetric) value() *sum {
	return &sum{name: ownPrefix + m.name, unit: m.unit, description: "Sum of the values of the records that met the condition of the meter " + m.name + "."}
}

func (m ownMetric) count() *sum {
	return &sum{name: ownPrefix + m.name + ".count", unit: "{record}", description: "Records that met the condition of the meter " + m.name + "."}
}
