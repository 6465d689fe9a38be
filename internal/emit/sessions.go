package emit

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// appendActive appends how many sessions are active. It goes up and down, so it is
// what it is in windows, too, and it is told when it is none again.
func appendActive(metrics pmetric.MetricSlice, rows []usage.Row, x export) {
	var points pmetric.NumberDataPointSlice
	used := false
	for i := range rows {
		row := &rows[i]
		if row.Schema.Kind != usage.Sessions || !row.Any() {
			continue
		}
		if !used {
			points, used = beginActive(metrics), true
		}
		p := points.AppendEmpty()
		p.SetStartTimestamp(pcommon.Timestamp(row.Start))
		p.SetTimestamp(x.at)
		p.SetIntValue(active(row))
		putIdentity(p.Attributes(), row)
	}
}

func beginActive(metrics pmetric.MetricSlice) pmetric.NumberDataPointSlice {
	m := metrics.AppendEmpty()
	m.SetName("usage.sessions.active")
	m.SetUnit("{session}")
	m.SetDescription("Sessions that are active.")
	data := m.SetEmptySum()
	data.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return data.DataPoints()
}

// active is how many sessions are open. What a window has opened and closed does
// not tell.
func active(row *usage.Row) int64 {
	if row.Starts != nil {
		return row.Sessions
	}
	return row.Active()
}
