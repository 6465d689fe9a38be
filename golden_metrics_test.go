package usageprocessor

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// metricsText is a resource in the section `metrics`, which is a list of them.
type metricsText struct {
	originText `yaml:",inline"`
	Metrics    []metricText `yaml:"metrics"`
}

type metricText struct {
	Name        string      `yaml:"name"`
	Unit        string      `yaml:"unit"`
	Type        string      `yaml:"type"`
	Temporality string      `yaml:"temporality"`
	Monotonic   *bool       `yaml:"monotonic"` // a sum's; true unless given
	Each        pointText   `yaml:"each"`      // start and attributes of points that have no other
	Points      []pointText `yaml:"points"`
}

type pointText struct {
	Start      *time.Duration `yaml:"start"`   // seen from the arrival; without, the point does not say
	Time       time.Duration  `yaml:"time"`    // seen from the arrival
	Without    string         `yaml:"without"` // `value`: the stream has ended; `sum`: of a histogram
	Attributes map[string]any `yaml:"attributes"`
	Value      any            `yaml:"value"` // an int or a double, as it is written
	Count      uint64         `yaml:"count"`
	Sum        float64        `yaml:"sum"`
	// Bounds belong to explicit histograms; Scale, Offset and Zero to exponential ones.
	Bounds  []float64 `yaml:"bounds"`
	Buckets []uint64  `yaml:"buckets"`
	Scale   int32     `yaml:"scale"`
	Offset  int32     `yaml:"offset"`
	Zero    uint64    `yaml:"zero"`
}

var temporalities = map[string]pmetric.AggregationTemporality{
	"": pmetric.AggregationTemporalityUnspecified, "delta": pmetric.AggregationTemporalityDelta,
	"cumulative": pmetric.AggregationTemporalityCumulative,
}

// readMetrics reads a batch that arrives now.
func readMetrics(text string, now time.Time) (pmetric.Metrics, error) {
	md := pmetric.NewMetrics()
	resources, err := readList[metricsText](text)
	if err != nil {
		return md, err
	}
	for _, r := range resources {
		rm := md.ResourceMetrics().AppendEmpty()
		sm := rm.ScopeMetrics().AppendEmpty()
		err := r.write(rm.Resource(), sm.Scope())
		for _, m := range r.Metrics {
			err = errors.Join(err, m.write(sm.Metrics().AppendEmpty(), now))
		}
		if err != nil {
			return md, err
		}
	}
	return md, nil
}

func (m *metricText) write(metric pmetric.Metric, now time.Time) error {
	metric.SetName(m.Name)
	metric.SetUnit(m.Unit)
	temporality, ok := temporalities[m.Temporality]
	if !ok {
		return fmt.Errorf("metric %q: its temporality is unknown", m.Name)
	}
	add, err := m.empty(metric, temporality)
	for i := range m.Points {
		if err != nil {
			return err
		}
		p := &m.Points[i]
		p.complete(&m.Each)
		err = add(p, now)
	}
	return err
}

// empty makes the metric one of its type and returns what adds a point to it.
func (m *metricText) empty(metric pmetric.Metric, temporality pmetric.AggregationTemporality) (func(*pointText, time.Time) error, error) {
	switch m.Type {
	case "sum":
		sum := metric.SetEmptySum()
		sum.SetAggregationTemporality(temporality)
		sum.SetIsMonotonic(m.Monotonic == nil || *m.Monotonic)
		return numbers(sum.DataPoints()), nil
	case "gauge":
		return numbers(metric.SetEmptyGauge().DataPoints()), nil
	case "histogram":
		histogram := metric.SetEmptyHistogram()
		histogram.SetAggregationTemporality(temporality)
		return func(p *pointText, now time.Time) error { return p.explicit(histogram.DataPoints().AppendEmpty(), now) }, nil
	case "exponential_histogram":
		histogram := metric.SetEmptyExponentialHistogram()
		histogram.SetAggregationTemporality(temporality)
		return func(p *pointText, now time.Time) error {
			return p.exponential(histogram.DataPoints().AppendEmpty(), now)
		}, nil
	case "summary":
		summary := metric.SetEmptySummary()
		return func(p *pointText, now time.Time) error { return p.summary(summary.DataPoints().AppendEmpty(), now) }, nil
	default:
		return nil, fmt.Errorf("metric %q: its type is unknown", m.Name)
	}
}

// complete takes over what the point does not have.
func (p *pointText) complete(each *pointText) {
	if p.Start == nil {
		p.Start = each.Start
	}
	p.Attributes = merge(each.Attributes, p.Attributes)
}

// anyPoint is what points of all types have.
type anyPoint interface {
	SetStartTimestamp(pcommon.Timestamp)
	SetTimestamp(pcommon.Timestamp)
	SetFlags(pmetric.DataPointFlags)
	Attributes() pcommon.Map
}

func (p *pointText) write(point anyPoint, now time.Time) error {
	if p.Start != nil {
		point.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(*p.Start)))
	}
	point.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(p.Time)))
	switch p.Without {
	case "", "sum":
	case "value":
		point.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	default:
		return fmt.Errorf("a point is without %q", p.Without)
	}
	return put(point.Attributes(), p.Attributes)
}

func numbers(points pmetric.NumberDataPointSlice) func(*pointText, time.Time) error {
	return func(p *pointText, now time.Time) error {
		point := points.AppendEmpty()
		switch value := p.Value.(type) {
		case nil:
		case int:
			point.SetIntValue(int64(value))
		case float64:
			point.SetDoubleValue(value)
		default:
			return fmt.Errorf("value %v is no number", value)
		}
		return p.write(point, now)
	}
}

func (p *pointText) explicit(point pmetric.HistogramDataPoint, now time.Time) error {
	point.SetCount(p.Count)
	if p.Without != "sum" {
		point.SetSum(p.Sum)
	}
	point.ExplicitBounds().FromRaw(p.Bounds)
	point.BucketCounts().FromRaw(p.Buckets)
	return p.write(point, now)
}

func (p *pointText) exponential(point pmetric.ExponentialHistogramDataPoint, now time.Time) error {
	point.SetCount(p.Count)
	if p.Without != "sum" {
		point.SetSum(p.Sum)
	}
	point.SetScale(p.Scale)
	point.SetZeroCount(p.Zero)
	point.Positive().SetOffset(p.Offset)
	point.Positive().BucketCounts().FromRaw(p.Buckets)
	return p.write(point, now)
}

func (p *pointText) summary(point pmetric.SummaryDataPoint, now time.Time) error {
	point.SetCount(p.Count)
	point.SetSum(p.Sum)
	return p.write(point, now)
}
