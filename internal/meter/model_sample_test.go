package meter

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelSample is a data point as its writer knows it.
type modelSample struct {
	*modelStream
	start, at int64 // Unix ns; 0: not said
	// sum is in what it is counted in: nanoseconds, tokens, bytes, nano-dollars.
	sum, count int64
	buckets    [3]uint64
}

func (s *modelSample) from() string { return s.service }

// String is for reading what has happened.
func (s *modelSample) String() string {
	return fmt.Sprintf("%s %d/%s/%t start %d at %d: %d, %d", s.name, s.number, s.service, s.cumulative, s.start, s.at, s.sum, s.count)
}

func (s *modelSample) write(out pmetric.Metric) {
	out.SetName(s.name)
	out.SetUnit(s.unit)
	temporality := pmetric.AggregationTemporalityDelta
	if s.cumulative {
		temporality = pmetric.AggregationTemporalityCumulative
	}
	switch {
	case s.exponential():
		s.writeExponential(out.SetEmptyExponentialHistogram(), temporality)
	case s.histogram:
		h := out.SetEmptyHistogram()
		h.SetAggregationTemporality(temporality)
		p := h.DataPoints().AppendEmpty()
		s.writeTimes(p)
		p.SetSum(s.written())
		p.SetCount(uint64(s.count))
		if s.number%2 == 0 {
			p.ExplicitBounds().FromRaw([]float64{0.001, 1})
			p.BucketCounts().FromRaw(s.buckets[:])
		}
		s.writeAttributes(p.Attributes())
	case s.family == "":
		s.writeTimes(out.SetEmptyGauge().DataPoints().AppendEmpty())
	default:
		m := out.SetEmptySum()
		m.SetAggregationTemporality(temporality)
		m.SetIsMonotonic(true)
		p := m.DataPoints().AppendEmpty()
		s.writeTimes(p)
		p.SetDoubleValue(s.written())
		if s.measure == dialect.Tokens {
			p.SetIntValue(s.sum)
		}
		s.writeAttributes(p.Attributes())
	}
}

// exponential says whether the writer has exponential histograms.
func (s *modelStream) exponential() bool { return s.histogram && s.number%4 < 2 }

// writeExponential writes a histogram whose first bucket is that of zeros, and whose
// others lie around a second. Some writers say only how many observations there were.
func (s *modelSample) writeExponential(h pmetric.ExponentialHistogram, temporality pmetric.AggregationTemporality) {
	h.SetAggregationTemporality(temporality)
	p := h.DataPoints().AppendEmpty()
	s.writeTimes(p)
	p.SetSum(s.written())
	p.SetCount(uint64(s.count))
	if s.number%2 == 0 {
		p.SetScale(int32(s.number%7) - 2)
		p.SetZeroCount(s.buckets[0])
		p.Positive().SetOffset(-1)
		p.Positive().BucketCounts().FromRaw(s.buckets[1:])
	}
	s.writeAttributes(p.Attributes())
}

// timed is any data point.
type timed interface {
	SetStartTimestamp(v pcommon.Timestamp)
	SetTimestamp(v pcommon.Timestamp)
}

func (s *modelSample) writeTimes(p timed) {
	p.SetStartTimestamp(pcommon.Timestamp(s.start))
	p.SetTimestamp(pcommon.Timestamp(s.at))
}

// written is the sum in the unit of the metric.
func (s *modelSample) written() float64 {
	switch s.unit {
	case "s", "USD":
		return float64(s.sum) / float64(time.Second)
	case "ms":
		return float64(s.sum) / float64(time.Millisecond)
	default:
		return float64(s.sum)
	}
}

func (s *modelSample) writeAttributes(attrs pcommon.Map) {
	attrs.PutInt("worker", int64(s.number))
	attrs.PutStr("tenant.id", s.tenant)
	switch s.family {
	case "http":
		attrs.PutStr("http.request.method", "GET")
		attrs.PutStr("http.route", "/"+s.of)
		attrs.PutInt("http.response.status_code", int64(s.status))
	case "gen_ai":
		attrs.PutStr("gen_ai.operation.name", "chat")
		attrs.PutStr("gen_ai.provider.name", "openai")
		attrs.PutStr("gen_ai.response.model", s.of)
		attrs.PutInt("http.response.status_code", int64(s.status))
		if s.kind != "" {
			attrs.PutStr("gen_ai.token.type", s.kind)
		}
	case "claude_code":
		attrs.PutStr("model", s.of)
		attrs.PutStr("type", s.kind)
	}
}

func (s *modelSample) record(c *modelConfig, _ int64) modelRecord {
	r := modelRecord{item: s, end: s.at}
	switch {
	case s.family == "":
		r.verdict = usage.UnmeteredUnrecognized
		return r
	case s.side() == usage.Endpoint:
		r.series = c.seriesName(usage.Endpoint, s.tenant, s.service, "http", "GET /"+s.of)
	case !c.providers:
		r.verdict = usage.UnmeteredDisabled
		return r
	default:
		provider := map[string]string{"gen_ai": "openai", "claude_code": "anthropic"}[s.family]
		r.series = c.seriesName(usage.Provider, s.tenant, s.service, provider, "gen_ai", s.of, "chat")
		r.claim = s.service + " " + provider
	}
	r.channel = c.channel(s.side(), s.family, s.service, usage.Metrics)
	r.channel.facet = string(usage.AppendFacet([]byte(r.channel.source), usage.Metrics, facetOf(s.measure), 0))
	r.channel.alternative = s.alternative
	r.added = s.adds(s.sum, s.count)
	s.price(c, &r)
	if !s.cumulative && s.at > 0 {
		r.key = fmt.Sprintf("point %d from %d to %d", s.number, s.start, s.at)
	}
	return r
}

// facetOf is what of calls a measure tells.
func facetOf(m dialect.Measure) usage.Facet {
	return map[dialect.Measure]usage.Facet{
		dialect.Durations: usage.FacetCalls, dialect.Tokens: usage.FacetTokens, dialect.Costs: usage.FacetCosts,
		dialect.RequestSizes: usage.FacetRequestBytes,
	}[m]
}

// adds is what an amount adds to a series.
func (s *modelSample) adds(sum, count int64) (added modelSeries) {
	switch s.measure {
	case dialect.Durations:
		added.Requests[outcomeOf(s.status)], added.Duration, added.durations = count, sum, uint64(count)
	case dialect.RequestSizes:
		added.RequestBytes = sum
	case dialect.Costs:
		added.CostReported = sum
	case dialect.Tokens:
		added.Tokens[s.token] = sum
		switch {
		case s.part && s.token == usage.Reasoning:
			added.OutputOwed = sum
		case s.part:
			added.InputOwed = sum
		}
	}
	return added
}
