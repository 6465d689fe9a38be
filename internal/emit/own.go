package emit

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const ownPrefix = "usage.meter."

// ownMetrics are those of the user's own meters that are being written: of each, by
// its name, the values and the counts. Meters without values have counts only.
type ownMetrics struct {
	metrics pmetric.MetricSlice
	export  export
	values  map[string]pmetric.NumberDataPointSlice
	counts  map[string]pmetric.NumberDataPointSlice
}

// appendOwn appends the metrics of all meters of the user's own. A meter's series
// stand anywhere among the rows; all of them have its unit, because series end when
// it changes.
func (e *Emitter) appendOwn(metrics pmetric.MetricSlice, rows []usage.Row, x export) {
	own := ownMetrics{
		metrics: metrics, export: x,
		values: map[string]pmetric.NumberDataPointSlice{}, counts: map[string]pmetric.NumberDataPointSlice{},
	}
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != usage.Own || row.Schema.Overflow() || row.Hits == 0 {
			continue
		}
		name, unit := row.Values[0], row.Values[1] // as in usage.BaseNames
		ownPoint(own.countsOf(name), row, start(row, usage.FieldHits), x).SetIntValue(row.Hits)
		if row.Value > 0 || row.ValueParts > 0 {
			// The whole and its parts are one number, which has been exported when
			// either of them has.
			since := max(start(row, usage.FieldValue), start(row, usage.FieldValueParts))
			ownPoint(own.valuesOf(name, unit), row, since, x).SetDoubleValue(float64(row.Value) + float64(row.ValueParts)/1e9)
		}
	}
}

func (o *ownMetrics) valuesOf(name, unit string) pmetric.NumberDataPointSlice {
	points, known := o.values[name]
	if !known {
		points = ownValue(name, unit).begin(o.metrics, o.export)
		o.values[name] = points
	}
	return points
}

func (o *ownMetrics) countsOf(name string) pmetric.NumberDataPointSlice {
	points, known := o.counts[name]
	if !known {
		points = ownCount(name).begin(o.metrics, o.export)
		o.counts[name] = points
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

func ownValue(name, unit string) *sum {
	return &sum{name: ownPrefix + name, unit: unit, description: "Sum of the values of the records that met the condition of the meter " + name + "."}
}

func ownCount(name string) *sum {
	return &sum{name: ownPrefix + name + ".count", unit: "{record}", description: "Records that met the condition of the meter " + name + "."}
}
