package emit

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Budget is how much of a budget is used.
type Budget struct {
	Name, Measure, Period string
	// Used and Amount are in what is measured: requests, tokens or USD.
	Used, Amount float64
	Exceeded     bool
}

// Attributes of a budget.
const (
	attrBudget        = "usage.budget"
	attrBudgetMeasure = "usage.budget.measure"
	attrBudgetPeriod  = "usage.budget.period"
)

// Budgets returns budgets as metrics of one point in time, owned by the caller. They
// are gauges: what is used falls when a period ends.
func (e *Emitter) Budgets(list []Budget, unixNanos int64) pmetric.Metrics {
	md, metrics := e.envelope()
	at := pcommon.Timestamp(unixNanos)
	gauge := func(name, description string, value func(*Budget) float64) {
		m := metrics.AppendEmpty()
		m.SetName(name)
		m.SetUnit("1") // of what is measured: the attribute says what
		m.SetDescription(description)
		points := m.SetEmptyGauge().DataPoints()
		for i := range list {
			p := points.AppendEmpty()
			p.SetTimestamp(at)
			p.SetDoubleValue(value(&list[i]))
			p.Attributes().PutStr(attrBudget, list[i].Name)
			p.Attributes().PutStr(attrBudgetMeasure, list[i].Measure)
			p.Attributes().PutStr(attrBudgetPeriod, list[i].Period)
		}
	}
	gauge("usage.budget.used", "Requests, tokens or USD used in the period that goes on.", func(b *Budget) float64 { return b.Used })
	gauge("usage.budget.amount", "Requests, tokens or USD that may be used in a period.", func(b *Budget) float64 { return b.Amount })
	gauge("usage.budget.exceeded", "1 if what is used has reached the amount.", func(b *Budget) float64 {
		if b.Exceeded {
			return 1
		}
		return 0
	})
	return md
}
