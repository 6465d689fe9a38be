package emit

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// ownRow is a row of a meter whose dimension has a value.
func ownRow(schemas *usage.Schemas, name, unit, value string, m usage.Measures) usage.Row {
	schema := schemas.Intern(usage.Own, append(usage.BaseNames(usage.Own), "d"))
	return usage.Row{Schema: schema, Values: []string{name, unit, value}, Start: 1, Measures: m}
}

// pointsOf are all points of numbers, as text.
func pointsOf(md pmetric.Metrics) (points []string) {
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		for _, p := range m.Sum().DataPoints().All() {
			value := any(p.IntValue())
			if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
				value = p.DoubleValue()
			}
			points = append(points, fmt.Sprintf("%s %s %v %v from %d", m.Name(), m.Unit(), p.Attributes().AsRaw(), value, p.StartTimestamp()))
		}
	}
	return points
}

func TestOwnMetrics(t *testing.T) {
	var schemas usage.Schemas
	e := New(Options{Resource: pcommon.NewResource(), Layout: usage.ExponentialLayout()})
	overflow := usage.Row{Schema: schemas.Intern(usage.Own, []string{usage.AttrOverflow}), Values: []string{"true"}, Measures: usage.Measures{Hits: 9}}
	window := ownRow(&schemas, "a", "By", "window", usage.Measures{Hits: 1, ValueParts: 1})
	window.Starts = &usage.FieldTimes{}
	window.Starts[usage.FieldHits], window.Starts[usage.FieldValue], window.Starts[usage.FieldValueParts] = 5, 6, 7
	md := e.Metrics([]usage.Row{
		ownRow(&schemas, "a", "By", "x", usage.Measures{Hits: 2, Value: 3, ValueParts: 500_000_000}),
		ownRow(&schemas, "b", "", "x", usage.Measures{Hits: 1}),
		overflow,
		ownRow(&schemas, "c", "s", "x", usage.Measures{Hits: 1, ValueParts: 1_500_000_000}),
		ownRow(&schemas, "a", "By", "y", usage.Measures{Hits: 4}),
		ownRow(&schemas, "a", "By", "nothing", usage.Measures{}),
		window,
	}, 10)
	assert.Equal(t, []string{
		"usage.meter.a.count {record} map[d:x] 2 from 1",
		"usage.meter.a.count {record} map[d:y] 4 from 1",
		"usage.meter.a.count {record} map[d:window] 1 from 5",
		"usage.meter.a By map[d:x] 3.5 from 1",
		"usage.meter.a By map[d:window] 1e-09 from 7",
		"usage.meter.b.count {record} map[d:x] 1 from 1",
		"usage.meter.c.count {record} map[d:x] 1 from 1",
		"usage.meter.c s map[d:x] 1.5 from 1",
	}, pointsOf(md))
}
