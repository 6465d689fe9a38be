package e2e

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// point is one exported number. Series are named as on a Prometheus page, so
// that both ways out can be compared with the same expectation.
type point struct {
	series      string
	writer      string
	start, time uint64
	value       int64 // sums of seconds in nanoseconds
}

// tally is a value for each series.
type tally map[string]int64

// merge adds another tally.
func (t tally) merge(other tally) {
	for name, n := range other {
		t[name] += n
	}
}

// total adds up everything, which says whether there is more or less of it.
func total(t tally) (all int64) {
	for _, n := range t {
		all += n
	}
	return all
}

// series names a series: `name{label="value",...}`, labels in order.
func series(name string, labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, fmt.Sprintf("%s=%q", strings.ReplaceAll(label, ".", "_"), labels[label]))
	}
	return name + "{" + strings.Join(parts, ",") + "}"
}

// pageName is what a metric is called on a Prometheus page, by the rules of the
// Prometheus compatibility specification. Metrics that do not exist keep their
// name, and so are not what any test expects.
func pageName(metric string) string {
	switch metric {
	case "usage.endpoint.requests", "usage.provider.requests", "usage.provider.tokens":
		return strings.ReplaceAll(metric, ".", "_") + "_total"
	case "usage.endpoint.request.size", "usage.endpoint.response.size", "usage.provider.request.size", "usage.provider.response.size":
		return strings.ReplaceAll(metric, ".", "_") + "_bytes_total"
	case "usage.endpoint.duration", "usage.provider.duration", "usage.provider.time_to_first_token":
		return strings.ReplaceAll(metric, ".", "_") + "_seconds"
	default:
		return metric
	}
}

// pointsOf are the monotonic numbers of an export in one temporality. Others are
// nothing that this component exports.
func pointsOf(md pmetric.Metrics, in pmetric.AggregationTemporality) (points []point) {
	for _, rm := range md.ResourceMetrics().All() {
		writer, _ := rm.Resource().Attributes().Get("service.instance.id")
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				points = append(points, pointsOfMetric(m, in, writer.AsString())...)
			}
		}
	}
	return points
}

func pointsOfMetric(m pmetric.Metric, in pmetric.AggregationTemporality, writer string) (points []point) {
	add := func(suffix string, attrs pcommon.Map, start, at pcommon.Timestamp, value int64) {
		labels := map[string]string{}
		for name, v := range attrs.All() {
			labels[name] = v.AsString()
		}
		points = append(points, point{series(pageName(m.Name())+suffix, labels), writer, uint64(start), uint64(at), value})
	}
	switch {
	case m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic() && m.Sum().AggregationTemporality() == in:
		for _, p := range m.Sum().DataPoints().All() {
			add("", p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.IntValue())
		}
	case m.Type() == pmetric.MetricTypeExponentialHistogram && m.ExponentialHistogram().AggregationTemporality() == in:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			add("_count", p.Attributes(), p.StartTimestamp(), p.Timestamp(), int64(p.Count()))
			add("_sum", p.Attributes(), p.StartTimestamp(), p.Timestamp(), nanoseconds(p.Sum()))
		}
	case m.Type() == pmetric.MetricTypeHistogram && m.Histogram().AggregationTemporality() == in:
		for _, p := range m.Histogram().DataPoints().All() {
			add("_count", p.Attributes(), p.StartTimestamp(), p.Timestamp(), int64(p.Count()))
			add("_sum", p.Attributes(), p.StartTimestamp(), p.Timestamp(), nanoseconds(p.Sum()))
		}
	}
	return points
}

func nanoseconds(seconds float64) int64 {
	return int64(math.Round(seconds * float64(time.Second)))
}

// equal fails the test unless both are the same, series by series.
func equal(t *testing.T, what string, got, want tally) {
	t.Helper()
	var wrong []string
	for _, series := range slices.Sorted(maps.Keys(want)) {
		if got[series] != want[series] {
			wrong = append(wrong, fmt.Sprintf("%s is %d, want %d", series, got[series], want[series]))
		}
	}
	for _, series := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[series]; !ok {
			wrong = append(wrong, fmt.Sprintf("unexpected %s = %d", series, got[series]))
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%s: %d series are wrong:\n%s", what, len(wrong), strings.Join(wrong[:min(len(wrong), 8)], "\n"))
	}
}
