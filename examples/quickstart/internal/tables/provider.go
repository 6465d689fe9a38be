package tables

import "github.com/otelusage/usageprocessor/examples/quickstart/internal/usagepage"

func providerColumns() []column[usagepage.Provider] {
	type row = usagepage.Provider
	columns := []column[row]{
		{"SERVICE", left, func(r row) string { return serviceName(r.Service, r.Overflow) }},
		{"PROVIDER", left, func(r row) string { return text(r.Provider) }},
		{"KIND", left, func(r row) string { return text(r.Kind) }},
		{"MODEL", left, func(r row) string { return text(r.Model) }},
		{"OPERATION", left, func(r row) string { return text(r.Operation) }},
	}
	columns = append(columns, outcomeColumns(func(r row) map[usagepage.Outcome]float64 { return r.Requests })...)
	return append(columns,
		column[row]{"MEAN", right, func(r row) string { return mean(r.Duration.Mean()) }},
		column[row]{"BYTES OUT", right, func(r row) string { return count(r.Bytes.Request) }},
		column[row]{"BYTES IN", right, func(r row) string { return count(r.Bytes.Response) }},
	)
}
