package usageprocessor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// selfPoint is a number that the processor tells about itself.
type selfPoint struct {
	metric     string // without otelcol.usage.
	attributes []string
	value      int64
}

// readSelf reads the sums that are not zero. The sizes of files and how long
// they took to write are nothing that a case is about.
func readSelf(telemetry *componenttest.Telemetry) (found []selfPoint, err error) {
	var rm metricdata.ResourceMetrics
	if err := telemetry.Reader.Collect(context.Background(), &rm); err != nil {
		return nil, err
	}
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				continue
			}
			for _, p := range sum.DataPoints {
				if p.Value != 0 {
					found = append(found, newSelfPoint(m.Name, p))
				}
			}
		}
	}
	return found, nil
}

// newSelfPoint leaves out whose it is, which every point says.
func newSelfPoint(name string, p metricdata.DataPoint[int64]) selfPoint {
	s := selfPoint{metric: strings.TrimPrefix(name, "otelcol.usage."), value: p.Value}
	for _, a := range p.Attributes.ToSlice() {
		if value := a.Value.AsString(); value != "" && a.Key != "processor" {
			s.attributes = append(s.attributes, string(a.Key)+"="+value)
		}
	}
	return s
}

func selfText(found []selfPoint) string {
	lines := make([]string, 0, len(found))
	for _, p := range found {
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s{%s}", p.metric, strings.Join(p.attributes, " ")), "{}")+fmt.Sprintf(" %d", p.value))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// selfTotal adds up the points of a metric that have all of these attributes.
func selfTotal(found []selfPoint, metric string, attributes ...string) (n int64) {
	for _, p := range found {
		missing := func(a string) bool { return !slices.Contains(p.attributes, a) }
		if p.metric == metric && !slices.ContainsFunc(attributes, missing) {
			n += p.value
		}
	}
	return n
}
