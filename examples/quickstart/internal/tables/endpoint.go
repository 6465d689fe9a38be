package tables

import "github.com/otelusage/usageprocessor/examples/quickstart/internal/usagepage"

// overflow names the row that collects what is above `limits.max_series`.
const overflow = "(above max_series)"

func endpointColumns() []column[usagepage.Endpoint] {
	type row = usagepage.Endpoint
	columns := []column[row]{
		{"SERVICE", left, func(r row) string { return serviceName(r.Service, r.Overflow) }},
		{"PROTOCOL", left, func(r row) string { return text(r.Protocol) }},
		{"ENDPOINT", left, func(r row) string { return text(r.Endpoint) }},
	}
	columns = append(columns, outcomeColumns(func(r row) map[usagepage.Outcome]float64 { return r.Requests })...)
	return append(columns,
		column[row]{"MEAN", right, func(r row) string { return mean(r.Duration.Mean()) }},
		column[row]{"BYTES IN", right, func(r row) string { return count(r.Bytes.Request) }},
		column[row]{"BYTES OUT", right, func(r row) string { return count(r.Bytes.Response) }},
	)
}

// outcomeColumns are the same for both tables.
func outcomeColumns[Row any](requests func(Row) map[usagepage.Outcome]float64) []column[Row] {
	of := func(title string, outcome usagepage.Outcome) column[Row] {
		return column[Row]{title, right, func(r Row) string { return count(requests(r)[outcome]) }}
	}
	return []column[Row]{
		of("SUCCESS", usagepage.Success),
		of("CLIENT ERR", usagepage.ClientError),
		of("ERROR", usagepage.Error),
		of("THROTTLED", usagepage.Throttled),
		of("CANCELLED", usagepage.Cancelled),
	}
}

func serviceName(name string, overflowed bool) string {
	if overflowed {
		return overflow
	}
	return text(name)
}
