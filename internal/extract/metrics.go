package extract

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Metrics reads the usage in a batch of data points that arrived now.
func (x *Extractor) Metrics(md pmetric.Metrics, now time.Time) *Reading {
	r := x.reading(usage.Metrics, now)
	for _, rm := range md.ResourceMetrics().All() {
		r.enterResource(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			r.enterScope(sm.Scope())
			r.stream.enterScope(r, sm.Scope())
			r.own.resource, r.own.scope = rm, sm
			for _, m := range sm.Metrics().All() {
				r.metric(m)
			}
		}
	}
	r.finish()
	return r
}

// metric meters the points of a metric that one of the dialects knows.
func (r *Reading) metric(m pmetric.Metric) {
	r.own.entered = false
	r.rules = r.x.program.Metrics(r.rules[:0], m.Name(), r.service, r.scopeName)
	if len(r.rules) == 0 {
		r.unrecognized(m)
		return
	}
	r.stream.enter(r, m)
	switch m.Type() {
	case pmetric.MetricTypeSum:
		r.sum(m)
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			r.explicitPoint(p)
			r.data.delta = m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
			r.point(m.Unit())
			r.ownPoint(rule.Point{Metric: m, Histogram: p})
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			r.exponentialPoint(p)
			r.data.delta = m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
			r.point(m.Unit())
			r.ownPoint(rule.Point{Metric: m, Exponential: p})
		}
	default:
		r.unrecognized(m)
	}
}

// sum meters a counter. One that can fall says how much there is, not how much
// was used.
func (r *Reading) sum(m pmetric.Metric) {
	if !m.Sum().IsMonotonic() {
		r.unrecognized(m)
		return
	}
	for _, p := range m.Sum().DataPoints().All() {
		r.numberPoint(p)
		r.data.delta = m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta
		r.point(m.Unit())
		r.ownPoint(rule.Point{Metric: m, Number: p})
	}
}

func (r *Reading) unrecognized(m pmetric.Metric) {
	n := 0
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		n = m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		n = m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		n = m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		n = m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		n = m.Summary().DataPoints().Len()
	case pmetric.MetricTypeEmpty:
	}
	r.Batch.Ledger[usage.UnmeteredUnrecognized] += int64(n)
	r.ownPoints(m)
}

// rule finds the rule for the point being read.
func (r *Reading) rule() *dialect.Metric {
	for _, rule := range r.rules {
		if holds(rule.Where, r.data.attributes) {
			return rule
		}
	}
	return nil
}
